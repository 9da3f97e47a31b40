//! The provider: takes a request, finds out what is asked and which scenario answers, and sends it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Serialize;

use crate::control::{self, typed};
use crate::desk::{Desk, Order, Outage, Usual};
use crate::dialect::Refusal;
use crate::fault::Delivery;
use crate::options::Options;
use crate::record::{Brief, Counts, Outcome, Record, Ticket};
use crate::respond;
use crate::scenario::{self, How, Scenario, ScenarioError};
use crate::wire::{self, Line};

/// A practice provider; a handle, cheap to clone.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    options: Options,
    nonce: u32,
    desk: Mutex<Desk>,
    record: Record,
}

/// What a provider is doing and has done, as `GET /practice/state` tells it.
#[derive(Debug, Clone, Serialize)]
pub struct State {
    /// Its name.
    pub name: String,
    /// Text of the scenario that answers calls that name none.
    pub default: String,
    /// Texts of the scenarios that wait in the queue.
    pub queue: Vec<String>,
    /// Whether it plays dead.
    pub outage: Outage,
    /// Counters.
    #[serde(flatten)]
    pub counts: Counts,
    /// The last requests, oldest first; none where nothing is recorded.
    pub last: Vec<Brief>,
}

impl Provider {
    /// A provider with these settings.
    pub fn new(options: Options) -> Result<Self, ScenarioError> {
        let usual = options.default_scenario()?;
        let desk = Desk::new(usual);
        let record = Record::new(options.record);
        let inner = Inner {
            options,
            nonce: fastrand::u32(..),
            desk: Mutex::new(desk),
            record,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Its settings.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// Everything it answers, to be mounted anywhere. Mounted so, it cannot reach the connection:
    /// `refuse` becomes an answer that breaks off before its body. [`crate::serve`] can.
    pub fn router(&self) -> Router {
        async fn handle(Shared(provider): Shared<Provider>, request: Request) -> Response {
            provider.answer(request, None).await
        }
        Router::new().fallback(handle).with_state(self.clone())
    }

    /// Starts or ends an outage in which every call answers 529, or 503 where the dialect has no 529.
    pub fn set_down(&self, down: bool) {
        self.set_outage(if down {
            Outage::Overloaded
        } else {
            Outage::None
        });
    }

    /// Starts or ends an outage.
    pub fn set_outage(&self, outage: Outage) {
        self.order(Order {
            outage: Some(outage),
            ..Order::default()
        });
    }

    /// Sets the scenario of calls that name none; `None` goes back to that of the options.
    pub fn set_default(&self, scenario: Option<&str>) -> Result<(), ScenarioError> {
        let default = scenario.map_or(Ok(Usual::OfOptions), |text| {
            Scenario::parse(text).map(|named| Usual::Named(Box::new(named)))
        })?;
        self.order(Order {
            default: Some(default),
            ..Order::default()
        });
        Ok(())
    }

    /// Sets the scenarios of the next answers, one each; calls that name one in a header don't take any.
    pub fn set_queue(&self, scenarios: &[&str]) -> Result<(), ScenarioError> {
        let queue = scenarios
            .iter()
            .map(|text| Scenario::parse(text))
            .collect::<Result<_, _>>()?;
        self.order(Order {
            queue: Some(queue),
            ..Order::default()
        });
        Ok(())
    }

    /// Clears counters, record, queue and the counts of `times`; default and outage stay.
    pub fn reset(&self) {
        self.desk().reset();
        self.0.record.reset();
    }

    /// What it is doing and has done.
    pub fn state(&self) -> State {
        let desk = self.desk();
        State {
            name: self.0.options.name.clone(),
            default: desk
                .default
                .as_ref()
                .map_or("text", |scenario| &scenario.text)
                .to_owned(),
            queue: desk
                .queue
                .iter()
                .map(|scenario| scenario.text.clone())
                .collect(),
            outage: desk.outage,
            counts: self.0.record.counts(),
            last: self.0.record.last(),
        }
    }

    pub(crate) fn order(&self, order: Order) {
        self.desk().order(order);
    }

    pub(crate) fn record(&self) -> &Record {
        &self.0.record
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request; `line` reaches its connection where there is one to reach.
    pub(crate) async fn answer(&self, request: Request, line: Option<Line>) -> Response {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        let body = match Limited::new(body, self.0.options.max_body).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "Request exceeds the maximum size",
            )),
            Err(_) => return wire::broken(), // the client left while it was sending
        };
        if self.0.options.control && path.starts_with("/practice/") {
            return match body {
                Ok(body) => control::answer(self, &parts, &body),
                Err(refusal) => typed(refusal.status, "text/plain", refusal.message.into()),
            };
        }
        let outage = self.desk().outage;
        if outage != Outage::Refuse && is_liveness(&parts.method, path) {
            return liveness(outage, path);
        }
        let seen = body.as_ref().map_or(Bytes::new(), Bytes::clone);
        let ticket = self
            .0
            .record
            .open(&parts.method, &parts.uri, &parts.headers, &seen);
        let request_id = format!("req_{}", self.id(&ticket));
        let to = respond::addressed(&parts);
        let delivery = match outage {
            Outage::None => self.delivery(&to, &parts, body, &ticket, &request_id),
            Outage::Overloaded => self.failed(&to, &scenario::overloaded(), &request_id),
            Outage::Refuse => Delivery::Refuse(How::Fin),
        };
        let ids = [
            (to.request_id_header(), &*request_id),
            ("x-practice-name", &self.0.options.name),
        ];
        self.deliver(delivery, ticket, line, &ids).await
    }

    async fn deliver(
        &self,
        delivery: Delivery,
        mut ticket: Ticket,
        line: Option<Line>,
        ids: &[(&'static str, &str)],
    ) -> Response {
        match delivery {
            Delivery::Hang => std::future::pending().await,
            Delivery::Refuse(how) => {
                ticket.answered(None);
                ticket.finish(Outcome::Fault);
                if let Some(line) = line {
                    line.refuse(how);
                }
                wire::broken()
            }
            Delivery::Answer(mut out) => {
                if !out.early && !out.first.is_zero() {
                    tokio::time::sleep(out.first).await;
                }
                for (name, value) in ids {
                    if let Ok(value) = HeaderValue::from_str(value) {
                        out.headers.push((HeaderName::from_static(name), value));
                    }
                }
                wire::send(out, ticket, line)
            }
        }
    }

    /// An id that no other request has, at this provider or at another one.
    pub(crate) fn id(&self, ticket: &Ticket) -> String {
        format!("practice{:08x}{:06x}", self.0.nonce, ticket.seq())
    }
}

fn is_liveness(method: &Method, path: &str) -> bool {
    matches!(
        (method, path),
        (&Method::GET | &Method::HEAD, "/" | "/health") | (&Method::HEAD, "/api/hello")
    )
}

fn liveness(outage: Outage, path: &str) -> Response {
    match outage {
        // By these words clients know an Ollama server.
        Outage::None if path == "/" => typed(
            StatusCode::OK,
            "text/plain; charset=utf-8",
            Bytes::from_static(b"Ollama is running"),
        ),
        Outage::None => typed(
            StatusCode::OK,
            "application/json",
            Bytes::from_static(b"{\"status\":\"ok\"}"),
        ),
        _ => typed(
            StatusCode::SERVICE_UNAVAILABLE,
            "application/json",
            Bytes::from_static(b"{\"status\":\"down\"}"),
        ),
    }
}
