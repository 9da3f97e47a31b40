use serde::Serialize;

use super::{Connection, Group, LogLine, Notice, Provider, Request, Status, Today};

/// One event of `GET /api/v1/stream`.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Grows by one with each event since the start; `Last-Event-ID` of a client that comes back.
    pub id: u64,
    /// What happened.
    pub payload: Payload,
}

/// What an event carries. It serialises as the thing alone; its kind travels as the event's name.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Payload {
    /// The status, after a change and as a heartbeat.
    Status(Box<Status>),
    /// A provider that changed.
    Provider(Box<Provider>),
    /// A group that changed.
    Group(Box<Group>),
    /// A request that moved on, in the shape of a list row.
    Request(Box<Request>),
    /// Something worth telling a person.
    Notice(Box<Notice>),
    /// A client that began or ended to wait for an answer, or waits for it elsewhere.
    Connection(Box<Connection>),
    /// A line of the log.
    Log(Box<LogLine>),
    /// The sums of today, after a change.
    Usage(Today),
}

impl Payload {
    /// The event's name in the stream and in its `events` filter.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Provider(_) => "provider",
            Self::Group(_) => "group",
            Self::Request(_) => "request",
            Self::Notice(_) => "notice",
            Self::Connection(_) => "connection",
            Self::Log(_) => "log",
            Self::Usage(_) => "usage",
        }
    }
}
