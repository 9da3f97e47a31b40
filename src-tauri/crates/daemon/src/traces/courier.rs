//! Brings spans to the collector, by the HTTP client that everything else here uses.

use std::env;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use reqwest::redirect;
use tokio::runtime::Handle;

/// In milliseconds, the more special one first.
const TIMEOUTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
];
/// How long a collector may take where the environment says nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends what the exporter's own thread gives it, in the runtime in which it was made.
#[derive(Debug)]
pub(super) struct Courier {
    client: reqwest::Client,
    runtime: Handle,
    /// Whether the last way was in vain, which is told once.
    failing: AtomicBool,
}

impl Courier {
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        gateway::choose_tls();
        let told = TIMEOUTS.iter().find_map(|name| env::var(name).ok());
        let told = told.and_then(|told| told.trim().parse().ok());
        let client = reqwest::Client::builder()
            .timeout(told.map_or(PATIENCE, Duration::from_millis))
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self {
            client,
            runtime: Handle::current(),
            failing: AtomicBool::new(false),
        })
    }

    fn tell(&self, failed: Option<String>) {
        let was_failing = self.failing.swap(failed.is_some(), Ordering::Relaxed);
        match failed {
            Some(why) if !was_failing => {
                tracing::warn!(
                    "the collector does not take traces, which are lost meanwhile: {why}"
                );
            }
            None if was_failing => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Courier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let way = self.runtime.spawn(carry(self.client.clone(), request));
        let answer: Result<_, HttpError> = match way.await {
            Ok(answer) => answer.map_err(HttpError::from),
            Err(error) => Err(error.into()),
        };
        self.tell(match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(reasons(&**error)),
        });
        answer
    }
}

async fn carry(
    client: reqwest::Client,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, reqwest::Error> {
    // Its address may hold a password.
    let anonymous = reqwest::Error::without_url;
    let request = reqwest::Request::try_from(request).map_err(anonymous)?;
    let answer = client.execute(request).await.map_err(anonymous)?;
    let mut told = Response::new(Bytes::new());
    *told.status_mut() = answer.status();
    *told.headers_mut() = answer.headers().clone();
    *told.body_mut() = answer.bytes().await.map_err(anonymous)?;
    Ok(told)
}

/// An error with all that it comes of.
fn reasons(error: &(dyn std::error::Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing to a text does not fail.
        let _ = write!(told, ": {error}");
        source = error.source();
    }
    told
}
