//! The models that clients can ask for, as they are told them.

use axum::body::Body;
use http::Request;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::handle::{CommandError, Daemon};

/// The largest list that is read, in bytes.
const LARGEST: usize = 8 << 20;

impl Daemon {
    /// What `GET /v1/models` tells a client, each as an object with its `id`.
    pub async fn models(&self) -> Result<Vec<Value>, CommandError> {
        let request = Request::get("/v1/models")
            .extension(gateway::Own)
            .body(Body::empty())
            .map_err(|error| CommandError::Refused(error.to_string()))?;
        let Ok(answer) = self.instance().gateway.router().oneshot(request).await;
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), LARGEST).await;
        let mut told: Value = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
        match told.get_mut("data").map(Value::take) {
            Some(Value::Array(models)) if status.is_success() => Ok(models),
            _ => {
                let why = told.pointer("/error/message").and_then(Value::as_str);
                let why =
                    why.map_or_else(|| format!("the list was answered {status}"), str::to_owned);
                Err(CommandError::Refused(why))
            }
        }
    }
}
