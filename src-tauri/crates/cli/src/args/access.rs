//! Who may call, and who changed what.

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::time;

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    /// Only those since this time, such as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Timestamp>,
    /// Only those before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<Timestamp>,
    /// Only those in which this text occurs, such as provider.update or refused
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) q: Option<String>,
    /// Go on where the last page ended: the word after its "more: --cursor"
    #[arg(long)]
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tokens {
    /// List them, masked, with what was done with them today
    List,
    /// Make a client token and print it, once
    Add(Box<NewToken>),
    /// Take a client token away; clients that present it are refused from then on
    Remove {
        /// Its name
        name: String,
    },
    /// Put a new admin token in the old one's place and print it; sessions of the window end
    RotateAdmin,
    /// Tell whose a token is and what it is good for; it is read from standard input
    Validate,
}

#[derive(Debug, Args)]
pub(crate) struct NewToken {
    /// Its name, by which the history tells it
    pub(crate) name: String,
    /// What it may be used for: inference, models, admin:read, admin:write; may be given more than once [default: inference]
    #[arg(long)]
    pub(crate) scope: Vec<String>,
    /// A group that may serve it; may be given more than once [default: all]
    #[arg(long)]
    pub(crate) group: Vec<String>,
    /// A model name or glob that it may ask for; may be given more than once [default: all]
    #[arg(long)]
    pub(crate) model: Vec<String>,
    /// Requests a minute
    #[arg(long, value_name = "NUMBER")]
    pub(crate) rpm: Option<u32>,
    /// Tokens a minute
    #[arg(long, value_name = "NUMBER")]
    pub(crate) tpm: Option<u32>,
    /// Requests at once
    #[arg(long, value_name = "NUMBER")]
    pub(crate) concurrency: Option<u32>,
    /// US dollars in a period
    #[arg(long, value_name = "NUMBER")]
    pub(crate) usd: Option<f64>,
    /// The period of --usd: hour, day, week or month [default: day]
    #[arg(long, requires = "usd")]
    pub(crate) per: Option<String>,
    /// The time from which it is refused, such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) expires: Option<Timestamp>,
}
