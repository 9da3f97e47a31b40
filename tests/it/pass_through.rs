//! Where client and provider speak one dialect, not a byte of what they say to each other changes.

use tests::config::{CLIENT, Config, Provider};
use tests::http::Call;
use tests::message::{plain, replayed, streamed};
use tests::program::{Practice, Turnout};
use tests::upstream::{Reply, Upstream};

/// Valid JSON as no serialiser of ours would write it.
const ODD: &[&str] = &[
    "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":1.0,\"messages\":[]}",
    "{ \"zebra\" : 1e0 ,\r\n\t\"model\" :\"claude-sonnet-4-5\" , \"apple\":-0.0,\"messages\":[ ] }  \n",
    r#"{"model":"claude-sonnet-4-5","text":"\u00e9\/\u2028 \ud83d\ude00 é/ 😀","messages":[]}"#,
    r#"{"temperature":0.10,"top_k":18446744073709551616,"model":"claude-sonnet-4-5","x":1E+2,"messages":[]}"#,
    r#"{"a":1,"a":2,"model":"claude-sonnet-4-5","a":{"model":"not this one","stream":true},"messages":[]}"#,
    r#"{"messages":[{"role":"user","content":"\"model\": \"gpt-5\""}],"stream":false,"model":"claude-sonnet-4-5"}"#,
    r#"{"\u006dodel":"claude-sonnet-4-5","messages":[],"unknown_field":{"deep":[[[[null,true,{}]]]]}}"#,
];

fn answered() -> Reply {
    Reply::json(
        200,
        r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#,
    )
}

async fn through(replies: Vec<Reply>) -> (Upstream, Turnout) {
    let upstream = Upstream::start(replies).await;
    let turnout = Turnout::start(&Config::chain([("a", upstream.base.clone())])).await;
    (upstream, turnout)
}

#[tokio::test]
async fn odd_requests_reach_the_provider_byte_for_byte() {
    let (upstream, turnout) = through(vec![answered()]).await;
    for (index, body) in ODD.iter().enumerate() {
        let answer = turnout.call_bytes(*body).send(&turnout.base).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        let received = upstream.received();
        assert_eq!(received.len(), index + 1);
        assert_eq!(String::from_utf8_lossy(&received[index].body), *body);
    }
}

#[tokio::test]
async fn requests_of_the_real_client_reach_the_provider_byte_for_byte() {
    let (upstream, turnout) = through(vec![answered()]).await;
    let captures = [
        "print",
        "tool-turn-2",
        "title",
        "web-search",
        "count-tokens",
    ];
    for (index, name) in captures.iter().enumerate() {
        let (call, body) = replayed(&format!("anthropic/claude-code-{name}.json"));
        call.bearer(CLIENT).send(&turnout.base).await;
        let received = &upstream.received()[index];
        assert!(received.body == body, "the body of {name} was changed");
        assert!(received.line.contains("?beta=true "), "{}", received.line);
        for header in [
            "anthropic-version",
            "user-agent",
            "x-app",
            "x-stainless-lang",
            "x-claude-code-session-id",
        ] {
            assert!(received.header(header).is_some(), "{name} lost {header}");
        }
    }
}

#[tokio::test]
async fn a_mapped_model_name_is_the_only_change() {
    let upstream = Upstream::start(vec![answered()]).await;
    let provider = Provider::new("a", &upstream.base)
        .more(r#"model_map = { "claude-sonnet-4-*" = "glm-4.6" }"#);
    let turnout = Turnout::start(&Config::of(vec![provider])).await;
    for body in ODD {
        let answer = turnout.call_bytes(*body).send(&turnout.base).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        assert_eq!(answer.header("x-turnout-model"), Some("glm-4.6"));
        let received = upstream.received().pop().unwrap();
        // The member's own value, wherever it stands; the same words elsewhere are somebody else's.
        assert_eq!(
            String::from_utf8_lossy(&received.body),
            body.replacen("claude-sonnet-4-5", "glm-4.6", 1)
        );
    }
}

#[tokio::test]
async fn a_body_of_20_mb_arrives_whole() {
    let (upstream, turnout) = through(vec![answered()]).await;
    let image = "iVBORw0KGgo+/".repeat(20 * 1024 * 1024 / 13);
    let body = format!(
        r#"{{"messages":[{{"role":"user","content":[{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{image}"}}}}]}}],"model":"claude-sonnet-4-5"}}"#
    );
    let answer = turnout.call_bytes(body.clone()).send(&turnout.base).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        upstream.received()[0].body == body.as_bytes(),
        "the body was changed"
    );
}

#[tokio::test]
async fn odd_answers_reach_the_client_byte_for_byte() {
    let bodies = [
        "{ \"type\" : \"message\",\"zz\":1.0, \"id\":\"m\\u00e9\",\"content\":[{\"text\":\"a\\/b\",\"type\":\"text\"}] ,\"usage\":{\"output_tokens\":1,\"input_tokens\":2}}\n",
        r#"{"content":[{"type":"new_kind","x":[1e3]}],"type":"message","stop_reason":null,"stop_reason":"end_turn"}"#,
    ];
    for body in bodies {
        let (_upstream, turnout) = through(vec![Reply::json(200, body)]).await;
        let answer = turnout.ask(&plain("hi")).await;
        assert_eq!(answer.text(), body);
        assert_eq!(answer.header("request-id"), Some("req_upstream"));
    }
}

#[tokio::test]
async fn odd_streams_reach_the_client_byte_for_byte() {
    let streams = [
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":3}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: content_block_delta\ndata: {\"index\":0, \"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"\\ud83d\\ude00 😀\"}}\n\nevent: brand_new\ndata: {\"type\":\"brand_new\"}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        "event:message_start\r\ndata:{\"type\":\"message_start\",\"message\":{}}\r\n\r\n: a comment\r\n\r\nevent: ping\r\ndata: {\"type\": \"ping\"}\r\n\r\nevent: content_block_start\r\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":{}}}\r\n\r\nevent: message_delta\r\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":1}}\r\n\r\nevent: message_stop\r\ndata: {\"type\":\"message_stop\"}\r\n\r\n",
    ];
    for stream in streams {
        let (_upstream, turnout) = through(vec![Reply::stream(stream)]).await;
        let answer = turnout.ask(&streamed("hi")).await;
        assert_eq!(answer.text(), stream);
        assert_eq!(turnout.admin().newest().await["status"], "completed");
    }
}

#[tokio::test]
async fn a_practice_process_and_its_client_see_the_same_bytes() {
    let practice = Practice::failing("a", "odd").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    for body in [streamed("odd on purpose"), plain("odd on purpose")] {
        let answer = turnout.ask(&body).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.body.is_empty());
        assert_eq!(
            answer.text(),
            String::from_utf8_lossy(&practice.last_answer().await)
        );
        assert_eq!(
            String::from_utf8_lossy(&practice.last_body().await),
            body.to_string()
        );
    }
}

#[tokio::test]
async fn end_to_end_headers_go_on_and_credentials_and_hop_by_hop_ones_do_not() {
    let (upstream, turnout) = through(vec![answered()]).await;
    let call = turnout
        .call(&plain("hi"))
        .header("anthropic-beta", "context-1m-2025-08-07, one-of-tomorrow")
        .header("X-Stainless-Timeout", "600")
        .header("x-unknown", "kept")
        .header("x-turnout-token", CLIENT)
        .header("cookie", "session=of-the-user")
        .header("connection", "x-hop, close")
        .header("x-hop", "gone")
        .header("te", "trailers")
        .header("proxy-authorization", "Basic secret");
    let answer = call.send(&turnout.base).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let received = &upstream.received()[0];
    assert_eq!(
        received.header("anthropic-beta"),
        Some("context-1m-2025-08-07, one-of-tomorrow")
    );
    assert_eq!(received.header("x-stainless-timeout"), Some("600"));
    assert_eq!(received.header("x-unknown"), Some("kept"));
    assert_eq!(
        received.header("x-api-key"),
        Some(Provider::key("a", 0).as_str())
    );
    for gone in [
        "authorization",
        "x-turnout-token",
        "x-hop",
        "te",
        "proxy-authorization",
        "cookie",
    ] {
        assert_eq!(received.header(gone), None, "{gone} went upstream");
    }
    assert!(
        !received
            .headers
            .iter()
            .any(|(_, value)| value.contains(CLIENT)),
        "the client token went upstream"
    );
}

#[tokio::test]
async fn every_answer_tells_who_answered() {
    let (_upstream, turnout) = through(vec![answered()]).await;
    let answer = turnout.ask(&plain("hi")).await;
    let id = answer.header("x-turnout-request-id").unwrap();
    assert!(id.len() >= 12 && id.starts_with("req-"), "{id}");
    assert_eq!(answer.header("x-turnout-provider"), Some("a"));
    assert_eq!(answer.header("x-turnout-model"), Some("claude-sonnet-4-5"));
    assert_eq!(answer.header("x-turnout-attempts"), Some("1"));
    assert_eq!(turnout.admin().request(id).await["provider"], "a");
}

#[tokio::test]
async fn other_paths_pass_through_with_any_method() {
    let (upstream, turnout) = through(vec![Reply::json(200, "{\"data\": [ ]}")]).await;
    for (method, path) in [
        ("GET", "/v1/files?limit=2"),
        ("DELETE", "/v1/files/file_1"),
        ("POST", "/v1/messages/batches"),
    ] {
        let mut call = Call::new(method, path).bearer(CLIENT);
        if method == "POST" {
            call = call
                .header("content-type", "application/json")
                .body("{\"requests\": [ ]}");
        }
        let answer = call.send(&turnout.base).await;
        assert_eq!(answer.text(), "{\"data\": [ ]}", "{method} {path}");
        assert_eq!(
            upstream.received().pop().unwrap().line,
            format!("{method} {path} HTTP/1.1")
        );
    }
}

#[tokio::test]
async fn a_pinned_provider_is_the_only_one_asked() {
    let (first, second) = (
        Upstream::start(vec![answered()]).await,
        Upstream::start(vec![answered()]).await,
    );
    let turnout = Turnout::start(&Config::chain([
        ("a", first.base.clone()),
        ("b", second.base.clone()),
    ]))
    .await;
    let call = Call::post("/provider/b/v1/messages", plain("hi").to_string()).bearer(CLIENT);
    let answer = call.send(&turnout.base).await;
    assert_eq!(answer.header("x-turnout-provider"), Some("b"));
    assert_eq!((first.received().len(), second.received().len()), (0, 1));
    assert_eq!(second.received()[0].line, "POST /v1/messages HTTP/1.1");
}
