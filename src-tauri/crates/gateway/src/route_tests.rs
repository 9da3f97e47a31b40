use http::HeaderValue;

use super::*;

/// `METHOD path?query` → what it stands for, in short.
fn told(line: &str, header: Option<&'static str>) -> String {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target
        .split_once('?')
        .map_or((target, None), |(path, query)| (path, Some(query)));
    let mut headers = HeaderMap::new();
    if let Some(name) = header {
        headers.insert(name, HeaderValue::from_static("something"));
    }
    let method = method.parse().unwrap();
    let Some(route) = Route::of(&method, path, query, &headers) else {
        return "nothing".to_owned();
    };
    let mut told = format!(
        "{} {:?} {}",
        route.dialect.as_str(),
        route.endpoint,
        route.path
    );
    if let Some(model) = route.model {
        told = format!("{told} of {model}");
    }
    if let Some(stream) = route.stream {
        told = format!("{told} stream={stream} array={}", route.json_array);
    }
    if let Some(pin) = route.pin {
        told = format!("{told} at {pin:?}");
    }
    told
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn every_path_of_every_dialect_is_known() {
    let table = [
        (
            "POST /v1/messages?beta=true",
            "anthropic Answer /v1/messages",
        ),
        // PITFALLS 132
        (
            "POST /v1/messages/count_tokens?beta=true",
            "anthropic Count /v1/messages/count_tokens",
        ),
        ("GET /v1/files/abc", "anthropic Other /v1/files/abc"),
        (
            "POST /v1/chat/completions",
            "openai-chat Answer /v1/chat/completions",
        ),
        (
            "POST /v1/my%20relay/completions",
            "openai-chat Answer /v1/chat/completions at Provider(\"my relay\")",
        ),
        ("POST /v1/completions", "openai-chat Other /v1/completions"),
        ("POST /v1/embeddings", "openai-chat Embed /v1/embeddings"),
        (
            "POST /v1/audio/speech",
            "openai-chat Other /v1/audio/speech",
        ),
        (
            "POST /v1/responses",
            "openai-responses Answer /v1/responses",
        ),
        (
            "POST /v1/responses/input_tokens",
            "openai-responses Count /v1/responses/input_tokens",
        ),
        (
            "DELETE /v1/responses/resp_1",
            "openai-responses Other /v1/responses/resp_1",
        ),
        // PITFALLS 19, 130
        ("GET /v1/models", "openai-chat Models /v1/models"),
        (
            "GET /v1/models/gpt-5.1",
            "openai-chat Model(\"gpt-5.1\") /v1/models/gpt-5.1",
        ),
        (
            "GET /v1/models/z%2Fglm",
            "openai-chat Model(\"z/glm\") /v1/models/z%2Fglm",
        ),
        (
            "POST /v1beta/models/gemini-2.5-pro:generateContent",
            "gemini Answer /v1beta/models/gemini-2.5-pro:generateContent of gemini-2.5-pro stream=false array=false",
        ),
        (
            "POST /v1beta/models/gemini-2.5-pro%3AstreamGenerateContent?alt=sse&key=x",
            "gemini Answer /v1beta/models/gemini-2.5-pro%3AstreamGenerateContent of gemini-2.5-pro stream=true array=false",
        ),
        (
            "POST /v1/models/g:streamGenerateContent",
            "gemini Answer /v1/models/g:streamGenerateContent of g stream=true array=true",
        ),
        (
            "POST /v1beta/models/g:countTokens",
            "gemini Count /v1beta/models/g:countTokens of g stream=false array=false",
        ),
        (
            "POST /v1beta/models/g:batchEmbedContents",
            "gemini Embed /v1beta/models/g:batchEmbedContents of g stream=false array=false",
        ),
        ("GET /v1beta/models", "gemini Models /v1beta/models"),
        (
            "GET /v1beta/models/g",
            "gemini Model(\"g\") /v1beta/models/g",
        ),
        (
            "POST /v1beta/cachedContents",
            "gemini Other /v1beta/cachedContents",
        ),
        ("POST /ollama/api/chat", "ollama Answer /api/chat"),
        ("POST /ollama/api/generate", "ollama Answer /api/generate"),
        ("POST /ollama/api/embed", "ollama Embed /api/embed"),
        ("GET /ollama/api/tags", "ollama Models /api/tags"),
        ("POST /ollama/api/show", "ollama Other /api/show"),
        (
            "POST /provider/my%20relay/v1/messages",
            "anthropic Answer /v1/messages at Provider(\"my relay\")",
        ),
        (
            "POST /group/main/ollama/api/chat",
            "ollama Answer /api/chat at Group(\"main\")",
        ),
        ("POST /api/other", "nothing"),
        ("POST /v1/../secret", "nothing"),
        ("POST /v1/%2e%2e/secret", "nothing"),
        ("POST /ollama/other", "nothing"),
    ];
    for (line, expected) in table {
        assert_eq!(told(line, None), expected, "{line}");
    }
}

#[test]
fn clients_that_name_anthropics_version_get_its_list_of_models() {
    assert_eq!(
        told("GET /v1/models?limit=1000", Some("anthropic-version")),
        "anthropic Models /v1/models"
    );
    assert_eq!(
        told("GET /v1/models/claude-x", Some("anthropic-version")),
        "anthropic Model(\"claude-x\") /v1/models/claude-x"
    );
    assert_eq!(
        told("GET /v1/models", Some("x-api-key")),
        "anthropic Models /v1/models"
    );
}

// PITFALLS 130
#[test]
fn clients_that_present_googles_key_get_its_list_of_models_under_any_version() {
    let key = Some("x-goog-api-key");
    assert_eq!(
        told("GET /v1/models?pageSize=5", key),
        "gemini Models /v1/models"
    );
    assert_eq!(
        told("GET /v1/models/g", key),
        "gemini Model(\"g\") /v1/models/g"
    );
    assert_eq!(
        told("GET /v1/models?key=k", None),
        "gemini Models /v1/models"
    );
}
