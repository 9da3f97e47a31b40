//! `GET /api/v1/stream`: events as they happen, with replay for those who come back.

use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{self, KeepAlive};
use futures_util::{Stream, stream};
use http::HeaderMap;
use serde::Deserialize;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;

use super::auth;
use super::openapi::{Call, Calls, Entry};
use super::refusal::{Asked, Code, Refusal};
use crate::Daemon;
use crate::view::{Event, Notice, Payload, Today};

/// Between two comments on a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// What `events` may name.
const KINDS: [&str; 8] = [
    "status",
    "provider",
    "group",
    "request",
    "notice",
    "connection",
    "log",
    "usage",
];

pub(super) fn calls() -> Calls {
    let about = "Events as they happen, as server-sent events.\n\nEach has an `id`, the kind as `event`, and as `data` \
        the JSON of the thing as it is now: `status` a `Status`, `provider` a `Provider`, `group` a `Group`, `request` \
        a `Request`, `notice` a `Notice`, `connection` a `Connection`, `log` a `LogLine`, `usage` a `Today`. Who comes \
        back with the header `Last-Event-ID` gets what was missed, or the status as it is where that is not kept.";
    Calls::of("Live", Entry::Admin).with(
        Call::get("/stream", stream)
            .about(about)
            .asks::<Wanted>()
            .asks_header("Last-Event-ID", "The id of the last event that was read.")
            .answers_with(200, "Events, without end.", "text/event-stream")
            .knows::<Notice>()
            .knows::<Today>(),
    )
}

#[derive(Debug, Deserialize, IntoParams)]
struct Wanted {
    /// The kinds that are wanted, with commas between: `status`, `provider`, `group`, `request`, `notice`, `connection`,
    /// `log`, `usage`; all when not given.
    events: Option<String>,
}

async fn stream(
    State(daemon): State<Daemon>,
    Asked(wanted): Asked<Wanted>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, Refusal> {
    let kinds = kinds(wanted.events.as_deref())?;
    let seen = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.trim().parse().ok());
    let listener = Listener {
        credentials: headers,
        ..Listener::open(daemon, kinds, seen).await
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(told(&event)), listener))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn kinds(asked: Option<&str>) -> Result<Option<HashSet<String>>, Refusal> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return Ok(None);
    };
    let kinds: HashSet<String> = asked
        .split(',')
        .map(|kind| kind.trim().to_owned())
        .collect();
    match kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        Some(kind) => {
            let message = format!(
                "there are no events named {kind:?}; there are {}",
                KINDS.join(", ")
            );
            Err(Refusal::new(Code::InvalidRequest, message))
        }
        None => Ok(Some(kinds)),
    }
}

fn told(event: &Event) -> sse::Event {
    let data = serde_json::to_string(&event.payload).unwrap_or_default();
    sse::Event::default()
        .id(event.id.to_string())
        .event(event.payload.kind())
        .data(data)
}

/// One reader of the stream.
struct Listener {
    daemon: Daemon,
    /// By which it was let in, which may be good for nothing in the meantime.
    credentials: HeaderMap,
    stop: CancellationToken,
    kinds: Option<HashSet<String>>,
    receiver: broadcast::Receiver<Arc<Event>>,
    missed: VecDeque<Arc<Event>>,
    last: u64,
}

impl Listener {
    /// Begins after the event `seen`; a reader that is new, or was away too long, begins with the status as it is.
    async fn open(daemon: Daemon, kinds: Option<HashSet<String>>, seen: Option<u64>) -> Self {
        let replay = daemon.feed().replay(seen);
        let mut missed = VecDeque::from(replay.missed);
        if seen.is_none() || replay.gap {
            let id = missed.front().map_or(replay.last, |first| first.id - 1);
            let status = Payload::Status(Box::new(daemon.status().await));
            missed.push_front(Arc::new(Event {
                id,
                payload: status,
            }));
        }
        let stop = daemon.stopping();
        Self {
            daemon,
            credentials: HeaderMap::new(),
            stop,
            kinds,
            receiver: replay.receiver,
            missed,
            last: 0,
        }
    }

    /// The next wanted event; `None` when the instance stops, and when the reader may not read any more.
    async fn next(&mut self) -> Option<Arc<Event>> {
        loop {
            let event = self.any().await?;
            auth::caller(&self.daemon, &self.credentials).ok()?;
            self.last = event.id;
            if self
                .kinds
                .as_ref()
                .is_none_or(|kinds| kinds.contains(event.payload.kind()))
            {
                return Some(event);
            }
        }
    }

    async fn any(&mut self) -> Option<Arc<Event>> {
        loop {
            if let Some(event) = self.missed.pop_front() {
                return Some(event);
            }
            let received = tokio::select! {
                received = self.receiver.recv() => received,
                () = self.stop.cancelled() => return None,
            };
            match received {
                Ok(event) => return Some(event),
                Err(RecvError::Closed) => return None,
                Err(RecvError::Lagged(_)) => self.catch_up().await,
            }
        }
    }

    /// The reader was too slow for the broadcast: it gets what is kept, or the status as it is.
    async fn catch_up(&mut self) {
        let fresh = Self::open(self.daemon.clone(), None, Some(self.last)).await;
        (self.receiver, self.missed) = (fresh.receiver, fresh.missed);
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
