//! Streamed answers of providers, as clients of each dialect get them, wherever the network cuts them.

use bytes::Bytes;
use dialects::{
    Dialect, Framing, Reply,
    ir::{Answer, Event, Failure, FailureKind, Folder, Part, Stop},
    lines::Lines,
    sse::{Frame, Splitter},
};
use serde_json::Value;

use crate::{
    book::Book,
    captures::{self, Kind},
    target::{origin, reply},
};

#[test]
fn streams_are_said_in_the_words_of_each_client() {
    let mut book = Book::default();
    for capture in captures::all(Kind::Stream) {
        let events = events(capture.dialect, &capture.bytes);
        for client in Dialect::ALL {
            let format = match client.codec().framing() {
                Framing::Sse => "sse",
                Framing::Lines => "ndjson",
            };
            book.hold(&capture, client, format, &written(client, &events));
        }
    }
    book.close(&[".sse", ".ndjson"], |_| true);
}

#[test]
fn what_a_client_reads_is_what_the_provider_said() {
    let mut differ = Vec::new();
    for capture in captures::all(Kind::Stream) {
        let told = events(capture.dialect, &capture.bytes);
        for client in Dialect::ALL {
            let streamed = fold(events(client, &written(client, &told)));
            let whole = fold(told.clone()).map(|answer| {
                let body = client.codec().write_answer(&answer, &reply(client, false));
                client.codec().read_answer(&body, &origin(client)).unwrap()
            });
            let wanted = said(fold(told.clone()).ok());
            for (how, heard) in [("streamed", streamed.ok()), ("whole", whole.ok())] {
                let heard = said(heard);
                if heard != wanted {
                    let of = format!("{} for {} ({how})", capture.file, client.as_str());
                    differ.push(format!("{of}:\n  {wanted:?}\n  {heard:?}"));
                }
            }
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn an_array_for_gemini_clients_holds_the_chunks_of_the_stream() {
    for capture in captures::all(Kind::Stream) {
        let told = events(capture.dialect, &capture.bytes);
        if fold(told.clone()).is_err() {
            continue;
        }
        let chunks: Vec<Value> = frames(Dialect::Gemini, [&*written(Dialect::Gemini, &told)])
            .into_iter()
            .map(|frame| serde_json::from_slice(&Frame::new(frame).data().unwrap()).unwrap())
            .collect();
        let as_array = Reply {
            json_array: true,
            ..reply(Dialect::Gemini, true)
        };
        let array: Vec<Value> =
            serde_json::from_slice(&written_as(as_array, Dialect::Gemini, &told)).unwrap();
        assert_eq!(array, chunks, "{}", capture.file);
    }
}

#[test]
fn anthropic_streams_are_understood_wherever_they_are_cut() {
    cut_everywhere(Dialect::Anthropic);
}

#[test]
fn chat_streams_are_understood_wherever_they_are_cut() {
    cut_everywhere(Dialect::OpenaiChat);
}

#[test]
fn responses_streams_are_understood_wherever_they_are_cut() {
    cut_everywhere(Dialect::OpenaiResponses);
}

#[test]
fn gemini_streams_are_understood_wherever_they_are_cut() {
    cut_everywhere(Dialect::Gemini);
}

#[test]
fn ollama_streams_are_understood_wherever_they_are_cut() {
    cut_everywhere(Dialect::Ollama);
}

/// In two pieces at each of its bytes, and one byte at a time.
///
/// A reader is a function of the frames and a writer one of the events: the frames are compared at each cut, what is
/// read and written of them at every sixty-first and at the finest.
fn cut_everywhere(dialect: Dialect) {
    for capture in captures::of(dialect, Kind::Stream) {
        let bytes = capture.bytes.as_slice();
        let whole = frames(dialect, [bytes]);
        let meant = told(dialect, &whole);
        for at in 1..bytes.len() {
            let (head, tail) = bytes.split_at(at);
            let cut = frames(dialect, [head, tail]);
            let same = cut == whole && (at % 61 != 0 || told(dialect, &cut) == meant);
            assert!(same, "{} cut at byte {at} is another stream", capture.file);
        }
        let finest = frames(dialect, bytes.chunks(1));
        assert_eq!(finest, whole, "{} byte by byte", capture.file);
        assert_eq!(
            told(dialect, &finest),
            meant,
            "{} byte by byte",
            capture.file
        );
    }
}

/// The events of these frames, and their streams for a client of each dialect.
fn told(dialect: Dialect, frames: &[Bytes]) -> (Vec<Event>, [Vec<u8>; 5]) {
    let events = read(dialect, frames);
    let streams = Dialect::ALL.map(|client| written(client, &events));
    (events, streams)
}

/// What a stream that arrives whole means.
fn events(dialect: Dialect, stream: &[u8]) -> Vec<Event> {
    read(dialect, &frames(dialect, [stream]))
}

/// The frames of a stream that arrives in these pieces, each without the line ends around it: where a CRLF is cut, its
/// second half comes with the frame behind it.
fn frames<'a>(dialect: Dialect, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Bytes> {
    let mut found = Vec::new();
    match dialect.codec().framing() {
        Framing::Sse => {
            let bytes = |frame: Frame| frame.bytes().slice_ref(without_ends(frame.bytes()));
            let mut splitter = Splitter::default();
            for piece in pieces {
                splitter.push(piece).unwrap();
                found.extend(std::iter::from_fn(|| splitter.next_frame()).map(bytes));
            }
            found.extend(splitter.finish().map(bytes));
        }
        Framing::Lines => {
            let mut lines = Lines::default();
            for piece in pieces {
                lines.push(piece).unwrap();
                found.extend(std::iter::from_fn(|| lines.next_line()));
            }
            found.extend(lines.finish());
        }
    }
    found.retain(|frame| !frame.is_empty());
    found
}

fn without_ends(mut bytes: &[u8]) -> &[u8] {
    while let [b'\r' | b'\n', rest @ ..] | [rest @ .., b'\r' | b'\n'] = bytes {
        bytes = rest;
    }
    bytes
}

/// What these frames mean. A stream that breaks off or is none ends with a failure, as the gateway has it.
fn read(dialect: Dialect, frames: &[Bytes]) -> Vec<Event> {
    let codec = dialect.codec();
    let mut reader = codec.stream_reader(&origin(dialect));
    let mut events = Vec::new();
    let failed = |why: String| Event::Failed(Failure::new(FailureKind::Server, why));
    for bytes in frames {
        let frame = Frame::new(bytes.clone());
        let (name, data) = match codec.framing() {
            Framing::Sse => (frame.event(), frame.data()),
            Framing::Lines => (None, Some(bytes.clone())),
        };
        let Some(data) = data else { continue };
        if let Err(error) = reader.read(name, &data, &mut events) {
            events.push(failed(error.to_string()));
            return events;
        }
        if reader.is_over() {
            break;
        }
    }
    if !matches!(events.last(), Some(Event::Failed(_)))
        && let Err(error) = reader.finish(&mut events)
    {
        events.push(failed(error.to_string()));
    }
    events
}

/// A stream of these events for a client of this dialect.
fn written(client: Dialect, events: &[Event]) -> Vec<u8> {
    written_as(reply(client, true), client, events)
}

fn written_as(reply: Reply, client: Dialect, events: &[Event]) -> Vec<u8> {
    let mut writer = client.codec().stream_writer(reply);
    let mut out = Vec::new();
    for event in events {
        writer.write(event, &mut out);
    }
    out
}

fn fold(events: Vec<Event>) -> Result<Answer, Failure> {
    let mut folder = Folder::default();
    for event in events {
        folder.push(event);
    }
    folder.finish()
}

/// What every dialect can tell of an answer.
#[derive(Debug, Default, PartialEq)]
struct Said {
    /// Without those that stand for a picture where none can be shown.
    words: String,
    thoughts: String,
    calls: Vec<(String, String)>,
    end: &'static str,
}

fn said(answer: Option<Answer>) -> Said {
    let Some(answer) = answer else {
        return Said {
            end: "failed",
            ..Said::default()
        };
    };
    let mut words = String::new();
    let mut said = Said::default();
    for part in answer.parts {
        match part {
            Part::Text(text) if text.text.starts_with("[image/png left out") => {}
            Part::Text(text) | Part::Refusal(text) => words.push_str(&text.text),
            Part::Thinking(thinking) => said.thoughts.push_str(&thinking.text),
            Part::Call(call) => {
                let arguments = call.arguments.compact().into_owned();
                said.calls.push((call.name, arguments));
            }
            _ => {}
        }
    }
    if let Stop::Refusal {
        explanation: Some(why),
        ..
    } = &answer.stop
        && words.is_empty()
    {
        words.clone_from(why);
    }
    said.end = match answer.stop {
        Stop::MaxTokens | Stop::ContextFull | Stop::Pause => "cut",
        _ => "ended",
    };
    said.words = words;
    said
}
