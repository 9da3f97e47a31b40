//! Items and events as a client's stream tells them, with fields in the order of the reference.

use serde::Serialize;

use super::response_out::ResponseOut;
use crate::{Dialect, ir::Thinking, json::Json};

/// A part of a message.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Piece {
    OutputText {
        text: String,
        annotations: Vec<Json>,
        logprobs: [(); 0],
    },
    Refusal {
        refusal: String,
    },
}

/// A message being written.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) content: Vec<Piece>,
    /// The last part takes more.
    pub(super) open: bool,
}

/// A call being written.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) id: String,
    pub(super) call_id: String,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) custom: bool,
    pub(super) arguments: String,
}

/// An item as told in its own events and in the response.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ItemOut<'a> {
    Message {
        id: &'a str,
        status: &'static str,
        role: &'static str,
        content: &'a [Piece],
    },
    Reasoning {
        id: &'a str,
        summary: &'a [Summary<'a>],
        encrypted_content: Option<String>,
    },
    FunctionCall {
        id: &'a str,
        status: &'static str,
        call_id: &'a str,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<&'a str>,
        arguments: &'a str,
    },
    CustomToolCall {
        id: &'a str,
        status: &'static str,
        call_id: &'a str,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<&'a str>,
        input: &'a str,
    },
    ImageGenerationCall {
        id: &'a str,
        status: &'static str,
        result: &'a str,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "summary_text")]
pub(super) struct Summary<'a> {
    pub(super) text: &'a str,
}

/// The fields of events, in the order of the reference.
#[derive(Serialize)]
pub(super) struct ItemEvent<'a> {
    pub(super) output_index: usize,
    pub(super) item: &'a Json,
}

#[derive(Serialize)]
pub(super) struct PartEvent<'a> {
    pub(super) item_id: &'a str,
    pub(super) output_index: usize,
    pub(super) content_index: usize,
    pub(super) part: &'a Piece,
}

#[derive(Serialize)]
pub(super) struct SummaryEvent<'a> {
    pub(super) item_id: &'a str,
    pub(super) output_index: usize,
    pub(super) summary_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) part: Option<Summary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
}

#[derive(Default, Serialize)]
pub(super) struct ContentEvent<'a> {
    pub(super) item_id: &'a str,
    pub(super) output_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) annotation_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) annotation: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<[(); 0]>,
}

#[derive(Serialize)]
pub(super) struct ResponseEvent<'a> {
    pub(super) response: ResponseOut<'a>,
}

impl Called {
    pub(super) fn item<'a>(&'a self, status: &'static str, said: &'a str) -> ItemOut<'a> {
        let (id, call_id, name) = (&self.id, &self.call_id, &self.name);
        let namespace = self.namespace.as_deref();
        if self.custom {
            ItemOut::CustomToolCall {
                id,
                status,
                call_id,
                name,
                namespace,
                input: said,
            }
        } else {
            ItemOut::FunctionCall {
                id,
                status,
                call_id,
                name,
                namespace,
                arguments: said,
            }
        }
    }
}

/// A reasoning item that is over.
pub(super) fn reasoning(thinking: &Thinking, id: &str) -> Json {
    let summary = Summary {
        text: &thinking.text,
    };
    let told = !thinking.text.is_empty();
    let summary = if told {
        std::slice::from_ref(&summary)
    } else {
        &[]
    };
    Json::of(&ItemOut::Reasoning {
        id,
        summary,
        encrypted_content: thinking.seal_for_client(Dialect::OpenaiResponses),
    })
}
