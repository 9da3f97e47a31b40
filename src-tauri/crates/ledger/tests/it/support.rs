//! Events with sensible defaults, and a ledger in a scratch folder.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ledger::{
    AttemptEnded, AttemptStarted, Detail, End, Ended, Event, Ledger, Multiplier, Options, Prices,
    Quote, Started, Streaming, Usage,
};

use crate::backend::Backend;

/// Noon of some day, Unix milliseconds.
pub(crate) const NOON: i64 = 1_795_262_400_000;
pub(crate) const MODEL: &str = "claude-sonnet-4-5-20250929";

/// The price of a model at a seller of whom nothing is known, by the bundled list.
pub(crate) fn quote(model: &str, multiplier: &str) -> Option<Quote> {
    static PRICES: LazyLock<Prices> = LazyLock::new(|| Prices::bundled().unwrap());
    PRICES.quote(None, model, multiplier.parse::<Multiplier>().unwrap())
}

/// A scratch folder with the path of a ledger in it.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
    pub(crate) backend: Backend,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join("ledger.db");
        let backend = Backend::at(&path);
        Self {
            folder,
            path,
            backend,
        }
    }

    pub(crate) async fn open(&self) -> Ledger {
        self.open_with(Options::default()).await
    }

    pub(crate) async fn open_with_queue(&self, queue: usize) -> Ledger {
        self.open_with(Options {
            queue,
            ..Options::default()
        })
        .await
    }

    async fn open_with(&self, options: Options) -> Ledger {
        Ledger::open_at(self.backend.at.clone(), options)
            .await
            .unwrap()
    }
}

pub(crate) fn started(id: &str, at_ms: i64) -> Started {
    Started {
        id: Arc::from(id),
        at_ms,
        client: Some("claude-code".into()),
        token: Some("local".into()),
        session: Some("s-1".into()),
        client_dialect: "anthropic".into(),
        path: "/v1/messages".into(),
        model_requested: "claude-sonnet-4-5".into(),
        stream: true,
        rule: None,
        replay_of: None,
    }
}

pub(crate) fn attempt(id: &str, attempt: u32, at_ms: i64) -> AttemptStarted {
    AttemptStarted {
        id: Arc::from(id),
        attempt,
        at_ms,
        provider: format!("provider-{attempt}"),
        key: Some("…a1b2".into()),
        group: "main".into(),
        model: MODEL.into(),
        provider_dialect: "anthropic".into(),
        price: quote(MODEL, "1"),
    }
}

pub(crate) fn streaming(id: &str, attempt: u32, at_ms: i64, ttft_ms: u64) -> Event {
    Event::Streaming(Streaming {
        id: Arc::from(id),
        attempt,
        at_ms,
        ttft_ms,
    })
}

pub(crate) fn attempt_ended(id: &str, attempt: u32, at_ms: i64) -> AttemptEnded {
    AttemptEnded {
        id: Arc::from(id),
        attempt,
        at_ms,
        duration_ms: 1000,
        http_status: Some(200),
        verdict: "ok".into(),
        reason: None,
        error: None,
        usage: Some(usage()),
        model_answered: Some(MODEL.into()),
        upstream_id: Some(format!("req_{id}_{attempt}")),
        service: None,
        hedged: false,
        losses: Vec::new(),
    }
}

pub(crate) fn ended(id: &str, at_ms: i64, status: End) -> Ended {
    Ended {
        id: Arc::from(id),
        at_ms,
        duration_ms: 1500,
        status,
        reason: None,
        http_status: Some(200),
        error: None,
    }
}

pub(crate) fn usage() -> Usage {
    Usage {
        input: 1000,
        output: 200,
        cache_read: 5000,
        cache_write_5m: 400,
        cache_write_1h: 100,
        reasoning: 50,
        estimated: false,
    }
}

/// A request that one attempt served.
pub(crate) fn served(id: &str, at_ms: i64) -> Vec<Event> {
    vec![
        Event::Started(started(id, at_ms)),
        Event::AttemptStarted(attempt(id, 1, at_ms + 1)),
        streaming(id, 1, at_ms + 500, 499),
        Event::AttemptEnded(attempt_ended(id, 1, at_ms + 1500)),
        Event::Ended(ended(id, at_ms + 1500, End::Completed)),
    ]
}

/// Sends the events and waits until they are written.
pub(crate) async fn write(ledger: &Ledger, events: impl IntoIterator<Item = Event>) {
    let writer = ledger.writer();
    for event in events {
        writer.send(event);
    }
    assert!(ledger.flush().await, "{:?}", ledger.health());
}

/// The request, which must be there.
#[track_caller]
pub(crate) fn found(detail: Result<Option<Detail>, ledger::QueryError>) -> Detail {
    detail.unwrap().expect("the request is in the ledger")
}

/// Waits for a condition that something else brings about.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "never happened: {what}");
}

/// What takes a ledger back to the schema before the texts of errors had a table of their own, and values their
/// combinations; each system has words of its own for dropping a column that stands in an index.
pub(crate) fn before_texts(drop_combination_id: &str) -> String {
    let indexes = [
        "status", "provider", "group", "client", "model", "used", "answered",
    ];
    let indexes =
        indexes.map(|name| format!("CREATE INDEX requests_by_{name} ON requests (status); "));
    format!(
        "CREATE TABLE errors AS SELECT started_at, request_id, attempt, text \
         FROM failures JOIN failure_texts ON failure_texts.id = failures.text_id; \
         DROP TABLE failures; DROP TABLE failure_texts; DROP TABLE failure_combinations; DROP TABLE combinations; \
         CREATE TABLE model_names (place VARCHAR(20), name VARCHAR(255)); {}{drop_combination_id}; \
         DELETE FROM _sqlx_migrations WHERE version >= 15",
        indexes.concat()
    )
}

/// Requests with errors that are equal, different, and alike but for their end.
pub(crate) fn failing() -> impl Iterator<Item = Event> {
    let texts = ["quota is used up", "is down"].map(str::to_owned);
    let long = ["a", "b"].map(|end| format!("{}{end}", "每个服务商都在休息".repeat(60)));
    let texts: Vec<_> = texts.into_iter().chain(long).collect();
    (0..12).flat_map(move |n: i64| {
        let id = format!("r{n}");
        let mut end = ended(&id, NOON + n, End::Failed);
        end.error = Some(texts[n as usize % 4].clone());
        [Event::Started(started(&id, NOON + n)), Event::Ended(end)]
    })
}

/// That a search finds the requests of [`failing`], each by its own error, alone and with other values.
pub(crate) async fn finds_failing(ledger: &Ledger) {
    let client = |name: &str| ledger::Filter {
        client: Some(name.to_owned()),
        ..ledger::Filter::default()
    };
    for (text, first) in [("quota", 0), ("is down", 1), ("息a", 2), ("息b", 3)] {
        for (other, is_met) in [
            (ledger::Filter::default(), true),
            (client("claude-code"), true),
            (client("nobody"), false),
        ] {
            let filter = ledger::Filter {
                q: Some(text.to_owned()),
                ..other
            };
            let page = ledger.requests(&filter).await.unwrap();
            let ids: Vec<_> = page.items.into_iter().map(|row| row.id).collect();
            let expected = [8, 4, 0].map(|n| format!("r{}", n + first));
            let expected = if is_met { &expected[..] } else { &[] };
            assert_eq!(ids, expected, "{filter:?}");
        }
    }
    let ids = ledger.requests(&client("claude-code")).await.unwrap();
    assert_eq!(ids.items.len(), 12);
}
