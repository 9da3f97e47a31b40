//! `init`: the first config, before anything runs.

use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};
use daemon::Place;
use daemon::first_start::{FirstStart, Surroundings, first_start, start_over, taken_up};
use serde_json::json;

use super::confirmed;
use crate::WrongUse;
use crate::args::Init;
use crate::home::Home;
use crate::screen::{self, Cell, Tone};

pub(crate) async fn init(home: &Home, asked: Init, json: bool) -> anyhow::Result<()> {
    let options = home.unlocked().await;
    let place = Place::of(&options)?;
    let options = options.at(&place).await;
    let (config, data) = (&place.config, &place.data);
    let around = Surroundings::default();
    if !asked.uses.is_empty() {
        all_offered(&asked.uses, &around.offered().await, "nothing was written")?;
    }
    let (first, kept) = if asked.force {
        start_over(config, data, &options.keychain, &around).await?
    } else {
        let written = first_start(config, data, &options.keychain, &around).await?;
        let there = || {
            format!(
                "there is a config at {} already: change it, or give --force, which keeps it beside the new one",
                config.display()
            )
        };
        (written.with_context(there)?, None)
    };
    let used = use_some(&first, asked.uses, json)?;
    if let Some(text) = &used.text {
        std::fs::write(config, text)
            .with_context(|| format!("the config {} cannot be written", config.display()))?;
    }
    let mut screen = screen::stdout();
    if json {
        let told = json!({
            "config": config,
            "data_dir": data,
            "offered": first.offered,
            "used": used.names,
            "kept": kept,
        });
        return Ok(screen.json(&told)?);
    }
    screen.fact(
        "config",
        &Cell::new(config.display().to_string(), Tone::Strong),
    )?;
    if let Some(kept) = kept {
        screen.fact("before", &kept.display().to_string().into())?;
    }
    screen.fact("found", &found(&first, &used.names).into())?;
    screen.fact("in use", &used.names.join(", ").into())?;
    let called = home.called();
    screen.fact("start it", &format!("{called} serve").into())?;
    let then = format!("eval \"$({called} env)\" && claude");
    screen.fact("then", &then.into())?;
    Ok(screen.fact(
        "or for good",
        &format!("{called} connect claude-code").into(),
    )?)
}

/// What is used of what was found.
struct Used {
    names: Vec<String>,
    /// The config with them, where there are any.
    text: Option<String>,
}

fn use_some(first: &FirstStart, wanted: Vec<String>, json: bool) -> anyhow::Result<Used> {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let names = if wanted.is_empty() && terminal && !json {
        let mut names = Vec::new();
        for name in &first.offered {
            if confirmed(&format!("{name} was found: use it?"))? {
                names.push(name.clone());
            }
        }
        names
    } else {
        wanted
    };
    // A server may have gone since it was looked for.
    all_offered(&names, &first.offered, "the config is written without it")?;
    let mut text = None;
    for name in &names {
        let so_far = text.as_ref().unwrap_or(&first.text);
        text = taken_up(so_far, name).or(text);
    }
    let problem = text
        .as_ref()
        .and_then(|text| daemon::settings::parse(text).err());
    if let Some(problem) = problem.as_ref().and_then(|problems| problems.first()) {
        bail!("{} cannot be used as found: {problem}", names.join(", "));
    }
    Ok(Used { names, text })
}

/// Refuses names of what was not found.
fn all_offered(names: &[String], offered: &[String], written: &str) -> anyhow::Result<()> {
    let Some(name) = names.iter().find(|name| !offered.contains(name)) else {
        return Ok(());
    };
    let found = match offered {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    };
    bail!(WrongUse(format!(
        "{name} was not found on this machine, {found} was: {written}"
    )))
}

fn found(first: &FirstStart, used: &[String]) -> String {
    let offered = &first.offered;
    if offered.is_empty() {
        return "no key and no local server; the practice group answers until you add a provider"
            .to_owned();
    }
    let left: Vec<_> = offered.iter().filter(|name| !used.contains(name)).collect();
    let which = match left.as_slice() {
        [] => return offered.join(", "),
        _ if used.is_empty() => "each".to_owned(),
        left => left
            .iter()
            .map(|name| name.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    };
    format!(
        "{}; {which} is in the config, to be used once you remove the # before its lines",
        offered.join(", ")
    )
}
