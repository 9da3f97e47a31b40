//! The running instance, followed: a look at all of it, its events, and now and then another look.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use daemon::view::{List, Payload, Suspended};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, timeout};

use super::facts::Look;
use super::sse::{Event, Reader};
use super::state::News;
use crate::admin::Admin;
use crate::home::Home;

/// Between two looks, which put right what events did not tell.
const LOOK: Duration = Duration::from_secs(10);
/// A stream this quiet is dead: the instance says something every five seconds.
const QUIET: Duration = Duration::from_secs(25);
/// Before the first new try, and the most before a later one.
const AGAIN: Duration = Duration::from_millis(500);
const AGAIN_AT_MOST: Duration = Duration::from_secs(5);
/// Requests and lines of the log that are asked for at the start.
const HISTORY: &str = "/requests?limit=200";
const LINES: &str = "/logs?limit=300";

/// What the link tells: who is to be asked from now on, or news.
pub(super) enum Heard {
    Instance(Arc<Admin>),
    News(News),
}

/// Follows the instance of this home until nobody listens any more. A lost connection is told and tried again; events
/// that were missed meanwhile are asked for by the last one seen.
pub(super) async fn follow(home: &Home, listener: &mpsc::Sender<Heard>) {
    let mut seen = None;
    let mut pause = AGAIN;
    while !listener.is_closed() {
        let before = seen;
        let why = match session(home, &mut seen, listener).await {
            Ok(()) => "it has ended".to_owned(),
            Err(error) => crate::sentence(&error),
        };
        let _ = listener.send(Heard::News(News::Down(why))).await;
        pause = if seen == before {
            (pause * 2).min(AGAIN_AT_MOST)
        } else {
            AGAIN
        };
        tokio::time::sleep(pause).await;
    }
}

/// One connection, until it ends.
async fn session(
    home: &Home,
    seen: &mut Option<u64>,
    listener: &mpsc::Sender<Heard>,
) -> anyhow::Result<()> {
    let admin = Arc::new(home.running().await?.admin);
    // Opened before the first look, so that nothing happens in between unheard.
    let mut stream = admin.events("/stream", *seen).await?;
    let tell = async |news| {
        let told = listener.send(Heard::News(news)).await;
        told.map_err(|_| anyhow!("nobody listens"))
    };
    let _ = listener.send(Heard::Instance(Arc::clone(&admin))).await;
    let (look, requests, log) =
        tokio::try_join!(look(&admin), list(&admin, HISTORY), list(&admin, LINES),)?;
    let look = Box::new(look);
    tell(News::Up {
        look,
        requests,
        log,
    })
    .await?;
    let mut reader = Reader::default();
    let mut looks = interval_at(Instant::now() + LOOK, LOOK);
    loop {
        tokio::select! {
            piece = timeout(QUIET, stream.chunk()) => {
                let piece = piece.map_err(|_| anyhow!("it says nothing any more"))?;
                let Some(piece) = piece.context("the stream of events broke off")? else {
                    return Ok(());
                };
                for event in reader.push(&piece) {
                    *seen = event.id.or(*seen);
                    if let Some(event) = payload(&event) {
                        tell(News::Event(event)).await?;
                    }
                }
            }
            _ = looks.tick() => tell(News::Look(Box::new(self::look(&admin).await?))).await?,
        }
    }
}

/// Everything as it is now.
pub(super) async fn look(admin: &Admin) -> anyhow::Result<Look> {
    let status = async { read(admin.get("/status").await?) };
    let (status, groups, providers, waiting, connections) = tokio::try_join!(
        status,
        list(admin, "/groups?limit=1000"),
        list(admin, "/providers?limit=1000"),
        waiting(admin),
        list(admin, "/connections?limit=1000"),
    )?;
    Ok(Look {
        status,
        groups,
        providers,
        waiting,
        connections,
    })
}

/// Who waits now.
pub(super) async fn waiting(admin: &Admin) -> anyhow::Result<Vec<Suspended>> {
    list(admin, "/suspended?limit=1000").await
}

async fn list<T: DeserializeOwned>(admin: &Admin, path: &str) -> anyhow::Result<Vec<T>> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let query: Vec<(&str, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    let told: List<T> = read(admin.query(path, &query).await?)?;
    Ok(told.items)
}

fn read<T: DeserializeOwned>(told: serde_json::Value) -> anyhow::Result<T> {
    serde_json::from_value(told).context("the instance is of another version than this program")
}

/// What an event carries; `None` for one that is not known here.
fn payload(event: &Event) -> Option<Payload> {
    let data = event.data.as_str();
    Some(match event.kind.as_str() {
        "status" => Payload::Status(parsed(data)?),
        "provider" => Payload::Provider(parsed(data)?),
        "group" => Payload::Group(parsed(data)?),
        "request" => Payload::Request(parsed(data)?),
        "notice" => Payload::Notice(Box::new(parsed(data)?)),
        "connection" => Payload::Connection(parsed(data)?),
        "log" => Payload::Log(parsed(data)?),
        "usage" => Payload::Usage(parsed(data)?),
        _ => return None,
    })
}

fn parsed<T: DeserializeOwned>(data: &str) -> Option<T> {
    serde_json::from_str(data).ok()
}
