//! What an attempt is booked with where its provider tells only a part of its tokens, or none.
// PITFALLS 131

use dialects::Usage;
use gateway::Report;
use routing::Dialect;
use tokio::io::AsyncReadExt;

use crate::{
    convert::settings,
    support::{
        ASK, ASK_WHOLE, OPENING, Part, Raw, Running, STREAM_HEAD, TOKEN, delta, json, run,
        run_with, stream, within,
    },
};

/// What is said in each of the cases: a thousand tokens of text.
const SAID: usize = 4000;

async fn booked(mut running: Running) -> Usage {
    let reports = running.reports().await;
    let told = reports.into_iter().find_map(|report| match report {
        Report::AttemptEnded(ended) => ended.usage,
        _ => None,
    });
    told.unwrap()
}

fn brief(usage: Usage) -> (u64, u64, bool) {
    (usage.input, usage.output, usage.estimated)
}

/// Asks, reads until `until` came by, and leaves.
async fn leave_after(running: &Running, upstream: &Raw, until: &str) {
    let token = format!("x-api-key: {TOKEN}\r\n");
    let mut client = running
        .open("POST", "/v1/messages", &token, ASK.as_bytes())
        .await;
    let mut got = Vec::new();
    while !String::from_utf8_lossy(&got).contains(until) {
        assert_ne!(within(client.read_buf(&mut got)).await.unwrap(), 0);
    }
    drop(client);
    upstream.until_left().await;
}

#[tokio::test]
async fn a_stream_that_its_client_leaves_is_booked_by_what_it_said() {
    let thinking = format!(
        r#"{{"type":"content_block_delta","delta":{{"type":"thinking_delta","thinking":"{}"}}}}"#,
        "t".repeat(1000)
    );
    // Each escape is one byte of the arguments.
    let arguments = format!(
        r#"{{"type":"content_block_delta","delta":{{"type":"input_json_delta","partial_json":"{}"}}}}"#,
        r#"\""#.repeat(1000)
    );
    let script = format!(
        "{STREAM_HEAD}{OPENING}event: content_block_delta\ndata: {thinking}\n\ndata: {arguments}\n\n{}{}",
        delta(&"x".repeat(SAID - 2005)),
        delta("leave"),
    );
    let upstream = Raw::start(vec![vec![Part::Bytes(script.into()), Part::Silence]]).await;
    let running = run_with(&[&upstream]).await;
    leave_after(&running, &upstream, "leave").await;
    assert_eq!(brief(booked(running).await), (7, 1000, true));
}

#[tokio::test]
async fn a_stream_that_said_less_than_was_told_is_booked_as_told() {
    let script = format!("{STREAM_HEAD}{OPENING}{}", delta("x"));
    let upstream = Raw::start(vec![vec![Part::Bytes(script.into()), Part::Silence]]).await;
    let running = run_with(&[&upstream]).await;
    leave_after(&running, &upstream, "text_delta").await;
    assert_eq!(brief(booked(running).await), (7, 1, false));
}

#[tokio::test]
async fn a_stream_that_ends_well_is_booked_as_told() {
    let upstream = Raw::answering(stream(&"x".repeat(SAID))).await;
    let running = run_with(&[&upstream]).await;
    running.post("/v1/messages", "", ASK.as_bytes()).await;
    assert_eq!(brief(booked(running).await), (7, 9, false));
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_booked_by_what_it_said() {
    let text = "x".repeat(SAID);
    let chat = format!(
        "{STREAM_HEAD}data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"
    );
    let gemini = format!(
        "{STREAM_HEAD}data: {{\"candidates\":[{{\"content\":{{\"role\":\"model\",\"parts\":[{{\"text\":\"{text}\"}}]}}}}],\
         \"usageMetadata\":{{\"promptTokenCount\":7,\"candidatesTokenCount\":3}}}}\n\n"
    );
    let contents = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
    let messages = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let own = "/v1beta/models/m:streamGenerateContent?alt=sse";
    let cases = [
        (Dialect::OpenaiChat, &chat, "/v1/chat/completions", messages),
        (Dialect::Gemini, &gemini, own, contents),
        (Dialect::Gemini, &gemini, "/v1/chat/completions", messages),
    ];
    for (dialect, script, path, ask) in cases {
        let upstream = Raw::answering(script.as_bytes()).await;
        let running = run(settings(dialect, &[&upstream])).await;
        running.post(path, "", ask.as_bytes()).await;
        let usage = booked(running).await;
        assert_eq!((usage.output, usage.estimated), (1000, true), "{path}");
        assert!(usage.input > 0, "{path}: {usage:?}");
    }
}

#[tokio::test]
async fn a_whole_answer_that_tells_no_tokens_is_estimated() {
    let text = "x".repeat(SAID);
    let answer = format!(
        r#"{{"type":"message","role":"assistant","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn"}}"#
    );
    let upstream = Raw::answering(json(200, "", &answer)).await;
    let running = run_with(&[&upstream]).await;
    running.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    let usage = booked(running).await;
    assert_eq!((usage.output, usage.estimated), (1000, true));
    assert!(usage.input > 0, "{usage:?}");
}

#[tokio::test]
async fn embeddings_that_tell_no_tokens_are_estimated() {
    let ask = r#"{"model":"e","input":["text"]}"#;
    let chat = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}]}"#;
    let gemini = r#"{"embeddings":[{"values":[0.5]}]}"#;
    for (dialect, answer) in [(Dialect::OpenaiChat, chat), (Dialect::Gemini, gemini)] {
        let upstream = Raw::answering(json(200, "", answer)).await;
        let running = run(settings(dialect, &[&upstream])).await;
        let got = running.post("/v1/embeddings", "", ask.as_bytes()).await;
        assert_eq!(got.status, 200, "{}", got.text());
        let usage = booked(running).await;
        assert!(usage.estimated && usage.input > 0, "{usage:?}");
    }
}
