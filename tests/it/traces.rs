//! Traces reach a collector that the environment names, as protobuf by HTTP, and nobody else.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message as _;
use serde_json::json;
use tests::config::Config;
use tests::message::plain;
use tests::program::{Home, Turnout};
use tests::until;
use tests::upstream::{Received, Reply, Upstream};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A provider that is overloaded, and one that answers.
struct Providers {
    ill: Upstream,
    well: Upstream,
}

impl Providers {
    async fn start() -> Self {
        let error =
            json!({ "type": "error", "error": { "type": "overloaded_error", "message": "busy" } });
        let answer = json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
            "content": [{ "type": "text", "text": "hi" }], "stop_reason": "end_turn",
            "usage": { "input_tokens": 3, "output_tokens": 5, "cache_read_input_tokens": 4 },
        });
        Self {
            ill: Upstream::start(vec![Reply::json(529, error.to_string())]).await,
            well: Upstream::start(vec![Reply::json(200, answer.to_string())]).await,
        }
    }

    fn config(&self, more: &str) -> Config {
        Config::chain([
            ("ill", self.ill.base.clone()),
            ("well", self.well.base.clone()),
        ])
        .routing("retry = { attempts = 1 }")
        .more(more)
    }
}

async fn ask(turnout: &Turnout) {
    let call = turnout.call(&plain("hello")).header("traceparent", PARENT);
    let answer = call
        .header("tracestate", "them=1")
        .send(&turnout.base)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn observed(home: Home, collector: &Upstream) -> Home {
    home.with_env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.base)
        .with_env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret%20key")
        .with_env("OTEL_SERVICE_NAME", "proxy-of-the-tests")
        .with_env(
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test",
        )
        .with_env("OTEL_BSP_SCHEDULE_DELAY", "50")
}

/// All that has come to the collector, decoded.
fn exported(collector: &Upstream) -> Vec<ResourceSpans> {
    let decoded = |call: Received| {
        assert_eq!(call.line, "POST /v1/traces HTTP/1.1");
        assert_eq!(call.header("content-type"), Some("application/x-protobuf"));
        assert_eq!(call.header("x-key"), Some("secret key"));
        ExportTraceServiceRequest::decode(&*call.body)
            .unwrap()
            .resource_spans
    };
    collector.received().into_iter().flat_map(decoded).collect()
}

fn spans(exported: &[ResourceSpans]) -> Vec<Span> {
    let scopes = exported.iter().flat_map(|one| &one.scope_spans);
    scopes.flat_map(|scope| scope.spans.clone()).collect()
}

fn text(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|one| one.key == name);
    let value = found.and_then(|one| one.value.as_ref()?.value.clone());
    match value {
        Some(Any::StringValue(text)) => text,
        Some(Any::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_is_sent_each_request_with_its_attempts_in_the_clients_trace() {
    let providers = Providers::start().await;
    let collector = Upstream::start(vec![Reply::body(200, "application/x-protobuf", "")]).await;
    let turnout = observed(Home::new(&providers.config("")), &collector)
        .start()
        .await;
    ask(&turnout).await;
    let exported = until("three spans", || async {
        let exported = exported(&collector);
        (spans(&exported).len() == 3).then_some(exported)
    })
    .await;
    let resource = &exported[0].resource.as_ref().unwrap().attributes;
    assert_eq!(text(resource, "service.name"), "proxy-of-the-tests");
    assert_eq!(text(resource, "deployment.environment.name"), "test");
    let spans = spans(&exported);
    let trace = u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes();
    assert!(
        spans.iter().all(|span| span.trace_id == trace),
        "{spans:#?}"
    );
    let root = spans
        .iter()
        .find(|span| span.name == "chat claude-sonnet-4-5" && span.kind == 2);
    let root = root.unwrap_or_else(|| panic!("{spans:#?}"));
    assert_eq!(root.parent_span_id, 0xb7ad_6b71_6920_3331_u64.to_be_bytes());
    let below = |provider: &str| {
        let mut attempts = spans
            .iter()
            .filter(|span| span.parent_span_id == root.span_id);
        let found = attempts.find(|span| text(&span.attributes, "turnout.provider") == provider);
        found.unwrap_or_else(|| panic!("{provider}: {spans:#?}"))
    };
    for (provider, name, value) in [
        ("ill", "error.type", "overloaded"),
        ("ill", "http.response.status_code", "529"),
        ("well", "gen_ai.operation.name", "chat"),
        (
            "well",
            "gen_ai.response.model",
            "claude-sonnet-4-5-20250929",
        ),
        ("well", "gen_ai.usage.input_tokens", "7"),
        ("well", "gen_ai.usage.output_tokens", "5"),
        ("well", "server.address", "127.0.0.1"),
    ] {
        assert_eq!(text(&below(provider).attributes, name), value, "{name}");
    }
    assert_eq!(
        (
            below("ill").status.as_ref().unwrap().code,
            root.status.clone().unwrap_or_default().code
        ),
        (2, 0)
    );
    // Providers are told nothing of it; what the client said went through with its other headers.
    for call in [providers.ill.received(), providers.well.received()].concat() {
        assert_eq!(
            (call.header("traceparent"), call.header("tracestate")),
            (Some(PARENT), Some("them=1"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_are_told_of_the_trace_where_the_config_wants_it() {
    let providers = Providers::start().await;
    let config = providers.config("[telemetry]\npropagate = true\n");
    let told = |upstream: &Upstream| {
        let call = upstream.received().pop().unwrap();
        assert_eq!(call.header("tracestate"), Some("them=1"));
        call.header("traceparent").unwrap().to_owned()
    };
    // Without a collector it goes through as it came.
    let turnout = Turnout::start(&config).await;
    ask(&turnout).await;
    assert_eq!(
        [told(&providers.ill), told(&providers.well)],
        [PARENT, PARENT]
    );
    drop(turnout);
    // With one, each attempt is a span of its own.
    let collector = Upstream::start(vec![Reply::body(200, "application/x-protobuf", "")]).await;
    let turnout = observed(Home::new(&config), &collector).start().await;
    ask(&turnout).await;
    let spans = until("the spans", || async {
        let spans = spans(&exported(&collector));
        (spans.len() == 3).then_some(spans)
    })
    .await;
    for parent in [told(&providers.ill), told(&providers.well)] {
        let parts: Vec<_> = parent.split('-').collect();
        assert_eq!((parts[1], parts[3]), (TRACE, "01"));
        let span = u64::from_str_radix(parts[2], 16).unwrap().to_be_bytes();
        assert!(
            spans.iter().any(|one| one.span_id == span && one.kind == 3),
            "{parent}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_does_not_answer_costs_no_request_and_is_told_once() {
    let providers = Providers::start().await;
    let collector = Upstream::start(vec![Reply::json(503, "{}")]).await;
    let turnout = observed(Home::new(&providers.config("")), &collector)
        .start()
        .await;
    let tried = |times| {
        let collector = &collector;
        async move { (collector.received().len() >= times).then_some(()) }
    };
    ask(&turnout).await;
    until("a first try", || async {
        (!collector.received().is_empty()).then_some(())
    })
    .await;
    ask(&turnout).await;
    until("a second try", || tried(2)).await;
    // What is told of the second try is told before the third one.
    ask(&turnout).await;
    until("a third try", || tried(3)).await;
    let told = || turnout.log().matches("does not take traces").count();
    until("a line of it", || async { (told() > 0).then_some(()) }).await;
    assert_eq!(told(), 1, "{}", turnout.log());
}
