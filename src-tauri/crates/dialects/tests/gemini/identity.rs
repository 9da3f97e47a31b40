//! What Gemini can say is the same after it was written and read again.

use dialects::{
    Dialect, PathFacts,
    ir::{
        At, Call, Effort, Format, Media, MediaKind, Mode, Part, Reasoning, Request, Role, Sampling,
        Show, Source, Text, Tool, ToolChoice, Turn,
    },
    json::Json,
};
use proptest::prelude::*;

use super::{codec, lost, origin, say, second, target, third};

fn words() -> impl Strategy<Value = String> {
    "[ -~äß日\u{2028}\n\"\\\\]{1,12}"
}

fn user_part() -> impl Strategy<Value = Part> {
    let image = "[A-Za-z0-9+/]{4}".prop_map(|data| {
        Part::Media(Media {
            kind: MediaKind::Image,
            source: Source::Base64 {
                mime: "image/png".to_owned(),
                data,
            },
            title: None,
            context: None,
            detail: None,
            cite: false,
            cache: None,
            at: At::default(),
        })
    });
    prop_oneof![3 => words().prop_map(|text| say::text(&text)), 1 => image]
}

/// What a call is answered with; `None` for a turn without calls.
fn model_part() -> impl Strategy<Value = (Part, Option<(String, bool)>)> {
    let call =
        (0..3_u8, "[a-z]{1,6}", words(), any::<bool>()).prop_map(|(tool, key, words, is_error)| {
            let arguments = Json::of(&serde_json::Map::from_iter([(key, words.as_str().into())]));
            let call = Call {
                id: String::new(),
                name: format!("tool_{tool}"),
                arguments,
                kind: dialects::ir::CallKind::Function,
                seal: None,
                cache: None,
                at: At::default(),
            };
            (Part::Call(call), Some((words, is_error)))
        });
    prop_oneof![words().prop_map(|text| (say::text(&text), None)), call]
}

/// Turns of user and model by turns, in which every call is answered and the first call of each carries its seal.
fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let exchange = (
        prop::collection::vec(user_part(), 1..3),
        prop::collection::vec(model_part(), 1..4),
    );
    prop::collection::vec(exchange, 1..4).prop_map(|exchanges| {
        let mut turns: Vec<Turn> = Vec::new();
        let mut made = 0;
        for (user, model) in exchanges {
            turns.push(say::turn(Role::User, user));
            let (mut parts, mut results) = (Vec::new(), Vec::new());
            for (mut part, answer) in model {
                if let (Part::Call(call), Some((words, is_error))) = (&mut part, answer) {
                    made += 1;
                    call.id = format!("id_{made}");
                    call.seal = results
                        .is_empty()
                        .then(|| say::seal(&format!("seal{made}")));
                    let Part::Result(mut result) = say::result(&call.id, &words) else {
                        continue;
                    };
                    result.name = Some(call.name.clone());
                    result.is_error = is_error;
                    results.push(Part::Result(result));
                }
                parts.push(part);
            }
            turns.push(say::turn(Role::Assistant, parts));
            if !results.is_empty() {
                turns.push(say::turn(Role::User, results));
                turns.push(say::turn(Role::Assistant, vec![say::text("and so on")]));
            }
        }
        turns.push(say::turn(Role::User, vec![say::text("go on")]));
        turns
    })
}

fn settings() -> impl Strategy<Value = Request> {
    let sampling = (
        prop::option::of(0..=20_u8),
        prop::option::of(1..=40_u64),
        prop::option::of(any::<i32>()),
    );
    let reasoning = prop_oneof![
        Just(Reasoning::default()),
        Just(Reasoning {
            mode: Mode::On,
            effort: Some(Effort::High),
            budget: None,
            show: Some(Show::Summary)
        }),
        Just(Reasoning {
            mode: Mode::Unset,
            effort: None,
            budget: None,
            show: Some(Show::None)
        }),
    ];
    let format = prop_oneof![
        Just(Format::Text),
        Just(Format::Json),
        Just(Format::Schema {
            name: None,
            description: None,
            schema: Json::parse(r#"{"type":"object"}"#).unwrap(),
            strict: None
        }),
    ];
    let choice = prop_oneof![
        Just(ToolChoice::Unset),
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Any),
        Just(ToolChoice::Named("tool_1".to_owned())),
    ];
    let system = prop::collection::vec(words(), 0..3);
    let stop = prop::collection::vec(words(), 0..5);
    let numbers = (prop::option::of(1..1000_u64), stop, system);
    (sampling, reasoning, format, choice, numbers).prop_map(
        |(
            (temperature, top_k, seed),
            reasoning,
            format,
            tool_choice,
            (max_tokens, stop, system),
        )| Request {
            dialect: Some(Dialect::Gemini),
            model: origin().model,
            system: system
                .iter()
                .map(|text| Text::plain(text.as_str()))
                .collect(),
            tools: (0..3)
                .map(|number| Tool {
                    at: number + 1,
                    ..say::tool(
                        &format!("tool_{number}"),
                        r#"{"type":"object","properties":{"title":{"type":"string"}}}"#,
                    )
                })
                .collect(),
            sampling: Sampling {
                temperature: temperature.map(|tenths| f64::from(tenths) / 10.0),
                top_k,
                seed: seed.map(i64::from),
                ..Sampling::default()
            },
            tool_choice,
            max_tokens,
            stop,
            reasoning,
            format,
            ..Request::default()
        },
    )
}

fn again(request: &Request, caps: &dialects::caps::Caps) -> Request {
    let written = codec()
        .write_request(request, &target(caps, false))
        .unwrap();
    assert!(lost(&written).is_empty(), "{:?}", written.losses);
    let path = PathFacts {
        model: Some(&request.model),
        stream: Some(request.stream),
    };
    codec().read_request(&written.body, path).unwrap()
}

proptest! {
    #[test]
    fn writing_and_reading_changes_nothing(settings in settings(), turns in turns()) {
        let request = Request { turns, ..settings };
        // A client of Gemini presents seals as they are, so nobody knows who made them.
        let mut known = request.clone();
        for part in known.turns.iter_mut().flat_map(|turn| &mut turn.parts) {
            if let Part::Call(call) = part
                && let Some(seal) = &mut call.seal
            {
                seal.origin = None;
            }
        }
        prop_assert_eq!(again(&request, &third()), known);
    }

    #[test]
    fn before_gemini_3_only_ids_and_seals_are_made_anew(turns in turns()) {
        let request = Request { dialect: Some(Dialect::Gemini), model: origin().model, turns, ..Request::default() };
        let back = again(&request, &second());
        prop_assert_eq!(&again(&back, &second()), &back);
        let mut renamed = request.clone();
        let ids = back.parts().filter_map(|part| match part {
            Part::Call(call) => Some(call.id.clone()),
            _ => None,
        });
        let ids: Vec<_> = ids.collect();
        for part in renamed.turns.iter_mut().flat_map(|turn| &mut turn.parts) {
            let new = |id: &str| ids[id.trim_start_matches("id_").parse::<usize>().unwrap() - 1].clone();
            match part {
                Part::Call(call) => (call.id, call.seal) = (new(&call.id), None),
                Part::Result(result) => result.call_id = new(&result.call_id),
                _ => {}
            }
        }
        prop_assert_eq!(back, renamed);
    }
}
