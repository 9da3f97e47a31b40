use clients::Standing;
use jiff::Timestamp;
use serde::Serialize;

/// A client program of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ClientProgram {
    /// How its settings stand.
    #[serde(flatten)]
    pub standing: Standing,
    /// Its version, as far as the place where it is installed tells it.
    pub version: Option<String>,
    /// Whether its settings can be changed.
    pub can_connect: bool,
    /// Whether what stood in its settings before is remembered and can be put back.
    pub can_disconnect: bool,
    /// Requests of it that are under way here.
    pub running: u64,
    /// When it last sent a request, as far as the history goes.
    pub last_request_at: Option<Timestamp>,
}
