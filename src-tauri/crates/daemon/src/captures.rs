//! What was said in requests, on its way to the ledger: looked through for secrets, compressed, and gone when its time is
//! over.
//!
//! All of this is beside the requests and behind their rows: the queue is bounded, and what does not fit is dropped and
//! counted.

use std::sync::Arc;
use std::time::Duration;

use gateway::{Captured, Message, Part};
use http::{HeaderMap, header};
use jiff::Timestamp;
use ledger::{Bodies, Body, BodyRow, Ledger, QueryError, Side, Writer};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::handle::Daemon;
use crate::redact::{Redactor, media};
use crate::settings::Capture;

/// Requests whose bodies may wait to be looked through. The gateway bounds how much memory they take.
const WAITING: usize = 256;
/// Between two rounds of expiry: where bodies are written, and where none are.
const BUSY: Duration = Duration::from_mins(1);
const IDLE: Duration = Duration::from_mins(30);
/// After the start, and between two steps of a round, so that what arrives is written in time.
const FIRST: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(100);

/// Where captured requests go in. When it is dropped, what still waits is written and the task ends.
#[derive(Debug, Clone)]
pub(crate) struct Captures {
    queue: mpsc::Sender<Arc<Captured>>,
    writer: Writer,
}

impl Captures {
    /// Starts the task that writes.
    pub(crate) fn start(daemon: Daemon, ledger: &Ledger) -> (Self, JoinHandle<()>) {
        let (queue, captured) = mpsc::channel(WAITING);
        let task = tokio::spawn(write(daemon, ledger.clone(), captured));
        let writer = ledger.writer();
        (Self { queue, writer }, task)
    }

    /// Takes what was said in a request, or counts that too much waits.
    pub(crate) fn take(&self, captured: Arc<Captured>) {
        if self.queue.try_send(captured).is_err() {
            self.writer.drop_bodies();
        }
    }
}

async fn write(daemon: Daemon, ledger: Ledger, mut captured: mpsc::Receiver<Arc<Captured>>) {
    while let Some(captured) = captured.recv().await {
        // Without one, the person has just turned this off.
        let Some(redactor) = daemon.loaded().redactor.clone() else {
            continue;
        };
        let writer = ledger.writer();
        let id = captured.id.clone();
        let work = move || writer.keep(&bodies(&captured, &redactor));
        match tokio::task::spawn_blocking(work).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::debug!(request_id = %id, "its bodies were dropped: too many wait");
            }
            Err(error) => {
                tracing::error!(request_id = %id, "its bodies could not be looked through: {error}");
            }
        }
    }
}

/// What was said, as it may be written down.
fn bodies(captured: &Captured, redactor: &Redactor) -> Bodies {
    let messages = captured.messages.iter();
    Bodies {
        id: Arc::clone(&captured.id),
        at_ms: captured.at_ms,
        bodies: messages.map(|message| body(message, redactor)).collect(),
    }
}

fn body(message: &Message, redactor: &Redactor) -> Body {
    let content_type = text(&message.headers, &header::CONTENT_TYPE);
    let plain = message.body.concat();
    let is_file = content_type.as_deref().is_some_and(is_file);
    let (body, secrets, pictures) = if is_file && !plain.is_empty() {
        let kind = content_type.as_deref().unwrap_or_default();
        (media::note_of(kind, &plain).into_bytes(), 0, 1)
    } else {
        let cleaned = redactor.body(&plain);
        (cleaned.bytes, cleaned.secrets, cleaned.media)
    };
    let headers = message.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.to_string(), redactor.header(name.as_str(), &value))
    });
    Body {
        row: BodyRow {
            attempt: message.attempt,
            part: match message.part {
                Part::Request => Side::Request,
                Part::Answer => Side::Answer,
            },
            bytes: message.bytes,
            cut: message.is_cut(),
            redacted: secrets,
            media: pictures,
            same_as: message.same_as,
        },
        method: message.method.as_ref().map(ToString::to_string),
        address: message
            .address
            .as_deref()
            .map(|address| redactor.address(address)),
        status: message.status,
        headers: headers.collect(),
        content_type: content_type.map(|kind| redactor.text(&kind)),
        body,
    }
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// Whether a body of this type is no text.
fn is_file(content_type: &str) -> bool {
    [
        "image/",
        "audio/",
        "video/",
        "application/pdf",
        "application/octet-stream",
        "application/zip",
    ]
    .iter()
    .any(|kind| content_type.trim().to_ascii_lowercase().starts_with(kind))
}

/// Lets bodies go that are too old or too much, until the instance stops.
pub(crate) async fn expire(daemon: Daemon, ledger: Ledger) {
    let stop = daemon.stopping();
    let mut pause = FIRST;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = match daemon.loaded().settings.ledger.capture_bodies {
            Capture::Off => IDLE,
            Capture::Errors | Capture::All => BUSY,
        };
        let gone = tokio::select! {
            gone = daemon.expire_bodies(&ledger) => gone,
            () = stop.cancelled() => return,
        };
        match gone {
            Ok(0) => {}
            Ok(gone) => tracing::debug!("{gone} captured bodies had their time and were removed"),
            Err(error) => tracing::warn!("captured bodies could not be removed: {error}"),
        }
    }
}

impl Daemon {
    /// Lets bodies go that are too old or too much by the settings in force.
    async fn expire_bodies(&self, ledger: &Ledger) -> Result<u64, QueryError> {
        let loaded = self.loaded();
        let chosen = &loaded.settings.ledger;
        let kept = i64::try_from(chosen.capture_retention.as_millis()).unwrap_or(i64::MAX);
        let before = Timestamp::now().as_millisecond().saturating_sub(kept);
        let mut gone = 0;
        loop {
            match ledger
                .expire_bodies(before, chosen.capture_max_total)
                .await?
            {
                0 => return Ok(gone),
                some => gone += some,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
