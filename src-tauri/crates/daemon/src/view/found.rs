use serde::Serialize;

use super::Provider;

/// Something on this machine that could serve. Never holds a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Found {
    /// What takes it: `env:VARIABLE`, `local:PRESET` or `file:PATH`.
    pub id: String,
    /// What sort.
    pub kind: FoundKind,
    /// What people call it.
    pub title: String,
    /// The preset that it fits.
    pub preset: Option<String>,
    /// The environment variable that holds the key.
    pub variable: Option<String>,
    /// `…` and the last four characters of the key.
    pub masked: Option<String>,
    /// Where it is called; `${VARIABLE}` where the environment says it.
    pub base_url: Option<String>,
    /// The file of its settings.
    pub path: Option<String>,
    /// Models that it lists.
    pub models: Vec<String>,
    /// The provider of the config that is this already.
    pub provider: Option<String>,
}

/// Sorts of what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FoundKind {
    /// A key in the environment in which Turnout was started.
    Key,
    /// A server of models that answers on this machine.
    Server,
    /// Settings of another tool, for `POST /import/config`.
    Settings,
}

/// What became of that which was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Taken {
    /// Providers that are new.
    pub providers: Vec<Provider>,
    /// Names of groups that are new.
    pub groups: Vec<String>,
    /// Names of providers that were there already.
    pub known: Vec<String>,
    /// The group that is active since, as nothing but practice served before.
    pub activated: Option<String>,
}
