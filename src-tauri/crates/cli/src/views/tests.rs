//! What people read, from what the admin API answers.

use super::history::{attempts, timeline, tokens};
use super::*;
use serde_json::json;

fn told(view: impl FnOnce(&mut Screen<Vec<u8>>) -> io::Result<()>) -> String {
    let mut screen = Screen::kept();
    view(&mut screen).unwrap();
    screen.told()
}

#[test]
fn a_status_tells_its_reason_and_mark() {
    let row =
        json!({"id": "req-1", "status": "failed", "mark": "retrying", "reason": "stream_cut"});
    let told = told(|screen| request(screen, &row));
    assert!(
        told.contains("failed (retrying, broke off its answer)"),
        "{told}"
    );
}

#[test]
fn a_limit_ahead_is_told_with_what_has_it() {
    let of = |key: Option<&str>, model: Option<&str>| {
        let forecast = json!({
            "at": "2026-01-02T03:04:05Z", "what": "input_tokens", "provider": "relay", "key": key, "model": model,
        });
        foreseen(&json!({ "forecast": forecast })).unwrap_or_default()
    };
    for (key, model, expected) in [
        (Some("relay/0"), Some("m"), "(input tokens, m with relay/0)"),
        (Some("relay/0"), None, "(input tokens, relay/0)"),
        (None, Some("m"), "(input tokens, m at relay)"),
        (None, None, "(input tokens, relay)"),
    ] {
        assert!(of(key, model).ends_with(expected), "{expected}");
    }
    assert_eq!(foreseen(&json!({ "forecast": null })), None);
}

#[test]
fn tokens_leave_out_kinds_that_did_not_occur() {
    let row =
        json!({"input_tokens": 10, "output_tokens": 0, "cache_read_tokens": 7, "estimated": true});
    assert_eq!(tokens(&row), "17 in (7 cache read), 0 out (estimated)");
    let row = json!({"input_tokens": 1, "output_tokens": 5, "reasoning_tokens": 2});
    assert_eq!(tokens(&row), "1 in, 5 out (2 reasoning)");
}

#[test]
fn each_attempt_is_a_row_in_order() {
    let chain = [
        json!({"provider": "a", "verdict": "next-provider", "key": "…"}),
        json!({"provider": "b", "verdict": "ok", "input_tokens": 3, "cache_write_5m_tokens": 40}),
    ];
    let lines = attempts(&chain).lines(None);
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains("next provider") && lines[1].contains("not shown"));
    assert!(lines[2].contains("answered") && lines[2].contains("43"));
}

#[test]
fn the_active_group_is_marked_while_it_rests() {
    let listed = json!([
        {"name": "solo", "active": true, "state": "cooling", "members": [{"provider": "a", "health": "cooling"}]},
        {"name": "main", "active": false, "state": "cooling", "members": [{"provider": "b", "health": "open"}]},
    ]);
    let shown = told(|screen| groups(screen, listed.as_array().unwrap()));
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[1].contains("active, resting"), "{shown}");
    assert!(lines[2].contains("resting"), "{shown}");
    assert!(!lines[2].contains("active"), "{shown}");

    let status_now = json!({"active_group": "solo", "groups": listed});
    let shown = told(|screen| status(screen, &status_now, "http://127.0.0.1:7790"));
    assert_eq!(shown.matches("active, resting").count(), 1, "{shown}");
    assert!(
        shown.contains("none: every provider rests or has no key"),
        "{shown}"
    );
}

#[test]
fn what_serves_is_told_with_its_group_and_all_that_went_in() {
    let status_now = json!({
        "active_provider": "practice", "serving_group": "spare",
        "today": {"input_tokens": 1, "cache_read_tokens": 20, "cache_write_tokens": 300, "cost_usd": "0"},
    });
    let shown = told(|screen| status(screen, &status_now, "http://127.0.0.1:7790"));
    assert!(shown.contains("practice (group spare)"), "{shown}");
    assert!(shown.contains("321 tokens in, 0 out, $0.00"), "{shown}");
}

#[test]
fn a_steered_group_says_what_keeps_it_from_serving() {
    let resting =
        json!({"name": "solo", "active": true, "state": "cooling", "cooling_until": "soon"});
    assert_eq!(standing(&resting), "solo is active; it rests until soon");
    let off = json!({"name": "main", "active": true, "state": "cooling", "members": [
        {"provider": "anthropic", "health": "disabled"},
        {"provider": "relay", "health": "disabled", "lacks": "it has no key"},
        {"provider": "router", "health": "disabled", "lacks": "it has no key"},
    ]});
    assert_eq!(
        standing(&off),
        "main is active, but nothing in it can serve: anthropic is switched off; relay, router have no key"
    );
    let well = json!({"name": "main", "active": true, "state": "active"});
    assert_eq!(standing(&well), "main is active");
}

#[test]
fn what_rests_and_which_budget_chose_the_group_is_told() {
    let status_now = json!({
        "active_group": "night",
        "takeover": {"budget": "daily", "from": "main", "since": "soon"},
        "budgets": [{"name": "daily", "share": 1.16, "state": "reached"}],
        "resting": [
            {"provider": "mine", "model": "claude-sonnet-4-5", "until": "later"},
            {"provider": "backup", "model": null, "until": "tomorrow"},
        ],
    });
    let shown = told(|screen| status(screen, &status_now, "http://127.0.0.1:7790"));
    for line in [
        "night has taken over since soon (budget daily, 116 %); back to main: turnoutd use main",
        "claude-sonnet-4-5 at mine until later",
        "backup until tomorrow",
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    let nobody = told(|screen| status(screen, &json!({"takeover": null}), "http://127.0.0.1:7790"));
    assert!(!nobody.contains("taken over"), "{nobody}");
}

#[test]
fn a_member_tells_which_models_rest_and_what_it_lacks() {
    let rest = |model: &str, until: &str| json!({"model": model, "until": until});
    let members = [
        (
            json!({"cooling_until": "soon", "health": "cooling"}),
            ["resting", "soon"],
        ),
        (
            json!({"resting": [rest("m", "b")], "health": "degraded"}),
            ["degraded", "b (m)"],
        ),
        (
            json!({"resting": [rest("m", "b"), rest("n", "a")], "health": "degraded"}),
            ["degraded", "a (n +1)"],
        ),
        (
            json!({"health": "disabled", "lacks": "it has no key"}),
            ["no key", "-"],
        ),
        (
            json!({"health": "disabled", "lacks": null}),
            ["disabled", "-"],
        ),
    ];
    for (member, expected) in members {
        let listed = [json!({"name": "main", "members": [member]})];
        let shown = told(|screen| groups(screen, &listed));
        let row = shown.lines().nth(1).unwrap_or_default();
        assert!(
            expected.iter().all(|text| row.contains(text)),
            "{expected:?} in {row}"
        );
    }
}

#[test]
fn what_is_summed_by_where_it_was_tried_tells_tries_and_how_requests_ended() {
    let asked = json!({
        "items": [
            {"key": "gpt-5", "requests": 1, "failures": 1, "duration_ms": {"p95": 6}},
            {"key": "glm-4.6", "requests": 1, "failures": 0, "duration_ms": {"p95": 302}},
        ],
        "total": {"requests": 1, "failures": 0, "duration_ms": {"p95": 308}},
    });
    let shown = |by| told(|screen| usage(screen, &asked, by, &TimeZone::UTC));
    let tries = shown("model");
    assert!(
        tries.contains("FAILED TRIES") && tries.contains("P95 OF TRIES"),
        "{tries}"
    );
    let total = tries
        .lines()
        .find(|line| line.starts_with("total"))
        .unwrap();
    assert!(!total.contains("308ms"), "{total}");
    assert!(
        tries.contains(
            "of 1 request 0 failed in the end; 95 % took 308ms at most, all tries together"
        ),
        "{tries}"
    );
    let whole = shown("day");
    assert!(
        whole.contains("308ms") && !whole.contains("TRIES"),
        "{whole}"
    );
}

#[test]
fn a_key_is_told_by_what_may_be_shown_of_it() {
    let listed = |state: &str, masked: &str| json!({"provider": "relay", "id": "relay/0", "state": state, "masked": masked});
    for (key, value) in [
        (listed("ready", "…a1b2"), "…a1b2"),
        (listed("ready", "…"), "not shown"),
        (listed("missing", "…"), " - "),
    ] {
        let shown = told(|screen| keys(screen, &[key]));
        let row = shown.lines().nth(1).unwrap_or_default();
        assert!(
            row.contains(value) && row.matches("relay/0").count() == 1,
            "{row}"
        );
    }
}

#[test]
fn nothing_is_told_in_words_instead_of_bare_headings() {
    assert_eq!(
        told(|screen| history(screen, &[])),
        "no requests: none came yet, or none is what was asked for\n"
    );
    assert_eq!(
        told(|screen| keys(screen, &[])),
        "no keys yet: turnoutd keys set PROVIDER\n"
    );
}

#[test]
fn the_reason_has_a_column_only_where_there_is_one() {
    let well = json!({"status": "completed", "path": "/v1/models"});
    let shown = told(|screen| history(screen, std::slice::from_ref(&well)));
    assert!(
        shown.contains("/v1/models") && !shown.contains("REASON"),
        "{shown}"
    );
    let untried = json!({"status": "failed", "attempts": 0, "error": "no group has a provider"});
    let cut = json!({"status": "failed", "reason": "stream_cut", "error": "long"});
    let shown = told(|screen| history(screen, &[well, untried, cut]));
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].ends_with("REASON"), "{shown}");
    assert!(lines[2].ends_with("no group has a provider"), "{shown}");
    assert!(lines[3].ends_with("broke off its answer"), "{shown}");
}

#[test]
fn a_body_is_told_once_and_with_what_is_missing_in_it() {
    let answer = json!({ "items": [
        { "attempt": 0, "part": "request", "method": "POST", "address": "/v1/messages", "bytes": 12, "cut": true,
          "redacted": 1, "media": 0, "headers": [{ "name": "accept", "value": "*/*" }], "text": "{\"a\":1}" },
        { "attempt": 1, "part": "request", "method": "POST", "address": "http://x/", "bytes": 12, "same_as": 0, "text": "" },
        { "attempt": 1, "part": "answer", "status": 529, "bytes": 2, "base64": "//8=" },
    ] });
    let told = told(|screen| bodies(screen, &answer));
    for part in [
        "the client asked: POST /v1/messages (12 bytes, cut, 1 secret taken out)",
        "accept: */*",
        "  \"a\": 1",
        "attempt 1 asked: POST http://x/ (12 bytes)",
        "the same body as the client's",
        "attempt 1 was answered: 529 (2 bytes)",
        "--json has it as base64",
    ] {
        assert!(told.contains(part), "no {part:?} in:\n{told}");
    }
}

#[test]
fn a_replay_is_told_side_by_side_or_by_its_differences() {
    let side = |id: &str, text: &str| {
        json!({ "id": id, "status": "completed", "http_status": 200,
            "answer": { "text": text, "tool_calls": [{ "name": "look", "arguments": { "at": 1 } }] } })
    };
    let answer = json!({ "original": side("req-1", "same\nold"), "replay": side("req-2", "same\nnew"), "redacted": 1 });
    let both = told(|screen| replay(screen, &answer, false));
    for part in [
        "req-1",
        "req-2",
        "--- original\nsame\nold\nlook({\"at\":1})",
        "marks where secrets",
    ] {
        assert!(both.contains(part), "no {part:?} in:\n{both}");
    }
    let diff = told(|screen| replay(screen, &answer, true));
    assert!(diff.contains("same\n[-old-]{+new+}\nlook("), "{diff}");
    let answer = json!({ "original": side("req-1", "a"), "replay": side("req-2", "a") });
    let diff = told(|screen| replay(screen, &answer, true));
    assert!(diff.ends_with("both say the same\n"), "{diff}");
}

#[test]
fn what_happened_is_told_by_the_time_since_the_request_arrived() {
    let events = json!([
        {"at": "2026-11-21T12:00:00Z", "name": "arrived", "attempt": null, "detail": "opus"},
        {"at": "2026-11-21T12:00:01.25Z", "name": "attempt_started", "attempt": 1, "detail": "a, opus"},
        {"at": null, "name": "failed", "attempt": null, "detail": null},
    ]);
    let lines = timeline(events.as_array().unwrap()).lines(None);
    assert!(
        lines[1].contains("0.000 s") && lines[1].contains("arrived"),
        "{lines:?}"
    );
    assert!(
        lines[2].contains("1.250 s") && lines[2].contains("attempt started"),
        "{lines:?}"
    );
    assert!(
        lines[3].contains("failed") && !lines[3].contains(" s"),
        "{lines:?}"
    );
}
