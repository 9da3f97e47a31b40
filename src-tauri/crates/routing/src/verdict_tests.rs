use super::*;

#[track_caller]
fn check(signal: &Signal<'_>, verdict: Verdict, reason: Reason) {
    assert_eq!(classify(signal, &[]), (verdict, Some(reason)), "{signal:?}");
}

fn answered(code: u16, body: &str) -> Signal<'_> {
    Signal::Status {
        code,
        body: body.as_bytes(),
        html: false,
    }
}

#[test]
fn every_status_of_the_specification_has_its_verdict() {
    for code in [408, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 529] {
        assert_eq!(
            classify(&answered(code, ""), &[]).0,
            Verdict::RetrySame,
            "{code}"
        );
    }
    for code in [401, 402, 403, 429] {
        assert_eq!(
            classify(&answered(code, ""), &[]).0,
            Verdict::NextKey,
            "{code}"
        );
    }
    for code in [400, 404, 405, 409, 413, 422, 451] {
        assert_eq!(
            classify(&answered(code, ""), &[]).0,
            Verdict::ClientFault,
            "{code}"
        );
    }
    for code in [301, 501, 505, 526, 530] {
        assert_eq!(
            classify(&answered(code, ""), &[]).0,
            Verdict::NextProvider,
            "{code}"
        );
    }
    assert_eq!(classify(&answered(200, "{}"), &[]), (Verdict::Ok, None));
}

#[test]
fn statuses_have_the_reasons_the_ledger_shows() {
    check(&answered(429, ""), Verdict::NextKey, Reason::RateLimited);
    check(&answered(401, ""), Verdict::NextKey, Reason::Auth);
    check(&answered(402, ""), Verdict::NextKey, Reason::Auth);
    check(&answered(529, ""), Verdict::RetrySame, Reason::Overloaded);
    check(&answered(503, ""), Verdict::RetrySame, Reason::Overloaded);
    check(&answered(500, ""), Verdict::RetrySame, Reason::ServerError);
    check(&answered(504, ""), Verdict::RetrySame, Reason::Timeout);
    check(
        &answered(413, ""),
        Verdict::ClientFault,
        Reason::InvalidRequest,
    );
}

#[test]
fn what_is_no_answer_has_a_verdict_too() {
    check(&Signal::Connect, Verdict::RetrySame, Reason::Network);
    check(&Signal::Reset, Verdict::RetrySame, Reason::Network);
    check(&Signal::Cut, Verdict::RetrySame, Reason::StreamCut);
    check(&Signal::Timeout, Verdict::NextProvider, Reason::Timeout);
    check(&Signal::Empty, Verdict::NextProvider, Reason::EmptyResponse);
    check(&Signal::Html, Verdict::NextProvider, Reason::ServerError);
}

#[test]
fn a_missing_model_is_told_from_a_missing_path() {
    for body in [
        r#"{"type":"error","error":{"type":"not_found_error","message":"model: claude-nine"}}"#,
        r#"{"error":{"code":"model_not_found","message":"The model `x` does not exist"}}"#,
        r#"{"error":{"message":"models/x is not found for API version v1beta","status":"NOT_FOUND"}}"#,
        r#"{"error":"model 'x' not found, try pulling it first"}"#,
    ] {
        check(
            &answered(404, body),
            Verdict::NextProvider,
            Reason::NotFound,
        );
    }
    for body in [
        "",
        r#"{"type":"error","error":{"type":"not_found_error","message":"Not Found"}}"#,
        r#"{"error":{"message":"Invalid URL (GET /v1/models/x/y)"}}"#,
        r#"{"detail":"no route for /v1/models/x"}"#,
    ] {
        check(&answered(404, body), Verdict::ClientFault, Reason::NotFound);
    }
    check(
        &answered(400, r#"{"message":"Model Not Exist"}"#),
        Verdict::NextProvider,
        Reason::NotFound,
    );
}

#[test]
fn overload_and_limits_hidden_in_a_400_are_found() {
    let cases = [
        (
            "The server is OVERLOADED, try later",
            Verdict::RetrySame,
            Reason::Overloaded,
        ),
        ("model at capacity", Verdict::RetrySame, Reason::Overloaded),
        ("Rate limit reached", Verdict::NextKey, Reason::RateLimited),
        (
            "You exceeded your current quota",
            Verdict::NextKey,
            Reason::RateLimited,
        ),
        ("Insufficient Balance", Verdict::NextKey, Reason::Auth),
        ("insufficient credits", Verdict::NextKey, Reason::Auth),
        (
            "Your credit balance is too low to access the API",
            Verdict::NextKey,
            Reason::Auth,
        ),
    ];
    for (body, verdict, reason) in cases {
        check(&answered(400, body), verdict, reason);
        check(
            &answered(422, body),
            Verdict::ClientFault,
            Reason::InvalidRequest,
        );
    }
}

#[test]
fn a_context_that_is_too_long_stays_with_the_client_whatever_else_it_says() {
    for body in [
        "prompt is too long: 210000 tokens > 200000 maximum",
        "context_length_exceeded",
        "this exceeds the context window capacity",
    ] {
        check(
            &answered(400, body),
            Verdict::ClientFault,
            Reason::InvalidRequest,
        );
    }
}

#[test]
fn a_request_too_large_is_the_clients_fault_even_when_a_page_says_so() {
    for html in [true, false] {
        for code in [413, 414, 431] {
            let signal = Signal::Status {
                code,
                body: b"<html>413</html>",
                html,
            };
            check(&signal, Verdict::ClientFault, Reason::InvalidRequest);
        }
    }
}

#[test]
fn an_error_about_a_field_is_the_clients_fault_whatever_words_its_path_holds() {
    for field in [
        "tools.0.custom.input_schema.properties.capacity",
        "messages.3.content.0.quota",
    ] {
        let body = format!(
            r#"{{"error":{{"type":"invalid_request_error","message":"{field}: Input should be a string"}}}}"#
        );
        check(
            &answered(400, &body),
            Verdict::ClientFault,
            Reason::InvalidRequest,
        );
    }
}

#[test]
fn a_missing_path_says_nothing_about_the_provider() {
    check(
        &answered(501, "{}"),
        Verdict::NextProvider,
        Reason::NotFound,
    );
}

#[test]
fn a_web_page_is_never_the_clients_fault() {
    let page = |code| Signal::Status {
        code,
        body: b"<html>model overloaded</html>",
        html: true,
    };
    for code in [200, 400, 403, 422] {
        check(&page(code), Verdict::NextProvider, Reason::ServerError);
    }
    check(&page(404), Verdict::NextProvider, Reason::NotFound);
    check(&page(502), Verdict::RetrySame, Reason::ServerError);
    check(&page(429), Verdict::NextKey, Reason::RateLimited);
}

#[test]
fn errors_inside_a_success_go_to_the_next_provider_with_their_own_reason() {
    let cases = [
        ("overloaded_error", "Overloaded", Reason::Overloaded),
        ("rate_limit_error", "slow down", Reason::RateLimited),
        ("authentication_error", "invalid x-api-key", Reason::Auth),
        ("api_error", "Internal server error", Reason::ServerError),
        ("timeout_error", "", Reason::Timeout),
        ("not_found_error", "model: x", Reason::NotFound),
        ("invalid_request_error", "bad", Reason::InvalidRequest),
        ("", "", Reason::ServerError),
    ];
    for (kind, message, reason) in cases {
        check(
            &Signal::EventError { kind, message },
            Verdict::NextProvider,
            reason,
        );
    }
}

#[test]
fn failover_on_adds_statuses_and_body_texts() {
    let patterns = ["418", "Account Suspended"].map(Pattern::parse);
    let judged = |code, body| classify(&answered(code, body), &patterns);
    let failed = (Verdict::NextProvider, Some(Reason::ServerError));
    assert_eq!(judged(418, ""), failed);
    assert_eq!(judged(400, "your account suspended"), failed);
    assert_eq!(judged(200, "ACCOUNT SUSPENDED"), failed);
    assert_eq!(
        judged(400, "else"),
        (Verdict::ClientFault, Some(Reason::InvalidRequest))
    );
    assert_eq!(
        judged(429, "account suspended"),
        (Verdict::NextKey, Some(Reason::RateLimited))
    );
}

#[test]
fn patterns_are_statuses_only_if_they_can_be_one() {
    assert_eq!(Pattern::parse("418"), Pattern::Status(418));
    assert_eq!(Pattern::parse("1302"), Pattern::Body("1302".into()));
    assert_eq!(Pattern::parse("busy"), Pattern::Body("busy".into()));
}

#[test]
fn words_far_into_a_body_do_not_count() {
    let body = format!("{}overloaded", " ".repeat(9000));
    check(
        &answered(400, &body),
        Verdict::ClientFault,
        Reason::InvalidRequest,
    );
}

#[test]
fn verdicts_and_reasons_are_written_as_the_ledger_has_them() {
    let verdicts = Verdict::ALL
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>();
    let expected = [
        "ok",
        "retry-same",
        "next-key",
        "next-provider",
        "client-fault",
        "cancelled",
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(Reason::StreamCut.as_str(), "stream_cut");
}
