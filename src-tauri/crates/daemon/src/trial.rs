//! A tiny real request to one provider, on the way that a client's would go, so that it is recorded and counted too.

use std::time::Duration;

use axum::body::Body;
use gateway::Gateway;
use http::{HeaderMap, Request, header};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::handle::{CommandError, Daemon};
use crate::looks::no_such;
use crate::settings::Provider;
use crate::view::ProviderTest;

/// Asked where the config names no models; every Anthropic-like provider knows or maps it.
const MODEL: &str = "claude-haiku-4-5";
/// How long a provider may take: a person looks on.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest answer that is read, in bytes.
const LARGEST: usize = 1 << 20;

impl Daemon {
    /// Sends a tiny request to a provider and tells how it went.
    pub async fn test_provider(&self, name: &str) -> Result<ProviderTest, CommandError> {
        self.try_out(name, None).await
    }

    /// As [`Self::test_provider`], with one key alone if one is given.
    pub(crate) async fn try_out(
        &self,
        name: &str,
        key: Option<&str>,
    ) -> Result<ProviderTest, CommandError> {
        let loaded = self.loaded();
        let provider = loaded
            .settings
            .provider(name)
            .ok_or_else(|| no_such("provider", name))?;
        tried(&self.instance().gateway, name, model(provider), key).await
    }
}

/// Sends a tiny request to the provider `name` of a gateway, with one key alone if one is given.
pub(crate) async fn tried(
    gateway: &Gateway,
    name: &str,
    model: String,
    key: Option<&str>,
) -> Result<ProviderTest, CommandError> {
    let body = json!({ "model": model, "max_tokens": 16, "messages": [{ "role": "user", "content": "Say ok." }] });
    let request = Request::post(format!("/provider/{}/v1/messages", encoded(name)))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "turnout-test")
        .header("anthropic-version", "2023-06-01")
        .extension(gateway::Own)
        .extension(gateway::Impatient)
        .body(Body::from(body.to_string()));
    let mut request = request.map_err(|error| CommandError::Refused(error.to_string()))?;
    let by_hand = gateway::ByHand(key.map(Into::into));
    request.extensions_mut().insert(by_hand);
    let began = Instant::now();
    let asked = gateway.router().oneshot(request);
    let Ok(Ok(answer)) = tokio::time::timeout(PATIENCE, asked).await else {
        return Ok(ProviderTest {
            ok: false,
            provider: name.to_owned(),
            model,
            model_answered: None,
            latency_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            http_status: None,
            request_id: None,
            error: Some(format!("It did not answer within {} s", PATIENCE.as_secs())),
        });
    };
    let status = answer.status();
    let request_id = request_id(answer.headers());
    let body = axum::body::to_bytes(answer.into_body(), LARGEST)
        .await
        .unwrap_or_default();
    let answered: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |pointer: &str| {
        answered
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(ToOwned::to_owned)
    };
    let error = || match text("/error/message") {
        Some(told) => sentence(&told, name, request_id.as_deref()),
        None => format!("It answered {status}"),
    };
    let error = (!status.is_success()).then(error);
    Ok(ProviderTest {
        ok: status.is_success(),
        provider: name.to_owned(),
        model,
        model_answered: text("/model"),
        latency_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        http_status: Some(status.as_u16()),
        request_id,
        error,
    })
}

/// What went wrong at the one provider that was asked, as a sentence of its own: whose it is and which request it was is
/// told beside it.
fn sentence(told: &str, provider: &str, request_id: Option<&str>) -> String {
    let told = told.strip_prefix("Turnout: ").unwrap_or(told);
    let id = request_id.map(|id| format!(" ({id})")).unwrap_or_default();
    let told = told.strip_suffix(&id).unwrap_or(told);
    let Some(of_it) = told.strip_prefix(provider) else {
        return told.to_owned();
    };
    if let Some(what) = of_it.strip_prefix(": ") {
        let mut letters = what.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        return first.chain(letters).collect();
    }
    of_it
        .strip_prefix(' ')
        .map_or_else(|| told.to_owned(), |what| format!("It {what}"))
}

/// The cheapest that the config names.
pub(crate) fn model(provider: &Provider) -> String {
    let models = &provider.models;
    let named = models
        .small
        .first()
        .or(models.middle.first())
        .or(models.big.first());
    named.cloned().unwrap_or_else(|| MODEL.to_owned())
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    Some(
        headers
            .get("x-turnout-request-id")?
            .to_str()
            .ok()?
            .to_owned(),
    )
}

/// A name as one segment of a path.
pub(crate) fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_test_tells_what_went_wrong_and_nothing_around_it() {
        let id = Some("req-1a2b");
        for (told, wanted) in [
            (
                "Turnout: draft: no connection to http://127.0.0.1:9: connection refused (req-1a2b)",
                "No connection to http://127.0.0.1:9: connection refused",
            ),
            (
                "Turnout: draft answered 401: no such key (req-1a2b)",
                "It answered 401: no such key",
            ),
            ("no such key", "no such key"),
            ("drafty words", "drafty words"),
        ] {
            assert_eq!(sentence(told, "draft", id), wanted);
        }
    }
}
