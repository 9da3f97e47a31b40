//! What Messages clients ask for, read.

use crate::support::{body, capture, claude, compatible, lost, read, try_read, write};
use dialects::{
    BadRequest, Dialect,
    ir::{
        Effort, Fate, Format, Hosted, MediaKind, Mode, Part, Role, Show, Source, ToolChoice,
        ToolKind,
    },
};
use serde_json::{Value, json};

/// A request with one turn and these further fields.
fn with(fields: &Value) -> Value {
    let mut body =
        json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    body
}

const CAPTURES: [&str; 9] = [
    "claude-code-print",
    "claude-code-title",
    "claude-code-tool-turn-2",
    "claude-code-web-search",
    "claude-code-count-tokens",
    "claude-code-parallel-tools",
    "claude-code-interactive",
    "claude-code-budget",
    "claude-code-bare",
];

#[test]
fn what_claude_code_sends_comes_out_for_anthropic_as_it_was() {
    for name in CAPTURES {
        let mut sent = capture(name);
        let written = write(&read(&sent), &claude_like_its_own());
        let mut told = body(&written);
        // What the model is asked in is one thing; where a string stands for one block, or the reverse, is another.
        for body in [&mut sent, &mut told] {
            blocks_only(body);
        }
        assert_eq!(lost(&written), Vec::<String>::new(), "{name}");
        assert_eq!(told, sent, "{name}");
    }
}

/// Every setting that a capture has is known there.
fn claude_like_its_own() -> dialects::caps::Caps {
    let mut caps = claude();
    caps.max_output = Some(128_000);
    caps.thinking = dialects::caps::Thinking::Budget;
    caps
}

/// Strings as the one block that they stand for, what says no more than its absence left out.
fn blocks_only(body: &mut Value) {
    body.as_object_mut()
        .unwrap()
        .retain(|_, value| *value != json!(false) && *value != json!([]));
    // A count has no bound; the writer of an answer's request tells the model's.
    body.as_object_mut().unwrap().shift_remove("max_tokens");
    for message in body["messages"].as_array_mut().unwrap() {
        if let Value::String(text) = &message["content"] {
            message["content"] = json!([{"type": "text", "text": text}]);
        }
        for block in message["content"].as_array_mut().unwrap() {
            if block["is_error"] == json!(false) {
                block.as_object_mut().unwrap().shift_remove("is_error");
            }
        }
    }
}

#[test]
fn claude_codes_request_is_understood() {
    let request = read(&capture("claude-code-print"));
    assert_eq!(request.dialect, Some(Dialect::Anthropic));
    assert_eq!(request.model, "claude-opus-5-5");
    assert!(request.stream);
    // PITFALLS 100
    assert_eq!(request.system.len(), 2);
    assert!(
        request
            .system
            .iter()
            .all(|text| !text.text.starts_with("x-anthropic") && text.cache.is_some())
    );
    assert_eq!(request.reasoning.mode, Mode::Adaptive);
    assert_eq!(request.reasoning.effort, Some(Effort::Medium));
    assert_eq!(request.reasoning.show, Some(Show::Summary));
    // PITFALLS 99, 102
    assert_eq!(request.turns[1].role, Role::System);
    assert_eq!(
        request.session.as_deref(),
        Some("899de8fa-7da4-43e5-8065-3b98f2322000")
    );
    assert_eq!(request.cache_key, None);
    assert!(request.user.as_deref().is_some_and(|user| user.len() == 32));
    // Nothing in it is lost elsewhere, or every answer would carry a warning.
    let fates: Vec<_> = request
        .own
        .iter()
        .filter(|own| own.fate != Fate::Ignore)
        .collect();
    assert!(fates.is_empty(), "{fates:?}");
    let deferred = request
        .tools
        .iter()
        .find(|tool| tool.native.is_some())
        .unwrap();
    assert_eq!(deferred.kind, ToolKind::Function);
    assert!(
        deferred
            .native
            .as_ref()
            .unwrap()
            .value
            .text()
            .contains(r#""defer_loading":true"#)
    );
}

#[test]
fn fields_of_claude_code_go_to_no_compatible_server() {
    // PITFALLS 100, 103
    for name in CAPTURES {
        let request = read(&capture(name));
        let mut caps = compatible();
        caps.structured = dialects::caps::Structured::Schema;
        caps.web_search = true;
        let written = write(&request, &caps);
        let text = String::from_utf8(written.body.clone()).unwrap();
        for word in [
            "x-anthropic-billing",
            "cache_control",
            "context_management",
            "safeguards",
            "defer_loading",
            "session_id",
            "\"display\":\"",
            "\"effort\":\"",
        ] {
            assert!(!text.contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn a_billing_header_is_dropped_only_in_front() {
    // PITFALLS 100
    let header = "x-anthropic-billing-header: cc_version=1;";
    for (system, left) in [
        (
            json!([{"type": "text", "text": header}, {"type": "text", "text": "Be"}]),
            vec!["Be"],
        ),
        (
            json!([{"type": "text", "text": "Be"}, {"type": "text", "text": header}]),
            vec!["Be", header],
        ),
        (json!(format!("{header}\nBe")), vec!["Be"]),
        (json!(header), vec![]),
    ] {
        let request = read(&with(&json!({"system": system})));
        let texts: Vec<_> = request
            .system
            .iter()
            .map(|text| text.text.as_str())
            .collect();
        assert_eq!(texts, left, "{system}");
    }
}

#[test]
fn settings_are_read() {
    let request = read(&with(&json!({
        "stop_sequences": ["a"], "temperature": 0.5, "top_p": 0.9, "top_k": 3, "service_tier": "auto",
        "thinking": {"type": "enabled", "budget_tokens": 2048}, "cache_control": {"type": "ephemeral", "ttl": "1h"},
        "tool_choice": {"type": "tool", "name": "t", "disable_parallel_tool_use": true},
        "metadata": {"user_id": "u1"},
    })));
    assert_eq!(request.stop, ["a"]);
    assert_eq!(request.sampling.temperature, Some(0.5));
    assert_eq!(
        (request.sampling.top_p, request.sampling.top_k),
        (Some(0.9), Some(3))
    );
    assert_eq!(
        (request.reasoning.mode, request.reasoning.budget),
        (Mode::On, Some(2048))
    );
    assert_eq!(request.cache.unwrap().ttl.unwrap().0, "1h");
    assert_eq!(request.tool_choice, ToolChoice::Named("t".to_owned()));
    assert_eq!(request.parallel_tools, Some(false));
    assert_eq!(
        (request.user.as_deref(), request.session),
        (Some("u1"), None)
    );
}

#[test]
fn both_spellings_of_a_structured_answer_count() {
    // PITFALLS 97
    let schema = json!({"type": "json_schema", "schema": {"type": "object"}});
    for body in [
        with(&json!({"output_format": schema})),
        with(&json!({"output_config": {"format": schema}})),
    ] {
        assert!(
            matches!(read(&body).format, Format::Schema { .. }),
            "{body}"
        );
    }
}

#[test]
fn blocks_are_read() {
    let request = read(&json!({"model": "m", "messages": [
        {"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
            {"type": "document", "title": "t", "context": "c", "citations": {"enabled": true},
             "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}},
            {"type": "search_result", "source": "https://a", "title": "A", "content": [{"type": "text", "text": "found"}]},
            {"type": "container_upload", "file_id": "f"},
        ]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "EqQB"},
            {"type": "redacted_thinking", "data": "EmwK"},
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "tool_use", "id": "toolu_1", "name": "t", "input": {"b": 1, "a": 2}, "caller": {"type": "direct"}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true, "content": [
                {"type": "text", "text": "no"}, {"type": "tool_reference", "tool_name": "Grep"},
            ]},
        ]},
    ]}));
    let user = &request.turns[0].parts;
    assert!(matches!(&user[0], Part::Media(media) if media.kind == MediaKind::Image));
    assert!(
        matches!(&user[1], Part::Media(media) if media.cite && matches!(&media.source, Source::Parts(parts) if parts.len() == 1))
    );
    // What another vendor can be told in words is told in words.
    assert!(
        matches!(&user[2], Part::Media(media) if media.context.as_deref() == Some("https://a"))
    );
    assert!(matches!(&user[3], Part::Opaque { kind, .. } if kind == "container_upload"));
    let assistant = &request.turns[1].parts;
    assert!(
        matches!(&assistant[0], Part::Thinking(thinking) if thinking.seal.as_ref().is_some_and(|seal| seal.origin.is_none()))
    );
    assert!(matches!(&assistant[1], Part::Thinking(thinking) if thinking.redacted));
    assert!(matches!(&assistant[2], Part::Thinking(thinking) if thinking.seal.is_none()));
    assert!(
        matches!(&assistant[3], Part::Call(call) if call.arguments.compact() == r#"{"b":1,"a":2}"#)
    );
    let Part::Result(result) = &request.turns[2].parts[0] else {
        panic!()
    };
    assert!(result.is_error);
    assert_eq!(result.text(), "no\nTool found: Grep");
    let codec = Dialect::Anthropic.codec();
    let inner = dialects::ir::At::item(2).part(0).inner(1);
    assert_eq!(
        codec.spell(&dialects::ir::Place::Turn(inner)),
        "messages[2].content[0].content[1]"
    );
}

#[test]
fn tools_are_read_by_who_runs_them() {
    let request = read(&with(&json!({"tools": [
        {"name": "f", "input_schema": {"type": "object"}, "strict": true},
        {"type": "custom", "name": "g", "description": "d", "input_schema": {"type": "object"}, "eager_input_streaming": true},
        {"type": "bash_20250124", "name": "bash"},
        {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 10},
        {"type": "memory_20250818", "name": "memory"},
        {"type": "computer_20251124", "name": "computer", "display_width_px": 10, "display_height_px": 10},
        {"type": "web_search_20260318", "name": "web_search", "max_uses": 2, "blocked_domains": ["b"]},
        {"type": "web_fetch_20250910", "name": "web_fetch"},
        {"type": "code_execution_20250825", "name": "code_execution"},
        {"type": "computer_toolset_20260801", "name": "computer"},
        {"type": "mcp_toolset", "mcp_server_name": "s"},
    ]})));
    for (tool, is_native) in request.tools.iter().zip([
        false, true, true, true, true, true, true, true, true, true, true,
    ]) {
        assert_eq!(tool.native.is_some(), is_native, "{tool:?}");
    }
    for tool in &request.tools[..6] {
        // PITFALLS 80
        assert_eq!(tool.kind, ToolKind::Function, "{tool:?}");
        let schema = tool.schema.as_ref().unwrap().value();
        assert_eq!(schema["type"], "object", "{tool:?}");
    }
    assert!(
        request.tools[2..6]
            .iter()
            .all(|tool| tool.description.is_some())
    );
    let hosted = |tool: &dialects::ir::Tool| match &tool.kind {
        ToolKind::Hosted(hosted) => hosted.clone(),
        other => panic!("{other:?}"),
    };
    // PITFALLS 113
    assert!(
        matches!(hosted(&request.tools[6]), Hosted::WebSearch(search) if search.max_uses == Some(2) && search.blocked_domains == ["b"])
    );
    assert_eq!(hosted(&request.tools[7]), Hosted::WebFetch);
    assert_eq!(hosted(&request.tools[8]), Hosted::CodeExecution);
    assert_eq!(
        hosted(&request.tools[9]),
        Hosted::Other("computer_toolset_20260801".to_owned())
    );
    assert_eq!(
        hosted(&request.tools[10]),
        Hosted::Other("mcp_toolset".to_owned())
    );
}

#[test]
fn what_only_anthropic_has_is_refused_lost_or_ignored_elsewhere() {
    for (field, value, refused) in [
        (
            "mcp_servers",
            json!([{"type": "url", "name": "s", "url": "u"}]),
            Some(true),
        ),
        ("thread", json!({}), Some(true)),
        ("compaction", json!({}), Some(true)),
        ("container", json!("c"), Some(true)),
        ("container", json!({"skills": []}), Some(false)),
        ("speed", json!("fast"), Some(false)),
        ("safeguards", json!([]), Some(false)),
        ("fallbacks", json!([]), Some(false)),
        ("inference_geo", json!("eu"), Some(false)),
        ("something_new", json!(1), Some(false)),
        (
            "context_management",
            json!({"edits": [{"type": "compact_20260112"}]}),
            Some(false),
        ),
        (
            "context_management",
            json!({"edits": [{"type": "clear_thinking_20251015"}]}),
            None,
        ),
        ("diagnostics", json!({}), None),
    ] {
        let request = read(&with(&json!({field: value})));
        let fate = &request.own[0].fate;
        assert_eq!(request.own[0].path, field);
        let told = match fate {
            Fate::Ignore => None,
            Fate::Lose => Some(false),
            Fate::Refuse(_) => Some(true),
        };
        assert_eq!(told, refused, "{field}");
    }
    let request = read(
        &json!({"model": "m", "messages": [{"role": "user", "content": [
        {"type": "text", "text": "x", "new": 1, "cache_control": {"type": "ephemeral", "scope": "global"}}]}]}),
    );
    let own: Vec<_> = request
        .own
        .iter()
        .map(|own| (own.path.as_ref(), &own.fate))
        .collect();
    assert_eq!(
        own,
        [
            ("messages[0].content[0].new", &Fate::Lose),
            ("messages[0].content[0].cache_control.scope", &Fate::Ignore),
        ]
    );
}

#[test]
fn wrong_shapes_are_told_by_their_path() {
    for (body, path) in [
        (json!({"model": "m"}), "messages"),
        (json!({"model": "m", "messages": "hi"}), "messages"),
        (
            json!({"model": "m", "messages": [{"role": "tool", "content": ""}]}),
            "messages[0].role",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user"}]}),
            "messages[0].content",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": [{"text": "x"}]}]}),
            "messages[0].content[0].type",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}),
            "messages[0].content[0].text",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "image"}]}]}),
            "messages[0].content[0].source",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}),
            "messages[0].content[0].tool_use_id",
        ),
        (with(&json!({"thinking": {"type": "on"}})), "thinking.type"),
        (
            with(&json!({"tool_choice": {"type": "tool"}})),
            "tool_choice.name",
        ),
        (
            with(&json!({"tools": [{"input_schema": {}}]})),
            "tools[0].name",
        ),
        (
            with(&json!({"output_config": {"format": {"type": "json_schema"}}})),
            "output_config.format.schema",
        ),
        (with(&json!({"max_tokens": "many"})), "max_tokens"),
    ] {
        match try_read(&body) {
            Err(BadRequest::Misshapen(error)) => {
                assert!(error.path.starts_with(path), "{body}: {error}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn a_count_needs_neither_metadata_nor_a_bound() {
    // PITFALLS 123
    let request = read(&capture("claude-code-count-tokens"));
    assert_eq!((request.max_tokens, request.session), (None, None));
}
