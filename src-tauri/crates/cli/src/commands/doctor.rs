//! `doctor`: what is wrong with this installation, and what to do about it.

use anyhow::bail;
use daemon::doctor::{State, examine};
use serde_json::json;

use crate::Told;
use crate::home::Home;
use crate::progress::Progress;
use crate::screen;
use crate::views;

pub(crate) async fn doctor(home: &Home, json: bool) -> anyhow::Result<()> {
    let options = home.unlocked().await;
    let progress = Progress::begin("looking at files, keys and providers", json);
    let found = examine(&options, |name| std::env::var(name).ok()).await;
    progress.end();
    let found = found?;
    let is_well = found.iter().all(|finding| finding.state != State::Fail);
    let mut screen = screen::stdout();
    if json {
        screen.json(&json!({ "ok": is_well, "items": found, "next_cursor": null }))?;
    } else {
        views::findings(&mut screen, &found)?;
    }
    if is_well { Ok(()) } else { bail!(Told) }
}
