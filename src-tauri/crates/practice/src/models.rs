//! The models that the practice provider offers in every dialect: three that just answer, and one
//! for each scenario.

use crate::scenario;

/// What a model name begins with where the rest names a scenario.
const PREFIX: &str = "practice-";
const PLAIN: &[(&str, &str)] = &[
    ("practice-opus", "Practice Opus"),
    ("practice-sonnet", "Practice Sonnet"),
    ("practice-haiku", "Practice Haiku"),
];

/// Ids of all of them, in the order in which lists show them.
pub(crate) fn ids() -> Vec<String> {
    let mut ids: Vec<String> = PLAIN.iter().map(|(id, _)| (*id).to_owned()).collect();
    ids.extend(scenario::NAMES.iter().map(|name| format!("{PREFIX}{name}")));
    ids
}

/// Whether there is a model of this name.
pub(crate) fn known(id: &str) -> bool {
    PLAIN.iter().any(|(plain, _)| *plain == id)
        || id.strip_prefix(PREFIX).is_some_and(scenario::is_name)
}

/// The name that people read.
pub(crate) fn shown(id: &str) -> &str {
    PLAIN
        .iter()
        .find(|(plain, _)| *plain == id)
        .map_or(id, |(_, shown)| shown)
}
