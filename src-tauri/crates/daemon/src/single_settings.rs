//! The config setting by setting: shown with what each means, and changed without a word of the rest.

use serde_json::{Map, Value};
use toml_edit::DocumentMut;

use crate::handle::{CommandError, Daemon};
use crate::settings::single::{self, Single};
use crate::settings::{self};
use crate::view::{Setting, SettingList};

/// What stands for a secret in what is shown.
const HIDDEN: &str = "…";

impl Daemon {
    /// Every single setting as the config in force says it. A password in an address is masked.
    pub fn settings(&self) -> SettingList {
        let document = self.shown();
        let items = single::all().iter();
        SettingList {
            items: items.map(|single| shown(single, &document)).collect(),
        }
    }

    /// Sets the settings at these paths, all or none; `null` takes one away, so that its default holds.
    pub async fn set_settings(
        &self,
        wanted: Map<String, Value>,
    ) -> Result<SettingList, CommandError> {
        let document = self.shown();
        let mut changes: Vec<(&'static str, Value)> = Vec::new();
        for (path, value) in wanted {
            let Some(single) = single::named(&path) else {
                let told =
                    format!("there is no setting {path:?}: GET /settings tells those there are");
                return Err(CommandError::Invalid(told));
            };
            // What was read may be sent back, masked as it is.
            if single::written(&document, &path).as_ref() == Some(&value) {
                continue;
            }
            if value.as_str().is_some_and(|text| text.contains(HIDDEN)) {
                let told =
                    format!("`{path}` has {HIDDEN} where a secret was hidden: write it as a whole");
                return Err(CommandError::Invalid(told));
            }
            changes.push((&single.path, value));
        }
        if !changes.is_empty() {
            let paths: Vec<&str> = changes.iter().map(|(path, _)| *path).collect();
            let what = format!("the settings were changed: {}", paths.join(", "));
            self.edit_config(&what, |document| {
                for (path, value) in &changes {
                    if value.is_null() {
                        single::unset(document, path);
                    } else {
                        single::set(document, path, value)?;
                    }
                }
                Ok(())
            })
            .await?;
        }
        Ok(self.settings())
    }

    /// The config in force without its secrets.
    fn shown(&self) -> DocumentMut {
        let text = settings::masked(&self.loaded().text);
        text.unwrap_or_default().parse().unwrap_or_default()
    }
}

fn shown(single: &Single, document: &DocumentMut) -> Setting {
    let written = single::written(document, &single.path);
    let section = single.path.split('.').next().unwrap_or_default();
    Setting {
        path: single.path.clone(),
        section: section.to_owned(),
        r#type: single.kind.to_owned(),
        written: written.is_some(),
        value: written.unwrap_or_else(|| single.default.clone()),
        default: single.default.clone(),
        choices: (!single.choices.is_empty()).then(|| single.choices.clone()),
        restart: single.restart,
        description: single.about.clone(),
    }
}
