//! Requests of clients, said in the words of each provider.

use dialects::{
    BadRequest, Codec, Dialect, PathFacts, Target, Written,
    caps::Caps,
    ir::{Refusal, Request},
};
use serde_json::{Map, Value, json};

use crate::{
    book::Book,
    captures::{self, Capture, Kind},
    digest,
    target::{Provider, TARGETS},
};

#[test]
fn requests_are_said_in_the_words_of_each_provider() {
    let mut book = Book::default();
    let targets = TARGETS.map(|target| {
        let caps = target.caps();
        (target, caps)
    });
    for capture in captures::all(Kind::Request) {
        let asked = Asked::of(&capture);
        for (target, caps) in &targets {
            let written = asked.written_for(target, caps);
            let text = serde_json::to_string_pretty(&written).unwrap() + "\n";
            book.hold(&capture, target.dialect, "json", text.as_bytes());
        }
    }
    book.close(&[".json"], |name| {
        !name.contains(".answer.") && !name.contains(".failure.")
    });
}

/// A captured request, read.
struct Asked {
    client: &'static dyn Codec,
    request: Result<Request, BadRequest>,
    counts: bool,
    size: usize,
}

impl Asked {
    fn of(capture: &Capture) -> Self {
        let text: Value = serde_json::from_slice(&capture.bytes).unwrap();
        let body = text["body"].to_string();
        let path = text["path"].as_str().unwrap();
        let counts = path.ends_with("count_tokens") || path.ends_with(":countTokens");
        let named = path.split_once("/models/").map(|(_, rest)| rest);
        let named = named.and_then(|rest| rest.split_once(':'));
        let streams = body_streams(&text["body"], capture.dialect);
        let facts = PathFacts {
            model: named.map(|(model, _)| model),
            stream: Some(named.map_or(streams, |(_, call)| call.starts_with("stream"))),
        };
        let client = capture.codec();
        let request = if counts {
            client.read_count_request(body.as_bytes(), facts)
        } else {
            client.read_request(body.as_bytes(), facts)
        };
        Self {
            client,
            request,
            counts,
            size: body.len(),
        }
    }

    fn written_for(&self, target: &Provider, caps: &Caps) -> Value {
        let mut request = match &self.request {
            Ok(request) => request.clone(),
            Err(BadRequest::Refused(refusal)) => return json!({ "refused": self.refused(refusal) }),
            Err(BadRequest::Misshapen(error)) => return json!({ "misshapen": error.to_string() }),
        };
        request.model = target.model();
        let write = |lossy| {
            let target_of = Target {
                origin: target.origin(),
                caps,
                lossy,
            };
            let codec = target.dialect.codec();
            if self.counts {
                codec.write_count_request(&request, &target_of)
            } else {
                Some(codec.write_request(&request, &target_of))
            }
        };
        match write(false) {
            None => json!("no such call"),
            Some(Ok(written)) => Value::Object(self.told(&written)),
            Some(Err(refusal)) => {
                let mut told = Map::new();
                told.insert("refused".to_owned(), json!(self.refused(&refusal)));
                if let Some(Ok(written)) = write(true) {
                    let told_lossy = Value::Object(self.told(&written));
                    told.insert("where losses are allowed".to_owned(), told_lossy);
                }
                Value::Object(told)
            }
        }
    }

    fn refused(&self, refusal: &Refusal) -> String {
        format!("{}: {}", self.client.spell(&refusal.place), refusal.why)
    }

    fn told(&self, written: &Written) -> Map<String, Value> {
        let lost = written
            .losses
            .iter()
            .map(|loss| format!("{}: {}", self.client.spell(&loss.place), loss.why));
        let lost: Vec<String> = lost.collect();
        let mut told = Map::new();
        if !lost.is_empty() {
            told.insert("lost".to_owned(), json!(lost));
        }
        for (name, value) in &written.headers {
            told.insert((*name).to_owned(), json!(value));
        }
        told.insert("body".to_owned(), digest::told(&written.body, self.size));
        told
    }
}

/// Whether the body asks for a stream; Ollama streams unless told otherwise.
fn body_streams(body: &Value, dialect: Dialect) -> bool {
    body["stream"]
        .as_bool()
        .unwrap_or(dialect == Dialect::Ollama)
}
