//! Sums of hours must tell what the rows tell, whatever happened in whatever order.

use jiff::tz::TimeZone;
use ledger::{By, End, Event, Ledger, Options, Spender, UsageFilter};

use crate::support::{NOON, Place, attempt, attempt_ended, ended, found, served, started, write};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const WAYS: [By; 9] = [
    By::Hour,
    By::Day,
    By::Model,
    By::Provider,
    By::Key,
    By::Group,
    By::Client,
    By::Session,
    By::Token,
];
const ZONES: [&str; 5] = [
    "UTC",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/New_York",
];

/// Numbers that a seed gives (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn one_in(&mut self, limit: u64) -> bool {
        self.below(limit) == 0
    }

    fn name(&mut self, of: &str) -> Option<String> {
        Some(format!("{of}-{}", self.below(3))).filter(|_| self.below(8) != 0)
    }

    /// In the three days around the change of the clocks in Berlin, often at an hour's very edge.
    fn time(&mut self) -> i64 {
        let time = 1_792_800_000_000 + self.below(3 * DAY as u64) as i64;
        match self.below(4) {
            0 => time / HOUR * HOUR,
            1 => time / HOUR * HOUR + HOUR - 1,
            _ => time,
        }
    }

    /// The events of a request, some of them for later.
    fn request(&mut self, id: &str) -> (Vec<Event>, Vec<Event>) {
        let at = self.time();
        let mut begun = started(id, at);
        (begun.client, begun.token) = (self.name("client"), self.name("token"));
        begun.session = self.name("session");
        let mut events = vec![Event::Started(begun)];
        let attempts = 1 + self.below(3) as u32;
        for number in 1..=attempts {
            let took = self.below(3 * HOUR as u64 / 2);
            let mut sent = attempt(id, number, at + 1);
            sent.provider = self.name("provider").unwrap_or_default();
            (sent.key, sent.group) = (self.name("key"), self.name("group").unwrap_or_default());
            if self.one_in(5) {
                sent.price = None;
            }
            let mut end = attempt_ended(id, number, at + took as i64);
            end.duration_ms = took;
            if number < attempts {
                end.verdict = "next-provider".into();
            }
            if let Some(usage) = &mut end.usage {
                usage.output = self.below(5000);
            }
            events.extend([Event::AttemptStarted(sent), Event::AttemptEnded(end)]);
        }
        let status = [End::Completed, End::Failed, End::Cancelled][self.below(3) as usize];
        let mut end = ended(id, at + 5000, status);
        end.duration_ms = self.below(60_000);
        events.push(Event::Ended(end));
        if self.one_in(6) {
            // The beginning comes late, or not at all, or the end does.
            let late = match self.below(3) {
                0 => vec![events.remove(0)],
                1 => events.split_off(1),
                _ => events.split_off(events.len() - 1),
            };
            return (events, late);
        }
        (events, Vec::new())
    }

    fn range(&mut self) -> (Option<i64>, Option<i64>) {
        let (a, b) = (self.time(), self.time());
        let since = Some(a.min(b)).filter(|_| self.below(4) != 0);
        (since, Some(a.max(b)).filter(|_| self.below(4) != 0))
    }
}

async fn sum_up(ledger: &Ledger, now: i64) {
    while ledger.sum_up(now).await.unwrap() {}
}

/// Asks both everything: one has sums, the other has only rows.
async fn agree(summed: &Ledger, plain: &Ledger, chance: &mut Chance) {
    for by in WAYS {
        let (since_ms, until_ms) = chance.range();
        let zone = ZONES[chance.below(ZONES.len() as u64) as usize];
        let filter = UsageFilter {
            by,
            since_ms,
            until_ms,
            zone: TimeZone::get(zone).unwrap(),
            limit: Some(1000),
            cursor: None,
        };
        let (told, truth) = (summed.usage(&filter).await, plain.usage(&filter).await);
        assert_eq!(
            told.unwrap(),
            truth.unwrap(),
            "{by:?} in {zone}: {filter:?}"
        );
    }
    let since = chance.time();
    let spender = Spender {
        token: chance.name("token").filter(|_| chance.one_in(3)),
        group: chance.name("group").filter(|_| chance.one_in(3)),
        provider: chance.name("provider").filter(|_| chance.one_in(3)),
    };
    for spender in [spender, Spender::default()] {
        let (told, truth) = (
            summed.spent(&spender, since).await,
            plain.spent(&spender, since).await,
        );
        assert_eq!(told.unwrap(), truth.unwrap(), "{spender:?} since {since}");
    }
    let (told, truth) = (summed.today(since).await, plain.today(since).await);
    assert_eq!(told.unwrap(), truth.unwrap(), "since {since}");
}

#[tokio::test]
async fn sums_of_hours_tell_what_the_rows_tell() {
    for seed in [1, 2, 3] {
        println!("seed {seed}");
        let mut chance = Chance(seed);
        let (place, other) = (Place::new(), Place::new());
        let (summed, plain) = (place.open().await, other.open().await);
        let mut late = Vec::new();
        for round in 0..4 {
            let mut events = Vec::new();
            for n in 0..30 {
                let (now, later) = chance.request(&format!("r{round}-{n}"));
                events.extend(now);
                late.extend(later);
            }
            // What comes late comes into hours that are summed.
            let some = chance.below(late.len() as u64 + 1) as usize;
            events.extend(late.drain(..some));
            write(&summed, events.clone()).await;
            write(&plain, events).await;
            sum_up(&summed, chance.time() + DAY).await;
            agree(&summed, &plain, &mut chance).await;
        }
    }
}

#[tokio::test]
async fn an_hour_is_summed_when_it_is_over_and_nothing_of_it_runs() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, served("early", NOON - 50 * HOUR)).await;
    write(&ledger, [Event::Started(started("long", NOON))]).await;
    write(&ledger, served("late", NOON + 2 * HOUR)).await;
    let mut pieces = 0;
    while ledger.sum_up(NOON + 3 * HOUR).await.unwrap() {
        pieces += 1;
        assert!(pieces < 20, "it comes to an end");
    }
    write(
        &ledger,
        [Event::Ended(ended("long", NOON + 5000, End::Failed))],
    )
    .await;
    let today = ledger.today(0).await.unwrap();
    assert_eq!((today.requests, today.failures), (3, 1));
    sum_up(&ledger, NOON + 4 * HOUR).await;
    assert_eq!(ledger.today(0).await.unwrap(), today);
    assert_eq!(found(ledger.request("late").await).status, "completed");

    // Its hours go with what is too old.
    while ledger.prune(NOON + HOUR).await.unwrap().is_some() {}
    sum_up(&ledger, NOON + 5 * HOUR).await;
    let left = ledger.today(NOON - DAY).await.unwrap();
    assert_eq!(left.requests, 2, "today tells of what is kept as sums, too");
    let all = Spender::default();
    let spent = ledger.spent(&all, NOON - 3 * DAY).await.unwrap();
    assert_eq!(spent, today.cost_usd);
}

#[tokio::test]
async fn two_that_share_a_database_sum_the_same_hours_once() {
    let place = Place::new();
    let open = |name: &str| {
        let options = Options {
            instance: Some(name.to_owned()),
            ..Options::default()
        };
        Ledger::open_at(place.backend.at.clone(), options)
    };
    let (one, two) = (open("one").await.unwrap(), open("two").await.unwrap());
    let all = (0..40).flat_map(|n| served(&format!("r{n}"), NOON + n * HOUR / 3));
    write(&one, all).await;
    let late = NOON + 20 * HOUR;
    tokio::join!(sum_up(&one, late), sum_up(&two, late));
    let today = one.today(0).await.unwrap();
    assert_eq!(today.requests, 40);
    assert_eq!(two.today(0).await.unwrap(), today);
    // One adds to an hour while the other sums, again and again.
    let adding = async {
        for n in 0..20 {
            write(&one, served(&format!("more-{n}"), NOON + n * HOUR / 4)).await;
        }
    };
    let summing = async {
        for _ in 0..3 {
            sum_up(&two, late).await;
        }
    };
    tokio::join!(adding, summing);
    sum_up(&two, late).await;
    // `two` wrote nothing since, so that it may remember its last answer.
    let fresh = open("three").await.unwrap();
    assert_eq!(fresh.today(0).await.unwrap().requests, 60);
    assert_eq!(one.writer().lost() + two.writer().lost(), 0);
}
