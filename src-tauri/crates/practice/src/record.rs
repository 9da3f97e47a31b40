//! What was asked and what became of it: counters, and the last requests to the byte.
//!
//! Memory is bounded: so many requests, 64 MiB of bodies in all (the oldest lose theirs), so many
//! distinct names in a counter.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use bytes::Bytes;
use http::HeaderMap;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::script::{Ask, Usage};

const BODY_BYTES: usize = 64 << 20;
const DISTINCT: usize = 1000;
const LAST: usize = 20;

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not ended.
    Open,
    /// As a good answer does.
    Complete,
    /// As the scenario wanted, or as a refusal of a wrong request.
    Fault,
    /// The client left before.
    Cancelled,
}

/// Counters of a provider.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    /// Requests so far; control calls are not counted.
    pub requests: u64,
    /// Answers under way.
    pub in_flight: u64,
    /// Answers that the client did not wait for.
    pub cancelled: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Requests by method and path.
    pub by_path: BTreeMap<String, u64>,
    /// Requests by scenario text.
    pub by_scenario: BTreeMap<String, u64>,
    /// Answers by status; `none` where the connection was closed instead.
    pub by_status: BTreeMap<String, u64>,
    /// Sum of the usage that clients were told: of a cut stream, what its events told so far.
    pub usage: Usage,
}

/// One request in brief.
#[derive(Debug, Clone, Serialize)]
pub struct Brief {
    /// Number, from 1.
    pub seq: u64,
    /// When it was in, Unix milliseconds.
    pub at_ms: u64,
    /// Method.
    pub method: String,
    /// Path without its query.
    pub path: String,
    /// Query without its question mark.
    pub query: String,
    /// Dialect of the call; empty where it is none's.
    pub dialect: &'static str,
    /// Model asked for.
    pub model: String,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Scenario that answered.
    pub scenario: String,
    /// What chose it: `header`, `queue`, `credential`, `model`, `prompt`, `default`.
    pub source: &'static str,
    /// Status, once known.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// Usage told.
    pub usage: Usage,
}

struct Entry {
    brief: Brief,
    headers: Vec<(String, String)>,
    length: usize,
    body: Option<Bytes>,
}

#[derive(Default)]
struct Book {
    counts: Counts,
    entries: VecDeque<Entry>,
    body_bytes: usize,
    last_body: Bytes,
    last_answer: Vec<Bytes>,
    epoch: u64,
}

/// The record of a provider; a handle.
#[derive(Clone, Default)]
pub(crate) struct Record {
    book: Arc<Mutex<Book>>,
    keep: usize,
}

impl Record {
    pub(crate) fn new(keep: usize) -> Self {
        Self {
            keep,
            ..Self::default()
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything but the answers under way and the numbering.
    pub(crate) fn reset(&self) {
        let mut book = self.book();
        let requests = book.counts.requests;
        let in_flight = book.counts.in_flight;
        *book = Book {
            epoch: book.epoch,
            ..Book::default()
        };
        book.counts.in_flight = in_flight;
        book.epoch += requests;
    }

    pub(crate) fn connected(&self) {
        self.book().counts.connections += 1;
    }

    /// Writes a request down; its answer is under way until the ticket ends.
    pub(crate) fn open(
        &self,
        method: &http::Method,
        uri: &http::Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Ticket {
        let mut book = self.book();
        book.counts.requests += 1;
        book.counts.in_flight += 1;
        count(
            &mut book.counts.by_path,
            &format!("{method} {}", uri.path()),
        );
        let seq = book.epoch + book.counts.requests;
        if self.keep > 0 {
            let text =
                |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let brief = Brief {
                seq,
                at_ms: now_ms(),
                method: method.to_string(),
                path: uri.path().to_owned(),
                query: uri.query().unwrap_or_default().to_owned(),
                dialect: "",
                model: String::new(),
                stream: false,
                scenario: String::new(),
                source: "",
                status: None,
                outcome: Outcome::Open,
                usage: Usage::default(),
            };
            let headers = headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect();
            book.keep(
                Entry {
                    brief,
                    headers,
                    length: body.len(),
                    body: Some(body.clone()),
                },
                self.keep,
            );
            book.last_body = body.clone();
        }
        Ticket {
            record: self.clone(),
            seq,
            told: Usage::default(),
            sent: Vec::new(),
            done: false,
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.book().counts.clone()
    }

    /// The last requests in brief, oldest first.
    pub(crate) fn last(&self) -> Vec<Brief> {
        let book = self.book();
        let from = book.entries.len().saturating_sub(LAST);
        book.entries
            .iter()
            .skip(from)
            .map(|entry| entry.brief.clone())
            .collect()
    }

    pub(crate) fn last_body(&self) -> Bytes {
        self.book().last_body.clone()
    }

    pub(crate) fn last_answer(&self) -> Bytes {
        self.book().last_answer.concat().into()
    }

    /// Recorded requests numbered above `since`, oldest first, to the byte.
    pub(crate) fn requests(&self, since: u64) -> Vec<Value> {
        let book = self.book();
        book.entries
            .iter()
            .filter(|entry| entry.brief.seq > since)
            .map(Entry::whole)
            .collect()
    }
}

impl Book {
    fn keep(&mut self, entry: Entry, keep: usize) {
        self.body_bytes += entry.length;
        self.entries.push_back(entry);
        while self.entries.len() > keep {
            if let Some(Entry {
                body: Some(body), ..
            }) = self.entries.pop_front()
            {
                self.body_bytes -= body.len();
            }
        }
        for entry in &mut self.entries {
            if self.body_bytes <= BODY_BYTES {
                break;
            }
            if let Some(body) = entry.body.take() {
                self.body_bytes -= body.len();
            }
        }
    }

    fn entry(&mut self, seq: u64) -> Option<&mut Brief> {
        self.entries
            .iter_mut()
            .rev()
            .map(|entry| &mut entry.brief)
            .find(|brief| brief.seq == seq)
    }
}

impl Entry {
    fn whole(&self) -> Value {
        let mut value = serde_json::to_value(&self.brief).unwrap_or_default();
        value["headers"] = json!(self.headers);
        value["length"] = json!(self.length);
        if let Some(body) = &self.body {
            value["sha256"] = hex(&Sha256::digest(body)).into();
            match std::str::from_utf8(body) {
                Ok(text) => value["body_text"] = text.into(),
                Err(_) => {
                    value["body_base64"] = base64::engine::general_purpose::STANDARD
                        .encode(body)
                        .into();
                }
            }
        }
        value
    }
}

/// An answer under way. Dropped before it is finished, it counts as cancelled by the client.
pub(crate) struct Ticket {
    record: Record,
    seq: u64,
    told: Usage,
    sent: Vec<Bytes>,
    done: bool,
}

impl Ticket {
    /// Number of the request.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    /// Writes down what is going to answer.
    pub(crate) fn chosen(
        &self,
        scenario: &str,
        source: &'static str,
        dialect: &'static str,
        ask: &Ask,
    ) {
        let mut book = self.record.book();
        count(&mut book.counts.by_scenario, scenario);
        if let Some(brief) = book.entry(self.seq) {
            scenario.clone_into(&mut brief.scenario);
            brief.source = source;
            brief.dialect = dialect;
            brief.model.clone_from(&ask.model);
            brief.stream = ask.stream;
        }
    }

    /// Writes down the status.
    pub(crate) fn answered(&self, status: Option<u16>) {
        let mut book = self.record.book();
        let text = status.map_or("none".to_owned(), |status| status.to_string());
        count(&mut book.counts.by_status, &text);
        if let Some(brief) = book.entry(self.seq) {
            brief.status = status;
        }
    }

    /// Writes down bytes handed to the socket, and the usage that the client now knows.
    pub(crate) fn sent(&mut self, bytes: &Bytes, told: Option<Usage>) {
        if self.record.keep > 0 {
            self.sent.push(bytes.clone());
        }
        self.told = told.unwrap_or(self.told);
    }

    /// Ends the answer; once.
    pub(crate) fn finish(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        let mut book = self.record.book();
        book.counts.in_flight = book.counts.in_flight.saturating_sub(1);
        book.counts.cancelled += u64::from(outcome == Outcome::Cancelled);
        book.counts.usage.add(&self.told);
        book.last_answer = std::mem::take(&mut self.sent);
        if let Some(brief) = book.entry(self.seq) {
            brief.outcome = outcome;
            brief.usage = self.told;
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.finish(Outcome::Cancelled);
    }
}

fn count(counter: &mut BTreeMap<String, u64>, name: &str) {
    let name = if counter.len() < DISTINCT || counter.contains_key(name) {
        name
    } else {
        "other"
    };
    *counter.entry(name.to_owned()).or_default() += 1;
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to memory cannot fail
        text
    })
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| age.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use http::{Method, Uri};

    use super::*;

    fn opened(record: &Record, body: Vec<u8>) -> Ticket {
        record.open(
            &Method::POST,
            &Uri::from_static("/v1/messages?beta=true"),
            &HeaderMap::new(),
            &body.into(),
        )
    }

    #[test]
    fn a_ticket_that_is_dropped_counts_as_cancelled() {
        let record = Record::new(5);
        drop(opened(&record, vec![]));
        opened(&record, vec![]).finish(Outcome::Complete);
        let open = opened(&record, vec![]);
        let counts = record.counts();
        assert_eq!(
            (counts.requests, counts.cancelled, counts.in_flight),
            (3, 1, 1)
        );
        drop(open);
        assert_eq!(record.counts().in_flight, 0);
    }

    #[test]
    fn bodies_over_the_bound_are_forgotten_and_their_length_kept() {
        let record = Record::new(5);
        drop(opened(&record, vec![1; 40 << 20]));
        drop(opened(&record, vec![2; 40 << 20]));
        let kept: Vec<bool> = record
            .book()
            .entries
            .iter()
            .map(|entry| entry.body.is_some())
            .collect();
        assert_eq!(kept, [false, true]);
        assert_eq!(record.book().entries[0].length, 40 << 20);
    }

    #[test]
    fn no_more_requests_are_kept_than_asked_for() {
        let record = Record::new(2);
        for _ in 0..5 {
            drop(opened(&record, vec![7; 10]));
        }
        assert_eq!(
            record
                .last()
                .iter()
                .map(|brief| brief.seq)
                .collect::<Vec<_>>(),
            [4, 5]
        );
        assert_eq!(record.book().body_bytes, 20);
    }

    #[test]
    fn bodies_are_told_to_the_byte() {
        let record = Record::new(5);
        drop(opened(&record, b"abc".to_vec()));
        drop(opened(&record, vec![0xff]));
        let requests = record.requests(0);
        assert_eq!(requests[0]["body_text"], "abc");
        assert_eq!(
            requests[0]["sha256"],
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(requests[1]["body_base64"], "/w==");
        assert_eq!(record.requests(1).len(), 1);
    }

    #[test]
    fn numbers_go_on_after_a_reset() {
        let record = Record::new(5);
        drop(opened(&record, vec![]));
        record.reset();
        assert_eq!(opened(&record, vec![]).seq(), 2);
        assert_eq!(record.counts().requests, 1);
    }
}
