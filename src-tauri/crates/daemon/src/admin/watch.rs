//! How the instance is: health in detail, metrics, its log, and the clients that wait.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, header};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::openapi::{Call, Calls, Entry};
use super::paged::{self, Page};
use super::refusal::{Asked, Code, Refusal};
use crate::view::{
    Connection, DatabaseHealth, DetailedHealth, DiskHealth, EventLoopHealth, List, Liveness,
    LogLine, MemoryHealth, ProviderHealth,
};
use crate::{Daemon, process, tail};

/// How long the history may take to answer a small query before it counts as ill.
const PATIENCE: Duration = Duration::from_secs(2);
/// The text format that Prometheus and its relatives ask for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How it is, outside `/api/v1`.
pub(super) fn health() -> Calls {
    Calls::of("Health", Entry::Admin).with(
        Call::get("/health/detailed", detailed)
            .about("Database, providers, memory, disk and tasks.")
            .answers::<DetailedHealth>()
            .or_answers(503, "Nothing can serve a request now, and why."),
    )
}

/// Figures for those who collect them, outside `/api/v1`.
pub(super) fn metrics() -> Calls {
    Calls::of("Health", Entry::Scraper).with(
        Call::get("/metrics", scrape)
            .about("Figures of the instance, in the text format of Prometheus.\n\nWhile only this machine can call, no token is asked for.")
            .answers_with(200, "The figures.", OPEN_METRICS),
    )
}

/// That it is there, which the gateway answers.
pub(super) fn liveness() -> Calls {
    Calls::of("Health", Entry::Open).with(
        Call::elsewhere(Method::GET, "/health")
            .about("That it is there.")
            .answers::<Liveness>(),
    )
}

/// Those below `/api/v1`.
pub(super) fn calls() -> Calls {
    Calls::of("Live", Entry::Admin)
        .with(
            Call::get("/connections", connections)
                .about("Clients that wait for an answer, or are reading one, with what has come and gone.")
                .asks::<Page>()
                .lists::<Connection>(),
        )
        .with(
            Call::get("/logs", logs)
                .about("The program's own log, newest first.")
                .asks::<Query>()
                .lists::<LogLine>(),
        )
}

async fn scrape(State(daemon): State<Daemon>) -> Result<Response, Refusal> {
    let text = daemon
        .metrics_text()
        .map_err(|error| Refusal::new(Code::Internal, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}

async fn detailed(State(daemon): State<Daemon>) -> Response {
    let health = daemon.detailed_health().await;
    let status = match health.status.as_str() {
        "down" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    (status, Json(health)).into_response()
}

#[derive(Debug, Deserialize, IntoParams)]
struct Query {
    /// The least level: `error`, `warn`, `info`, `debug` or `trace`.
    level: Option<String>,
    /// Lines of this time or later.
    since: Option<Timestamp>,
    /// Text in the line.
    #[serde(default, deserialize_with = "paged::sought")]
    #[param(max_length = 1000)]
    q: Option<String>,
    /// The id of a request, or the beginning of it: lines that belong to that request.
    request: Option<String>,
    /// How many, from 1 to 1000; 50 when not given.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

async fn logs(Asked(query): Asked<Query>) -> Result<Json<List<LogLine>>, Refusal> {
    let wrong = |message: String| Refusal::new(Code::InvalidRequest, message);
    let level = query.level.map(|level| {
        level.parse().map_err(|_| {
            wrong(format!(
                "there is no level {level:?}; there are error, warn, info, debug, trace"
            ))
        })
    });
    let before = query.cursor.map(|cursor| {
        cursor
            .parse()
            .map_err(|_| wrong(format!("{cursor:?} is no cursor of this list")))
    });
    let (lines, more) = tail::lines(&tail::Wanted {
        level: level.transpose()?,
        since: query.since,
        q: query.q,
        request: query.request,
        before: before.transpose()?,
        limit: paged::limit(query.limit),
    });
    let next = lines.last().filter(|_| more);
    Ok(Json(List {
        next_cursor: next.map(|line| line.id.to_string()),
        items: lines.iter().map(|line| (**line).clone()).collect(),
    }))
}

async fn connections(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<Connection>>, Refusal> {
    let live = daemon.instance().live();
    Ok(Json(page.of(live.connections().collect())?))
}

impl Daemon {
    async fn detailed_health(&self) -> DetailedHealth {
        let instance = self.instance();
        let (view, _) = self.look();
        let database = self.database_health().await;
        let providers = self.providers().await;
        let status = match () {
            () if view.serving.is_none() => "down",
            () if database.status != "ok" => "degraded",
            () => "ok",
        };
        let disk = fs4::statvfs(&instance.place.data).ok();
        DetailedHealth {
            status: status.to_owned(),
            version: crate::VERSION.to_owned(),
            uptime: instance.since.elapsed().as_secs(),
            database,
            providers: providers
                .into_iter()
                .map(|provider| ProviderHealth {
                    name: provider.name,
                    health: provider.health,
                    last_error: provider.last_error,
                })
                .collect(),
            memory: process::look().map(|process| MemoryHealth {
                resident_bytes: process.resident_bytes,
            }),
            disk: disk.map(|disk| DiskHealth {
                available_bytes: disk.available_space(),
                total_bytes: disk.total_space(),
            }),
            event_loop: EventLoopHealth {
                lag_ms: lag().await,
            },
        }
    }

    async fn database_health(&self) -> DatabaseHealth {
        let Some(ledger) = &self.instance().ledger else {
            let standing = self.instance().standing.first();
            return DatabaseHealth {
                status: "down".to_owned(),
                latency_ms: None,
                queued: 0,
                lost: 0,
                last_error: standing.map(|problem| problem.message.clone()),
            };
        };
        let told = ledger.health();
        let began = Instant::now();
        let now = Timestamp::now().as_millisecond();
        let (latency_ms, error) = match tokio::time::timeout(PATIENCE, ledger.today(now)).await {
            Ok(Ok(_)) => (Some(millis(began.elapsed())), None),
            Ok(Err(error)) => (None, Some(error.to_string())),
            Err(_) => (None, Some("the history does not answer".to_owned())),
        };
        let is_well = error.is_none() && !told.degraded;
        DatabaseHealth {
            status: if is_well { "ok" } else { "degraded" }.to_owned(),
            latency_ms,
            queued: told.queued as u64,
            lost: told.lost,
            last_error: error.or(told.last_error),
        }
    }
}

/// Milliseconds that a new task waits until it is run.
async fn lag() -> f64 {
    let began = Instant::now();
    let waited = tokio::spawn(async move { began.elapsed() }).await;
    millis(waited.unwrap_or_default())
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
