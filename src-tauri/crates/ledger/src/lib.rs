//! The ledger: every request, every attempt, every token and every cent, in a database.
//!
//! Plain data goes in (`Event`), plain data comes out (`Row`, `Detail`, `Totals`). Writing happens in
//! one task behind a bounded queue, so that recording never delays a request; what cannot be written
//! is counted and told, never waited for. This crate knows nothing of providers, of HTTP or of
//! secrets: keys arrive already masked. It must never guess a price, and money never touches a
//! floating-point number.

mod audit;
mod bodies;
mod book;
mod branch;
mod cells;
mod combinations;
mod cursor;
mod daily;
mod errand;
mod error;
mod event;
mod export;
mod failures;
mod grouped;
mod health;
mod hourly;
mod import;
mod kind;
mod last_used;
mod latency;
mod marks;
mod migrate;
mod money;
mod open;
mod place;
mod prices;
mod query;
#[cfg(test)]
mod query_tests;
mod quote;
mod read;
mod record;
mod row;
mod search;
mod select;
mod span;
mod spent;
mod store;
mod timeline;
mod totals;
mod usage;
mod vacuum;
mod writer;
mod zone;

pub use audit::{AuditEntry, AuditFilter, AuditPage, Change};
pub use bodies::{Bodies, Body, BodyRow, Side};
pub use error::OpenError;
pub use event::{
    AttemptEnded, AttemptStarted, End, Ended, Event, Mark, Marked, Routed, Started, Streaming,
    Usage,
};
pub use export::{Export, Format};
pub use health::Health;
pub use import::{Imported, TakenIn};
pub use latency::Percentiles;
pub use money::{MoneyError, Multiplier, Usd};
pub use open::{Ledger, Opened, Options};
pub use place::Place;
pub use prices::{
    Hours, Listed, LongContext, PerMillion, Price, PriceError, Prices, Rates, Tariff,
};
pub use query::{Filter, Page, QueryError};
pub use quote::{FrozenPrice, Quote};
pub use row::{AttemptRow, Cost, Detail, Row, Tokens};
pub use spent::Spender;
pub use timeline::TimelineEvent;
pub use totals::Totals;
pub use usage::{By, UsageFilter, UsageReport, UsageRow};
pub use vacuum::Vacuumed;
pub use writer::Writer;
