//! Requests that a client logged itself: those from before Turnout, or that did not come through it.
//!
//! Each is taken in once, whatever became of its row since, and not at all where it is in the ledger as a request of
//! Turnout's own: by the provider's id of it, or because its session was coming through Turnout at the time.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use sqlx::{AnyConnection, Row as _};

use crate::book::Book;
use crate::combinations::Known;
use crate::event::Usage;
use crate::hourly;
use crate::kind::Kind;
use crate::money::Usd;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::quote::Quote;
use crate::record::{AttemptCells, Record, RequestCells, is_open, short};
use crate::select::Select;
use crate::span::hour_of;
use crate::store::{begin, save};

/// Ids in one statement.
const IDS: usize = 128;
/// A client notes the time of an answer a little before or after it was sent.
const SLACK_MS: i64 = 2000;
/// How long a request ran at most that a crash broke off.
const BROKEN_MS: i64 = 15 * 60_000;
/// Longer than any request runs.
const LONGEST_MS: i64 = 24 * 3_600_000;

/// A request as another program's log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// An id made of what the log names it by, always the same for the same request.
    pub id: String,
    /// Which log, such as `claude-code`.
    pub source: &'static str,
    /// The client program.
    pub client: &'static str,
    /// The dialect it speaks.
    pub client_dialect: &'static str,
    /// The path it calls.
    pub path: &'static str,
    /// When it was sent, Unix milliseconds; of its answer's begin, where the log tells no more.
    pub at_ms: i64,
    /// How long it took, where that is told.
    pub duration_ms: Option<u64>,
    /// The client's session.
    pub session: Option<String>,
    /// The model asked for.
    pub model_requested: String,
    /// The model that answered.
    pub model: String,
    /// The provider's id of the request.
    pub upstream_id: Option<String>,
    /// The id of its answer.
    pub answer_id: Option<String>,
    /// Its tokens.
    pub usage: Usage,
    /// The way it was served, where that is not the ordinary one.
    pub service: Option<String>,
    /// What its tokens cost; `None` when that is unknown.
    pub price: Option<Quote>,
}

/// What became of requests that were to be taken in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TakenIn {
    /// They are in the ledger now.
    pub taken: u64,
    /// They were taken in before.
    pub known: u64,
    /// They came through Turnout, so that the ledger has them already.
    pub proxied: u64,
    /// Taken in, but at a price that is unknown.
    pub unpriced: u64,
    /// What those taken in cost, as far as it is known.
    pub cost_usd: Usd,
}

impl Imported {
    /// By what the provider can have named it.
    fn ids(&self) -> impl Iterator<Item = &str> {
        let ids = [&self.upstream_id, &self.answer_id];
        ids.into_iter().filter_map(|id| id.as_deref())
    }

    /// When its answer was there, as far as that is told.
    fn until_ms(&self) -> i64 {
        let took = self.duration_ms.and_then(|ms| i64::try_from(ms).ok());
        self.at_ms.saturating_add(took.unwrap_or_default())
    }
}

impl std::ops::AddAssign for TakenIn {
    fn add_assign(&mut self, more: Self) {
        self.taken += more.taken;
        self.known += more.known;
        self.proxied += more.proxied;
        self.unpriced += more.unpriced;
        self.cost_usd = self.cost_usd + more.cost_usd;
    }
}

impl Ledger {
    /// Takes requests of a log in, in one transaction; with `dry_run` only tells what would become of them. A few
    /// hundred at a time leave room for what arrives meanwhile.
    pub async fn take_in(
        &self,
        requests: Vec<Imported>,
        dry_run: bool,
    ) -> Result<TakenIn, QueryError> {
        self.errand(move |conn, kind| {
            Box::pin(async move { take_in(conn, kind, &requests, dry_run).await })
        })
        .await
    }
}

/// Writes those that are new.
async fn take_in(
    conn: &mut AnyConnection,
    kind: Kind,
    requests: &[Imported],
    dry_run: bool,
) -> Result<TakenIn, sqlx::Error> {
    let mut transaction = begin(conn, kind).await?;
    let mut known = known(&mut transaction, kind, requests).await?;
    let proxied = Proxied::beside(&mut transaction, kind, requests).await?;
    let mut told = TakenIn::default();
    let mut records = Vec::new();
    let mut prices = Book::default();
    for request in requests {
        if !known.insert(request.id.clone()) {
            told.known += 1;
        } else if proxied.has(request) {
            told.proxied += 1;
        } else {
            let record = Record::of(request, &mut prices);
            told.taken += 1;
            told.unpriced += u64::from(record.request.unpriced);
            told.cost_usd = told.cost_usd + record.cost();
            records.push(record);
        }
    }
    if dry_run {
        transaction.rollback().await?;
        return Ok(told);
    }
    let hours = records
        .iter()
        .map(|record| hour_of(record.request.started_at));
    hourly::forget(&mut transaction, kind, &hours.collect()).await?;
    let all: Vec<_> = records.iter().collect();
    save(&mut transaction, kind, &all, &prices, &mut Known::default()).await?;
    let places = "(?, ?)";
    for some in records.chunks(IDS) {
        let places = vec![places; some.len()].join(", ");
        let text = format!("INSERT INTO imported (id, at) VALUES {places}");
        let mut query = sqlx::query(kind.sql(&text));
        for record in some {
            let request = &record.request;
            query = query.bind(request.id.clone()).bind(request.started_at);
        }
        query.execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(told)
}

/// The ids of these that were taken in before.
async fn known(
    conn: &mut AnyConnection,
    kind: Kind,
    requests: &[Imported],
) -> Result<HashSet<String>, sqlx::Error> {
    let ids = requests.iter().map(|request| request.id.as_str());
    let head = "SELECT id AS found FROM imported WHERE id IN (";
    found(conn, kind, head, ids).await
}

/// What a statement finds of these, which are put behind its opening parenthesis.
async fn found<'a>(
    conn: &mut AnyConnection,
    kind: Kind,
    head: &str,
    wanted: impl Iterator<Item = &'a str>,
) -> Result<HashSet<String>, sqlx::Error> {
    let wanted: Vec<_> = wanted.collect();
    let mut all = HashSet::new();
    for some in wanted.chunks(IDS) {
        let mut query = Select::new(kind, head);
        for (index, id) in some.iter().enumerate() {
            query.push(if index == 0 { "" } else { ", " }).value(*id);
        }
        for row in query.push(")").rows_in(conn).await? {
            all.insert(row.try_get("found")?);
        }
    }
    Ok(all)
}

/// What came through Turnout around the times of some requests.
struct Proxied {
    upstream: HashSet<String>,
    /// By session, when each of its requests began and ended.
    sessions: HashMap<String, Vec<(i64, i64)>>,
}

impl Proxied {
    async fn beside(
        conn: &mut AnyConnection,
        kind: Kind,
        requests: &[Imported],
    ) -> Result<Self, sqlx::Error> {
        let ids = requests.iter().flat_map(Imported::ids);
        let head = "SELECT attempts.upstream_id AS found FROM attempts JOIN requests ON requests.id = attempts.request_id \
                    WHERE requests.source IS NULL AND attempts.upstream_id IN (";
        let upstream = found(conn, kind, head, ids).await?;
        let mut spans: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for request in requests {
            if let Some(session) = &request.session {
                let span = spans
                    .entry(session)
                    .or_insert((request.at_ms, request.at_ms));
                *span = (span.0.min(request.at_ms), span.1.max(request.until_ms()));
            }
        }
        let mut sessions = HashMap::new();
        for (session, (first, last)) in spans {
            let mut query = Select::new(
                kind,
                "SELECT started_at, duration_ms, status FROM requests WHERE source IS NULL AND session = ",
            );
            query.value(session).push(" AND started_at >= ");
            query.value(first - LONGEST_MS).push(" AND started_at <= ");
            query.value(last + SLACK_MS);
            let mut times = Vec::new();
            for row in query.rows_in(conn).await? {
                let began: i64 = row.try_get("started_at")?;
                let took: Option<i64> = row.try_get("duration_ms")?;
                let runs = is_open(row.try_get::<String, _>("status")?.as_str());
                let took = took.unwrap_or(if runs { LONGEST_MS } else { BROKEN_MS });
                times.push((began, began.saturating_add(took)));
            }
            sessions.insert(session.to_owned(), times);
        }
        Ok(Self { upstream, sessions })
    }

    fn has(&self, request: &Imported) -> bool {
        let session = request.session.as_ref();
        let times = session.and_then(|session| self.sessions.get(session));
        let (sent, told) = (request.at_ms - SLACK_MS, request.until_ms() + SLACK_MS);
        request.ids().any(|id| self.upstream.contains(id))
            || times.is_some_and(|times| {
                let mut times = times.iter();
                times.any(|(began, ended)| *began <= told && sent <= *ended)
            })
    }
}

impl Record {
    fn of(request: &Imported, prices: &mut Book) -> Self {
        let began = request.at_ms;
        let duration = request.duration_ms.and_then(|ms| i64::try_from(ms).ok());
        let mut attempt = AttemptCells {
            request_id: request.id.clone(),
            attempt: 1,
            started_at: began,
            model: short(Some(&request.model)),
            model_answered: short(Some(&request.model)),
            provider_dialect: Some(request.client_dialect.to_owned()),
            duration_ms: duration,
            verdict: Some("ok".to_owned()),
            service: request.service.clone(),
            upstream_id: short(request.ids().next()),
            ..AttemptCells::default()
        };
        let price = attempt.count(&request.usage, request.price.as_ref());
        attempt.price_id = price.map(|price| prices.put(price, began));
        let mut record = Self::written(RequestCells {
            id: request.id.clone(),
            source: Some(request.source.to_owned()),
            started_at: began,
            status: "completed".to_owned(),
            client: Some(request.client.to_owned()),
            session: short(request.session.as_deref()),
            client_dialect: Some(request.client_dialect.to_owned()),
            path: Some(request.path.to_owned()),
            model_requested: short(Some(&request.model_requested)),
            losses: "[]".to_owned(),
            duration_ms: duration,
            ..RequestCells::default()
        });
        record.begins = true;
        record.attempts.insert(1, attempt);
        record.recount();
        record
    }

    fn cost(&self) -> Usd {
        let row = &self.request;
        let kinds = [
            row.cost_input,
            row.cost_output,
            row.cost_cache_read,
            row.cost_cache_write,
        ];
        let known = kinds.into_iter().flatten();
        known.map(|pico| Usd::from_pico(pico.into())).sum()
    }
}
