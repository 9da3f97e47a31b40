//! Facts about Ollama's calls on a real socket.

use serde_json::{Value, json};

use super::client::{Seen, Stand};
use crate::Options;

fn asking(stream: bool) -> Value {
    json!({"model": "qwen3", "stream": stream, "messages": [{"role": "user", "content": "hello"}]})
}

async fn post(stand: &Stand, path: &str, scenario: &str, body: &Value) -> Seen {
    let body = body.to_string();
    stand
        .call("POST", path, &[("x-practice", scenario)], body.as_bytes())
        .await
}

fn lines(answer: &Seen) -> Vec<Value> {
    let text = answer.text();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn a_chat_streams_lines_unless_told_not_to() {
    let stand = Stand::new().await;
    let mut body = asking(false);
    let answer = post(&stand, "/api/chat", "text", &body).await;
    assert_eq!((answer.status, answer.whole), (200, true));
    assert_eq!(
        answer.json()["message"]["content"],
        "Practice provider here. You said: hello"
    );
    body.as_object_mut().expect("object").remove("stream");
    let answer = post(&stand, "/api/chat", "text;deltas=2", &body).await;
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let lines = lines(&answer);
    let done: Vec<bool> = lines.iter().map(|line| line["done"] == true).collect();
    assert_eq!(done, [false, false, true]);
    assert!(lines[2]["eval_count"].is_u64() && lines[2]["total_duration"].is_u64());
    assert!(
        lines[0]["created_at"]
            .as_str()
            .is_some_and(|time| time.starts_with("20"))
    );
}

#[tokio::test]
async fn a_prompt_is_answered_in_plain_text_and_none_loads_the_model() {
    let stand = Stand::new().await;
    let body = json!({"model": "qwen3", "prompt": "hello", "stream": false});
    let answer = post(&stand, "/api/generate", "text", &body).await.json();
    assert_eq!(
        answer["response"],
        "Practice provider here. You said: hello"
    );
    for (path, field) in [("/api/generate", "response"), ("/api/chat", "message")] {
        let answer = post(&stand, path, "text", &json!({"model": "qwen3"})).await;
        let lines = lines(&answer);
        assert_eq!(
            (lines.len(), &lines[0]["done_reason"]),
            (1, &json!("load")),
            "{path}"
        );
        assert!(lines[0].get(field).is_some());
    }
}

// PITFALLS 68.
#[tokio::test]
async fn a_tool_loop_ends_with_the_tools_answer() {
    let stand = Stand::new().await;
    let mut body = asking(true);
    body["tools"] = json!([{"type": "function", "function": {"name": "Bash", "parameters": {"type": "object"}}}]);
    let called = lines(&post(&stand, "/api/chat", "tool", &body).await);
    let call = called
        .iter()
        .find_map(|line| line["message"].get("tool_calls"))
        .expect("a call");
    assert!(call[0]["function"]["arguments"].is_object());
    assert_eq!(called[called.len() - 1]["done_reason"], "stop");
    let messages = body["messages"].as_array_mut().expect("messages");
    messages.push(json!({"role": "assistant", "content": "", "tool_calls": call}));
    messages.push(json!({"role": "tool", "content": "42", "tool_name": "Bash"}));
    body["stream"] = false.into();
    let answer = post(&stand, "/api/chat", "tool", &body).await.json();
    assert_eq!(
        answer["message"]["content"],
        "Practice provider here. The tool answered: 42"
    );
}

#[tokio::test]
async fn failures_are_one_text_and_in_a_stream_one_more_line() {
    let stand = Stand::new().await;
    for (scenario, status) in [
        ("400", 400),
        ("404-model", 404),
        ("429", 429),
        ("500", 500),
        ("502", 502),
        ("529", 503),
    ] {
        for stream in [false, true] {
            let answer = post(&stand, "/api/chat", scenario, &asking(stream)).await;
            assert_eq!(answer.status, status, "{scenario}");
            assert!(answer.json()["error"].is_string(), "{scenario}");
        }
    }
    let missing = post(&stand, "/api/chat", "404-model", &asking(true)).await;
    assert_eq!(missing.json()["error"], "model 'qwen3' not found");
    let failed = post(
        &stand,
        "/api/chat",
        "error-event;after=1;message=out of memory",
        &asking(true),
    )
    .await;
    let failed_lines = lines(&failed);
    assert_eq!((failed.status, failed_lines.len()), (200, 2));
    assert_eq!(failed_lines[1], json!({"error": "out of memory"}));
    let fake = post(&stand, "/api/chat", "fake200", &asking(true)).await;
    assert!(fake.status == 200 && lines(&fake)[0]["error"].is_string());
    let cut = post(&stand, "/api/chat", "cut;after=1", &asking(true)).await;
    assert!(!cut.whole && !cut.text().contains("\"done\":true"));
}

#[tokio::test]
async fn wrong_requests_are_refused_in_ollamas_envelope() {
    let options = Options {
        require_key: Some("k1".to_owned()),
        ..Options::default()
    };
    let stand = Stand::with(options).await;
    let key = [("authorization", "Bearer k1")];
    let ask = async |headers: &[(&str, &str)], body: &Value| {
        let body = body.to_string();
        stand
            .call("POST", "/api/chat", headers, body.as_bytes())
            .await
    };
    assert_eq!(ask(&key, &asking(false)).await.status, 200);
    let stranger = ask(&[], &asking(false)).await;
    assert_eq!(
        (stranger.status, stranger.json()),
        (401, json!({"error": "unauthorized"}))
    );
    let mut foreign = asking(false);
    foreign["tool_choice"] = "auto".into();
    let refused = ask(&key, &foreign).await;
    assert_eq!(
        (refused.status, refused.json()),
        (400, json!({"error": "json: unknown field \"tool_choice\""}))
    );
    let leaked = ask(
        &[("authorization", "Bearer k1"), ("x-api-key", "k")],
        &asking(false),
    )
    .await;
    assert!(leaked.status == 400 && leaked.text().contains("x-api-key"));
    let nowhere = stand.call("POST", "/api/nowhere", &key, b"{}").await;
    assert_eq!(
        (nowhere.status, nowhere.json()["error"].is_string()),
        (404, true)
    );
}

#[tokio::test]
async fn the_other_calls_answer() {
    let stand = Stand::new().await;
    let body = json!({"model": "e", "input": ["a", "b", "a"], "dimensions": 8});
    let answer = post(&stand, "/api/embed", "text", &body).await.json();
    let vectors: Vec<&Value> = (0..3).map(|at| &answer["embeddings"][at]).collect();
    assert_eq!(vectors[0].as_array().map(Vec::len), Some(8));
    assert!(vectors[0] == vectors[2] && vectors[0] != vectors[1]);
    let old = post(
        &stand,
        "/api/embeddings",
        "text",
        &json!({"model": "e", "prompt": "a"}),
    )
    .await
    .json();
    assert_eq!(old["embedding"].as_array().map(Vec::len), Some(768));
    let get = async |path: &str| stand.call("GET", path, &[], b"").await;
    let tags = get("/api/tags").await.json();
    assert_eq!(tags["models"][0]["name"], "practice-opus");
    assert!(get("/api/version").await.json()["version"].is_string());
    assert_eq!(get("/api/ps").await.json(), json!({"models": []}));
    assert_eq!(get("/").await.text(), "Ollama is running");
    assert_eq!(stand.call("HEAD", "/", &[], b"").await.status, 200);
    let show =
        async |model: &str| post(&stand, "/api/show", "text", &json!({ "model": model })).await;
    assert!(show("practice-429:latest").await.json()["capabilities"].is_array());
    let missing = show("nobody").await;
    assert_eq!(
        (missing.status, missing.json()),
        (404, json!({"error": "model 'nobody' not found"}))
    );
}
