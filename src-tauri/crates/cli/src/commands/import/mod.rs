//! `import`: what other programs know, their settings and their history.

mod claude_logs;
mod settings;

use std::path::Path;

use crate::args::Import;
use crate::home::Home;

pub(crate) async fn import(home: &Home, asked: Import, json: bool) -> anyhow::Result<()> {
    let dry_run = asked.dry_run;
    match asked.path.as_deref() {
        Some(path) if is_log(path) => claude_logs::import(home, Some(path), dry_run, json).await,
        Some(path) => settings::import(home, Some(path), dry_run, json).await,
        None if asked.claude_logs => claude_logs::import(home, None, dry_run, json).await,
        None if asked.env => settings::import(home, None, dry_run, json).await,
        None => settings::kinds_of_files(json),
    }
}

/// Logs are JSON lines, in a folder or one of them; settings are a file of any other kind.
fn is_log(path: &Path) -> bool {
    path.is_dir() || path.extension().is_some_and(|kind| kind == "jsonl")
}
