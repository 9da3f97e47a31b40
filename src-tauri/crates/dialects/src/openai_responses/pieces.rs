//! Parts of messages and of tools' outputs, read.

use super::{request_in::push, wire::Piece};
use crate::{
    Dialect, Misshapen,
    ir::{At, CacheMark, Fate, Media, MediaKind, Own, Part, Source, Text, Ttl},
    json::Json,
    wire::Content,
};

/// Reads a string or a list of parts that stands at `place`.
pub(super) fn read(
    content: Content<Piece>,
    place: &str,
    at: impl Fn(usize) -> At,
    own: &mut Vec<Own>,
) -> Result<Vec<Part>, Misshapen> {
    match content {
        Content::Text(text) => Ok(vec![Part::Text(Text {
            at: at(0),
            ..Text::plain(text)
        })]),
        Content::List(pieces) => {
            let mut parts = Vec::with_capacity(pieces.len());
            for (index, piece) in pieces.into_iter().enumerate() {
                let path = format!("{place}[{index}]");
                parts.push(part(piece, &path, at(index), own)?);
            }
            Ok(parts)
        }
    }
}

fn part(mut piece: Piece, path: &str, at: At, own: &mut Vec<Own>) -> Result<Part, Misshapen> {
    let kind = piece.kind.take().unwrap_or_default();
    let cache = piece.breakpoint.take().map(|mark| CacheMark {
        ttl: mark.ttl.map(|ttl| Ttl(ttl.into())),
    });
    let extra = std::mem::take(&mut piece.extra);
    let missing = |field: &str| Misshapen {
        path: format!("{path}.{field}"),
        problem: "it is missing".to_owned(),
    };
    let read = match kind.as_str() {
        "input_text" | "output_text" | "text" => Part::Text(Text {
            text: piece.text.ok_or_else(|| missing("text"))?,
            citations: piece.annotations.unwrap_or_default(),
            cache,
            at,
        }),
        "refusal" => Part::Refusal(Text {
            at,
            ..Text::plain(piece.refusal.ok_or_else(|| missing("refusal"))?)
        }),
        "input_image" => {
            let source = image(&mut piece).ok_or_else(|| missing("image_url"))?;
            Part::Media(media(MediaKind::Image, source, piece, cache, at))
        }
        "input_file" => {
            let source = file(&mut piece).ok_or_else(|| missing("file_data"))?;
            let kind = source
                .mime()
                .map_or(MediaKind::Document, MediaKind::of_mime);
            Part::Media(media(kind, source, piece, cache, at))
        }
        "input_audio" => {
            let audio = piece.input_audio.take();
            let audio = audio.ok_or_else(|| missing("input_audio"))?;
            let format = audio.format.unwrap_or_default();
            let source = Source::Base64 {
                mime: match format.as_str() {
                    "mp3" => "audio/mpeg".to_owned(),
                    other => format!("audio/{other}"),
                },
                data: audio.data.ok_or_else(|| missing("input_audio.data"))?,
            };
            Part::Media(media(MediaKind::Audio, source, piece, cache, at))
        }
        "" => return Err(missing("type")),
        _ => {
            piece.kind = Some(kind.clone());
            piece.extra = extra;
            return Ok(Part::Opaque {
                dialect: Dialect::OpenaiResponses,
                value: Json::of(&piece),
                kind,
                at,
            });
        }
    };
    for (name, value) in extra.iter() {
        // `parsed` is what an SDK read out of the text.
        let fate = if name == "parsed" {
            Fate::Ignore
        } else {
            Fate::Lose
        };
        push(own, format!("{path}.{name}"), value.clone(), fate);
    }
    Ok(read)
}

fn media(kind: MediaKind, source: Source, piece: Piece, cache: Option<CacheMark>, at: At) -> Media {
    Media {
        kind,
        source,
        title: piece.filename,
        context: None,
        detail: piece.detail.filter(|detail| detail != "auto"),
        cite: false,
        cache,
        at,
    }
}

fn image(piece: &mut Piece) -> Option<Source> {
    match (piece.image_url.take(), piece.file_id.take()) {
        (Some(url), _) => {
            Some(Source::of_data_url(&url).unwrap_or(Source::Url { url, mime: None }))
        }
        (None, Some(id)) => Some(kept(id)),
        (None, None) => None,
    }
}

fn file(piece: &mut Piece) -> Option<Source> {
    if let Some(data) = piece.file_data.take() {
        return Some(Source::of_file_data(data, piece.filename.as_deref()));
    }
    match (piece.file_url.take(), piece.file_id.take()) {
        (Some(url), _) => Some(Source::Url { url, mime: None }),
        (None, Some(id)) => Some(kept(id)),
        (None, None) => None,
    }
}

fn kept(id: String) -> Source {
    Source::File {
        dialect: Dialect::OpenaiResponses,
        id,
        mime: None,
    }
}
