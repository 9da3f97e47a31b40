//! Facts about settings, and about the other calls.

use super::*;
use crate::gemini::embed;
use crate::gemini::request::count;

#[test]
fn the_configuration_is_held_to_its_ranges() {
    let six = json!(["a", "b", "c", "d", "e", "f"]);
    let cases = [
        (
            FLASH_3,
            json!({"temperature": 2.1}),
            "temperature must be in the range",
        ),
        (FLASH_3, json!({"topP": 1.5}), "top_p"),
        (FLASH_3, json!({"topK": 0}), "top_k"),
        (FLASH_3, json!({"maxOutputTokens": 0}), "max_output_tokens"),
        (FLASH_3, json!({"candidateCount": 9}), "candidate_count"),
        (
            FLASH_3,
            json!({"stopSequences": six}),
            "at most 5 stop sequences",
        ),
        (FLASH_3, json!({"stopSequences": [""]}), "stop_sequences[0]"),
        (FLASH_3, json!({"logprobs": 3}), "response_logprobs"),
        (
            FLASH_3,
            json!({"presencePenalty": 0}),
            "Penalty is not enabled",
        ),
        (
            FLASH_3,
            json!({"frequencyPenalty": 0.5}),
            "Penalty is not enabled",
        ),
    ];
    for (model, change, words) in cases {
        refused(model, &config(&change), words);
    }
}

#[test]
fn thinking_is_asked_for_as_the_generation_has_it() {
    let cases = [
        (
            FLASH_3,
            json!({"thinkingConfig": {"thinkingBudget": 1024, "thinkingLevel": "LOW"}}),
            "thinking budget and thinking level",
        ),
        (
            FLASH_2,
            json!({"thinkingConfig": {"thinkingLevel": "LOW"}}),
            "Thinking level is not supported",
        ),
        (
            FLASH_2,
            json!({"thinkingConfig": {"thinkingBudget": 32_000}}),
            "The thinking budget 32000 is invalid",
        ),
        (
            FLASH_2,
            json!({"thinkingConfig": {"thinkingBudget": 0, "includeThoughts": true}}),
            "include_thoughts",
        ),
        (
            "gemini-2.5-pro",
            json!({"thinkingConfig": {"thinkingBudget": 0}}),
            "between 128 and 32768",
        ),
        (
            "gemini-2.0-flash",
            json!({"thinkingConfig": {"includeThoughts": true}}),
            "Thinking is not supported",
        ),
    ];
    for (model, change, words) in cases {
        refused(model, &config(&change), words);
    }
    accepted(
        FLASH_2,
        &config(
            &json!({"presencePenalty": 0.5, "thinkingConfig": {"thinkingBudget": -1, "includeThoughts": true}}),
        ),
    );
}

#[test]
fn structured_output_is_asked_for_in_one_way() {
    let cases = [
        (
            FLASH_3,
            json!({"responseMimeType": "json"}),
            "allowed mimetypes",
        ),
        (
            FLASH_3,
            json!({"responseJsonSchema": {"type": "object"}}),
            "requires response_mime_type",
        ),
        (
            FLASH_3,
            json!({"responseSchema": {"type": "OBJECT"}}),
            "requires response_mime_type",
        ),
        (
            FLASH_3,
            json!({"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}, "responseJsonSchema": {}}),
            "Only one of",
        ),
        (
            FLASH_3,
            json!({"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT", "additionalProperties": false, "const": 1}}),
            "Unknown name \"const\"",
        ),
    ];
    for (model, change, words) in cases {
        refused(model, &config(&change), words);
    }
    let mut both = declared(&json!({"name": "f"}));
    both["generationConfig"] = json!({"responseMimeType": "application/json"});
    refused(FLASH_2, &both, "Function calling with a response mime type");
    accepted(FLASH_3, &both);
}

#[test]
fn models_are_told_apart_by_generation() {
    // Name, fields, older, signs, thinks.
    let cases = [
        ("gemini-1.5-pro", 1, true, false, false),
        ("models/gemini-2.0-flash", 2, true, false, false),
        ("gemini-2.5-flash-lite", 2, true, false, true),
        ("gemini-3-pro-preview", 3, false, true, true),
        ("gemini-4-argon", 4, false, true, true),
        ("gemini-flash-latest", 3, false, true, true),
        ("practice-sonnet", u32::MAX, false, false, true),
    ];
    for (name, fields, older, signs, thinks) in cases {
        let model = Model::named(name);
        let told = (
            model.fields(),
            model.is_older(),
            model.signs(),
            model.thinks(),
        );
        assert_eq!(told, (fields, older, signs, thinks), "{name}");
    }
}

#[test]
fn what_an_answer_depends_on_is_read() {
    let request = json!({
        "contents": [
            {"role": "user", "parts": [{"text": "look"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
            {"role": "model", "parts": [{"text": "why"}, signed(call("f"), "skip_thought_signature_validator")]},
            {"role": "function", "parts": [{"functionResponse": {"name": "f", "response": {"a": 1, "b": 2}}}]},
        ],
        "generationConfig": {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT",
            "properties": {"type": {"type": "STRING"}}, "required": ["type"]}},
    });
    let ask = accepted(FLASH_3, &request);
    assert_eq!(
        (ask.user_text.as_str(), ask.media.images, ask.continued),
        ("look", 1, true)
    );
    assert_eq!(ask.tool_results, [r#"{"a":1,"b":2}"#]);
    let schema =
        json!({"type": "object", "properties": {"type": {"type": "string"}}, "required": ["type"]});
    assert_eq!(ask.schema, Some(schema));
}

#[test]
fn tokens_are_counted_for_either_form() {
    let model = Model::named(FLASH_3);
    let counted = |body: Value| count(&model, &body.to_string().into());
    let whole = json!({"model": "models/gemini-3.8-flash", "contents": good()["contents"], "systemInstruction": {"parts": [{"text": "x"}]}});
    assert!(counted(good()).expect("counted").tokens > 0);
    assert!(
        counted(json!({ "generateContentRequest": whole }))
            .expect("counted")
            .tokens
            > 0
    );
    let cases = [
        (json!({}), "contents is not specified"),
        (
            json!({"contents": good()["contents"], "generateContentRequest": whole}),
            "only one of",
        ),
        (
            json!({"generateContentRequest": good()}),
            "generate_content_request.model: model is not specified",
        ),
        (
            json!({"generateContentRequest": {"model": "models/other", "contents": good()["contents"]}}),
            "as in the URL",
        ),
        (
            json!({"contents": good()["contents"], "systemInstruction": {"parts": [{"text": "x"}]}}),
            "Unknown name \"systemInstruction\"",
        ),
        (json!({"messages": []}), "Unknown name \"messages\""),
    ];
    for (body, words) in cases {
        let message = counted(body).expect_err("refused").message;
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn embeddings_are_read_one_by_one_and_in_batches() {
    let model = Model::named("gemini-embedding-001");
    let read = |body: &Value, batch| embed::read(&model, &body.to_string().into(), batch);
    let content = json!({"parts": [{"text": "hi"}]});
    let one = read(
        &json!({"content": content, "outputDimensionality": 3}),
        false,
    )
    .expect("read");
    assert_eq!((one.texts, one.dimensions), (vec!["hi".to_owned()], 3));
    let request = json!({"model": "models/gemini-embedding-001", "content": content, "taskType": "RETRIEVAL_QUERY"});
    let two = read(&json!({"requests": [request, request]}), true).expect("read");
    assert_eq!(two.texts.len(), 2);
    let cases = [
        (json!({}), false, "contents is not specified"),
        (json!({"input": "hi"}), false, "Unknown name \"input\""),
        (json!({"content": "hi"}), false, "'content'"),
        (
            json!({"content": content, "dimensions": 3}),
            false,
            "Unknown name \"dimensions\"",
        ),
        (
            json!({"content": content, "outputDimensionality": 0}),
            false,
            "output_dimensionality",
        ),
        (
            json!({"content": content, "title": "x"}),
            false,
            "RETRIEVAL_DOCUMENT",
        ),
        (
            json!({"content": content, "taskType": "search"}),
            false,
            "TaskType",
        ),
        (json!({"requests": []}), true, "requests is not specified"),
        (
            json!({"requests": [{"content": content}]}),
            true,
            "model is not specified",
        ),
    ];
    for (body, batch, words) in cases {
        let message = read(&body, batch).expect_err("refused").message;
        assert!(message.contains(words), "{message}");
    }
    let chat = Model::named(FLASH_3);
    let body = json!({ "content": content }).to_string().into();
    assert_eq!(
        embed::read(&chat, &body, false)
            .expect_err("refused")
            .status,
        404
    );
    assert_eq!(
        asked("gemini-embedding-001", &good())
            .expect_err("refused")
            .status,
        404
    );
}
