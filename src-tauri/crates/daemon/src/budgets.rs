//! Budgets: what was spent is looked at after every few requests and whenever the config changed; at its marks the user is
//! told, and at the largest one the group is switched or requests are refused.
//!
//! Each mark is acted on once a period, which the ledger remembers: also where it was passed before the start, or before
//! the budget was written into the config. What is under way is not booked yet, so that a limit can be passed by that.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use gateway::Blocks;
use jiff::{Timestamp, ToSpan as _, Zoned, civil::Weekday};
use ledger::{Ledger, QueryError, Spender, Usd};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout};

use crate::handle::Daemon;
use crate::instance::hold;
use crate::notices::{Done, News, Spent};
use crate::settings::{Budget, OF_TOKEN, Period, Then};
use crate::view::{self, BudgetState};

/// Between two looks at least.
const APART: Duration = Duration::from_millis(500);
/// Between two looks at most, as a period can end and the config can change.
const AT_MOST: Duration = Duration::from_secs(3);
/// A look that takes long is followed by a pause so many times as long.
const SHARE: u32 = 20;

/// How long it may take to remember a mark; the writer may be busy, or unable to write.
const REMEMBER_MAX: Duration = Duration::from_secs(5);

/// How budgets were when they were last looked at.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    told: Mutex<Vec<view::Budget>>,
    changed: Notify,
}

impl Budgets {
    /// The config changed: they are looked at at once.
    pub(crate) fn look_again(&self) {
        self.changed.notify_one();
    }
}

/// Looks at the budgets whenever the ledger was written or the config changed, until the instance stops.
pub(crate) async fn watch(daemon: Daemon, ledger: Ledger) {
    let mut commits = ledger.commits();
    let stop = daemon.stopping();
    let changed = || daemon.instance().budgets.changed.notified();
    let mut known = Known::default();
    loop {
        let begun = Instant::now();
        daemon.look_at_budgets(&ledger, &mut known).await;
        let pause = (begun.elapsed() * SHARE).clamp(APART, AT_MOST);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = changed() => continue,
            () = stop.cancelled() => return,
        }
        tokio::select! {
            commit = commits.recv() => if matches!(commit, Err(RecvError::Closed)) {
                return;
            },
            () = tokio::time::sleep(AT_MOST) => {}
            () = changed() => {}
            () = stop.cancelled() => return,
        }
        commits = commits.resubscribe(); // what else was written is looked at with it
    }
}

/// What earlier looks found.
#[derive(Debug, Default)]
struct Known {
    /// What was spent since a time, by the budgets' names, for when the ledger cannot be read: a limit that was passed
    /// stays passed.
    spent: HashMap<String, (Spender, Timestamp, Usd)>,
    /// Marks that were acted on, by the beginnings of their periods.
    marks: HashMap<String, Timestamp>,
}

impl Known {
    /// What was spent; `None` if that is not known.
    async fn spent(&mut self, budget: &Budget, ledger: &Ledger, since: Timestamp) -> Option<Usd> {
        let spender = Spender {
            token: budget.token.clone(),
            group: budget.group.clone(),
            provider: budget.provider.clone(),
        };
        let spent = ledger.spent(&spender, since.as_millisecond()).await;
        match spent {
            Ok(spent) => {
                let known = (spender, since, spent);
                self.spent.insert(budget.name.clone(), known);
                Some(spent)
            }
            Err(error) => {
                tracing::warn!(
                    "what was spent of budget {} cannot be read: {error}",
                    budget.name
                );
                let known = self.spent.get(&budget.name);
                let same = known.filter(|known| (&known.0, known.1) == (&spender, since));
                same.map(|known| known.2)
            }
        }
    }

    /// Whether a mark is to be acted on now. One that cannot be remembered in time is acted on once until the next
    /// start.
    async fn is_new(&mut self, mark: String, since: Timestamp, ledger: &Ledger) -> bool {
        if self.marks.get(&mark) == Some(&since) {
            return false;
        }
        let remembered = ledger.remember_mark(since.as_millisecond(), &mark);
        let remembered = timeout(REMEMBER_MAX, remembered).await;
        self.marks.insert(mark, since);
        let Ok(new) = remembered else {
            tracing::warn!(
                "that a budget reached a mark is not remembered yet: the ledger is busy"
            );
            return true;
        };
        new.unwrap_or_else(|error: QueryError| {
            tracing::warn!("that a budget reached a mark is not remembered: {error}");
            true
        })
    }
}

impl Daemon {
    /// What `GET /api/v1/budgets` answers.
    pub fn budgets(&self) -> Vec<view::Budget> {
        hold(&self.instance().budgets.told).clone()
    }

    async fn look_at_budgets(&self, ledger: &Ledger, known: &mut Known) {
        let budgets = self.loaded().settings.ledger.budgets.clone();
        let now = Zoned::now();
        let mut blocks = Blocks::default();
        let mut standings = Vec::new();
        for budget in &budgets {
            let Some(standing) = Standing::of(budget, ledger, known, &now).await else {
                continue;
            };
            if standing.state() == BudgetState::Blocked {
                let why = standing.why();
                match &budget.token {
                    Some(token) => _ = blocks.tokens.insert(token.clone(), why),
                    None => blocks.all = Some(why),
                }
            }
            standings.push(standing);
        }
        // At once: to remember marks has to wait for the writer, which may be unable to write.
        self.instance().gateway.block(blocks);
        self.budgets_stand(&standings);
        for standing in &standings {
            let mut highest = None::<f64>;
            for share in standing.budget.at.iter().copied() {
                let mark = standing.mark(share);
                if standing.reached(share) && known.is_new(mark, standing.since, ledger).await {
                    highest = Some(highest.map_or(share, |before| before.max(share)));
                }
            }
            // Of marks that are passed at once the largest says it all.
            if let Some(share) = highest {
                self.mark_reached(standing, share);
            }
        }
    }

    fn budgets_stand(&self, standings: &[Standing<'_>]) {
        let told: Vec<_> = standings.iter().map(Standing::told).collect();
        let mut last = hold(&self.instance().budgets.told);
        if *last != told {
            *last = told;
            self.instance().nudge();
        }
    }

    fn mark_reached(&self, standing: &Standing<'_>, share: f64) {
        let budget = standing.budget;
        let done = match &budget.then {
            _ if share < standing.last() => Done::Told,
            Then::Notify => Done::Told,
            Then::Block => Done::Refused {
                local: local(standing.until),
            },
            Then::Group(group) => match self.audited(
                &format!("budget {}", budget.name),
                "group.activate",
                Some(group),
                || self.take_over(group, &budget.name),
            ) {
                Ok(_) => Done::Chosen {
                    group: group.clone(),
                },
                Err(error) => Done::NotChosen {
                    group: group.clone(),
                    why: error.to_string(),
                },
            },
        };
        let (spent, limit) = (rounded(standing.spent), standing.limit);
        tracing::warn!(
            "budget {}: {spent} of {limit} US dollars are spent, {:.0} % was a mark",
            budget.name,
            share * 100.0
        );
        self.tell(News::Spent(Spent {
            budget: budget.name.clone(),
            share,
            amount: spent.to_string(),
            limit: limit.to_string(),
            until: standing.until,
            done,
        }));
        self.instance().nudge();
    }
}

/// How a budget stands now.
#[derive(Debug, Clone)]
struct Standing<'b> {
    budget: &'b Budget,
    limit: Usd,
    spent: Usd,
    since: Timestamp,
    until: Timestamp,
}

impl<'b> Standing<'b> {
    async fn of(
        budget: &'b Budget,
        ledger: &Ledger,
        known: &mut Known,
        now: &Zoned,
    ) -> Option<Self> {
        let (since, until) = period(budget.per, now)?;
        Some(Self {
            budget,
            limit: dollars(budget.limit_usd)?,
            spent: known.spent(budget, ledger, since).await?,
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

    fn state(&self) -> BudgetState {
        match self.budget.then {
            _ if !self.is_over() => BudgetState::Ok,
            Then::Block => BudgetState::Blocked,
            Then::Notify | Then::Group(_) => BudgetState::Reached,
        }
    }

    /// What tells a mark from all others, and from those of the budget before it was changed.
    fn mark(&self, share: f64) -> String {
        let amount = dollars(self.budget.limit_usd * share).unwrap_or_default();
        let then = match &self.budget.then {
            then if share >= self.last() => then_word(then),
            _ => then_word(&Then::Notify),
        };
        format!("{}: {amount}, {then}", self.budget.name)
    }

    fn told(&self) -> view::Budget {
        let budget = self.budget;
        view::Budget {
            name: budget.name.clone(),
            limit_usd: self.limit.to_string(),
            spent_usd: self.spent.to_string(),
            per: budget.per.to_string(),
            since: self.since,
            until: self.until,
            share: self.spent.pico() as f64 / self.limit.pico().max(1) as f64,
            state: self.state(),
            then: then_word(&budget.then),
            token: budget.token.clone(),
            group: budget.group.clone(),
            provider: budget.provider.clone(),
        }
    }

    fn why(&self) -> String {
        let (name, spent, limit) = (&self.budget.name, rounded(self.spent), self.limit);
        let (since, until) = (self.since, self.until);
        let remedy = if name.starts_with(OF_TOKEN) {
            "raise limits.usd of the token in [server]"
        } else {
            "raise its limit_usd in [ledger]"
        };
        format!(
            "the budget {name} is used up: {spent} of {limit} US dollars since {since}; it begins anew at {until}, or {remedy}"
        )
    }
}

/// What happens, as the config says it.
fn then_word(then: &Then) -> String {
    match then {
        Then::Notify => "notify".to_owned(),
        Then::Group(group) => format!("group:{group}"),
        Then::Block => "block".to_owned(),
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

/// A time as this machine's clock will show it.
fn local(time: Timestamp) -> String {
    let zone = jiff::tz::TimeZone::system();
    time.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string()
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
