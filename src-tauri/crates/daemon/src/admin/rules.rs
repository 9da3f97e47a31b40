//! `GET /rules` and `POST /rules/explain`.

use axum::Json;
use axum::extract::State;
use http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::refusal::{Body, Code, Refusal, Shape};
use crate::Daemon;
use crate::record::Facts as _;
use crate::view::{Explanation, List, Rule};

/// The rules in order, those that are switched off too.
pub(super) async fn list(State(daemon): State<Daemon>) -> Json<List<Rule>> {
    let loaded = daemon.loaded();
    let rules = loaded.settings.rules.iter().map(Rule::of);
    Json(List::whole(rules.collect()))
}

/// A request that is not sent.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    method: Option<String>,
    path: String,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Value,
    /// Name of the client token that it would present.
    #[serde(default)]
    token: Option<String>,
}

impl Shape for Asked {
    const SHAPE: &'static str =
        r#"{"path": "/v1/messages", "headers": {"NAME": "VALUE"}, "body": {"model": "…"}}"#;
}

pub(super) async fn explain(
    State(daemon): State<Daemon>,
    Body(asked): Body<Asked>,
) -> Result<Json<Explanation>, Refusal> {
    let token = asked.token.clone();
    let request = request(asked)?;
    let gateway = &daemon.instance().gateway;
    let told = gateway.explain(request, token.as_deref()).await;
    let told = told.map_err(|why| {
        let code = match why.status {
            StatusCode::NOT_FOUND => Code::NotFound,
            _ => Code::InvalidRequest,
        };
        Refusal::new(code, why.message)
    })?;
    let loaded = daemon.loaded();
    Ok(Json(Explanation::of(told, |key| loaded.mask(key))))
}

fn request(asked: Asked) -> Result<Request<axum::body::Body>, Refusal> {
    let body = match asked.body {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    let method = asked.method.as_deref().unwrap_or("POST");
    let mut request = Request::builder().method(method).uri(&asked.path);
    for (name, value) in &asked.headers {
        let Some(value) = value.as_str() else {
            let told = format!("headers.{name} must be a string");
            return Err(Refusal::new(Code::InvalidRequest, told));
        };
        // Those of the body as it came; here it is plain, and as long as it is.
        if !["content-length", "content-encoding"].contains(&name.to_ascii_lowercase().as_str()) {
            request = request.header(name, value);
        }
    }
    let request = request.body(axum::body::Body::from(body));
    request.map_err(|error| {
        let told = format!("there is no such request: {error}");
        Refusal::new(Code::InvalidRequest, told)
    })
}
