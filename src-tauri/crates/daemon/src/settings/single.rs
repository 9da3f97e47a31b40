//! Single settings of the config: which there are, by its schema, and how one is set in the text.

use std::sync::LazyLock;

use serde_json::Value as Json;
use toml_edit::{DocumentMut, InlineTable, Item, TableLike};

use super::edit::{self, EditError};
use super::json_schema;
use super::section;

/// Sections of the config that hold single settings.
const SECTIONS: [&str; 6] = ["server", "routing", "ledger", "log", "telemetry", "desktop"];
/// What has calls of its own, or is a secret.
const LEFT_OUT: [&str; 3] = [
    "server.client_tokens",
    "server.admin_token",
    "ledger.prices",
];
/// What holds from one start to the next.
const AT_THE_START: [&str; 5] = [
    "server.listen",
    "ledger.url",
    "log.level",
    "log.format",
    "log.file",
];
/// What stands before a default in a description.
const DEFAULT: &str = "Default: ";

static ALL: LazyLock<Vec<Single>> = LazyLock::new(|| {
    let schema = json_schema();
    let mut all = Vec::new();
    for name in SECTIONS {
        walk(&schema, name, &schema["properties"][name], "", &mut all);
    }
    all
});

/// All of them, in the order of the schema.
pub(crate) fn all() -> &'static [Single] {
    &ALL
}

/// The one at this path.
pub(crate) fn named(path: &str) -> Option<&'static Single> {
    ALL.iter().find(|single| single.path == path)
}

/// A setting.
#[derive(Debug)]
pub(crate) struct Single {
    /// Such as `routing.retry.attempts`.
    pub(crate) path: String,
    /// `string`, `boolean`, `integer`, `number`, `duration`, `size`, `strings`, or `list` of other things.
    pub(crate) kind: &'static str,
    /// The words that it may be, or that may be in it; none where any may.
    pub(crate) choices: Vec<String>,
    /// What holds where nothing is written; null where that is nothing.
    pub(crate) default: Json,
    /// What it means.
    pub(crate) about: String,
    /// Whether a change waits for the next start.
    pub(crate) restart: bool,
}

/// Takes in the settings at and below a part of the schema. `above` tells of the table that it stands in.
fn walk(schema: &Json, path: &str, part: &Json, above: &str, all: &mut Vec<Single>) {
    if LEFT_OUT.contains(&path) {
        return;
    }
    let about = part["description"].as_str().unwrap_or_default();
    let meant = referred(schema, part);
    match meant["properties"].as_object() {
        Some(keys) => {
            for (key, inner) in keys {
                walk(schema, &format!("{path}.{key}"), inner, about, all);
            }
        }
        None => all.extend(single(schema, path, meant, about, above)),
    }
}

/// What a part of the schema refers to, or itself.
fn referred<'s>(schema: &'s Json, part: &'s Json) -> &'s Json {
    let name = part["$ref"].as_str();
    let name = name.and_then(|target| target.strip_prefix("#/$defs/"));
    name.map_or(part, |name| &schema["$defs"][name])
}

fn single(schema: &Json, path: &str, part: &Json, about: &str, above: &str) -> Option<Single> {
    let about = about.replace('\n', " ");
    let (about, default) = about.split_once(DEFAULT).unwrap_or((&about, ""));
    let about = about.trim_end();
    let items = referred(schema, &part["items"]);
    let pattern = part["pattern"].as_str().unwrap_or_default();
    let kind = match part["type"].as_str().unwrap_or("string") {
        "boolean" => "boolean",
        "integer" => "integer",
        "number" => "number",
        "array" if items["type"] == "string" => "strings",
        "array" => "list",
        "string" if pattern.contains("(ms|") => "duration",
        "string" if pattern.contains("KiB") => "size",
        "string" => "string",
        _ => return None,
    };
    let words = |part: &Json| -> Option<Vec<String>> {
        let words = part["enum"].as_array()?.iter();
        words.map(|word| word.as_str().map(str::to_owned)).collect()
    };
    let choices = words(part).or_else(|| words(items)).unwrap_or_default();
    let default = match literal(default.trim_end_matches('.')) {
        Some(default) => default,
        None if default.starts_with("all") => choices.clone().into(),
        None if kind.ends_with('s') || kind == "list" => Json::Array(Vec::new()),
        None => Json::Null,
    };
    Some(Single {
        path: path.to_owned(),
        kind,
        choices,
        default,
        about: if about.is_empty() { above } else { about }.to_owned(),
        restart: AT_THE_START.contains(&path),
    })
}

/// A value as TOML writes it.
fn literal(text: &str) -> Option<Json> {
    let document: DocumentMut = format!("it = {text}").parse().ok()?;
    section::json(document.get("it")?)
}

/// What a document says at a path; `None` where it says nothing.
pub(crate) fn written(document: &DocumentMut, path: &str) -> Option<Json> {
    let mut at: &Item = document.as_item();
    for step in path.split('.') {
        at = at.as_table_like()?.get(step)?;
    }
    section::json(at)
}

/// Sets a value at a path such as `routing.retry.attempts`, in the tables that are there.
pub(crate) fn set(
    document: &mut DocumentMut,
    path: &'static str,
    value: &Json,
) -> Result<(), EditError> {
    let Some(value) = section::toml(value) else {
        return Ok(());
    };
    let mut steps: Vec<&str> = path.split('.').collect();
    let last = steps.pop().unwrap_or_default();
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for (depth, step) in steps.into_iter().enumerate() {
        if !table.contains_key(step) {
            match depth {
                0 => drop(table.insert(step, toml_edit::table())),
                _ => edit::set(table, step, InlineTable::new().into()),
            }
        }
        let inner = table.get_mut(step).and_then(Item::as_table_like_mut);
        table = inner.ok_or(EditError::WrongType(path))?;
    }
    edit::set(table, last, value);
    Ok(())
}

/// Takes away what stands at a path, so that its default holds.
pub(crate) fn unset(document: &mut DocumentMut, path: &str) {
    let (tables, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for step in tables.split('.') {
        let inner = table.get_mut(step).and_then(Item::as_table_like_mut);
        let Some(inner) = inner else { return };
        table = inner;
    }
    edit::unset(table, last);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::parse_with;

    const BARE: &str =
        "version = 1\n\n[[providers]]\nname = \"practice\"\ndialect = \"practice\"\n";

    #[test]
    fn every_default_is_one_and_every_setting_is_told_of() {
        for single in all() {
            assert!(!single.about.is_empty(), "{single:?}");
            if single.default.is_null() {
                let free = [
                    "ledger.url",
                    "routing.embeddings.provider",
                    "routing.embeddings.model",
                ];
                assert!(free.contains(&&*single.path), "{single:?}");
                continue;
            }
            // A service for embeddings is named as a whole.
            if single.path == "routing.embeddings.timeout" {
                continue;
            }
            let mut document: DocumentMut = BARE.parse().unwrap();
            set(&mut document, &single.path, &single.default).unwrap();
            let text = document.to_string();
            parse_with(&text, &|_| None).unwrap_or_else(|told| panic!("{told:?}\n{text}"));
            assert_eq!(
                written(&document, &single.path),
                Some(single.default.clone())
            );
            unset(&mut document, &single.path);
            assert_eq!(written(&document, &single.path), None);
        }
    }

    #[test]
    fn kinds_and_choices_are_those_of_the_schema() {
        let short = |path: &str| {
            let single = named(path).unwrap();
            (
                single.kind,
                single.choices.len(),
                single.default.to_string(),
            )
        };
        for (path, expected) in [
            ("server.listen", ("string", 0, "\"127.0.0.1:7790\"")),
            ("server.max_body", ("size", 0, "\"64MiB\"")),
            ("server.cors_origins", ("strings", 0, "[]")),
            ("routing.mode", ("string", 2, "\"auto\"")),
            ("routing.suspend.enabled", ("boolean", 0, "true")),
            ("routing.suspend.max", ("integer", 0, "100")),
            ("routing.retry.base", ("duration", 0, "\"250ms\"")),
            ("ledger.retention", ("duration", 0, "\"90d\"")),
            ("ledger.budgets", ("list", 0, "[]")),
            ("desktop.language", ("string", 3, "\"system\"")),
        ] {
            let (kind, choices, default) = short(path);
            assert_eq!((kind, choices, &*default), expected, "{path}");
        }
        let notifications = named("desktop.notifications").unwrap();
        assert_eq!(
            (notifications.kind, notifications.choices.len()),
            ("strings", 5)
        );
        assert_eq!(notifications.default.as_array().unwrap().len(), 5);
        assert!(named("server.admin_token").is_none());
    }
}
