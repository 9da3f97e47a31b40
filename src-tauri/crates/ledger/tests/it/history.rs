use ledger::{End, Event, Filter, Format, QueryError};

use crate::export;
use crate::support::{NOON, Place, attempt, attempt_ended, ended, served, started, write};

#[expect(
    clippy::unnecessary_wraps,
    reason = "the fields of a filter are optional"
)]
fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

async fn ids(ledger: &ledger::Ledger, filter: Filter) -> Vec<String> {
    let page = ledger.requests(&filter).await.unwrap();
    page.items.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn pages_give_each_request_once_even_with_equal_times_and_new_arrivals() {
    let place = Place::new();
    let ledger = place.open().await;
    // Three requests in each millisecond; pages of four cut through them.
    let all: Vec<String> = (0..30).map(|n| format!("r{n:02}")).collect();
    for (n, id) in all.iter().enumerate() {
        write(
            &ledger,
            [Event::Started(started(id, NOON + (n / 3) as i64))],
        )
        .await;
    }
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let filter = Filter {
            limit: Some(4),
            cursor,
            ..Filter::default()
        };
        let page = ledger.requests(&filter).await.unwrap();
        assert!(page.items.len() <= 4);
        seen.extend(page.items.into_iter().map(|row| row.id));
        let Some(next) = page.next_cursor else { break };
        cursor = Some(next);
        let newer = format!("newer{:02}", seen.len());
        write(&ledger, [Event::Started(started(&newer, NOON + 1000))]).await;
    }
    let mut newest_first = all;
    newest_first.reverse();
    assert_eq!(seen, newest_first);
}

#[tokio::test]
async fn a_last_page_that_is_exactly_full_has_no_next() {
    let place = Place::new();
    let ledger = place.open().await;
    for id in ["a", "b"] {
        write(&ledger, [Event::Started(started(id, NOON))]).await;
    }
    let page = ledger
        .requests(&Filter {
            limit: Some(2),
            ..Filter::default()
        })
        .await
        .unwrap();
    assert_eq!((page.items.len(), page.next_cursor), (2, None));
    let page = ledger
        .requests(&Filter {
            limit: Some(0),
            ..Filter::default()
        })
        .await
        .unwrap();
    assert_eq!((page.items.len(), page.next_cursor.is_some()), (1, true));
}

#[tokio::test]
async fn pages_have_fifty_rows_unless_told_and_never_more_than_a_thousand() {
    let place = Place::new();
    let ledger = place.open().await;
    write(
        &ledger,
        (0..1100).map(|n| Event::Started(started(&format!("r{n}"), NOON + n))),
    )
    .await;
    let rows = |limit| {
        let ledger = ledger.clone();
        async move {
            ids(
                &ledger,
                Filter {
                    limit,
                    ..Filter::default()
                },
            )
            .await
            .len()
        }
    };
    assert_eq!(rows(None).await, 50);
    assert_eq!(rows(Some(5000)).await, 1000);
}

/// `one` was served by Claude; `two`, a little later, failed at another provider.
async fn two_requests(place: &Place) -> ledger::Ledger {
    let ledger = place.open().await;
    let mut two = started("two", NOON + 10);
    two.client = text("codex");
    two.model_requested = "gpt-5.4".into();
    let mut tried = attempt("two", 1, NOON + 11);
    tried.provider = "relay".into();
    tried.group = "spare".into();
    tried.model = "glm-4.6".into();
    let mut refused = attempt_ended("two", 1, NOON + 20);
    refused.verdict = "next-provider".into();
    refused.error = text("Quota of 100% used_up");
    refused.model_answered = None;
    let mut end = ended("two", NOON + 30, End::Failed);
    end.error = text("no provider could serve");
    write(&ledger, served("one", NOON)).await;
    write(
        &ledger,
        [
            Event::Started(two),
            Event::AttemptStarted(tried),
            Event::AttemptEnded(refused),
            Event::Ended(end),
        ],
    )
    .await;
    ledger
}

#[tokio::test]
async fn each_filter_keeps_what_matches() {
    let place = Place::new();
    let ledger = two_requests(&place).await;
    let all = Filter::default;
    let only_two = [
        Filter {
            since_ms: Some(NOON + 10),
            ..all()
        },
        Filter {
            model: text("gpt-5.4"),
            ..all()
        },
        Filter {
            model: text("glm-4.6"),
            ..all()
        },
        Filter {
            provider: text("relay"),
            ..all()
        },
        Filter {
            group: text("spare"),
            ..all()
        },
        Filter {
            client: text("codex"),
            ..all()
        },
        Filter {
            status: text("failed"),
            ..all()
        },
        Filter {
            client: text("codex"),
            status: text("failed"),
            since_ms: Some(NOON),
            ..all()
        },
    ];
    for filter in only_two {
        assert_eq!(ids(&ledger, filter.clone()).await, ["two"], "{filter:?}");
    }
    let only_one = [
        Filter {
            until_ms: Some(NOON + 10),
            ..all()
        },
        Filter {
            model: text("claude-sonnet-4-5"),
            ..all()
        },
    ];
    for filter in only_one {
        assert_eq!(ids(&ledger, filter.clone()).await, ["one"], "{filter:?}");
    }
    let neither = Filter {
        client: text("codex"),
        status: text("completed"),
        ..all()
    };
    assert_eq!(ids(&ledger, neither).await, [""; 0]);
}

#[tokio::test]
async fn pages_of_a_model_mix_those_who_asked_for_it_with_those_who_got_it() {
    let place = Place::new();
    let ledger = place.open().await;
    for n in 0..6 {
        let id = format!("r{n}");
        let mut asked = started(&id, NOON + n);
        let mut sent = attempt(&id, 1, NOON + n);
        match n % 3 {
            0 => asked.model_requested = "glm-4.6".into(),
            1 => sent.model = "glm-4.6".into(),
            _ => {}
        }
        write(
            &ledger,
            [Event::Started(asked), Event::AttemptStarted(sent)],
        )
        .await;
    }
    let mut filter = Filter {
        model: text("glm-4.6"),
        limit: Some(3),
        ..Filter::default()
    };
    let first = ledger.requests(&filter).await.unwrap();
    filter.cursor = first.next_cursor;
    assert!(filter.cursor.is_some());
    let found: Vec<_> = first.items.into_iter().map(|row| row.id).collect();
    assert_eq!(found, ["r4", "r3", "r1"]);
    assert_eq!(ids(&ledger, filter).await, ["r0"]);
}

#[tokio::test]
async fn a_search_looks_into_errors_models_and_ids_and_takes_the_text_as_it_is() {
    let place = Place::new();
    let ledger = two_requests(&place).await;
    let cases = [
        ("COULD SERVE", &["two"][..]),
        ("100% used_up", &["two"]), // an attempt's error
        ("glm", &["two"]),
        ("tw", &["two"]),
        ("sonnet", &["one"]),
        ("", &["two", "one"]),
        ("t_o", &[]),
        ("0%u", &[]),
        ("' OR 1=1 --", &[]),
    ];
    for (q, expected) in cases {
        let filter = Filter {
            q: text(q),
            ..Filter::default()
        };
        assert_eq!(ids(&ledger, filter).await, expected, "{q}");
    }
}

#[tokio::test]
async fn wrong_questions_are_told_apart_from_a_broken_ledger() {
    let place = Place::new();
    let ledger = place.open().await;
    let ask = |filter| {
        let ledger = ledger.clone();
        async move { ledger.requests(&filter).await.unwrap_err() }
    };
    let cursor = ask(Filter {
        cursor: text("nonsense"),
        ..Filter::default()
    })
    .await;
    assert!(matches!(cursor, QueryError::Cursor) && cursor.is_bad_request());
    let status = ask(Filter {
        status: text("done"),
        ..Filter::default()
    })
    .await;
    assert!(status.to_string().contains("no status `done`") && status.is_bad_request());
    assert!(ledger.request("nobody").await.unwrap().is_none());
}

/// The error of a first attempt.
const MISSED: &str = "is overloaded";

/// What is told of one of many requests.
struct Told {
    id: String,
    at_ms: i64,
    asked: &'static str,
    used: &'static str,
    provider: &'static str,
    /// Where it was tried before, and the verdict.
    missed: Option<(&'static str, &'static str)>,
    group: &'static str,
    client: &'static str,
    token: &'static str,
    session: &'static str,
    error: Option<&'static str>,
    /// Another attempt is to follow the one that failed.
    runs: bool,
}

impl Told {
    fn events(&self) -> Vec<Event> {
        let (id, at) = (self.id.as_str(), self.at_ms);
        let mut begin = started(id, at);
        begin.client = text(self.client);
        begin.token = text(self.token);
        begin.session = text(self.session);
        begin.model_requested = self.asked.into();
        let mut events = vec![Event::Started(begin)];
        let mut number = 1;
        if let Some((provider, verdict)) = self.missed {
            let mut missed = attempt(id, number, at);
            missed.provider = provider.into();
            let mut over = attempt_ended(id, number, at + 1);
            over.verdict = verdict.into();
            over.error = text(MISSED);
            events.extend([Event::AttemptStarted(missed), Event::AttemptEnded(over)]);
            number += 1;
        }
        let mut tried = attempt(id, number, at);
        tried.provider = self.provider.into();
        tried.group = self.group.into();
        tried.model = self.used.into();
        let mut over = attempt_ended(id, number, at + 1500);
        over.model_answered = text(self.used);
        over.error = self.error.map(str::to_owned);
        if self.error.is_some() {
            over.verdict = "stop".into();
        }
        let status = self.error.map_or(End::Completed, |_| End::Failed);
        let mut end = ended(id, at + 1500, status);
        // Of every other error only the attempt tells.
        end.error = self.error.filter(|_| at % 2 == 0).map(str::to_owned);
        events.extend([Event::AttemptStarted(tried), Event::AttemptEnded(over)]);
        if !self.runs {
            events.push(Event::Ended(end));
        }
        events
    }

    fn fits(&self, filter: &Filter) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let status = match self.error {
            _ if self.runs => "runs",
            Some(_) => "failed",
            None => "completed",
        };
        let q = filter.q.clone().unwrap_or_default().to_ascii_lowercase();
        let missed = self.missed.map_or("", |_| MISSED);
        let texts = [
            self.asked,
            self.used,
            self.error.unwrap_or_default(),
            missed,
        ];
        let missed_at = self.missed.filter(|(_, verdict)| *verdict != "cancelled");
        let failed = [
            missed_at.map(|(at, _)| at),
            self.error.map(|_| self.provider),
        ];
        let has_failed = |at: &String| failed.into_iter().flatten().any(|provider| provider == at);
        let has = texts.iter().any(|it| it.to_ascii_lowercase().contains(&q));
        (is(&filter.model, self.asked) || is(&filter.model, self.used))
            && is(&filter.provider, self.provider)
            && is(&filter.group, self.group)
            && filter.failed_provider.as_ref().is_none_or(has_failed)
            && is(&filter.client, self.client)
            && is(&filter.token, self.token)
            && is(&filter.session, self.session)
            && is(&filter.status, status)
            && filter.since_ms.is_none_or(|since| self.at_ms >= since)
            && filter.until_ms.is_none_or(|until| self.at_ms < until)
            && (has || self.id.starts_with(&q))
    }
}

/// Requests of all kinds.
fn many(seed: u64) -> Vec<Told> {
    let mut state = seed; // of a generator after Knuth
    let mut any = |of: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % of
    };
    (0..150)
        .map(|n| Told {
            id: format!("req-{:03x}", n * 17),
            at_ms: NOON + any(60) as i64,
            asked: ["claude-sonnet-4-5", "gpt-5.4", "fast"][any(3)],
            used: ["claude-sonnet-4-5", "glm-4.6", "GPT-5.4-mini"][any(3)],
            provider: ["one", "two"][any(2)],
            missed: [
                None,
                Some(("one", "cancelled")),
                Some(("one", "next-provider")),
                Some(("three", "next-provider")),
            ][any(4)],
            group: ["main", "spare"][any(2)],
            client: ["codex", "claude-code"][any(2)],
            token: ["mine", "ci"][any(2)],
            session: ["s1", "s2", "s3"][any(3)],
            error: [
                None,
                None,
                Some("Quota of 100% used_up"),
                Some("gpt is down"),
            ][any(4)],
            runs: any(5) == 0,
        })
        .collect()
}

#[tokio::test]
async fn every_filter_with_every_text_gives_all_that_matches_page_by_page() {
    let place = Place::new();
    let ledger = place.open().await;
    let seed = 7_u64;
    let mut all = many(seed);
    write(&ledger, all.iter().flat_map(Told::events)).await;
    all.sort_by_key(|told| std::cmp::Reverse((told.at_ms, told.id.clone())));
    let texts = [
        None,
        text("gpt"),
        text("100% U"),
        text("req-1"),
        text("sonnet"),
        text(MISSED),
        text("x"),
    ];
    for (q, choice) in texts
        .iter()
        .enumerate()
        .flat_map(|(n, q)| (0..256).map(move |choice| (n, q, choice)))
        .filter(|(n, _, choice)| choice % 5 == n % 5) // a part is enough to meet each pair
        .map(|(_, q, choice)| (q, choice))
    {
        let some = |bit: u32, value: &str| (choice & (1 << bit) != 0).then(|| value.to_owned());
        let mut filter = Filter {
            q: q.clone(),
            provider: some(0, "one"),
            client: some(1, "codex"),
            status: some(2, "failed"),
            model: some(3, "claude-sonnet-4-5"),
            since_ms: some(4, "").map(|_| NOON + 20),
            token: some(4, "mine"),
            session: some(5, "s2"),
            group: some(6, "main"),
            failed_provider: some(7, "one"),
            limit: Some(11),
            ..Filter::default()
        };
        let expected: Vec<_> = all.iter().filter(|told| told.fits(&filter)).collect();
        let expected: Vec<_> = expected.iter().map(|told| told.id.as_str()).collect();
        let asked = format!("seed {seed}: {filter:?}");
        let mut got = Vec::new();
        loop {
            let page = ledger.requests(&filter).await.unwrap();
            got.extend(page.items.into_iter().map(|row| row.id));
            filter.cursor = page.next_cursor;
            if filter.cursor.is_none() {
                break;
            }
        }
        assert_eq!(got, expected, "{asked}");
        let exported = export::chosen(&ledger, Format::Jsonl, filter).await;
        let exported = exported.lines().rev().map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            row["id"].as_str().unwrap().to_owned()
        });
        assert_eq!(exported.collect::<Vec<_>>(), expected, "export, {asked}");
    }
}

#[tokio::test]
async fn errors_that_all_read_differently_are_found_by_what_they_share() {
    let place = Place::new();
    let ledger = place.open().await;
    let failed = (0..130).flat_map(|n| {
        let id = format!("r{n:03}");
        let mut end = ended(&id, NOON + n, End::Failed);
        end.error = Some(format!("try again in {n} s, or {} s", n + 1000));
        let mut begin = started(&id, NOON + n);
        begin.client = text(if n < 10 { "codex" } else { "claude-code" });
        [Event::Started(begin), Event::Ended(end)]
    });
    write(&ledger, failed).await;
    for (q, client, expected) in [
        ("TRY AGAIN in", None, 130),
        ("again in 1", None, 1 + 10 + 30),
        ("again in", Some("codex"), 10),
        ("1001 s", Some("codex"), 1),
        ("or 1001 s", Some("claude-code"), 0),
    ] {
        let filter = Filter {
            q: text(q),
            client: client.map(str::to_owned),
            limit: Some(1000),
            ..Filter::default()
        };
        assert_eq!(ids(&ledger, filter).await.len(), expected, "{q} {client:?}");
    }
}
