//! `logs`: what the running instance logged and goes on to log; without one, what the newest log file has.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::ValueEnum as _;
use daemon::Place;
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::args::{Level, Logs};
use crate::figure::{count, list, text};
use crate::home::Home;
use crate::screen;
use crate::top::sse::Reader;
use crate::views::LogView;

/// Lines that a running instance keeps, of which some fit.
const KEPT: u32 = 1000;

pub(crate) async fn logs(home: &Home, asked: Logs, json: bool) -> anyhow::Result<()> {
    let place = Place::of(&home.options())?;
    let running = match home.running().await {
        Ok(running) => running,
        Err(error) if asked.follow => return Err(error),
        Err(_) => {
            let names = daemon::settings::watch::read(&place.config)
                .ok()
                .and_then(|text| daemon::settings::parse(&text).ok())
                .map(|settings| settings.providers.into_iter().map(|it| it.name).collect());
            let view = LogView::new(names.unwrap_or_default(), json);
            let lines = from_file(&place.logs(), &asked)?;
            told(&lines, &view)?;
            return none(&lines, &asked, json);
        }
    };
    let admin = running.admin;
    let providers = admin.get("/providers?limit=1000").await?;
    let names = list(&providers, "items")
        .iter()
        .map(|it| text(it, "name").to_owned());
    let view = LogView::new(names.collect(), json);
    if !asked.follow {
        let lines = lines(&admin, &asked).await?;
        told(&lines, &view)?;
        return none(&lines, &asked, json);
    }
    // Opened first, so that nothing is missed between what was and what comes.
    let query = [("events", "log".to_owned())];
    let mut stream = admin.events_of("/stream", &query, None).await?;
    let before = lines(&admin, &asked).await?;
    let last = before.last().map_or(0, |line| count(line, "id"));
    let (mut reader, mut is_read) = (Reader::default(), told(&before, &view)?);
    // An instance that goes away ends the stream, in order or not.
    while let Some(piece) = stream.chunk().await.ok().flatten().filter(|_| is_read) {
        for event in reader.push(&piece) {
            let line: Value = serde_json::from_str(&event.data).unwrap_or_default();
            let is_new = event.kind == "log" && count(&line, "id") > last;
            if is_new && fits(&line, &asked) {
                is_read = told(&[line], &view)?;
            }
        }
    }
    if is_read {
        writeln!(std::io::stderr(), "Turnout has ended")?;
    }
    Ok(())
}

/// The last lines that fit, the oldest first.
async fn lines(admin: &Admin, asked: &Logs) -> anyhow::Result<Vec<Value>> {
    let mut query = vec![("limit", KEPT.to_string())];
    let level = asked.level.to_possible_value();
    query.extend(level.map(|level| ("level", level.get_name().to_owned())));
    query.extend(asked.request.clone().map(|id| ("request", id)));
    query.extend(asked.since.map(|time| ("since", time.to_string())));
    let answer = admin.query("/logs", &query).await?;
    let fitting = list(&answer, "items")
        .iter()
        .filter(|line| fits(line, asked));
    let mut lines: Vec<Value> = fitting.take(asked.lines as usize).cloned().collect();
    lines.reverse();
    Ok(lines)
}

/// Whether somebody reads on.
fn told(lines: &[Value], view: &LogView) -> anyhow::Result<bool> {
    let mut screen = screen::stdout();
    for line in lines {
        view.line(&mut screen, line)?;
    }
    screen.flush()?;
    Ok(screen.is_read())
}

fn fits(line: &Value, asked: &Logs) -> bool {
    let level = Level::from_str(text(line, "level"), true).unwrap_or(Level::Error);
    let said = || {
        let fields = line.get("fields").cloned().unwrap_or_default();
        format!(
            "{} {} {fields}",
            text(line, "target"),
            text(line, "message")
        )
    };
    let has_word = |word: &str| {
        let said = said();
        let mut parts =
            said.split(|letter: char| !letter.is_alphanumeric() && !"-_.".contains(letter));
        parts.any(|part| part.trim_matches('.') == word)
    };
    let at = text(line, "at").parse::<jiff::Timestamp>();
    level <= asked.level
        && asked
            .since
            .is_none_or(|since| at.is_ok_and(|at| at >= since))
        && asked.provider.as_deref().is_none_or(has_word)
        && asked
            .request
            .as_deref()
            .is_none_or(|id| said().contains(id))
        && asked
            .q
            .as_deref()
            .is_none_or(|q| said().to_lowercase().contains(&q.to_lowercase()))
}

/// Says so where no line fits, and where else to look.
fn none(lines: &[Value], asked: &Logs, json: bool) -> anyhow::Result<()> {
    if !lines.is_empty() || json {
        return Ok(());
    }
    let more = match &asked.request {
        Some(id) => format!(
            "; `{} show {id}` tells what became of it",
            daemon::program()
        ),
        None => String::new(),
    };
    Ok(writeln!(
        std::io::stderr(),
        "no line of the log fits{more}"
    )?)
}

/// The last lines of the newest file that fit.
fn from_file(folder: &Path, asked: &Logs) -> anyhow::Result<Vec<Value>> {
    let Some(file) = newest(folder) else {
        bail!(
            "no Turnout runs, and there is no log in {}: `{} serve` begins one, unless log.file is false",
            folder.display(),
            daemon::program()
        );
    };
    let told_of = || format!("the log {} cannot be read", file.display());
    let bytes = std::fs::read(&file).with_context(told_of)?;
    let written = String::from_utf8_lossy(&bytes);
    let lines = written.lines().filter(|line| !line.is_empty()).map(parsed);
    let mut fitting: Vec<Value> = lines.filter(|line| fits(line, asked)).collect();
    let first = fitting.len().saturating_sub(asked.lines as usize);
    Ok(fitting.split_off(first))
}

/// Files are named by their day, so that the newest is the last.
fn newest(folder: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path());
    files
        .filter(|file| file.extension().is_some_and(|end| end == "log"))
        .max()
}

/// A line of a file in either format, as the admin API tells one.
fn parsed(line: &str) -> Value {
    if let Ok(Value::Object(mut fields)) = serde_json::from_str(line) {
        let mut taken = |name: &str| fields.remove(name).unwrap_or_default();
        let (at, level) = (taken("timestamp"), taken("level"));
        let (target, message) = (taken("target"), taken("message"));
        let level = level.as_str().unwrap_or_default().to_lowercase();
        return json!({ "at": at, "level": level, "target": target, "message": message, "fields": fields });
    }
    let mut words = line.splitn(2, ' ');
    let at = words
        .next()
        .filter(|at| at.parse::<jiff::Timestamp>().is_ok());
    let rest = words
        .next()
        .map(str::trim_start)
        .and_then(|rest| rest.split_once(' '));
    let known = rest.filter(|(level, _)| Level::from_str(level, true).is_ok());
    match (at, known) {
        (Some(at), Some((level, message))) => {
            json!({ "at": at, "level": level.to_lowercase(), "message": message, "fields": {} })
        }
        // What goes on over several lines.
        _ => json!({ "at": null, "level": "error", "message": line, "fields": {} }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &[&str]) -> Logs {
        let line = ["turnoutd", "logs"].iter().chain(arguments);
        let args = <crate::args::Args as clap::Parser>::try_parse_from(line).unwrap();
        match args.command {
            crate::args::Command::Logs(logs) => logs,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_formats_of_a_file_are_read() {
        let pretty = "2026-11-22T05:16:29.036726Z  INFO relay rests, as it is overloaded";
        let json = r#"{"timestamp":"2026-11-22T05:16:29.036726Z","level":"INFO","message":"relay rests, as it is overloaded","target":"daemon"}"#;
        for line in [pretty, json] {
            let line = parsed(line);
            let facts = ["at", "level", "message"].map(|field| text(&line, field).to_owned());
            let expected = [
                "2026-11-22T05:16:29.036726Z",
                "info",
                "relay rests, as it is overloaded",
            ];
            assert_eq!(facts, expected);
        }
        assert_eq!(
            text(&parsed("   0: core::panicking"), "message"),
            "   0: core::panicking"
        );
    }

    #[test]
    fn a_line_is_told_if_all_that_is_asked_holds() {
        let line = json!({
            "at": "2026-11-22T05:16:29Z", "level": "warn", "target": "gateway",
            "message": "relay refused req-1a2b3c4d.", "fields": { "try": 2 },
        });
        for (arguments, fit) in [
            (&[][..], true),
            (&["--level", "warn"], true),
            (&["--level", "error"], false),
            (&["--provider", "relay"], true),
            (&["--provider", "rel"], false),
            (&["--request", "req-1a2b"], true),
            (&["--request", "req-9"], false),
            (&["-q", "RELAY"], true),
            (&["-q", "nothing"], false),
            (&["--since", "2026-11-22T06:00:00Z"], false),
            (&["--provider", "relay", "--level", "error"], false),
        ] {
            assert_eq!(fits(&line, &asked(arguments)), fit, "{arguments:?}");
        }
    }
}
