//! Facts about what an answer holds.

use super::*;

fn ask() -> Ask {
    Ask {
        model: "practice-opus".to_owned(),
        user_text: "hello there".to_owned(),
        tokens: 1000,
        max_tokens: Some(1024),
        ..Ask::default()
    }
}

fn shell() -> Tool {
    Tool {
        name: "Bash".to_owned(),
        schema: json!({"type": "object", "properties": {"command": {"type": "string"}}}),
    }
}

fn answer(scenario: &str, ask: &Ask) -> Script {
    write(
        &Scenario::parse(scenario).expect("parses"),
        ask,
        "practice",
        "1",
    )
}

fn text(script: &Script) -> String {
    script
        .blocks
        .iter()
        .filter_map(|block| {
            if let Block::Text(pieces) = block {
                Some(pieces.concat())
            } else {
                None
            }
        })
        .collect()
}

#[test]
fn text_echoes_what_the_user_said() {
    let script = answer("text", &ask());
    assert_eq!(
        text(&script),
        "Practice provider here. You said: hello there"
    );
    assert_eq!(script.stop, Stop::EndTurn);
}

#[test]
fn a_named_provider_says_its_name() {
    let script = write(
        &Scenario::parse("text").expect("parses"),
        &ask(),
        "second",
        "1",
    );
    assert!(text(&script).starts_with("Practice provider second here."));
}

#[test]
fn a_tool_is_called_once_and_its_result_is_told() {
    let mut ask = Ask {
        tools: vec![
            Tool {
                name: "Read".to_owned(),
                schema: Value::Null,
            },
            shell(),
        ],
        ..ask()
    };
    let script = answer("tool", &ask);
    assert_eq!(script.stop, Stop::ToolUse);
    let Some(Block::Tool { name, input, .. }) = script.blocks.last() else {
        panic!("{:?}", script.blocks)
    };
    assert_eq!(
        (name.as_str(), input),
        ("Bash", &json!({"command": "echo practice-tool-42"}))
    );
    ask.tool_results = vec!["practice-tool-42".to_owned()];
    let script = answer("tool", &ask);
    assert_eq!(script.stop, Stop::EndTurn);
    assert!(text(&script).contains("practice-tool-42"));
}

#[test]
fn parallel_calls_have_ids_of_their_own() {
    let script = answer(
        "tools2",
        &Ask {
            tools: vec![shell()],
            ..ask()
        },
    );
    let ids: Vec<_> = script
        .blocks
        .iter()
        .filter_map(|block| {
            if let Block::Tool { id, .. } = block {
                Some(id)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_tool_of_free_text_gets_text() {
    let ask = Ask {
        tools: vec![Tool {
            name: "patch".to_owned(),
            schema: json!({"type": "string"}),
        }],
        ..ask()
    };
    for (scenario, want) in [
        ("tool", "practice"),
        ("tool;command=ls", "ls"),
        (r#"tool;args="a b""#, "a b"),
        (r#"tool;args={"input": "a b"}"#, "a b"),
        (r#"tool;args={"x": 1}"#, r#"{"x":1}"#),
    ] {
        let script = answer(scenario, &ask);
        assert!(
            matches!(script.blocks.last(), Some(Block::Tool { input, .. }) if input == want),
            "{scenario}: {:?}",
            script.blocks
        );
    }
}

#[test]
fn several_calls_and_none_at_once() {
    let tools = vec![shell()];
    let count = |scenario: &str, one_call: bool| {
        let ask = Ask {
            tools: tools.clone(),
            one_call,
            ..ask()
        };
        let blocks = answer(scenario, &ask).blocks;
        let calls = blocks
            .iter()
            .filter(|block| matches!(block, Block::Tool { .. }));
        calls.count()
    };
    assert_eq!(count("tool;parallel=3", false), 3);
    assert_eq!(count("tool;parallel=3", true), 1);
    assert_eq!(count("tools2", true), 1);
    assert_eq!(count("tool;parallel=0", false), 0);
}

#[test]
fn what_came_along_is_told() {
    let media = Media {
        images: 2,
        audio: 0,
        files: 1,
    };
    let script = answer("text", &Ask { media, ..ask() });
    assert!(text(&script).ends_with("You said: hello there (with 2 images, 1 file)"));
}

#[test]
fn without_tools_the_tool_scenario_answers_text() {
    let script = answer("tool", &ask());
    assert_eq!(script.stop, Stop::EndTurn);
    assert!(!text(&script).is_empty());
}

#[test]
fn thinking_comes_first_and_is_part_of_the_output() {
    let script = answer("thinking", &ask());
    assert!(
        matches!(script.blocks.first(), Some(Block::Thinking(_, signature)) if !signature.is_empty())
    );
    assert!(script.usage.thinking > 0 && script.usage.thinking < script.usage.output);
    assert!(matches!(
        answer(
            "text",
            &Ask {
                thinking: true,
                ..ask()
            }
        )
        .blocks[0],
        Block::Thinking(..)
    ));
}

#[test]
fn usage_splits_the_prompt_by_cache_marks_and_adds_up() {
    let sum = |ask: &Ask| {
        let usage = answer("text", ask).usage;
        (
            usage,
            usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h,
        )
    };
    let (plain, total) = sum(&ask());
    assert_eq!(
        (plain.cache_read, plain.cache_write_5m, total),
        (0, 0, 1000)
    );
    let (first, total) = sum(&Ask {
        cache: Some(CacheMark::FiveMinutes),
        ..ask()
    });
    assert_eq!(
        (first.cache_read, first.cache_write_5m, total),
        (0, 900, 1000)
    );
    let (later, total) = sum(&Ask {
        cache: Some(CacheMark::OneHour),
        continued: true,
        ..ask()
    });
    assert_eq!(
        (later.cache_read, later.cache_write_1h, total),
        (800, 100, 1000)
    );
}

#[test]
fn usage_can_be_dictated() {
    let usage = answer(
        "text;usage_in=1;usage_out=2;cache_read=3;cache_write_5m=4;cache_write_1h=5",
        &ask(),
    )
    .usage;
    let want = Usage {
        input: 1,
        output: 2,
        cache_read: 3,
        cache_write_5m: 4,
        cache_write_1h: 5,
        thinking: 0,
    };
    assert_eq!(usage, want);
    let thoughts = answer("thinking;usage_out=2", &ask()).usage;
    assert_eq!((thoughts.output, thoughts.thinking), (2, 2));
}

#[test]
fn an_answer_over_the_output_limit_is_cut_there() {
    let script = answer(
        "text",
        &Ask {
            max_tokens: Some(2),
            ..ask()
        },
    );
    assert_eq!(
        (text(&script).as_str(), script.stop, script.usage.output),
        ("Practice", Stop::MaxTokens, 2)
    );
}

#[test]
fn a_schema_gets_an_answer_that_fits_it() {
    let schema = json!({"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}});
    assert_eq!(
        text(&answer(
            "text",
            &Ask {
                schema: Some(schema),
                ..ask()
            }
        )),
        r#"{"title":"practice"}"#
    );
}

#[test]
fn pieces_join_to_the_text_and_keep_characters_whole() {
    let text = "grüße 🚂 an alle";
    for count in 1..40 {
        let parts = pieces(text, count);
        assert_eq!(parts.concat(), text);
        assert!(parts.len() <= count);
        assert!(parts.iter().all(|part| !part.is_empty()));
    }
    assert_eq!(pieces("", 3), [""]);
}

#[test]
fn the_number_of_deltas_can_be_asked_for() {
    let script = answer("text;deltas=5", &ask());
    assert!(matches!(&script.blocks[0], Block::Text(pieces) if pieces.len() == 5));
    let long = answer(
        "long",
        &Ask {
            max_tokens: Some(100_000),
            ..ask()
        },
    );
    assert!(matches!(&long.blocks[0], Block::Text(pieces) if pieces.len() == 200));
}

#[test]
fn an_answer_that_the_client_began_is_gone_on_with() {
    let table = [
        ("Practice provider here.", " You said: hello there"),
        ("Practice provider first here. You sa", "id: hello there"),
        ("Practice provider here. You said: hello there", ""),
    ];
    for (begun, expected) in table {
        let ask = Ask {
            begun: Some(begun.to_owned()),
            ..ask()
        };
        assert_eq!(text(&answer("text", &ask)), expected, "{begun:?}");
    }
}
