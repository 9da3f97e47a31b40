//! Facts about how an answer is joined.

use super::Splicer;
use crate::{
    Usage,
    ir::{CallKind, Event, Opening, Stop},
};

/// What the client is told of a continuation that says these pieces as one text.
fn joined(said: &str, pieces: &[&str]) -> Vec<Event> {
    let mut events = vec![
        Event::Start {
            id: Some("new".to_owned()),
            model: None,
        },
        Event::Open(Opening::Text),
    ];
    events.extend(pieces.iter().map(|piece| Event::Delta((*piece).to_owned())));
    events.extend([Event::Close, Event::Stop(Stop::End)]);
    splice(Splicer::new(said, true, Usage::default()), events)
}

fn splice(mut splicer: Splicer, events: Vec<Event>) -> Vec<Event> {
    let mut out = Vec::new();
    for event in events {
        splicer.push(event, &mut out);
    }
    out
}

fn text(events: &[Event]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        Event::Delta(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

#[test]
fn a_continuation_goes_on_where_the_answer_broke_off() {
    let table: &[(&str, &[&str], &str)] = &[
        ("The quick", &[" brown", " fox"], " brown fox"),
        // Repeated whole, in pieces, and with the rest in the same piece.
        ("The quick", &["The quick", " brown"], " brown"),
        ("The quick", &["Th", "e qu", "ick br", "own"], " brown"),
        ("The quick", &["The quick brown"], " brown"),
        // What only begins alike is new.
        ("The quick", &["The ", "cat"], "The cat"),
        ("The quick", &["The qu"], "The qu"),
        // White space that the model was not given is told once.
        ("The quick ", &[" brown"], "brown"),
        ("The quick ", &["brown"], "brown"),
        ("The end.\n\n", &["\n", "\nNew"], "New"),
        ("The end.\n\n", &["\nNew"], "New"),
        ("The end.\n", &[" New"], " New"),
        ("The quick ", &["The quick brown"], "brown"),
        // Too short to tell a repetition from going on.
        ("-", &["--"], "--"),
        ("ha", &["ha", "ha"], "haha"),
        // Nothing is left to say.
        ("The quick", &[], ""),
        ("The quick", &["The quick"], ""),
        // Characters of several bytes.
        ("Grüße, 世界", &["Grü", "ße, 世界", "!"], "!"),
        ("Grüße, 世界", &["Grün"], "Grün"),
    ];
    for (said, pieces, expected) in table {
        let events = joined(said, pieces);
        assert_eq!(text(&events), *expected, "{said:?} {pieces:?}");
        let is_seam = |event: &&Event| matches!(event, Event::Start { .. } | Event::Open(_));
        assert_eq!(events.iter().find(is_seam), None, "{said:?} {pieces:?}");
        let closes = events.iter().filter(|event| **event == Event::Close);
        assert_eq!(closes.count(), 1, "{said:?} {pieces:?}: {events:?}");
        assert_eq!(events.last(), Some(&Event::Stop(Stop::End)));
    }
}

#[test]
fn a_part_that_was_over_is_followed_by_a_new_one() {
    let events = vec![
        Event::Open(Opening::Text),
        Event::Delta("more".to_owned()),
        Event::Close,
    ];
    let told = splice(
        Splicer::new("said before", false, Usage::default()),
        events.clone(),
    );
    assert_eq!(told, events);
}

#[test]
fn a_call_closes_the_open_text_and_thinking_is_left_out() {
    let call = Event::Open(Opening::Call {
        id: "call_1".to_owned(),
        name: "look".to_owned(),
        kind: CallKind::Function,
    });
    let rest = [Event::Delta("{}".to_owned()), Event::Close];
    let mut events = vec![
        Event::Open(Opening::Thinking),
        Event::Delta("hm".to_owned()),
        Event::Close,
        call.clone(),
    ];
    events.extend(rest.clone());
    let told = splice(Splicer::new("Let me look.", true, Usage::default()), events);
    let [argument, close] = rest;
    assert_eq!(told, [Event::Close, call, argument, close]);
}

#[test]
fn tokens_of_both_are_told_with_the_prompt_of_the_first() {
    let before = Usage {
        input: 7,
        cache_read: 100,
        output: 5,
        ..Usage::default()
    };
    let told = Usage {
        input: 130,
        output: 11,
        ..Usage::default()
    };
    let usage = |before: Usage, events: Vec<Event>| {
        let events = splice(Splicer::new("said", true, before), events);
        events.into_iter().rev().find_map(|event| match event {
            Event::Usage(usage) => Some(usage),
            _ => None,
        })
    };
    let whole = usage(before, vec![Event::Usage(told)]).unwrap();
    assert_eq!((whole.input, whole.cache_read, whole.output), (7, 100, 16));
    // Where the first told nothing of its prompt, the second one's counts.
    let silent = Usage {
        output: 5,
        ..Usage::default()
    };
    let whole = usage(silent, vec![Event::Usage(told)]).unwrap();
    assert_eq!((whole.input, whole.output), (130, 16));
    // Where the second tells nothing, its words are counted.
    let events = vec![
        Event::Open(Opening::Text),
        Event::Delta("12345678".to_owned()),
        Event::Stop(Stop::End),
    ];
    let whole = usage(before, events).unwrap();
    assert_eq!((whole.input, whole.output, whole.estimated), (7, 7, true));
}
