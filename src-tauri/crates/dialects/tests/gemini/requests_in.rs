use dialects::{
    BadRequest, Dialect, PathFacts,
    ir::{
        Effort, Fate, Format, Hosted, MediaKind, Mode, Part, Role, Seal, Show, Source, ToolChoice,
        ToolKind,
    },
};

use super::{codec, origin, read};

#[test]
fn what_the_gemini_command_line_sends_is_understood() {
    let request = read(include_str!("../wire/gemini/01-router.json"));
    assert_eq!(request.model, "gemini-3.5-pro");
    assert!(request.stream);
    assert_eq!(request.system.len(), 1);
    assert_eq!(request.reasoning.effort, Some(Effort::High));
    assert_eq!(request.reasoning.show, Some(Show::Summary));
    let Format::Schema { schema, .. } = &request.format else {
        panic!("{:?}", request.format)
    };
    assert!(
        schema.text().starts_with(
            r#"{"type":"object","properties":{"complexity_reasoning":{"type":"string""#
        )
    );
    assert!(request.own.is_empty(), "{:?}", request.own);

    let request = read(include_str!("../wire/gemini/02-stream.json"));
    assert!(request.tools.len() > 10);
    assert!(
        request
            .tools
            .iter()
            .all(|tool| tool.kind == ToolKind::Function && tool.schema.is_some())
    );
    // PITFALLS 77: a property may be called `title`.
    assert!(
        request.tools[0]
            .schema
            .as_ref()
            .unwrap()
            .text()
            .contains(r#""title""#)
    );
    assert!(request.own.is_empty(), "{:?}", request.own);

    let request = read(include_str!("../wire/gemini/03-stream-tool-result.json"));
    let [user, model, result] = &request.turns[..] else {
        panic!("{}", request.turns.len())
    };
    assert_eq!(
        (user.role, model.role, result.role),
        (Role::User, Role::Assistant, Role::User)
    );
    let Part::Call(call) = &model.parts[1] else {
        panic!("{:?}", model.parts)
    };
    // The placeholder is nobody's signature.
    assert_eq!((call.id.as_str(), &call.seal), ("mock522587117800", &None));
    let Part::Result(result) = &result.parts[0] else {
        panic!("{:?}", result.parts)
    };
    assert_eq!(result.call_id, call.id);
    assert!(
        result.text().starts_with("Lorem ipsum"),
        "{}",
        result.text()
    );
}

#[test]
fn snake_case_says_the_same_as_camel_case() {
    let camel = r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO"}},
        {"functionResponse":null}]}],"systemInstruction":{"parts":[{"text":"s"}]},
        "generationConfig":{"maxOutputTokens":"10","topK":64.0,"stopSequences":["x"],"responseMimeType":"application/json",
        "thinkingConfig":{"thinkingBudget":-1,"includeThoughts":false}},
        "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["a"]}},
        "tools":[{"functionDeclarations":[{"name":"a","parametersJsonSchema":{"type":"object"}}]}]}"#;
    let snake = r#"{"contents":[{"parts":[{"inline_data":{"mime_type":"image/png","data":"iVBO"}}]}],
        "system_instruction":{"parts":[{"text":"s"}]},
        "generation_config":{"max_output_tokens":10,"top_k":64,"stop_sequences":["x"],"response_mime_type":"application/json",
        "thinking_config":{"thinking_budget":-1,"include_thoughts":false}},
        "tool_config":{"function_calling_config":{"mode":"any","allowed_function_names":["a"]}},
        "tools":[{"function_declarations":[{"name":"a","parameters_json_schema":{"type":"object"}}]}]}"#;
    let request = read(camel);
    assert_eq!(request, read(snake));
    assert_eq!(request.max_tokens, Some(10));
    assert_eq!(request.sampling.top_k, Some(64));
    assert_eq!(request.reasoning.mode, Mode::Adaptive);
    assert_eq!(request.format, Format::Json);
    assert_eq!(request.tool_choice, ToolChoice::Named("a".to_owned()));
}

#[test]
fn calls_without_ids_are_given_the_same_ones_in_every_request() {
    // PITFALLS 101
    let turn = r#"{"role":"user","parts":[{"text":"go"}]},
        {"role":"model","parts":[{"functionCall":{"name":"a","args":{"x":1}}},{"functionCall":{"name":"b"}},{"functionCall":{"name":"a","args":{"x":2}}}]},
        {"role":"function","parts":[{"functionResponse":{"name":"b","response":{"output":"B"}}},
          {"functionResponse":{"name":"a","response":{"result":"A1"}}},
          {"functionResponse":{"name":"a","response":{"error":"A2"}}}]}"#;
    let first = read(&format!(r#"{{"contents":[{turn}]}}"#));
    let later = read(&format!(
        r#"{{"contents":[{turn},{{"role":"model","parts":[{{"text":"done"}}]}},{{"parts":[{{"text":"more"}}]}}]}}"#
    ));
    assert_eq!(first.turns[1..3], later.turns[1..3]);
    let calls: Vec<_> = first.turns[1]
        .parts
        .iter()
        .map(|part| match part {
            Part::Call(call) => (call.id.clone(), call.arguments.compact().into_owned()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(calls[1].1, "{}");
    assert!(
        calls
            .iter()
            .all(|(id, _)| id.starts_with("call_") && id.len() == 29),
        "{calls:?}"
    );
    let results: Vec<_> = first.turns[2]
        .parts
        .iter()
        .map(|part| match part {
            Part::Result(result) => (result.call_id.clone(), result.text(), result.is_error),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        results,
        [
            (calls[1].0.clone(), "B".to_owned(), false),
            (calls[0].0.clone(), "A1".to_owned(), false),
            (calls[2].0.clone(), "A2".to_owned(), true),
        ]
    );
}

#[test]
fn ids_that_repeat_are_told_apart() {
    let body = r#"{"contents":[
        {"role":"model","parts":[{"functionCall":{"id":"c0","name":"a"}}]},{"parts":[{"functionResponse":{"id":"c0","name":"a","response":{"output":"1"}}}]},
        {"role":"model","parts":[{"functionCall":{"id":"c0","name":"a"}}]},{"parts":[{"functionResponse":{"id":"c0","name":"a","response":{"output":"2"}}}]}]}"#;
    let request = read(body);
    let ids: Vec<_> = request
        .parts()
        .map(|part| match part {
            Part::Call(call) => call.id.as_str(),
            Part::Result(result) => result.call_id.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids[..2], ["c0", "c0"]);
    assert_ne!(ids[2], "c0");
    assert_eq!(ids[2], ids[3]);
}

#[test]
fn wrong_requests_are_told_by_their_path() {
    for (body, path) in [
        (
            r#"{"contents":[{"parts":[{"text":"a"},{"text":7}]}]}"#,
            "contents[0].parts[1].text",
        ),
        (
            r#"{"contents":[{"role":"bot","parts":[]}]}"#,
            "contents[0].role",
        ),
        (
            r#"{"contents":[{"role":"model","parts":[{"functionCall":{"name":"a","args":"x"}}]}]}"#,
            "contents[0].parts[0].functionCall.args",
        ),
        (
            r#"{"contents":[{"parts":[{"inlineData":{"data":"aa"}}]}]}"#,
            "contents[0].parts[0].inlineData.mimeType",
        ),
        (
            r#"{"generationConfig":{"maxOutputTokens":1.5}}"#,
            "generationConfig.maxOutputTokens",
        ),
        ("[]", "."),
    ] {
        match codec().read_request(body.as_bytes(), PathFacts::default()) {
            Err(BadRequest::Misshapen(error)) => assert_eq!(error.path, path, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    let orphan = r#"{"contents":[{"parts":[{"text":"a"},{"functionResponse":{"name":"a","response":{}}}]}]}"#;
    match codec().read_request(orphan.as_bytes(), PathFacts::default()) {
        Err(BadRequest::Refused(refusal)) => {
            assert_eq!(codec().spell(&refusal.place), "contents[0].parts[1]");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn results_are_text_where_they_say_no_more() {
    for (response, text, is_error) in [
        (r#"{"output":"a"}"#, "a", false),
        (r#"{"result":{"b":[1, 2]}}"#, r#"{"b":[1,2]}"#, false),
        (r#"{"error":"bad"}"#, "bad", true),
        (
            r#"{"output":"a","exit":1}"#,
            r#"{"output":"a","exit":1}"#,
            false,
        ),
        (
            r#"{"output":"a","error":"b"}"#,
            r#"{"output":"a","error":"b"}"#,
            false,
        ),
        ("{}", "", false),
        ("null", "", false),
    ] {
        let body = format!(
            r#"{{"contents":[{{"role":"model","parts":[{{"functionCall":{{"name":"f"}}}}]}},
            {{"parts":[{{"functionResponse":{{"name":"f","response":{response}}}}}]}}]}}"#
        );
        let request = read(&body);
        let Part::Result(result) = &request.turns[1].parts[0] else {
            panic!()
        };
        assert_eq!(
            (result.text().as_str(), result.is_error),
            (text, is_error),
            "{response}"
        );
    }
}

#[test]
fn media_are_read_as_what_they_are() {
    let body = r#"{"contents":[{"parts":[
        {"inlineData":{"mimeType":"audio/wav","data":"_-8"}},
        {"inlineData":{"mimeType":"text/plain","data":"aGk="}},
        {"inlineData":{"mimeType":"application/pdf","data":"JVBE","displayName":"a.pdf"}},
        {"fileData":{"fileUri":"https://www.youtube.com/watch?v=1"}},
        {"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/x","mimeType":"video/mp4"}}]}]}"#;
    let request = read(body);
    let media: Vec<_> = request
        .parts()
        .map(|part| match part {
            Part::Media(media) => media,
            other => panic!("{other:?}"),
        })
        .collect();
    let kinds: Vec<_> = media.iter().map(|media| media.kind).collect();
    assert_eq!(
        kinds,
        [
            MediaKind::Audio,
            MediaKind::Document,
            MediaKind::Document,
            MediaKind::Video,
            MediaKind::Video
        ]
    );
    assert_eq!(
        media[0].source.data_url().unwrap(),
        "data:audio/wav;base64,/+8="
    );
    assert_eq!(media[1].source, Source::Text("hi".to_owned()));
    assert_eq!(media[2].title.as_deref(), Some("a.pdf"));
    assert!(matches!(&media[3].source, Source::Url { .. }));
    assert!(matches!(
        &media[4].source,
        Source::File {
            dialect: Dialect::Gemini,
            ..
        }
    ));
}

#[test]
fn thoughts_come_back_in_pieces_and_signatures_belong_to_them() {
    let foreign = Seal::new(Dialect::Anthropic, &origin(), "sig").envelope();
    let body = format!(
        r#"{{"contents":[{{"role":"model","parts":[
        {{"text":"h","thought":true}},{{"text":"m","thought":true}},{{"text":"so"}},
        {{"functionCall":{{"name":"f"}},"thoughtSignature":"{foreign}"}},
        {{"functionCall":{{"name":"g"}},"thoughtSignature":"R2Vt"}},{{"text":"","thoughtSignature":"VGV4"}}]}}]}}"#
    );
    let request = read(&body);
    let parts = &request.turns[0].parts;
    let told: Vec<_> = parts
        .iter()
        .map(|part| match part {
            Part::Thinking(thinking) => {
                let seal = thinking
                    .seal
                    .as_ref()
                    .map(|seal| (seal.form, seal.data.as_str()));
                format!("thinking {:?} {seal:?}", thinking.text)
            }
            Part::Text(text) => text.text.clone(),
            Part::Call(call) => format!(
                "{} {:?}",
                call.name,
                call.seal.as_ref().map(|seal| &seal.data)
            ),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            r#"thinking "hm" Some((Anthropic, "sig"))"#,
            "so",
            "f None",
            r#"g Some("R2Vt")"#,
            r#"thinking "" Some((Gemini, "VGV4"))"#,
        ]
    );
}

#[test]
fn what_only_gemini_has_is_kept_with_its_fate() {
    let body = r#"{"contents":[{"parts":[{"text":"a","videoMetadata":{"fps":1}},{"executableCode":{"code":"1"}}]}],
        "safetySettings":[],"cachedContent":"c","labels":{"a":"b"},"serviceTier":"flex",
        "generationConfig":{"speechConfig":{},"mediaResolution":"X","responseModalities":["TEXT","IMAGE"],"candidateCount":2,
            "responseLogprobs":true,"logprobs":3},
        "tools":[{"googleSearch":{}},{"googleMaps":{"x":1}},{"codeExecution":{}},{"urlContext":{}},
            {"functionDeclarations":[{"name":"a","behavior":"BLOCKING"}]}],
        "toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"},"retrievalConfig":{}}}"#;
    let request = read(body);
    let own: Vec<_> = request
        .own
        .iter()
        .map(|own| (own.path.as_ref(), matches!(own.fate, Fate::Refuse(_))))
        .collect();
    assert_eq!(
        own,
        [
            ("contents[0].parts[0].videoMetadata", false),
            ("toolConfig.retrievalConfig", false),
            ("generationConfig.speechConfig", true),
            ("generationConfig.mediaResolution", false),
            ("safetySettings", false),
            ("cachedContent", true),
        ]
    );
    assert!(
        matches!(&request.turns[0].parts[1], Part::Opaque { kind, .. } if kind == "executableCode")
    );
    assert_eq!(request.modalities, ["text", "image"]);
    assert_eq!(
        (request.sampling.choices, request.sampling.logprobs),
        (Some(2), Some(3))
    );
    let kinds: Vec<_> = request.tools.iter().map(|tool| &tool.kind).collect();
    assert!(
        matches!(
            kinds[..],
            [
                ToolKind::Hosted(Hosted::WebSearch(_)),
                ToolKind::Hosted(Hosted::Other(_)),
                ToolKind::Hosted(Hosted::CodeExecution),
                ToolKind::Hosted(Hosted::WebFetch),
                ToolKind::Function,
            ]
        ),
        "{kinds:?}"
    );
    let function = request.tools.last().unwrap();
    assert_eq!(
        (function.strict, function.native.is_some()),
        (Some(true), true)
    );
    assert_eq!(
        codec().spell(&dialects::ir::Place::Tool(function.at)),
        "tools[4].functionDeclarations[0]"
    );
    assert_eq!(
        codec().spell(&dialects::ir::Place::Tool(request.tools[1].at)),
        "tools[1]"
    );
    assert_eq!(request.tool_choice, ToolChoice::Auto);
}

#[test]
fn counts_are_asked_in_either_form() {
    let plain = r#"{"contents":[{"parts":[{"text":"a"}]}]}"#;
    let wrapped =
        r#"{"generateContentRequest":{"model":"models/m","contents":[{"parts":[{"text":"a"}]}]}}"#;
    let path = PathFacts {
        model: Some("m"),
        stream: None,
    };
    let read = |body: &str, path| codec().read_count_request(body.as_bytes(), path).unwrap();
    assert_eq!(read(plain, path), read(wrapped, PathFacts::default()));
    assert_eq!(codec().write_count(7), br#"{"totalTokens":7}"#);
    assert_eq!(codec().read_count(br#"{"totalTokens":31}"#), Some(31));
    assert_eq!(codec().read_count(b"{}"), None);
}
