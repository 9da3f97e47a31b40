//! What the outside sees: the shapes of the admin API, the event stream, the tray and the command line.
//!
//! Plain data with exactly the field names of the admin contract. Never holds a secret: a key is its masked form.

pub(crate) mod board;
mod budget;
mod client;
mod config;
mod connect;
mod connection;
mod event;
mod found;
mod group;
mod health;
mod list;
mod log;
mod notice;
mod preset;
mod price;
mod provider;
mod replay;
mod request;
mod rule;
mod series;
mod setting;
mod status;
mod suspended;
mod token;

pub use budget::{Budget, BudgetState};
pub use client::ClientProgram;
pub use config::{Config, ConfigCheck, Reloaded};
pub use connect::{Connect, Link};
pub use connection::Connection;
pub use event::{Event, Payload};
pub use found::{Found, FoundKind, Taken};
pub use group::{Group, GroupState, Health, Member};
pub use health::{
    DatabaseHealth, DetailedHealth, DiskHealth, EventLoopHealth, Liveness, MemoryHealth,
    ProviderHealth,
};
pub use list::List;
pub use log::LogLine;
pub use notice::{BudgetDeed, BudgetNotice, Notice, NoticeKind};
pub use preset::Preset;
pub use price::ModelPrice;
pub use provider::{
    Forecast, Key, ListedModel, ModelRest, Models, Provider, ProviderTest, Quota, SecretStore,
};
pub use replay::{Replay, ReplaySide, Said, ToolCall};
pub use request::{Cost, Request};
pub use rule::{Explained, Explanation, Rule};
pub use series::{ProviderSeries, Series, TotalSeries};
pub use setting::{Setting, SettingList};
pub use status::{
    GroupSummary, Mode, Outage, Problem, ProblemKind, Rest, Status, Takeover, Today, WorkMode,
};
pub use suspended::Suspended;
pub use token::{
    AdminToken, ClientToken, NewAdminToken, NewClientToken, TokenLimits, TokenToday, TokenWorth,
};
