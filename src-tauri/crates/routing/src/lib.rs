//! Which provider serves a request, and which one next.
//!
//! Pure: no clock, no runtime, no network. `now` and the seed of chance are arguments.
//!
//! A driver calls [`Board::begin`], then [`Board::next`] until it has an answer or is told to give
//! up; each [`Step::Try`] is followed by exactly one [`Board::record`], also when the client has
//! gone, and by [`Board::committed`] before that once semantic output was seen.

mod aside;
mod board;
mod breaker;
mod change;
mod cooldown;
mod explain;
mod failover;
mod forecast;
mod heal;
mod health;
mod hedge;
mod keys;
mod load;
mod order;
mod outcome;
mod plan;
mod price;
mod resolve;
mod rule;
mod run;
mod similar;
mod step;
mod sticky;
mod topology;
mod verdict;
mod view;
mod words;

#[cfg(test)]
mod tests;

pub use board::{Board, UnknownGroup, UnknownProvider};
pub use change::Change;
pub use explain::Explained;
pub use forecast::{Forecast, Quota, Told};
pub use load::Limits;
pub use price::{Price, Prices, Used};
pub use resolve::{Glob, Tier};
pub use rule::{Expression, Facts, Hours, Rule, Then, When, decide};
pub use run::Failover;
pub use similar::Examples;
pub use step::{Ask, Candidate, Exhausted, Outcome, Pin, Prefer, Skipped, Step};
pub use sticky::{Conversation, Identity};
pub use topology::{
    BreakerPolicy, Dialect, Embedder, Group, HedgeAfter, KeyPolicy, Member, Mode, Pattern, Policy,
    Provider, Retry, Tiers, Topology,
};
pub use verdict::{Reason, Signal, Verdict, classify};
pub use view::{
    GroupState, GroupView, Health, KeyState, KeyView, MemberView, ModelRest, ProviderView, View,
};
