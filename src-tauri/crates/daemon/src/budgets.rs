//! Budgets: what was spent is looked at after every few requests; at its marks the user is told, and at the largest one
//! the group is switched or requests are refused.

use std::collections::HashSet;
use std::time::Duration;

use gateway::Blocks;
use jiff::{Timestamp, ToSpan as _, Zoned, civil::Weekday};
use ledger::{Ledger, Spender, Usd};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::handle::Daemon;
use crate::settings::{Budget, Period, Then};
use crate::view::{Notice, NoticeKind, Payload};

/// Between two looks at least.
const APART: Duration = Duration::from_millis(500);
/// Between two looks at most, as a period can end and the config can change.
const AT_MOST: Duration = Duration::from_secs(3);
/// A look that takes long is followed by a pause so many times as long.
const SHARE: u32 = 20;

/// Looks at the budgets whenever the ledger was written, until the instance stops.
pub(crate) async fn watch(daemon: Daemon, ledger: Ledger) {
    let mut commits = ledger.commits();
    let stop = daemon.stopping();
    let mut told = Told::default();
    loop {
        let begun = Instant::now();
        daemon.look_at_budgets(&ledger, &mut told).await;
        let pause = (begun.elapsed() * SHARE).clamp(APART, AT_MOST);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        tokio::select! {
            commit = commits.recv() => if matches!(commit, Err(RecvError::Closed)) {
                return;
            },
            () = tokio::time::sleep(AT_MOST) => {}
            () = stop.cancelled() => return,
        }
        commits = commits.resubscribe(); // what else was written is looked at with it
    }
}

/// Which marks of which budgets were reached, each once a period.
#[derive(Debug, Default)]
struct Told {
    begun: bool,
    marks: HashSet<(String, Timestamp, u64)>,
}

impl Daemon {
    async fn look_at_budgets(&self, ledger: &Ledger, told: &mut Told) {
        let budgets = self.loaded().settings.ledger.budgets.clone();
        let now = Zoned::now();
        let mut blocks = Blocks::default();
        for budget in &budgets {
            let Some(standing) = Standing::of(budget, ledger, &now).await else {
                continue;
            };
            if standing.is_over() && budget.then == Then::Block {
                let why = standing.why();
                match &budget.token {
                    Some(token) => _ = blocks.tokens.insert(token.clone(), why),
                    None => blocks.all = Some(why),
                }
            }
            for share in budget.at.iter().copied() {
                let mark = (budget.name.clone(), standing.since, share.to_bits());
                // What was reached before the start is no news, and a group chosen since then stays.
                if standing.reached(share) && told.marks.insert(mark) && told.begun {
                    self.mark_reached(&standing, share);
                }
            }
        }
        told.begun = true;
        self.instance().gateway.block(blocks);
    }

    fn mark_reached(&self, standing: &Standing<'_>, share: f64) {
        let budget = standing.budget;
        let spent = rounded(standing.spent);
        let then = match &budget.then {
            _ if share < standing.last() => String::new(),
            Then::Notify => String::new(),
            Then::Block => format!("; requests are refused until {}", standing.until),
            Then::Group(group) => match self.activate(group) {
                Ok(_) => format!("; group {group} was chosen"),
                Err(error) => format!("; group {group} could not be chosen: {error}"),
            },
        };
        let title = format!("Budget {}: {:.0} %", budget.name, share * 100.0);
        let body = format!("{spent} of {} US dollars are spent{then}", standing.limit);
        tracing::warn!("{title}: {body}");
        self.feed().publish(Payload::Notice(Notice {
            kind: NoticeKind::Budget,
            title,
            body,
            at: Timestamp::now(),
        }));
        self.instance().nudge();
    }
}

/// How a budget stands now.
struct Standing<'b> {
    budget: &'b Budget,
    limit: Usd,
    spent: Usd,
    since: Timestamp,
    until: Timestamp,
}

impl<'b> Standing<'b> {
    async fn of(budget: &'b Budget, ledger: &Ledger, now: &Zoned) -> Option<Self> {
        let (since, until) = period(budget.per, now)?;
        let spender = Spender {
            token: budget.token.clone(),
            group: budget.group.clone(),
            provider: budget.provider.clone(),
        };
        let spent = ledger.spent(&spender, since.as_millisecond()).await;
        let spent = spent
            .map_err(|error| tracing::warn!("budget {} is not looked at: {error}", budget.name));
        Some(Self {
            budget,
            limit: dollars(budget.limit_usd)?,
            spent: spent.ok()?,
            since,
            until,
        })
    }

    /// The largest mark, at which something happens.
    fn last(&self) -> f64 {
        self.budget.at.iter().copied().fold(0.0, f64::max)
    }

    fn reached(&self, share: f64) -> bool {
        dollars(self.budget.limit_usd * share).is_some_and(|mark| self.spent >= mark)
    }

    fn is_over(&self) -> bool {
        self.last() > 0.0 && self.reached(self.last())
    }

    fn why(&self) -> String {
        let (name, spent, limit) = (&self.budget.name, rounded(self.spent), self.limit);
        let (since, until) = (self.since, self.until);
        format!(
            "the budget {name} is used up: {spent} of {limit} US dollars since {since}; it begins anew at {until}, or raise its limit_usd in [ledger]"
        )
    }
}

/// When the period around a moment began, and when the next one begins, by this machine's clock.
fn period(per: Period, now: &Zoned) -> Option<(Timestamp, Timestamp)> {
    let today = now.date();
    let (first, next) = match per {
        Period::Hour => {
            let hour = now.with().minute(0).second(0).subsec_nanosecond(0).build();
            let hour = hour.ok()?.timestamp();
            return Some((hour, hour + 1.hour()));
        }
        Period::Day => (today, today.saturating_add(1.day())),
        Period::Week => {
            let since = i64::from(today.weekday().since(Weekday::Monday));
            let monday = today.saturating_sub(since.days());
            (monday, monday.saturating_add(1.week()))
        }
        Period::Month => {
            let first = today.first_of_month();
            (first, first.saturating_add(1.month()))
        }
    };
    let begin = |date: jiff::civil::Date| date.to_zoned(now.time_zone().clone()).ok();
    Some((begin(first)?.timestamp(), begin(next)?.timestamp()))
}

/// A number of the config goes through its decimal form, which is what was written.
fn dollars(number: f64) -> Option<Usd> {
    format!("{number:.12}").parse().ok()
}

/// Down to hundredths of a cent, for people.
fn rounded(amount: Usd) -> Usd {
    const UNIT: i128 = 100_000_000;
    Usd::from_pico(amount.pico() / UNIT * UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_and_end_by_the_local_clock() {
        let now: Zoned = "2026-10-25T12:00:00[Europe/Berlin]".parse().unwrap(); // a Sunday of 25 hours
        let told = |per| {
            let (since, until) = period(per, &now).unwrap();
            (since.to_string(), until.to_string())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            told(Period::Hour),
            pair("2026-10-25T11:00:00Z", "2026-10-25T12:00:00Z")
        );
        assert_eq!(
            told(Period::Day),
            pair("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")
        );
        assert_eq!(
            told(Period::Week),
            pair("2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z")
        );
        assert_eq!(
            told(Period::Month),
            pair("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")
        );
    }

    #[test]
    fn amounts_are_as_they_were_written() {
        assert_eq!(dollars(0.1 * 3.0).unwrap().to_string(), "0.3");
        assert_eq!(dollars(20.0).unwrap().to_string(), "20");
        assert_eq!(rounded("1.23456789".parse().unwrap()).to_string(), "1.2345");
    }
}
