//! `/practice/…`: orders and questions from tests, over HTTP.
//!
//! For loopback use alone: the record shows bodies and credentials. Calls that a web page could make
//! (an `Origin`, a cross-site fetch, a foreign `Host`) are refused, and nothing here answers at all
//! unless [`crate::Options::control`] is on.

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::{Order, Outage, Usual};
use crate::provider::Provider;
use crate::scenario::Scenario;

/// An order, as `POST /practice/control` takes it. Absent fields change nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// Clears counters, record, queue and strikes first.
    #[serde(default)]
    reset: bool,
    /// Scenario of calls that name none; `null` goes back to the options'.
    #[serde(default, deserialize_with = "given")]
    default: Option<Value>,
    /// Scenarios of the next calls; replaces what is left of the queue.
    queue: Option<Vec<String>>,
    /// `true`: every call answers 529, or 503 where the dialect has no 529; `"refuse"`: every connection closes; `false`: back to normal.
    down: Option<Down>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Down {
    Switch(bool),
    Word(String),
}

/// Tells a field that is `null` from one that is absent.
fn given<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// Answers a call below `/practice/`.
pub(crate) fn answer(provider: &Provider, parts: &Parts, body: &Bytes) -> Response {
    if let Err(why) = guard(&parts.headers) {
        return problem(StatusCode::FORBIDDEN, why);
    }
    let query = parts.uri.query().unwrap_or_default();
    match (&parts.method, parts.uri.path()) {
        (&Method::POST, "/practice/control") => match order(provider, body) {
            Ok(()) => shown(&provider.state()),
            Err(why) => problem(StatusCode::BAD_REQUEST, &why),
        },
        (&Method::GET, "/practice/state") => shown(&provider.state()),
        (&Method::GET, "/practice/requests") => {
            let since = query
                .split('&')
                .find_map(|pair| pair.strip_prefix("since="))
                .unwrap_or("0");
            match since.parse() {
                Ok(since) => shown(&json!({ "items": provider.record().requests(since) })),
                Err(_) => problem(
                    StatusCode::BAD_REQUEST,
                    "since: a request number is expected",
                ),
            }
        }
        (&Method::GET, "/practice/last-body") => raw(provider.record().last_body()),
        (&Method::GET, "/practice/last-answer") => raw(provider.record().last_answer()),
        _ => problem(
            StatusCode::NOT_FOUND,
            "there are POST /practice/control and GET /practice/state, /requests?since=N, /last-body, /last-answer",
        ),
    }
}

fn order(provider: &Provider, body: &Bytes) -> Result<(), String> {
    let order: Body = serde_json::from_slice(body).map_err(|error| {
        format!("control takes {{\"reset\", \"default\", \"queue\", \"down\"}}: {error}")
    })?;
    let parse = |text: &String| Scenario::parse(text).map_err(|error| error.to_string());
    let default = match &order.default {
        None => None,
        Some(Value::Null) => Some(Usual::OfOptions),
        Some(Value::String(text)) => Some(Usual::Named(Box::new(parse(text)?))),
        Some(_) => return Err("default: a scenario or null is expected".to_owned()),
    };
    let queue = order
        .queue
        .map(|texts| texts.iter().map(parse).collect::<Result<Vec<_>, _>>())
        .transpose()?;
    let outage = match order.down {
        None => None,
        Some(Down::Switch(on)) => Some(if on { Outage::Overloaded } else { Outage::None }),
        Some(Down::Word(word)) if word == "refuse" => Some(Outage::Refuse),
        Some(Down::Word(word)) => {
            return Err(format!("down: `{word}` is not true, false or \"refuse\""));
        }
    };
    if order.reset {
        provider.reset();
    }
    provider.order(Order {
        default,
        queue,
        outage,
    });
    Ok(())
}

fn guard(headers: &HeaderMap) -> Result<(), &'static str> {
    if headers.contains_key(header::ORIGIN) {
        return Err("control is not for web pages: the request carries an Origin");
    }
    if headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "none" && site != "same-origin")
    {
        return Err("control is not for web pages: the request comes from another site");
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.parse::<u16>().is_ok())
        .map_or(host, |(name, _)| name);
    match name {
        "localhost" | "127.0.0.1" | "[::1]" | "" => Ok(()),
        _ => Err("control answers on loopback names alone: 127.0.0.1, [::1], localhost"),
    }
}

fn shown(value: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => typed(StatusCode::OK, "application/json", body.into()),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn raw(body: Bytes) -> Response {
    typed(StatusCode::OK, "application/octet-stream", body)
}

fn problem(status: StatusCode, message: &str) -> Response {
    let body: Value = json!({"error": {"message": message}});
    typed(status, "application/json", body.to_string().into())
}

pub(crate) fn typed(status: StatusCode, content_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
