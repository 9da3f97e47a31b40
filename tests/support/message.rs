//! Messages requests to ask with, and what their answers say.

use serde_json::{Value, json};

use crate::http::{Answer, Call};
use crate::sse::Event;

/// A plain request.
pub fn plain(prompt: &str) -> Value {
    json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 64,
        "messages": [{ "role": "user", "content": prompt }],
    })
}

/// The same, streamed.
pub fn streamed(prompt: &str) -> Value {
    let mut body = plain(prompt);
    body["stream"] = json!(true);
    body
}

/// A request for another model.
#[must_use]
pub fn with_model(mut body: Value, model: &str) -> Value {
    body["model"] = json!(model);
    body
}

/// The text of an answer, streamed or not.
pub fn said(answer: &Answer) -> String {
    if answer
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("text/event-stream"))
    {
        return answer.events().iter().filter_map(delta).collect();
    }
    let body = answer.json();
    let blocks = body["content"].as_array().into_iter().flatten();
    blocks.filter_map(|block| block["text"].as_str()).collect()
}

/// The text that an event adds.
pub fn delta(event: &Event) -> Option<String> {
    (event.name == "content_block_delta").then(|| {
        event.json()["delta"]["text"]
            .as_str()
            .map(ToOwned::to_owned)
    })?
}

/// The names of the events of an answer, without pings.
pub fn names(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event.name.as_str())
        .filter(|name| *name != "ping")
        .collect()
}

/// A captured request, ready to be sent with another credential, and its body.
#[track_caller]
pub fn replayed(name: &str) -> (Call, Vec<u8>) {
    let capture: Value = serde_json::from_slice(&crate::capture(name)).unwrap();
    let text = |field: &str| capture[field].as_str().unwrap().to_owned();
    let body = capture["body"].to_string().into_bytes();
    let mut call = Call::new(
        &text("method"),
        &format!("{}?{}", text("path"), text("query")),
    )
    .body(body.clone());
    for header in capture["headers"].as_array().unwrap() {
        let (name, value) = (header[0].as_str().unwrap(), header[1].as_str().unwrap());
        let own = [
            "authorization",
            "connection",
            "host",
            "accept-encoding",
            "content-length",
        ];
        if !own.contains(&name.to_ascii_lowercase().as_str()) {
            call = call.header(name, value);
        }
    }
    (call, body)
}
