//! How SQLite finds what is asked for: through indexes that have it in the right order, however long the history is.

use sqlx::Row as _;

use crate::branch::{Branch, among_newest, list};
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
        let id: std::sync::Arc<str> = format!("r{n:04}").into();
        writer.send(Event::Started(Started {
            id: id.clone(),
            at_ms: n,
            client: Some(client.to_owned()),
            token: None,
            session: None,
            client_dialect: "anthropic".to_owned(),
            path: "/v1/messages".to_owned(),
            model_requested: "Claude".to_owned(),
            stream: true,
            rule: None,
            replay_of: None,
        }));
        writer.send(Event::AttemptStarted(AttemptStarted {
            id: id.clone(),
            attempt: 1,
            at_ms: n,
            provider: "one".to_owned(),
            key: None,
            group: group.to_owned(),
            model: "claude".to_owned(),
            provider_dialect: "anthropic".to_owned(),
            price: None,
        }));
        writer.send(Event::Ended(Ended {
            id,
            at_ms: n,
            status: End::Failed,
            reason: None,
            http_status: None,
            duration_ms: 0,
            error: None,
        }));
    }
    assert!(ledger.flush().await);
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
        ..Filter::default()
    };
    (0..128).map(one).collect()
}

#[tokio::test]
async fn every_shape_of_filter_is_answered_from_indexes_in_the_order_of_the_list() {
    let scratch = scratch().await;
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
            let branches = scratch.ledger.branches(&filter).await.unwrap();
            let plan = plan(&scratch.ledger, &filter, &branches).await;
            assert_reads_pages(&plan, &filter);
            for branch in &branches {
                let index = match branch {
                    Branch::Value { column, .. } => format!("({column}=?"),
                    Branch::Running(_) => "requests_running".to_owned(),
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
    let is_history = |step: &str| step.contains("INDEX requests_by") || step.contains("failures");
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
    let value = |column| Branch::Value {
        column,
        value: "claude".to_owned(),
    };
    let branches = [
        value("model_requested"),
        value("model_used"),
        value("model_answered"),
        Branch::Running(Some("%claude%".to_owned())),
        Branch::Ids(vec!["a".to_owned(), "b".to_owned()]),
        Branch::Failure(7),
        Branch::FailureLike("%quota%".to_owned()),
    ];
    for filter in combinations() {
        let plan = plan(&scratch.ledger, &filter, &branches).await;
        for wanted in [
            "requests_by_model (model_requested=?",
            "requests_by_used (model_used=?",
            "requests_by_answered (model_answered=?",
            "requests_running",
            "failures_by_text (text_id=?",
            "SCAN failures",
        ] {
            let has = plan.iter().any(|step| step.contains(wanted));
            assert!(has, "{wanted}: {plan:?} for {filter:?}");
        }
        assert_reads_pages(&plan, &filter);
    }
}

#[tokio::test]
async fn of_several_values_the_rarest_leads() {
    let scratch = scratch().await;
    let of = |n: i64| {
        let client = if n % 10 == 0 { "codex" } else { "claude-code" };
        (client, if n == 3 { "spare" } else { "main" })
    };
    fill(&scratch.ledger, 100, of).await;
    let some = |value: &str| Some(value.to_owned());
    for (client, group, lead) in [
        ("codex", "main", "client"),
        ("claude-code", "spare", "group_name"),
        ("claude-code", "main", "client"),
        ("nobody", "spare", "client"),
    ] {
        let filter = Filter {
            provider: some("one"),
            client: some(client),
            group: some(group),
            ..Filter::default()
        };
        let branches = scratch.ledger.branches(&filter).await.unwrap();
        let led = matches!(&branches[..], [Branch::Value { column, .. }, Branch::Running(None)] if *column == lead);
        assert!(led, "{client} {group}: {branches:?}");
    }
}

#[tokio::test]
async fn a_text_is_looked_up_among_names_and_ids_before_anything_is_read() {
    let scratch = scratch().await;
    fill(&scratch.ledger, 700, |_| ("codex", "main")).await;
    let value = |column, value: &str| Branch::Value {
        column,
        value: value.to_owned(),
    };
    let running = |pattern: &str| Branch::Running(Some(pattern.to_owned()));
    let ids = (690..700).map(|n| format!("r{n:04}")).collect();
    let cases = [
        (
            "LAUD",
            vec![
                value("model_requested", "Claude"),
                value("model_used", "claude"),
                running("%LAUD%"),
            ],
        ),
        ("R069", vec![running("%R069%"), Branch::Ids(ids)]),
        (
            "r0",
            vec![running("%r0%"), Branch::IdLike("r0%".to_owned())],
        ),
        ("50%", vec![running("%50!%%")]),
    ];
    for (text, expected) in cases {
        let filter = Filter {
            q: Some(text.to_owned()),
            ..Filter::default()
        };
        assert_eq!(
            scratch.ledger.branches(&filter).await.unwrap(),
            expected,
            "{text}"
        );
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

#[tokio::test]
async fn a_text_with_other_values_is_looked_for_among_the_newest_first() {
    let scratch = scratch().await;
    let of = |n: i64| (if n < 20 { "codex" } else { "claude-code" }, "main");
    fill(&scratch.ledger, 100, of).await;
    let filter = |q: &str, client: Option<&str>| Filter {
        q: Some(q.to_owned()),
        client: client.map(str::to_owned),
        ..Filter::default()
    };
    for (filter, is_met) in [
        (filter("claude", Some("codex")), true),
        (filter("r001", Some("codex")), true),
        (filter("claude", Some("nobody")), false),
        (filter("r09", Some("codex")), false),
        (filter("claude", None), false),
        (filter("", Some("codex")), false),
    ] {
        let met = scratch.ledger.met_soon(&filter, 10).await.unwrap();
        assert_eq!(met.is_some(), is_met, "{filter:?}");
        let query = among_newest(
            Kind::Sqlite,
            &filter,
            &Branch::Value {
                column: "client",
                value: "codex".to_owned(),
            },
            (2_000, 10),
        );
        let query = query.unwrap().after("EXPLAIN QUERY PLAN");
        let rows = query.rows(&scratch.ledger.inner.pool).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let leads = |step: &String| step.contains("requests_by_client (client=?");
        assert!(plan.iter().any(leads), "{plan:?}");
    }
}
