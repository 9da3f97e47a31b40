//! Whose a file is, found out by what is in it.

use serde_json::{Map, Value};

use crate::report::Report;
use crate::table::Table;

/// The kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `providers.json` of a proxy with several providers.
    ProvidersJson,
    /// `providers.yaml` of a balancer.
    ProvidersYaml,
    /// `config.yaml` of a forwarder with endpoints.
    Forwarder,
    /// `config.json` of claude-code-router.
    ClaudeCodeRouter,
    /// `cc-switch.db` or `config.json` of cc-switch.
    CcSwitch,
    /// `config.yaml` of `LiteLLM`.
    LiteLlm,
    /// A `.env` file.
    DotEnv,
    /// The environment of a process.
    Environment,
}

impl Kind {
    /// All kinds of files.
    pub const FILES: [Self; 7] = [
        Self::ProvidersJson,
        Self::ProvidersYaml,
        Self::Forwarder,
        Self::ClaudeCodeRouter,
        Self::CcSwitch,
        Self::LiteLlm,
        Self::DotEnv,
    ];

    /// What it is, as a phrase.
    pub fn about(self) -> &'static str {
        match self {
            Self::ProvidersJson => "providers.json of a multi-provider Claude Code proxy",
            Self::ProvidersYaml => "providers.yaml of a Claude Code provider balancer",
            Self::Forwarder => "config.yaml of a Claude request forwarder",
            Self::ClaudeCodeRouter => "config.json of claude-code-router",
            Self::CcSwitch => "cc-switch.db of cc-switch, or its older config.json",
            Self::LiteLlm => "config.yaml of a LiteLLM proxy",
            Self::DotEnv => "a .env file",
            Self::Environment => "the environment",
        }
    }

    /// How it is called in a config's names.
    pub(crate) fn group(self) -> &'static str {
        match self {
            Self::ProvidersJson => "providers",
            Self::ProvidersYaml => "balancer",
            Self::Forwarder => "forwarder",
            Self::ClaudeCodeRouter => "claude-code-router",
            Self::CcSwitch => "cc-switch",
            Self::LiteLlm => "litellm",
            Self::DotEnv | Self::Environment => "env",
        }
    }
}

/// Why nothing was read. Repeats nothing of the source, which may hold keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It is broken.
    #[error("it is not valid {format}: something is wrong at line {line}, column {column}")]
    Broken {
        /// What it seems to be.
        format: &'static str,
        /// Where it breaks, counted from one.
        line: u64,
        /// Where in the line.
        column: u64,
    },
    /// It is nobody's that is known.
    #[error("it is no file of a tool that can be read; `import` without arguments lists these")]
    Unknown,
    /// It is known, but has nothing to take.
    #[error("it is {}, but has nothing that can be taken{}", .0.about(), reasons(.1))]
    Nothing(Kind, Report),
}

fn reasons(report: &Report) -> String {
    let told = report.left.iter().take(5);
    let told: Vec<String> = told
        .map(|note| format!("; {}: {}", note.place, note.what))
        .collect();
    told.concat()
}

/// A file taken apart.
pub(crate) enum Parsed {
    Tree(Kind, Table),
    Variables(crate::dotenv::Lines),
}

pub(crate) fn parsed(text: &str) -> Result<Parsed, Unreadable> {
    let text = text.trim_start_matches('\u{feff}');
    let start = text.trim_start();
    if start.is_empty() {
        return Err(Unreadable::Empty);
    }
    let root = if start.starts_with(['{', '[']) {
        json(text)?
    } else if let Some(lines) = crate::dotenv::lines(text) {
        return Ok(Parsed::Variables(lines));
    } else {
        yaml(text)?
    };
    let Value::Object(fields) = &root else {
        return Err(Unreadable::Unknown);
    };
    let kind = recognised(fields).ok_or(Unreadable::Unknown)?;
    Ok(Parsed::Tree(kind, Table::root(root)))
}

/// JSON with the comments and commas that some tools allow.
fn json(text: &str) -> Result<Value, Unreadable> {
    let options = jsonc_parser::ParseOptions::default();
    let parsed = jsonc_parser::parse_to_serde_value::<Value>(text, &options);
    parsed.map_err(|error| Unreadable::Broken {
        format: "JSON",
        line: error.line_display() as u64,
        column: error.column_display() as u64,
    })
}

fn yaml(text: &str) -> Result<Value, Unreadable> {
    serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location();
        Unreadable::Broken {
            format: "YAML",
            line: place.map_or(1, |place| place.line()),
            column: place.map_or(1, |place| place.column()),
        }
    })
}

fn recognised(root: &Map<String, Value>) -> Option<Kind> {
    let first = |list: &str, fields: &[&str]| {
        let tables = root.get(list).and_then(Value::as_array);
        let mut tables = tables.into_iter().flatten().filter_map(Value::as_object);
        tables.any(|table| fields.iter().any(|field| table.contains_key(*field)))
    };
    if root.get("model_list").is_some_and(Value::is_array) {
        return Some(Kind::LiteLlm);
    }
    if first("endpoints", &["url"]) {
        return Some(Kind::Forwarder);
    }
    if root.get("Providers").is_some_and(Value::is_array)
        || root.get("Router").is_some_and(Value::is_object)
        || first("providers", &["api_base_url"])
    {
        return Some(Kind::ClaudeCodeRouter);
    }
    if is_cc_switch(root) {
        return Some(Kind::CcSwitch);
    }
    if first(
        "providers",
        &["auth_type", "auth_value", "big_model", "type"],
    ) {
        return Some(Kind::ProvidersYaml);
    }
    if first("providers", &["base_url", "api_key", "models"]) {
        return Some(Kind::ProvidersJson);
    }
    None
}

fn is_cc_switch(root: &Map<String, Value>) -> bool {
    let manager = |value: Option<&Value>| {
        let table = value.and_then(Value::as_object);
        table.is_some_and(|table| table.get("providers").is_some_and(Value::is_object))
    };
    crate::cc_switch::APPS
        .iter()
        .any(|app| manager(root.get(*app)))
        || (root.get("providers").is_some_and(Value::is_object) && root.contains_key("current"))
}
