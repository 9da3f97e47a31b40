//! Errors, models, embeddings and paths.

use dialects::{
    BadRequest, Operation, PathFacts,
    ir::{EmbedAnswer, EmbedInput, EmbedRequest, Failure, FailureKind, Model},
};
use serde_json::{Value, json};

use super::{caps, codec, target};

#[test]
fn errors_are_a_text() {
    for (status, body, kind, message) in [
        (
            404,
            r#"{"error":"model \"x\" not found"}"#,
            FailureKind::NotFound,
            "model \"x\" not found",
        ),
        (
            400,
            r#"{"error":"the input length exceeds the context length"}"#,
            FailureKind::ContextTooLong,
            "the input length exceeds the context length",
        ),
        (
            429,
            r#"{"error":{"message":"slow"}}"#,
            FailureKind::RateLimit,
            "slow",
        ),
        (
            502,
            "<html>Bad gateway</html>",
            FailureKind::Server,
            "Bad gateway",
        ),
    ] {
        let failure = codec().read_failure(status, body.as_bytes());
        assert_eq!(
            (failure.kind, failure.message.as_str(), failure.status),
            (kind, message, Some(status))
        );
    }
    for (kind, status, wanted) in [
        (FailureKind::RateLimit, None, 429),
        (FailureKind::Overloaded, Some(529), 503),
        (FailureKind::ContextTooLong, Some(413), 400),
        (FailureKind::Server, Some(502), 502),
    ] {
        let (code, body) = codec().write_failure(
            &Failure {
                status,
                ..Failure::new(kind, "m")
            },
            "req",
        );
        assert_eq!(
            (code, serde_json::from_slice::<Value>(&body).unwrap()),
            (wanted, json!({"error": "m"}))
        );
    }
}

#[test]
fn models_are_listed_as_tags() {
    let models = codec().read_models(br#"{"models":[{"name":"a:latest","model":"a:latest","size":1,"details":{}},{"model":"e","capabilities":["embedding"]}]}"#).unwrap();
    let ids: Vec<_> = models
        .iter()
        .map(|model| (model.id.as_str(), model.embeds))
        .collect();
    assert_eq!(ids, [("a:latest", false), ("e", true)]);
    assert!(codec().read_models(b"{}").is_err());
    let model = Model {
        id: "m".to_owned(),
        created: Some(951_782_400),
        images: Some(true),
        ..Model::default()
    };
    let list: Value =
        serde_json::from_slice(&codec().write_models(std::slice::from_ref(&model))).unwrap();
    assert_eq!(
        list,
        json!({"models": [{"name": "m", "model": "m", "modified_at": "2000-02-29T00:00:00Z", "size": 0, "digest": "",
        "details": {}, "capabilities": ["completion", "vision"]}]})
    );
    let one: Value = serde_json::from_slice(&codec().write_model(&model)).unwrap();
    assert_eq!(one, list["models"][0]);
}

#[test]
fn paths() {
    for (operation, path) in [
        (Operation::Answer { stream: true }, "/api/chat"),
        (Operation::Embed { batch: true }, "/api/embed"),
        (Operation::Models, "/api/tags"),
    ] {
        assert_eq!(codec().endpoint(operation, "m"), path);
    }
    let caps = caps();
    assert!(
        codec()
            .write_count_request(&super::request(Vec::new()), &target(&caps, false))
            .is_none()
    );
}

fn embed(body: &str) -> EmbedRequest {
    codec()
        .read_embed_request(body.as_bytes(), PathFacts::default())
        .unwrap()
        .unwrap()
}

#[test]
fn embeddings_of_one_and_of_many() {
    // PITFALLS 129: values are numbers here, whatever the client's own dialect wants them as.
    let old = embed(r#"{"model":"e","prompt":"a"}"#);
    let one = embed(r#"{"model":"e","input":"a"}"#);
    let many = embed(r#"{"model":"e","input":["a","b"],"dimensions":2}"#);
    assert_eq!((old.single, one.single, many.single), (true, false, false));
    let caps = caps();
    let write = |request: &EmbedRequest| {
        let written = codec()
            .write_embed_request(request, &target(&caps, false))
            .unwrap()
            .unwrap();
        embed(std::str::from_utf8(&written.body).unwrap())
    };
    assert_eq!(write(&many), many);
    assert_eq!(write(&old).inputs, old.inputs);
    let answer = EmbedAnswer {
        model: Some("e".to_owned()),
        vectors: vec![vec![0.5], vec![2.0]],
        tokens: Some(3),
    };
    let told = |request| {
        codec()
            .read_embeddings(&codec().write_embeddings(&answer, request))
            .unwrap()
    };
    assert_eq!(told(&many), answer);
    assert_eq!(told(&old).vectors, [vec![0.5]]);
    let nothing = codec()
        .read_embed_request(br#"{"model":"e"}"#, PathFacts::default())
        .unwrap();
    assert!(matches!(nothing, Err(BadRequest::Misshapen(error)) if error.path == "input"));
    let tokens = EmbedRequest {
        inputs: vec![EmbedInput::Tokens(vec![1])],
        ..EmbedRequest::default()
    };
    assert!(
        codec()
            .write_embed_request(&tokens, &target(&caps, true))
            .unwrap()
            .is_err()
    );
}
