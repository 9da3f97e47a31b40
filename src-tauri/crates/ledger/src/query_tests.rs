//! How SQLite finds what is asked for: through an index that has it in the right order, however long the
//! history is.

use sqlx::Row as _;

use crate::kind::Kind;
use crate::open::Ledger;
use crate::query::{Filter, list};

/// The steps of the plan for a list.
async fn plan(ledger: &Ledger, filter: &Filter) -> Vec<String> {
    let list = list(Kind::Sqlite, filter, 51).unwrap();
    let list = list.after("EXPLAIN QUERY PLAN");
    let rows = list.rows(&ledger.inner.pool).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

#[tokio::test]
async fn every_filter_is_answered_from_an_index_in_the_order_of_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&folder.path().join("ledger.db"))
        .await
        .unwrap();
    let some = || Some("some".to_owned());
    let cursor = Some("313739353236323430303030302e72".to_owned());
    let all = Filter::default;
    let cases = [
        (all(), "requests_by_time"),
        (
            Filter {
                since_ms: Some(5),
                until_ms: Some(9),
                ..all()
            },
            "requests_by_time",
        ),
        (
            Filter {
                cursor: cursor.clone(),
                ..all()
            },
            "requests_by_time",
        ),
        (
            Filter {
                provider: some(),
                ..all()
            },
            "requests_by_provider",
        ),
        (
            Filter {
                provider: some(),
                cursor: cursor.clone(),
                ..all()
            },
            "requests_by_provider",
        ),
        (
            Filter {
                group: some(),
                since_ms: Some(5),
                ..all()
            },
            "requests_by_group",
        ),
        (
            Filter {
                client: some(),
                ..all()
            },
            "requests_by_client",
        ),
        (
            Filter {
                status: Some("failed".into()),
                cursor,
                ..all()
            },
            "requests_by_status",
        ),
    ];
    for (filter, index) in cases {
        let plan = plan(&ledger, &filter).await;
        assert_eq!(
            plan.len(),
            1,
            "one step, nothing sorted: {plan:?} for {filter:?}"
        );
        assert!(plan[0].contains(index), "{plan:?} for {filter:?}");
    }
}

#[tokio::test]
async fn a_model_is_looked_up_in_the_index_of_each_of_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&folder.path().join("ledger.db"))
        .await
        .unwrap();
    let filter = Filter {
        model: Some("some".to_owned()),
        ..Filter::default()
    };
    // What both find is no more than two pages to sort.
    let plan = plan(&ledger, &filter).await;
    let has = |index: &str| plan.iter().any(|step| step.contains(index));
    assert!(has("requests_by_model (model_requested=?)"), "{plan:?}");
    assert!(has("requests_by_used (model_used=?)"), "{plan:?}");
    assert!(!has("SCAN requests"), "{plan:?}");
}
