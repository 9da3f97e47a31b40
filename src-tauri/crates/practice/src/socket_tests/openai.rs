//! Facts about OpenAI's calls on a real socket.

use serde_json::{Value, json};

use super::client::{Seen, Stand, VERSION};
use crate::Options;

const CHAT: &str = "/v1/chat/completions";

fn chat(stream: bool) -> Value {
    json!({"model": "gpt-4.1", "stream": stream, "messages": [{"role": "user", "content": "hello"}]})
}

impl Stand {
    async fn post(&self, path: &str, scenario: &str, body: &Value) -> Seen {
        let headers = [("x-practice", scenario)];
        self.call("POST", path, &headers, body.to_string().as_bytes())
            .await
    }
}

#[tokio::test]
async fn a_chat_call_gets_an_echo_under_any_version_segment() {
    let stand = Stand::new().await;
    for path in [
        CHAT,
        "/chat/completions",
        "/v4/chat/completions",
        "/api/paas/v4/chat/completions",
        "/v1/chat/completions?beta=true",
    ] {
        let answer = stand.post(path, "text", &chat(false)).await;
        assert_eq!((answer.status, answer.whole), (200, true), "{path}");
        let said = &answer.json()["choices"][0]["message"]["content"];
        assert_eq!(said, "Practice provider here. You said: hello", "{path}");
        assert!(answer.header("x-request-id").is_some());
    }
    let streamed = stand.post(CHAT, "text", &chat(true)).await;
    assert_eq!(
        streamed.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert!(streamed.text().ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn failures_carry_openai_statuses_and_envelope() {
    let stand = Stand::new().await;
    let cases = [
        (
            "429;retry_after=7",
            429,
            "requests",
            json!("rate_limit_exceeded"),
        ),
        (
            "429;code=insufficient_quota",
            429,
            "requests",
            json!("insufficient_quota"),
        ),
        ("529", 503, "server_error", json!("overloaded")),
        ("500", 500, "server_error", json!(null)),
        (
            "401",
            401,
            "invalid_request_error",
            json!("invalid_api_key"),
        ),
        (
            "404-model",
            404,
            "invalid_request_error",
            json!("model_not_found"),
        ),
        ("400-overload", 400, "invalid_request_error", json!(null)),
    ];
    for (scenario, status, kind, code) in cases {
        for stream in [false, true] {
            let answer = stand.post(CHAT, scenario, &chat(stream)).await;
            let error = answer.json()["error"].clone();
            assert_eq!(answer.status, status, "{scenario}");
            assert_eq!(
                (&error["type"], &error["code"]),
                (&json!(kind), &code),
                "{scenario}"
            );
            assert!(error["message"].is_string() && error["param"].is_null());
        }
    }
    stand.control(json!({"down": true})).await;
    assert_eq!(stand.post(CHAT, "text", &chat(true)).await.status, 503);
}

#[tokio::test]
async fn broken_streams_break_as_openai_streams_do() {
    let stand = Stand::new().await;
    let ask = async |scenario: &str| stand.post(CHAT, scenario, &chat(true)).await;
    let cut = ask("cut;after=2").await;
    assert!(!cut.whole && !cut.text().contains("[DONE]"));
    assert_eq!(
        cut.text().matches("\"content\":").count(),
        3,
        "role chunk and two deltas"
    );
    let failed = ask("error-event;after=1").await;
    assert!(
        failed.whole && failed.text().contains("data: {\"error\":"),
        "{}",
        failed.text()
    );
    let fake = ask("fake200").await;
    assert_eq!(fake.status, 200);
    assert!(fake.text().starts_with("data: {\"error\":"));
    let fake = stand.post(CHAT, "fake200", &chat(false)).await;
    assert_eq!(
        (fake.status, &fake.json()["error"]["code"]),
        (200, &json!("overloaded"))
    );
    assert!(
        ask("truncate;after=all")
            .await
            .text()
            .contains("\"finish_reason\":\"stop\"")
    );
    assert!(ask("malformed").await.whole);
    assert_eq!(ask("empty").await.body.len(), 0);
    assert!(ask("html").await.text().starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn wrong_chat_requests_are_refused_in_openai_words() {
    let stand = Stand::with(Options {
        require_key: Some("k1".to_owned()),
        ..Options::default()
    })
    .await;
    let post = async |headers: &[(&str, &str)], body: &str| {
        stand.call("POST", CHAT, headers, body.as_bytes()).await
    };
    let good = [("authorization", "Bearer k1")];
    assert_eq!(post(&good, &chat(false).to_string()).await.status, 200);
    let stranger = post(&[], "{}").await;
    assert_eq!(
        (stranger.status, &stranger.json()["error"]["code"]),
        (401, &json!("invalid_api_key"))
    );
    let foreign = post(
        &good,
        r#"{"model":"m","messages":[{"role":"user","content":"a"}],"system":"b"}"#,
    )
    .await;
    let error = &foreign.json()["error"];
    assert_eq!(
        (foreign.status, &error["param"], &error["code"]),
        (400, &json!("system"), &json!("unknown_parameter"))
    );
    let nowhere = stand.call("POST", "/v1/nowhere", &good, b"{}").await;
    assert_eq!(
        (nowhere.status, &nowhere.json()["error"]["param"]),
        (404, &Value::Null)
    );
    assert!(nowhere.json()["type"].is_null(), "not Anthropic's envelope");
}

#[tokio::test]
async fn models_are_anthropics_or_openais_by_the_headers() {
    let stand = Stand::new().await;
    let get =
        async |path: &str, headers: &[(&str, &str)]| stand.call("GET", path, headers, b"").await;
    let openai = get("/v1/models", &[]).await.json();
    assert_eq!(
        (&openai["object"], &openai["data"][0]["object"]),
        (&json!("list"), &json!("model"))
    );
    assert_eq!(get("/models", &[]).await.json(), openai);
    assert_eq!(
        get("/v1/models/practice-429", &[]).await.json()["id"],
        "practice-429"
    );
    assert_eq!(
        get("/v1/models/nobody", &[]).await.json()["error"]["code"],
        "model_not_found"
    );
    let anthropic = get("/v1/models", &[VERSION]).await.json();
    assert_eq!(anthropic["data"][0]["type"], "model");
    let versionless = get("/v1/models", &[("x-api-key", "k")]).await;
    assert_eq!(
        (versionless.status, &versionless.json()["type"]),
        (400, &json!("error"))
    );
}

#[tokio::test]
async fn embeddings_are_the_same_for_the_same_text() {
    let stand = Stand::new().await;
    let body = json!({"model": "e", "input": ["a", "b", "a"], "dimensions": 8});
    let answer = stand.post("/v1/embeddings", "text", &body).await.json();
    let vectors: Vec<&Value> = (0..3).map(|at| &answer["data"][at]["embedding"]).collect();
    assert_eq!(vectors[0].as_array().map(Vec::len), Some(8));
    assert!(vectors[0] == vectors[2] && vectors[0] != vectors[1]);
    let failed = stand.post("/v1/embeddings", "429", &body).await;
    assert_eq!(failed.status, 429);
}

#[tokio::test]
async fn a_chat_tool_loop_ends_with_the_tools_answers() {
    let stand = Stand::new().await;
    let mut body = chat(false);
    body["messages"][0]["content"] = json!("look [[practice:tool;parallel=2]]");
    body["tools"] = json!([{"type": "function", "function": {"name": "weather", "parameters": {
        "type": "object", "required": ["city", "days"],
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 2}}}}}]);
    let post = async |body: &Value| {
        stand
            .call("POST", CHAT, &[], body.to_string().as_bytes())
            .await
            .json()
    };
    let first = post(&body).await;
    assert_eq!(first["choices"][0]["finish_reason"], "tool_calls");
    let message = first["choices"][0]["message"].clone();
    let calls = message["tool_calls"].as_array().expect("calls").clone();
    assert_eq!(calls.len(), 2);
    let arguments: Value =
        serde_json::from_str(calls[0]["function"]["arguments"].as_str().expect("text"))
            .expect("JSON");
    assert_eq!(arguments, json!({"city": "practice", "days": 2}));
    let messages = body["messages"].as_array_mut().expect("messages");
    messages.push(json!({"role": "assistant", "content": message["content"], "tool_calls": calls}));
    for (call, out) in calls.iter().zip(["sun", "rain"]) {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": out}));
    }
    let last = post(&body).await;
    let said = last["choices"][0]["message"]["content"]
        .as_str()
        .expect("text");
    assert!(said.contains("sun") && said.contains("rain"), "{said}");
}

const RESPONSES: &str = "/v1/responses";

fn responses(stream: bool) -> Value {
    json!({"model": "gpt-4.1", "stream": stream, "store": false, "input": "hello"})
}

#[tokio::test]
async fn a_responses_call_gets_an_echo_and_a_stream_its_terminal_event() {
    let stand = Stand::new().await;
    let whole = stand.post(RESPONSES, "text", &responses(false)).await;
    assert_eq!((whole.status, whole.whole), (200, true));
    assert_eq!(
        whole.json()["output"][0]["content"][0]["text"],
        "Practice provider here. You said: hello"
    );
    let streamed = stand.post("/responses", "text", &responses(true)).await;
    let events = streamed.events();
    assert_eq!(events[..2], ["response.created", "response.in_progress"]);
    assert_eq!(
        events.last().map(String::as_str),
        Some("response.completed")
    );
    let count = stand
        .post(
            "/v1/responses/input_tokens",
            "text",
            &json!({"model": "m", "input": "hello"}),
        )
        .await
        .json();
    assert_eq!(count["object"], "response.input_tokens");
    assert!(
        count["input_tokens"]
            .as_u64()
            .is_some_and(|tokens| tokens > 0)
    );
}

#[tokio::test]
async fn broken_responses_break_as_responses_do() {
    let stand = Stand::new().await;
    let ask = async |scenario: &str| stand.post(RESPONSES, scenario, &responses(true)).await;
    let cut = ask("cut;after=1").await;
    assert!(
        !cut.whole
            && cut
                .events()
                .last()
                .is_some_and(|name| name == "response.output_text.delta")
    );
    let failed = ask("error-event;after=1").await;
    let numbers: Vec<u64> = failed
        .text()
        .lines()
        .filter_map(|line| {
            serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok()?["sequence_number"]
                .as_u64()
        })
        .collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    assert_eq!(
        failed.events().last().map(String::as_str),
        Some("response.failed")
    );
    let text = failed.text();
    let ids: Vec<&str> = text
        .split("\"resp_")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(
        ids.len() == 3 && ids.iter().all(|id| *id == ids[0]),
        "{ids:?}"
    );
    assert_eq!(ask("fake200").await.events(), ["error"]);
    let truncated = ask("truncate;after=all").await;
    assert!(truncated.whole && !truncated.text().contains("response.completed"));
    assert_eq!(ask("529").await.status, 503);
    let gone = stand.call("GET", "/v1/responses/resp_1", &[], b"").await;
    assert_eq!(
        (gone.status, &gone.json()["error"]["type"]),
        (404, &json!("invalid_request_error"))
    );
}

#[tokio::test]
async fn a_responses_tool_loop_takes_back_what_it_gave() {
    let stand = Stand::new().await;
    let mut body = responses(false);
    body["reasoning"] = json!({"effort": "high", "summary": "auto"});
    body["input"] = json!([{"role": "user", "content": "look [[practice:tool;parallel=2]]"}]);
    body["tools"] = json!([{"type": "custom", "name": "apply_patch"}]);
    let post = async |body: &Value| {
        stand
            .call("POST", RESPONSES, &[], body.to_string().as_bytes())
            .await
    };
    let first = post(&body).await.json();
    let output = first["output"].as_array().expect("output").clone();
    let kinds: Vec<&str> = output
        .iter()
        .filter_map(|item| item["type"].as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "reasoning",
            "message",
            "custom_tool_call",
            "custom_tool_call"
        ]
    );
    let input = body["input"].as_array_mut().expect("input");
    input.extend(output.clone());
    for (call, out) in output[2..].iter().zip(["sun", "rain"]) {
        input.push(
            json!({"type": "custom_tool_call_output", "call_id": call["call_id"], "output": out}),
        );
    }
    let last = post(&body).await.json();
    let said = last["output"][1]["content"][0]["text"]
        .as_str()
        .expect("text");
    assert!(said.contains("sun") && said.contains("rain"), "{said}");
    body["input"][1]["encrypted_content"] = json!("gAAAAABforeign");
    let foreign = post(&body).await;
    assert_eq!(
        (foreign.status, &foreign.json()["error"]["code"]),
        (400, &json!("invalid_encrypted_content"))
    );
}
