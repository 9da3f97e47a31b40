//! What is watched as it happens.

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::time;
use crate::names;

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Stay, and tell what is logged as it happens
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// How many lines at most, the last ones
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) lines: u32,
    /// Only lines of this level, and graver ones
    #[arg(long, default_value = "trace", hide_default_value = true)]
    pub(crate) level: Level,
    /// Only lines that name this provider
    #[arg(long, add = names::providers())]
    pub(crate) provider: Option<String>,
    /// Only lines that name this request, by its id or the beginning of it
    #[arg(long, value_name = "ID", add = names::requests())]
    pub(crate) request: Option<String>,
    /// Only lines in which this text occurs
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) q: Option<String>,
    /// Only lines since this time, such as 2h, yesterday or 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time::past)]
    pub(crate) since: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Write a new one where there is one already, which is kept beside it
    #[arg(long)]
    pub(crate) force: bool,
    /// Use this of what is found at once; may be given more than once. A terminal is asked about each without it
    #[arg(long = "use", value_name = "NAME")]
    pub(crate) uses: Vec<String>,
}

/// How grave a line is, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}
