//! Requests of clients, said in the words of each provider.

use dialects::{
    BadRequest, Codec, Dialect, PathFacts, Written,
    caps::Caps,
    ir::{Part, Refusal, Request, Role},
};
use serde_json::{Map, Value, json};

use crate::{
    book::Book,
    captures::{self, Capture, Kind},
    digest,
    target::{Provider, targets},
};

#[test]
fn requests_are_said_in_the_words_of_each_provider() {
    let mut book = Book::default();
    let targets = targets();
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

#[test]
fn what_a_provider_reads_is_what_the_client_said() {
    let mut differ = Vec::new();
    let targets = targets();
    for capture in captures::all(Kind::Request) {
        let asked = Asked::of(&capture);
        let Ok(request) = &asked.request else {
            continue;
        };
        for (target, caps) in &targets {
            let codec = target.dialect.codec();
            let Ok(written) = codec.write_request(request, &target.with(caps, true)) else {
                continue;
            };
            let facts = PathFacts {
                model: Some("model"),
                stream: None,
            };
            let heard = Told::of(&codec.read_request(&written.body, facts).unwrap());
            let told = Told::of(request);
            if !told.is_in(&heard) {
                let of = format!("{} for {}", capture.file, target.dialect.as_str());
                differ.push(format!("{of}:\n  {told:?}\n  {heard:?}"));
            }
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// A conversation without white space, which some dialects put between parts.
#[derive(Debug, Default, PartialEq)]
struct Told {
    user: String,
    assistant: String,
    calls: Vec<(String, String)>,
    results: Vec<String>,
}

impl Told {
    fn of(request: &Request) -> Self {
        let plain = |text: &str| text.split_whitespace().collect::<String>();
        let mut told = Self::default();
        for (role, part) in request
            .turns
            .iter()
            .flat_map(|turn| turn.parts.iter().map(|part| (turn.role, part)))
        {
            match part {
                Part::Text(text) if role == Role::User => told.user += &plain(&text.text),
                Part::Text(text) if role == Role::Assistant => told.assistant += &plain(&text.text),
                Part::Call(call) => {
                    let arguments = call.arguments.compact().into_owned();
                    told.calls.push((call.name.clone(), arguments));
                }
                Part::Result(result) => {
                    // A failure is told in words where there is no field for it.
                    let text = plain(&result.text());
                    let text = text.strip_prefix("Error:").unwrap_or(&text);
                    told.results.push(text.to_owned());
                }
                _ => {}
            }
        }
        told
    }

    /// Whether it all arrived: what stood elsewhere, such as instructions in between, may be told by the user too.
    fn is_in(&self, heard: &Self) -> bool {
        let mut rest = heard.user.chars();
        self.user
            .chars()
            .all(|char| rest.any(|other| other == char))
            && (&self.assistant, &self.calls, &self.results)
                == (&heard.assistant, &heard.calls, &heard.results)
    }
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
            let target_of = target.with(caps, lossy);
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
