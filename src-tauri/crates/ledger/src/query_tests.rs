//! How SQLite finds what is asked for: through indexes that have it in the right order, however long the history is.

use sqlx::Row as _;

use crate::branch::{Branch, list};
use crate::combinations::Look;
use crate::event::{AttemptStarted, End, Ended, Event, Started};
use crate::kind::Kind;
use crate::open::Ledger;
use crate::query::Filter;

/// The steps of the plan for a list by some branches.
async fn plan(ledger: &Ledger, filter: &Filter, branches: &[Branch]) -> Vec<String> {
    let list = list(Kind::Sqlite, filter, branches, 51).unwrap();
    let list = list.after("EXPLAIN QUERY PLAN");
    let rows = list.rows(&ledger.inner.pool).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

struct Scratch {
    ledger: Ledger,
    _folder: tempfile::TempDir,
}

async fn scratch() -> Scratch {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    Scratch {
        ledger: Ledger::open(&path).await.unwrap(),
        _folder: folder,
    }
}

/// Requests at different times that are over; what is told of each is asked of its number.
async fn fill(ledger: &Ledger, requests: i64, of: impl Fn(i64) -> (&'static str, &'static str)) {
    let writer = ledger.writer();
    for n in 0..requests {
        let (client, group) = of(n);
        for event in events(&format!("r{n:04}"), n, client, group) {
            writer.send(event);
        }
    }
    assert!(ledger.flush().await);
}

/// What is told of a request that failed.
fn events(id: &str, at_ms: i64, client: &str, group: &str) -> [Event; 3] {
    let id: std::sync::Arc<str> = id.into();
    [
        Event::Started(Started {
            id: id.clone(),
            at_ms,
            client: Some(client.to_owned()),
            token: None,
            session: None,
            client_dialect: "anthropic".to_owned(),
            path: "/v1/messages".to_owned(),
            model_requested: "Claude".to_owned(),
            stream: true,
            rule: None,
            replay_of: None,
        }),
        Event::AttemptStarted(AttemptStarted {
            id: id.clone(),
            attempt: 1,
            at_ms,
            provider: "one".to_owned(),
            key: None,
            group: group.to_owned(),
            model: "claude".to_owned(),
            provider_dialect: "anthropic".to_owned(),
            price: None,
        }),
        Event::Ended(Ended {
            id,
            at_ms,
            status: End::Failed,
            reason: None,
            http_status: None,
            duration_ms: 0,
            error: None,
        }),
    ]
}

/// Every combination of filters by equality.
fn combinations() -> Vec<Filter> {
    let some = |wanted: bool, value: &str| wanted.then(|| value.to_owned());
    let one = |bits: u32| Filter {
        provider: some(bits & 1 != 0, "one"),
        group: some(bits & 2 != 0, "main"),
        client: some(bits & 4 != 0, "codex"),
        status: some(bits & 8 != 0, "failed"),
        model: some(bits & 16 != 0, "Claude"),
        token: some(bits & 32 != 0, "ci"),
        session: some(bits & 64 != 0, "s"),
        failed_provider: some(bits & 128 != 0, "one"),
        ..Filter::default()
    };
    (0..256).map(one).collect()
}

#[tokio::test]
async fn every_shape_of_filter_is_answered_from_indexes_in_the_order_of_the_list() {
    let scratch = scratch().await;
    fill(&scratch.ledger, 3, |_| ("codex", "main")).await;
    let cursor = Some("313739353236323430303030302e72".to_owned());
    for filter in combinations() {
        let shapes = [
            filter.clone(),
            Filter {
                since_ms: Some(5),
                until_ms: Some(9),
                ..filter.clone()
            },
            Filter {
                cursor: cursor.clone(),
                ..filter
            },
        ];
        for filter in shapes {
            let branches = scratch.ledger.branches(&filter, 51).await.unwrap();
            if branches.is_empty() {
                continue; // such values never met
            }
            let plan = plan(&scratch.ledger, &filter, &branches).await;
            assert_reads_pages(&plan, &filter);
            for branch in &branches {
                let index = match branch {
                    Branch::Value { column, .. } => format!("({column}=?"),
                    Branch::Running => "requests_running".to_owned(),
                    Branch::Combination { .. } => {
                        "COVERING INDEX requests_by_combination (combination_id=?".to_owned()
                    }
                    Branch::FailedAt(_) => "failures_by_provider (provider=?".to_owned(),
                    _ => "requests_by_time".to_owned(),
                };
                let has = plan.iter().any(|step| step.contains(&index));
                assert!(has, "{index}: {plan:?} for {filter:?}");
            }
        }
    }
}

/// No table is read whole, and what is sorted are pages alone: never what an index of the history gives.
fn assert_reads_pages(plan: &[String], filter: &Filter) {
    let is_history = |step: &str| {
        let looks_up = step.contains("EXISTS");
        !looks_up && (step.contains("INDEX requests_by") || step.contains("failures"))
    };
    for (step, next) in plan.iter().zip(plan.iter().skip(1)) {
        let sorts = is_history(step) && next.contains("FOR ORDER BY");
        assert!(!sorts, "{plan:?} for {filter:?}");
    }
    for step in plan {
        let table = step.strip_prefix("SCAN ").unwrap_or_default();
        let whole = table.starts_with("requests") || table.starts_with("attempts");
        let whole =
            whole && !table.ends_with("requests_running") && !table.ends_with("requests_by_time");
        assert!(!whole, "{plan:?} for {filter:?}");
    }
}

#[tokio::test]
async fn a_search_reads_each_of_its_branches_newest_first() {
    let scratch = scratch().await;
    let combination = |ids: Option<&str>, since| Branch::Combination {
        id: 5,
        ids: ids.map(str::to_owned),
        since,
    };
    let branches = [
        combination(None, None),
        combination(None, Some(7)),
        combination(Some("r0%"), None),
        Branch::Running,
        Branch::Ids(vec!["a".to_owned(), "b".to_owned()]),
        Branch::Failure(7),
        Branch::FailureOf {
            text: 7,
            combination: 5,
        },
        Branch::FailureLike("%quota%".to_owned()),
    ];
    for filter in combinations() {
        let plan = plan(&scratch.ledger, &filter, &branches).await;
        for wanted in [
            "requests_by_combination (combination_id=?",
            "requests_running",
            "failures_by_text (text_id=?",
            "failures_by_combination (text_id=? AND combination_id=?",
            "SCAN failures",
        ] {
            let has = plan.iter().any(|step| step.contains(wanted));
            assert!(has, "{wanted}: {plan:?} for {filter:?}");
        }
        assert_reads_pages(&plan, &filter);
    }
}

#[tokio::test]
async fn values_are_looked_for_where_they_met_and_no_further_back_than_a_page() {
    let scratch = scratch().await;
    // Ten groups after one another, each with requests of one client and at its end one of another.
    let groups = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let of = |n: i64| {
        let client = if n % 10 == 9 { "codex" } else { "claude-code" };
        (client, groups[n as usize / 10])
    };
    fill(&scratch.ledger, 100, of).await;
    let some = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    for (client, group, until_ms, page, met) in [
        ("codex", "c", None, 51, 1),
        ("nobody", "c", None, 51, 0),
        ("codex", "", None, 51, 10),
        ("codex", "", None, 3, 3),
        ("codex", "", Some(25), 51, 2),
        ("", "c", Some(25), 51, 1),
        ("claude-code", "", Some(25), 2, 2),
    ] {
        let filter = Filter {
            provider: some("one"),
            client: some(client),
            group: some(group),
            until_ms,
            ..Filter::default()
        };
        let branches = scratch.ledger.branches(&filter, page).await.unwrap();
        let all = branches
            .iter()
            .all(|branch| matches!(branch, Branch::Combination { ids: None, .. }));
        assert!(all && branches.len() == met, "{filter:?}: {branches:?}");
    }
}

#[tokio::test]
async fn a_token_is_looked_for_in_its_own_combinations_not_in_those_that_others_had_lately() {
    let scratch = scratch().await;
    let groups = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let writer = scratch.ledger.writer();
    for (n, group) in groups.iter().enumerate() {
        let [mut begin, tried, end] = events(&format!("r{n}"), n as i64, "codex", group);
        if let Event::Started(begin) = &mut begin {
            begin.token = Some(if n < 4 { "ci" } else { "mine" }.to_owned());
        }
        for event in [begin, tried, end] {
            writer.send(event);
        }
    }
    assert!(scratch.ledger.flush().await);
    for (token, page, newest) in [("ci", 2, ["r3", "r2"]), ("mine", 2, ["r7", "r6"])] {
        let filter = Filter {
            token: Some(token.to_owned()),
            client: Some("codex".to_owned()),
            ..Filter::default()
        };
        for look in [Look::All, Look::Models("%claude%"), Look::Ids("r%")] {
            let branches = scratch.ledger.by_combination(&filter, look, page);
            let branches = branches.await.unwrap();
            let list = list(Kind::Sqlite, &filter, &branches, page).unwrap();
            let rows = list.rows(&scratch.ledger.inner.pool).await.unwrap();
            let ids: Vec<String> = rows.iter().map(|row| row.get("id")).collect();
            assert_eq!(ids, newest, "{token} {look:?}");
        }
    }
}

#[tokio::test]
async fn as_many_requests_of_one_time_as_a_page_has_rows_do_not_hide_others_of_that_time() {
    let scratch = scratch().await;
    let groups = ["a", "b", "c", "d", "e", "f"];
    let writer = scratch.ledger.writer();
    fill(&scratch.ledger, 1, |_| ("codex", "old")).await;
    for (n, group) in groups.iter().enumerate() {
        for event in events(&format!("same-{n}"), 7, "codex", group) {
            writer.send(event);
        }
    }
    assert!(scratch.ledger.flush().await);
    let mut filter = Filter {
        client: Some("codex".to_owned()),
        limit: Some(2),
        ..Filter::default()
    };
    let mut got = Vec::new();
    loop {
        let page = scratch.ledger.requests(&filter).await.unwrap();
        got.extend(page.items.into_iter().map(|row| row.id));
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() {
            break;
        }
    }
    let expected = [
        "same-5", "same-4", "same-3", "same-2", "same-1", "same-0", "r0000",
    ];
    assert_eq!(got, expected);
}

#[tokio::test]
async fn a_text_is_looked_up_among_names_and_ids_before_anything_is_read() {
    let scratch = scratch().await;
    fill(&scratch.ledger, 700, |n| {
        (if n < 690 { "codex" } else { "claude-code" }, "main")
    })
    .await;
    let ids = || Branch::Ids((690..700).map(|n| format!("r{n:04}")).collect());
    for (text, client, expected) in [
        ("LAUD", None, "CC"),
        ("LAUD", Some("codex"), "C"),
        ("LAUD", Some("nobody"), ""),
        ("R069", None, "I"),
        ("r0", None, "L"),
        ("r0", Some("codex"), "c"),
        ("50%", None, ""),
    ] {
        let filter = Filter {
            q: Some(text.to_owned()),
            client: client.map(str::to_owned),
            ..Filter::default()
        };
        let branches = scratch.ledger.branches(&filter, 51).await.unwrap();
        let kinds = branches.iter().map(|branch| match branch {
            Branch::Combination { ids: None, .. } => 'C',
            Branch::Combination { ids: Some(_), .. } => 'c',
            Branch::IdLike(pattern) if pattern == "r0%" => 'L',
            found if *found == ids() => 'I',
            _ => '?',
        });
        assert_eq!(kinds.collect::<String>(), expected, "{text} {client:?}");
    }
}

#[tokio::test]
async fn what_was_left_running_is_found_without_reading_the_history() {
    let scratch = scratch().await;
    for ours in [false, true] {
        for list in crate::store::left_running(Kind::Sqlite, ours) {
            let text = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {list}"));
            let mut query = sqlx::query(text);
            if ours {
                query = query.bind("this");
            }
            let rows = query.fetch_all(&scratch.ledger.inner.pool).await.unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            let reads_all = |step: &String| {
                step.starts_with("SCAN requests") && !step.ends_with("requests_running")
            };
            assert!(!steps.iter().any(reads_all), "{list}: {steps:?}");
            assert!(
                !list.contains("attempts") || steps[0].contains("attempts_unfinished"),
                "{list}: {steps:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_was_spent_is_read_from_the_requests_of_its_time() {
    let scratch = scratch().await;
    let spender = crate::Spender {
        provider: Some("relay".to_owned()),
        ..crate::Spender::default()
    };
    let span = crate::span::Span {
        since: Some(1),
        until: None,
    };
    let query = spender.rows(Kind::Sqlite, span).after("EXPLAIN QUERY PLAN");
    let rows = query.rows(&scratch.ledger.inner.pool).await.unwrap();
    let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
    assert!(
        steps[0].contains("requests USING") && steps[0].contains("started_at>?"),
        "{steps:?}"
    );
}
