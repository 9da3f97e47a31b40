//! Client tokens and the audit log, for people.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::figure::{count, list, money, text, time, time_heading};
use crate::screen::{Cell, Screen, Table, Tone};

/// Characters of a value that are shown of a change.
const VALUE: usize = 60;

/// `GET /tokens`.
pub(crate) fn client_tokens<W: Write>(screen: &mut Screen<W>, tokens: &[Value]) -> io::Result<()> {
    if tokens.is_empty() {
        let program = daemon::program();
        return screen.line(format!(
            "there is no client token; `{program} tokens add NAME` makes one"
        ));
    }
    let mut table = Table::new(&[
        "NAME",
        "TOKEN",
        "GOOD FOR",
        "GROUPS",
        "MODELS",
        "LIMITS",
        "EXPIRES",
        "LAST USED",
        ">TODAY",
        ">COST",
    ])
    .wrapping()
    .sparing(&[
        "LAST USED",
        "MODELS",
        "GROUPS",
        "GOOD FOR",
        "EXPIRES",
        "TODAY",
        "COST",
    ]);
    for token in tokens {
        let today = token.get("today").unwrap_or(&Value::Null);
        let is_over = token.get("expired").and_then(Value::as_bool) == Some(true);
        table.row(vec![
            text(token, "name").into(),
            text(token, "masked").into(),
            joined(token, "scopes", "-").into(),
            joined(token, "groups", "all").into(),
            joined(token, "models", "all").into(),
            limits(token).into(),
            if is_over {
                Cell::new("expired", Tone::Bad)
            } else {
                text(token, "expires_at").into()
            },
            time(token, "last_used_at").into(),
            count(today, "requests").to_string().into(),
            money(today, "cost_usd").into(),
        ]);
    }
    screen.table(&table)
}

/// `POST /tokens/validate`.
pub(crate) fn validated<W: Write>(screen: &mut Screen<W>, told: &Value) -> io::Result<()> {
    let name = text(told, "name");
    if told.get("valid").and_then(Value::as_bool) == Some(true) {
        screen.fact("token", &Cell::new(name, Tone::Good))?;
        screen.fact("good for", &joined(told, "scopes", "-").into())?;
        if told.get("groups").is_some() {
            screen.fact("groups", &joined(told, "groups", "all").into())?;
            screen.fact("models", &joined(told, "models", "all").into())?;
            screen.fact("limits", &limits(told).into())?;
            let expires = told.get("expires_at").and_then(Value::as_str);
            screen.fact("expires", &expires.unwrap_or("never").into())?;
        }
        return Ok(());
    }
    screen.line(match name {
        "-" => "nobody's token".to_owned(),
        name => format!("{name}: expired"),
    })
}

fn joined(value: &Value, field: &str, none: &str) -> String {
    let words: Vec<&str> = list(value, field)
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if words.is_empty() {
        none.to_owned()
    } else {
        words.join(", ")
    }
}

fn limits(token: &Value) -> String {
    let limits = token.get("limits").unwrap_or(&Value::Null);
    let per = |field: &str, unit: &str| {
        let most = limits.get(field).filter(|most| !most.is_null())?;
        Some(format!("{most} {unit}"))
    };
    let told = [
        per("rpm", "requests/min"),
        per("tpm", "tokens/min"),
        per("concurrency", "at once"),
        dollars(limits).map(|usd| format!("{usd} a {}", text(limits, "per"))),
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    if told.is_empty() {
        "none".to_owned()
    } else {
        told.join(", ")
    }
}

/// What may be spent, as all other money is told.
fn dollars(limits: &Value) -> Option<String> {
    let usd = limits.get("usd")?.as_f64()?;
    Some(money(&json!({ "usd": usd.to_string() }), "usd"))
}

/// `GET /audit`.
pub(crate) fn audit<W: Write>(screen: &mut Screen<W>, entries: &[Value]) -> io::Result<()> {
    if entries.is_empty() {
        return screen.line("no changes: none was made yet, or none is what was asked for");
    }
    let mut table = Table::new(&[
        time_heading(),
        "WHO",
        "FROM",
        "WHAT",
        "OF",
        "RESULT",
        "CHANGE",
    ])
    .wrapping()
    .sparing(&["FROM", "WHO"]);
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
            Some(value) => short(&value.to_string()),
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

/// A value as far as it can be taken in at a glance; `--json` has the whole.
fn short(value: &str) -> String {
    match value.char_indices().nth(VALUE) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_tells_what_bounds_it() {
        let token = json!({
            "name": "ci", "masked": "…abcd", "scopes": ["inference"], "groups": [], "models": ["claude-*"],
            "limits": { "rpm": 6, "tpm": null, "usd": 2.5, "per": "week" }, "expired": true,
            "today": { "requests": 3, "cost_usd": "0.5" },
        });
        let mut screen = Screen::kept();
        client_tokens(&mut screen, &[token]).unwrap();
        let told = screen.told();
        for part in [
            "…abcd",
            "claude-*",
            "6 requests/min, $2.50 a week",
            "expired",
        ] {
            assert!(told.contains(part), "{part}:\n{told}");
        }
    }

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
