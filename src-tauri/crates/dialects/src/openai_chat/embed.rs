//! Embeddings.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    error,
    request_in::{misshapen, missing},
};
use crate::{
    BadRequest, Target, Unreadable, Written,
    ir::{EmbedAnswer, EmbedInput, EmbedRequest, Encoding, Malformed, Notes, Place, Refusal},
    json::Json,
    wire::{self, wire},
};

wire! {
    /// `POST /v1/embeddings`.
    struct Body {
        model: String = "model",
        input: Input = "input",
        dimensions: u64 = "dimensions",
        encoding: String = "encoding_format",
        user: String = "user",
    }
}

/// What is embedded, in all its forms.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u64>),
    Lists(Vec<Vec<u64>>),
}

/// Reads a client's request.
pub(crate) fn read_request(body: &[u8]) -> Result<EmbedRequest, BadRequest> {
    let body: Body = wire::read(body)?;
    let input = body.input.ok_or_else(|| missing("input"))?;
    let single = matches!(input, Input::Text(_) | Input::Tokens(_));
    let inputs: Vec<EmbedInput> = match input {
        Input::Text(text) => vec![EmbedInput::Text(text)],
        Input::Texts(texts) => texts.into_iter().map(EmbedInput::Text).collect(),
        Input::Tokens(tokens) => vec![EmbedInput::Tokens(tokens)],
        Input::Lists(lists) => lists.into_iter().map(EmbedInput::Tokens).collect(),
    };
    if inputs.is_empty() {
        return Err(misshapen("input", "it is empty"));
    }
    let encoding = match body.encoding.as_deref() {
        None | Some("float") => Encoding::Float,
        Some("base64") => Encoding::Base64,
        Some(other) => {
            let problem = format!("{other:?} is neither float nor base64");
            return Err(misshapen("encoding_format", problem));
        }
    };
    Ok(EmbedRequest {
        model: body.model.ok_or_else(|| missing("model"))?,
        inputs,
        dimensions: body.dimensions,
        encoding,
        task: None,
        title: None,
        user: body.user,
        single,
    })
}

#[derive(Serialize)]
struct PrintedRequest<'a> {
    model: &'a str,
    input: Inputs<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u64>,
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
}

struct Inputs<'a> {
    list: &'a [EmbedInput],
    single: bool,
}

impl Serialize for Inputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.list {
            [only] if self.single => InputRef(only).serialize(serializer),
            list => serializer.collect_seq(list.iter().map(InputRef)),
        }
    }
}

struct InputRef<'a>(&'a EmbedInput);

impl Serialize for InputRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            EmbedInput::Text(text) => serializer.serialize_str(text),
            EmbedInput::Tokens(tokens) => tokens.serialize(serializer),
        }
    }
}

/// Writes a request for a provider. Vectors are asked for as numbers, which every server gives.
pub(crate) fn write_request(
    request: &EmbedRequest,
    target: &Target<'_>,
) -> Result<Written, Refusal> {
    let mut notes = Notes::new(target.lossy);
    if request.task.is_some() {
        let why = "the provider does not ask what embeddings are for";
        notes.lose(Place::Own("taskType".into()), why);
    }
    if request.title.is_some() {
        notes.lose(Place::Own("title".into()), "the provider takes no titles");
    }
    let tokens = request
        .inputs
        .iter()
        .any(|input| matches!(input, EmbedInput::Tokens(_)));
    let texts = request
        .inputs
        .iter()
        .any(|input| matches!(input, EmbedInput::Text(_)));
    if tokens && texts {
        let why = "texts and token ids cannot be embedded in one request";
        return Err(Refusal::new(Place::Own("input".into()), why));
    }
    let printed = PrintedRequest {
        model: &request.model,
        input: Inputs {
            list: &request.inputs,
            single: request.single,
        },
        dimensions: request.dimensions,
        encoding_format: "float",
        user: request.user.as_deref(),
    };
    Ok(Written {
        body: serde_json::to_vec(&printed).unwrap_or_default(),
        losses: notes.into_losses(),
        ..Written::default()
    })
}

wire! {
    struct Answer {
        model: String = "model",
        data: Vec<Item> = "data",
        usage: UsageWire = "usage",
        error: Json = "error",
        base_resp: Json = "base_resp",
    }
}

wire! {
    struct Item {
        index: usize = "index",
        embedding: Vector = "embedding",
    }
}

wire! {
    struct UsageWire {
        prompt: u64 = "prompt_tokens",
        total: u64 = "total_tokens",
    }
}

/// A vector, as numbers or as base64 of little-endian 32-bit floats.
#[derive(Debug, Clone, PartialEq)]
struct Vector(Vec<f32>);

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Json::deserialize(deserializer)?;
        if !raw.text().starts_with('"') {
            return raw.read().map(Self).map_err(serde::de::Error::custom);
        }
        let text: String = raw.read().map_err(serde::de::Error::custom)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        if bytes.len() % 4 != 0 {
            return Err(serde::de::Error::custom("its base64 holds no whole floats"));
        }
        let floats = bytes
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        Ok(Self(floats.collect()))
    }
}

impl Serialize for Vector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Reads a provider's answer; the order of the inputs is told by `index`.
pub(crate) fn read(body: &[u8]) -> Result<EmbedAnswer, Unreadable> {
    let malformed = |words: String| Unreadable::Malformed(Malformed(words));
    let answer: Answer = wire::read(body)
        .map_err(|error| malformed(format!("its embeddings cannot be read ({error})")))?;
    let suspect = error::Suspect {
        name: None,
        error: answer.error.as_ref(),
        base_resp: answer.base_resp.as_ref(),
        object: None,
        has_choices: answer.data.is_some(),
        extra: &answer.extra,
    };
    if let Some(failure) = error::find(&suspect) {
        return Err(Unreadable::Failure(failure));
    }
    let mut items: Vec<(usize, Vec<f32>)> = Vec::new();
    let data = answer
        .data
        .ok_or_else(|| malformed("its answer holds no embeddings".to_owned()))?;
    for (at, item) in data.into_iter().enumerate() {
        let vector = item
            .embedding
            .ok_or_else(|| malformed(format!("data[{at}] holds no embedding")))?;
        items.push((item.index.unwrap_or(at), vector.0));
    }
    items.sort_by_key(|(index, _)| *index);
    Ok(EmbedAnswer {
        model: answer.model,
        vectors: items.into_iter().map(|(_, vector)| vector).collect(),
        tokens: answer.usage.and_then(|usage| usage.prompt.or(usage.total)),
    })
}

#[derive(Serialize)]
struct PrintedAnswer<'a> {
    object: &'static str,
    data: Vec<PrintedItem<'a>>,
    model: &'a str,
    usage: PrintedUsage,
}

#[derive(Serialize)]
struct PrintedItem<'a> {
    object: &'static str,
    index: usize,
    embedding: Encoded<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Encoded<'a> {
    Float(&'a [f32]),
    Base64(String),
}

#[derive(Serialize)]
struct PrintedUsage {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// Writes embeddings for a client, in the encoding it asked for.
pub(crate) fn print(answer: &EmbedAnswer, request: &EmbedRequest) -> Vec<u8> {
    let encoded = |vector: &'_ [f32]| -> String {
        let bytes: Vec<u8> = vector
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        STANDARD.encode(bytes)
    };
    let items = answer
        .vectors
        .iter()
        .enumerate()
        .map(|(index, vector)| PrintedItem {
            object: "embedding",
            index,
            embedding: match request.encoding {
                Encoding::Float => Encoded::Float(vector),
                Encoding::Base64 => Encoded::Base64(encoded(vector)),
            },
        });
    let tokens = answer.tokens.unwrap_or(0);
    let printed = PrintedAnswer {
        object: "list",
        data: items.collect(),
        model: &request.model,
        usage: PrintedUsage {
            prompt_tokens: tokens,
            total_tokens: tokens,
        },
    };
    serde_json::to_vec(&printed).unwrap_or_default()
}
