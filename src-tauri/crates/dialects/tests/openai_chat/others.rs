//! Errors, lists of models, embeddings, places.

use dialects::{
    Operation, PathFacts, Target, Unreadable,
    caps::Caps,
    ir::{
        At, EmbedAnswer, EmbedInput, EmbedRequest, Encoding, Failure, FailureKind, Field, Model,
        Place,
    },
};
use serde_json::{Value, json};

use crate::{codec, origin};

#[test]
fn errors_are_read_whatever_their_form() {
    // PITFALLS 22, 124
    let error = |error: Value| json!({"error": error}).to_string();
    let table = [
        (
            429,
            error(json!({"message": "slow", "type": "requests", "code": "rate_limit_exceeded"})),
            FailureKind::RateLimit,
            "slow",
        ),
        (
            429,
            error(
                json!({"message": "pay", "type": "insufficient_quota", "code": "insufficient_quota"}),
            ),
            FailureKind::Billing,
            "pay",
        ),
        (
            402,
            error(json!({"message": "Insufficient Balance", "code": "invalid_request_error"})),
            FailureKind::Billing,
            "Insufficient Balance",
        ),
        (
            401,
            error(
                json!({"message": "key", "type": "invalid_request_error", "code": "invalid_api_key"}),
            ),
            FailureKind::Authentication,
            "key",
        ),
        (
            400,
            error(json!({"message": "long", "code": "context_length_exceeded"})),
            FailureKind::ContextTooLong,
            "long",
        ),
        (
            400,
            error(json!({"message": "This model's maximum context length is 8192 tokens"})),
            FailureKind::ContextTooLong,
            "This model's maximum context length is 8192 tokens",
        ),
        (
            400,
            error(json!("words")),
            FailureKind::InvalidRequest,
            "words",
        ),
        (
            404,
            json!({"detail": "Not Found"}).to_string(),
            FailureKind::NotFound,
            "Not Found",
        ),
        (
            422,
            json!({"detail": [{"loc": ["body"], "msg": "x"}]}).to_string(),
            FailureKind::InvalidRequest,
            r#"[{"loc":["body"],"msg":"x"}]"#,
        ),
        (
            500,
            json!({"object": "error", "message": "boom", "code": 500}).to_string(),
            FailureKind::Server,
            "boom",
        ),
        (
            400,
            json!([{"error": {"message": "listed", "code": 400}}]).to_string(),
            FailureKind::InvalidRequest,
            "listed",
        ),
        (
            200,
            json!({"base_resp": {"status_code": 1004, "status_msg": "who"}}).to_string(),
            FailureKind::Authentication,
            "who",
        ),
        (
            502,
            "<html><head><title>502</title></head><body>Bad  Gateway</body></html>".to_owned(),
            FailureKind::Server,
            "502 Bad Gateway",
        ),
        (
            503,
            String::new(),
            FailureKind::Overloaded,
            "the provider answered 503 without a word",
        ),
        (529, "{}".to_owned(), FailureKind::Overloaded, "{}"),
    ];
    for (status, body, kind, message) in table {
        let failure = codec().read_failure(status, body.as_bytes());
        assert_eq!(
            (failure.kind, failure.message.as_str(), failure.status),
            (kind, message, Some(status)),
            "{body}"
        );
    }
    let page = "é".repeat(5000);
    assert!(codec().read_failure(500, page.as_bytes()).message.len() <= 1024);
}

#[test]
fn errors_are_written_in_the_clients_words() {
    let table = [
        (
            FailureKind::ContextTooLong,
            Some(413),
            400,
            "invalid_request_error",
            json!("context_length_exceeded"),
        ),
        (
            FailureKind::Authentication,
            None,
            401,
            "invalid_request_error",
            json!("invalid_api_key"),
        ),
        (
            FailureKind::Billing,
            Some(429),
            429,
            "insufficient_quota",
            json!("insufficient_quota"),
        ),
        (
            FailureKind::RateLimit,
            Some(429),
            429,
            "rate_limit_exceeded",
            json!("rate_limit_exceeded"),
        ),
        (
            FailureKind::Overloaded,
            Some(529),
            503,
            "server_error",
            json!("overloaded"),
        ),
        (
            FailureKind::Server,
            Some(200),
            500,
            "server_error",
            json!(null),
        ),
        (
            FailureKind::InvalidRequest,
            None,
            400,
            "invalid_request_error",
            json!(null),
        ),
        (
            FailureKind::Timeout,
            None,
            504,
            "server_error",
            json!("timeout"),
        ),
    ];
    for (kind, status, expected, r#type, code) in table {
        let failure = Failure {
            status,
            ..Failure::new(kind, "w")
        };
        let (status, body) = codec().write_failure(&failure, "id");
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (status, body),
            (
                expected,
                json!({"error": {"message": "w", "type": r#type, "param": null, "code": code}})
            ),
            "{kind:?}"
        );
    }
}

#[test]
fn lists_of_models_are_read_and_written() {
    // PITFALLS 130
    let list = json!({"object": "list", "data": [
        {"id": "a", "object": "model", "created": 5, "owned_by": "o"},
        {"id": "b", "name": "B", "context_length": 1000, "top_provider": {"max_completion_tokens": 10}, "architecture": {"input_modalities": ["text", "image"]}, "supported_parameters": ["tools"]},
        {"id": "c", "max_model_len": 7, "capabilities": {"vision": false, "function_calling": true}},
        {"object": "model"},
    ]});
    let models = codec().read_models(list.to_string().as_bytes()).unwrap();
    let bare = codec()
        .read_models(list["data"].to_string().as_bytes())
        .unwrap();
    assert_eq!(models, bare);
    assert_eq!(
        models[0],
        Model {
            id: "a".to_owned(),
            created: Some(5),
            owned_by: Some("o".to_owned()),
            ..Model::default()
        }
    );
    let known = &models[1];
    assert_eq!(
        (
            known.context,
            known.max_output,
            known.images,
            known.tools,
            known.thinking
        ),
        (Some(1000), Some(10), Some(true), Some(true), Some(false))
    );
    assert_eq!(
        (models[2].context, models[2].images, models.len()),
        (Some(7), Some(false), 3)
    );
    let written: Value = serde_json::from_slice(&codec().write_models(&models[..1])).unwrap();
    assert_eq!(
        written,
        json!({"object": "list", "data": [{"id": "a", "object": "model", "created": 5, "owned_by": "o"}]})
    );
    let one: Value = serde_json::from_slice(&codec().write_model(&models[0])).unwrap();
    assert_eq!(one, written["data"][0]);
    assert!(codec().read_models(b"<html>").is_err());
}

#[test]
fn embeddings_are_asked_for_and_told_in_both_encodings() {
    // PITFALLS 129
    let text = |text: &str| EmbedInput::Text(text.to_owned());
    let table = [
        (json!("a"), vec![text("a")], true),
        (json!(["a", "b"]), vec![text("a"), text("b")], false),
        (json!([1, 2]), vec![EmbedInput::Tokens(vec![1, 2])], true),
        (
            json!([[1], [2, 3]]),
            vec![EmbedInput::Tokens(vec![1]), EmbedInput::Tokens(vec![2, 3])],
            false,
        ),
    ];
    let caps = Caps::default();
    let target = Target {
        origin: origin(),
        caps: &caps,
        lossy: false,
    };
    for (input, inputs, single) in table {
        let body = json!({"model": "m", "input": input, "dimensions": 2, "encoding_format": "base64", "user": "u"});
        let read = codec()
            .read_embed_request(body.to_string().as_bytes(), PathFacts::default())
            .unwrap()
            .unwrap();
        assert_eq!(
            (&read.inputs, read.single, read.encoding, read.dimensions),
            (&inputs, single, Encoding::Base64, Some(2))
        );
        let sent = codec()
            .write_embed_request(&read, &target)
            .unwrap()
            .unwrap();
        let sent: Value = serde_json::from_slice(&sent.body).unwrap();
        assert_eq!(
            sent,
            json!({"model": "m", "input": input, "dimensions": 2, "encoding_format": "float", "user": "u"})
        );
    }
    let floats = json!({"model": "e", "data": [{"index": 1, "embedding": [0.5]}, {"index": 0, "embedding": [1.0]}], "usage": {"prompt_tokens": 3, "total_tokens": 3}});
    // 1.0 and 0.5 as little-endian 32-bit floats.
    let coded = json!({"model": "e", "data": [{"index": 1, "embedding": "AAAAPw=="}, {"index": 0, "embedding": "AACAPw=="}], "usage": {"prompt_tokens": 3}});
    for body in [floats, coded] {
        let answer = codec()
            .read_embeddings(body.to_string().as_bytes())
            .unwrap();
        assert_eq!(
            (&answer.vectors, answer.tokens),
            (&vec![vec![1.0], vec![0.5]], Some(3))
        );
    }
    let answer = EmbedAnswer {
        vectors: vec![vec![1.0], vec![0.5]],
        tokens: Some(3),
        ..EmbedAnswer::default()
    };
    for (encoding, first) in [
        (Encoding::Float, json!([1.0])),
        (Encoding::Base64, json!("AACAPw==")),
    ] {
        let request = EmbedRequest {
            model: "m".to_owned(),
            encoding,
            ..EmbedRequest::default()
        };
        let body: Value =
            serde_json::from_slice(&codec().write_embeddings(&answer, &request)).unwrap();
        assert_eq!(
            body["data"][0],
            json!({"object": "embedding", "index": 0, "embedding": first})
        );
        assert_eq!(
            body["usage"],
            json!({"prompt_tokens": 3, "total_tokens": 3})
        );
    }
}

#[test]
fn embeddings_that_cannot_be_are_told() {
    for (body, path) in [
        (json!({"model": "m"}), "input"),
        (json!({"input": "a"}), "model"),
        (json!({"model": "m", "input": []}), "input"),
        (
            json!({"model": "m", "input": "a", "encoding_format": "int8"}),
            "encoding_format",
        ),
    ] {
        let read = codec()
            .read_embed_request(body.to_string().as_bytes(), PathFacts::default())
            .unwrap();
        match read {
            Err(dialects::BadRequest::Misshapen(error)) => assert_eq!(error.path, path),
            other => panic!("{body}: {other:?}"),
        }
    }
    assert!(matches!(
        codec().read_embeddings(br#"{"error":{"message":"no"}}"#),
        Err(Unreadable::Failure(_))
    ));
    for body in [
        "{}",
        "[]",
        r#"{"data":[{}]}"#,
        r#"{"data":[{"embedding":"AAA="}]}"#,
    ] {
        assert!(
            matches!(
                codec().read_embeddings(body.as_bytes()),
                Err(Unreadable::Malformed(_))
            ),
            "{body}"
        );
    }
}

#[test]
fn places_and_paths_have_this_dialects_names() {
    let table = [
        (Place::Turn(At::item(2)), "messages[2]"),
        (Place::Turn(At::item(2).part(1)), "messages[2].content[1]"),
        (
            Place::Turn(At::item(2).inner(1)),
            "messages[2].tool_calls[1]",
        ),
        (Place::System(At::item(0)), "messages[0]"),
        (Place::Tool(3), "tools[3]"),
        (Place::Field(Field::Format), "response_format"),
        (Place::Own("x.y".into()), "x.y"),
    ];
    for (place, spelled) in table {
        assert_eq!(codec().spell(&place), spelled);
    }
    assert_eq!(
        codec().endpoint(Operation::Answer { stream: true }, "m"),
        "/v1/chat/completions"
    );
    assert_eq!(
        codec().endpoint(Operation::Embed { batch: true }, "m"),
        "/v1/embeddings"
    );
    assert_eq!(codec().endpoint(Operation::Models, ""), "/v1/models");
}
