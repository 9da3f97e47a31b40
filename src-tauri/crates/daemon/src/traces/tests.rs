//! Spans as they are exported, of reports as the gateway makes them.

use std::sync::Arc;

use gateway::{
    AttemptEnded, AttemptStarted, EndStatus, Ended, Report, Started, TraceParent, Usage,
};
use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use routing::{Reason, Verdict};
use serde_json::{Map, Value, json};

use super::*;

#[derive(Debug, Clone, Default)]
struct Exported(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Exported {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        hold(&self.0).extend(batch);
        Ok(())
    }
}

fn seller(provider: &str) -> Seller {
    Seller {
        vendor: if provider == "first" {
            "gemini"
        } else {
            "anthropic"
        }
        .into(),
        host: Some("api.example".to_owned()),
        port: Some(443),
    }
}

/// The spans that reports make, in the order of their end.
fn spans(reports: &[Report]) -> Vec<SpanData> {
    let exported = Exported::default();
    let traces = Traces::to(exported.clone());
    for report in reports {
        traces.take(report, &seller);
    }
    hold(&traces.spans).clear();
    traces.provider.shutdown().unwrap();
    std::mem::take(&mut *hold(&exported.0))
}

fn started(trace: Option<TraceParent>) -> Report {
    Report::Started(Started {
        id: "req-1".into(),
        at_ms: 1_000,
        client: Some("claude-code".to_owned()),
        token: Some("ci".to_owned()),
        session: Some("s-1".to_owned()),
        client_dialect: "anthropic",
        path: "/v1/messages".to_owned(),
        model_requested: "claude-sonnet-4-5".to_owned(),
        stream: true,
        rule: None,
        replay_of: None,
        trace,
        traffic: Arc::default(),
    })
}

fn attempt(number: u32, provider: &str) -> Report {
    Report::AttemptStarted(AttemptStarted {
        id: "req-1".into(),
        attempt: number,
        at_ms: 1_000 + i64::from(number),
        provider: provider.into(),
        key: None,
        group: "main".into(),
        model: format!("model-of-{provider}").into(),
        provider_dialect: "gemini",
    })
}

fn attempt_ended(number: u32, failed: bool) -> Report {
    Report::AttemptEnded(AttemptEnded {
        id: "req-1".into(),
        attempt: number,
        at_ms: 2_000 + i64::from(number),
        duration_ms: 1_000,
        http_status: Some(if failed { 529 } else { 200 }),
        verdict: if failed {
            Verdict::NextProvider
        } else {
            Verdict::Ok
        },
        reason: failed.then_some(Reason::Overloaded),
        error: failed.then(|| "first: overloaded".to_owned()),
        usage: (!failed).then(|| Usage {
            input: 10,
            output: 7,
            cache_read: 100,
            cache_write_5m: 20,
            cache_write_1h: 3,
            reasoning: 2,
            ..Usage::default()
        }),
        model_answered: (!failed).then(|| "claude-sonnet-4-5-20250929".to_owned()),
        upstream_id: None,
        losses: Vec::new(),
        hedged: false,
    })
}

fn ended(status: EndStatus) -> Report {
    let failed = status == EndStatus::Failed;
    Report::Ended(Ended {
        id: "req-1".into(),
        at_ms: 3_000,
        duration_ms: 2_000,
        status,
        reason: failed.then_some(Reason::Timeout),
        http_status: Some(if failed { 504 } else { 200 }),
        error: failed.then(|| "nobody answered".to_owned()),
    })
}

fn attributes(span: &SpanData) -> Value {
    let told = span.attributes.iter().map(|told| {
        let value = match &told.value {
            opentelemetry::Value::Bool(value) => (*value).into(),
            opentelemetry::Value::I64(value) => (*value).into(),
            opentelemetry::Value::F64(value) => (*value).into(),
            value => value.as_str().into_owned().into(),
        };
        (told.key.to_string(), value)
    });
    told.collect::<Map<String, Value>>().into()
}

#[test]
fn a_request_is_a_span_and_each_of_its_attempts_one_below_it() {
    let streaming = Report::Streaming {
        id: "req-1".into(),
        attempt: 2,
        at_ms: 1_500,
        ttft_ms: 250,
    };
    let spans = spans(&[
        started(None),
        attempt(1, "first"),
        attempt_ended(1, true),
        attempt(2, "second"),
        streaming,
        attempt_ended(2, false),
        ended(EndStatus::Completed),
    ]);
    let [first, second, request] = &spans[..] else {
        panic!("{spans:#?}");
    };
    let names = [first, second, request].map(|span| &*span.name);
    assert_eq!(
        names,
        [
            "chat model-of-first",
            "chat model-of-second",
            "chat claude-sonnet-4-5"
        ]
    );
    assert_eq!(
        (&request.span_kind, &first.span_kind, request.parent_span_id),
        (&SpanKind::Server, &SpanKind::Client, SpanId::INVALID)
    );
    for attempt in [first, second] {
        assert_eq!(attempt.parent_span_id, request.span_context.span_id());
        assert_eq!(
            attempt.span_context.trace_id(),
            request.span_context.trace_id()
        );
    }
    assert_eq!(
        attributes(first),
        json!({
            "gen_ai.operation.name": "chat", "gen_ai.request.model": "model-of-first", "gen_ai.request.stream": true,
            "gen_ai.provider.name": "gcp.gemini", "gen_ai.conversation.id": "s-1",
            "server.address": "api.example", "server.port": 443,
            "turnout.provider": "first", "turnout.group": "main", "turnout.attempt": 1, "turnout.dialect": "gemini",
            "turnout.verdict": "next-provider", "http.response.status_code": 529, "error.type": "overloaded",
        })
    );
    assert_eq!(first.status, Status::error("first: overloaded"));
    let of_second = attributes(second);
    for (name, value) in [
        ("gen_ai.usage.input_tokens", json!(133)),
        ("gen_ai.usage.output_tokens", json!(7)),
        ("gen_ai.usage.cache_read.input_tokens", json!(100)),
        ("gen_ai.usage.cache_write.input_tokens", json!(23)),
        ("gen_ai.usage.reasoning.output_tokens", json!(2)),
        ("gen_ai.response.time_to_first_chunk", json!(0.25)),
        ("gen_ai.response.model", json!("claude-sonnet-4-5-20250929")),
        ("error.type", Value::Null),
    ] {
        assert_eq!(of_second[name], value, "{name}: {of_second:#}");
    }
    let of_request = attributes(request);
    assert_eq!(
        of_request,
        json!({
            "gen_ai.operation.name": "chat", "gen_ai.request.stream": true, "url.path": "/v1/messages",
            "turnout.request.id": "req-1", "turnout.dialect": "anthropic",
            "gen_ai.request.model": "claude-sonnet-4-5", "gen_ai.conversation.id": "s-1",
            "turnout.client": "claude-code", "turnout.token": "ci",
            "gen_ai.response.model": "claude-sonnet-4-5-20250929",
            "turnout.status": "completed", "http.response.status_code": 200,
        })
    );
    let took = request.end_time.duration_since(request.start_time);
    assert_eq!(took.unwrap(), Duration::from_secs(2));
}

#[test]
fn a_clients_trace_goes_on_and_its_wish_not_to_be_recorded_holds() {
    let came = TraceParent {
        trace: 7,
        span: 9,
        sampled: true,
    };
    let told = spans(&[started(Some(came)), ended(EndStatus::Cancelled)]);
    assert_eq!(told[0].span_context.trace_id(), TraceId::from(7_u128));
    assert_eq!(told[0].parent_span_id, SpanId::from(9_u64));
    assert!(told[0].parent_span_is_remote);
    assert_eq!(
        (&told[0].status, attributes(&told[0])["error.type"].as_str()),
        (&Status::Unset, None)
    );
    let unrecorded = TraceParent {
        sampled: false,
        ..came
    };
    assert_eq!(
        spans(&[started(Some(unrecorded)), ended(EndStatus::Completed)]),
        []
    );
}

#[test]
fn what_fails_is_told_by_its_reason() {
    let told = spans(&[started(None), ended(EndStatus::Failed)]);
    let of_request = attributes(&told[0]);
    assert_eq!(
        (
            &of_request["error.type"],
            &of_request["turnout.status"],
            &told[0].status
        ),
        (
            &json!("timeout"),
            &json!("failed"),
            &Status::error("nobody answered")
        )
    );
}

#[test]
fn a_span_whose_end_nobody_tells_ends_all_the_same_and_reports_of_nobody_make_none() {
    let told = spans(&[started(None), attempt(1, "first")]);
    assert_eq!(told.len(), 2);
    assert_eq!(
        spans(&[
            attempt(1, "first"),
            attempt_ended(1, false),
            ended(EndStatus::Failed)
        ]),
        []
    );
}
