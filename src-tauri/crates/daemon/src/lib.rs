//! Puts the parts together: settings, secrets, the admin API, the life of an instance.
//!
//! [`Daemon`] is the handle that the command line and the desktop hold. What it answers is exactly what the admin API
//! answers ([`view`]); there is no second way to the truth. No secret leaves this crate but through
//! [`view::Connect`] and [`Running::token`], which exist to hand one over.

mod admin;
mod audit;
mod budgets;
mod captures;
mod chat;
mod chat_stream;
mod choices;
mod claude_logs;
mod client_programs;
mod commands;
mod costs;
pub mod doctor;
mod drafts;
mod edits;
mod feed;
pub mod first_start;
mod found;
mod gauges;
mod handle;
pub mod import;
mod instance;
mod keys;
mod lifecycle;
mod listen;
mod live;
mod loaded;
mod locale;
mod lock;
pub mod log;
mod looks;
mod metrics;
mod models;
mod notices;
mod options;
mod place;
mod practice_hosts;
mod presets;
mod pricing;
mod process;
mod publisher;
mod pump;
mod record;
mod redact;
mod reload;
mod replay;
mod retention;
mod running;
pub mod secrets;
mod series;
mod sessions;
pub mod settings;
mod single_settings;
mod tail;
mod tokens;
mod traces;
mod trial;
mod ui;
pub mod view;
mod whole_config;
mod woken;

pub use client_programs::ConnectWish;
pub use gateway::program;
pub use handle::{CommandError, Daemon, StartError};
pub use locale::Locale;
pub use options::Options;
pub use place::{Place, PlaceError};
pub use running::{Running, RunningError};
pub use woken::Woken;

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
