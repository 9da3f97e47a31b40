//! What the config says and what was chosen while running, before a call and after it. Secrets stay out: the config is
//! compared as it may be shown.

use std::sync::Arc;

use ledger::Change;
use serde_json::{Map, Value, json};

use crate::choices::Choices;
use crate::handle::Daemon;
use crate::loaded::Loaded;
use crate::settings;

/// Changes that one entry tells.
const TOLD: usize = 100;
/// Characters of a value's JSON that are told.
const VALUE: usize = 2000;
/// By one of these the things of a list are known.
const NAMES: [&str; 2] = ["name", "provider"];

/// What stands at one moment. Cheap to take: the config is looked at when it has changed.
pub(crate) struct Standing {
    loaded: Arc<Loaded>,
    choices: Choices,
    outage: bool,
}

impl Standing {
    pub(crate) fn of(daemon: &Daemon) -> Self {
        Self {
            loaded: daemon.loaded(),
            choices: daemon.instance().kept.get(),
            outage: daemon.instance().practice.outage(),
        }
    }

    /// What is otherwise in `now`.
    pub(crate) fn changes_to(&self, now: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.loaded.text != now.loaded.text {
            compare_configs(&self.loaded.text, &now.loaded.text, &mut changes);
        }
        if self.choices != now.choices || self.outage != now.outage {
            compare("running", &self.chosen(), &now.chosen(), &mut changes);
        }
        bounded(changes)
    }

    fn chosen(&self) -> Value {
        let mut chosen = json!(self.choices);
        chosen["practice_outage"] = self.outage.into();
        chosen
    }
}

/// What is otherwise in another text of the config.
pub(super) fn changes_of(before: &str, after: &str) -> Vec<Change> {
    let mut changes = Vec::new();
    compare_configs(before, after, &mut changes);
    bounded(changes)
}

fn bounded(mut changes: Vec<Change>) -> Vec<Change> {
    if let Some(more) = changes.len().checked_sub(TOLD + 1) {
        changes.truncate(TOLD);
        changes.push(Change {
            key: "…".to_owned(),
            before: Value::Null,
            after: format!("and {} more", more + 1).into(),
        });
    }
    changes
}

fn compare_configs(before: &str, after: &str, changes: &mut Vec<Change>) {
    // A config that is in force is TOML.
    let shown = |text: &str| -> Value {
        let shown = settings::masked(text).unwrap_or_default();
        toml::from_str(&shown).unwrap_or_default()
    };
    compare("", &shown(before), &shown(after), changes);
}

fn compare(key: &str, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => compare_fields(key, old, new, changes),
        _ => match (named(before), named(after)) {
            (Some(old), Some(new)) => compare_lists(key, &old, &new, changes),
            _ => changes.push(Change {
                key: key.to_owned(),
                before: clipped(before),
                after: clipped(after),
            }),
        },
    }
}

fn compare_fields(
    key: &str,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    changes: &mut Vec<Change>,
) {
    let added = new.keys().filter(|name| !old.contains_key(*name));
    for name in old.keys().chain(added) {
        let (before, after) = (old.get(name), new.get(name));
        let key = below(key, name);
        compare(&key, or_null(before), or_null(after), changes);
    }
}

/// Things of a list are compared by name; what changes with their order is told apart.
fn compare_lists(key: &str, old: &[Named<'_>], new: &[Named<'_>], changes: &mut Vec<Change>) {
    let find = |list: &[Named<'_>], name: &str| list.iter().any(|one| one.name == name);
    for one in old {
        let after = new.iter().find(|other| other.name == one.name);
        let after = after.map(|other| other.value);
        compare(&below(key, one.name), one.value, or_null(after), changes);
    }
    for one in new.iter().filter(|one| !find(old, one.name)) {
        compare(&below(key, one.name), &Value::Null, one.value, changes);
    }
    let order = |list: &[Named<'_>], other: &[Named<'_>]| -> Vec<String> {
        let both = list.iter().filter(|one| find(other, one.name));
        both.map(|one| one.name.to_owned()).collect()
    };
    let (before, after) = (order(old, new), order(new, old));
    if before != after {
        changes.push(Change {
            key: below(key, "order"),
            before: clipped(&json!(before)),
            after: clipped(&json!(after)),
        });
    }
}

struct Named<'a> {
    name: &'a str,
    value: &'a Value,
}

/// A list of things that have names of their own; a list that is not there has none.
fn named(value: &Value) -> Option<Vec<Named<'_>>> {
    let items = match value {
        Value::Null => return Some(Vec::new()),
        Value::Array(items) => items,
        _ => return None,
    };
    let by = NAMES
        .into_iter()
        .find(|field| items.iter().all(|item| item[*field].is_string()))?;
    let mut things: Vec<Named<'_>> = Vec::new();
    for value in items {
        let name = value[by].as_str()?;
        if things.iter().any(|thing| thing.name == name) {
            return None;
        }
        things.push(Named { name, value });
    }
    Some(things)
}

fn below(key: &str, name: &str) -> String {
    if key.is_empty() {
        name.to_owned()
    } else {
        format!("{key}.{name}")
    }
}

fn or_null(value: Option<&Value>) -> &Value {
    value.unwrap_or(&Value::Null)
}

fn clipped(value: &Value) -> Value {
    let text = value.to_string();
    match text.char_indices().nth(VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(before: &str, after: &str) -> Vec<(String, Value, Value)> {
        let value = |text: &str| toml::from_str::<Value>(text).unwrap();
        let mut changes = Vec::new();
        compare("", &value(before), &value(after), &mut changes);
        changes
            .into_iter()
            .map(|change| (change.key, change.before, change.after))
            .collect()
    }

    #[test]
    fn only_what_is_otherwise_is_told_and_by_name() {
        let before = "[server]\nmax_body = \"1MiB\"\n[[providers]]\nname = \"a\"\nenabled = true\n\
                      [[providers]]\nname = \"b\"\nmodels = { big = [\"x\"] }\n";
        let after = "[server]\nmax_body = \"1MiB\"\n[[providers]]\nname = \"b\"\nmodels = { big = [\"x\", \"y\"] }\n\
                     [[providers]]\nname = \"a\"\nenabled = false\n[[providers]]\nname = \"c\"\n";
        assert_eq!(
            changes(before, after),
            [
                ("providers.a.enabled".into(), json!(true), json!(false)),
                (
                    "providers.b.models.big".into(),
                    json!(["x"]),
                    json!(["x", "y"])
                ),
                ("providers.c".into(), json!(null), json!({"name": "c"})),
                (
                    "providers.order".into(),
                    json!(["a", "b"]),
                    json!(["b", "a"])
                ),
            ]
        );
    }

    #[test]
    fn lists_that_come_and_go_are_told_by_their_things() {
        let rule = "[[rules]]\nname = \"r\"\nuse = { group = \"g\" }\n";
        let whole = json!({"name": "r", "use": {"group": "g"}});
        assert_eq!(
            changes("", rule),
            [("rules.r".into(), json!(null), whole.clone())]
        );
        assert_eq!(changes(rule, ""), [("rules.r".into(), whole, json!(null))]);
    }

    #[test]
    fn long_values_are_clipped() {
        let long = json!("x".repeat(3 * VALUE));
        let told = clipped(&long);
        assert_eq!(told.as_str().unwrap().chars().count(), VALUE + 1);
    }
}
