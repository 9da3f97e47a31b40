//! `reasoning_details`: where reasoning state travels beside `reasoning_content`.
//!
//! OpenRouter puts summaries, texts and encrypted items of its upstreams there and wants the list back unchanged. The
//! same field carries other vendors' seals to clients of this dialect: one `reasoning.encrypted` item each, whose `data`
//! is the seal's envelope and whose `id` tells which bytes of `reasoning_content` it belongs to.

use serde::Serialize;

use crate::{
    Dialect,
    ir::{Origin, Part, Seal, Thinking},
    json::Json,
    wire::wire,
};

wire! {
    /// One item.
    pub(crate) struct Detail {
        kind: String = "type",
        text: String = "text",
        summary: String = "summary",
        data: String = "data",
        signature: String = "signature",
        id: String = "id",
        index: u64 = "index",
    }
}

impl Detail {
    /// What a person can read of it.
    pub(crate) fn words(&self) -> &str {
        self.text
            .as_deref()
            .or(self.summary.as_deref())
            .unwrap_or_default()
    }
}

/// An item that carries another dialect's seal.
#[derive(Debug, Serialize)]
pub(crate) struct Carrier {
    #[serde(rename = "type")]
    kind: &'static str,
    data: String,
    id: String,
    format: &'static str,
    index: usize,
}

/// What a client is given for a seal.
pub(crate) enum Told {
    /// Items of this dialect, as their vendor wrote them.
    Native(Vec<Json>),
    /// An envelope.
    Carried(Carrier),
}

/// The items that tell a seal to a client: its thinking stands at `span` of `reasoning_content`.
pub(crate) fn tell(
    seal: &Seal,
    redacted: bool,
    span: std::ops::Range<usize>,
    index: usize,
) -> Told {
    if seal.form == Dialect::OpenaiChat
        && let Ok(items) = serde_json::from_str(&seal.data)
    {
        return Told::Native(items);
    }
    let word = if redacted { "redacted" } else { "reasoning" };
    Told::Carried(Carrier {
        kind: "reasoning.encrypted",
        data: seal.envelope(),
        id: format!("{word}-{}-{}", span.start, span.end),
        format: "turnout-v1",
        index,
    })
}

/// The thinking of an assistant message of the history.
pub(crate) fn presented(text: String, details: Vec<Json>) -> Vec<Thinking> {
    let (carried, native): (Vec<_>, Vec<_>) = details
        .into_iter()
        .map(|raw| {
            let carried = carrier(&raw);
            (raw, carried)
        })
        .partition(|(_, carried)| carried.is_some());
    if !carried.is_empty() {
        return divided(
            &text,
            carried.into_iter().filter_map(|(_, carried)| carried),
        );
    }
    let native: Vec<Json> = native.into_iter().map(|(raw, _)| raw).collect();
    if text.is_empty() && native.is_empty() {
        return Vec::new();
    }
    let seal = (!native.is_empty()).then(|| Seal {
        form: Dialect::OpenaiChat,
        origin: None,
        data: Json::of(&native).text().to_owned(),
        id: None,
    });
    let text = if text.is_empty() {
        readable(&native)
    } else {
        text
    };
    vec![Thinking {
        text,
        seal,
        ..Thinking::default()
    }]
}

/// The text that items tell, for answers that tell it nowhere else.
pub(crate) fn readable(items: &[Json]) -> String {
    items
        .iter()
        .filter_map(|item| item.read::<Detail>().ok())
        .map(|detail| detail.words().to_owned())
        .collect()
}

/// The seal that a provider's items make.
pub(crate) fn seal(items: &[Json], origin: &Origin) -> Option<Seal> {
    (!items.is_empty()).then(|| Seal::new(Dialect::OpenaiChat, origin, Json::of(&items).text()))
}

/// Thinking as parts.
pub(crate) fn parts(thinking: Vec<Thinking>) -> impl Iterator<Item = Part> {
    thinking.into_iter().map(Part::Thinking)
}

struct Carried {
    seal: Seal,
    redacted: bool,
    span: Option<(usize, usize)>,
}

fn carrier(raw: &Json) -> Option<Carried> {
    if !raw.text().contains(Seal::PREFIX) {
        return None;
    }
    let detail: Detail = raw.read().ok()?;
    let seal = Seal::open(detail.data.as_deref()?)?;
    let id = detail.id.unwrap_or_default();
    let mut words = id.split('-');
    let redacted = words.next() == Some("redacted");
    let mut number = || words.next().and_then(|word| word.parse::<usize>().ok());
    let span = number().zip(number());
    Some(Carried {
        seal,
        redacted,
        span,
    })
}

/// Cuts the text into the pieces that the seals belong to. Without positions the first seal has it all.
fn divided(text: &str, carried: impl Iterator<Item = Carried>) -> Vec<Thinking> {
    let mut list = Vec::new();
    let mut told = 0;
    for (number, one) in carried.enumerate() {
        let span = one
            .span
            .filter(|(start, end)| *start >= told && text.get(*start..*end).is_some());
        let (start, end) = match (span, number) {
            (Some(span), _) => span,
            (None, 0) if one.span.is_none() => (0, text.len()),
            (None, _) => (told, told),
        };
        unsealed(&text[told..start], &mut list);
        list.push(Thinking {
            text: text[start..end].to_owned(),
            seal: Some(one.seal),
            redacted: one.redacted,
            ..Thinking::default()
        });
        told = end;
    }
    unsealed(&text[told..], &mut list);
    list
}

/// What stands between two pieces, unless it is only what keeps them apart.
fn unsealed(text: &str, list: &mut Vec<Thinking>) {
    let text = text.strip_prefix(APART).unwrap_or(text);
    let text = text.strip_suffix(APART).unwrap_or(text);
    if !text.is_empty() {
        list.push(Thinking {
            text: text.to_owned(),
            ..Thinking::default()
        });
    }
}

/// What stands between two pieces of thinking that a client gets as one text.
pub(crate) const APART: &str = "\n\n";

/// Adds items of a stream to those gathered: pieces of one item come one after the other, under its index.
pub(crate) fn gather(gathered: &mut Vec<Detail>, items: &[Json]) {
    for item in items {
        let Ok(item) = item.read::<Detail>() else {
            continue;
        };
        match gathered.last_mut() {
            Some(last)
                if item.index.is_some() && last.index == item.index && last.kind == item.kind =>
            {
                append(&mut last.text, item.text);
                append(&mut last.summary, item.summary);
                append(&mut last.data, item.data);
                last.signature = item.signature.or(last.signature.take());
                last.id = last.id.take().or(item.id);
            }
            _ => gathered.push(item),
        }
    }
}

fn append(text: &mut Option<String>, more: Option<String>) {
    match (text.as_mut(), more) {
        (Some(text), Some(more)) => text.push_str(&more),
        (None, Some(more)) => *text = Some(more),
        (_, None) => {}
    }
}
