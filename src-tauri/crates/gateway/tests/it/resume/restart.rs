//! The answer begins anew in the same stream.

use super::*;

#[tokio::test]
async fn claude_code_is_given_the_answer_anew_in_the_same_stream() {
    for continuation in [Continuation::Restart, Continuation::Prefill] {
        for first in [Anthropic, OpenaiChat] {
            for second in Dialect::ALL {
                let case = format!("{continuation:?}: {first:?}, then {second:?}");
                let sent = cut(first, &["The quick"]);
                let broken = Raw::answering(sent.clone()).await;
                let good = Raw::answering(whole(second, &["Another", " answer."])).await;
                let providers = [(&broken, first), (&good, second)];
                let mut running = run(settings(continuation, &providers, &[])).await;
                let got = call(&running, Anthropic, CLAUDE_CODE).await;
                let told = got.text();
                assert_eq!(
                    told.matches("event: message_start").count(),
                    2,
                    "{case}: {told}"
                );
                assert_eq!(
                    told.matches("event: message_stop").count(),
                    1,
                    "{case}: {told}"
                );
                assert!(!told.contains("event: error"), "{case}: {told}");
                let second_begin = told.rfind("event: message_start").unwrap();
                let mut anew = got;
                anew.body.drain(..second_begin);
                assert_eq!(
                    text(&read(Anthropic, &anew).unwrap()),
                    "Another answer.",
                    "{case}"
                );
                if second == Anthropic {
                    let bytes = whole(second, &["Another", " answer."]);
                    assert!(
                        bytes.ends_with(&anew.body),
                        "{case}: the bytes were changed"
                    );
                }
                let reports = running.reports().await;
                assert_eq!(verdicts(&reports), [CUT, OK], "{case}");
                assert_eq!(
                    attempts(&reports)[1].losses.last().map(String::as_str),
                    Some("restarted"),
                    "{case}"
                );
                assert_eq!(ended(&reports).status, EndStatus::Completed, "{case}");
                // Whoever broke rests: the next request goes elsewhere at once.
                let again = call(&running, Anthropic, CLAUDE_CODE).await;
                assert_eq!(again.header("x-turnout-provider"), Some("p1"), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn calls_and_thinking_are_begun_anew_as_long_as_no_block_is_over() {
    for (what, events) in not_text() {
        let over = events.contains(&Event::Close);
        for first in [Anthropic, OpenaiChat] {
            let said = [&[start("first-1")], &events[..]].concat();
            let broken = Raw::answering(streamed(first, &said)).await;
            let good = Raw::answering(whole(Anthropic, &["Another answer."])).await;
            let providers = [(&broken, first), (&good, Anthropic)];
            let mut running = run(settings(Continuation::Restart, &providers, &[])).await;
            let got = call(&running, Anthropic, CLAUDE_CODE).await;
            let told = got.text();
            let case = format!("{what} of {first:?}: {told}");
            assert_eq!(told.contains("event: error"), over, "{case}");
            assert_eq!(good.seen().is_empty(), over, "{case}");
            let status = if over {
                EndStatus::Failed
            } else {
                EndStatus::Completed
            };
            assert_eq!(ended(&running.reports().await).status, status, "{case}");
        }
    }
}

#[tokio::test]
async fn a_finished_block_or_another_client_is_not_begun_anew() {
    let mut closed = vec![start("first-1"), Event::Open(Opening::Text), delta("Said.")];
    closed.push(Event::Close);
    let open = &closed[..3];
    let table = [
        (CLAUDE_CODE, &closed[..], "a block is over"),
        ("user-agent: anthropic-sdk/1\r\n", open, "another client"),
        ("", open, "nobody knows who"),
    ];
    for (headers, events, case) in table {
        let broken = Raw::answering(streamed(Anthropic, events)).await;
        let good = Raw::answering(whole(Anthropic, &["Another"])).await;
        let providers = [(&broken, Anthropic), (&good, Anthropic)];
        let running = run(settings(Continuation::Restart, &providers, &[1])).await;
        let got = call(&running, Anthropic, headers).await;
        let told = got.text();
        assert_eq!(
            told.matches("event: message_start").count(),
            1,
            "{case}: {told}"
        );
        assert!(told.contains("event: error"), "{case}: {told}");
        assert_eq!(good.seen().len(), 0, "{case}");
    }
}

#[tokio::test]
async fn an_answer_begun_anew_that_breaks_off_too_is_begun_again_and_fails_in_the_end() {
    let first = Raw::answering(cut(Anthropic, &["One"])).await;
    let second = Raw::answering(cut(OpenaiChat, &["Two"])).await;
    let third = Raw::answering(whole(Anthropic, &["Three"])).await;
    let providers = [
        (&first, Anthropic),
        (&second, OpenaiChat),
        (&third, Anthropic),
    ];
    let mut running = run(settings(Continuation::Restart, &providers, &[])).await;
    let got = call(&running, Anthropic, CLAUDE_CODE).await;
    let told = got.text();
    assert_eq!(told.matches("event: message_start").count(), 3, "{told}");
    assert!(
        told.contains("Three") && !told.contains("event: error"),
        "{told}"
    );
    assert_eq!(verdicts(&running.reports().await), [CUT, CUT, OK]);

    let providers = [(&first, Anthropic), (&second, OpenaiChat)];
    let mut running = run(settings(Continuation::Restart, &providers, &[])).await;
    let got = call(&running, Anthropic, CLAUDE_CODE).await;
    let told = got.text();
    assert_eq!(told.matches("event: error").count(), 1, "{told}");
    assert!(!told.contains("message_stop") && !got.broken, "{told}");
    let reports = running.reports().await;
    assert_eq!(verdicts(&reports), [CUT, CUT]);
    assert_eq!(ended(&reports).status, EndStatus::Failed);
}

#[tokio::test]
async fn an_answer_to_be_begun_anew_waits_until_something_can_serve_it() {
    let gate = Arc::new(Notify::new());
    let first = Part::Bytes(cut(Anthropic, &["One"]));
    let again = vec![
        Part::Gate(gate.clone()),
        Part::Bytes(whole(Anthropic, &["Two"])),
    ];
    let only = Raw::start(vec![vec![first], again]).await;
    let mut settings = settings(Continuation::Restart, &[(&only, Anthropic)], &[]);
    settings.limits.suspend.enabled = true;
    let mut topology = (*settings.topology).clone();
    for group in &mut topology.groups {
        group.cooldown = Some(Duration::from_millis(20));
    }
    settings.topology = Arc::new(topology);
    let mut running = run(settings).await;
    gate.notify_one();
    let got = call(&running, Anthropic, CLAUDE_CODE).await;
    let told = got.text();
    assert_eq!(told.matches("event: message_start").count(), 2, "{told}");
    assert!(
        told.contains("Two") && !told.contains("event: error"),
        "{told}"
    );
    let reports = running.reports().await;
    let waited = |report: &Report| matches!(report, Report::Suspended { .. });
    assert!(reports.iter().any(waited), "{reports:?}");
    assert_eq!(ended(&reports).status, EndStatus::Completed);
}
