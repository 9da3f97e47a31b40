//! Facts about what a client sees on a real socket.

mod client;
mod gemini;
mod matrix;
mod ollama;
mod openai;

use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use self::client::{Stand, VERSION, request, seen, until};
use crate::{Options, Outage, Outcome, Provider, serve};

#[tokio::test]
async fn a_plain_call_gets_an_echo_and_a_request_id() {
    let stand = Stand::new().await;
    let body = request(false).to_string();
    let answer = stand
        .call(
            "POST",
            "/v1/messages?beta=true",
            &[VERSION],
            body.as_bytes(),
        )
        .await;
    assert_eq!((answer.status, answer.whole), (200, true));
    assert_eq!(
        answer.json()["content"][0]["text"],
        "Practice provider here. You said: hello"
    );
    assert_eq!(answer.json()["model"], "claude-x");
    assert!(
        answer
            .header("request-id")
            .is_some_and(|id| id.starts_with("req_"))
    );
    assert_eq!(
        stand.provider.state().counts.usage.output,
        answer.json()["usage"]["output_tokens"]
            .as_u64()
            .expect("usage")
    );
}

#[tokio::test]
async fn a_streamed_call_gets_events() {
    let stand = Stand::new().await;
    let answer = stand.ask("text;deltas=2", true).await;
    assert_eq!(
        answer.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    let want = [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(
        (answer.events(), answer.whole),
        (want.map(str::to_owned).to_vec(), true)
    );
    assert_eq!(
        stand
            .call("GET", "/practice/last-answer", &[], b"")
            .await
            .body,
        answer.body
    );
}

#[tokio::test]
async fn error_statuses_carry_their_envelope() {
    let stand = Stand::new().await;
    let cases = [
        ("429;retry_after=7", 429, "rate_limit_error"),
        ("529", 529, "overloaded_error"),
        ("500", 500, "api_error"),
        ("502", 502, "api_error"),
        ("503", 503, "api_error"),
        ("401", 401, "authentication_error"),
        ("402", 402, "billing_error"),
        ("403", 403, "permission_error"),
        ("404-model", 404, "not_found_error"),
        ("400", 400, "invalid_request_error"),
        ("400-overload", 400, "invalid_request_error"),
    ];
    for (scenario, status, kind) in cases {
        for stream in [false, true] {
            let answer = stand.ask(scenario, stream).await;
            assert_eq!(answer.status, status, "{scenario}");
            assert_eq!(answer.json()["error"]["type"], kind, "{scenario}");
            assert_eq!(
                answer.header("request-id"),
                answer.json()["request_id"].as_str()
            );
            assert_eq!(answer.header("retry-after"), (status == 429).then_some("7"));
        }
    }
}

#[tokio::test]
async fn a_cut_leaves_a_broken_body() {
    let stand = Stand::new().await;
    let answer = stand.ask("cut;after=2", true).await;
    assert_eq!(
        (answer.status, answer.whole, answer.reset),
        (200, false, false)
    );
    assert_eq!(
        answer
            .events()
            .iter()
            .filter(|name| *name == "content_block_delta")
            .count(),
        2
    );
    let half = stand.ask("cut", false).await;
    assert!(!half.whole && !half.body.is_empty());
    let inside = stand.ask("cut;after=1;how=midframe", true).await;
    assert!(!inside.whole && !inside.text().ends_with('\n'));
    assert_eq!(stand.provider.state().counts.cancelled, 0);
}

#[tokio::test]
async fn a_reset_comes_after_the_events_before_it() {
    let stand = Stand::new().await;
    let answer = stand.ask("cut;after=1;how=rst", true).await;
    assert!(answer.reset);
    assert_eq!(
        answer.events().last().map(String::as_str),
        Some("content_block_delta")
    );
}

#[tokio::test]
async fn a_truncated_stream_ends_cleanly_without_its_end() {
    let stand = Stand::new().await;
    let answer = stand.ask("truncate;after=1", true).await;
    assert!(answer.whole && !answer.events().contains(&"message_stop".to_owned()));
}

#[tokio::test]
async fn a_refused_call_sees_no_byte() {
    let stand = Stand::new().await;
    let answer = stand.ask("refuse", true).await;
    assert_eq!((answer.head.as_str(), answer.reset), ("", false));
    let answer = stand.ask("refuse;how=rst", true).await;
    assert_eq!((answer.head.as_str(), answer.reset), ("", true));
    assert_eq!(
        stand.provider.state().counts.by_status.get("none"),
        Some(&2)
    );
}

#[tokio::test]
async fn odd_successes_look_like_success() {
    let stand = Stand::new().await;
    let empty = stand.ask("empty", true).await;
    assert_eq!(
        (empty.status, empty.body.len(), empty.whole),
        (200, 0, true)
    );
    let html = stand.ask("html", true).await;
    assert_eq!(
        (html.status, html.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let fake = stand.ask("fake200", true).await;
    assert_eq!(
        (fake.status, fake.events()),
        (200, vec!["error".to_owned()])
    );
    let gzip = stand.ask("gzip", false).await;
    assert_eq!(
        (gzip.header("content-encoding"), &gzip.body[..2]),
        (Some("gzip"), &[0x1f, 0x8b][..])
    );
    let bare = stand.ask("no-blank", true).await;
    assert!(bare.whole && !bare.text().ends_with("\n\n"));
}

#[tokio::test]
async fn a_client_that_leaves_is_counted() {
    let stand = Stand::new().await;
    for scenario in ["hang", "stall"] {
        let headers = [VERSION, ("x-practice", scenario)];
        let mut stream = stand
            .open(
                "POST",
                "/v1/messages",
                &headers,
                request(true).to_string().as_bytes(),
            )
            .await;
        if scenario == "stall" {
            assert!(stream.read(&mut [0; 64]).await.expect("headers") > 0);
        }
        until(|| stand.provider.state().counts.in_flight == 1).await;
        drop(stream);
        until(|| stand.provider.state().counts.in_flight == 0).await;
    }
    let state = stand.provider.state();
    assert_eq!(state.counts.cancelled, 2);
    assert!(
        state
            .last
            .iter()
            .all(|brief| brief.outcome == Outcome::Cancelled)
    );
    assert_eq!(
        state.counts.usage.output, 1,
        "the stalled stream told its start"
    );
}

#[tokio::test]
async fn a_tool_loop_ends_with_the_tools_answer() {
    let stand = Stand::new().await;
    let mut body = request(false);
    body["tools"] = json!([{"name": "Bash", "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}}}]);
    let headers = [VERSION, ("x-practice", "tool")];
    let first = stand
        .call(
            "POST",
            "/v1/messages",
            &headers,
            body.to_string().as_bytes(),
        )
        .await
        .json();
    assert_eq!(first["stop_reason"], "tool_use");
    let call = &first["content"][1];
    assert_eq!(
        (&call["name"], &call["input"]),
        (&json!("Bash"), &json!({"command": "echo practice-tool-42"}))
    );
    let result =
        json!([{"type": "tool_result", "tool_use_id": call["id"], "content": "practice-tool-42"}]);
    let messages = body["messages"].as_array_mut().expect("messages");
    messages.push(json!({"role": "assistant", "content": first["content"]}));
    messages.push(json!({"role": "user", "content": result}));
    let last = stand
        .call(
            "POST",
            "/v1/messages",
            &headers,
            body.to_string().as_bytes(),
        )
        .await
        .json();
    assert_eq!(last["stop_reason"], "end_turn");
    assert!(
        last["content"][0]["text"]
            .as_str()
            .expect("text")
            .contains("practice-tool-42")
    );
}

#[tokio::test]
async fn a_scenario_is_found_in_each_place() {
    let stand = Stand::new().await;
    let with = |model: &str, text: &str| {
        json!({"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": text}]})
            .to_string()
    };
    let status = async |headers: &[(&str, &str)], body: String| {
        let all: Vec<_> = headers.iter().copied().chain([VERSION]).collect();
        stand
            .call("POST", "/v1/messages", &all, body.as_bytes())
            .await
            .status
    };
    assert_eq!(status(&[], with("practice-503", "hi")).await, 503);
    assert_eq!(
        status(&[], with("m", "hi [[practice:502;times=1]]")).await,
        502
    );
    assert_eq!(
        status(&[], with("m", "hi [[practice:502;times=1]]")).await,
        200
    );
    assert_eq!(
        status(&[("authorization", "Bearer practice-429")], with("m", "hi")).await,
        429
    );
    assert_eq!(
        status(&[("x-practice", "nonsense")], with("m", "hi")).await,
        400
    );
    assert_eq!(status(&[], with("practice-nonsense", "hi")).await, 404);
    assert_eq!(
        stand
            .control(json!({"queue": ["529", "text"], "default": "403"}))
            .await
            .status,
        200
    );
    assert_eq!(status(&[], with("m", "hi")).await, 529);
    assert_eq!(status(&[], with("m", "hi")).await, 200);
    assert_eq!(status(&[], with("m", "hi")).await, 403);
    assert_eq!(
        stand.control(json!({"default": null})).await.json()["default"],
        "text"
    );
}

#[tokio::test]
async fn an_outage_answers_529_or_nothing_until_it_is_over() {
    let stand = Stand::new().await;
    assert_eq!(
        stand.control(json!({"down": true})).await.json()["outage"],
        "overloaded"
    );
    assert_eq!(stand.ask("text", true).await.status, 529);
    assert_eq!(
        stand
            .call("GET", "/v1/models", &[VERSION], b"")
            .await
            .status,
        529
    );
    assert_eq!(stand.call("GET", "/health", &[], b"").await.status, 503);
    stand.provider.set_outage(Outage::Refuse);
    assert_eq!(stand.ask("text", true).await.head, "");
    assert_eq!(stand.call("HEAD", "/", &[], b"").await.head, "");
    stand.provider.set_down(false);
    assert_eq!(stand.ask("text", true).await.status, 200);
    assert_eq!(stand.call("HEAD", "/", &[], b"").await.status, 200);
}

#[tokio::test]
async fn requests_are_recorded_to_the_byte() {
    let stand = Stand::new().await;
    let body = br#"{"x" : 1.0,  "model":"m","max_tokens":9,"messages":[{"role":"user","content":"h\u00e9"}]}"#;
    let headers = [VERSION, ("x-odd", "b"), ("anthropic-beta", "one,two")];
    assert_eq!(
        stand
            .call("POST", "/v1/messages?beta=true", &headers, body)
            .await
            .status,
        200
    );
    assert_eq!(
        stand
            .call("GET", "/practice/last-body", &[], b"")
            .await
            .body,
        body
    );
    let record = stand
        .call("GET", "/practice/requests?since=0", &[], b"")
        .await
        .json();
    let item = &record["items"][0];
    assert_eq!(
        item["body_text"].as_str().map(str::as_bytes),
        Some(&body[..])
    );
    assert_eq!(
        (&item["path"], &item["query"], &item["length"]),
        (
            &json!("/v1/messages"),
            &json!("beta=true"),
            &json!(body.len())
        )
    );
    let names: Vec<&str> = item["headers"]
        .as_array()
        .expect("headers")
        .iter()
        .filter_map(|pair| pair[0].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "host",
            "connection",
            "anthropic-version",
            "x-odd",
            "anthropic-beta",
            "content-length"
        ]
    );
    assert_eq!(
        stand.control(json!({"reset": true})).await.json()["requests"],
        0
    );
}

#[tokio::test]
async fn wrong_requests_are_refused_as_the_real_server_does() {
    let stand = Stand::with(Options {
        require_key: Some("k1".to_owned()),
        max_body: 2000,
        ..Options::default()
    })
    .await;
    let body = request(false).to_string();
    let good = [VERSION, ("x-api-key", "k1")];
    let post = async |headers: &[(&str, &str)], body: &str| {
        stand
            .call("POST", "/v1/messages", headers, body.as_bytes())
            .await
    };
    assert_eq!(post(&good, &body).await.status, 200);
    assert_eq!(
        post(&[VERSION, ("authorization", "Bearer k1")], &body)
            .await
            .status,
        200
    );
    assert_eq!(post(&[VERSION], &body).await.status, 401);
    assert_eq!(
        post(&[VERSION, ("x-api-key", "k2")], &body).await.json()["error"]["type"],
        "authentication_error"
    );
    let versionless = post(&[("x-api-key", "k1")], &body).await;
    assert_eq!(versionless.status, 400);
    assert!(versionless.text().contains("anthropic-version"));
    assert_eq!(
        post(&good, "{").await.json()["error"]["type"],
        "invalid_request_error"
    );
    assert!(
        post(&good, r#"{"model":"m"}"#)
            .await
            .text()
            .contains("max_tokens: Field required")
    );
    assert_eq!(
        stand.call("POST", "/v1/other", &good, b"{}").await.json()["error"]["type"],
        "not_found_error"
    );
    let large = post(&good, &" ".repeat(3000)).await;
    assert_eq!(
        (large.status, &large.json()["error"]["type"]),
        (413, &json!("request_too_large"))
    );
}

#[tokio::test]
async fn the_other_calls_answer() {
    let stand = Stand::new().await;
    let models = stand
        .call("GET", "/v1/models?limit=1000", &[VERSION], b"")
        .await
        .json();
    let ids: Vec<&str> = models["data"]
        .as_array()
        .expect("list")
        .iter()
        .filter_map(|model| model["id"].as_str())
        .collect();
    assert!(ids.contains(&"practice-opus") && ids.contains(&"practice-429"));
    assert_eq!(
        (&models["has_more"], &models["last_id"]),
        (&json!(false), &json!(ids[ids.len() - 1]))
    );
    assert_eq!(
        stand
            .call("GET", "/v1/models/practice-429", &[VERSION], b"")
            .await
            .json()["id"],
        "practice-429"
    );
    assert_eq!(
        stand
            .call("GET", "/v1/models/nobody", &[VERSION], b"")
            .await
            .status,
        404
    );
    let body =
        json!({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).to_string();
    let counted = stand
        .call(
            "POST",
            "/v1/messages/count_tokens?beta=true",
            &[VERSION],
            body.as_bytes(),
        )
        .await
        .json();
    assert!(
        counted["input_tokens"]
            .as_u64()
            .is_some_and(|tokens| tokens > 0)
    );
    let echoed = stand
        .call(
            "PUT",
            "/v1/practice/echo?a=b",
            &[("content-type", "x/y")],
            b"\x00\xff",
        )
        .await;
    assert_eq!(
        (
            echoed.body.as_slice(),
            echoed.header("content-type"),
            echoed.header("x-practice-method")
        ),
        (&b"\x00\xff"[..], Some("x/y"), Some("PUT"))
    );
    assert_eq!(
        stand.call("GET", "/health", &[], b"").await.json()["status"],
        "ok"
    );
}

#[tokio::test]
async fn control_is_closed_to_web_pages_and_can_be_switched_off() {
    let stand = Stand::new().await;
    let order = json!({"down": true}).to_string();
    for header in [
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        assert_eq!(
            stand
                .call("POST", "/practice/control", &[header], order.as_bytes())
                .await
                .status,
            403
        );
    }
    assert_eq!(stand.control(json!({"down": "maybe"})).await.status, 400);
    assert_eq!(
        stand
            .control(json!({"queue": ["nope"], "reset": true}))
            .await
            .status,
        400
    );
    assert_eq!(stand.control(json!({"dwon": true})).await.status, 400);
    assert_eq!(stand.provider.state().outage, Outage::None);
    let closed = Stand::with(Options {
        control: false,
        ..Options::default()
    })
    .await;
    assert_eq!(closed.control(json!({"down": true})).await.status, 404);
}

#[tokio::test]
async fn serving_ends_when_told_and_running_answers_are_cut_after_the_drain() {
    let options = Options {
        drain: std::time::Duration::from_millis(1),
        ..Options::default()
    };
    let provider = Provider::new(options).expect("options");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, provider.clone(), async {
        drop(stopped.await);
    }));
    let stand = Stand { provider, address };
    let body = request(true).to_string();
    let running = stand
        .open(
            "POST",
            "/v1/messages",
            &[VERSION, ("x-practice", "stall")],
            body.as_bytes(),
        )
        .await;
    until(|| stand.provider.state().counts.in_flight == 1).await;
    stop.send(()).expect("serving");
    server.await.expect("ends");
    assert!(!seen(running).await.whole);
    assert!(TcpStream::connect(address).await.is_err());
}
