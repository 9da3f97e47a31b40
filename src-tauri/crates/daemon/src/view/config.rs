use std::path::PathBuf;

use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use crate::settings;

/// The config file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Config {
    /// Where it is.
    #[schema(value_type = String)]
    pub path: PathBuf,
    /// Its text, secrets masked; `None` while it has a mistake.
    pub toml: Option<String>,
    /// Why the text is not shown, where it is not.
    pub hidden: Option<&'static str>,
    /// What is wrong with it.
    pub errors: Vec<settings::Problem>,
    /// Whether it is what is in force; else the one before it is.
    pub in_use: bool,
    /// Tells this text from any other: what to send as `If-Match` with a change of it.
    pub etag: String,
}

/// Whether a text would be a valid config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConfigCheck {
    /// It would.
    pub valid: bool,
    /// What is wrong with it.
    pub errors: Vec<settings::Problem>,
}

/// The config was taken in anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reloaded {
    /// It was.
    pub reloaded: bool,
    /// What a person should look at now.
    pub problems: Vec<Problem>,
}
