//! Whatever a provider does to its stream, events come in one grammar.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests panic as tests do

use dialects::Usage;
use dialects::ir::{Answer, CallKey, Event, Folder, Part, Sequencer, Stop};

/// Events as short words, deltas in quotes.
fn told(events: &[Event]) -> String {
    let word = |event: &Event| match event {
        Event::Start { .. } => "start".to_owned(),
        Event::Usage(usage) => format!("usage:{}", usage.output),
        Event::Open(dialects::ir::Opening::Call { id, name, .. }) => format!("call:{id}:{name}"),
        Event::Open(opening) => format!("{opening:?}").to_lowercase(),
        Event::Delta(text) => format!("{text:?}"),
        Event::Seal(seal) => format!("seal:{}", seal.data),
        Event::Citation(_) => "citation".to_owned(),
        Event::Close => "close".to_owned(),
        Event::Part(_) => "part".to_owned(),
        Event::Stop(stop) => format!("stop:{stop:?}"),
        Event::Failed(_) => "failed".to_owned(),
    };
    events.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn key(index: u64) -> CallKey {
    CallKey::Index(index)
}

#[test]
fn interleaved_calls_are_told_one_after_the_other() {
    // PITFALLS 28, 29, 58
    let (mut sequencer, mut out) = (Sequencer::default(), Vec::new());
    sequencer.start(Some("r1"), Some("m"), &mut out);
    sequencer
        .call(&key(0), Some("a"), Some("first"), "", &mut out)
        .unwrap();
    sequencer
        .call(&key(1), Some("b"), Some("second"), r#"{"y""#, &mut out)
        .unwrap();
    sequencer
        .call(&key(0), None, None, r#"{"x":"#, &mut out)
        .unwrap();
    sequencer
        .call(&key(1), Some(""), Some(""), ":2}", &mut out)
        .unwrap();
    sequencer.call(&key(0), None, None, "1}", &mut out).unwrap();
    sequencer.stop(Stop::End);
    sequencer.finish(&mut out).unwrap();
    assert_eq!(
        told(&out),
        r#"start call:a:first "{\"x\":" "1}" close call:b:second "{\"y\":2}" close stop:ToolUse"#
    );
}

#[test]
fn a_call_opens_when_its_name_is_known_and_an_id_is_made_where_none_comes() {
    // PITFALLS 33
    let (mut sequencer, mut out) = (Sequencer::default(), Vec::new());
    sequencer.start(Some("r1"), None, &mut out);
    sequencer
        .call(&key(0), Some("a"), None, "", &mut out)
        .unwrap();
    assert_eq!(told(&out), "start");
    sequencer
        .call(&key(0), None, Some("first"), "", &mut out)
        .unwrap();
    assert_eq!(told(&out), "start call:a:first");
    sequencer
        .call(&key(1), None, Some("second"), "{}", &mut out)
        .unwrap();
    sequencer.stop(Stop::ToolUse);
    sequencer.finish(&mut out).unwrap();
    let told = told(&out);
    assert!(
        told.contains("call:call_") && told.ends_with(r#":second "{}" close stop:ToolUse"#),
        "{told}"
    );
}

#[test]
fn kinds_of_content_never_share_a_part() {
    // PITFALLS 31, 32, 43, 45
    let (mut sequencer, mut out) = (Sequencer::default(), Vec::new());
    sequencer.start(None, None, &mut out);
    sequencer.thinking("hm", &mut out);
    sequencer.thinking("", &mut out);
    sequencer.seal(
        dialects::ir::Seal::presented(dialects::Dialect::Anthropic, "sig"),
        &mut out,
    );
    sequencer.text("a", &mut out);
    sequencer.thinking("more", &mut out);
    sequencer.text("b", &mut out);
    sequencer.usage(
        Usage {
            output: 7,
            ..Usage::default()
        },
        false,
        &mut out,
    );
    sequencer.stop(Stop::MaxTokens);
    sequencer.stop(Stop::End);
    sequencer.finish(&mut out).unwrap();
    assert_eq!(
        told(&out),
        r#"start thinking "hm" seal:sig close text "a" close thinking "more" close text "b" close usage:7 stop:MaxTokens"#
    );
}

#[test]
fn arguments_that_are_no_json_are_noticed_before_they_are_told() {
    // PITFALLS 134, 136
    for bad in [r#"{"a":1} and so on"#, r#"{"a":1}{"a":2}"#, "// no", "12 3"] {
        let (mut sequencer, mut out) = (Sequencer::default(), Vec::new());
        let error = sequencer
            .call(&key(0), Some("a"), Some("tool"), bad, &mut out)
            .unwrap_err();
        assert!(error.0.contains("no JSON"), "{bad}: {error}");
        assert!(!told(&out).contains('"'), "{bad}: {}", told(&out));
    }
}

#[test]
fn an_end_that_was_not_told_is_no_end() {
    // PITFALLS 51
    let (mut sequencer, mut out) = (Sequencer::default(), Vec::new());
    sequencer.text("half", &mut out);
    assert!(sequencer.finish(&mut out).is_err());
    assert!(!told(&out).contains("stop"), "{}", told(&out));
}

#[test]
fn what_follows_an_endless_call_is_not_held_forever() {
    // PITFALLS 24
    let (mut sequencer, mut out) = (Sequencer::default(), Vec::new());
    sequencer.start(None, None, &mut out);
    sequencer
        .call(&key(0), Some("a"), Some("tool"), r#"{"a":"#, &mut out)
        .unwrap();
    let piece = "x".repeat(8 << 20);
    for _ in 0..10 {
        sequencer.text(&piece, &mut out);
    }
    sequencer.call(&key(0), None, None, "1}", &mut out).unwrap();
    sequencer.stop(Stop::End);
    sequencer.finish(&mut out).unwrap();
    let failures = out.iter().filter(|event| matches!(event, Event::Failed(_)));
    assert_eq!(failures.count(), 1);
    assert!(matches!(out.last(), Some(Event::Failed(_))));
    let told: usize = out
        .iter()
        .map(|event| match event {
            Event::Delta(text) => text.len(),
            _ => 0,
        })
        .sum();
    assert!(told < piece.len(), "{told}");
}

#[test]
fn a_cut_call_stays_cut() {
    // PITFALLS 50
    let (mut sequencer, mut out) = (Sequencer::default(), Vec::new());
    sequencer
        .call(&key(0), Some("a"), Some("tool"), r#"{"a":"#, &mut out)
        .unwrap();
    sequencer.stop(Stop::MaxTokens);
    sequencer.finish(&mut out).unwrap();
    assert!(told(&out).ends_with("stop:MaxTokens"), "{}", told(&out));
}

#[test]
fn folding_gives_the_answer_back() {
    let (mut sequencer, mut out) = (Sequencer::default(), Vec::new());
    sequencer.start(Some("id"), Some("m"), &mut out);
    sequencer.thinking("hm", &mut out);
    sequencer.text("a", &mut out);
    sequencer.close(&mut out);
    sequencer.text("b", &mut out);
    sequencer
        .call(&key(0), Some("c"), Some("tool"), "", &mut out)
        .unwrap();
    sequencer.stop(Stop::End);
    sequencer.finish(&mut out).unwrap();
    let fold = |events: Vec<Event>| {
        let mut folder = Folder::default();
        for event in events {
            folder.push(event);
        }
        assert!(folder.is_whole());
        folder.finish().unwrap()
    };
    let answer: Answer = fold(out);
    assert_eq!(answer.parts.len(), 4, "{answer:?}");
    assert!(matches!(&answer.parts[3], Part::Call(call) if call.arguments.text() == "{}"));
    assert_eq!(fold(dialects::ir::unfold(answer.clone())), answer);
}
