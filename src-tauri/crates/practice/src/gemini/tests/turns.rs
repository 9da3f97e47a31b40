//! Facts about conversations.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::gemini::signature;
use crate::seal;

#[test]
fn contents_have_roles_and_parts_with_one_datum() {
    let contents = |contents: Value| json!({ "contents": contents });
    let cases = [
        (
            json!({}),
            "GenerateContentRequest.contents: contents is not specified",
        ),
        (contents(json!([])), "contents is not specified"),
        (
            json!({"systemInstruction": {"parts": [{"text": "x"}]}}),
            "contents is not specified",
        ),
        (
            contents(json!([{"role": "assistant", "parts": [{"text": "x"}]}])),
            "Please use a valid role: user, model.",
        ),
        (
            contents(json!([{"role": "system", "parts": [{"text": "x"}]}])),
            "Please use a valid role",
        ),
        (
            contents(json!([{"role": "user", "parts": []}])),
            "contents[0].parts: contents.parts must not be empty.",
        ),
        (
            contents(json!([{"role": "user"}])),
            "contents.parts must not be empty.",
        ),
        (
            contents(json!([{"role": "user", "parts": [{"text": ""}]}])),
            "contents[0].parts[0].data: required oneof field 'data'",
        ),
        (
            contents(json!([{"role": "user", "parts": [{}]}])),
            "contents[0].parts[0].data: required oneof field 'data' must have one initialized field",
        ),
        (
            contents(json!([{"role": "user", "parts": [{"thought": true}]}])),
            "required oneof field 'data'",
        ),
        (
            contents(json!([{"role": "model", "parts": [{"text": "x"}]}])),
            "first content",
        ),
    ];
    for (request, words) in cases {
        refused(FLASH_3, &request, words);
    }
    accepted(
        FLASH_3,
        &contents(
            json!([{"role": "user", "parts": [{"text": "a"}, {"text": ""}]}, {"role": "user", "parts": [{"text": "b"}]}]),
        ),
    );
}

#[test]
fn what_cannot_stand_in_a_part_or_beside_contents_is_refused() {
    let contents = |contents: Value| json!({ "contents": contents });
    let cases = [
        (
            contents(json!([{"role": "user", "parts": [{"inlineData": {"data": "AAAA"}}]}])),
            "mime_type",
        ),
        (
            contents(json!([{"role": "user", "parts": [{"fileData": {"fileUri": "file-123"}}]}])),
            "unsupported file uri",
        ),
        (
            contents(
                json!([{"role": "user", "parts": [{"fileData": {"fileUri": "https://example.org/cat.png"}}]}]),
            ),
            "unsupported file uri",
        ),
        (
            contents(json!([{"role": "user", "parts": [call("f")]}])),
            "function call parts are only in contents with the role 'model'",
        ),
        (
            with(
                &json!({"systemInstruction": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}}),
            ),
            "system instruction",
        ),
        (
            with(&json!({"cachedContent": "cachedContents/x"})),
            "CachedContent not found",
        ),
        (
            with(
                &json!({"cachedContent": "cachedContents/x", "systemInstruction": {"parts": [{"text": "x"}]}}),
            ),
            "CachedContent can not be used",
        ),
    ];
    for (request, words) in cases {
        refused(FLASH_3, &request, words);
    }
}

// PITFALLS 71, 72.
#[test]
fn each_call_has_its_response_in_the_next_content() {
    let none = json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}, {"role": "model", "parts": [call("f")]}]});
    let mut split = called(&json!([call("f"), call("g")]), &json!([response("f")]));
    let more = json!({"role": "user", "parts": [response("g")]});
    split["contents"].as_array_mut().expect("list").push(more);
    let text_first = json!([{"text": "see"}, response("f")]);
    let media = json!([response("f"), {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]);
    let count = "number of function response parts is equal";
    let cases = [
        (none, count),
        (split, count),
        (
            called(&json!([call("f"), call("g")]), &json!([response("f")])),
            count,
        ),
        (
            called(&json!([call("f")]), &json!([response("f"), response("f")])),
            count,
        ),
        (called(&json!([call("f")]), &json!([{"text": "no"}])), count),
        (called(&json!([call("f")]), &text_first), count),
        (called(&json!([call("f")]), &media), count),
        (
            called(&json!([call("f")]), &json!([response("g")])),
            "does not match any function call",
        ),
        (
            called(&json!([{"text": "x"}]), &json!([response("f")])),
            "immediately after a function call turn",
        ),
        (
            called(
                &json!([{"functionCall": {"name": ""}}]),
                &json!([response("f")]),
            ),
            "Name cannot be empty.",
        ),
        (
            called(
                &json!([call("f")]),
                &json!([{"functionResponse": {"name": "f"}}]),
            ),
            "response is not specified",
        ),
    ];
    for (request, words) in cases {
        refused(FLASH_2, &request, words);
    }
    let mut after_model = called(&json!([call("f")]), &json!([response("f")]));
    let text = json!({"role": "model", "parts": [{"text": "wait"}]});
    after_model["contents"]
        .as_array_mut()
        .expect("list")
        .insert(1, text);
    refused(FLASH_2, &after_model, "immediately after a user turn");
    let both = called(
        &json!([call("f"), call("g")]),
        &json!([response("g"), response("f"), {"text": "and now"}]),
    );
    assert_eq!(accepted(FLASH_2, &both).tool_results, ["ok", "ok"]);
}

// PITFALLS 75.
#[test]
fn ids_and_media_of_calls_are_known_since_gemini_3() {
    let calls = |id: &str| {
        json!([signed(
            json!({"functionCall": {"id": "a1", "name": "f"}}),
            id
        )])
    };
    let responses = json!([{"functionResponse": {"id": "a1", "name": "f", "response": {"output": "ok"},
        "parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}}]);
    let request = called(&calls("skip_thought_signature_validator"), &responses);
    assert_eq!(accepted(FLASH_3, &request).media.images, 1);
    let mut plain = request.clone();
    plain["contents"][1]["parts"][0]["functionCall"]
        .as_object_mut()
        .expect("call")
        .remove("id");
    plain["contents"][2]["parts"][0]["functionResponse"]
        .as_object_mut()
        .expect("response")
        .remove("parts");
    refused(
        FLASH_2,
        &plain,
        "Unknown name \"id\" at 'contents[2].parts[0].function_response'",
    );
    let answered = json!([{"functionResponse": {"id": "a1", "name": "f", "response": {}}}]);
    let without_parts = called(&calls("skip_thought_signature_validator"), &answered);
    refused(
        FLASH_2,
        &without_parts,
        "Unknown name \"id\" at 'contents[1].parts[0].function_call': Cannot find field.",
    );
    let by_google = Model::named(FLASH_2).asked_by_google(true);
    let body = without_parts.to_string().into();
    assert!(
        generate(&by_google, &body, false).is_ok(),
        "as Google's own command line sends it"
    );
    let foreign = called(&calls(&STANDARD.encode("px1.A.foreign")), &answered);
    assert!(generate(&by_google, &foreign.to_string().into(), false).is_err());
    refused(
        FLASH_2,
        &request,
        "Unknown name \"parts\" at 'contents[2].parts[0].function_response'",
    );
    let other = json!([{"functionResponse": {"id": "a2", "name": "f", "response": {}}}]);
    refused(
        FLASH_3,
        &called(&calls("skip_thought_signature_validator"), &other),
        "does not match",
    );
}

// PITFALLS 73, 74, 75.
#[test]
fn the_first_call_of_each_step_is_signed_since_gemini_3() {
    let own = signature::made(3, "practice1_0");
    let foreign = [
        STANDARD.encode("px1.A.foreign"),
        STANDARD.encode(seal::seal("a thought of another dialect")),
        signature::made(2, "practice1_0"),
        own[..own.len() - 4].to_owned(),
    ];
    let answered = json!([response("f")]);
    let one = |signature: &str| called(&json!([signed(call("f"), signature)]), &answered);
    refused(
        FLASH_3,
        &called(&json!([call("f")]), &answered),
        "missing a thought_signature",
    );
    for signature in [
        own.as_str(),
        "skip_thought_signature_validator",
        &STANDARD.encode("skip_thought_signature_validator"),
    ] {
        accepted(FLASH_3, &one(signature));
        refused(FLASH_2, &one(signature), "Thought signature is not valid.");
    }
    for signature in foreign {
        refused(FLASH_3, &one(&signature), "Thought signature is not valid.");
    }
    let two = json!([response("f"), response("g")]);
    accepted(
        FLASH_3,
        &called(&json!([signed(call("f"), &own), call("g")]), &two),
    );
    refused(
        FLASH_3,
        &called(&json!([call("f"), signed(call("g"), &own)]), &two),
        "missing a thought_signature",
    );
    let copied = json!([signed(call("f"), &own), signed(call("g"), &own)]);
    refused(FLASH_3, &called(&copied, &two), "more than once");
    let on_users =
        json!({"contents": [{"role": "user", "parts": [signed(json!({"text": "x"}), &own)]}]});
    refused(FLASH_3, &on_users, "Thought signature is not valid.");
}

#[test]
fn each_step_needs_its_own_signature_and_earlier_turns_need_none() {
    let own = |id: &str| signature::made(3, id);
    let mut steps = called(
        &json!([signed(call("f"), &own("1"))]),
        &json!([response("f")]),
    );
    let contents = steps["contents"].as_array_mut().expect("list");
    contents.push(json!({"role": "model", "parts": [call("f")]}));
    contents.push(json!({"role": "user", "parts": [response("f")]}));
    refused(FLASH_3, &steps, "missing a thought_signature");
    steps["contents"][3]["parts"][0]["thoughtSignature"] = own("2").into();
    accepted(FLASH_3, &steps);
    let mut earlier = called(&json!([call("f")]), &json!([response("f")]));
    let contents = earlier["contents"].as_array_mut().expect("list");
    contents.push(json!({"role": "model", "parts": [{"text": "done"}]}));
    contents.push(json!({"role": "user", "parts": [{"text": "thanks"}]}));
    accepted(FLASH_3, &earlier);
}

// PITFALLS 115.
#[test]
fn a_ref_in_a_response_has_to_point_to_a_part() {
    let responses = |parts: Value| json!([{"functionResponse": {"name": "f", "response": {"image": {"$ref": "cat"}}, "parts": parts}}]);
    let calls = json!([signed(call("f"), "skip_thought_signature_validator")]);
    refused(
        FLASH_3,
        &called(&calls, &responses(json!([]))),
        "display name \"cat\"",
    );
    let cat =
        json!([{"inlineData": {"mimeType": "image/png", "data": "AAAA", "displayName": "cat"}}]);
    accepted(FLASH_3, &called(&calls, &responses(cat)));
}
