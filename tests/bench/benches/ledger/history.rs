//! A month of requests as an office has them: twenty models of eight providers, five clients with their sessions, one in
//! twenty failed, one in thirty served at the second attempt.

use std::sync::Arc;

use fastrand::Rng;
use jiff::Timestamp;
use ledger::{
    AttemptEnded, AttemptStarted, End, Ended, Event, Multiplier, Prices, Quote, Routed, Started,
    Streaming, Usage,
};

const MONTH_MS: i64 = 30 * 24 * 3_600_000;
/// Names and how many of a hundred requests are theirs.
const CLIENTS: [(&str, u32); 5] = [
    ("claude-code", 60),
    ("codex", 20),
    ("gemini-cli", 10),
    ("cursor", 8),
    ("curl", 2),
];
const MODELS: [&str; 20] = [
    "claude-sonnet-4-5",
    "claude-opus-4-5",
    "claude-haiku-4-5",
    "claude-opus-4-1",
    "claude-sonnet-4",
    "gpt-5.1",
    "gpt-5.1-codex",
    "gpt-5-mini",
    "gpt-5-nano",
    "gpt-4.1",
    "o4-mini",
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "glm-4.6",
    "kimi-k2-thinking",
    "deepseek-chat",
    "qwen3-coder-plus",
    "minimax-m2",
    "grok-4-fast",
];
const PROVIDERS: [&str; 8] = [
    "anthropic",
    "openai",
    "google",
    "openrouter",
    "relay-east",
    "relay-west",
    "bedrock",
    "ollama",
];
pub(crate) const GROUPS: [&str; 4] = ["main", "fast", "cheap", "spare"];
/// Of every thousandth failure.
pub(crate) const RARE: &str = "the certificate of upstream-7 expired yesterday";
const ERRORS: [(&str, &str, u16); 5] = [
    (
        "rate_limited",
        "429 Too Many Requests: this organization reached 50 requests per minute",
        429,
    ),
    ("overloaded", "529 Overloaded: try again later", 529),
    (
        "server_error",
        "500 Internal Server Error: something went wrong upstream",
        500,
    ),
    ("timeout", "no answer in 120.0 s", 504),
    ("network", "no connection: connection reset by peer", 502),
];
const EXPLAIN: &str = r#"{"rule":null,"group":"main","candidates":[{"provider":"anthropic","model":"claude-sonnet-4-5","key":"…a1b2","group":"main","usable":true,"why":"first in the order of the group"},{"provider":"relay-east","model":"claude-sonnet-4-5","key":"…c3d4","group":"main","usable":true,"why":"next in the order of the group"},{"provider":"openrouter","model":"anthropic/claude-sonnet-4.5","key":"…e5f6","group":"spare","usable":false,"why":"rests until 12:00:05 after 3 failures"}]}"#;

/// The requests, one after the other.
pub(crate) struct History {
    rng: Rng,
    left: usize,
    rows: usize,
    begun_ms: i64,
    failures: u64,
    quotes: Vec<Option<Quote>>,
}

impl History {
    pub(crate) fn new(rows: usize) -> Self {
        let prices = Prices::bundled().unwrap();
        let quotes = MODELS.map(|model| prices.quote(None, model, Multiplier::ONE));
        Self {
            rng: Rng::with_seed(1),
            left: rows,
            rows,
            begun_ms: Timestamp::now().as_millisecond() - MONTH_MS,
            failures: 0,
            quotes: quotes.to_vec(),
        }
    }

    /// When it is over, Unix milliseconds.
    pub(crate) fn until_ms(&self) -> i64 {
        self.begun_ms + MONTH_MS
    }

    /// What happens to the next request.
    pub(crate) fn next(&mut self) -> Option<Vec<Event>> {
        self.left = self.left.checked_sub(1)?;
        let number = self.rows - 1 - self.left;
        // The last two hours are still, so that nothing is of the time in which it is measured.
        let at_ms = self.begun_ms + number as i64 * (MONTH_MS - 7_200_000) / self.rows as i64;
        let rng = &mut self.rng;
        let id: Arc<str> = format!("req-{:08x}{:010x}", at_ms / 1000, rng.u64(..1 << 40)).into();
        let client = pick(rng);
        // The first models are asked for more often.
        let model = rng.usize(..MODELS.len()).min(rng.usize(..MODELS.len()));
        let failed = rng.u32(..20) == 0;
        let again = failed || rng.u32(..30) == 0;
        let cancelled = !failed && rng.u32(..100) == 0;
        let mut events = vec![
            Event::Started(Started {
                id: id.clone(),
                at_ms,
                client: Some(client.to_owned()),
                token: Some(format!("person-{}", rng.u32(..40))),
                session: Some(format!("session-{}-{}", client, number / 200 % 5000)),
                client_dialect: "anthropic".to_owned(),
                path: "/v1/messages".to_owned(),
                model_requested: MODELS[model].to_owned(),
                stream: true,
                rule: None,
                replay_of: None,
            }),
            Event::Routed(Routed {
                id: id.clone(),
                at_ms,
                explain: Some(EXPLAIN.to_owned()),
                switch_cost: None,
            }),
        ];
        let mut after = at_ms;
        let mut error = None;
        if again {
            self.failures += 1;
            error = Some(fault(&mut self.rng, self.failures));
            events.push(self.begin(&id, 1, after, model));
            after += 300;
            events.push(Event::AttemptEnded(refused(&id, after, error.as_ref())));
        }
        if !failed {
            events.extend(self.serve(&id, 1 + u32::from(again), after, model));
            after += 4000;
        }
        let status = match (failed, cancelled) {
            (true, _) => End::Failed,
            (_, true) => End::Cancelled,
            _ => End::Completed,
        };
        let error = error.filter(|_| failed);
        events.push(Event::Ended(Ended {
            id,
            at_ms: after,
            duration_ms: (after - at_ms) as u64,
            status,
            http_status: Some(error.as_ref().map_or(200, |error| error.2)),
            reason: error.as_ref().map(|error| error.0.clone()),
            error: error.map(|error| error.1),
        }));
        Some(events)
    }

    fn begin(&mut self, id: &Arc<str>, attempt: u32, at_ms: i64, model: usize) -> Event {
        // A model is sold by three of the providers.
        let provider = (model + self.rng.usize(..3)) % PROVIDERS.len();
        Event::AttemptStarted(AttemptStarted {
            id: id.clone(),
            attempt,
            at_ms,
            provider: PROVIDERS[provider].to_owned(),
            key: Some(format!("…{provider}a{}", self.rng.u32(..2))),
            group: GROUPS[self.rng.usize(..3).min(self.rng.usize(..4))].to_owned(),
            model: MODELS[model].to_owned(),
            provider_dialect: "anthropic".to_owned(),
            price: self.quotes[model].clone(),
        })
    }

    fn serve(&mut self, id: &Arc<str>, attempt: u32, at_ms: i64, model: usize) -> [Event; 3] {
        let begun = self.begin(id, attempt, at_ms, model);
        let rng = &mut self.rng;
        let usage = Usage {
            input: rng.u64(..2_000),
            output: rng.u64(1..3_000),
            cache_read: rng.u64(..120_000),
            cache_write_5m: rng.u64(..4_000),
            ..Usage::default()
        };
        [
            begun,
            Event::Streaming(Streaming {
                id: id.clone(),
                attempt,
                at_ms: at_ms + 900,
                ttft_ms: rng.u64(300..2_000),
            }),
            Event::AttemptEnded(AttemptEnded {
                id: id.clone(),
                attempt,
                at_ms: at_ms + 4_000,
                duration_ms: 4_000,
                http_status: Some(200),
                verdict: "ok".to_owned(),
                reason: None,
                error: None,
                usage: Some(usage),
                service: None,
                hedged: false,
                model_answered: Some(MODELS[model].to_owned()),
                upstream_id: Some(format!("req_{:024x}", rng.u128(..) >> 32)),
                losses: Vec::new(),
            }),
        ]
    }
}

type Fault = (String, String, u16);

fn fault(rng: &mut Rng, number: u64) -> Fault {
    let (reason, error, status) = ERRORS[rng.usize(..ERRORS.len())];
    let error = if number.is_multiple_of(1000) {
        RARE
    } else {
        error
    };
    let provider = PROVIDERS[rng.usize(..PROVIDERS.len())];
    (reason.to_owned(), format!("{provider}: {error}"), status)
}

fn refused(id: &Arc<str>, at_ms: i64, fault: Option<&Fault>) -> AttemptEnded {
    AttemptEnded {
        id: id.clone(),
        attempt: 1,
        at_ms,
        duration_ms: 300,
        http_status: fault.map(|fault| fault.2),
        verdict: "next-provider".to_owned(),
        reason: fault.map(|fault| fault.0.clone()),
        error: fault.map(|fault| fault.1.clone()),
        usage: None,
        service: None,
        hedged: false,
        model_answered: None,
        upstream_id: None,
        losses: Vec::new(),
    }
}

fn pick(rng: &mut Rng) -> &'static str {
    let mut at = rng.u32(..100);
    for (name, share) in CLIENTS {
        if at < share {
            return name;
        }
        at -= share;
    }
    CLIENTS[0].0
}
