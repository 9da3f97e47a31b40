//! A captured request, sent again on the way of all others, and both answers side by side.

mod again;
mod answer;

use std::time::Duration;

use axum::body::to_bytes;
use dialects::Dialect;
use http::StatusCode;
use ledger::{Body, Detail, Ledger, QueryError, Side};
use serde::Deserialize;
use tower::ServiceExt as _;

use self::again::Again;
pub use self::answer::{Said, ToolCall};
use crate::handle::{CommandError, Daemon};
use crate::looks::no_such;
use crate::settings::Auth;
use crate::view::{Replay, ReplaySide};

/// The largest answer that is read, in bytes.
const LARGEST: usize = 64 << 20;
/// How long the record of a request that is over may take to be written, and between two looks.
const WRITTEN: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);
/// How long one that was begun may take to have a record at all. What is refused before that has none.
const BEGUN: Duration = Duration::from_secs(1);

/// Where a replay goes; elsewhere than the original where something is given.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReplayTo {
    /// The provider that alone is to serve it.
    pub provider: Option<String>,
    /// The model that is asked for.
    pub model: Option<String>,
}

/// Why a request can't be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It can't be done as things are.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The history can't be read.
    #[error(transparent)]
    Ledger(#[from] QueryError),
}

impl Daemon {
    /// Sends a captured request again, as client `replay` and with an id of its own, and tells both answers.
    pub async fn replay(&self, id: &str, to: &ReplayTo) -> Result<Replay, ReplayError> {
        let Some(ledger) = &self.instance().ledger else {
            let why = "there is no history, so nothing was captured that could be replayed";
            return Err(CommandError::Refused(why.to_owned()).into());
        };
        ledger.flush().await;
        let detail = ledger.request(id).await?;
        let detail = detail.ok_or_else(|| {
            CommandError::NotFound(format!("there is no request {id:?} in the history"))
        })?;
        let loaded = self.loaded();
        if let Some(name) = &to.provider {
            let found = loaded.settings.provider(name);
            let found = found.ok_or_else(|| no_such("provider", name))?;
            if found.auth == Auth::Client {
                let why = format!(
                    "the provider {name} is asked with its client's own login, which a replay does not have: choose \
                     another with `provider`"
                );
                return Err(CommandError::Refused(why).into());
            }
        }
        let bodies = ledger.bodies(id).await?;
        let again = Again::of(id, &detail, &bodies, to)?;
        let dialect = again.dialect;
        let original = ReplaySide {
            answer: original_answer(&bodies, dialect),
            ..side(&detail)
        };
        let redacted = again.redacted;
        let replay = self.send_again(ledger, again).await?;
        Ok(Replay {
            same_text: original.answer.text.is_some() && original.answer.text == replay.answer.text,
            redacted,
            original,
            replay,
        })
    }

    async fn send_again(&self, ledger: &Ledger, again: Again) -> Result<ReplaySide, ReplayError> {
        let dialect = again.dialect;
        let Ok(response) = self
            .instance()
            .gateway
            .router()
            .oneshot(again.request)
            .await;
        let (parts, body) = response.into_parts();
        let id = parts.headers.get("x-turnout-request-id");
        let id = id.and_then(|id| id.to_str().ok()).unwrap_or_default();
        let body = to_bytes(body, LARGEST).await;
        let answer = match &body {
            Ok(body) => answer::read(dialect, parts.status.as_u16(), body),
            Err(error) => Said::unread(format!("the answer broke off: {error}")),
        };
        let told = match written(ledger, id).await? {
            Some(detail) => side(&detail),
            None => ReplaySide {
                id: id.to_owned(),
                http_status: Some(parts.status.as_u16()),
                ..ReplaySide::default()
            },
        };
        Ok(ReplaySide { answer, ..told })
    }
}

/// The record of a request, once it is over.
async fn written(ledger: &Ledger, id: &str) -> Result<Option<Detail>, QueryError> {
    let now = tokio::time::Instant::now();
    let (deadline, begun) = (now + WRITTEN, now + BEGUN);
    loop {
        ledger.flush().await;
        let detail = ledger.request(id).await?;
        let is_over = detail
            .as_ref()
            .is_some_and(|detail| matches!(&*detail.status, "completed" | "failed" | "cancelled"));
        let wait = if detail.is_some() { deadline } else { begun };
        if is_over || tokio::time::Instant::now() >= wait {
            return Ok(detail);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What the client got, as far as it was captured.
fn original_answer(bodies: &[Body], dialect: Dialect) -> Said {
    let find = |attempt: u32| {
        let mut answers = bodies.iter().filter(|body| body.row.part == Side::Answer);
        answers.find(|body| body.row.attempt == attempt)
    };
    let Some(told) = find(0) else {
        return Said::unread("the answer was not captured".to_owned());
    };
    let status = told.status.unwrap_or(StatusCode::OK.as_u16());
    let from = told.row.same_as.and_then(find).unwrap_or(told);
    let said = answer::read(dialect, status, &from.body);
    Said {
        cut: said.cut || from.row.cut,
        ..said
    }
}

fn side(detail: &Detail) -> ReplaySide {
    ReplaySide {
        id: detail.id.clone(),
        status: detail.status.clone(),
        reason: detail.reason.clone(),
        http_status: detail.http_status,
        provider: detail.provider.clone(),
        model: detail.model_used.clone(),
        model_answered: detail.model_answered.clone(),
        input_tokens: detail.tokens.input_tokens,
        output_tokens: detail.tokens.output_tokens,
        cache_read_tokens: detail.tokens.cache_read_tokens,
        cache_write_tokens: detail.tokens.cache_write_tokens,
        reasoning_tokens: detail.tokens.reasoning_tokens,
        estimated: detail.estimated,
        cost_usd: detail.cost_usd.map(|cost| cost.to_string()),
        ttft_ms: detail.ttft_ms,
        duration_ms: detail.duration_ms,
        error: detail.error.clone(),
        answer: Said::default(),
    }
}
