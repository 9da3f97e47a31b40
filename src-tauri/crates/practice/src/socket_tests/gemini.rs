//! Facts about Gemini's calls on a real socket.

use serde_json::{Value, json};

use super::client::{Seen, Stand};
use crate::Options;

const MODEL: &str = "/v1beta/models/gemini-3.8-flash";

fn asking() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]})
}

async fn post(stand: &Stand, path: &str, scenario: &str, body: &Value) -> Seen {
    let headers = [("x-practice", scenario), ("x-goog-api-key", "k")];
    let body = body.to_string();
    stand.call("POST", path, &headers, body.as_bytes()).await
}

async fn whole(stand: &Stand, scenario: &str, body: &Value) -> Seen {
    post(stand, &format!("{MODEL}:generateContent"), scenario, body).await
}

async fn events(stand: &Stand, scenario: &str) -> Seen {
    let path = format!("{MODEL}:streamGenerateContent?alt=sse");
    post(stand, &path, scenario, &asking()).await
}

async fn array(stand: &Stand, scenario: &str) -> Seen {
    let path = format!("{MODEL}:streamGenerateContent");
    post(stand, &path, scenario, &asking()).await
}

fn parts(answer: &Value) -> &Value {
    &answer["candidates"][0]["content"]["parts"]
}

#[tokio::test]
async fn a_call_is_known_by_its_path_in_every_spelling() {
    let stand = Stand::new().await;
    for path in [
        "/v1beta/models/gemini-3.8-flash:generateContent",
        "/v1/models/gemini-3.8-flash:generateContent",
        "/v1alpha/models/gemini-3.8-flash%3AgenerateContent",
        "/v1beta/gemini-3.8-flash:generateContent?key=k",
        "/v1beta/tunedModels/gemini-3.8-flash:generateContent",
    ] {
        let answer = post(&stand, path, "text", &asking()).await;
        assert_eq!((answer.status, answer.whole), (200, true), "{path}");
        let answer = answer.json();
        assert_eq!(
            parts(&answer)[0]["text"],
            "Practice provider here. You said: hello"
        );
        assert_eq!(answer["modelVersion"], "gemini-3.8-flash");
    }
    for path in [
        "/v1beta/models/a/b:generateContent",
        "/v1beta/models/m:summon",
        "/v1beta/nowhere",
    ] {
        let answer = post(&stand, path, "text", &asking()).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["status"]),
            (404, &json!("NOT_FOUND")),
            "{path}"
        );
    }
    let query = format!("{MODEL}:generateContent?beta=true");
    let refused = post(&stand, &query, "text", &asking()).await;
    assert!(refused.status == 400 && refused.text().contains("Cannot bind query parameter"));
}

// PITFALLS 3, 11.
#[tokio::test]
async fn a_stream_is_events_or_one_array() {
    let stand = Stand::new().await;
    let answer = events(&stand, "text;deltas=2").await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = answer.text();
    assert_eq!(text.matches("\r\n\r\n").count(), 3);
    assert!(
        text.lines()
            .all(|line| line.is_empty() || line.starts_with("data: {"))
    );
    let answer = array(&stand, "text;deltas=2").await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=UTF-8")
    );
    assert_eq!(answer.json().as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn failures_carry_statuses_and_envelope_of_google() {
    let stand = Stand::new().await;
    let cases = [
        ("400", 400, "INVALID_ARGUMENT"),
        ("401", 401, "UNAUTHENTICATED"),
        ("403", 403, "PERMISSION_DENIED"),
        ("404-model", 404, "NOT_FOUND"),
        ("429;retry_after=34", 429, "RESOURCE_EXHAUSTED"),
        ("500", 500, "INTERNAL"),
        ("503", 503, "UNAVAILABLE"),
        ("529", 503, "UNAVAILABLE"),
        ("504", 504, "DEADLINE_EXCEEDED"),
    ];
    for (scenario, status, name) in cases {
        for answer in [
            whole(&stand, scenario, &asking()).await,
            events(&stand, scenario).await,
        ] {
            let error = &answer.json()["error"];
            assert_eq!(
                (answer.status, &error["status"]),
                (status, &json!(name)),
                "{scenario}"
            );
            assert_eq!(error["code"], status, "{scenario}");
            assert!(error["message"].is_string());
        }
        let listed = array(&stand, scenario).await;
        assert_eq!(listed.json()[0]["error"]["status"], name, "{scenario}");
    }
    let limited = whole(&stand, "429;retry_after=34", &asking()).await;
    assert_eq!(limited.json()["error"]["details"][0]["retryDelay"], "34s");
    assert_eq!(
        limited.header("retry-after"),
        None,
        "the real server has no such header"
    );
    stand.control(json!({"down": true})).await;
    assert_eq!(
        events(&stand, "text").await.json()["error"]["status"],
        "UNAVAILABLE"
    );
}

// PITFALLS 69, 70.
#[tokio::test]
async fn streams_break_and_block_as_geminis_do() {
    let stand = Stand::new().await;
    let fake = events(&stand, "fake200;status=429").await;
    assert_eq!(fake.status, 200);
    assert!(
        fake.text().starts_with("data: {\"error\":{\"code\":429"),
        "{}",
        fake.text()
    );
    let failed = events(&stand, "error-event;after=1").await;
    assert!(failed.whole && failed.text().contains("\r\n\r\ndata: {\"error\":"));
    for scenario in ["fake200", "error-event;after=1"] {
        let listed = array(&stand, scenario).await.json();
        let last = listed
            .as_array()
            .and_then(|list| list.last())
            .expect("array");
        assert_eq!(last["error"]["status"], "UNAVAILABLE", "{scenario}");
    }
    let fake = whole(&stand, "fake200", &asking()).await;
    assert_eq!(
        (fake.status, &fake.json()["error"]["code"]),
        (200, &json!(503))
    );
    let cut = events(&stand, "cut;after=1").await;
    assert!(!cut.whole && !cut.text().contains("finishReason"));
    assert!(
        !events(&stand, "truncate;after=all")
            .await
            .text()
            .contains("finishReason")
    );
    let blocked = events(&stand, "text;say=;stop=refusal").await.text();
    assert!(blocked.contains("blockReason") && !blocked.contains("candidates\":["));
    let limited = whole(&stand, "text;stop=max_tokens", &asking())
        .await
        .json();
    assert_eq!(limited["candidates"][0]["finishReason"], "MAX_TOKENS");
}

#[tokio::test]
async fn a_key_comes_in_three_ways_and_a_wrong_one_is_an_invalid_argument() {
    let options = Options {
        require_key: Some("k1".to_owned()),
        ..Options::default()
    };
    let stand = Stand::with(options).await;
    let ask = async |query: &str, headers: &[(&str, &str)]| {
        let path = format!("{MODEL}:generateContent{query}");
        let body = asking().to_string();
        stand.call("POST", &path, headers, body.as_bytes()).await
    };
    assert_eq!(ask("", &[("x-goog-api-key", "k1")]).await.status, 200);
    assert_eq!(ask("?key=k1", &[]).await.status, 200);
    assert_eq!(ask("", &[("authorization", "Bearer k1")]).await.status, 200);
    let wrong = ask("", &[("x-goog-api-key", "k2")]).await;
    let error = &wrong.json()["error"];
    assert_eq!(
        (wrong.status, &error["status"]),
        (400, &json!("INVALID_ARGUMENT"))
    );
    assert_eq!(error["details"][0]["reason"], "API_KEY_INVALID");
    let none = ask("", &[]).await;
    assert_eq!(
        (none.status, &none.json()["error"]["status"]),
        (403, &json!("PERMISSION_DENIED"))
    );
}

#[tokio::test]
async fn a_header_of_another_vendor_is_refused() {
    let stand = Stand::new().await;
    for header in ["x-api-key", "anthropic-version", "anthropic-beta"] {
        let path = format!("{MODEL}:generateContent");
        let body = asking().to_string();
        let answer = stand
            .call("POST", &path, &[(header, "x")], body.as_bytes())
            .await;
        let told = answer.json()["error"]["message"].to_string();
        assert!(answer.status == 400 && told.contains(header), "{told}");
    }
}

// PITFALLS 73.
#[tokio::test]
async fn a_tool_loop_needs_the_signature_back() {
    let stand = Stand::new().await;
    let mut body = asking();
    body["tools"] = json!([{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}]);
    body["generationConfig"] =
        json!({"thinkingConfig": {"includeThoughts": true, "thinkingLevel": "LOW"}});
    let called = whole(&stand, "tools2", &body).await.json();
    let turn = called["candidates"][0]["content"].clone();
    assert!(
        parts(&called)[0]["thought"] == true
            && called["usageMetadata"]["thoughtsTokenCount"].is_u64()
    );
    let responses: Vec<Value> = turn["parts"]
        .as_array()
        .expect("parts")
        .iter()
        .filter_map(|part| part.get("functionCall"))
        .map(|call| json!({"functionResponse": {"id": call["id"], "name": call["name"], "response": {"output": "42"}}}))
        .collect();
    assert_eq!(responses.len(), 2);
    let contents = body["contents"].as_array_mut().expect("contents");
    contents.push(turn);
    contents.push(json!({"role": "user", "parts": responses}));
    let answered = whole(&stand, "tools2", &body).await.json();
    let said = parts(&answered)
        .as_array()
        .expect("parts")
        .last()
        .expect("text")
        .clone();
    assert_eq!(
        said["text"],
        "Practice provider here. The tool answered: 42 | 42"
    );
    for part in body["contents"][1]["parts"].as_array_mut().expect("parts") {
        part.as_object_mut()
            .expect("part")
            .remove("thoughtSignature");
    }
    let unsigned = whole(&stand, "tools2", &body).await;
    assert!(unsigned.status == 400 && unsigned.text().contains("missing a thought_signature"));
}

#[tokio::test]
async fn structured_output_fits_its_schema() {
    let stand = Stand::new().await;
    let mut body = asking();
    let schema = json!({"type": "OBJECT", "required": ["n"], "properties": {"n": {"type": "INTEGER", "minimum": 3}}});
    body["generationConfig"] =
        json!({"responseMimeType": "application/json", "responseJsonSchema": schema});
    let answer = whole(&stand, "text", &body).await.json();
    assert_eq!(parts(&answer)[0]["text"], r#"{"n":3}"#);
}

#[tokio::test]
async fn the_other_calls_answer() {
    let stand = Stand::new().await;
    let counted = post(&stand, &format!("{MODEL}:countTokens"), "text", &asking())
        .await
        .json();
    assert!(
        counted["totalTokens"]
            .as_u64()
            .is_some_and(|tokens| tokens > 0)
    );
    let content = json!({"parts": [{"text": "a"}]});
    let embedding = "/v1beta/models/gemini-embedding-001";
    let one = post(
        &stand,
        &format!("{embedding}:embedContent"),
        "text",
        &json!({"content": content, "outputDimensionality": 4}),
    )
    .await
    .json();
    assert_eq!(one["embedding"]["values"].as_array().map(Vec::len), Some(4));
    let request = json!({"model": "models/gemini-embedding-001", "content": content, "outputDimensionality": 4});
    let two = post(
        &stand,
        &format!("{embedding}:batchEmbedContents"),
        "text",
        &json!({"requests": [request, request]}),
    )
    .await
    .json();
    assert_eq!(
        (&two["embeddings"][0], &two["embeddings"][1]),
        (&one["embedding"], &one["embedding"])
    );
    let get = async |path: &str| {
        stand
            .call("GET", path, &[("x-goog-api-key", "k")], b"")
            .await
    };
    let first = get("/v1beta/models?pageSize=2").await.json();
    let token = first["nextPageToken"].as_str().expect("more");
    assert_eq!(first["models"][0]["name"], "models/practice-opus");
    let second = get(&format!("/v1beta/models?pageSize=1000&pageToken={token}"))
        .await
        .json();
    assert!(second.get("nextPageToken").is_none() && second["models"][0] != first["models"][0]);
    assert_eq!(
        get("/v1/models").await.json()["models"][0],
        first["models"][0]
    );
    assert_eq!(
        get("/v1beta/models/practice-429").await.json()["name"],
        "models/practice-429"
    );
    assert_eq!(
        get("/v1beta/models/nobody").await.json()["error"]["status"],
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn captured_requests_of_the_gemini_command_line_are_accepted() {
    let stand = Stand::new().await;
    for name in ["gemini-cli-router", "gemini-cli-tool-result"] {
        let file = format!(
            "{}/../../../tests/wire/gemini/{name}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let capture: Value =
            serde_json::from_slice(&std::fs::read(file).expect("capture")).expect("JSON");
        let text = |name: &str| capture[name].as_str().expect("text").to_owned();
        let path = format!("{}?{}", text("path"), text("query"));
        let headers = [("x-goog-api-client", "google-genai-sdk/1.30.0")];
        let mut body = capture["body"].clone();
        let answer = stand
            .call("POST", &path, &headers, body.to_string().as_bytes())
            .await;
        assert_eq!(
            (answer.status, answer.whole),
            (200, true),
            "{name}: {}",
            answer.text()
        );
        // It sends ids of calls to older models as well.
        body["generationConfig"]["thinkingConfig"] = json!({"thinkingBudget": 8192});
        let path = path
            .replace("gemini-3.5", "gemini-2.5")
            .replace("gemini-3.8", "gemini-2.5");
        let answer = stand
            .call("POST", &path, &headers, body.to_string().as_bytes())
            .await;
        assert_eq!(
            (answer.status, answer.whole),
            (200, true),
            "{path}: {}",
            answer.text()
        );
    }
}
