//! Errors, models, embeddings and paths.

use dialects::{
    BadRequest, Operation, PathFacts,
    caps::Caps,
    ir::{EmbedAnswer, EmbedInput, EmbedRequest, Failure, FailureKind, Model},
};
use serde_json::{Value, json};

use super::{codec, target};

#[test]
fn errors_are_read_in_every_form() {
    let key = r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}"#;
    let slow = r#"[{"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.2s"}]}}]"#;
    let long = r#"{"error":{"code":400,"message":"The input token count (5) exceeds the maximum number of tokens allowed (4).","status":"INVALID_ARGUMENT"}}"#;
    for (status, body, kind, message, retry) in [
        (
            400,
            key,
            FailureKind::Authentication,
            "API key not valid.",
            None,
        ),
        (429, slow, FailureKind::RateLimit, "Quota.", Some(35)),
        (
            400,
            long,
            FailureKind::ContextTooLong,
            "The input token count (5) exceeds the maximum number of tokens allowed (4).",
            None,
        ),
        (
            502,
            "<html><title>Bad\n gateway</title></html>",
            FailureKind::Server,
            "Bad gateway",
            None,
        ),
        (503, "", FailureKind::Overloaded, "", None),
    ] {
        let failure = codec().read_failure(status, body.as_bytes());
        assert_eq!(
            (failure.kind, failure.message.as_str(), failure.retry_after),
            (kind, message, retry),
            "{body}"
        );
        // A wrong key is 401 everywhere but at Google.
        let status = if kind == FailureKind::Authentication {
            401
        } else {
            status
        };
        assert_eq!(failure.status, Some(status));
    }
    let page = format!("<p>{}</p>", "日".repeat(2000));
    assert!(codec().read_failure(500, page.as_bytes()).message.len() <= 1024);
}

#[test]
fn errors_are_written_with_googles_words() {
    let with = |kind, status, retry_after| Failure {
        status,
        retry_after,
        ..Failure::new(kind, "m")
    };
    for (failure, status, word) in [
        (
            with(FailureKind::RateLimit, Some(429), None),
            429,
            "RESOURCE_EXHAUSTED",
        ),
        (
            with(FailureKind::Overloaded, Some(529), None),
            503,
            "UNAVAILABLE",
        ),
        (
            with(FailureKind::Authentication, None, None),
            401,
            "UNAUTHENTICATED",
        ),
        (
            with(FailureKind::Permission, None, None),
            403,
            "PERMISSION_DENIED",
        ),
        (
            with(FailureKind::NotFound, Some(404), None),
            404,
            "NOT_FOUND",
        ),
        (
            with(FailureKind::Timeout, None, None),
            504,
            "DEADLINE_EXCEEDED",
        ),
        (
            with(FailureKind::Billing, None, None),
            402,
            "FAILED_PRECONDITION",
        ),
        (
            with(FailureKind::TooLarge, Some(413), None),
            413,
            "INVALID_ARGUMENT",
        ),
        (with(FailureKind::Server, None, None), 500, "INTERNAL"),
    ] {
        let (code, body) = codec().write_failure(&failure, "req");
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (code, body),
            (
                status,
                json!({"error": {"code": status, "message": "m", "status": word}})
            )
        );
    }
    let (code, body) =
        codec().write_failure(&with(FailureKind::ContextTooLong, Some(413), None), "req");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(code, 400);
    assert_eq!(
        body["error"]["message"],
        "The input token count exceeds the maximum number of tokens allowed: m"
    );
    let (_, body) = codec().write_failure(&with(FailureKind::RateLimit, None, Some(3)), "req");
    assert_eq!(codec().read_failure(429, &body).retry_after, Some(3));
}

#[test]
fn models_are_listed_by_their_full_names() {
    let body = br#"{"models":[{"name":"models/gemini-3.5-pro","displayName":"Pro","inputTokenLimit":1000,"outputTokenLimit":"10",
        "supportedGenerationMethods":["generateContent"],"thinking":true},
        {"name":"models/e","supportedGenerationMethods":["embedContent"]},{"name":"tunedModels/t"}],"nextPageToken":"x"}"#;
    let models = codec().read_models(body).unwrap();
    let ids: Vec<_> = models
        .iter()
        .map(|model| (model.id.as_str(), model.embeds))
        .collect();
    assert_eq!(
        ids,
        [
            ("gemini-3.5-pro", false),
            ("e", true),
            ("tunedModels/t", false)
        ]
    );
    assert_eq!(
        (models[0].context, models[0].max_output, models[0].thinking),
        (Some(1000), Some(10), Some(true))
    );
    let written: Value = serde_json::from_slice(&codec().write_models(&models[..2])).unwrap();
    assert_eq!(written["models"][0]["name"], "models/gemini-3.5-pro");
    assert_eq!(
        written["models"][0]["supportedGenerationMethods"],
        json!(["generateContent", "streamGenerateContent", "countTokens"])
    );
    assert_eq!(
        written["models"][1]["supportedGenerationMethods"][0],
        "embedContent"
    );
    let one: Value = serde_json::from_slice(&codec().write_model(&Model {
        id: "m".to_owned(),
        ..Model::default()
    }))
    .unwrap();
    assert_eq!(
        (&one["name"], &one["displayName"]),
        (&json!("models/m"), &json!("m"))
    );
    assert!(codec().read_models(b"{}").is_err());
}

#[test]
fn paths_name_the_model_and_the_operation() {
    let stream = |stream| Operation::Answer { stream };
    for (operation, model, path) in [
        (
            stream(false),
            "gemini-3.5-pro",
            "/v1beta/models/gemini-3.5-pro:generateContent",
        ),
        (
            stream(true),
            "models/gemini-3.5-pro",
            "/v1beta/models/gemini-3.5-pro:streamGenerateContent?alt=sse",
        ),
        (
            Operation::Count,
            "tunedModels/t",
            "/v1beta/tunedModels/t:countTokens",
        ),
        (
            Operation::Embed { batch: false },
            "a/b c:d",
            "/v1beta/models/a%2Fb%20c%3Ad:embedContent",
        ),
        (
            Operation::Embed { batch: true },
            "m",
            "/v1beta/models/m:batchEmbedContents",
        ),
        (Operation::Models, "", "/v1beta/models?pageSize=1000"),
    ] {
        assert_eq!(codec().endpoint(operation, model), path);
    }
}

fn embed(body: &str) -> EmbedRequest {
    let path = PathFacts {
        model: Some("models/e"),
        stream: None,
    };
    codec()
        .read_embed_request(body.as_bytes(), path)
        .unwrap()
        .unwrap()
}

#[test]
fn embeddings_of_one_and_of_many() {
    // PITFALLS 129: values are numbers here, whatever the client's own dialect wants them as.
    let one =
        embed(r#"{"content":{"parts":[{"text":"a"}]},"taskType":"T","output_dimensionality":3}"#);
    assert_eq!(
        (one.model.as_str(), one.single, one.dimensions),
        ("e", true, Some(3))
    );
    let many = embed(
        r#"{"requests":[{"model":"models/e","content":{"parts":[{"text":"a"},{"text":"b"}]}},{"content":{"parts":[{"text":"c"}]}}]}"#,
    );
    assert_eq!(
        many.inputs,
        [
            EmbedInput::Text("a\nb".to_owned()),
            EmbedInput::Text("c".to_owned())
        ]
    );
    let caps = Caps::default();
    let write = |request: &EmbedRequest| {
        let written = codec()
            .write_embed_request(request, &target(&caps, false))
            .unwrap()
            .unwrap();
        (
            serde_json::from_slice::<Value>(&written.body).unwrap(),
            embed(std::str::from_utf8(&written.body).unwrap()),
        )
    };
    let (body, again) = write(&one);
    assert_eq!(
        body,
        json!({"model": "models/e", "content": {"parts": [{"text": "a"}]}, "taskType": "T", "outputDimensionality": 3})
    );
    assert_eq!(again, one);
    assert_eq!(write(&many).1, many);

    let answer = EmbedAnswer {
        vectors: vec![vec![0.5, -1.0], vec![2.0]],
        ..EmbedAnswer::default()
    };
    let told = |request| {
        codec()
            .read_embeddings(&codec().write_embeddings(&answer, request))
            .unwrap()
    };
    assert_eq!(told(&many), answer);
    assert_eq!(told(&one).vectors, [vec![0.5, -1.0]]);
    assert!(codec().read_embeddings(b"{}").is_err());

    let tokens = EmbedRequest {
        inputs: vec![EmbedInput::Tokens(vec![1])],
        ..EmbedRequest::default()
    };
    let refusal = codec()
        .write_embed_request(&tokens, &target(&caps, true))
        .unwrap()
        .unwrap_err();
    assert_eq!(codec().spell(&refusal.place), "input");
    let image = r#"{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":""}}]}}"#;
    assert!(
        codec()
            .read_embed_request(image.as_bytes(), PathFacts::default())
            .unwrap()
            .is_err()
    );
}

#[test]
fn a_batch_asks_for_one_thing_or_is_refused_where_it_does_not() {
    let alike = |more: &str| {
        let body = format!(
            r#"{{"requests":[{{"content":{{}},"taskType":"T"}},{{"content":{{}},"taskType":"T"}},{{"content":{{}}{more}}}]}}"#
        );
        let read = codec().read_embed_request(body.as_bytes(), PathFacts::default());
        match read.unwrap() {
            Ok(_) => String::new(),
            Err(BadRequest::Refused(refusal)) => codec().spell(&refusal.place),
            Err(other) => panic!("{other:?}"),
        }
    };
    for (more, place) in [
        (r#","taskType":"T""#, ""),
        (r#","taskType":"U""#, "requests[2].taskType"),
        (r#","taskType":"T","title":"t""#, "requests[2].title"),
        (
            r#","taskType":"T","outputDimensionality":3"#,
            "requests[2].outputDimensionality",
        ),
    ] {
        assert_eq!(alike(more), place);
    }
}
