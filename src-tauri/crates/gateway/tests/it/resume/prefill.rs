//! Another provider goes on with the text.

use super::*;

#[tokio::test]
async fn another_provider_goes_on_without_a_seam_whoever_speaks_what() {
    // Each dialect meets each other one in each pair of places, and itself in all of them.
    let count = Dialect::ALL.len();
    for client in 0..count {
        for first in 0..count {
            goes_on(client, first, (client + first) % count).await;
        }
        goes_on(client, client, client).await;
    }
}

async fn goes_on(client: usize, first: usize, second: usize) {
    let [client, first, second] = [client, first, second].map(|at| Dialect::ALL[at]);
    let case = format!("{client:?} client, {first:?}, then {second:?}");
    let broken = Raw::answering(cut(first, &["The quick", " brown "])).await;
    let good = Raw::answering(whole(second, &[" fox", " jumps."])).await;
    let providers = [(&broken, first), (&good, second)];
    let mut running = run(settings(Continuation::Prefill, &providers, &[1])).await;
    let got = call(&running, client, "").await;
    assert_eq!(got.status, 200, "{case}: {}", got.text());
    let answer =
        read(client, &got).unwrap_or_else(|error| panic!("{case}: {error}: {}", got.text()));
    assert_eq!(text(&answer), "The quick brown fox jumps.", "{case}");
    assert_eq!(answer.stop, Stop::End, "{case}");
    assert_no_seam(client, &got, &case);
    let asked: Value = serde_json::from_slice(&good.seen()[0].body).unwrap();
    assert!(
        asked.to_string().contains("\"The quick brown\""),
        "{case}: {asked}"
    );

    let reports = running.reports().await;
    assert_eq!(verdicts(&reports), [CUT, OK], "{case}");
    assert_eq!(ended(&reports).status, EndStatus::Completed, "{case}");
    let tried = attempts(&reports);
    let mark = tried[1].losses.last().map(String::as_str);
    assert_eq!(mark, Some("continued"), "{case}");
    assert!(
        tried[0].usage.is_some(),
        "{case}: the tokens of the cut attempt are not counted"
    );
    // The ledger has each attempt's tokens, the client those of both.
    let own = tried[1].usage.unwrap();
    assert_eq!((own.input, own.output), (20, 3), "{case}");
    let told = answer.usage.unwrap();
    assert_eq!(told.output, 4 + 3, "{case}: {}", got.text());
}

#[tokio::test]
async fn what_the_second_provider_repeats_is_left_out() {
    let table: &[&[&str]] = &[
        &["The quick brown fox jumps."],
        &["The qu", "ick bro", "wn fox", " jumps."],
        &["fox jumps."],
        &[" fox jumps."],
    ];
    for pieces in table {
        for client in [Anthropic, OpenaiChat] {
            let broken = Raw::answering(cut(client, &["The quick brown "])).await;
            let good = Raw::answering(whole(Anthropic, pieces)).await;
            let providers = [(&broken, client), (&good, Anthropic)];
            let running = run(settings(Continuation::Prefill, &providers, &[1])).await;
            let got = call(&running, client, "").await;
            let answer = read(client, &got).unwrap();
            assert_eq!(
                text(&answer),
                "The quick brown fox jumps.",
                "{client:?} {pieces:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_that_has_nothing_left_to_say_is_whole() {
    for client in [Anthropic, OpenaiChat] {
        let silent = [start("s"), tokens(9, 1), Event::Stop(Stop::End)];
        let broken = Raw::answering(cut(client, &["All is said."])).await;
        let good = Raw::answering(streamed(Anthropic, &silent)).await;
        let providers = [(&broken, client), (&good, Anthropic)];
        let mut running = run(settings(Continuation::Prefill, &providers, &[1])).await;
        let got = call(&running, client, "").await;
        assert_eq!(text(&read(client, &got).unwrap()), "All is said.");
        assert_eq!(ended(&running.reports().await).status, EndStatus::Completed);
    }
}

#[tokio::test]
async fn the_rest_may_come_whole_although_a_stream_was_asked_for() {
    let answer = json!({"id": "msg_2", "type": "message", "role": "assistant", "model": "m", "stop_reason": "max_tokens",
        "content": [{"type": "text", "text": " fox"}], "usage": {"input_tokens": 20, "output_tokens": 3}});
    for client in [Anthropic, OpenaiChat] {
        let broken = Raw::answering(cut(client, &["The quick brown"])).await;
        let good = Raw::answering(body_of(200, "", &answer.to_string())).await;
        let providers = [(&broken, client), (&good, Anthropic)];
        let mut running = run(settings(Continuation::Prefill, &providers, &[1])).await;
        let got = call(&running, client, "").await;
        let answer = read(client, &got).unwrap();
        assert_eq!(text(&answer), "The quick brown fox");
        assert_eq!(answer.stop, Stop::MaxTokens);
        assert_no_seam(client, &got, "whole");
        let reports = running.reports().await;
        assert_eq!(attempts(&reports)[1].losses, ["continued"]);
    }
}

#[tokio::test]
async fn an_answer_may_break_off_more_than_once() {
    for client in [Anthropic, OpenaiChat, OpenaiResponses] {
        let first = Raw::answering(cut(client, &["One, "])).await;
        let second = Raw::answering(cut(Anthropic, &["two, ", "three"])).await;
        let third = Raw::answering(whole(OpenaiChat, &[", four."])).await;
        let providers = [(&first, client), (&second, Anthropic), (&third, OpenaiChat)];
        let mut running = run(settings(Continuation::Prefill, &providers, &[1, 2])).await;
        let got = call(&running, client, "").await;
        let answer = read(client, &got).unwrap_or_else(|error| panic!("{error}: {}", got.text()));
        assert_eq!(text(&answer), "One, two, three, four.", "{client:?}");
        assert_no_seam(client, &got, "twice");
        let reports = running.reports().await;
        assert_eq!(verdicts(&reports), [CUT, CUT, OK]);
    }
}

// PITFALLS 51
#[tokio::test]
async fn candidates_that_fail_before_anything_new_are_followed_by_others() {
    let overloaded = body_of(
        529,
        "",
        r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#,
    );
    let refused = body_of(
        400,
        "",
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"no prefill"}}"#,
    );
    let page = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>".to_vec();
    let repeats = cut(Anthropic, &["The quick"]);
    for failing in [overloaded, refused, page, repeats] {
        for client in [Anthropic, OpenaiChat] {
            let first = Raw::answering(cut(client, &["The quick"])).await;
            let second = Raw::answering(failing.clone()).await;
            let third = Raw::answering(whole(Anthropic, &[" brown fox"])).await;
            let providers = [(&first, client), (&second, Anthropic), (&third, Anthropic)];
            let mut running = run(settings(Continuation::Prefill, &providers, &[1, 2])).await;
            let got = call(&running, client, "").await;
            let answer =
                read(client, &got).unwrap_or_else(|error| panic!("{error}: {}", got.text()));
            assert_eq!(text(&answer), "The quick brown fox");
            assert_no_seam(client, &got, "the third");
            let reports = running.reports().await;
            assert_eq!(
                (attempts(&reports).len(), ended(&reports).status),
                (3, EndStatus::Completed)
            );

            // Where nobody is left, the client hears of the cut as it would have at once.
            let first = Raw::answering(cut(client, &["The quick"])).await;
            let second = Raw::answering(failing.clone()).await;
            let providers = [(&first, client), (&second, Anthropic)];
            let mut running = run(settings(Continuation::Prefill, &providers, &[1])).await;
            let got = call(&running, client, "").await;
            let error = read(client, &got).unwrap_err();
            assert!(
                error.contains("p0 broke off in the middle"),
                "{error}: {}",
                got.text()
            );
            let reports = running.reports().await;
            let end = ended(&reports);
            assert_eq!(
                (end.status, end.reason, end.http_status),
                (EndStatus::Failed, Some(Reason::StreamCut), Some(200))
            );
        }
    }
}

#[tokio::test]
async fn thinking_and_calls_are_never_gone_on_with() {
    for (what, events) in not_text() {
        for client in Dialect::ALL {
            for first in [Anthropic, OpenaiChat] {
                let said = [&[start("first-1")], &events[..]].concat();
                let bytes = streamed(first, &said);
                let broken = Raw::answering(bytes).await;
                let good = Raw::answering(whole(Anthropic, &["other"])).await;
                let providers = [(&broken, first), (&good, Anthropic)];
                let mut running = run(settings(Continuation::Prefill, &providers, &[1])).await;
                let got = call(&running, client, "").await;
                let reports = running.reports().await;
                let case = format!("{what}, {client:?} client of {first:?}");
                if got.header("x-turnout-provider") == Some("p1") {
                    // Nothing of it was told: it never passed the gate.
                    assert!(
                        !got.text().contains("hm") && !got.text().contains("see"),
                        "{case}"
                    );
                    continue;
                }
                assert_eq!(good.seen().len(), 0, "{case}");
                assert!(read(client, &got).is_err(), "{case}: {}", got.text());
                assert_eq!(verdicts(&reports), [CUT], "{case}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_goes_on_who_is_not_known_to_and_nothing_happens_unless_it_is_wanted() {
    let table = [
        (Continuation::Off, &[1][..], vec![CUT]),
        (Continuation::Restart, &[1], vec![CUT]),
        (Continuation::Prefill, &[], vec![CUT]),
    ];
    for (continuation, continues, expected) in table {
        for client in [Anthropic, OpenaiChat] {
            let broken = Raw::answering(cut(client, &["The quick"])).await;
            let good = Raw::answering(whole(Anthropic, &[" brown"])).await;
            let providers = [(&broken, client), (&good, Anthropic)];
            let mut running = run(settings(continuation, &providers, continues)).await;
            let got = call(&running, client, "").await;
            let error = read(client, &got).unwrap_err();
            assert!(error.contains("p0 broke off"), "{error}");
            assert_eq!(got.text().matches("broke off").count(), 1);
            assert_eq!(good.seen().len(), 0);
            let reports = running.reports().await;
            assert_eq!(verdicts(&reports), expected, "{continuation:?}");
            assert_eq!(ended(&reports).status, EndStatus::Failed);
        }
    }
}

// PITFALLS 26
#[tokio::test]
async fn a_client_that_leaves_in_the_middle_cancels_who_goes_on() {
    for (headers, continuation) in [
        ("", Continuation::Prefill),
        (CLAUDE_CODE, Continuation::Restart),
    ] {
        let broken = Raw::answering(cut(Anthropic, &["The quick"])).await;
        let begun = streamed(
            Anthropic,
            &[start("s"), Event::Open(Opening::Text), delta(" brown")],
        );
        let slow = Raw::start(vec![vec![Part::Bytes(begun), Part::Silence]]).await;
        let providers = [(&broken, Anthropic), (&slow, Anthropic)];
        let mut running = run(settings(continuation, &providers, &[1])).await;
        let (path, body) = ask(Anthropic);
        let headers = format!("x-api-key: {TOKEN}\r\n{headers}");
        let mut client = running
            .open("POST", path, &headers, body.to_string().as_bytes())
            .await;
        let mut got = Vec::new();
        while !String::from_utf8_lossy(&got).contains("brown") {
            assert_ne!(within(client.read_buf(&mut got)).await.unwrap(), 0);
        }
        drop(client);
        slow.until_left().await;
        let reports = running.reports().await;
        assert_eq!(verdicts(&reports)[0], CUT);
        assert_eq!(attempts(&reports)[1].verdict, Verdict::Cancelled);
        assert_eq!(ended(&reports).status, EndStatus::Cancelled);
    }
}

#[tokio::test]
async fn who_can_go_on_does_so_even_where_the_client_would_take_a_new_begin() {
    let broken = Raw::answering(cut(Anthropic, &["The quick"])).await;
    let good = Raw::answering(whole(OpenaiChat, &[" brown"])).await;
    let providers = [(&broken, Anthropic), (&good, OpenaiChat)];
    let running = run(settings(Continuation::Prefill, &providers, &[1])).await;
    let got = call(&running, Anthropic, CLAUDE_CODE).await;
    assert_eq!(text(&read(Anthropic, &got).unwrap()), "The quick brown");
    assert_no_seam(Anthropic, &got, "prefill");
}
