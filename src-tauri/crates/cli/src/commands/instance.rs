//! Commands that are one call of the running instance and a view of its answer.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context as _, bail};

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::WrongUse;
use crate::admin::{Admin, segment};
use crate::args::{Export, Format, History, Mode, Usage, Which};
use crate::figure::{count, list, size, text};
use crate::home::Home;
use crate::progress::{Counted, Progress};
use crate::screen;
use crate::views;

/// Characters of a request's id.
const WHOLE_ID: usize = 22;

pub(crate) async fn status(home: &Home, json: bool) -> anyhow::Result<()> {
    let running = home.running().await?;
    let status = running.admin.get("/status").await?;
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&status)?);
    }
    Ok(views::status(&mut screen, &status, &running.base_url)?)
}

/// `activate`, `pause` or `resume` of a group.
pub(crate) async fn steer(home: &Home, group: &str, what: &str, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let answer = admin
        .post(&format!("/groups{}/{what}", segment(group)), None)
        .await?;
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&answer)?);
    }
    Ok(screen.line(views::standing(&answer))?)
}

pub(crate) async fn mode(home: &Home, mode: Mode, json: bool) -> anyhow::Result<()> {
    let mode = word(&mode).unwrap_or_default();
    let answer = home
        .running()
        .await?
        .admin
        .put("/mode", json!({ "mode": mode }))
        .await?;
    let mut screen = screen::stdout();
    if json {
        Ok(screen.json(&answer)?)
    } else {
        Ok(screen.line(format!("mode is {mode}"))?)
    }
}

pub(crate) async fn history(home: &Home, asked: History, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let mut query = vec![("limit", asked.limit.to_string())];
    query.extend(which(asked.which));
    query.extend(asked.cursor.map(|cursor| ("cursor", cursor)));
    let answer = admin.query("/requests", &query).await?;
    show_list(&answer, json, views::history)?;
    Ok(views::more(&mut screen::stdout(), &answer, json)?)
}

/// The filters that are given, as the admin API takes them.
fn which(asked: Which) -> impl Iterator<Item = (&'static str, String)> {
    let filters = [
        ("status", asked.status.as_ref().and_then(word)),
        ("provider", asked.provider),
        ("failed_provider", asked.failed_at),
        ("group", asked.group),
        ("model", asked.model),
        ("client", asked.client),
        ("token", asked.token),
        ("session", asked.session),
        ("since", asked.since.map(|time| time.to_string())),
        ("until", asked.until.map(|time| time.to_string())),
        ("q", asked.q),
    ];
    let given = filters.into_iter();
    given.filter_map(|(name, value)| Some((name, value?)))
}

pub(crate) async fn usage(home: &Home, asked: Usage, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let by = word(&asked.by).unwrap_or_default();
    let mut query = vec![("by", by.clone()), ("limit", asked.limit.to_string())];
    query.extend(asked.since.map(|time| ("since", time.to_string())));
    query.extend(asked.until.map(|time| ("until", time.to_string())));
    let zone = match &asked.tz {
        Some(name) => jiff::tz::TimeZone::get(name).unwrap_or(jiff::tz::TimeZone::UTC),
        None => jiff::tz::TimeZone::system(),
    };
    query.extend(asked.tz.map(|zone| ("tz", zone)));
    let answer = admin.query("/usage", &query).await?;
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&answer)?);
    }
    views::usage(&mut screen, &answer, &by, &zone)?;
    let budgets = admin.get("/budgets?limit=1000").await?;
    Ok(views::budgets(&mut screen, list(&budgets, "items"))?)
}

/// Has the ledger's free room given back to the disk.
pub(crate) async fn vacuum(home: &Home, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let progress = Progress::begin(
        "giving back the room that deleted requests left; that can take minutes",
        json,
    );
    let answer = admin.post_long("/ledger/vacuum", json!({})).await;
    progress.end();
    let answer = answer?;
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&answer)?);
    }
    let (before, after) = (
        count(&answer, "bytes_before"),
        count(&answer, "bytes_after"),
    );
    Ok(screen.line(format!(
        "the history takes {} now, {} before",
        size(after),
        size(before)
    ))?)
}

pub(crate) async fn export(home: &Home, asked: Export, json: bool) -> anyhow::Result<()> {
    let format = match (asked.format, json) {
        (Some(Format::Csv), true) => {
            bail!(WrongUse(
                "--json and --format csv cannot both be".to_owned()
            ))
        }
        (Some(format), _) => format,
        (None, true) => Format::Json,
        (None, false) => Format::Jsonl,
    };
    let admin = home.running().await?.admin;
    let mut query = vec![("format", word(&format).unwrap_or_default())];
    query.extend(which(asked.which));
    if let Some(path) = &asked.output {
        let written = export_to(&admin, &query, path, json).await?;
        let told = format!("{} written to {}", size(written), path.display());
        return Ok(writeln!(io::stderr(), "{told}")?);
    }
    let copied = admin
        .copy("/export", &query, &mut io::stdout().lock())
        .await;
    match copied {
        // Whoever reads no further has what it wants.
        Err(error) if ended_reading(&error) => Ok(()),
        copied => copied,
    }
}

/// Puts an export into a file and tells its size, in bytes. What was there stays until the new one is whole.
async fn export_to(
    admin: &Admin,
    query: &[(&str, String)],
    path: &Path,
    json: bool,
) -> anyhow::Result<u64> {
    let failed = || format!("the file {} cannot be written", path.display());
    // A device or a pipe is nothing to put another file in the place of.
    let is_special = path.metadata().is_ok_and(|about| !about.is_file());
    if is_special {
        let file = std::fs::File::options().write(true).open(path);
        return copied(admin, query, file.with_context(failed)?, json).await;
    }
    // What a link points at is replaced, not the link.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
    let file = file.with_context(failed)?;
    let size = copied(admin, query, file.as_file(), json).await?;
    file.persist(&path).with_context(failed)?;
    Ok(size)
}

async fn copied(
    admin: &Admin,
    query: &[(&str, String)],
    file: impl Write,
    json: bool,
) -> anyhow::Result<u64> {
    let mut file = Counted::new(io::BufWriter::new(file), Progress::begin("writing", json));
    let copied = admin.copy("/export", query, &mut file).await;
    let size = file.end();
    copied.map(|()| size)
}

fn ended_reading(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

pub(crate) async fn show(home: &Home, id: &str, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let whole = whole_id(&admin, id).await?;
    let answer = admin.get(&format!("/requests{}", segment(&whole))).await?;
    let mut screen = screen::stdout();
    if json {
        Ok(screen.json(&answer)?)
    } else {
        Ok(views::request(&mut screen, &answer)?)
    }
}

/// The id that begins so, where one alone does; else what was given, which is then told to be unknown.
pub(super) async fn whole_id(admin: &Admin, id: &str) -> anyhow::Result<String> {
    if id.len() >= WHOLE_ID {
        return Ok(id.to_owned());
    }
    let query = [("q", id.to_owned()), ("limit", "100".to_owned())];
    let found = admin.query("/requests", &query).await?;
    let ids = list(&found, "items")
        .iter()
        .map(|request| text(request, "id"));
    let mut ids = ids.filter(|found| found.starts_with(id));
    match (ids.next(), ids.next()) {
        (Some(one), None) => Ok(one.to_owned()),
        (Some(_), Some(_)) => bail!("several requests begin with {id}: give more of the id"),
        _ => Ok(id.to_owned()),
    }
}

pub(crate) async fn reload(home: &Home, json: bool) -> anyhow::Result<()> {
    let answer = home
        .running()
        .await?
        .admin
        .post("/config/reload", None)
        .await?;
    let mut screen = screen::stdout();
    if json {
        Ok(screen.json(&answer)?)
    } else {
        Ok(screen.line("the config is in use as it stands in the file")?)
    }
}

pub(crate) async fn ui(home: &Home, json: bool) -> anyhow::Result<()> {
    let answer = home.running().await?.admin.post("/ui-link", None).await?;
    let mut screen = screen::stdout();
    if json {
        Ok(screen.json(&answer)?)
    } else {
        Ok(screen.line(text(&answer, "url"))?)
    }
}

/// The word that a choice is written as, on the command line and in the admin API alike.
pub(super) fn word(choice: &impl ValueEnum) -> Option<String> {
    Some(choice.to_possible_value()?.get_name().to_owned())
}

pub(super) fn show_list(
    answer: &Value,
    json: bool,
    view: impl FnOnce(&mut screen::Screen<screen::Stdout>, &[Value]) -> io::Result<()>,
) -> anyhow::Result<()> {
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(answer)?);
    }
    Ok(view(&mut screen, list(answer, "items"))?)
}
