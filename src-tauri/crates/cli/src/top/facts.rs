//! What the instance told, folded event by event. Pure: it asks nothing and knows no clock.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use daemon::view::{
    Connection, Group, LogLine, Notice, Payload, Provider, Request, Status, Suspended,
};
use jiff::Timestamp;

use super::flow::Flow;

/// Requests, lines of the log and troubles that are kept.
const REQUESTS: usize = 500;
const LINES: usize = 1000;
const TROUBLES: usize = 200;
/// Latencies of a provider that are kept, for its sparkline.
const LATENCIES: usize = 32;
/// A request that the instance does not list as running may have begun just now.
const JUST_NOW: Duration = Duration::from_secs(5);

/// All that one look at the instance tells.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) status: Status,
    pub(crate) groups: Vec<Group>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) waiting: Vec<Suspended>,
    pub(crate) connections: Vec<Connection>,
}

/// Something that went wrong, or another provider that took over.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) at: Timestamp,
    /// What sort: the reason of a failure, the kind of a notice.
    pub(crate) what: String,
    /// The provider or the model.
    pub(crate) who: String,
    pub(crate) why: String,
    /// The request that failed.
    pub(crate) request: Option<String>,
}

/// The instance as far as it has told itself.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) status: Option<Status>,
    /// When it was told, since its uptime goes on.
    pub(crate) status_at: Timestamp,
    pub(crate) groups: Vec<Group>,
    pub(crate) providers: Vec<Provider>,
    /// The newest first.
    pub(crate) requests: VecDeque<Request>,
    pub(crate) waiting: Vec<Suspended>,
    /// The newest first.
    pub(crate) troubles: VecDeque<Trouble>,
    /// The newest first.
    pub(crate) log: VecDeque<LogLine>,
    pub(crate) flow: Flow,
    latencies: HashMap<String, VecDeque<u64>>,
}

impl Facts {
    /// Takes an event in, at `now`.
    pub(crate) fn take(&mut self, event: Payload, now: Timestamp) {
        match event {
            Payload::Status(status) => self.take_status(*status, now),
            Payload::Usage(today) => {
                if let Some(status) = &mut self.status {
                    status.today = today;
                }
            }
            Payload::Provider(provider) => {
                put(&mut self.providers, *provider, |one| &one.name);
            }
            Payload::Group(group) => put(&mut self.groups, *group, |one| &one.name),
            Payload::Request(row) => self.take_request(*row, now),
            Payload::Connection(connection) => self.take_connection(*connection, now),
            Payload::Notice(notice) => self.take_notice(*notice),
            Payload::Log(line) => self.take_line(*line),
        }
    }

    /// Takes a look in: what it does not name is gone.
    pub(crate) fn look(&mut self, look: Look, now: Timestamp) {
        self.take_status(look.status, now);
        self.groups = look.groups;
        self.providers = look.providers;
        self.waiting = look.waiting;
        let is_told = |row: &Request| look.connections.iter().any(|one| one.id == row.id);
        let is_new = |row: &Request| now.duration_since(row.started_at).unsigned_abs() < JUST_NOW;
        self.requests
            .retain(|row| !under_way(row) || is_new(row) || is_told(row));
        for connection in look.connections {
            self.take_connection(connection, now);
        }
    }

    /// Takes rows of the history in, the newest first as it gives them.
    pub(crate) fn history(&mut self, rows: Vec<Request>, now: Timestamp) {
        for row in rows.into_iter().rev() {
            self.take_request(row, now);
        }
    }

    /// Takes lines of the log in, the newest first as it gives them.
    pub(crate) fn lines(&mut self, lines: Vec<LogLine>) {
        // The ids of another run begin anew.
        self.log.clear();
        self.log.extend(lines);
    }

    /// Milliseconds to the first token of a provider's latest answers, the oldest first.
    pub(crate) fn latencies(&self, provider: &str) -> Vec<u64> {
        let kept = self.latencies.get(provider);
        kept.map(|kept| kept.iter().copied().collect())
            .unwrap_or_default()
    }

    /// The request of this id, as far as it is kept.
    pub(crate) fn request(&self, id: &str) -> Option<&Request> {
        self.requests.iter().find(|row| row.id == id)
    }

    /// Whether a request is said to wait that is not among those that wait, or fewer wait than are told.
    pub(crate) fn waiting_is_stale(&self) -> bool {
        let is_suspended = |row: &&Request| row.mark.as_deref() == Some("suspended");
        let marked = self.requests.iter().filter(is_suspended);
        let told = self.status.as_ref().map_or(0, |status| status.suspended);
        told != self.waiting.len() as u64
            || marked
                .filter(|row| under_way(row))
                .any(|row| !self.waiting.iter().any(|one| one.id == row.id))
    }

    fn take_status(&mut self, status: Status, now: Timestamp) {
        self.status = Some(status);
        self.status_at = now;
    }

    /// A row of the history. It is written later than the connection tells, and takes nothing back: no end, no word.
    fn take_request(&mut self, row: Request, now: Timestamp) {
        let Some(known) = self.requests.iter_mut().find(|one| one.id == row.id) else {
            self.begin(row, now);
            return;
        };
        if !under_way(known) && under_way(&row) {
            return;
        }
        let before = known.clone();
        *known = if under_way(&row) {
            written(row, &before)
        } else {
            row
        };
        let after = known.clone();
        self.moved(&before, &after, now);
    }

    fn take_connection(&mut self, told: Connection, now: Timestamp) {
        if told.mark.as_deref() != Some("suspended") {
            self.waiting.retain(|one| one.id != told.id);
        }
        let Some(known) = self.requests.iter_mut().find(|one| one.id == told.id) else {
            let mut row = Request {
                id: told.id.clone(),
                started_at: told.since,
                ..Request::default()
            };
            connected(&mut row, told);
            self.begin(row, now);
            return;
        };
        if !under_way(known) {
            return;
        }
        let before = known.clone();
        connected(known, told);
        if !under_way(known) && known.duration_ms.is_none() {
            known.duration_ms = Some(millis_between(known.started_at, now));
        }
        let after = known.clone();
        self.moved(&before, &after, now);
    }

    fn begin(&mut self, row: Request, now: Timestamp) {
        self.flow.arrived(row.started_at);
        let blank = Request::default();
        self.moved(&blank, &row, ended_at(&row).unwrap_or(now));
        let place = self
            .requests
            .partition_point(|one| (one.started_at, &one.id) > (row.started_at, &row.id));
        self.requests.insert(place, row);
        if self.requests.len() > REQUESTS {
            self.requests.pop_back();
        }
    }

    /// A request came from one standing to another: what that says of rates, latencies and failures.
    fn moved(&mut self, before: &Request, after: &Request, at: Timestamp) {
        let said = after.output_tokens.saturating_sub(before.output_tokens);
        self.flow.said(at, said);
        // It is counted from the arrival: after a second attempt it says more of the first provider than of this one.
        if let (None, Some(ttft), Some(provider), 0..=1) = (
            before.ttft_ms,
            after.ttft_ms,
            &after.provider,
            after.attempts,
        ) {
            let kept = self.latencies.entry(provider.clone()).or_default();
            if kept.len() == LATENCIES {
                kept.pop_front();
            }
            kept.push_back(ttft);
        }
        // The connection tells that a request failed, the row a little later why.
        if after.status == "failed" && (after.reason.is_some() || after.error.is_some()) {
            let id = Some(after.id.as_str());
            self.troubles.retain(|one| one.request.as_deref() != id);
            self.trouble(failed(after));
        }
    }

    fn take_notice(&mut self, notice: Notice) {
        self.trouble(Trouble {
            at: notice.at,
            what: notice.kind.as_str().to_owned(),
            who: notice.title,
            why: notice.body,
            request: None,
        });
    }

    fn trouble(&mut self, trouble: Trouble) {
        if self.troubles.contains(&trouble) {
            return;
        }
        let place = self.troubles.partition_point(|one| one.at > trouble.at);
        self.troubles.insert(place, trouble);
        self.troubles.truncate(TROUBLES);
    }

    fn take_line(&mut self, line: LogLine) {
        if self.log.front().is_some_and(|newest| newest.id >= line.id) {
            return;
        }
        self.log.push_front(line);
        self.log.truncate(LINES);
    }
}

/// Whether a request has not ended.
pub(crate) fn under_way(row: &Request) -> bool {
    matches!(row.status.as_str(), "pending" | "forwarding" | "streaming")
}

/// The model that was asked for; the path of a request that names none.
pub(crate) fn asked(row: &Request) -> &str {
    let named = |name: &Option<String>| name.as_deref().is_some_and(|name| !name.is_empty());
    let models = [&row.model_requested, &row.model_used, &row.path];
    let first = models.into_iter().find(|name| named(name));
    first.and_then(Option::as_deref).unwrap_or("-")
}

/// A row of a request that runs, with what is known to be further.
fn written(row: Request, known: &Request) -> Request {
    Request {
        status: known.status.clone(),
        mark: known.mark.clone(),
        provider: known.provider.clone().or(row.provider),
        model_used: known.model_used.clone().or(row.model_used),
        attempts: known.attempts.max(row.attempts),
        ttft_ms: known.ttft_ms.or(row.ttft_ms),
        input_tokens: known.input_tokens.max(row.input_tokens),
        output_tokens: known.output_tokens.max(row.output_tokens),
        ..row
    }
}

fn connected(row: &mut Request, told: Connection) {
    row.status = told.status;
    row.mark = told.mark;
    row.client = told.client.or(row.client.take());
    row.token = told.token.or(row.token.take());
    row.session = told.session.or(row.session.take());
    row.path = told.path.or(row.path.take());
    row.provider = told.provider.or(row.provider.take());
    row.model_used = told.model.or(row.model_used.take());
    row.stream = told.stream;
    row.attempts = told.attempts.max(row.attempts);
    row.ttft_ms = told.ttft_ms.or(row.ttft_ms);
    row.input_tokens = told.input_tokens.max(row.input_tokens);
    row.output_tokens = told.output_tokens.max(row.output_tokens);
}

fn failed(row: &Request) -> Trouble {
    let reason = row.reason.as_deref().unwrap_or("failed");
    let who = row.provider.as_deref().unwrap_or_else(|| asked(row));
    Trouble {
        at: ended_at(row).unwrap_or(row.started_at),
        what: reason.to_owned(),
        who: who.to_owned(),
        why: row.error.clone().unwrap_or_default(),
        request: Some(row.id.clone()),
    }
}

fn ended_at(row: &Request) -> Option<Timestamp> {
    let took = Duration::from_millis(row.duration_ms?);
    row.started_at.checked_add(took).ok()
}

/// Milliseconds from one time to a later one, 0 if it is not later.
pub(crate) fn millis_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0)
}

fn put<T>(list: &mut Vec<T>, thing: T, name: impl Fn(&T) -> &String) {
    match list.iter_mut().find(|one| name(one) == name(&thing)) {
        Some(known) => *known = thing,
        None => list.push(thing),
    }
}
