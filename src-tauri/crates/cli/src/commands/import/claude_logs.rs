//! The requests that Claude Code logged itself.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use clients::Surroundings;
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::figure::{count, counted, money, text};
use crate::home::Home;
use crate::progress::Progress;
use crate::screen;

const PATH: &str = "/import/claude-logs";
/// Between two looks at how far it has come.
const LOOK: Duration = Duration::from_millis(250);

/// The folder is named by this process, whose environment tells where Claude Code's logs are.
pub(super) async fn import(
    home: &Home,
    folder: Option<&Path>,
    dry_run: bool,
    json: bool,
) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let folder = match folder {
        Some(folder) => std::path::absolute(folder)
            .with_context(|| format!("{} cannot be found", folder.display()))?,
        None => Surroundings::of_process().claude_logs()?,
    };
    let wish = json!({ "folder": folder, "dry_run": dry_run });
    let progress = Progress::begin("reading what Claude Code logged", json);
    let told = watched(&admin, wish, &progress).await;
    progress.end();
    let told = told?;
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&told)?);
    }
    for line in lines(&told) {
        screen.line(line)?;
    }
    Ok(())
}

/// Asks for it, and shows how far it has come where somebody looks.
async fn watched(admin: &Admin, wish: Value, progress: &Progress) -> anyhow::Result<Value> {
    let asked = admin.post_long(PATH, wish);
    let mut asked = std::pin::pin!(asked);
    loop {
        tokio::select! {
            told = &mut asked => return told,
            () = tokio::time::sleep(LOOK), if progress.is_shown() => {
                // One that fails says so by itself.
                if let Ok(told) = admin.get(PATH).await
                    && let Some((read, whole)) = reached(&told)
                {
                    progress.at(read, whole);
                }
            }
        }
    }
}

/// How far the import that runs has come, of how much. What the last one came to is told until the next begins.
fn reached(told: &Value) -> Option<(u64, u64)> {
    let whole = told["whole"].as_u64().filter(|whole| *whole > 0)?;
    (told["running"] == true).then(|| (count(told, "read"), whole))
}

fn lines(told: &Value) -> Vec<String> {
    let of = |field: &str| count(told, field);
    let (files, found) = (
        counted(of("files"), "file"),
        counted(of("requests"), "request"),
    );
    let folder = text(told, "folder");
    let mut lines = vec![format!("{found} in {files} of {folder}")];
    let verb = if told["dry_run"] == true {
        "would be"
    } else {
        "were"
    };
    let cost = money(told, "cost_usd");
    lines.push(format!(
        "{} {verb} taken in, {cost} at list prices",
        of("taken")
    ));
    let mut more = |number: u64, what: &str| {
        if number > 0 {
            lines.push(format!("{number} {what}"));
        }
    };
    more(of("known"), "were taken in before");
    more(
        of("proxied"),
        "came through Turnout, so they were in the history",
    );
    more(
        of("unpriced"),
        "have no known price: PUT /api/v1/prices/MODEL or [ledger] prices sets one",
    );
    more(of("running"), "are still being answered: another time");
    more(
        of("unreadable"),
        "lines or files could not be read and were left out",
    );
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_is_shown_as_progress() {
        for (running, whole, shown) in [
            (true, 200, Some((50, 200))),
            (true, 0, None),
            (false, 200, None),
        ] {
            let told = json!({ "running": running, "read": 50, "whole": whole });
            assert_eq!(reached(&told), shown, "{told}");
        }
    }
}
