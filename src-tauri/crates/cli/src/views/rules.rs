//! Rules, where a request would go by them, and those that wait, for people.

use std::io::{self, Write};

use serde_json::Value;

use super::is;
use crate::figure::{list, text, time};
use crate::screen::{Cell, Screen, Table, Tone};

/// `GET /rules`.
pub(crate) fn rules<W: Write>(screen: &mut Screen<W>, rules: &[Value]) -> io::Result<()> {
    if rules.is_empty() {
        return screen.line("no rules: every request goes to the active group");
    }
    let mut table = Table::new(&["RULE", "STATE", "WHEN", "USE"]);
    for rule in rules {
        table.row(vec![
            Cell::new(text(rule, "name"), Tone::Strong),
            if is(rule, "enabled") { "on" } else { "off" }.into(),
            facts(rule, "when").into(),
            facts(rule, "use").into(),
        ]);
    }
    screen.table(&table)
}

/// The fields of an object as `name = value`; texts without quotes.
fn facts(rule: &Value, part: &str) -> String {
    let Some(fields) = rule.get(part).and_then(Value::as_object) else {
        return String::new();
    };
    let facts = fields.iter().map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name} = {text}"),
        None => format!("{name} = {value}"),
    });
    facts.collect::<Vec<_>>().join(", ")
}

/// `POST /rules/explain`.
pub(crate) fn explanation<W: Write>(screen: &mut Screen<W>, told: &Value) -> io::Result<()> {
    let rule = match told.get("rule").and_then(Value::as_str) {
        None => "no rule decides".to_owned(),
        Some(rule) => format!("the rule {rule} decides"),
    };
    let usable = list(told, "candidates").iter().any(|one| is(one, "usable"));
    let group = match told.get("group").and_then(Value::as_str) {
        Some(group) if usable => format!("{group} would serve it"),
        _ if usable => "a provider would serve it".to_owned(),
        _ => "nothing can serve it now".to_owned(),
    };
    screen.line(format!("{rule}; {group}"))?;
    let mut table = Table::new(&["PROVIDER", "MODEL", "KEY", "GROUP", "WHY"]);
    for candidate in list(told, "candidates") {
        let tone = if is(candidate, "usable") {
            Tone::Strong
        } else {
            Tone::Plain
        };
        table.row(vec![
            Cell::new(text(candidate, "provider"), tone),
            text(candidate, "model").into(),
            text(candidate, "key").into(),
            text(candidate, "group").into(),
            text(candidate, "why").into(),
        ]);
    }
    screen.table(&table)
}

/// `GET /suspended`.
pub(crate) fn waiting<W: Write>(screen: &mut Screen<W>, waiting: &[Value]) -> io::Result<()> {
    if waiting.is_empty() {
        return screen.line("nobody waits");
    }
    let mut table = Table::new(&["REQUEST", "SINCE", "UNTIL", "MODEL", "BOUND TO", "WHY"]);
    for one in waiting {
        let bound = match (text(one, "group"), text(one, "provider")) {
            ("-", provider) => provider,
            (group, _) => group,
        };
        table.row(vec![
            text(one, "id").into(),
            time(one, "since").into(),
            time(one, "until").into(),
            text(one, "model_requested").into(),
            bound.into(),
            text(one, "reason").into(),
        ]);
    }
    screen.table(&table)
}

/// `GET /models`.
pub(crate) fn models<W: Write>(screen: &mut Screen<W>, models: &[Value]) -> io::Result<()> {
    if models.is_empty() {
        return screen.line("no provider tells of any model");
    }
    for model in models {
        screen.line(text(model, "id"))?;
    }
    Ok(())
}
