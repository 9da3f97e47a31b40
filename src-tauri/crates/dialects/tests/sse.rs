//! Streams are cut the cruel way: at every byte, with every line ending.

#![allow(clippy::unwrap_used)] // helpers of tests panic as tests do

use bytes::Bytes;
use dialects::sse::{Frame, MAX_EVENT, Splitter};
use proptest::prelude::*;

const STREAM: &str = "event: message_start\ndata: {\"a\":1}\n\n: a comment\n\nevent: ping\r\ndata: {}\r\n\r\n\
                      data:no space\rdata: joined\r\rdata: \u{2028} \u{85} 中文🚆\n\nevent: last\ndata: {}";

fn frames(chunks: &[&[u8]]) -> Vec<Frame> {
    let mut splitter = Splitter::default();
    let mut frames = Vec::new();
    for chunk in chunks {
        splitter.push(chunk).unwrap();
        frames.extend(std::iter::from_fn(|| splitter.next_frame()));
    }
    frames.extend(splitter.finish());
    frames
}

/// What a client makes of a stream: events and data, without frames that say nothing.
fn meaning(frames: &[Frame]) -> Vec<(Option<Vec<u8>>, Option<Bytes>)> {
    let meaning = frames
        .iter()
        .map(|frame| (frame.event().map(<[u8]>::to_vec), frame.data()));
    meaning
        .filter(|(event, data)| event.is_some() || data.is_some())
        .collect()
}

fn text(frames: &[Frame]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|frame| frame.bytes().to_vec())
        .collect()
}

// PITFALLS 6, 8, 10
#[test]
fn reads_every_line_ending_and_optional_space() {
    let expected: Vec<(Option<&[u8]>, &str)> = vec![
        (Some(b"message_start"), "{\"a\":1}"),
        (Some(b"ping"), "{}"),
        (None, "no space\njoined"),
        (None, "\u{2028} \u{85} 中文🚆"),
        (Some(b"last"), "{}"),
    ];
    let read = meaning(&frames(&[STREAM.as_bytes()]));
    let read: Vec<_> = read
        .iter()
        .map(|(event, data)| (event.as_deref(), data.as_deref().unwrap()))
        .collect();
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(event, data)| (event, data.as_bytes()))
        .collect();
    assert_eq!(read, expected);
}

#[test]
fn cuts_at_any_two_bytes_change_neither_meaning_nor_bytes() {
    let bytes = STREAM.as_bytes();
    let whole = meaning(&frames(&[bytes]));
    for first in 0..=bytes.len() {
        for second in first..=bytes.len() {
            let cut = frames(&[&bytes[..first], &bytes[first..second], &bytes[second..]]);
            assert_eq!(meaning(&cut), whole, "cut at {first} and {second}");
            assert_eq!(text(&cut), bytes, "cut at {first} and {second}");
        }
    }
}

#[test]
fn one_byte_at_a_time_gives_the_same_events() {
    let chunks: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
    assert_eq!(
        meaning(&frames(&chunks)),
        meaning(&frames(&[STREAM.as_bytes()]))
    );
}

#[test]
fn a_blank_line_of_two_crs_ends_an_event_at_once() {
    let mut splitter = Splitter::default();
    splitter.push(b"data: x\r\r").unwrap();
    assert_eq!(splitter.next_frame().unwrap().data().unwrap(), "x");
}

// PITFALLS 9
#[test]
fn half_an_event_is_held_back() {
    let mut splitter = Splitter::default();
    splitter.push(b"data: {\"half\":").unwrap();
    assert_eq!(splitter.next_frame(), None);
    assert_eq!(splitter.finish().unwrap().bytes(), "data: {\"half\":");
    assert_eq!(splitter.finish(), None);
}

// PITFALLS 25
#[test]
fn an_event_without_end_is_refused() {
    let mut splitter = Splitter::default();
    splitter.push(&vec![b'x'; MAX_EVENT]).unwrap();
    assert_eq!(splitter.next_frame(), None);
    assert_eq!(
        splitter.push(b"x").unwrap_err().to_string(),
        "an event of the stream is larger than 64 MiB"
    );
}

proptest! {
    #[test]
    fn no_byte_is_lost_or_made(pieces in prop::collection::vec("[a:\r\n ]{0,12}", 0..12)) {
        let chunks: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
        let whole = pieces.concat();
        prop_assert_eq!(text(&frames(&chunks)), whole.as_bytes());
        prop_assert_eq!(meaning(&frames(&chunks)), meaning(&frames(&[whole.as_bytes()])));
    }
}
