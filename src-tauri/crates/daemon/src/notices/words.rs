//! News in words, in each language that Turnout speaks.

mod en;
mod zh_cn;

#[cfg(test)]
use routing::Reason;

use super::CENT;
use super::news::News;
use crate::locale::Locale;

pub(crate) use en::because;

/// A few words, and one sentence without its full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) title: String,
    pub(super) body: String,
}

/// The words for `news`, before which `before` of the same kind went untold.
pub(super) fn words(news: &News, before: u32, locale: Locale) -> Words {
    let (mut words, more): (Words, fn(u32) -> String) = match locale {
        Locale::En => (en::words(news), en::more),
        Locale::ZhCn => (zh_cn::words(news), zh_cn::more),
    };
    if before > 0 {
        words.body.push_str(&more(before));
    }
    words
}

/// What leaving a cache costs, in dollars and cents; `None` where it is less than a cent.
fn cents(pico: Option<u64>) -> Option<String> {
    let cents = pico?.saturating_add(CENT / 2) / CENT;
    (cents > 0).then(|| format!("${}.{:02}", cents / 100, cents % 100))
}

/// Every reason for which a provider fails.
#[cfg(test)]
pub(super) const REASONS: [Reason; 12] = [
    Reason::RateLimited,
    Reason::Overloaded,
    Reason::ServerError,
    Reason::Network,
    Reason::Timeout,
    Reason::Auth,
    Reason::InvalidRequest,
    Reason::NotFound,
    Reason::EmptyResponse,
    Reason::StreamCut,
    Reason::ClientCancelled,
    Reason::Budget,
];
