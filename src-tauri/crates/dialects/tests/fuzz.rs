//! A fuzz target for each decoder: bodies and streams broken at random are read without a panic, and whatever is
//! understood of them is written as a stream that keeps its dialect's grammar.
//!
//! Each target runs for `FUZZ_SECONDS` (2 where it is not set) from a seed that is printed; `FUZZ_SEED` repeats one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // helpers of tests panic and tell as tests do

use std::time::{Duration, Instant, SystemTime};

use dialects::{
    Dialect, Framing, PathFacts, Reply, Target,
    caps::Caps,
    ir::{Event, Opening, Origin, Request, Stop},
};
use serde_json::{Value, json};

/// Small and repeatable chance (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

fn fuzz(name: &str, mut round: impl FnMut(&mut Chance)) {
    let told = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let seed = told("FUZZ_SEED").unwrap_or(since.as_nanos() as u64);
    println!("{name}: FUZZ_SEED={seed}");
    let until = Instant::now() + Duration::from_secs(told("FUZZ_SECONDS").unwrap_or(2));
    let mut chance = Chance(seed);
    let mut rounds = 0_u64;
    while Instant::now() < until {
        round(&mut chance);
        rounds += 1;
    }
    println!("{name}: {rounds} rounds");
    assert!(rounds > 10, "{name} is too slow to find anything");
}

/// Changes a tree: drops, doubles, swaps and replaces values, and words by words of other places.
fn shake(value: &mut Value, chance: &mut Chance) {
    let odd = [
        json!(null),
        json!(""),
        json!("assistant"),
        json!("tool"),
        json!(-1),
        json!(1e300),
        json!([]),
        json!({}),
        json!([{}]),
        json!({ "type": "text" }),
        json!("data:image/png;base64,AAAA"),
        json!(true),
        json!("dHJudDEu"),
        json!("{\"a\":"),
        json!("\u{2028}\u{0}"),
        json!([["x"]]),
    ];
    match value {
        Value::Array(list) if !list.is_empty() && chance.below(3) > 0 => {
            let at = chance.below(list.len());
            match chance.below(6) {
                0 => drop(list.remove(at)),
                1 => list.push(list[at].clone()),
                2 => list.swap(0, at),
                _ => shake(&mut list[at], chance),
            }
        }
        Value::Object(map) if !map.is_empty() && chance.below(4) > 0 => {
            let key = map.keys().nth(chance.below(map.len())).unwrap().clone();
            match chance.below(6) {
                0 => drop(map.remove(&key)),
                1 => drop(map.insert("unknown".to_owned(), json!({ "x": 1 }))),
                _ => shake(map.get_mut(&key).unwrap(), chance),
            }
        }
        _ => *value = odd[chance.below(odd.len())].clone(),
    }
}

/// Bytes of a shaken tree, now and then broken as text too.
fn broken(original: &Value, chance: &mut Chance) -> Vec<u8> {
    let mut value = original.clone();
    for _ in 0..=chance.below(4) {
        shake(&mut value, chance);
    }
    let mut bytes = value.to_string().into_bytes();
    if chance.below(10) == 0 {
        bytes.truncate(chance.below(bytes.len()));
    }
    if chance.below(10) == 0 && !bytes.is_empty() {
        let at = chance.below(bytes.len());
        bytes[at] = chance.next() as u8;
    }
    bytes
}

/// A conversation with everything in it, in Anthropic's form.
fn conversation() -> Value {
    json!({
        "model": "claude-sonnet-4-5", "max_tokens": 2048, "stream": true,
        "system": [{ "type": "text", "text": "Be brief.", "cache_control": { "type": "ephemeral" } }],
        "thinking": { "type": "enabled", "budget_tokens": 1024 },
        "tools": [
            { "name": "read", "description": "Reads.", "input_schema": { "type": "object", "properties": { "path": { "type": "string" } } } },
            { "type": "web_search_20250305", "name": "web_search", "max_uses": 2 },
        ],
        "tool_choice": { "type": "auto", "disable_parallel_tool_use": true },
        "stop_sequences": ["END"],
        "messages": [
            { "role": "user", "content": [
                { "type": "text", "text": "What is in here?" },
                { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo=" } },
                { "type": "document", "source": { "type": "base64", "media_type": "application/pdf", "data": "JVBERi0=" } },
            ] },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "hm", "signature": "sig" },
                { "type": "text", "text": "Let me see." },
                { "type": "tool_use", "id": "toolu_1", "name": "read", "input": { "path": "a" } },
                { "type": "tool_use", "id": "toolu_2", "name": "read", "input": {} },
            ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "toolu_1", "content": "text" },
                { "type": "tool_result", "tool_use_id": "toolu_2", "is_error": true, "content": [{ "type": "text", "text": "no" }] },
            ] },
        ],
    })
}

fn facts() -> PathFacts<'static> {
    PathFacts {
        model: Some("model"),
        stream: Some(true),
    }
}

fn write(request: &Request, dialect: Dialect) -> Option<Vec<u8>> {
    let caps = Caps::default();
    let target = Target {
        origin: Origin::default(),
        caps: &caps,
        lossy: true,
    };
    dialect
        .codec()
        .write_request(request, &target)
        .ok()
        .map(|written| written.body)
}

fn requests(dialect: Dialect) {
    let original = conversation().to_string();
    let request = Dialect::Anthropic
        .codec()
        .read_request(original.as_bytes(), facts())
        .unwrap();
    let original: Value = serde_json::from_slice(&write(&request, dialect).unwrap()).unwrap();
    fuzz(&format!("requests of {}", dialect.as_str()), |chance| {
        let body = broken(&original, chance);
        let Ok(request) = dialect.codec().read_request(&body, facts()) else {
            return;
        };
        let to = Dialect::ALL[chance.below(5)];
        if let Some(written) = write(&request, to) {
            let valid = serde_json::from_slice::<Value>(&written).is_ok();
            assert!(
                valid,
                "{} wrote no JSON of {}",
                to.as_str(),
                String::from_utf8_lossy(&body)
            );
        }
    });
}

fn call(id: &str) -> Event {
    Event::Open(Opening::Call {
        id: id.to_owned(),
        name: "read".to_owned(),
        kind: dialects::ir::CallKind::Function,
    })
}

fn said() -> Vec<Event> {
    let text = |text: &str| Event::Delta(text.to_owned());
    vec![
        Event::Start {
            id: Some("id-1".to_owned()),
            model: Some("m".to_owned()),
        },
        Event::Open(Opening::Thinking),
        text("hm"),
        Event::Close,
        Event::Open(Opening::Text),
        text("Let me "),
        text("see."),
        Event::Close,
        call("call_1"),
        text("{\"path\""),
        text(":\"a\"}"),
        Event::Close,
        call("call_2"),
        text("{}"),
        Event::Close,
        Event::Usage(dialects::Usage {
            input: 9,
            output: 4,
            ..dialects::Usage::default()
        }),
        Event::Stop(Stop::ToolUse),
    ]
}

/// Names and data of the frames in these bytes.
fn frames(dialect: Dialect, bytes: &[u8]) -> Vec<(Option<Vec<u8>>, Vec<u8>)> {
    if dialect.codec().framing() == Framing::Lines {
        let mut lines = dialects::lines::Lines::default();
        lines.push(bytes).unwrap();
        return std::iter::from_fn(|| lines.next_line())
            .map(|line| (None, line.to_vec()))
            .collect();
    }
    let mut splitter = dialects::sse::Splitter::default();
    splitter.push(bytes).unwrap();
    std::iter::from_fn(|| splitter.next_frame())
        .filter_map(|frame| Some((frame.event().map(<[u8]>::to_vec), frame.data()?.to_vec())))
        .collect()
}

fn streams(dialect: Dialect) {
    let mut writer = dialect.codec().stream_writer(Reply::default());
    let mut bytes = Vec::new();
    for event in &said() {
        writer.write(event, &mut bytes);
    }
    let original = frames(dialect, &bytes);
    fuzz(&format!("streams of {}", dialect.as_str()), |chance| {
        let mut reader = dialect.codec().stream_reader(&Origin::default());
        let mut events = Vec::new();
        let mut sound = true;
        for (name, data) in &original {
            let frame = match chance.below(12) {
                0 => continue,
                1 | 2 => {
                    serde_json::from_slice(data).map_or(data.clone(), |tree| broken(&tree, chance))
                }
                _ => data.clone(),
            };
            sound &= reader.read(name.as_deref(), &frame, &mut events).is_ok();
            if !sound {
                break;
            }
        }
        sound &= reader.finish(&mut events).is_ok();
        keeps_grammar(&events, sound);
        let to = Dialect::ALL[chance.below(5)];
        let mut writer = to.codec().stream_writer(Reply::default());
        let mut out = Vec::new();
        for event in &events {
            writer.write(event, &mut out);
        }
        for (_, data) in frames(to, &out) {
            let valid = data == b"[DONE]" || serde_json::from_slice::<Value>(&data).is_ok();
            assert!(
                valid,
                "{} wrote {}",
                to.as_str(),
                String::from_utf8_lossy(&data)
            );
        }
    });
}

/// The grammar that writers rely on.
fn keeps_grammar(events: &[Event], whole: bool) {
    let (mut open, mut over, mut sealed) = (false, false, false);
    for event in events {
        assert!(!over, "{event:?} behind the end of {events:?}");
        match event {
            Event::Open(_) => {
                assert!(!open, "two parts open at once: {events:?}");
                (open, sealed) = (true, false);
            }
            Event::Delta(text) => assert!(
                open && !sealed && !text.is_empty(),
                "{text:?} in {events:?}"
            ),
            Event::Seal(_) => {
                assert!(open && !sealed, "a seal out of place: {events:?}");
                sealed = true;
            }
            Event::Close => {
                assert!(open, "nothing to close: {events:?}");
                open = false;
            }
            Event::Part(_) => assert!(!open, "a part inside a part: {events:?}"),
            Event::Stop(_) | Event::Failed(_) => over = true,
            Event::Start { .. } | Event::Usage(_) | Event::Citation(_) => {}
        }
    }
    assert!(!whole || over, "an end that is none: {events:?}");
}

fn answers(dialect: Dialect) {
    let mut folder = dialects::ir::Folder::default();
    for event in said() {
        folder.push(event);
    }
    let answer = folder.finish().unwrap();
    let body = dialect.codec().write_answer(&answer, &Reply::default());
    let original: Value = serde_json::from_slice(&body).unwrap();
    fuzz(&format!("answers of {}", dialect.as_str()), |chance| {
        let body = broken(&original, chance);
        if let Ok(answer) = dialect.codec().read_answer(&body, &Origin::default()) {
            let to = Dialect::ALL[chance.below(5)];
            let written = to.codec().write_answer(&answer, &Reply::default());
            assert!(
                serde_json::from_slice::<Value>(&written).is_ok(),
                "{}",
                String::from_utf8_lossy(&written)
            );
        }
        let failure = dialect.codec().read_failure(400, &body);
        let (status, _) = dialect.codec().write_failure(&failure, "req-1");
        assert!((400..600).contains(&status), "{status}");
    });
}

macro_rules! targets {
    ($($name:ident: $target:ident($dialect:ident),)*) => {
        $(#[test] fn $name() { $target(Dialect::$dialect); })*
    };
}

targets! {
    anthropic_requests: requests(Anthropic),
    anthropic_streams: streams(Anthropic),
    anthropic_answers: answers(Anthropic),
    openai_chat_requests: requests(OpenaiChat),
    openai_chat_streams: streams(OpenaiChat),
    openai_chat_answers: answers(OpenaiChat),
    openai_responses_requests: requests(OpenaiResponses),
    openai_responses_streams: streams(OpenaiResponses),
    openai_responses_answers: answers(OpenaiResponses),
    gemini_requests: requests(Gemini),
    gemini_streams: streams(Gemini),
    gemini_answers: answers(Gemini),
    ollama_requests: requests(Ollama),
    ollama_streams: streams(Ollama),
    ollama_answers: answers(Ollama),
}
