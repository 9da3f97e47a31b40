//! Who may call, and who changed what.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::time;
use crate::names;

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    /// Only those since this time, such as 2h, yesterday or 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time::past)]
    pub(crate) since: Option<Timestamp>,
    /// Only those before this time
    #[arg(long, value_name = "TIME", value_parser = time::past)]
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
        #[arg(add = names::tokens())]
        name: String,
    },
    /// Put a new admin token in the old one's place and print it; sessions of the window end
    RotateAdmin,
    /// Change what a client token is good for; its name and its value stay
    Edit(Box<EditToken>),
    /// Tell whose a token is and what it is good for, from standard input; status 1 where it is good for nothing
    Validate,
}

#[derive(Debug, Args)]
pub(crate) struct NewToken {
    /// Its name, by which the history tells it
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
}

#[derive(Debug, Args)]
pub(crate) struct EditToken {
    /// Its name
    #[arg(add = names::tokens())]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
    /// A bound to take away; may be given more than once
    #[arg(long, value_name = "BOUND")]
    pub(crate) unset: Vec<Bound>,
}

/// What bounds a token, by the names of the options that set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bound {
    Scope,
    Group,
    Model,
    Rpm,
    Tpm,
    Concurrency,
    Usd,
    Expires,
}

/// What bounds a token; where nothing is said it is good for all.
#[derive(Debug, Args)]
pub(crate) struct Bounds {
    /// What it may be used for: inference, models, admin:read, admin:write; may be given more than once [default: inference]
    #[arg(long)]
    pub(crate) scope: Vec<String>,
    /// A group that may serve it; may be given more than once [default: all]
    #[arg(long, add = names::groups())]
    pub(crate) group: Vec<String>,
    /// A model name or glob that it may ask for; may be given more than once [default: all]
    #[arg(long, add = names::models())]
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
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = dollars)]
    pub(crate) usd: Option<f64>,
    /// The period of --usd: hour, day, week or month [default: day]
    #[arg(long, requires = "usd")]
    pub(crate) per: Option<Per>,
    /// The time from which it is refused, such as 30d or 2027-01-31
    #[arg(long, value_name = "TIME", value_parser = time::coming)]
    pub(crate) expires: Option<Timestamp>,
}

/// A period in which dollars are counted.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Per {
    Hour,
    Day,
    Week,
    Month,
}

fn dollars(text: &str) -> Result<f64, String> {
    let usd = text
        .parse()
        .map_err(|_| "it is not a number of US dollars, such as 2.5".to_owned())?;
    if usd > 0.0 {
        Ok(usd)
    } else {
        Err("it must be more than zero US dollars".to_owned())
    }
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Prices {
    #[command(subcommand)]
    pub(crate) what: Option<OwnPrice>,
    /// Only models whose name or seller has this text
    pub(crate) model: Option<String>,
    /// What holds at this provider, its factor told beside
    #[arg(long, add = names::providers())]
    pub(crate) provider: Option<String>,
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    /// Go on where the last page ended: the word after its "more: --cursor"
    #[arg(long)]
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OwnPrice {
    /// Set a price of your own, in US dollars for a million tokens
    Set {
        /// The model, as the provider names it
        model: String,
        /// Prompt tokens
        #[arg(long, value_name = "USD")]
        input: String,
        /// Tokens of the answer
        #[arg(long, value_name = "USD")]
        output: String,
        /// Prompt tokens from a cache
        #[arg(long, value_name = "USD")]
        cache_read: Option<String>,
        /// Prompt tokens kept for five minutes
        #[arg(long = "cache-write-5m", value_name = "USD")]
        cache_write_5m: Option<String>,
        /// Prompt tokens kept for an hour
        #[arg(long = "cache-write-1h", value_name = "USD")]
        cache_write_1h: Option<String>,
        /// The provider that it is for [default: all]
        #[arg(long, add = names::providers())]
        provider: Option<String>,
    },
    /// Take a price of your own away; the list's holds again
    Reset {
        /// The model
        model: String,
        /// The provider that it was set for [default: all]
        #[arg(long, add = names::providers())]
        provider: Option<String>,
    },
}
