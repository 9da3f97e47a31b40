//! Requests are read in place and come out byte for byte.

#![allow(clippy::unwrap_used)] // helpers of tests panic as tests do

use bytes::Bytes;
use dialects::{
    Scanned,
    scan::{ScanError, refit},
};
use proptest::prelude::*;

fn read(body: &str) -> Scanned {
    Scanned::read(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

#[track_caller]
fn renamed(body: &str, model: &str, expected: &str) {
    let pieces = read(body).with_model(model);
    assert_eq!(String::from_utf8(pieces.concat()).unwrap(), expected);
}

#[test]
fn reads_model_and_stream_wherever_they_stand() {
    let request = read(
        r#"{"messages":[{"role":"user","content":"\"model\":\"not this\""}],"stream" : true , "model":"claude"}"#,
    );
    assert_eq!((request.model(), request.stream()), ("claude", true));
}

#[test]
fn nested_models_and_streams_are_not_the_requests_own() {
    let request = read(r#"{"metadata":{"model":"inner","stream":true},"tools":[{"model":"x"}]}"#);
    assert_eq!((request.model(), request.stream()), ("", false));
}

#[test]
fn a_key_written_with_escapes_is_still_that_key() {
    assert_eq!(read(r#"{"mod\u0065l":"claude"}"#).model(), "claude");
}

#[test]
fn only_the_models_bytes_change() {
    renamed(
        "{ \"x\" : 1.0,\t\"model\" :\"a\\u0041\" , \"n\":1e5, \"e\":\"\\/\\u00e9\",\"unknown\":{\"b\":1,\"a\":2} }\n",
        "glm-4.6",
        "{ \"x\" : 1.0,\t\"model\" :\"glm-4.6\" , \"n\":1e5, \"e\":\"\\/\\u00e9\",\"unknown\":{\"b\":1,\"a\":2} }\n",
    );
}

#[test]
fn a_model_named_twice_is_renamed_twice() {
    assert_eq!(read(r#"{"model":"a","model":"b"}"#).model(), "b");
    renamed(
        r#"{"model":"a","model":"b"}"#,
        "c",
        r#"{"model":"c","model":"c"}"#,
    );
}

#[test]
fn a_new_name_is_escaped() {
    renamed(
        r#"{"model":"a"}"#,
        "say \"hi\"\\",
        r#"{"model":"say \"hi\"\\"}"#,
    );
}

#[test]
fn the_same_name_leaves_one_uncopied_piece() {
    let body = Bytes::from_static(br#"{"model":"a"}"#);
    let pieces = Scanned::read(body.clone()).unwrap().with_model("a");
    assert_eq!(pieces.len(), 1);
    assert_eq!(pieces[0].as_ptr(), body.as_ptr());
}

#[test]
fn reads_the_session_claude_code_packs_into_the_user_id() {
    let request = read(
        r#"{"model":"a","metadata":{"user_id":"{\"device_id\":\"d\",\"session_id\":\"s-1\"}"}}"#,
    );
    assert_eq!(request.session().as_deref(), Some("s-1"));
    assert_eq!(read(r#"{"metadata":{"user_id":"plain"}}"#).session(), None);
}

#[test]
fn max_tokens_zero_wants_no_output() {
    assert!(read(r#"{"max_tokens": 0}"#).wants_no_output());
    assert!(!read(r#"{"max_tokens": 10}"#).wants_no_output());
}

#[test]
fn what_is_no_object_is_told_apart_from_what_is_broken() {
    let error =
        |body: &'static str| Scanned::read(Bytes::from_static(body.as_bytes())).unwrap_err();
    assert_eq!(error("[1]"), ScanError::NotAnObject);
    assert_eq!(error(""), ScanError::NotAnObject);
    assert_eq!(error(r#"{"model":"a""#), ScanError::Malformed(12));
    assert_eq!(error(r#"{"model" "a"}"#), ScanError::Malformed(9));
    assert_eq!(
        error(r#"{"a":[1,2}"#).to_string(),
        "the request body is not valid JSON near byte 10"
    );
    assert_eq!(error(r#"{"a":1} tail"#), ScanError::Malformed(8));
    assert_eq!(error("{\"model\":\"a\\"), ScanError::Malformed(12));
}

proptest! {
    /// Against serde_json as the judge: whatever object it prints is read as it reads it.
    #[test]
    fn agrees_with_a_full_parser(model in ".*", stream: bool, filler in ".*", number: f64, front: bool) {
        let mut object = serde_json::Map::new();
        if front { object.insert("model".into(), model.clone().into()); }
        object.insert(filler.clone(), serde_json::json!({ "model": filler, "deep": [[filler, number], {}] }));
        object.insert("stream".into(), stream.into());
        object.insert("model".into(), model.clone().into());
        let body = serde_json::to_string(&object).unwrap();
        let request = read(&body);
        prop_assert_eq!(request.model(), &model);
        prop_assert_eq!(request.stream(), stream);
        let renamed: serde_json::Value = serde_json::from_slice(&request.with_model("other").concat()).unwrap();
        prop_assert_eq!(&renamed["model"], "other");
    }

    #[test]
    fn rubbish_never_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Scanned::read(Bytes::from(body));
    }

    #[test]
    fn broken_json_never_panics(body in r#"\{("model"|"stream"|[\[\]{}:,"\\ 0-9a-z]){0,40}"#) {
        let _ = Scanned::read(Bytes::from(body.into_bytes()));
    }
}

#[test]
fn a_field_is_left_out_and_others_are_added_without_touching_the_rest() {
    let defaults = [("v".to_owned(), "1".to_owned())].into();
    for (body, expected) in [
        (
            r#"{"model":"a","x": 1.0 , "y":[2]}"#,
            r#"{"v":"1","x": 1.0 , "y":[2]}"#,
        ),
        (
            r#"{ "x":1,  "y":2, "model":"a" }"#,
            r#"{"v":"1","x":1,  "y":2}"#,
        ),
        (
            r#"{"x":1,"mod\u0065l":"a","y":{"model":1},"model":"b"}"#,
            r#"{"v":"1","x":1,"y":{"model":1}}"#,
        ),
        (r#"{"v":7,"model":"a"}"#, r#"{"v":7}"#),
        (r#"{"model":"a"}"#, r#"{"v":"1"}"#),
        ("{ }", r#"{"v":"1"}"#),
    ] {
        let pieces = refit(&Bytes::from(body), Some("model"), &defaults).unwrap();
        assert_eq!(
            String::from_utf8(pieces.concat()).unwrap(),
            expected,
            "{body}"
        );
    }
    let refused = refit(&Bytes::from_static(b"[1]"), None, &defaults);
    assert_eq!(refused, Err(ScanError::NotAnObject));
}
