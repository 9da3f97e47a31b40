//! The last lines of the program's own log, kept in memory for those who look from outside.
//!
//! The log belongs to the process, and so does its tail. It sees what the log's level lets through.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use jiff::Timestamp;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::handle::Daemon;
use crate::instance::hold;
use crate::log::REQUEST;
use crate::view::{LogLine, Payload};

/// Lines that are kept.
const KEPT: usize = 1_000;
/// Lines that a reader may be behind; one who is further behind misses the oldest.
const BEHIND: usize = 256;

static TAIL: LazyLock<Tail> = LazyLock::new(|| Tail {
    kept: Mutex::default(),
    sender: broadcast::channel(BEHIND).0,
});

struct Tail {
    kept: Mutex<Kept>,
    sender: broadcast::Sender<Arc<LogLine>>,
}

#[derive(Default)]
struct Kept {
    last: u64,
    lines: VecDeque<Arc<LogLine>>,
}

/// What is asked of the tail.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Lines of this level, and of graver ones.
    pub(crate) level: Option<tracing::Level>,
    /// Lines not older than this.
    pub(crate) since: Option<Timestamp>,
    /// What a line says somewhere, without regard to case.
    pub(crate) q: Option<String>,
    /// Lines of the request whose id is or begins so.
    pub(crate) request: Option<String>,
    /// Lines before this id.
    pub(crate) before: Option<u64>,
    /// As many at most.
    pub(crate) limit: usize,
}

/// Lines that fit, the newest first, and whether there are more.
pub(crate) fn lines(wanted: &Wanted) -> (Vec<Arc<LogLine>>, bool) {
    let text = wanted.q.as_deref().unwrap_or_default().to_lowercase();
    let kept = kept();
    let mut found = kept.lines.iter().rev().filter(|line| {
        wanted.before.is_none_or(|before| line.id < before)
            && wanted.since.is_none_or(|since| line.at >= since)
            && wanted.level.is_none_or(|level| is_as_grave(line, level))
            && wanted.request.as_deref().is_none_or(|id| is_of(line, id))
            && says(line, &text)
    });
    let page = found.by_ref().take(wanted.limit).cloned().collect();
    (page, found.next().is_some())
}

/// Publishes what is logged while somebody looks, until the instance stops.
pub(crate) async fn publish(daemon: Daemon) {
    let mut lines = TAIL.sender.subscribe();
    let stop = daemon.stopping();
    loop {
        let line = tokio::select! {
            line = lines.recv() => line,
            () = stop.cancelled() => return,
        };
        match line {
            Ok(line) if daemon.feed().is_watched() => {
                daemon
                    .feed()
                    .publish(Payload::Log(Box::new((*line).clone())));
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn kept() -> MutexGuard<'static, Kept> {
    hold(&TAIL.kept)
}

fn is_as_grave(line: &LogLine, level: tracing::Level) -> bool {
    line.level
        .parse::<tracing::Level>()
        .is_ok_and(|of_line| of_line <= level)
}

fn is_of(line: &LogLine, request: &str) -> bool {
    let id = line.fields.get(REQUEST).and_then(|id| id.as_str());
    id.is_some_and(|id| id.starts_with(request))
}

fn says(line: &LogLine, text: &str) -> bool {
    let has = |field: &str| field.to_lowercase().contains(text);
    text.is_empty()
        || has(&line.message)
        || has(&line.target)
        || line.fields.values().any(|value| has(&value.to_string()))
}

/// Puts a line into the tail, with its number.
pub(crate) fn keep(line: LogLine) -> Arc<LogLine> {
    let mut kept = kept();
    kept.last += 1;
    let id = kept.last;
    let line = Arc::new(LogLine { id, ..line });
    if kept.lines.len() == KEPT {
        kept.lines.pop_front();
    }
    kept.lines.push_back(line.clone());
    drop(kept);
    // Fails when nobody listens.
    let _ = TAIL.sender.send(line.clone());
    line
}
