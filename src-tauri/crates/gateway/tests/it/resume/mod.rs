//! Streams that broke off behind the gate and are given whole all the same.

mod prefill;
mod restart;

use std::{collections::HashSet, sync::Arc, time::Duration};

use bytes::Bytes;
use dialects::{
    Dialect::{self, Anthropic, Gemini, Ollama, OpenaiChat, OpenaiResponses},
    Reply, Usage,
    ir::{Answer, CallKind, Event, Folder, Opening, Origin, Request, Stop},
    lines::Lines,
    sse::Splitter,
    vendors::Vendors,
};
use gateway::{AttemptEnded, Continuation, EndStatus, Ended, Report, Snapshot};
use routing::{Reason, Verdict};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, sync::Notify};

use crate::support::{
    Got, Part, Raw, Running, STREAM_HEAD, TOKEN, json as body_of, run, snapshot, within,
};

const CLAUDE_CODE: &str = "user-agent: claude-cli/2.1.329 (external, cli)\r\n";

fn routed(dialect: Dialect) -> routing::Dialect {
    match dialect {
        Anthropic => routing::Dialect::Anthropic,
        OpenaiChat => routing::Dialect::OpenaiChat,
        OpenaiResponses => routing::Dialect::OpenaiResponses,
        Gemini => routing::Dialect::Gemini,
        Ollama => routing::Dialect::Ollama,
    }
}

/// Providers of these dialects, the first one first; those in `continues` go on with an answer.
fn settings(
    continuation: Continuation,
    providers: &[(&Raw, Dialect)],
    continues: &[usize],
) -> Snapshot {
    let addresses: Vec<_> = providers.iter().map(|(raw, _)| raw.address).collect();
    let mut settings = snapshot(&addresses, |index, provider, upstream| {
        let dialect = providers[index].1;
        let goes_on = continues.contains(&index);
        let table = format!(
            "date = \"\"\n[[models]]\nnames = [\"*\"]\ncaps = {{ continues = {goes_on} }}\n"
        );
        let table = Vendors::parse(&table).unwrap();
        provider.dialect = routed(dialect);
        upstream.dialect = routed(dialect);
        upstream.vendor = Arc::new(table.record(None, "http://127.0.0.1", dialect));
    });
    settings.limits.continuation = continuation;
    settings
}

/// Where a client of this dialect asks, and what.
fn ask(dialect: Dialect) -> (&'static str, Value) {
    let messages = json!([{"role": "user", "content": "hi"}]);
    match dialect {
        Anthropic => (
            "/v1/messages",
            json!({"model": "m", "stream": true, "max_tokens": 99, "messages": messages}),
        ),
        OpenaiChat => (
            "/v1/chat/completions",
            json!({"model": "m", "stream": true, "max_tokens": 99, "messages": messages,
                "stream_options": {"include_usage": true}}),
        ),
        OpenaiResponses => (
            "/v1/responses",
            json!({"model": "m", "stream": true, "input": "hi"}),
        ),
        Gemini => (
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        ),
        Ollama => (
            "/ollama/api/chat",
            json!({"model": "m", "messages": messages}),
        ),
    }
}

async fn call(running: &Running, dialect: Dialect, headers: &str) -> Got {
    let (path, body) = ask(dialect);
    running
        .post(path, headers, body.to_string().as_bytes())
        .await
}

fn delta(text: &str) -> Event {
    Event::Delta(text.to_owned())
}

fn start(id: &str) -> Event {
    Event::Start {
        id: Some(id.to_owned()),
        model: Some("m".to_owned()),
    }
}

fn tokens(input: u64, output: u64) -> Event {
    Event::Usage(Usage {
        input,
        output,
        ..Usage::default()
    })
}

/// What a provider of this dialect streams for these events. Without a stop it breaks off behind them.
fn streamed(dialect: Dialect, events: &[Event]) -> Vec<u8> {
    let request = Request {
        stream_usage: true,
        ..Request::default()
    };
    let reply = Reply {
        request: Arc::new(request),
        request_id: "req-of-the-provider".to_owned(),
        now: 100,
        ..Reply::default()
    };
    let mut writer = dialect.codec().stream_writer(reply);
    let mut bytes = STREAM_HEAD.as_bytes().to_vec();
    for event in events {
        writer.write(event, &mut bytes);
    }
    bytes
}

/// A text in pieces that breaks off.
fn cut(dialect: Dialect, pieces: &[&str]) -> Vec<u8> {
    let mut events = vec![start("first-1"), tokens(7, 1), Event::Open(Opening::Text)];
    events.extend(pieces.iter().map(|piece| delta(piece)));
    streamed(dialect, &events)
}

/// A whole text in pieces.
fn whole(dialect: Dialect, pieces: &[&str]) -> Vec<u8> {
    let mut events = vec![start("second-2"), tokens(20, 1), Event::Open(Opening::Text)];
    events.extend(pieces.iter().map(|piece| delta(piece)));
    events.extend([Event::Close, tokens(20, 3), Event::Stop(Stop::End)]);
    streamed(dialect, &events)
}

/// The JSON of a stream's events.
fn data(dialect: Dialect, got: &Got) -> Vec<(Option<Bytes>, Bytes)> {
    let mut found = Vec::new();
    if dialect == Ollama {
        let mut lines = Lines::default();
        lines.push(&got.body).unwrap();
        found.extend(std::iter::from_fn(|| lines.next_line()).map(|line| (None, line)));
    } else {
        let mut splitter = Splitter::default();
        splitter.push(&got.body).unwrap();
        while let Some(frame) = splitter.next_frame() {
            let name = frame.event().map(Bytes::copy_from_slice);
            found.extend(frame.data().map(|data| (name, data)));
        }
    }
    found
}

/// The answer as a client reads it; its error where it ends with one.
fn read(dialect: Dialect, got: &Got) -> Result<Answer, String> {
    let mut reader = dialect.codec().stream_reader(&Origin::default());
    let (mut events, mut folder) = (Vec::new(), Folder::default());
    for (name, data) in data(dialect, got) {
        reader
            .read(name.as_deref(), &data, &mut events)
            .map_err(|error| error.0)?;
    }
    reader
        .finish(&mut events)
        .map_err(|error| error.to_string())?;
    for event in events {
        folder.push(event);
    }
    folder.finish().map_err(|failure| failure.message)
}

fn text(answer: &Answer) -> String {
    let texts = answer.parts.iter().map(|part| match part {
        dialects::ir::Part::Text(text) => text.text.as_str(),
        part => panic!("{part:?}"),
    });
    texts.collect()
}

fn attempts(reports: &[Report]) -> Vec<&AttemptEnded> {
    let ended = reports.iter().filter_map(|report| match report {
        Report::AttemptEnded(ended) => Some(ended),
        _ => None,
    });
    ended.collect()
}

fn verdicts(reports: &[Report]) -> Vec<(Verdict, Option<Reason>)> {
    let ended = attempts(reports);
    ended
        .iter()
        .map(|attempt| (attempt.verdict, attempt.reason))
        .collect()
}

fn ended(reports: &[Report]) -> &Ended {
    match reports.last() {
        Some(Report::Ended(ended)) => ended,
        other => panic!("{other:?}"),
    }
}

const CUT: (Verdict, Option<Reason>) = (Verdict::NextProvider, Some(Reason::StreamCut));
const OK: (Verdict, Option<Reason>) = (Verdict::Ok, None);

/// What stands once in a stream however many providers wrote it.
fn assert_no_seam(client: Dialect, got: &Got, case: &str) {
    let events: Vec<Value> = data(client, got)
        .iter()
        .filter_map(|(_, data)| serde_json::from_slice(data).ok())
        .collect();
    let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    let differing = |pointer: &str| {
        let found = events.iter().filter_map(|event| event.pointer(pointer));
        found.map(Value::to_string).collect::<HashSet<_>>().len()
    };
    let told = got.text();
    match client {
        Anthropic => {
            for kind in [
                "message_start",
                "content_block_start",
                "content_block_stop",
                "message_delta",
                "message_stop",
            ] {
                assert_eq!(count(kind), 1, "{case}: {kind} in {told}");
            }
            assert_eq!(differing("/index"), 1, "{case}: {told}");
        }
        OpenaiChat => {
            assert_eq!(
                (differing("/id"), differing("/model"), differing("/created")),
                (1, 1, 1),
                "{case}: {told}"
            );
            assert_eq!(told.matches("\"role\"").count(), 1, "{case}: {told}");
        }
        OpenaiResponses => {
            assert_eq!(
                (differing("/response/id"), differing("/response/created_at")),
                (1, 1),
                "{case}: {told}"
            );
            assert_eq!(
                (count("response.output_item.added"), differing("/item_id")),
                (1, 1),
                "{case}: {told}"
            );
            let numbers = events
                .iter()
                .filter_map(|event| event["sequence_number"].as_u64());
            assert!(numbers.eq(0..events.len() as u64), "{case}: {told}");
            let said: String = events
                .iter()
                .filter_map(|event| event["delta"].as_str())
                .collect();
            let done = events
                .iter()
                .find(|event| event["type"] == "response.output_text.done");
            assert_eq!(done.unwrap()["text"], said, "{case}");
        }
        Gemini => assert_eq!(
            (differing("/responseId"), differing("/modelVersion")),
            (1, 1),
            "{case}: {told}"
        ),
        Ollama => assert_eq!(
            (differing("/model"), told.matches("\"done\":true").count()),
            (1, 1),
            "{case}: {told}"
        ),
    }
}

/// What a provider said that nobody else can go on with.
fn not_text() -> Vec<(&'static str, Vec<Event>)> {
    let call = Event::Open(Opening::Call {
        id: "call_1".to_owned(),
        name: "look".to_owned(),
        kind: CallKind::Function,
    });
    let thinking = [Event::Open(Opening::Thinking), delta("hm")];
    let text = [Event::Open(Opening::Text), delta("Let me see.")];
    vec![
        ("thinking", thinking.to_vec()),
        (
            "thinking and text",
            [&thinking[..], &[Event::Close], &text].concat(),
        ),
        ("a call", vec![call.clone(), delta("{\"a\":")]),
        (
            "text and a call",
            [&text[..], &[Event::Close, call, delta("{\"a\":")]].concat(),
        ),
    ]
}
