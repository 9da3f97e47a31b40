//! Providers that are known before they are configured: `config/presets.toml`.

use std::{fmt::Write as _, sync::LazyLock};

use serde::{Deserialize, Serialize};
use toml_edit::Value;

const BUNDLED: &str = include_str!("../../../../config/presets.toml");

static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    let file = toml::from_str(BUNDLED).map(|File { presets }| presets);
    file.unwrap_or_else(|error| {
        // A test reads the same text, so this is never seen; without presets nothing is offered.
        tracing::error!("the presets cannot be read: {error}");
        Vec::new()
    })
});

/// All presets, in the order in which they are offered.
pub(crate) fn presets() -> &'static [Preset] {
    &PRESETS
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    presets: Vec<Preset>,
}

/// A provider, and what shows that it is there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preset {
    /// What people call it.
    pub(crate) title: String,
    /// Where a key is had.
    pub(crate) keys_url: Option<String>,
    /// What has to be known of it, in a sentence.
    pub(crate) note: Option<String>,
    /// Words of its base URL that a person has to replace.
    #[serde(default)]
    pub(crate) placeholders: Vec<String>,
    /// Its name in the table of vendors, where it has one.
    pub(crate) vendor: Option<String>,
    /// The environment variable that usually holds its key.
    pub(crate) variable: Option<String>,
    /// The environment variable that usually holds its base URL.
    pub(crate) base_variable: Option<String>,
    /// The address at which it answers, if it runs on this machine.
    pub(crate) local: Option<String>,
    /// What stands in the config.
    pub(crate) provider: Provider,
}

/// A `[[providers]]` block without its keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) dialect: String,
    pub(crate) base_url: String,
    pub(crate) auth: Auth,
    pub(crate) models: Option<Models>,
}

/// How the key is presented.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Auth {
    Word(String),
    Header { header: String },
}

/// Models for the three tiers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Models {
    pub(crate) big: Vec<String>,
    pub(crate) middle: Vec<String>,
    pub(crate) small: Vec<String>,
}

impl Provider {
    /// The block as it stands in a config, with a reference to its key.
    pub(crate) fn block(&self, key: Option<&str>) -> String {
        let mut block = "[[providers]]\n".to_owned();
        let mut line = |name: &str, value: &str| {
            // Writing into a string cannot fail.
            let _ = writeln!(block, "{name} = {value}");
        };
        line("name", &quoted(&self.name));
        line("dialect", &quoted(&self.dialect));
        line("base_url", &quoted(&self.base_url));
        match &self.auth {
            Auth::Word(word) => line("auth", &quoted(word)),
            Auth::Header { header } => line("auth", &format!("{{ header = {} }}", quoted(header))),
        }
        if let Some(key) = key {
            line("keys", &format!("[{}]", quoted(key)));
        }
        if let Some(models) = &self.models {
            let list = |models: &[String]| {
                let models: Vec<String> = models.iter().map(|model| quoted(model)).collect();
                format!("[{}]", models.join(", "))
            };
            let (big, middle, small) =
                (list(&models.big), list(&models.middle), list(&models.small));
            line(
                "models",
                &format!("{{ big = {big}, middle = {middle}, small = {small} }}"),
            );
        }
        block
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{parse_with, vendors::vendors};

    #[test]
    fn every_preset_is_a_valid_provider_of_its_vendor() {
        for preset in presets() {
            let text = preset.provider.block(Some("env:KEY"));
            let settings = parse_with(&format!("version = 1\n{text}"), &|_| None)
                .unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
            let provider = &settings.providers[0];
            let wanted = &preset.provider;
            assert_eq!(
                provider.base_url.as_deref(),
                Some(&*wanted.base_url),
                "{text}"
            );
            assert_eq!(provider.name, wanted.name);
            assert_eq!(
                vendors().recognise(&wanted.base_url),
                preset.vendor.as_deref(),
                "{text}"
            );
            let local = preset.local.as_deref().unwrap_or_default();
            assert!(wanted.base_url.contains(local), "{text}");
            for word in &preset.placeholders {
                assert!(wanted.base_url.contains(word), "{word}: {text}");
            }
            let page = preset.keys_url.as_deref().unwrap_or("https://");
            assert!(page.starts_with("https://"), "{page}");
        }
    }

    #[test]
    fn every_vendor_has_a_preset_and_no_two_share_a_name_or_a_variable() {
        toml::from_str::<File>(BUNDLED).unwrap();
        for vendor in vendors().names() {
            assert!(
                presets()
                    .iter()
                    .any(|preset| preset.vendor.as_deref() == Some(vendor)),
                "{vendor} has no preset"
            );
        }
        let mut names: Vec<&str> = presets()
            .iter()
            .map(|preset| &*preset.provider.name)
            .collect();
        names.extend(
            presets()
                .iter()
                .filter_map(|preset| preset.variable.as_deref()),
        );
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
