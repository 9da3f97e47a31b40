//! Whole answers: read from a provider, written for a client.

use serde::{Deserialize, Serialize};

use super::{
    failure,
    tools_out::is_plain,
    usage::{Told, WireUsage},
    wire::Block,
    wire_out::{Block as BlockOut, Said, With},
};
use crate::{
    Dialect, Reply, Unreadable, Usage, ids,
    ir::{Answer, At, Call, CallKind, Malformed, Media, Origin, Part, Seal, Stop, Text, Thinking},
    json::Json,
};

/// Why an answer ended, on the wire.
#[derive(Debug, Default, Deserialize)]
pub(super) struct StopWire {
    #[serde(default, rename = "stop_reason")]
    pub(super) reason: Option<String>,
    #[serde(default, rename = "stop_sequence")]
    pub(super) sequence: Option<String>,
    #[serde(default, rename = "stop_details")]
    pub(super) details: Option<Details>,
}

/// What a refusal says of itself.
#[derive(Debug, Deserialize)]
pub(super) struct Details {
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    explanation: Option<String>,
}

impl StopWire {
    /// The reason, if one was told. Unknown reasons are ordinary ends.
    pub(super) fn read(self) -> Option<Stop> {
        Some(match self.reason?.as_str() {
            "stop_sequence" => Stop::Sequence(self.sequence),
            "tool_use" => Stop::ToolUse,
            "max_tokens" => Stop::MaxTokens,
            "model_context_window_exceeded" => Stop::ContextFull,
            "pause_turn" => Stop::Pause,
            "refusal" => {
                let (category, explanation) = self
                    .details
                    .map(|details| (details.category, details.explanation))
                    .unwrap_or_default();
                Stop::Refusal {
                    category,
                    explanation,
                }
            }
            _ => Stop::End,
        })
    }
}

/// Reads a whole answer; an error under a good status is one all the same.
pub(super) fn read(body: &[u8], origin: &Origin) -> Result<Answer, Unreadable> {
    #[derive(Deserialize)]
    struct Message {
        id: Option<String>,
        model: Option<String>,
        content: Option<Vec<Block>>,
        stop_reason: Option<String>,
        stop_sequence: Option<String>,
        stop_details: Option<Details>,
        usage: Option<WireUsage>,
    }
    if let Some(failure) = failure::within(body) {
        return Err(Unreadable::Failure(failure));
    }
    let malformed = |why: String| Unreadable::Malformed(Malformed(why));
    let message: Message = serde_json::from_slice(body)
        .map_err(|error| malformed(format!("the answer is no Messages answer: {error}")))?;
    let Some(content) = message.content else {
        return Err(malformed("the answer has no content".to_owned()));
    };
    let parts: Vec<Part> = content
        .into_iter()
        .filter_map(|block| part(block, origin))
        .collect();
    let has_calls = parts.iter().any(|part| matches!(part, Part::Call(_)));
    let stop = StopWire {
        reason: message.stop_reason,
        sequence: message.stop_sequence,
        details: message.stop_details,
    };
    Ok(Answer {
        id: message.id,
        model: message.model,
        parts,
        stop: stop.read().unwrap_or_default().with_calls(has_calls),
        usage: message.usage.map(|told| {
            let mut usage = Usage::default();
            told.merge_into(&mut usage);
            usage
        }),
    })
}

/// A block of an answer; nothing where it is empty.
pub(super) fn part(mut block: Block, origin: &Origin) -> Option<Part> {
    let at = At::default();
    let seal = |data: Option<String>| {
        let data = data.filter(|data| !data.is_empty())?;
        Some(Seal::new(Dialect::Anthropic, origin, data))
    };
    let kind = block.kind.take().unwrap_or_default();
    match kind.as_str() {
        "text" => Some(Part::Text(Text {
            citations: block
                .citations
                .and_then(|list| list.read().ok())
                .unwrap_or_default(),
            ..Text::plain(block.text.unwrap_or_default())
        })),
        "thinking" => {
            let text = block.thinking.unwrap_or_default();
            let seal = seal(block.signature);
            (!text.is_empty() || seal.is_some()).then_some(Part::Thinking(Thinking {
                text,
                seal,
                redacted: false,
                at,
            }))
        }
        "redacted_thinking" => Some(Part::Thinking(Thinking {
            text: String::new(),
            seal: seal(block.data),
            redacted: true,
            at,
        })),
        "tool_use" => Some(Part::Call(Call {
            id: block.id.unwrap_or_default(),
            name: block.name.unwrap_or_default(),
            arguments: block.input.unwrap_or_else(Json::empty_object),
            kind: CallKind::Function,
            seal: None,
            cache: None,
            at,
        })),
        _ => {
            block.kind = Some(kind.clone());
            Some(Part::Opaque {
                dialect: Dialect::Anthropic,
                kind,
                value: Json::of(&block),
                at,
            })
        }
    }
}

/// Whether a block that is kept in its own form streams its input, as a call does.
pub(super) fn is_streamed(kind: &str) -> bool {
    matches!(kind, "server_tool_use" | "mcp_tool_use")
}

#[derive(Serialize)]
struct AnswerOut<'a> {
    id: String,
    r#type: &'static str,
    role: &'static str,
    model: &'a str,
    content: Vec<BlockOut<'a>>,
    stop_reason: &'static str,
    stop_sequence: Option<&'a str>,
    stop_details: Option<DetailsOut<'a>>,
    container: Option<()>,
    diagnostics: Option<()>,
    usage: Told,
}

/// Why an answer ended, as it is written; nulls are explicit.
#[derive(Serialize)]
pub(super) struct StopOut<'a> {
    #[serde(rename = "stop_reason")]
    reason: &'static str,
    #[serde(rename = "stop_sequence")]
    sequence: Option<&'a str>,
    #[serde(rename = "stop_details")]
    details: Option<DetailsOut<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "refusal")]
struct DetailsOut<'a> {
    category: Option<&'a str>,
    explanation: Option<&'a str>,
}

/// Categories that clients know.
const CATEGORIES: [&str; 5] = [
    "cyber",
    "bio",
    "frontier_llm",
    "reasoning_extraction",
    "general_harms",
];

impl<'a> StopOut<'a> {
    pub(super) fn of(stop: &'a Stop) -> Self {
        let plain = |reason| Self {
            reason,
            sequence: None,
            details: None,
        };
        match stop {
            Stop::End => plain("end_turn"),
            Stop::Sequence(sequence) => Self {
                sequence: sequence.as_deref(),
                ..plain("stop_sequence")
            },
            Stop::ToolUse => plain("tool_use"),
            Stop::MaxTokens => plain("max_tokens"),
            Stop::ContextFull => plain("model_context_window_exceeded"),
            Stop::Pause => plain("pause_turn"),
            Stop::Refusal {
                category,
                explanation,
            } => Self {
                details: Some(DetailsOut {
                    category: category
                        .as_deref()
                        .filter(|category| CATEGORIES.contains(category)),
                    explanation: explanation.as_deref(),
                }),
                ..plain("refusal")
            },
        }
    }
}

/// Writes a whole answer.
pub(super) fn write(answer: &Answer, reply: &Reply) -> Vec<u8> {
    let content: Vec<BlockOut<'_>> = answer.parts.iter().filter_map(block).collect();
    let stop = answer.stop.clone().with_calls(answer.has_calls());
    let told = StopOut::of(&stop);
    let usage = Told::of(reply.usage(answer.usage, answer.bytes()));
    let answer = AnswerOut {
        id: id(answer.id.as_deref(), &reply.request_id),
        r#type: "message",
        role: "assistant",
        model: &reply.request.model,
        content,
        stop_reason: told.reason,
        stop_sequence: told.sequence,
        stop_details: told.details,
        container: None,
        diagnostics: None,
        usage,
    };
    serde_json::to_vec(&answer).unwrap_or_default()
}

/// The provider's id where it has Anthropic's form, else one made of it or of the request's.
pub(super) fn id(given: Option<&str>, request_id: &str) -> String {
    match given {
        Some(id) if id.starts_with("msg_") => id.to_owned(),
        given => {
            let seed = given.filter(|id| !id.is_empty()).unwrap_or(request_id);
            format!("msg_{}", ids::base62(&[seed.as_bytes()], 24))
        }
    }
}

fn block(part: &Part) -> Option<BlockOut<'_>> {
    let said = match part {
        Part::Text(text) | Part::Refusal(text) => {
            let mut extra = Vec::new();
            let citations: Vec<&Json> = text.citations.iter().filter(|it| is_ours(it)).collect();
            if !citations.is_empty() {
                extra.push(("citations", Json::of(&citations)));
            }
            let value = Said::Text {
                text: text.text.as_str().into(),
                citations: &[],
                cache_control: None,
            };
            return (!text.text.is_empty()).then_some(BlockOut::Said(With { value, extra }));
        }
        Part::Thinking(thinking) if thinking.redacted => Said::RedactedThinking {
            data: thinking
                .seal
                .as_ref()?
                .for_client(Dialect::Anthropic)
                .into(),
        },
        Part::Thinking(thinking) if thinking.text.is_empty() && thinking.seal.is_none() => {
            return None;
        }
        Part::Thinking(thinking) => Said::Thinking {
            thinking: &thinking.text,
            signature: signature(thinking.seal.as_ref()).into(),
        },
        Part::Call(call) => Said::ToolUse {
            id: call_id(&call.id).into(),
            name: call.name.as_str().into(),
            input: &call.arguments,
            cache_control: None,
        },
        Part::Opaque { dialect, value, .. } if *dialect == Dialect::Anthropic => {
            return Some(BlockOut::Native(value.clone()));
        }
        Part::Media(media) => return Some(BlockOut::text(note(media))),
        Part::Opaque { .. } | Part::Result(_) => return None,
    };
    Some(BlockOut::plain(said))
}

/// What stands for a medium that the model made: an answer of this dialect has no place for it.
pub(super) fn note(media: &Media) -> String {
    let kind = media.source.mime().unwrap_or("media");
    format!("[{kind} left out: Anthropic Messages answers with text only]")
}

/// An id that clients of this dialect take; the same for the same id, so that results find their call.
pub(super) fn call_id(id: &str) -> String {
    ids::fitting(id, 64, is_plain)
}

/// Whether a citation is of Anthropic's form.
pub(super) fn is_ours(citation: &Json) -> bool {
    #[derive(Deserialize)]
    struct Typed {
        r#type: String,
    }
    citation
        .read::<Typed>()
        .is_ok_and(|citation| citation.r#type.ends_with("_location"))
}

/// What a client keeps as the signature of thinking. Thinking that no vendor signed gets an envelope too: it keeps
/// such thinking from ever being told to a vendor that checks signatures.
pub(super) fn signature(seal: Option<&Seal>) -> String {
    let told = seal.map(|seal| seal.for_client(Dialect::Anthropic));
    told.filter(|told| !told.is_empty()).unwrap_or_else(|| {
        let unsigned = Seal {
            form: Dialect::OpenaiChat,
            origin: None,
            data: String::new(),
            id: None,
        };
        unsigned.envelope()
    })
}
