//! Facts about where faults strike.

use std::io::Read as _;

use super::*;
use crate::anthropic::Anthropic;
use crate::script::{self, Ask};

fn outpour(scenario: &str, stream: bool) -> Outpour {
    let scenario = Scenario::parse(scenario).expect("parses");
    let ask = Ask {
        user_text: "hello".to_owned(),
        tokens: 10,
        ..Ask::default()
    };
    let script = script::write(&scenario, &ask, "practice", "1");
    let reply = if stream {
        Reply::Stream(Anthropic.frames(&script))
    } else {
        Reply::Whole(Anthropic.whole(&script), Some(script.usage))
    };
    let setting = Setting {
        dialect: &Anthropic,
        request_id: "req_1",
        model: "m",
        latency: Duration::ZERO,
        pace: Duration::ZERO,
    };
    match plan(&scenario, reply, &setting) {
        Delivery::Answer(out) => out,
        other => panic!("{other:?}"),
    }
}

fn names(out: &Outpour) -> Vec<String> {
    let first_line = |frame: &Frame| {
        String::from_utf8_lossy(&frame.bytes)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    out.frames
        .iter()
        .map(first_line)
        .map(|line| line.replace("event: ", ""))
        .collect()
}

fn text(out: &Outpour) -> String {
    out.frames
        .iter()
        .map(|frame| String::from_utf8_lossy(&frame.bytes).into_owned())
        .collect()
}

#[test]
fn a_cut_strikes_after_that_many_deltas() {
    for count in 1..=3 {
        let out = outpour(&format!("cut;after={count}"), true);
        assert_eq!(out.frames.iter().filter(|frame| frame.delta).count(), count);
        assert_eq!(out.ending, Ending::Abort(How::Fin));
        assert_eq!(
            names(&out).last().map(String::as_str),
            Some("content_block_delta")
        );
    }
    assert_eq!(
        names(&outpour("cut;after=0", true)),
        ["message_start", "ping", "content_block_start"]
    );
    assert!(outpour("cut;events=0", true).frames.is_empty());
}

#[test]
fn a_cut_inside_a_frame_sends_half_of_the_next_one() {
    let whole = outpour("text", true);
    let out = outpour("cut;after=1;how=midframe", true);
    let sent = text(&out);
    assert!(text(&whole).starts_with(&sent));
    assert!(!sent.ends_with('\n'));
}

#[test]
fn after_all_leaves_out_the_last_event_alone() {
    let out = outpour("truncate;after=all", true);
    assert_eq!(
        names(&out).last().map(String::as_str),
        Some("message_delta")
    );
    assert_eq!(out.ending, Ending::Clean);
}

#[test]
fn a_stall_sends_the_start_and_then_nothing_or_pings() {
    assert_eq!(names(&outpour("stall", true)), ["message_start"]);
    assert_eq!(outpour("stall", true).ending, Ending::Silent(None));
    let Ending::Silent(Some((ping, every))) = outpour("stall;ping=9", true).ending else {
        panic!("no ping")
    };
    assert_eq!(
        (Some(ping), every),
        (Anthropic.ping(), Duration::from_millis(9))
    );
}

#[test]
fn an_error_event_is_the_last_one() {
    let out = outpour("error-event;after=2;type=api_error", true);
    assert_eq!(names(&out).last().map(String::as_str), Some("error"));
    assert!(text(&out).contains("\"api_error\""));
    assert_eq!(names(&outpour("fake200", true)), ["error"]);
    assert_eq!(outpour("fake200", true).status, StatusCode::OK);
}

#[test]
fn the_last_event_can_lack_its_blank_line() {
    let (plain, out) = (
        text(&outpour("text", true)),
        text(&outpour("no-blank", true)),
    );
    assert_eq!(format!("{out}\n"), plain);
}

#[test]
fn a_malformed_event_stands_among_good_ones() {
    let out = outpour("malformed;after=1", true);
    let broken = out
        .frames
        .iter()
        .filter(|frame| frame.bytes == Anthropic.malformed())
        .count();
    assert_eq!(
        (broken, out.frames.len()),
        (1, outpour("text", true).frames.len() + 1)
    );
}

#[test]
fn a_whole_answer_shows_the_nearest_fault() {
    let plain = text(&outpour("text", false));
    let cut = outpour("cut", false);
    assert!(plain.starts_with(&text(&cut)) && cut.ending == Ending::Abort(How::Fin));
    let declared = cut
        .headers
        .iter()
        .find(|(name, _)| *name == header::CONTENT_LENGTH)
        .map(|(_, value)| value.clone());
    assert_eq!(
        declared,
        Some(HeaderValue::from(plain.len())),
        "the length of the whole is promised"
    );
    assert_eq!(text(&outpour("truncate", false)).len(), plain.len() / 2);
    assert_eq!(outpour("error-event", false).status.as_u16(), 529);
    assert_eq!(outpour("fake200", false).status, StatusCode::OK);
    assert!(text(&outpour("fake200", false)).contains("overloaded_error"));
    assert!(text(&outpour("empty", false)).is_empty());
    assert!(text(&outpour("html;status=502", false)).starts_with("<!DOCTYPE html>"));
    assert_eq!(
        outpour("html;status=502", false).status,
        StatusCode::BAD_GATEWAY
    );
}

#[test]
fn gzip_frames_join_to_one_gzip_body() {
    let out = outpour("gzip;deltas=3", true);
    let bytes: Vec<u8> = out
        .frames
        .iter()
        .flat_map(|frame| frame.bytes.to_vec())
        .collect();
    let mut plain = String::new();
    flate2::read::GzDecoder::new(&bytes[..])
        .read_to_string(&mut plain)
        .expect("gzip");
    assert_eq!(plain, text(&outpour("text;deltas=3", true)));
    assert!(out.frames.iter().all(|frame| !frame.bytes.is_empty()));
}

#[test]
fn an_overload_can_hide_in_a_400() {
    let out = outpour("400-overload", true);
    assert_eq!(out.status, StatusCode::BAD_REQUEST);
    assert!(text(&out).contains("invalid_request_error") && text(&out).contains("overloaded"));
    assert!(text(&outpour("404-model", true)).contains("\"model: m\""));
}
