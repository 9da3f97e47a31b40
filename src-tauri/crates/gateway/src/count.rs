//! Tokens of a prompt by a tokenizer of our own, for providers that do not count.

use dialects::ir::{Media, MediaKind, Part, Request, Source, ToolKind};
use tokens::{Counter, Family};

/// Tokens of the whole prompt: instructions, tools, conversation.
pub(crate) fn prompt(request: &Request) -> u64 {
    let mut counter = Counter::new(Family::of_model(&request.model));
    for text in &request.system {
        counter.text(&text.text);
    }
    for tool in &request.tools {
        counter.tool().text(&tool.name);
        if let Some(description) = &tool.description {
            counter.text(description);
        }
        if let Some(schema) = &tool.schema {
            counter.text(&schema.compact());
        }
        if let ToolKind::Custom {
            grammar: Some(grammar),
        } = &tool.kind
        {
            counter.text(&grammar.definition);
        }
    }
    for turn in &request.turns {
        counter.message();
        turn.parts.iter().for_each(|part| count(part, &mut counter));
    }
    counter.estimate().tokens()
}

fn count(part: &Part, counter: &mut Counter) {
    match part {
        Part::Text(text) | Part::Refusal(text) => {
            counter.text(&text.text);
        }
        Part::Media(media) => count_media(media, counter),
        Part::Call(call) => {
            counter.text(&call.name).text(&call.arguments.compact());
        }
        Part::Result(result) => result.parts.iter().for_each(|part| count(part, counter)),
        Part::Thinking(thinking) => {
            counter.text(&thinking.text);
        }
        Part::Opaque { value, .. } => {
            counter.text(&value.compact());
        }
    }
}

fn count_media(media: &Media, counter: &mut Counter) {
    match &media.source {
        Source::Base64 { mime, data } if mime.starts_with("image/") => {
            counter.media(tokens::Media::image_base64(data));
        }
        Source::Text(text) => {
            counter.text(text);
        }
        Source::Parts(parts) => parts.iter().for_each(|part| count(part, counter)),
        source => {
            counter.media(of_unknown_size(media.kind, source));
        }
    }
}

/// What can be said of a medium whose inside is not looked at. Base64 holds three bytes in four characters.
fn of_unknown_size(kind: MediaKind, source: &Source) -> tokens::Media {
    let bytes = match source {
        Source::Base64 { data, .. } => data.len() as u64 / 4 * 3,
        _ => 0,
    };
    match kind {
        MediaKind::Image => tokens::Media::UnknownImage,
        MediaKind::Audio | MediaKind::Video => tokens::Media::Audio { bytes },
        MediaKind::Document => tokens::Media::Document { bytes },
    }
}
