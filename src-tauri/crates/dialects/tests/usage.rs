//! What each dialect's tokens come to in the common form: which totals include what, in whole answers, in streams and in
//! streams that break off.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use dialects::{Dialect, Service, Usage, ir::Origin};

/// Uncached, read, written for 5 minutes, for an hour, output, of which thought.
const fn tokens(counts: [u64; 6], service: Option<Service>) -> Usage {
    let [input, read, short, long, output, reasoning] = counts;
    Usage {
        input,
        output,
        cache_read: read,
        cache_write_5m: short,
        cache_write_1h: long,
        reasoning,
        estimated: false,
        service,
    }
}

/// An answer of a dialect that tells this, whole.
fn whole(dialect: Dialect, usage: &str, beside: &str) -> String {
    match dialect {
        Dialect::Anthropic => format!(
            r#"{{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{{"type":"text","text":"hi"}}],
            "stop_reason":"end_turn"{beside},"usage":{usage}}}"#
        ),
        Dialect::OpenaiChat => format!(
            r#"{{"id":"c","object":"chat.completion","model":"m","choices":[{{"index":0,"message":{{"role":"assistant",
            "content":"hi"}},"finish_reason":"stop"}}]{beside},"usage":{usage}}}"#
        ),
        Dialect::OpenaiResponses => format!(
            r#"{{"id":"resp_1","object":"response","status":"completed","model":"m","output":[{{"type":"message","id":"i",
            "role":"assistant","content":[{{"type":"output_text","text":"hi","annotations":[]}}]}}]{beside},"usage":{usage}}}"#
        ),
        Dialect::Gemini => format!(
            r#"{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":"hi"}}]}},"finishReason":"STOP"}}],
            "modelVersion":"m"{beside},"usageMetadata":{usage}}}"#
        ),
        Dialect::Ollama => format!(
            r#"{{"model":"m","message":{{"role":"assistant","content":"hi"}},"done":true,"done_reason":"stop",{}}}"#,
            usage.trim_matches(['{', '}'])
        ),
    }
}

const TOLD: &[(&str, Dialect, &str, &str, Usage)] = &[
    (
        "the prompt beside its cached parts; thinking inside the output",
        Dialect::Anthropic,
        r#"{"input_tokens":3,"cache_read_input_tokens":5,"cache_creation_input_tokens":7,
           "cache_creation":{"ephemeral_5m_input_tokens":1,"ephemeral_1h_input_tokens":6},
           "output_tokens":9,"output_tokens_details":{"thinking_tokens":4},"service_tier":"standard"}"#,
        "",
        tokens([3, 5, 1, 6, 9, 4], None),
    ),
    (
        "what was written without a split is for five minutes",
        Dialect::Anthropic,
        r#"{"input_tokens":3,"cache_read_input_tokens":null,"cache_creation_input_tokens":7,"output_tokens":9,
           "service_tier":"batch"}"#,
        "",
        tokens([3, 0, 7, 0, 9, 0], Some(Service::Batch)),
    ),
    (
        "speed says more than the tier",
        Dialect::Anthropic,
        r#"{"input_tokens":3,"output_tokens":9,"service_tier":"standard","speed":"fast"}"#,
        "",
        tokens([3, 0, 0, 0, 9, 0], Some(Service::Fast)),
    ),
    (
        "the prompt includes what was cached, the completion what was thought",
        Dialect::OpenaiChat,
        r#"{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,
           "prompt_tokens_details":{"cached_tokens":5,"cache_write_tokens":2},"completion_tokens_details":{"reasoning_tokens":4}}"#,
        r#","service_tier":"default""#,
        tokens([13, 5, 2, 0, 9, 4], None),
    ),
    (
        "DeepSeek's names",
        Dialect::OpenaiChat,
        r#"{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,"prompt_cache_hit_tokens":12,"prompt_cache_miss_tokens":8}"#,
        "",
        tokens([8, 12, 0, 0, 9, 0], None),
    ),
    (
        "Kimi's name, and a tier",
        Dialect::OpenaiChat,
        r#"{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,"cached_tokens":12}"#,
        r#","service_tier":"flex""#,
        tokens([8, 12, 0, 0, 9, 0], Some(Service::Flex)),
    ),
    (
        "thinking that is counted beside the completion, as the total shows",
        Dialect::OpenaiChat,
        r#"{"prompt_tokens":20,"completion_tokens":5,"total_tokens":29,"completion_tokens_details":{"reasoning_tokens":4}}"#,
        r#","service_tier":null"#,
        tokens([20, 0, 0, 0, 9, 4], None),
    ),
    (
        "the input includes what was read and written, for half a day too",
        Dialect::OpenaiResponses,
        r#"{"input_tokens":20,"input_tokens_details":{"cached_tokens":5,"cache_write_tokens":4,
           "cache_write_tokens_details":{"ttl_12h_tokens":3}},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":4},
           "total_tokens":29}"#,
        r#","service_tier":"priority""#,
        tokens([11, 5, 1, 3, 9, 4], Some(Service::Priority)),
    ),
    (
        "thoughts are beside the candidates, tools' prompts beside the prompt",
        Dialect::Gemini,
        r#"{"promptTokenCount":20,"cachedContentTokenCount":5,"toolUsePromptTokenCount":2,"candidatesTokenCount":5,
           "thoughtsTokenCount":4,"totalTokenCount":31,"trafficType":"ON_DEMAND_FLEX"}"#,
        "",
        tokens([17, 5, 0, 0, 9, 4], Some(Service::Flex)),
    ),
    (
        "thoughts among the candidates, as the total shows",
        Dialect::Gemini,
        r#"{"promptTokenCount":20,"candidatesTokenCount":9,"thoughtsTokenCount":4,"totalTokenCount":29,
           "trafficType":"ON_DEMAND"}"#,
        "",
        tokens([20, 0, 0, 0, 9, 4], None),
    ),
    (
        "counts of its own",
        Dialect::Ollama,
        r#"{"prompt_eval_count":20,"eval_count":9}"#,
        "",
        tokens([20, 0, 0, 0, 9, 0], None),
    ),
];

#[test]
fn tokens_are_counted_as_each_vendor_means_them() {
    for (what, dialect, usage, beside, expected) in TOLD {
        let body = whole(*dialect, usage, beside);
        let read = dialect
            .codec()
            .read_answer(body.as_bytes(), &Origin::default());
        assert_eq!(read.unwrap().usage, Some(*expected), "{what}");
    }
}

/// Name and data.
type Frames = &'static [(&'static str, &'static str)];

/// Frames of a stream in which tokens were told before it broke off.
const BROKEN: &[(Dialect, Frames, Usage)] = &[
    (
        Dialect::Anthropic,
        &[
            (
                "message_start",
                r#"{"type":"message_start","message":{"id":"m","role":"assistant","model":"m","content":[],
                "usage":{"input_tokens":20,"output_tokens":1,"service_tier":"batch"}}}"#,
            ),
            (
                "message_delta",
                r#"{"type":"message_delta","delta":{},"usage":{"output_tokens":9}}"#,
            ),
            (
                "error",
                r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#,
            ),
        ],
        tokens([20, 0, 0, 0, 9, 0], Some(Service::Batch)),
    ),
    (
        Dialect::OpenaiChat,
        &[
            (
                "",
                r#"{"id":"c","model":"m","service_tier":"flex","choices":[{"index":0,"delta":{"content":"hi"}}]}"#,
            ),
            (
                "",
                r#"{"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":9}}"#,
            ),
            ("", r#"{"error":{"message":"x","code":502}}"#),
        ],
        tokens([20, 0, 0, 0, 9, 0], Some(Service::Flex)),
    ),
    (
        Dialect::OpenaiResponses,
        &[(
            "response.failed",
            r#"{"type":"response.failed","response":{"id":"r","model":"m","status":"failed","service_tier":"fast",
            "error":{"code":"server_error","message":"x"},"usage":{"input_tokens":20,"output_tokens":9}}}"#,
        )],
        tokens([20, 0, 0, 0, 9, 0], Some(Service::Fast)),
    ),
    (
        Dialect::Gemini,
        &[
            (
                "",
                r#"{"candidates":[{"content":{"parts":[{"text":"h"}]}}],"usageMetadata":{"promptTokenCount":20,"candidatesTokenCount":1}}"#,
            ),
            (
                "",
                r#"{"candidates":[{"content":{"parts":[{"text":"i"}]}}],"usageMetadata":{"promptTokenCount":20,"candidatesTokenCount":9}}"#,
            ),
            (
                "",
                r#"{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}"#,
            ),
        ],
        tokens([20, 0, 0, 0, 9, 0], None),
    ),
];

#[test]
fn a_stream_that_breaks_off_has_told_its_tokens() {
    for (dialect, frames, expected) in BROKEN {
        for broken_at in [frames.len() - 1, frames.len()] {
            let mut reader = dialect.codec().stream_reader(&Origin::default());
            let mut events = Vec::new();
            for (name, data) in &frames[..broken_at] {
                let name = (!name.is_empty()).then_some(name.as_bytes());
                reader.read(name, data.as_bytes(), &mut events).unwrap();
            }
            let told = reader.usage();
            let expected = (broken_at > 0).then_some(*expected);
            assert_eq!(told, expected, "{dialect:?}, {broken_at} of {frames:?}");
        }
    }
}

#[test]
fn words_of_vendors_for_ways_of_serving() {
    for (word, service) in [
        ("batch", Some(Service::Batch)),
        ("ON_DEMAND_PRIORITY", Some(Service::Priority)),
        ("ultrafast", Some(Service::Ultrafast)),
        ("default", None),
        ("standard", None),
        ("auto", None),
        ("scale", None),
        ("PROVISIONED_THROUGHPUT", None),
        ("", None),
    ] {
        assert_eq!(Service::read(word), service, "{word}");
        let again = service.map(|service| Service::read(service.as_str()));
        assert_eq!(again.unwrap_or_default(), service);
    }
}
