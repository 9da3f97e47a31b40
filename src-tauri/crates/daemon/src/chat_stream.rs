//! The streamed answers of `POST /api/chat`: server-sent events, each a JSON object in its `data`.
//!
//! `{"content": "…"}` is a piece of the answer, `{"tool_calls": […]}` a piece of calls as Chat Completions has it. The last
//! event before `[DONE]` has `done: true`, `finish_reason`, `usage` and `_actual_model_used`. `{"error": {…}}` stands in its
//! place when the answer broke off.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use dialects::sse::Splitter;
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::{Value, json};

use crate::chat::{carry, model};

/// Between two comments on a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A streamed chat completion in fewer words.
pub(crate) fn told(completion: Response) -> Response {
    let (parts, body) = completion.into_parts();
    let last = json!({
        "done": true,
        "finish_reason": null,
        "usage": null,
        "_actual_model_used": model(&parts.headers),
    });
    let events = Sse::new(events(body, last)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    let mut response = events.into_response();
    // Both say that nothing caches it.
    response.headers_mut().remove(http::header::CACHE_CONTROL);
    carry(&parts.headers, response.headers_mut());
    response
}

fn events(body: Body, last: Value) -> impl Stream<Item = Result<Event, Infallible>> {
    let pieces = Pieces {
        body: body.into_data_stream(),
        splitter: Splitter::default(),
        ready: VecDeque::new(),
        last,
        ended: false,
    };
    stream::unfold(pieces, |mut pieces| async move {
        let data = pieces.next().await?;
        Some((Ok(Event::default().data(data)), pieces))
    })
}

struct Pieces {
    body: BodyDataStream,
    splitter: Splitter,
    ready: VecDeque<String>,
    /// What the last event says.
    last: Value,
    ended: bool,
}

impl Pieces {
    /// The next event's data; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(data) = self.ready.pop_front() {
                return Some(data);
            }
            if self.ended {
                return None;
            }
            match self.body.next().await {
                Some(Ok(bytes)) if self.splitter.push(&bytes).is_ok() => {}
                // Broken off: without the last event, nobody takes it for whole.
                Some(_) | None => self.ended = true,
            }
            while let Some(frame) = self.splitter.next_frame() {
                if let Some(data) = frame.data() {
                    self.take(&data);
                }
            }
        }
    }

    fn take(&mut self, data: &[u8]) {
        if data == b"[DONE]" {
            self.ready.push_back(self.last.to_string());
            self.ready.push_back("[DONE]".to_owned());
            self.ended = true;
            return;
        }
        let Ok(chunk) = serde_json::from_slice::<Value>(data) else {
            return;
        };
        if let Some(error) = chunk.get("error") {
            self.ready.push_back(json!({ "error": error }).to_string());
            self.ended = true;
            return;
        }
        if chunk["usage"].is_object() {
            self.last["usage"] = chunk["usage"].clone();
        }
        if self.last["_actual_model_used"].is_null() {
            self.last["_actual_model_used"] = chunk["model"].clone();
        }
        let choice = &chunk["choices"][0];
        if choice["finish_reason"].is_string() {
            self.last["finish_reason"] = choice["finish_reason"].clone();
        }
        let delta = &choice["delta"];
        if let Some(text) = delta["content"].as_str().filter(|text| !text.is_empty()) {
            self.ready.push_back(json!({ "content": text }).to_string());
        }
        if delta["tool_calls"].is_array() {
            let calls = json!({ "tool_calls": delta["tool_calls"] });
            self.ready.push_back(calls.to_string());
        }
    }
}
