use serde::Serialize;

use super::Models;
use crate::presets;

/// A provider that is known before it is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Preset {
    /// The name that it has in the config unless another is chosen.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Its name in the table of vendors, where it has one.
    pub vendor: Option<String>,
    /// What it speaks.
    pub dialect: String,
    /// Where it is.
    pub base_url: String,
    /// How the key is presented, as written in the config: a word, or an object that names the header.
    pub auth: serde_json::Value,
    /// Models by tier; `None` where it takes the names that clients know.
    pub models: Option<Models>,
    /// The environment variable that usually holds its key.
    pub variable: Option<String>,
    /// Where a key is had.
    pub keys_url: Option<String>,
    /// Whether it runs on this machine, where it needs no key.
    pub local: bool,
    /// Words of `base_url` that a person has to replace.
    pub placeholders: Vec<String>,
    /// What has to be known of it, in a sentence.
    pub note: Option<String>,
}

impl Preset {
    pub(crate) fn of(preset: &presets::Preset) -> Self {
        let presets::Provider {
            name,
            dialect,
            base_url,
            auth,
            models,
        } = preset.provider.clone();
        Self {
            name,
            title: preset.title.clone(),
            vendor: preset.vendor.clone(),
            dialect,
            base_url,
            auth: serde_json::to_value(auth).unwrap_or_default(),
            models: models.map(|models| Models {
                big: models.big,
                middle: models.middle,
                small: models.small,
            }),
            variable: preset.variable.clone(),
            keys_url: preset.keys_url.clone(),
            local: preset.local.is_some(),
            placeholders: preset.placeholders.clone(),
            note: preset.note.clone(),
        }
    }
}
