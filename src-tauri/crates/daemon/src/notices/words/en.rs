//! English.

use routing::Reason;

use super::{Words, cents};
use crate::notices::news::{Done, News, Spent};

pub(super) fn words(news: &News) -> Words {
    let (title, body) = match news {
        News::Failover {
            from,
            to,
            why,
            cost,
            ..
        } => {
            let group = news
                .group()
                .map_or_else(String::new, |group| format!(" (group {group})"));
            let cost = cents(*cost).map_or_else(String::new, |cost| {
                format!("; failover cost about {cost} of cache")
            });
            let why = because(*why);
            (
                format!("Switched to {to}"),
                format!("Switched from {from} to {to}{group}: {from} {why}{cost}"),
            )
        }
        News::Recovered { provider } => (
            format!("{provider} is back"),
            format!("{provider} serves again"),
        ),
        News::AllDown => (
            "Nothing can serve".to_owned(),
            "No provider can serve now: requests wait or fail until one is back".to_owned(),
        ),
        News::AuthFailed { provider, key } => {
            let which = key.as_ref().map_or_else(
                || "its credential".to_owned(),
                |key| format!("the key {key}"),
            );
            let program = crate::program();
            (
                format!("{provider} refuses a key"),
                format!(
                    "{provider} refuses {which}: set a new one with `{program} keys set {provider}`"
                ),
            )
        }
        News::Spent(spent) => (
            format!("{}: {:.0} %", called(spent), spent.share * 100.0),
            budget(spent),
        ),
    };
    Words { title, body }
}

fn called(spent: &Spent) -> String {
    match spent.token() {
        Some(token) => format!("Limit of token {token}"),
        None => format!("Budget {}", spent.budget),
    }
}

fn budget(spent: &Spent) -> String {
    let done = match &spent.done {
        Done::Told => String::new(),
        Done::Refused { local } => format!("; requests are refused until {local}"),
        Done::Chosen { group } => format!("; group {group} was chosen"),
        Done::NotChosen { group, why } => format!("; group {group} could not be chosen: {why}"),
    };
    format!(
        "{} of {} US dollars are spent{done}",
        spent.amount, spent.limit
    )
}

pub(super) fn more(before: u32) -> String {
    match before {
        1 => ". One more like this in the minute before".to_owned(),
        _ => format!(". {before} more like this in the minute before"),
    }
}

/// A failure as the end of a sentence that begins with the provider.
pub(crate) fn because(why: Reason) -> &'static str {
    match why {
        Reason::RateLimited => "limits the rate",
        Reason::Overloaded => "is overloaded",
        Reason::ServerError => "has a server error",
        Reason::Network => "cannot be reached",
        Reason::Timeout => "does not answer in time",
        Reason::Auth => "refuses its key",
        Reason::InvalidRequest => "refuses the request",
        Reason::NotFound => "does not have the model",
        Reason::EmptyResponse => "answers with nothing",
        Reason::StreamCut => "breaks off its answers",
        Reason::ClientCancelled => "was left by the client",
        Reason::Budget => "has used up its budget",
    }
}
