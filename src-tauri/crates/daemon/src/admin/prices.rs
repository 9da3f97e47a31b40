//! `GET /prices`, what models cost, and `PUT` and `DELETE /prices/{model}`, one's own prices.

use axum::extract::State;
use axum::routing::{get, put};
use axum::{Json, Router};
use http::StatusCode;
use ledger::{PerMillion, Rates};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::refusal::{Asked, Body, Code, Named, Refusal, Shape};
use crate::Daemon;
use crate::pricing::Wanted;
use crate::view::{List, ModelPrice};

/// The paths of prices, below `/api/v1`. A model's name may have slashes.
pub(super) fn router() -> Router<Daemon> {
    Router::new()
        .route("/prices", get(list))
        .route("/prices/{*model}", put(set).delete(remove))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    q: Option<String>,
    provider: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

async fn list(
    State(daemon): State<Daemon>,
    Asked(query): Asked<Query>,
) -> Result<Json<List<ModelPrice>>, Refusal> {
    let wanted = Wanted {
        q: query.q,
        provider: query.provider,
        limit: query.limit.unwrap_or(50).clamp(1, 1000) as usize,
        cursor: query.cursor,
    };
    Ok(Json(daemon.prices(&wanted)?))
}

/// A price as it is sent.
#[derive(Deserialize)]
#[serde(transparent)]
struct Sent(Map<String, Value>);

impl Shape for Sent {
    const SHAPE: &'static str = r#"{"provider": "NAME" (all without it), "input": "0.6", "output": "2.2", "cache_read", "cache_write_5m", "cache_write_1h"}, in US dollars for a million tokens"#;
}

/// What is shown of a price and cannot be set: a price that was read may be sent back.
const SHOWN: [&str; 5] = ["model", "seller", "date", "source", "multiplier"];

async fn set(
    State(daemon): State<Daemon>,
    Named(model): Named,
    Body(Sent(mut sent)): Body<Sent>,
) -> Result<Json<ModelPrice>, Refusal> {
    let provider = match sent.remove("provider") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => return Err(wrong("`provider` must be the name of a provider")),
    };
    let rates = Rates {
        input: needed(&mut sent, "input")?,
        output: needed(&mut sent, "output")?,
        cache_read: rate(&mut sent, "cache_read")?,
        cache_write_5m: rate(&mut sent, "cache_write_5m")?,
        cache_write_1h: rate(&mut sent, "cache_write_1h")?,
    };
    sent.retain(|field, _| !SHOWN.contains(&field.as_str()));
    if let Some(field) = sent.keys().next() {
        let told = format!(
            "a price of your own has no {field:?}; it is {}",
            Sent::SHAPE
        );
        return Err(wrong(told));
    }
    let price = daemon.set_price(provider.as_deref(), &model, rates).await?;
    Ok(Json(price))
}

fn wrong(told: impl Into<String>) -> Refusal {
    Refusal::new(Code::InvalidRequest, told)
}

fn needed(sent: &mut Map<String, Value>, field: &str) -> Result<PerMillion, Refusal> {
    let rate = rate(sent, field)?;
    rate.ok_or_else(|| wrong(format!("a price needs `{field}`, such as \"0.6\"")))
}

/// A decimal, as text or as a JSON number.
fn rate(sent: &mut Map<String, Value>, field: &str) -> Result<Option<PerMillion>, Refusal> {
    let text = match sent.remove(field) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    let rate = text
        .parse()
        .map_err(|told: String| wrong(format!("`{field}`: {told}")))?;
    Ok(Some(rate))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Where {
    provider: Option<String>,
}

async fn remove(
    State(daemon): State<Daemon>,
    Named(model): Named,
    Asked(asked): Asked<Where>,
) -> Result<StatusCode, Refusal> {
    daemon
        .remove_price(asked.provider.as_deref(), &model)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
