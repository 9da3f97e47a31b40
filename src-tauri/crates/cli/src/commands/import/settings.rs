//! The settings of other tools. The running instance takes them in; without one this process does.

use std::path::Path;

use anyhow::Context as _;
use daemon::import::{Source, import_alone, kinds};
use serde_json::{Value, json};

use crate::figure::{counted, list, text};
use crate::home::Home;
use crate::progress::Progress;
use crate::screen::{self, Screen, Stdout, Tone};

/// A file, or the environment where none is named.
pub(super) async fn import(
    home: &Home,
    file: Option<&Path>,
    dry_run: bool,
    json: bool,
) -> anyhow::Result<()> {
    let file = file.map(std::path::absolute).transpose();
    let file = file.context("the file cannot be found")?;
    // Read here: a pipe such as `<(pass show keys)` is this process's own.
    let source = file.as_deref().map(Source::read).transpose()?;
    let source = source.unwrap_or(Source::Environment);
    let progress = Progress::begin("reading and taking in", json);
    let instance = home.running_if_any().await?;
    let told = if let Some(instance) = &instance {
        let mut wish = match &source {
            Source::File(path) => json!({ "path": path }),
            Source::Text(text) => json!({ "text": text }),
            Source::Environment => json!({ "env": true }),
        };
        wish["dry_run"] = dry_run.into();
        instance.admin.post("/import/config", Some(wish)).await
    } else {
        let options = home.unlocked().await;
        let report = import_alone(&options, source, dry_run).await;
        report
            .map_err(Into::into)
            .and_then(|report| Ok(serde_json::to_value(report)?))
    };
    progress.end();
    let told = match &file {
        Some(file) => told.with_context(|| file.display().to_string())?,
        None => told?,
    };
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&told)?);
    }
    show(&mut screen, &told, home, instance.is_some())
}

/// What can be read, for those who ask.
pub(super) fn kinds_of_files(json: bool) -> anyhow::Result<()> {
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&json!({ "items": kinds().collect::<Vec<_>>() }))?);
    }
    screen.line("import FILE reads, by what is in it:")?;
    for kind in kinds() {
        screen.line(format!("  {kind}"))?;
    }
    screen.line("import --env takes keys that are in the environment, which stay there")?;
    screen.line("import --claude-logs takes in the requests that Claude Code logged itself")?;
    Ok(screen.line("--dry-run shows what would be taken and writes nothing")?)
}

fn show(
    screen: &mut Screen<Stdout>,
    told: &Value,
    home: &Home,
    is_running: bool,
) -> anyhow::Result<()> {
    screen.line(format!("read: {}", text(told, "source")))?;
    for (field, title, tone) in [
        ("taken", "taken", Tone::Plain),
        ("known", "there already", Tone::Plain),
        ("changed", "taken in another way", Tone::Warn),
        ("left", "not taken", Tone::Warn),
    ] {
        let notes = list(told, field);
        if notes.is_empty() {
            continue;
        }
        screen.line("")?;
        screen.line(tone.painted(&format!("{title}:")))?;
        for note in notes {
            screen.line(format!("  {}: {}", text(note, "place"), text(note, "what")))?;
        }
    }
    screen.line("")?;
    for warning in list(told, "warnings").iter().filter_map(Value::as_str) {
        screen.line(Tone::Warn.painted(warning))?;
    }
    let toml = told["toml"].as_str().unwrap_or_default();
    if toml.is_empty() {
        return Ok(screen.line("nothing is new: the config stays as it is")?);
    }
    if told["dry_run"] == true {
        screen.line("this would be added to the config:")?;
        screen.line("")?;
        return Ok(screen.line(toml.trim_end())?);
    }
    let of = |field: &str, thing: &str| counted(list(told, field).len() as u64, thing);
    screen.line(format!(
        "added to the config: {}, {}, {}; stored: {}",
        of("providers", "provider"),
        of("groups", "group"),
        of("rules", "rule"),
        of("keychain", "secret"),
    ))?;
    if let Some(group) = told["activated"].as_str() {
        screen.line(format!(
            "active group: {group}, as nothing but practice served before"
        ))?;
    }
    let called = home.called();
    Ok(screen.line(if is_running {
        format!("what serves now: {called} groups")
    } else {
        format!("it serves from the next start on: {called} serve")
    })?)
}
