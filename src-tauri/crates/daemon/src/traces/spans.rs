//! From the gateway's reports to spans.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gateway::{
    AttemptEnded, AttemptStarted, EndStatus, Ended, Report, RequestId, Started, span_of, trace_of,
};
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracer, Span};

use super::words;
use crate::instance::hold;

/// Requests whose spans are kept until they end. Where the report of an end is lost, the oldest goes.
const KEPT: usize = 8192;

/// Who is behind a provider's name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seller {
    /// The vendor, by our name.
    pub(crate) vendor: Arc<str>,
    /// Where it is asked.
    pub(crate) host: Option<String>,
    /// At which port.
    pub(crate) port: Option<u16>,
}

/// Spans of what is under way.
pub(super) struct Spans {
    tracer: SdkTracer,
    ids: Ids,
    open: HashMap<RequestId, Open>,
}

struct Open {
    span: Span,
    at_ms: i64,
    operation: &'static str,
    stream: bool,
    conversation: Option<String>,
    attempts: Vec<(u32, Span)>,
}

impl Spans {
    pub(super) fn new(tracer: SdkTracer, ids: Ids) -> Self {
        Self {
            tracer,
            ids,
            open: HashMap::new(),
        }
    }

    pub(super) fn take(&mut self, report: &Report, seller: &dyn Fn(&str) -> Seller) {
        match report {
            Report::Started(started) => self.start(started),
            Report::AttemptStarted(attempt) => self.start_attempt(attempt, seller),
            Report::Streaming {
                id,
                attempt,
                ttft_ms,
                ..
            } => {
                if let Some(span) = self.attempt(id, *attempt) {
                    let seconds = Duration::from_millis(*ttft_ms).as_secs_f64();
                    span.set_attribute(KeyValue::new(words::FIRST_CHUNK, seconds));
                }
            }
            Report::AttemptEnded(ended) => self.end_attempt(ended),
            Report::Suspended { id, at_ms, why, .. } => {
                if let Some(open) = self.open.get_mut(id) {
                    let why = vec![KeyValue::new("turnout.why", why.clone())];
                    open.span
                        .add_event_with_timestamp("suspended", moment(*at_ms), why);
                }
            }
            Report::Ended(ended) => self.end(ended),
            Report::Planned { .. }
            | Report::Progress { .. }
            | Report::Switched { .. }
            | Report::Retrying { .. }
            | Report::Captured(_)
            | Report::Changed { .. } => {}
        }
    }

    /// Ends what is under way, as nobody will tell its end.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    fn start(&mut self, started: &Started) {
        if self.open.len() >= KEPT {
            let oldest = self.open.iter().min_by_key(|(_, open)| open.at_ms);
            if let Some(id) = oldest.map(|(id, _)| id.clone()) {
                self.open.remove(&id);
            }
        }
        let operation = words::operation(&started.path);
        let model = (!started.model_requested.is_empty()).then(|| started.model_requested.clone());
        let mut attributes = vec![
            KeyValue::new(words::OPERATION, operation),
            KeyValue::new(words::REQUEST_STREAM, started.stream),
            KeyValue::new(words::PATH, started.path.clone()),
            KeyValue::new("turnout.request.id", started.id.to_string()),
            KeyValue::new("turnout.dialect", started.client_dialect),
        ];
        let texts = [
            (words::REQUEST_MODEL, model.as_deref()),
            (words::CONVERSATION, started.session.as_deref()),
            ("turnout.client", started.client.as_deref()),
            ("turnout.token", started.token.as_deref()),
            ("turnout.rule", started.rule.as_deref()),
            ("turnout.replay_of", started.replay_of.as_deref()),
        ];
        attributes.extend(told(texts));
        let parent = started.trace.map(|came| {
            let flags = TraceFlags::default().with_sampled(came.sampled);
            let (trace, span) = (TraceId::from(came.trace), SpanId::from(came.span));
            SpanContext::new(trace, span, flags, true, TraceState::default())
        });
        let name = named(operation, model.as_deref());
        let builder = self
            .tracer
            .span_builder(name)
            .with_kind(SpanKind::Server)
            .with_start_time(moment(started.at_ms))
            .with_attributes(attributes);
        self.ids.next(&started.id, 0);
        let around = parent.map_or_else(Context::new, |parent| {
            Context::new().with_remote_span_context(parent)
        });
        let span = self.tracer.build_with_context(builder, &around);
        let open = Open {
            span,
            at_ms: started.at_ms,
            operation,
            stream: started.stream,
            conversation: started.session.clone(),
            attempts: Vec::new(),
        };
        self.open.insert(started.id.clone(), open);
    }

    fn start_attempt(&mut self, attempt: &AttemptStarted, seller: &dyn Fn(&str) -> Seller) {
        let Some(open) = self.open.get_mut(&attempt.id) else {
            return;
        };
        let seller = seller(&attempt.provider);
        let mut attributes = vec![
            KeyValue::new(words::OPERATION, open.operation),
            KeyValue::new(words::REQUEST_MODEL, attempt.model.to_string()),
            KeyValue::new(words::REQUEST_STREAM, open.stream),
            KeyValue::new(words::PROVIDER, words::provider(&seller.vendor).to_owned()),
            KeyValue::new("turnout.provider", attempt.provider.to_string()),
            KeyValue::new("turnout.group", attempt.group.to_string()),
            KeyValue::new("turnout.attempt", i64::from(attempt.attempt)),
            KeyValue::new("turnout.dialect", attempt.provider_dialect),
        ];
        attributes.extend(told([
            (words::CONVERSATION, open.conversation.as_deref()),
            (words::SERVER, seller.host.as_deref()),
        ]));
        attributes.extend(
            seller
                .port
                .map(|port| KeyValue::new(words::PORT, i64::from(port))),
        );
        let builder = self
            .tracer
            .span_builder(named(open.operation, Some(&attempt.model)))
            .with_kind(SpanKind::Client)
            .with_start_time(moment(attempt.at_ms))
            .with_attributes(attributes);
        self.ids.next(&attempt.id, attempt.attempt);
        let around = Context::new().with_remote_span_context(open.span.span_context().clone());
        let span = self.tracer.build_with_context(builder, &around);
        open.attempts.push((attempt.attempt, span));
    }

    fn attempt(&mut self, id: &RequestId, attempt: u32) -> Option<&mut Span> {
        let attempts = &mut self.open.get_mut(id)?.attempts;
        let (_, span) = attempts.iter_mut().find(|(number, _)| *number == attempt)?;
        Some(span)
    }

    fn end_attempt(&mut self, ended: &AttemptEnded) {
        let Some(open) = self.open.get_mut(&ended.id) else {
            return;
        };
        let mut attempts = open.attempts.iter();
        let Some(at) = attempts.position(|(number, _)| *number == ended.attempt) else {
            return;
        };
        let (_, mut span) = open.attempts.swap_remove(at);
        let verdict = ended.verdict.as_str();
        span.set_attribute(KeyValue::new("turnout.verdict", verdict));
        span.set_attributes(told([
            (words::RESPONSE_MODEL, ended.model_answered.as_deref()),
            ("turnout.upstream.id", ended.upstream_id.as_deref()),
        ]));
        if let Some(usage) = &ended.usage {
            span.set_attributes(tokens(usage));
        }
        if ended.hedged {
            span.set_attribute(KeyValue::new("turnout.outrun", true));
        } else if let Some(model) = &ended.model_answered {
            let model = KeyValue::new(words::RESPONSE_MODEL, model.clone());
            open.span.set_attribute(model);
        }
        let reason = ended.reason.map(routing::Reason::as_str);
        finish(&mut span, ended.http_status, reason, ended.error.as_deref());
        span.end_with_timestamp(moment(ended.at_ms));
    }

    fn end(&mut self, ended: &Ended) {
        // Attempts that did not tell their end end with it.
        let Some(mut open) = self.open.remove(&ended.id) else {
            return;
        };
        let span = &mut open.span;
        let status = crate::live::end_word(ended.status);
        span.set_attribute(KeyValue::new("turnout.status", status));
        let failed = ended.status == EndStatus::Failed;
        let reason = ended.reason.map(routing::Reason::as_str);
        let error = ended.error.as_deref().filter(|_| failed);
        finish(span, ended.http_status, reason.filter(|_| failed), error);
        span.end_with_timestamp(moment(ended.at_ms));
    }
}

/// What both kinds of spans tell of an end.
fn finish(span: &mut Span, status: Option<u16>, reason: Option<&'static str>, error: Option<&str>) {
    if let Some(status) = status {
        span.set_attribute(KeyValue::new(words::STATUS, i64::from(status)));
    }
    if let Some(error) = error {
        let kind = reason.map_or_else(
            || status.map_or(Cow::Borrowed("_OTHER"), |status| status.to_string().into()),
            Cow::Borrowed,
        );
        span.set_attribute(KeyValue::new(words::ERROR, kind));
        span.set_status(Status::error(error.to_owned()));
    }
}

fn tokens(usage: &gateway::Usage) -> Vec<KeyValue> {
    let written = usage.cache_write_5m + usage.cache_write_1h;
    let all = [
        (
            words::INPUT_TOKENS,
            usage.input + usage.cache_read + written,
        ),
        (words::OUTPUT_TOKENS, usage.output),
        (words::CACHE_READ_TOKENS, usage.cache_read),
        (words::CACHE_WRITE_TOKENS, written),
        (words::REASONING_TOKENS, usage.reasoning),
    ];
    let attributes = all.map(|(name, count)| KeyValue::new(name, count as i64));
    let estimated = usage.estimated;
    let estimated = estimated.then(|| KeyValue::new("turnout.usage.estimated", true));
    attributes.into_iter().chain(estimated).collect()
}

/// The attributes whose text is known.
fn told<'a>(
    texts: impl IntoIterator<Item = (&'static str, Option<&'a str>)>,
) -> impl Iterator<Item = KeyValue> {
    texts
        .into_iter()
        .filter_map(|(name, text)| Some(KeyValue::new(name, text?.to_owned())))
}

fn named(operation: &str, model: Option<&str>) -> String {
    match model {
        Some(model) => format!("{operation} {model}"),
        None => operation.to_owned(),
    }
}

fn moment(at_ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(at_ms.max(0).unsigned_abs())
}

/// The ids of spans, which follow from those of requests. Spans are begun one by one.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids(Arc<Mutex<Option<(TraceId, SpanId)>>>);

impl Ids {
    /// Whose span is begun next; attempt 0 is the request itself.
    fn next(&self, request: &str, attempt: u32) {
        let trace = TraceId::from(trace_of(request));
        *hold(&self.0) = Some((trace, SpanId::from(span_of(request, attempt))));
    }
}

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        let next = hold(&self.0).map(|(trace, _)| trace);
        next.unwrap_or_else(|| RandomIdGenerator::default().new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        let next = hold(&self.0).map(|(_, span)| span);
        next.unwrap_or_else(|| RandomIdGenerator::default().new_span_id())
    }
}
