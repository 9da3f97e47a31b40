//! `GET /prices`, what models cost, and `PUT` and `DELETE /prices/{model}`, one's own prices.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ledger::{PerMillion, Rates};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::openapi::{Call, Calls, Entry};
use super::paged;
use super::refusal::{Asked, Body, Code, Named, Refusal, Shape};
use crate::Daemon;
use crate::pricing::Wanted;
use crate::view::{List, ModelPrice};

/// A model's name may have slashes.
pub(super) fn calls() -> Calls {
    Calls::of("Prices", Entry::Admin)
        .with(
            Call::get("/prices", list)
                .about("What models cost: one's own prices first, then the list.")
                .asks::<Query>()
                .lists::<ModelPrice>()
                .fails([Code::NotFound]),
        )
        .with(
            Call::put("/prices/{*model}", set)
                .about("Sets a price of one's own, in US dollars for a million tokens.")
                .takes::<OwnPrice>()
                .answers::<ModelPrice>()
                .edits(),
        )
        .with(
            Call::delete("/prices/{*model}", remove)
                .about("Takes a price of one's own away, so that the list's counts again.")
                .asks::<Where>()
                .answers_nothing()
                .edits(),
        )
}

/// A price of one's own, in US dollars for a million tokens: decimals as text, or as numbers.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of what is read field by field")]
struct OwnPrice {
    /// The provider that it is for; all without it.
    provider: Option<String>,
    /// Uncached prompt tokens.
    #[schema(example = "0.6")]
    input: String,
    /// Output tokens.
    #[schema(example = "2.2")]
    output: String,
    /// Tokens read from a cache.
    cache_read: Option<String>,
    /// Tokens written to a five-minute cache.
    cache_write_5m: Option<String>,
    /// Tokens written to a one-hour cache.
    cache_write_1h: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Query {
    /// Text in the model's name.
    #[serde(default, deserialize_with = "paged::sought")]
    #[param(max_length = 1000)]
    q: Option<String>,
    /// What these cost at a provider.
    provider: Option<String>,
    /// How many, from 1 to 1000; 50 when not given.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

async fn list(
    State(daemon): State<Daemon>,
    Asked(query): Asked<Query>,
) -> Result<Json<List<ModelPrice>>, Refusal> {
    let wanted = Wanted {
        q: query.q,
        provider: query.provider,
        limit: paged::limit(query.limit),
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

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Where {
    /// The provider that it is for.
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
