//! One try of one candidate: from sending the request to the end of its answer.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use routing::{Candidate, Reason, Signal, Verdict};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::{
    ending::{Ending, Progress},
    forward,
    gateway::{Live, Shared, unix_ms},
    inbound::{Endpoint, Inbound},
    outlet::Outlet,
    report::{Report, RequestId},
    snapshot::Upstream,
    upstream, whole,
};

/// As much of a provider's words as is repeated, in characters.
const QUOTED: usize = 500;

/// One try of one candidate, and what it may look at.
pub(crate) struct Trial<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) live: &'a Live,
    pub(crate) inbound: &'a Inbound,
    pub(crate) request_id: &'a RequestId,
    pub(crate) candidate: &'a Candidate,
    pub(crate) upstream: &'a Upstream,
    pub(crate) started: Instant,
}

impl Trial<'_> {
    /// A failure that the client sees nothing of.
    pub(crate) fn failed(&self, signal: &Signal<'_>, error: &str) -> Ending {
        let (verdict, reason) = self.judge(signal);
        let error = format!("{}: {}", self.candidate.provider, self.quotable(error));
        Ending::Failed {
            verdict,
            reason,
            retry_after: None,
            error,
            spare: None,
        }
    }

    /// What is to be made of a signal, by the settings in force.
    pub(crate) fn judge(&self, signal: &Signal<'_>) -> (Verdict, Option<Reason>) {
        routing::classify(signal, &self.live.snapshot.topology.failover_on)
    }

    /// A provider's words as they may be repeated: without the key in use, and not at any length.
    pub(crate) fn quotable(&self, words: &str) -> String {
        let key = self
            .candidate
            .key
            .as_deref()
            .and_then(|id| self.upstream.keys.get(id));
        let secret = key
            .map(ExposeSecret::expose_secret)
            .filter(|secret| !secret.is_empty());
        let words = match secret {
            Some(secret) => words.replace(secret, "[key]"),
            None => words.to_owned(),
        };
        match words.char_indices().nth(QUOTED) {
            Some((end, _)) => format!("{}…", &words[..end]),
            None => words,
        }
    }

    /// The moment from which failover would be visible: routing and the ledger hear of it, the client gets its head.
    pub(crate) fn commit(
        &self,
        response: &reqwest::Response,
        progress: &mut Progress,
        outlet: &mut Outlet,
    ) {
        let ttft = self.started.elapsed();
        progress.ttft = Some(ttft);
        self.shared
            .routed(|board, now| board.committed(self.candidate, ttft, now));
        self.shared.report(Report::Streaming {
            id: self.request_id.clone(),
            attempt: self.candidate.attempt,
            at_ms: unix_ms(),
            ttft_ms: ttft.as_millis() as u64,
        });
        let events = self.inbound.is_event_stream();
        outlet.open(response.status(), self.headers(response.headers()), events);
    }

    /// The provider's headers with ours.
    pub(crate) fn headers(&self, upstream: &HeaderMap) -> HeaderMap {
        let mut headers = forward::response_headers(upstream);
        mark(&mut headers, self.request_id, Some(self.candidate));
        headers
    }

    /// Sends the request and takes its answer to where it belongs.
    pub(crate) async fn run(&self, progress: &mut Progress, outlet: &mut Outlet) -> Ending {
        if self.inbound.route.endpoint == Endpoint::CountTokens && !self.upstream.count_tokens {
            return self.failed_for(
                Verdict::NextProvider,
                Reason::NotFound,
                "it cannot count tokens (count_tokens = false)",
            );
        }
        let timeouts = &self.upstream.timeouts;
        let key = self.candidate.key.as_deref();
        let secret = key.and_then(|id| self.upstream.keys.get(id));
        if key.is_some() && secret.is_none() {
            // Settings changed while this request was on its way. Without its key nothing is sent.
            return self.failed_for(
                Verdict::NextProvider,
                Reason::NotFound,
                "its key is no longer in the settings",
            );
        }
        let headers = forward::request_headers(
            &self.inbound.headers,
            self.upstream,
            secret,
            &self.live.snapshot.access,
        );
        let model = self.candidate.renamed.then_some(&*self.candidate.model);
        let head = if self.inbound.stream() {
            timeouts.first_event
        } else {
            timeouts.answer
        };
        let limit = self.started + head.min(timeouts.total);
        let send = upstream::send(
            &self.live.pools,
            self.upstream,
            key,
            headers,
            self.inbound,
            model,
        );
        match tokio::time::timeout_at(limit, send).await {
            Ok(Ok(response)) => {
                progress.http_status = Some(response.status().as_u16());
                whole::receive(self, response, progress, outlet).await
            }
            Ok(Err(upstream::SendError::Connect(error))) => self.failed(
                &Signal::Connect,
                &format!("no connection to {}: {error}", self.upstream.base_url),
            ),
            Ok(Err(upstream::SendError::Reset(error))) => self.failed(&Signal::Reset, &error),
            Ok(Err(upstream::SendError::Address(error))) => self.failed(&Signal::Connect, &error),
            Err(_) => self.failed(
                &Signal::Timeout,
                &format!("no answer in {}", seconds(head.min(timeouts.total))),
            ),
        }
    }

    fn failed_for(&self, verdict: Verdict, reason: Reason, error: &str) -> Ending {
        let error = format!("{}: {error}", self.candidate.provider);
        Ending::Failed {
            verdict,
            reason: Some(reason),
            retry_after: None,
            error,
            spare: None,
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// Writes the `x-turnout-*` headers.
pub(crate) fn mark(headers: &mut HeaderMap, request_id: &str, candidate: Option<&Candidate>) {
    let mut set = |name: &'static str, text: &str| {
        // A name that no header can hold is told in the escapes of Rust rather than not at all.
        let value = HeaderValue::from_str(text)
            .or_else(|_| HeaderValue::from_str(&text.escape_default().to_string()));
        if let Ok(value) = value {
            headers.insert(name, value);
        }
    };
    set("x-turnout-request-id", request_id);
    if let Some(candidate) = candidate {
        set("x-turnout-provider", &candidate.provider);
        if !candidate.model.is_empty() {
            set("x-turnout-model", &candidate.model);
        }
    }
    set(
        "x-turnout-attempts",
        &candidate
            .map_or(0, |candidate| candidate.attempt)
            .to_string(),
    );
}
