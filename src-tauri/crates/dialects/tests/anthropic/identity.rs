//! A request that Messages can say is the same when it was written and read again.

use crate::support::{body, claude, lost, read, write};
use dialects::{
    Dialect,
    caps::{Caps, Thinking as Switch},
    ir::{
        At, CacheMark, Call, Effort, Format, Media, MediaKind, Mode, Part, Reasoning, Request,
        Role, Seal, Show, Source, Text, Thinking, Tool, ToolChoice, ToolKind, ToolResult, Ttl,
        Turn,
    },
    json::Json,
};
use proptest::prelude::*;
use serde_json::json;

fn word() -> BoxedStrategy<String> {
    "[a-zA-Z][a-zA-Z \"\\\\\né€😀]{0,11}[a-z]".boxed()
}

fn mark() -> BoxedStrategy<Option<CacheMark>> {
    let ttl = prop_oneof![
        Just(None),
        Just(Some(Ttl("5m".into()))),
        Just(Some(Ttl("1h".into())))
    ];
    prop::option::weighted(0.2, ttl.prop_map(|ttl| CacheMark { ttl })).boxed()
}

fn text() -> BoxedStrategy<Text> {
    (word(), mark())
        .prop_map(|(text, cache)| Text {
            cache,
            ..Text::plain(text)
        })
        .boxed()
}

fn media() -> BoxedStrategy<Part> {
    let base64 = |mime: &'static str| Source::Base64 {
        mime: mime.to_owned(),
        data: "aGk=".to_owned(),
    };
    let kinds = prop_oneof![
        Just((MediaKind::Image, base64("image/png"))),
        Just((MediaKind::Image, base64("image/webp"))),
        Just((
            MediaKind::Image,
            Source::Url {
                url: "https://a/b".to_owned(),
                mime: None
            }
        )),
        Just((
            MediaKind::Image,
            Source::File {
                dialect: Dialect::Anthropic,
                id: "file_1".to_owned(),
                mime: None
            }
        )),
        Just((MediaKind::Document, base64("application/pdf"))),
        Just((MediaKind::Document, Source::Text("x".to_owned()))),
        Just((
            MediaKind::Document,
            Source::Parts(vec![Part::Text(Text::plain("x"))])
        )),
    ];
    (kinds, prop::option::of(word()), any::<bool>(), mark())
        .prop_map(|((kind, source), title, cite, cache)| {
            let document = kind == MediaKind::Document;
            Part::Media(Media {
                kind,
                source,
                title: title.clone().filter(|_| document),
                context: title.filter(|_| document && cite),
                detail: None,
                cite: cite && document,
                cache,
                at: At::default(),
            })
        })
        .boxed()
}

fn thought() -> BoxedStrategy<Part> {
    ("[a-z]{0,5}", any::<bool>())
        .prop_map(|(text, redacted)| {
            Part::Thinking(Thinking {
                text: if redacted { String::new() } else { text },
                seal: Some(Seal::presented(Dialect::Anthropic, "EqQBCg")),
                redacted,
                at: At::default(),
            })
        })
        .boxed()
}

fn opaque() -> BoxedStrategy<Part> {
    let value =
        r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"q"}}"#;
    Just(Part::Opaque {
        dialect: Dialect::Anthropic,
        kind: "server_tool_use".to_owned(),
        value: Json::parse(value).unwrap(),
        at: At::default(),
    })
    .boxed()
}

/// What a tool gave back, and whether it failed; `None` for none.
type GivenBack = Option<(Vec<Part>, bool)>;

/// What the assistant says, with how many calls, and what the user gives back.
fn exchange() -> BoxedStrategy<(Vec<Part>, Vec<GivenBack>, Vec<Part>)> {
    let said = prop_oneof![text().prop_map(Part::Text), thought(), opaque()];
    let shown = || prop_oneof![text().prop_map(Part::Text), media()];
    let result = prop::option::of((prop::collection::vec(shown(), 0..3), any::<bool>()));
    (
        prop::collection::vec(said, 1..4),
        prop::collection::vec(result, 0..3),
        prop::collection::vec(shown(), 1..3),
    )
        .boxed()
}

fn turns() -> BoxedStrategy<Vec<Turn>> {
    let shown = prop_oneof![text().prop_map(Part::Text), media()];
    let first = prop::collection::vec(shown, 1..3);
    (
        first,
        prop::collection::vec((exchange(), any::<bool>()), 0..4),
    )
        .prop_map(|(first, exchanges)| {
            let turn = |role, parts| Turn {
                role,
                parts,
                name: None,
                at: At::default(),
            };
            let mut turns = vec![turn(Role::User, first)];
            let mut number = 0;
            for ((mut said, results, shown), instructed) in exchanges {
                if instructed {
                    turns.push(turn(
                        Role::System,
                        vec![Part::Text(Text::plain("be brief"))],
                    ));
                }
                let mut answers = Vec::new();
                for result in results {
                    number += 1;
                    let id = format!("toolu_{number}");
                    said.push(Part::Call(Call {
                        id: id.clone(),
                        name: "run".to_owned(),
                        arguments: Json::parse(format!(r#"{{"z":{number}.5,"a":[]}}"#)).unwrap(),
                        kind: dialects::ir::CallKind::Function,
                        seal: None,
                        cache: None,
                        at: At::default(),
                    }));
                    let (parts, is_error) = result.unwrap_or_default();
                    answers.push(Part::Result(ToolResult {
                        call_id: id,
                        name: None,
                        parts,
                        is_error,
                        cache: None,
                        at: At::default(),
                    }));
                }
                turns.push(turn(Role::Assistant, said));
                turns.push(turn(Role::User, answers.into_iter().chain(shown).collect()));
            }
            turns
        })
        .boxed()
}

fn tool() -> BoxedStrategy<Tool> {
    (
        "[a-z_]{1,10}",
        prop::option::of(word()),
        prop::option::of(Just(false)),
        mark(),
        any::<u32>(),
    )
        .prop_map(|(name, description, strict, cache, salt)| Tool {
            name: format!("{name}{salt}"),
            kind: ToolKind::Function,
            description,
            schema: Some(
                Json::parse(r#"{"type":"object","properties":{"z":{"type":"string"},"a":{}}}"#)
                    .unwrap(),
            ),
            strict,
            namespace: None,
            native: None,
            cache,
            at: 0,
        })
        .boxed()
}

fn reasoning() -> BoxedStrategy<Reasoning> {
    let show = prop_oneof![
        Just(None),
        Just(Some(Show::None)),
        Just(Some(Show::Summary))
    ];
    let effort = prop::option::of(prop::sample::select(Effort::ALL[1..].to_vec()));
    let plain = |mode| Reasoning {
        mode,
        ..Reasoning::default()
    };
    prop_oneof![
        Just(Reasoning::default()),
        Just(plain(Mode::Off)),
        Just(plain(Mode::BetweenTools)),
        effort.clone().prop_map(|effort| Reasoning {
            effort,
            ..Reasoning::default()
        }),
        (effort, show).prop_map(|(effort, show)| Reasoning {
            mode: Mode::Adaptive,
            effort,
            budget: None,
            show
        }),
        (1024_u64..4000).prop_map(move |budget| Reasoning {
            mode: Mode::On,
            effort: None,
            budget: Some(budget),
            show: None
        }),
    ]
    .boxed()
}

/// A model that takes everything that the dialect has.
fn everything() -> Caps {
    let mut caps = claude();
    caps.thinking = Switch::Budget;
    caps.messages.between_tools = true;
    caps
}

fn request() -> BoxedStrategy<Request> {
    let settings = (
        reasoning(),
        prop::option::of(word()),
        any::<bool>(),
        prop::option::of(prop::sample::select(vec!["auto", "standard_only"])),
    );
    let format = prop_oneof![
        Just(Format::Text),
        Just(Format::Schema {
            name: None,
            description: None,
            schema: Json::parse(
                r#"{"type":"object","properties":{"a":{}},"additionalProperties":false}"#
            )
            .unwrap(),
            strict: None,
        })
    ];
    (
        prop::collection::vec(text(), 0..3),
        turns(),
        prop::collection::vec(tool(), 0..3),
        settings,
        format,
        mark(),
    )
        .prop_map(
            |(system, turns, tools, (reasoning, user, stream, tier), format, cache)| {
                let loops = turns.iter().rev().take(1).any(|turn| {
                    turn.parts
                        .iter()
                        .any(|part| matches!(part, Part::Result(_)))
                });
                let choice = match (tools.first(), stream) {
                    (None, _) => ToolChoice::Unset,
                    (Some(_), true) => ToolChoice::Auto,
                    (Some(tool), false) if reasoning.mode != Mode::On => {
                        ToolChoice::Named(tool.name.clone())
                    }
                    _ => ToolChoice::None,
                };
                let tools = tools.into_iter().enumerate().map(|(at, tool)| Tool {
                    at: at as u32,
                    ..tool
                });
                Request {
                    dialect: Some(Dialect::Anthropic),
                    model: "claude-test-5".to_owned(),
                    stream,
                    stream_usage: true,
                    system,
                    turns,
                    parallel_tools: (choice == ToolChoice::Auto).then_some(false),
                    tools: tools.collect(),
                    tool_choice: choice,
                    max_tokens: Some(5000),
                    stop: user.clone().into_iter().collect(),
                    // Manual thinking cannot go on behind results that no signed thinking led to.
                    reasoning: if loops && reasoning.mode == Mode::On {
                        Reasoning::default()
                    } else {
                        reasoning
                    },
                    format,
                    cache,
                    user,
                    tier: tier.map(str::to_owned),
                    ..Request::default()
                }
            },
        )
        .boxed()
}

proptest! {
    #[test]
    fn what_is_written_reads_as_it_was(request in request()) {
        let written = write(&request, &everything());
        prop_assert_eq!(lost(&written), Vec::<String>::new());
        prop_assert_eq!(read(&body(&written)), request);
    }
}

#[test]
fn fields_of_anthropics_own_survive_wherever_they_stand() {
    let sent = json!({
        "model": "m", "max_tokens": 5000,
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "scope": "global"}}],
        "messages": [
            {"role": "user", "content": [
                {"type": "search_result", "source": "https://a", "title": "A", "content": [{"type": "text", "text": "x"}], "citations": {"enabled": true}},
                {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral", "ttl": "1h", "scope": "user"}, "new": [1.5]},
            ]},
            {"role": "system", "content": [], "output_config": {"effort": "low"}},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "toolu_1", "name": "ToolSearch", "input": {}, "caller": {"type": "direct"}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "tool_reference", "tool_name": "Grep"}]},
                {"type": "container_upload", "file_id": "f"},
            ]},
        ],
        "tools": [
            {"name": "Grep", "input_schema": {"type": "object"}, "defer_loading": true, "cache_control": {"type": "ephemeral", "scope": "x"}},
            {"type": "web_search_20260318", "name": "web_search", "max_uses": 3, "response_inclusion": "x"},
        ],
        "thinking": {"type": "adaptive", "display": "updates"},
        "output_config": {"effort": "high", "task_budget": {"type": "tokens", "total": 9}},
        "metadata": {"user_id": "{\"session_id\":\"s\"}", "more": 1},
        "context_management": {"edits": []},
        "mcp_servers": [{"type": "url", "name": "n", "url": "https://a"}],
        "something_new": {"b": 1, "a": 2},
    });
    let written = write(&read(&sent), &everything());
    assert_eq!(lost(&written), Vec::<String>::new());
    assert_eq!(body(&written), sent);
    assert_eq!(read(&body(&written)), read(&sent));
}
