//! Commands that are one call of the running instance and a view of its answer.

use std::io::{self, Write as _};

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::admin::segment;
use crate::args::{Export, History, Mode, Usage};
use crate::figure::{count, list, text};
use crate::home::Home;
use crate::screen;
use crate::views;

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
    let filters = [
        ("status", asked.status.as_ref().and_then(word)),
        ("provider", asked.provider),
        ("group", asked.group),
        ("model", asked.model),
        ("client", asked.client),
        ("since", asked.since.map(|time| time.to_string())),
        ("until", asked.until.map(|time| time.to_string())),
        ("q", asked.q),
        ("cursor", asked.cursor),
    ];
    query.extend(
        filters
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let answer = admin.query("/requests", &query).await?;
    show_list(&answer, json, views::history)?;
    Ok(views::more(&mut screen::stdout(), &answer, json)?)
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
    let budgets = admin.get("/budgets").await?;
    Ok(views::budgets(&mut screen, list(&budgets, "items"))?)
}

/// Has the ledger's free room given back to the disk.
pub(crate) async fn vacuum(home: &Home, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    if !json {
        writeln!(
            io::stderr(),
            "the ledger is made smaller; that can take minutes"
        )?;
    }
    let answer = admin.post_long("/ledger/vacuum", json!({})).await?;
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&answer)?);
    }
    let (before, after) = (
        count(&answer, "bytes_before"),
        count(&answer, "bytes_after"),
    );
    Ok(screen.line(format!("{after} bytes now, {before} before"))?)
}

pub(crate) async fn export(home: &Home, asked: Export) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let mut query = vec![("format", word(&asked.format).unwrap_or_default())];
    query.extend(asked.since.map(|time| ("since", time.to_string())));
    query.extend(asked.until.map(|time| ("until", time.to_string())));
    let copied = admin
        .copy("/export", &query, &mut io::stdout().lock())
        .await;
    match copied {
        // Whoever reads no further has what it wants.
        Err(error) if ended_reading(&error) => Ok(()),
        copied => copied,
    }
}

fn ended_reading(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

pub(crate) async fn show(home: &Home, id: &str, json: bool) -> anyhow::Result<()> {
    let answer = home
        .running()
        .await?
        .admin
        .get(&format!("/requests{}", segment(id)))
        .await?;
    let mut screen = screen::stdout();
    if json {
        Ok(screen.json(&answer)?)
    } else {
        Ok(views::request(&mut screen, &answer)?)
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
