//! Writes a whole answer for a client.

use std::borrow::Cow;

use serde::Serialize;

use super::{
    annotations,
    body::{Freely, Url},
    details::{self, APART, Told},
    stream_out::id_of,
    usage,
};
use crate::{
    Reply,
    ir::{Answer, Call, CallKind, Media, MediaKind, Part, Stop, Thinking},
    json::Json,
};

/// A call in an answer or a piece of one.
#[derive(Debug, Serialize)]
pub(crate) struct CallOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<FunctionOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Freely<'a>>,
}

/// A function that is called.
#[derive(Debug, Serialize)]
pub(crate) struct FunctionOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'a str>,
    pub(crate) arguments: Cow<'a, str>,
}

impl<'a> CallOut<'a> {
    /// A call of a function.
    pub(crate) fn function(
        index: Option<u64>,
        id: Option<&'a str>,
        function: FunctionOut<'a>,
    ) -> Self {
        Self {
            index,
            id,
            kind: Some("function"),
            function: Some(function),
            custom: None,
        }
    }

    /// More arguments of a call.
    pub(crate) fn more(index: u64, function: FunctionOut<'a>) -> Self {
        Self {
            index: Some(index),
            id: None,
            kind: None,
            function: Some(function),
            custom: None,
        }
    }

    /// A call of a free-form tool.
    pub(crate) fn custom(index: Option<u64>, id: &'a str, custom: Freely<'a>) -> Self {
        Self {
            index,
            id: Some(id),
            kind: Some("custom"),
            function: None,
            custom: Some(custom),
        }
    }
}

/// An image that the model made, as OpenRouter tells it.
#[derive(Debug, Serialize)]
pub(crate) struct Image<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    image_url: Url<'a>,
}

impl<'a> Image<'a> {
    /// The image, where its bytes or its address are known.
    pub(crate) fn of(media: &'a Media) -> Option<Self> {
        let url = match &media.source {
            crate::ir::Source::Url { url, .. } => Cow::Borrowed(url.as_str()),
            source => Cow::Owned(source.data_url()?),
        };
        Some(Self {
            kind: "image_url",
            image_url: Url { url, detail: None },
        })
    }
}

#[derive(Serialize)]
struct Completion<'a> {
    id: Cow<'a, str>,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    usage: usage::Printed,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u64,
    message: Message<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Default, Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<String>,
    refusal: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasoning_details: Vec<Json>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Json>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<Image<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CallOut<'a>>,
}

/// Writes the answer.
pub(crate) fn write(answer: &Answer, reply: &Reply) -> Vec<u8> {
    let mut message = Message {
        role: "assistant",
        ..Message::default()
    };
    for part in &answer.parts {
        message.add(part);
    }
    if let Stop::Refusal {
        explanation: Some(words),
        ..
    } = &answer.stop
    {
        message.refusal.get_or_insert(Cow::Borrowed(words));
    }
    if message.content.is_none() && message.tool_calls.is_empty() && message.refusal.is_none() {
        message.content = Some(String::new());
    }
    let usage = reply.usage(answer.usage, answer.bytes());
    let stop = answer.stop.clone().with_calls(answer.has_calls());
    let completion = Completion {
        id: match &answer.id {
            Some(id) => Cow::Borrowed(id),
            None => Cow::Owned(id_of(reply)),
        },
        object: "chat.completion",
        created: reply.now,
        model: &reply.request.model,
        choices: [Choice {
            index: 0,
            message,
            logprobs: None,
            finish_reason: reason(&stop),
        }],
        usage: usage::print(&usage),
    };
    serde_json::to_vec(&completion).unwrap_or_default()
}

impl<'a> Message<'a> {
    fn add(&mut self, part: &'a Part) {
        match part {
            Part::Text(text) => {
                let content = self.content.get_or_insert_default();
                content.push_str(&text.text);
                let ours = text.citations.iter().filter_map(annotations::one);
                self.annotations.extend(ours);
            }
            Part::Refusal(text) => self.refusal = Some(Cow::Borrowed(&text.text)),
            Part::Thinking(thinking) => self.think(thinking),
            Part::Call(call) => self.tool_calls.push(called(call)),
            Part::Media(media) if media.kind == MediaKind::Image => {
                self.images.extend(Image::of(media));
            }
            // What only another vendor knows has no place here.
            Part::Media(_) | Part::Result(_) | Part::Opaque { .. } => {}
        }
    }

    fn think(&mut self, thinking: &Thinking) {
        let told = self.reasoning_content.as_ref().map_or(0, String::len);
        let mut span = told..told;
        if !thinking.text.is_empty() {
            let words = self.reasoning_content.get_or_insert_default();
            if told > 0 {
                words.push_str(APART);
            }
            span.start = words.len();
            words.push_str(&thinking.text);
            span.end = words.len();
        }
        if let Some(seal) = &thinking.seal {
            let index = self.reasoning_details.len();
            match details::tell(seal, thinking.redacted, span, index) {
                Told::Native(items) => self.reasoning_details.extend(items),
                Told::Carried(carrier) => self.reasoning_details.push(Json::of(&carrier)),
            }
        }
    }
}

fn called(call: &Call) -> CallOut<'_> {
    if call.kind == CallKind::Custom {
        let custom = Freely {
            name: Cow::Borrowed(&call.name),
            input: input(call.arguments.text()),
        };
        return CallOut::custom(None, &call.id, custom);
    }
    let function = FunctionOut {
        name: Some(&call.name),
        arguments: call.arguments.compact(),
    };
    CallOut::function(None, Some(&call.id), function)
}

/// The free text in `{"input": "…"}`; the whole where it is none.
pub(crate) fn input(arguments: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(arguments).ok();
    let input = value.as_ref().and_then(|value| value["input"].as_str());
    input.unwrap_or(arguments).to_owned()
}

/// `finish_reason`. A pause is told as a cut, so that nobody takes the answer for finished.
pub(crate) fn reason(stop: &Stop) -> &'static str {
    match stop {
        Stop::End | Stop::Sequence(_) => "stop",
        Stop::ToolUse => "tool_calls",
        Stop::MaxTokens | Stop::ContextFull | Stop::Pause => "length",
        Stop::Refusal { .. } => "content_filter",
    }
}
