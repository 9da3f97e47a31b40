//! The audit log, for people.

use std::io::{self, Write};

use serde_json::Value;

use crate::figure::{count, list, text, time, time_heading};
use crate::screen::{Cell, Screen, Table, Tone};

/// `GET /audit`.
pub(crate) fn audit<W: Write>(screen: &mut Screen<W>, entries: &[Value]) -> io::Result<()> {
    if entries.is_empty() {
        return screen.line("nothing was changed yet, as far as it is kept");
    }
    let mut table = Table::new(&[
        time_heading(),
        "WHO",
        "FROM",
        "WHAT",
        "OF",
        "RESULT",
        "WHAT IS OTHERWISE",
    ])
    .wrapping();
    for entry in entries {
        table.row(vec![
            time(entry, "at").into(),
            text(entry, "actor").into(),
            text(entry, "peer").into(),
            text(entry, "action").into(),
            text(entry, "target").into(),
            result(entry),
            otherwise(entry).into(),
        ]);
    }
    screen.table(&table)
}

fn result(entry: &Value) -> Cell {
    let word = text(entry, "result");
    let tone = match word {
        "done" => Tone::Good,
        "refused" => Tone::Warn,
        _ => Tone::Bad,
    };
    match count(entry, "tries") {
        0 | 1 => Cell::new(word, tone),
        tries => Cell::new(format!("{word} {tries} times"), tone),
    }
}

/// What changed, or why nothing did.
fn otherwise(entry: &Value) -> String {
    let changes = list(entry, "changes").iter().map(|change| {
        let value = |field: &str| match change.get(field) {
            None | Some(Value::Null) => "-".to_owned(),
            Some(value) => value.to_string(),
        };
        let key = text(change, "key");
        format!("{key}: {} > {}", value("before"), value("after"))
    });
    let changes: Vec<_> = changes.collect();
    if changes.is_empty() {
        return text(entry, "error").to_owned();
    }
    changes.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_tells_what_is_otherwise_or_why_nothing_is() {
        let changes = json!([
            { "key": "running.group", "before": null, "after": "second" },
            { "key": "providers.a.enabled", "before": true, "after": false },
        ]);
        let done = json!({ "action": "x.y", "result": "done", "changes": changes, "tries": 1 });
        let refused =
            json!({ "action": "x.y", "result": "refused", "tries": 3, "error": "no such" });
        let mut screen = Screen::kept();
        audit(&mut screen, &[done, refused]).unwrap();
        let told = screen.told();
        for part in [
            "running.group: - > \"second\"",
            "providers.a.enabled: true > false",
            "refused 3 times",
            "no such",
        ] {
            assert!(told.contains(part), "{part}:\n{told}");
        }
    }
}
