//! `check`: reads the config as the daemon would, and tells each problem with its place.

use std::path::PathBuf;

use anyhow::bail;
use daemon::Place;
use daemon::settings::{self, Problem};
use serde_json::json;

use crate::Told;
use crate::home::Home;
use crate::screen::{self, Tone};

pub(crate) fn check(home: &Home, file: Option<PathBuf>, json: bool) -> anyhow::Result<()> {
    let is_named = file.is_some();
    let path = match file {
        Some(file) => file,
        None => Place::of(&home.options())?.config,
    };
    if !path.exists() && !is_named {
        bail!(
            "there is no config at {}: `{} init` writes one",
            path.display(),
            daemon::program()
        );
    }
    let text = settings::watch::read(&path)?;
    let problems = settings::parse(&text).err().unwrap_or_default();
    let mut screen = screen::stdout();
    if json {
        screen.json(&json!({ "valid": problems.is_empty(), "errors": problems }))?;
    } else if problems.is_empty() {
        screen.line(format!("{} is valid", path.display()))?;
    } else {
        let lines = problems
            .iter()
            .map(|problem| told(&path.display().to_string(), problem));
        lines.into_iter().try_for_each(|line| screen.line(line))?;
    }
    if problems.is_empty() {
        Ok(())
    } else {
        bail!(Told)
    }
}

/// As compilers tell it, so that editors jump to the place.
fn told(path: &str, problem: &Problem) -> String {
    let place = format!("{path}:{}:{}:", problem.line, problem.column);
    format!("{} {}", Tone::Strong.painted(&place), problem.message)
}
