//! One try of one candidate: from sending the request to the end of its answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue};
use routing::{Candidate, Reason, Signal, Verdict};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::{
    capture::{Incoming, Recorder},
    embed_recall::{self, Recall},
    embeddings::deliver_remembered,
    ending::{Ending, Progress},
    exchange::{Conversion, Exchange, Unaskable, loss_header},
    forward::{self, Base},
    gateway::{Live, Shared, unix_ms},
    hearing::Hearing,
    inbound::Inbound,
    outlet::Outlet,
    quota,
    report::{Report, RequestId},
    resume::Resume,
    route::Endpoint,
    snapshot::Upstream,
    trace,
    transport::SendError,
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
    /// What it takes to give the client an answer in its own dialect; set once it is known how the candidate is asked.
    pub(crate) conversion: Option<Conversion>,
    /// What was left out or approximated on the way to the candidate, in the client's names.
    pub(crate) losses: Vec<String>,
    /// Whether the conversation is told without the reasoning in it.
    pub(crate) without_reasoning: bool,
    /// The provider refused reasoning state that it did not make.
    pub(crate) refused_seal: AtomicBool,
    /// What is known of the embeddings asked for, where the client wants them remembered.
    pub(crate) recall: Option<&'a Recall>,
    /// What is said is kept there, where that is wanted.
    pub(crate) recorder: Option<&'a Arc<Recorder>>,
    /// The answer that it is to give the rest of, or to give anew in the same stream.
    pub(crate) resume: Option<&'a Resume>,
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
    pub(crate) fn commit(&self, response: &Incoming, progress: &mut Progress, outlet: &mut Outlet) {
        let ttft = self.started.elapsed();
        progress.ttft = Some(ttft);
        self.tell_resumed(progress);
        let first_token = (self.inbound.route.endpoint == Endpoint::Answer).then_some(ttft);
        self.shared
            .routed(|board, now| board.committed(self.candidate, first_token, now));
        self.shared.report(Report::Streaming {
            id: self.request_id.clone(),
            attempt: self.candidate.attempt,
            at_ms: unix_ms(),
            ttft_ms: ttft.as_millis() as u64,
        });
        let keep_alive = self
            .inbound
            .is_event_stream()
            .then(|| self.inbound.keep_alive());
        outlet.open(
            response.status(),
            self.headers(response.headers(), true),
            keep_alive,
        );
    }

    /// The provider's headers with ours; `stream` tells what a converted answer is written as.
    pub(crate) fn headers(&self, upstream: &HeaderMap, stream: bool) -> HeaderMap {
        let mut headers = if self.conversion.is_none() {
            forward::response_headers(upstream)
        } else if stream && self.inbound.is_event_stream() {
            forward::converted_headers(upstream, self.inbound.stream_type())
        } else {
            forward::converted_headers(upstream, "application/json")
        };
        if let Some(losses) = loss_header(&self.losses) {
            headers.insert("x-turnout-loss", losses);
        }
        self.mark(&mut headers);
        headers
    }

    /// Writes the `x-turnout-*` headers of an answer.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        mark(headers, self.request_id, Some(self.candidate));
        if let Some(recall) = self.recall {
            headers.insert(embed_recall::CACHE, recall.told());
        }
    }

    /// How the stream of this candidate is understood.
    pub(crate) fn hearing(&self) -> Hearing {
        let client = self.inbound.route.dialect;
        match &self.conversion {
            None => Hearing::same(client),
            Some(conversion) => {
                let reply = self.reply(conversion.tools.clone());
                let joint = self.joint(reply.clone());
                let hearing = Hearing::converted(
                    conversion.dialect,
                    &conversion.origin,
                    client,
                    reply,
                    self.shared.memory.clone(),
                    conversion.conversation,
                );
                hearing.joined(joint)
            }
        }
    }

    /// Sends the request and takes its answer to where it belongs.
    pub(crate) async fn run(&mut self, progress: &mut Progress, outlet: &mut Outlet) -> Ending {
        if let Some(recall) = self.recall.filter(|recall| recall.is_complete()) {
            return deliver_remembered(self, recall, progress, outlet);
        }
        if let Some(failed) = self.cannot_resume() {
            return failed;
        }
        let mut ending = self.exchange(progress, outlet).await;
        if self.refused_seal.load(Ordering::Relaxed) && !self.without_reasoning {
            // The conversation came from another model or account: its reasoning is of no use here, the rest is.
            self.without_reasoning = true;
            ending = self.exchange(progress, outlet).await;
        }
        self.unseen(ending)
    }

    async fn exchange(&mut self, progress: &mut Progress, outlet: &mut Outlet) -> Ending {
        let mut exchange = match Exchange::of(self) {
            Ok(exchange) => exchange,
            Err(why) => return self.unasked(why, progress, outlet),
        };
        self.conversion = exchange.conversion.take();
        self.losses = std::mem::take(&mut exchange.losses);
        progress.losses.clone_from(&self.losses);
        self.ask(&exchange, progress, outlet).await
    }

    /// What is done where the candidate cannot be asked.
    fn unasked(&self, why: Unaskable, progress: &mut Progress, outlet: &mut Outlet) -> Ending {
        match why {
            Unaskable::BadRequest(refusal) => {
                let error = refusal.message.clone();
                let mut answer = refusal.answer(self.inbound.route.dialect, self.request_id);
                mark(&mut answer.headers, self.request_id, Some(self.candidate));
                outlet.refuse(answer, Some(Reason::InvalidRequest), error)
            }
            Unaskable::Unable(why) => {
                self.failed_for(Verdict::NextProvider, Reason::InvalidRequest, &why)
            }
            Unaskable::NoSuchCall if self.inbound.route.endpoint == Endpoint::Count => {
                self.estimate(progress, outlet)
            }
            Unaskable::NoSuchCall => self.failed_for(
                Verdict::NextProvider,
                Reason::NotFound,
                "its dialect has no such call",
            ),
        }
    }

    /// Answers a token count by an estimate of our own.
    pub(crate) fn estimate(&self, progress: &mut Progress, outlet: &mut Outlet) -> Ending {
        progress.finished = true;
        outlet.whole(self.inbound.counted(self.request_id, Some(self.candidate)));
        Ending::Unasked
    }

    async fn ask(
        &self,
        exchange: &Exchange,
        progress: &mut Progress,
        outlet: &mut Outlet,
    ) -> Ending {
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
        let mut headers = forward::request_headers(
            &self.inbound.headers,
            self.upstream,
            secret,
            &self.live.snapshot.access,
            match &self.conversion {
                None => Base::Clients(self.inbound.route.dialect),
                Some(conversion) if conversion.dialect == self.inbound.route.dialect => {
                    Base::Rewritten(&exchange.headers)
                }
                Some(_) => Base::Converted(&exchange.headers),
            },
        );
        let span = (&**self.request_id, self.candidate.attempt);
        let propagation = self.live.snapshot.limits.propagation;
        trace::tell(propagation, &self.inbound.headers, span, &mut headers);
        let head = if self.inbound.stream() {
            timeouts.first_event
        } else {
            timeouts.answer
        };
        let limit = self.started + head.min(timeouts.total);
        progress.asked = true;
        if let Some(recorder) = self.recorder {
            let (attempt, method) = (self.candidate.attempt, &self.inbound.method);
            recorder.asked(attempt, method, &headers, self.upstream, exchange);
        }
        let send = upstream::send(
            &self.live.pools,
            self.upstream,
            key,
            headers,
            self.inbound.method.clone(),
            exchange,
        );
        match tokio::time::timeout_at(limit, send).await {
            Ok(Ok(response)) => {
                let after = self.started.elapsed();
                progress.answered(response.status(), response.headers(), after);
                let told = quota::told(response.headers(), SystemTime::now());
                if !told.is_empty() {
                    self.shared
                        .with_board(|board, now| board.limits_told(self.candidate, &told, now));
                }
                if let Some(left) = quota::used_up(response.headers(), SystemTime::now()) {
                    self.shared
                        .with_board(|board, now| board.used_up(self.candidate, left, now));
                }
                let tape = self
                    .recorder
                    .map(|recorder| recorder.answered(self.candidate.attempt, &response));
                let response = Incoming::new(response, tape);
                whole::receive(self, response, progress, outlet).await
            }
            Ok(Err(SendError::Connect(error))) => self.failed(
                &Signal::Connect,
                &format!("no connection to {}: {error}", self.upstream.base_url),
            ),
            Ok(Err(SendError::Reset(error))) => self.failed(&Signal::Reset, &error),
            Ok(Err(SendError::Address(error))) => self.failed(&Signal::Connect, &error),
            Err(_) => self.failed(
                &Signal::Timeout,
                &format!("no answer in {}", seconds(head.min(timeouts.total))),
            ),
        }
    }

    pub(crate) fn failed_for(&self, verdict: Verdict, reason: Reason, error: &str) -> Ending {
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
