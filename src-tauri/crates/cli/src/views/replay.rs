//! What was said in a request, and two answers side by side, for people.

use std::io::{self, Write};

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::{is, tokens};
use crate::figure::{count, counted, list, millis, money, text};
use crate::screen::{Cell, Screen, Table, Tone};

/// `GET /requests/{id}/bodies`.
pub(crate) fn bodies<W: Write>(screen: &mut Screen<W>, answer: &Value) -> io::Result<()> {
    let bodies = list(answer, "items");
    if bodies.is_empty() {
        return screen
            .line("nothing is kept of it, or no longer: ledger.capture_bodies says of which requests it is, capture_retention for how long");
    }
    // As it happened: what the client was answered came last.
    let is_end = |body: &&Value| count(body, "attempt") == 0 && text(body, "part") != "request";
    let (end, before): (Vec<&Value>, Vec<&Value>) = bodies.iter().partition(is_end);
    for (index, body) in before.into_iter().chain(end).enumerate() {
        if index > 0 {
            screen.line("")?;
        }
        screen.line(Tone::Strong.painted(&heading(body)))?;
        for header in list(body, "headers") {
            let name = Tone::Faint.painted(text(header, "name"));
            screen.line(format!("{name}: {}", text(header, "value")))?;
        }
        screen.line("")?;
        screen.line(content(body))?;
    }
    Ok(())
}

fn heading(body: &Value) -> String {
    let who = match (count(body, "attempt"), text(body, "part")) {
        (0, "request") => "the client asked".to_owned(),
        (0, _) => "the client was answered".to_owned(),
        (attempt, "request") => format!("attempt {attempt} asked"),
        (attempt, _) => format!("attempt {attempt} was answered"),
    };
    let what = match text(body, "part") {
        "request" => format!("{} {}", text(body, "method"), text(body, "address")),
        _ => count(body, "status").to_string(),
    };
    let mut more = vec![counted(count(body, "bytes"), "byte")];
    if is(body, "cut") {
        more.push("cut".to_owned());
    }
    match count(body, "redacted") {
        0 => {}
        number => more.push(format!("{} taken out", counted(number, "secret"))),
    }
    match count(body, "media") {
        0 => {}
        number => more.push(format!("{} left out", counted(number, "file"))),
    }
    format!("{who}: {what} ({})", more.join(", "))
}

/// A body's text, JSON on as many lines as it is easily read on.
fn content(body: &Value) -> String {
    if let Some(same) = body.get("same_as").and_then(Value::as_u64) {
        let whose = match same {
            0 => "the client's".to_owned(),
            attempt => format!("that of attempt {attempt}"),
        };
        return Tone::Faint.painted(&format!("the same body as {whose}"));
    }
    let Some(said) = body.get("text").and_then(Value::as_str) else {
        return Tone::Faint.painted("no text: --json has it as base64");
    };
    match serde_json::from_str::<Value>(said) {
        Ok(value) if !value.is_string() => format!("{value:#}"),
        _ => said.trim_end().to_owned(),
    }
}

/// A figure of one side.
type Figure = fn(&Value) -> String;

/// `POST /requests/{id}/replay`.
pub(crate) fn replay<W: Write>(
    screen: &mut Screen<W>,
    answer: &Value,
    diff: bool,
) -> io::Result<()> {
    let sides = ["original", "replay"].map(|side| answer.get(side).unwrap_or(&Value::Null));
    let mut table = Table::new(&["", "ORIGINAL", "REPLAY"]);
    let rows: [(&str, Figure); 10] = [
        ("request", |side| text(side, "id").to_owned()),
        ("status", |side| text(side, "status").to_owned()),
        ("http status", |side| count(side, "http_status").to_string()),
        ("provider", |side| text(side, "provider").to_owned()),
        ("model", |side| text(side, "model").to_owned()),
        ("answered as", |side| {
            text(side, "model_answered").to_owned()
        }),
        ("tokens", tokens),
        ("cost", |side| money(side, "cost_usd")),
        ("first token", |side| millis(side, "ttft_ms")),
        ("took", |side| millis(side, "duration_ms")),
    ];
    for (name, figure) in rows {
        let [original, replay] = sides.map(figure);
        table.row(vec![
            Cell::new(name, Tone::Faint),
            original.into(),
            replay.into(),
        ]);
    }
    screen.table(&table)?;
    if count(answer, "redacted") > 0 {
        let told = "the replay has marks where secrets were taken out of the original";
        screen.line(Tone::Warn.painted(told))?;
    }
    let texts = sides.map(spoken);
    screen.line("")?;
    if diff {
        return differences(screen, &texts);
    }
    for (name, said) in ["original", "replay"].into_iter().zip(&texts) {
        screen.line(Tone::Strong.painted(&format!("--- {name}")))?;
        screen.line(said)?;
    }
    Ok(())
}

/// What an answer says: its text, and a line for each call of a tool.
fn spoken(side: &Value) -> String {
    let answer = side.get("answer").unwrap_or(&Value::Null);
    let mut said = Vec::new();
    if let Some(told) = answer.get("text").and_then(Value::as_str) {
        said.push(told.trim_end().to_owned());
    }
    for call in list(answer, "tool_calls") {
        let arguments = call.get("arguments").unwrap_or(&Value::Null);
        said.push(format!("{}({arguments})", text(call, "name")));
    }
    if let Some(problem) = answer.get("problem").and_then(Value::as_str) {
        said.push(format!("[{problem}]"));
    }
    if is(answer, "cut") {
        said.push("[it broke off here]".to_owned());
    }
    said.join("\n")
}

fn differences<W: Write>(screen: &mut Screen<W>, [before, after]: &[String; 2]) -> io::Result<()> {
    if before == after {
        return screen.line("both say the same");
    }
    screen.line(
        Tone::Faint.painted("[-what only the original says-] {+what only the replay says+}"),
    )?;
    screen.line(marked(before, after))
}

/// Both texts in one, word by word: answers are paragraphs, of which few words differ.
fn marked(before: &str, after: &str) -> String {
    let diff = TextDiff::from_words(before, after);
    let mut told = String::new();
    let mut run: Option<(ChangeTag, String)> = None;
    let changes = diff.iter_all_changes();
    let pieces = changes.map(|change| (change.tag(), change.value().to_owned()));
    for (tag, piece) in pieces {
        match &mut run {
            Some((same, text)) if *same == tag => text.push_str(&piece),
            _ => {
                told.extend(run.replace((tag, piece)).map(mark));
            }
        }
    }
    told.extend(run.map(mark));
    told
}

fn mark((tag, text): (ChangeTag, String)) -> String {
    match tag {
        ChangeTag::Delete => Tone::Bad.painted(&format!("[-{text}-]")),
        ChangeTag::Insert => Tone::Good.painted(&format!("{{+{text}+}}")),
        ChangeTag::Equal => text,
    }
}
