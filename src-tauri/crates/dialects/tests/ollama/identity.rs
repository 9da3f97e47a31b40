//! What Ollama can say is the same after it was written and read again.

use dialects::{
    Dialect, PathFacts,
    ir::{Format, Mode, Part, Reasoning, Request, Role, Sampling, Text, Thinking, Turn},
    json::Json,
};
use proptest::prelude::*;

use super::{call, caps, codec, result, target, text, turn};

fn words() -> impl Strategy<Value = String> {
    "[ -~äß日\u{2028}\n\"\\\\]{1,12}"
}

fn exchange() -> impl Strategy<Value = Vec<Turn>> {
    (
        words(),
        prop::option::of(words()),
        words(),
        prop::collection::vec(words(), 0..3),
    )
        .prop_map(|(asked, thought, said, results)| {
            let mut answer = Vec::new();
            answer.extend(thought.map(|text| {
                Part::Thinking(Thinking {
                    text,
                    ..Thinking::default()
                })
            }));
            answer.push(text(&said));
            let mut turns = vec![turn(Role::User, vec![text(&asked)])];
            // Ids are set once all exchanges stand in a row.
            answer.extend(results.iter().map(|_| call("", "f")));
            turns.push(turn(Role::Assistant, answer));
            turns.extend(
                results
                    .iter()
                    .map(|words| turn(Role::User, vec![Part::Result(result("", words))])),
            );
            turns
        })
}

fn numbered(mut turns: Vec<Turn>) -> Vec<Turn> {
    let (mut called, mut answered) = (0, 0);
    for part in turns.iter_mut().flat_map(|turn| &mut turn.parts) {
        match part {
            Part::Call(call) => {
                called += 1;
                call.id = format!("id_{called}");
            }
            Part::Result(result) => {
                answered += 1;
                result.call_id = format!("id_{answered}");
                result.name = Some("f".to_owned());
            }
            _ => {}
        }
    }
    turns
}

proptest! {
    #[test]
    fn writing_and_reading_changes_nothing(
        exchanges in prop::collection::vec(exchange(), 1..4),
        system in prop::option::of(words()),
        (temperature, top_k, seed) in (prop::option::of(0..=20_u8), prop::option::of(1..=40_u64), prop::option::of(any::<i32>())),
        (max_tokens, stop) in (prop::option::of(1..1000_u64), prop::collection::vec(words(), 0..4)),
        thinks in prop::option::of(any::<bool>()),
        form in 0..3_u8,
        stream: bool,
    ) {
        let request = Request {
            dialect: Some(Dialect::Ollama),
            model: "qwen3".to_owned(),
            stream,
            system: system.map(Text::plain).into_iter().collect(),
            turns: numbered(exchanges.concat()),
            sampling: Sampling { temperature: temperature.map(|tenths| f64::from(tenths) / 10.0), top_k, seed: seed.map(i64::from), ..Sampling::default() },
            max_tokens,
            stop,
            reasoning: Reasoning { mode: thinks.map_or(Mode::Unset, |on| if on { Mode::On } else { Mode::Off }), ..Reasoning::default() },
            format: match form {
                0 => Format::Text,
                1 => Format::Json,
                _ => Format::Schema { name: None, description: None, schema: Json::parse(r#"{"type":"object"}"#).unwrap(), strict: None },
            },
            ..Request::default()
        };
        let caps = caps();
        let written = codec().write_request(&request, &target(&caps, false)).unwrap();
        prop_assert!(written.losses.is_empty(), "{:?}", written.losses);
        let mut back = codec().read_request(&written.body, PathFacts::default()).unwrap();
        // The context that was asked for is all that is new.
        let own: Vec<_> = back.own.drain(..).map(|own| own.path.into_owned()).collect();
        prop_assert_eq!(own, ["options.num_ctx"]);
        prop_assert_eq!(back, request);
    }
}
