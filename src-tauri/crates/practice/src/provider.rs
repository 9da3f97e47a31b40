//! The provider: takes a request, finds out what is asked and which scenario answers, and sends it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Serialize;

use crate::anthropic::Anthropic;
use crate::control::{self, typed};
use crate::desk::{self, Clues, Desk, Order, Outage, Usual};
use crate::dialect::{Call, Dialect, Refusal};
use crate::fault::{self, Delivery, Ending, Outpour, Reply, Setting};
use crate::options::Options;
use crate::record::{Brief, Counts, Outcome, Record, Ticket};
use crate::scenario::{self, Failure, How, Scenario, ScenarioError};
use crate::script::{self, Ask};
use crate::wire::{self, Line};

/// The dialects that answer, in the order in which they are asked whether a path is theirs.
const DIALECTS: &[&dyn Dialect] = &[&Anthropic];

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

    /// Starts or ends an outage in which every call answers 529.
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

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request; `line` reaches its connection where there is one to reach.
    pub(crate) async fn answer(&self, request: Request, line: Option<Line>) -> Response {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        let body = match Limited::new(body, self.0.options.max_body).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(Refusal {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                message: "Request exceeds the maximum size".to_owned(),
            }),
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
            return liveness(outage);
        }
        let seen = body.as_ref().map_or(Bytes::new(), Bytes::clone);
        let ticket = self
            .0
            .record
            .open(&parts.method, &parts.uri, &parts.headers, &seen);
        let request_id = format!("req_{}", self.id(&ticket));
        let delivery = match outage {
            Outage::None => self.delivery(&parts, body, &ticket, &request_id),
            Outage::Overloaded => self.failed(&scenario::overloaded(), &request_id),
            Outage::Refuse => Delivery::Refuse(How::Fin),
        };
        self.deliver(delivery, ticket, line, &request_id).await
    }

    /// What answers a request; refusals included.
    fn delivery(
        &self,
        parts: &Parts,
        body: Result<Bytes, Refusal>,
        ticket: &Ticket,
        request_id: &str,
    ) -> Delivery {
        let found = DIALECTS
            .iter()
            .find_map(|dialect| Some((*dialect, dialect.call(&parts.method, parts.uri.path())?)));
        let (dialect, call) = match found {
            Some((dialect, call)) => (dialect, Some(call)),
            None => (DIALECTS[0], None),
        };
        self.admitted(dialect, parts)
            .and(body)
            .and_then(|body| match &call {
                Some(call) => self.scripted(dialect, call, parts, &body, ticket, request_id),
                None => pass_through(parts, body),
            })
            .unwrap_or_else(|refusal| self.failed(&Failure::from(refusal), request_id))
    }

    fn admitted(&self, dialect: &dyn Dialect, parts: &Parts) -> Result<(), Refusal> {
        let Some(key) = &self.0.options.require_key else {
            return Ok(());
        };
        let message = match dialect.credential(&parts.headers) {
            Some(given) if given == key => return Ok(()),
            Some(_) => "invalid x-api-key",
            None => "x-api-key header is required",
        };
        Err(Refusal {
            status: StatusCode::UNAUTHORIZED,
            message: message.to_owned(),
        })
    }

    fn scripted(
        &self,
        dialect: &dyn Dialect,
        call: &Call,
        parts: &Parts,
        body: &Bytes,
        ticket: &Ticket,
        request_id: &str,
    ) -> Result<Delivery, Refusal> {
        dialect.check_headers(&parts.headers)?;
        let mut ask = match call {
            Call::Answer => dialect.read(&parts.headers, body, false)?,
            Call::Count => dialect.read(&parts.headers, body, true)?,
            Call::Models | Call::Model(_) => Ask::default(),
        };
        let clues = Clues {
            header: parts
                .headers
                .get("x-practice")
                .and_then(|value| value.to_str().ok()),
            credential: dialect.credential(&parts.headers),
            model: &ask.model,
            text: &ask.user_text,
            stream: ask.stream,
            main: !ask.tools.is_empty(),
            answer: *call == Call::Answer,
        };
        let (scenario, source) = self.desk().choose(&clues)?;
        ticket.chosen(&scenario.text, source, dialect.name(), &ask);
        ask.user_text = desk::unmarked(&ask.user_text);
        let reply = match call {
            Call::Answer => {
                let script = script::write(&scenario, &ask, &self.0.options.name, &self.id(ticket));
                if ask.stream {
                    Reply::Stream(dialect.frames(&script))
                } else {
                    Reply::Whole(dialect.whole(&script), Some(script.usage))
                }
            }
            Call::Count => Reply::Whole(
                dialect.count(scenario.wish.usage_in.unwrap_or(ask.tokens)),
                None,
            ),
            Call::Models => {
                Reply::Whole(dialect.models(parts.uri.query().unwrap_or_default()), None)
            }
            Call::Model(id) => {
                let unknown = || Refusal {
                    status: StatusCode::NOT_FOUND,
                    message: format!("model: {id}"),
                };
                Reply::Whole(dialect.model(id).ok_or_else(unknown)?, None)
            }
        };
        Ok(fault::plan(
            &scenario,
            reply,
            &self.setting(dialect, &ask.model, request_id),
        ))
    }

    fn setting<'a>(
        &self,
        dialect: &'a dyn Dialect,
        model: &'a str,
        request_id: &'a str,
    ) -> Setting<'a> {
        let Options { latency, pace, .. } = self.0.options;
        Setting {
            dialect,
            request_id,
            model,
            latency,
            pace,
        }
    }

    fn failed(&self, failure: &Failure, request_id: &str) -> Delivery {
        Delivery::Answer(fault::error(
            failure,
            &self.setting(DIALECTS[0], "", request_id),
        ))
    }

    async fn deliver(
        &self,
        delivery: Delivery,
        mut ticket: Ticket,
        line: Option<Line>,
        request_id: &str,
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
                let ids = [
                    ("request-id", request_id),
                    ("x-practice-name", &self.0.options.name),
                ];
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
    fn id(&self, ticket: &Ticket) -> String {
        format!("practice{:08x}{:06x}", self.0.nonce, ticket.seq())
    }
}

fn is_liveness(method: &Method, path: &str) -> bool {
    matches!(
        (method, path),
        (&Method::GET | &Method::HEAD, "/" | "/health") | (&Method::HEAD, "/api/hello")
    )
}

fn liveness(outage: Outage) -> Response {
    match outage {
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

/// `/v1/practice/echo` gives any request its own body back; other paths are not found.
fn pass_through(parts: &Parts, body: Bytes) -> Result<Delivery, Refusal> {
    if parts.uri.path() != "/v1/practice/echo" {
        return Err(Refusal {
            status: StatusCode::NOT_FOUND,
            message: "Not Found".to_owned(),
        });
    }
    let mut out: Outpour = fault::whole(body, None);
    out.ending = Ending::Clean;
    if let Some(kind) = parts.headers.get(header::CONTENT_TYPE) {
        out.headers[0].1 = kind.clone();
    }
    if let Ok(method) = HeaderValue::from_str(parts.method.as_str()) {
        out.headers
            .push((HeaderName::from_static("x-practice-method"), method));
    }
    Ok(Delivery::Answer(out))
}
