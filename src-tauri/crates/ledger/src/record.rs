//! One request with its attempts, as the writer has it in hand, and what each event does to it.
//!
//! Each event may be applied again, or without the ones before it, and leaves the same: a state never
//! goes back, an end stays. What a request's row tells of its attempts is derived from them alone.

use std::collections::BTreeMap;

use crate::book::Book;
use crate::cells::{There, table};
use crate::combinations::number_of;
use crate::event::{
    AttemptEnded, AttemptStarted, Ended, Event, Mark, Marked, Routed, Started, Streaming, Usage,
};
use crate::kind::{NAME, SHORT};
use crate::money::Usd;
use crate::quote::Quote;

/// Token counts above this come from a broken upstream; their sums would not fit.
const TOKENS_MAX: u64 = 10_000_000_000;
/// Names of events that no mark has.
pub(crate) const ROUTED: &str = "routed";
pub(crate) const SWITCHED: &str = "switched";
pub(crate) const RELEASED: &str = "released";
/// What a row says that a crash or a power cut left running.
const STOPPED: &str = "Turnout stopped while this request was running";
const STOPPED_ATTEMPT: &str = "Turnout stopped while this attempt was running";

table! {
    /// A row of `requests`.
    RequestCells in "requests" by ["id"]; {
        id: String,
        instance: Option<String>,
        started_at: i64,
        status: String,
        is_open: bool,
        mark: Option<String>,
        reason: Option<String>,
        http_status: Option<i64>,
        client: Option<String>,
        token: Option<String>,
        session: Option<String>,
        client_dialect: Option<String>,
        path: Option<String>,
        model_requested: Option<String>,
        stream: bool,
        rule: Option<String>,
        losses: String,
        ttft_ms: Option<i64>,
        duration_ms: Option<i64>,
        error: Option<String>,
        switch_cost: Option<i64>,
        source: Option<String>,
        replay_of: Option<String>,
        combination_id: Option<i64>,
        provider_dialect: Option<String>,
        model_used: Option<String>,
        model_answered: Option<String>,
        provider: Option<String>,
        key: Option<String>,
        group_name: Option<String>,
        attempts: i64,
        input_tokens: i64,
        output_tokens: i64,
        cache_read_tokens: i64,
        cache_write_5m_tokens: i64,
        cache_write_1h_tokens: i64,
        reasoning_tokens: i64,
        estimated: bool,
        unpriced: bool,
        cost_input: Option<i64>,
        cost_output: Option<i64>,
        cost_cache_read: Option<i64>,
        cost_cache_write: Option<i64>,
    }
}

table! {
    /// A row of `attempts`.
    AttemptCells in "attempts" by ["request_id", "attempt"]; {
        request_id: String,
        attempt: i64,
        started_at: i64,
        provider: Option<String>,
        key: Option<String>,
        group_name: Option<String>,
        model: Option<String>,
        model_answered: Option<String>,
        upstream_id: Option<String>,
        provider_dialect: Option<String>,
        ttft_ms: Option<i64>,
        duration_ms: Option<i64>,
        http_status: Option<i64>,
        verdict: Option<String>,
        reason: Option<String>,
        error: Option<String>,
        hedged: bool,
        service: Option<String>,
        input_tokens: i64,
        output_tokens: i64,
        cache_read_tokens: i64,
        cache_write_5m_tokens: i64,
        cache_write_1h_tokens: i64,
        reasoning_tokens: i64,
        estimated: bool,
        unpriced: bool,
        cost_input: Option<i64>,
        cost_output: Option<i64>,
        cost_cache_read: Option<i64>,
        cost_cache_write: Option<i64>,
        price_id: Option<i64>,
    }
}

table! {
    /// A row of `events`.
    EventCells in "events" by ["request_id", "at", "name"]; {
        request_id: String,
        at: i64,
        name: String,
        detail: Option<String>,
    }
}

impl RequestCells {
    /// What becomes of a row that is there, when it is known to tell how the request began.
    pub(crate) const KNOWN: There = There::ReplacedBut(&[
        "id",
        "instance",
        "started_at",
        "source",
        "replay_of",
        "client",
        "token",
        "session",
        "client_dialect",
        "path",
        "model_requested",
        "stream",
        "rule",
    ]);
}

/// A request and its attempts by their numbers.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) request: RequestCells,
    pub(crate) attempts: BTreeMap<i64, AttemptCells>,
    /// What happened since it was last written and no column tells.
    pub(crate) events: Vec<EventCells>,
    /// Where it stands in the history as it was last written, where that is no longer its place.
    pub(crate) moved_from: Option<i64>,
    /// What a request tells when it begins is not written yet.
    pub(crate) begins: bool,
}

impl Record {
    /// A request of which nothing is known but when the event was, or what it was about, began.
    pub(crate) fn new(event: &Event, instance: Option<&str>) -> Self {
        let began = match event {
            Event::Started(event) => event.at_ms,
            Event::AttemptStarted(event) => event.at_ms,
            Event::Streaming(event) => event.at_ms.saturating_sub(whole(event.ttft_ms)),
            Event::AttemptEnded(event) => event.at_ms.saturating_sub(whole(event.duration_ms)),
            Event::Marked(event) => event.at_ms,
            Event::Routed(event) => event.at_ms,
            Event::Ended(event) => event.at_ms.saturating_sub(whole(event.duration_ms)),
        };
        Self {
            request: RequestCells {
                id: event.id().to_string(),
                instance: instance.map(str::to_owned),
                started_at: began,
                status: "pending".to_owned(),
                is_open: true,
                losses: "[]".to_owned(),
                ..RequestCells::default()
            },
            attempts: BTreeMap::new(),
            events: Vec::new(),
            moved_from: None,
            begins: true,
        }
    }

    /// A request as it was written.
    pub(crate) fn written(request: RequestCells) -> Self {
        Self {
            request,
            attempts: BTreeMap::new(),
            events: Vec::new(),
            moved_from: None,
            begins: false,
        }
    }

    /// It is in the database as it is here.
    pub(crate) fn saved(&mut self) {
        self.events.clear();
        self.moved_from = None;
        self.begins = false;
    }

    /// What went wrong: the number of the attempt, 0 for the request as a whole, and the error.
    pub(crate) fn errors(&self) -> impl Iterator<Item = (i64, &str)> {
        let request = (0, &self.request.error);
        let attempts = self.attempts.values();
        let attempts = attempts.map(|attempt| (attempt.attempt, &attempt.error));
        let all = std::iter::once(request).chain(attempts);
        all.filter_map(|(attempt, error)| Some((attempt, error.as_deref()?)))
    }

    /// Whether the request is not over.
    pub(crate) fn is_open(&self) -> bool {
        is_open(&self.request.status)
    }

    /// Does what the event tells.
    pub(crate) fn apply(&mut self, event: &Event, prices: &mut Book) {
        match event {
            Event::Started(event) => self.started(event),
            Event::AttemptStarted(event) => self.attempt_started(event, prices),
            Event::Streaming(event) => self.streaming(event),
            Event::AttemptEnded(event) => self.attempt_ended(event, prices),
            Event::Marked(event) => self.marked(event),
            Event::Routed(event) => self.routed(event),
            Event::Ended(event) => self.ended(event),
        }
        self.recount();
    }

    /// Closes what was running when Turnout last stopped.
    pub(crate) fn close_orphan(&mut self) {
        for attempt in self.attempts.values_mut() {
            if attempt.verdict.is_none() {
                attempt.verdict = Some("cancelled".to_owned());
                attempt.reason = Some("server_error".to_owned());
                attempt.error = Some(STOPPED_ATTEMPT.to_owned());
            }
        }
        if self.is_open() {
            self.request.status = String::from("failed");
            self.request.is_open = false;
            self.request.reason = Some("server_error".to_owned());
            self.request.mark = None;
            self.request.error = Some(STOPPED.to_owned());
        }
        self.combine();
    }

    fn started(&mut self, event: &Started) {
        self.begins = true;
        let row = &mut self.request;
        if row.started_at != event.at_ms {
            self.moved_from.get_or_insert(row.started_at);
            row.started_at = event.at_ms;
        }
        row.client = name(event.client.as_deref());
        row.token = short(event.token.as_deref());
        row.session = short(event.session.as_deref());
        row.client_dialect = short(Some(&event.client_dialect));
        row.path = long(Some(&event.path));
        row.model_requested = short(Some(&event.model_requested));
        row.stream = event.stream;
        row.rule = short(event.rule.as_deref());
        row.replay_of = short(event.replay_of.as_deref());
    }

    fn attempt_started(&mut self, event: &AttemptStarted, prices: &mut Book) {
        let attempt = self.attempt(event.attempt, event.at_ms);
        if attempt.provider.is_some() {
            return; // told before; the request may have gone on since
        }
        attempt.started_at = event.at_ms;
        attempt.provider = name(Some(&event.provider));
        attempt.key = short(event.key.as_deref());
        // Turnout's own calls are made for no group.
        attempt.group_name = name(Some(&*event.group).filter(|group| !group.is_empty()));
        attempt.model = short(Some(&event.model));
        attempt.provider_dialect = short(Some(&event.provider_dialect));
        if attempt.verdict.is_none() {
            let quote = event.price.as_ref().and_then(json);
            attempt.price_id = quote.map(|quote| prices.put(quote, event.at_ms));
        }
        if matches!(self.request.status.as_str(), "pending" | "forwarding") {
            self.request.status = String::from("forwarding");
            self.request.mark = None;
        }
    }

    fn streaming(&mut self, event: &Streaming) {
        let ttft = whole(event.ttft_ms);
        let row = &mut self.request;
        if matches!(row.status.as_str(), "pending" | "forwarding") {
            row.status = String::from("streaming");
        }
        row.mark = None;
        row.ttft_ms = row
            .ttft_ms
            .or(Some(ttft.max(event.at_ms.saturating_sub(row.started_at))));
        let attempt = self.attempt(event.attempt, event.at_ms.saturating_sub(ttft));
        attempt.ttft_ms = attempt.ttft_ms.or(Some(ttft));
    }

    fn attempt_ended(&mut self, event: &AttemptEnded, prices: &mut Book) {
        let began = event.at_ms.saturating_sub(whole(event.duration_ms));
        let attempt = self.attempt(event.attempt, began);
        if attempt.verdict.is_some() {
            return;
        }
        attempt.duration_ms = Some(whole(event.duration_ms));
        attempt.http_status = event.http_status.map(i64::from);
        attempt.verdict = short(Some(&event.verdict));
        attempt.reason = short(event.reason.as_deref());
        attempt.error = long(event.error.as_deref());
        attempt.model_answered = short(event.model_answered.as_deref());
        attempt.upstream_id = short(event.upstream_id.as_deref());
        attempt.hedged = event.hedged;
        attempt.service = short(event.service.as_deref());
        let quote = attempt.price_id.take();
        if let Some(usage) = &event.usage {
            let quote = quote.and_then(|id| serde_json::from_str::<Quote>(prices.text(id)?).ok());
            let price = attempt.count(usage, quote.as_ref());
            attempt.price_id = price.map(|price| prices.put(price, attempt.started_at));
        }
        // The losses of a request are those of its last attempt that had any.
        if !event.losses.is_empty()
            && let Some(losses) = json(&event.losses)
        {
            self.request.losses = losses;
        }
    }

    fn marked(&mut self, event: &Marked) {
        let name = event.mark.map_or(RELEASED, Mark::as_str);
        self.happened(event.at_ms, name, long(event.why.as_deref()));
        if self.is_open() {
            self.request.mark = event.mark.map(|mark| mark.as_str().to_owned());
        }
    }

    fn routed(&mut self, event: &Routed) {
        if let Some(explain) = long(event.explain.as_deref()) {
            self.happened(event.at_ms, ROUTED, Some(explain));
        }
        let cost = event.switch_cost.map(pico);
        if let Some(usd) = event
            .switch_cost
            .filter(|_| cost != self.request.switch_cost)
        {
            self.request.switch_cost = cost;
            self.happened(event.at_ms, SWITCHED, Some(usd.to_string()));
        }
    }

    fn happened(&mut self, at: i64, name: &str, detail: Option<String>) {
        self.events.push(EventCells {
            request_id: self.request.id.clone(),
            at,
            name: name.to_owned(),
            detail,
        });
    }

    fn ended(&mut self, event: &Ended) {
        if !self.is_open() {
            return;
        }
        let row = &mut self.request;
        let duration = whole(event.duration_ms);
        row.status = event.status.as_str().into();
        row.is_open = is_open(&row.status);
        row.mark = None;
        row.reason = short(event.reason.as_deref());
        row.http_status = event.http_status.map(i64::from);
        row.error = long(event.error.as_deref());
        row.duration_ms = Some(duration);
        // Two clocks measured them: rounding must not let the first token come after the end.
        row.ttft_ms = row.ttft_ms.map(|ttft| ttft.min(duration));
    }

    fn attempt(&mut self, number: u32, began: i64) -> &mut AttemptCells {
        let number = i64::from(number);
        let id = &self.request.id;
        self.attempts.entry(number).or_insert_with(|| AttemptCells {
            request_id: id.clone(),
            attempt: number,
            started_at: began,
            ..AttemptCells::default()
        })
    }

    /// Brings what is derived from the attempts up to date: sums over all of them, and who served: the
    /// attempt that went well, else one whose output was seen, else the last.
    pub(crate) fn recount(&mut self) {
        let row = &mut self.request;
        let all = || self.attempts.values();
        let sum = |of: fn(&AttemptCells) -> i64| all().map(of).sum();
        let known =
            |of: fn(&AttemptCells) -> Option<i64>| all().filter_map(of).reduce(i64::saturating_add);
        row.attempts = whole(self.attempts.len() as u64);
        row.input_tokens = sum(|attempt| attempt.input_tokens);
        row.output_tokens = sum(|attempt| attempt.output_tokens);
        row.cache_read_tokens = sum(|attempt| attempt.cache_read_tokens);
        row.cache_write_5m_tokens = sum(|attempt| attempt.cache_write_5m_tokens);
        row.cache_write_1h_tokens = sum(|attempt| attempt.cache_write_1h_tokens);
        row.reasoning_tokens = sum(|attempt| attempt.reasoning_tokens);
        row.estimated = all().any(|attempt| attempt.estimated);
        row.unpriced = all().any(|attempt| attempt.unpriced);
        row.cost_input = known(|attempt| attempt.cost_input);
        row.cost_output = known(|attempt| attempt.cost_output);
        row.cost_cache_read = known(|attempt| attempt.cost_cache_read);
        row.cost_cache_write = known(|attempt| attempt.cost_cache_write);
        let served = all().max_by_key(|attempt| {
            let ok = attempt.verdict.as_deref() == Some("ok");
            (ok, attempt.ttft_ms.is_some(), attempt.attempt)
        });
        if let Some(served) = served {
            row.provider.clone_from(&served.provider);
            row.key.clone_from(&served.key);
            row.group_name.clone_from(&served.group_name);
            row.provider_dialect.clone_from(&served.provider_dialect);
            row.model_used.clone_from(&served.model);
            row.model_answered.clone_from(&served.model_answered);
        }
        self.combine();
    }

    /// Brings the number of its combination of values up to date, which it has once it is over.
    fn combine(&mut self) {
        let row = &mut self.request;
        row.combination_id = (!row.is_open).then(|| number_of(row));
    }
}

impl AttemptCells {
    /// Counts tokens and cost, and tells the price that was used.
    pub(crate) fn count(&mut self, usage: &Usage, quote: Option<&Quote>) -> Option<String> {
        let usage = &believable(usage);
        self.input_tokens = whole(usage.input);
        self.output_tokens = whole(usage.output);
        self.cache_read_tokens = whole(usage.cache_read);
        self.cache_write_5m_tokens = whole(usage.cache_write_5m);
        self.cache_write_1h_tokens = whole(usage.cache_write_1h);
        self.reasoning_tokens = whole(usage.reasoning);
        self.estimated = usage.estimated;
        let cost =
            quote.and_then(|quote| quote.cost(self.started_at, self.service.as_deref(), usage));
        let Some((cost, price)) = cost else {
            self.unpriced = usage.prompt() > 0 || usage.output > 0;
            return None;
        };
        self.cost_input = Some(pico(cost.input));
        self.cost_output = Some(pico(cost.output));
        self.cost_cache_read = Some(pico(cost.cache_read));
        self.cost_cache_write = Some(pico(cost.cache_write));
        json(&price)
    }
}

/// Whether a request of this status is not over.
pub(crate) fn is_open(status: &str) -> bool {
    matches!(status, "pending" | "forwarding" | "streaming")
}

fn believable(usage: &Usage) -> Usage {
    Usage {
        input: usage.input.min(TOKENS_MAX),
        output: usage.output.min(TOKENS_MAX),
        cache_read: usage.cache_read.min(TOKENS_MAX),
        cache_write_5m: usage.cache_write_5m.min(TOKENS_MAX),
        cache_write_1h: usage.cache_write_1h.min(TOKENS_MAX),
        reasoning: usage.reasoning.min(TOKENS_MAX),
        estimated: usage.estimated,
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Fits: the price list bounds what a cost can be.
fn pico(amount: Usd) -> i64 {
    i64::try_from(amount.pico()).unwrap_or(i64::MAX)
}

/// Plain data always has a JSON form.
fn json(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

/// A text of a column that stands in an index beside others.
pub(crate) fn name(text: Option<&str>) -> Option<String> {
    clipped(text?, NAME)
}

/// A text of any other column that is bounded.
pub(crate) fn short(text: Option<&str>) -> Option<String> {
    clipped(text?, SHORT)
}

fn clipped(text: &str, most: usize) -> Option<String> {
    let end = text.char_indices().nth(most);
    long(text.get(..end.map_or(text.len(), |(at, _)| at)))
}

/// PostgreSQL has no texts with a zero character.
pub(crate) fn long(text: Option<&str>) -> Option<String> {
    text.map(|text| text.replace('\0', "\u{fffd}"))
}
