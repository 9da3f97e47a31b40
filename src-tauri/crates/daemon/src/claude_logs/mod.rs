//! History from before Turnout: the requests that Claude Code logged itself are taken into the ledger, each once, and
//! not those that came through Turnout.

mod progress;
mod read;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use ledger::{Imported, Ledger, TakenIn, Usd};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

pub(crate) use self::progress::LogProgress;
pub(crate) use self::progress::Reading;
use self::read::{Answered, Project, projects};
use crate::costs::Costs;
use crate::handle::{CommandError, Daemon};

/// Requests in one transaction, so that what arrives meanwhile is written in time.
const AT_ONCE: usize = 500;
/// An answer whose end is not logged may still go on for so long.
const RUNS: SignedDuration = SignedDuration::from_mins(15);
/// Batches that may wait to be written.
const READ_AHEAD: usize = 4;

/// What came of taking logs in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LogReport {
    /// The folder or file that was read.
    #[schema(value_type = String)]
    pub folder: PathBuf,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Files read.
    pub files: u64,
    /// Requests found in them, each once.
    pub requests: u64,
    /// Requests that are in the ledger now, and were not before.
    pub taken: u64,
    /// Requests that were taken in before.
    pub known: u64,
    /// Answers that were still being given: another time.
    pub running: u64,
    /// Requests that came through Turnout, so that the ledger had them.
    pub proxied: u64,
    /// Requests of models whose price is unknown.
    pub unpriced: u64,
    /// Lines that could not be understood, and files that could not be read.
    pub unreadable: u64,
    /// What those taken in cost at list prices of today.
    pub cost_usd: Usd,
    /// When the first request found was answered.
    pub since: Option<Timestamp>,
    /// When the last one was.
    pub until: Option<Timestamp>,
}

/// What reading tells who writes.
enum Told {
    Requests(Vec<Answered>),
    Read { files: u64, unreadable: u64 },
    Failed(String),
}

impl Daemon {
    /// Takes in what Claude Code logged in a folder or file; its own folder when none is given. With `dry_run` nothing is
    /// written.
    pub async fn import_claude_logs(
        &self,
        folder: Option<PathBuf>,
        dry_run: bool,
    ) -> Result<LogReport, CommandError> {
        let Some(ledger) = self.instance().ledger.clone() else {
            let why = "there is no ledger that could take them: see the log of Turnout's start";
            return Err(CommandError::Refused(why.to_owned()));
        };
        let folder = match folder {
            Some(folder) => folder,
            None => self
                .instance()
                .surroundings
                .claude_logs()
                .map_err(|error| CommandError::Refused(error.to_string()))?,
        };
        let loaded = self.loaded();
        let progress = &self.instance().reading_logs;
        let running = progress.begin().map(Arc::new).ok_or_else(|| {
            let told =
                "Claude Code's logs are being taken in just now: try again when that has ended";
            CommandError::Refused(told.to_owned())
        })?;
        let (tell, mut told) = mpsc::channel(READ_AHEAD);
        let (root, progress) = (folder.clone(), Arc::clone(progress));
        // Whoever asked may leave before the reading has ended.
        let reads = Arc::clone(&running);
        let reading = tokio::task::spawn_blocking(move || {
            read_all(&root, &progress, &tell);
            drop(reads);
        });
        let mut report = LogReport {
            folder,
            dry_run,
            ..LogReport::default()
        };
        while let Some(told) = told.recv().await {
            match told {
                Told::Failed(why) => {
                    let _ = reading.await;
                    return Err(CommandError::Invalid(why));
                }
                Told::Read { files, unreadable } => {
                    report.files += files;
                    report.unreadable += unreadable;
                }
                Told::Requests(answers) => {
                    report.take(&ledger, &loaded.costs, answers).await?;
                }
            }
        }
        reading.await.map_err(|error| {
            CommandError::Refused(format!("the logs were not read to their end: {error}"))
        })?;
        if report.taken > 0 && !dry_run {
            tracing::info!(
                "{} requests of Claude Code's own logs were taken in",
                report.taken
            );
        }
        Ok(report)
    }
}

impl LogReport {
    async fn take(
        &mut self,
        ledger: &Ledger,
        costs: &Costs,
        answers: Vec<Answered>,
    ) -> Result<(), CommandError> {
        self.requests += answers.len() as u64;
        let times = || answers.iter().map(|answer| answer.last);
        self.since = self.since.into_iter().chain(times()).min();
        self.until = self.until.into_iter().chain(times()).max();
        let lately = Timestamp::now() - RUNS;
        let is_over = |answer: &Answered| answer.whole || answer.last < lately;
        let (over, running): (Vec<_>, Vec<_>) = answers.into_iter().partition(is_over);
        self.running += running.len() as u64;
        let requests = over.into_iter().map(|answer| imported(answer, costs));
        let told = ledger.take_in(requests.collect(), self.dry_run).await;
        let TakenIn {
            taken,
            known,
            proxied,
            unpriced,
            cost_usd,
        } = told.map_err(|error| CommandError::Refused(error.to_string()))?;
        self.taken += taken;
        self.known += known;
        self.proxied += proxied;
        self.unpriced += unpriced;
        self.cost_usd = self.cost_usd + cost_usd;
        Ok(())
    }
}

/// Reads project by project, so that no more than one is held; ends early when nobody listens.
fn read_all(root: &Path, progress: &Reading, tell: &mpsc::Sender<Told>) {
    let failed = |path: &Path, error: std::io::Error| {
        let path = path.display();
        Told::Failed(format!(
            "{path} cannot be read: {error}; name the folder of Claude Code's logs, as in ~/.claude/projects"
        ))
    };
    let projects = match projects(root) {
        Ok(projects) => projects,
        Err(error) => return drop(tell.blocking_send(failed(root, error))),
    };
    for file in projects.iter().flatten() {
        progress.found(std::fs::metadata(file).map_or(0, |about| about.len()));
    }
    for files in projects {
        let mut project = Project::default();
        for file in files {
            // One of a session that was removed meanwhile is no reason to leave out the others.
            if let Err(error) = project.read(&file, progress) {
                tracing::warn!("{} cannot be read: {error}", file.display());
                project.unreadable += 1;
            }
        }
        let (files, unreadable) = (project.files, project.unreadable);
        let mut answers: Vec<_> = project.answers.into_values().collect();
        answers.sort_by(|a, b| (a.first, &a.id).cmp(&(b.first, &b.id)));
        let batches = answers
            .chunks(AT_ONCE)
            .map(|some| Told::Requests(some.to_vec()));
        let read = Told::Read { files, unreadable };
        for told in batches.chain([read]) {
            if tell.blocking_send(told).is_err() {
                return;
            }
        }
    }
}

fn imported(answer: Answered, costs: &Costs) -> Imported {
    const BYTES: usize = 8;
    let digest = Sha256::digest(answer.id.as_bytes());
    let digits = digest.iter().take(BYTES).map(|byte| format!("{byte:02x}"));
    let id = format!("log-{}", digits.collect::<String>());
    let began = answer.sent.unwrap_or(answer.first);
    let took = answer.last.as_millisecond() - began.as_millisecond();
    let took = answer.sent.and_then(|_| u64::try_from(took).ok());
    Imported {
        id,
        source: "claude-code",
        client: "claude-code",
        client_dialect: "anthropic",
        path: "/v1/messages",
        at_ms: began.as_millisecond(),
        duration_ms: took,
        session: answer.session,
        model_requested: answer.asked,
        price: costs.at_list(&answer.model),
        model: answer.model,
        upstream_id: answer.request_id,
        answer_id: Some(answer.answer_id),
        service: answer
            .usage
            .service
            .map(|service| service.as_str().to_owned()),
        usage: crate::record::usage(&answer.usage),
    }
}
