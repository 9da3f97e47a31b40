use gateway::Traffic;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Request;

/// A client that waits for an answer, or is reading one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Connection {
    /// The request that it waits for.
    pub id: String,
    /// When that arrived.
    pub since: Timestamp,
    /// `pending`, `forwarding` or `streaming`; in events also how it ended.
    pub status: String,
    /// `retrying` or `suspended`.
    pub mark: Option<String>,
    /// The client program.
    pub client: Option<String>,
    /// Name of its token.
    pub token: Option<String>,
    /// Its session.
    pub session: Option<String>,
    /// The path called.
    pub path: Option<String>,
    /// The provider that is tried.
    pub provider: Option<String>,
    /// The model sent upstream; before that, the one asked for.
    pub model: Option<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Attempts so far.
    pub attempts: u32,
    /// Milliseconds from arrival to the first semantic output, once there was some.
    pub ttft_ms: Option<u64>,
    /// Prompt tokens, as far as providers have told them.
    pub input_tokens: u64,
    /// Output tokens: as providers have told them, estimated of what they said while they still speak.
    pub output_tokens: u64,
    /// Bytes of the request's body that the client has sent, as they came: compressed where they were.
    pub bytes_in: u64,
    /// Bytes of the answer's body that its connection has taken so far, keep-alives included.
    pub bytes_out: u64,
}

impl Connection {
    /// A request as its client's connection.
    pub(crate) fn of(row: &Request, traffic: &Traffic) -> Self {
        Self {
            id: row.id.clone(),
            since: row.started_at,
            status: row.status.clone(),
            mark: row.mark.clone(),
            client: row.client.clone(),
            token: row.token.clone(),
            session: row.session.clone(),
            path: row.path.clone(),
            provider: row.provider.clone(),
            model: row
                .model_used
                .clone()
                .or_else(|| row.model_requested.clone()),
            stream: row.stream,
            attempts: row.attempts,
            ttft_ms: row.ttft_ms,
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            bytes_in: traffic.received(),
            bytes_out: traffic.sent(),
        }
    }
}
