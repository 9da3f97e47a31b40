use ledger::{End, Event, Filter, QueryError};

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
