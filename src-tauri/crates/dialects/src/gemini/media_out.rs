//! Images, documents, audio and video as Gemini's parts.

use serde_json::json;

use super::wire::{Blob, FileData, Part};
use crate::{
    Dialect, Target,
    ir::{Media, MediaKind, Notes, Part as IrPart, Place, Refusal, Source},
    json::Json,
};

/// The parts of a medium: usually one, with its title and what it is about before it.
pub(super) fn parts(
    media: &Media,
    target: &Target<'_>,
    notes: &mut Notes,
) -> Result<Vec<Part>, Refusal> {
    let place = Place::Turn(media.at);
    if media.cite {
        notes.lose(place.clone(), "Gemini cites no documents");
    }
    let about = [&media.title, &media.context].into_iter().flatten();
    let about: Vec<_> = about
        .filter(|text| !text.is_empty())
        .map(String::as_str)
        .collect();
    let mut parts = Vec::new();
    if !about.is_empty() {
        parts.push(Part::text(about.join("\n")));
    }
    let body = match &media.source {
        Source::Text(text) => vec![Part::text(text.as_str())],
        Source::Parts(inner) => inside(inner, target, notes)?,
        _ if !takes(media.kind, target) => {
            notes.refuse(place, format!("the model takes no {}", word(media.kind)))?;
            return Ok(Vec::new());
        }
        Source::Base64 { mime, data } => vec![Part {
            inline_data: Some(Blob {
                mime: Some(mime.clone()),
                data: Some(data.clone()),
                ..Blob::default()
            }),
            ..Part::default()
        }],
        Source::Url { url, mime } if is_known(url) => vec![file(url, mime.as_deref())],
        Source::File {
            dialect: Dialect::Gemini,
            id,
            mime,
        } => vec![file(id, mime.as_deref())],
        Source::Url { .. } => {
            let why = "Gemini fetches nothing but YouTube, gs:// and its own files; send the bytes";
            notes.refuse(place, why)?;
            return Ok(Vec::new());
        }
        Source::File { .. } => {
            notes.refuse(place, "file ids cannot cross providers; send the bytes")?;
            return Ok(Vec::new());
        }
    };
    parts.extend(body);
    if let (Some(last), Some(detail)) = (parts.last_mut(), media.detail.as_deref()) {
        resolve(last, detail, target, media, notes);
    }
    Ok(parts)
}

/// A document made of parts: its texts and media, one after the other.
fn inside(inner: &[IrPart], target: &Target<'_>, notes: &mut Notes) -> Result<Vec<Part>, Refusal> {
    let mut written = Vec::new();
    for part in inner {
        match part {
            IrPart::Text(text) if !text.text.is_empty() => {
                written.push(Part::text(text.text.as_str()));
            }
            IrPart::Media(media) => written.extend(parts(media, target, notes)?),
            _ => {}
        }
    }
    Ok(written)
}

fn takes(kind: MediaKind, target: &Target<'_>) -> bool {
    match kind {
        MediaKind::Image => target.caps.images,
        MediaKind::Document => target.caps.documents,
        MediaKind::Audio => target.caps.audio,
        MediaKind::Video => target.caps.video,
    }
}

fn word(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "images",
        MediaKind::Document => "documents",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
    }
}

/// Addresses that `fileData` takes (Gemini API reference).
fn is_known(url: &str) -> bool {
    [
        "gs://",
        "https://generativelanguage.googleapis.com/",
        "https://www.youtube.com/",
        "https://youtube.com/",
        "https://youtu.be/",
    ]
    .iter()
    .any(|known| url.starts_with(known))
}

fn file(uri: &str, mime: Option<&str>) -> Part {
    Part {
        file_data: Some(FileData {
            mime: mime.map(str::to_owned),
            uri: Some(uri.to_owned()),
            ..FileData::default()
        }),
        ..Part::default()
    }
}

/// How closely to look; generations before 3 only know one measure for all.
fn resolve(part: &mut Part, detail: &str, target: &Target<'_>, media: &Media, notes: &mut Notes) {
    let level = match detail {
        "low" => "MEDIA_RESOLUTION_LOW",
        "high" | "original" => "MEDIA_RESOLUTION_HIGH",
        _ => return,
    };
    if target.caps.gemini.third {
        part.resolution = Some(Json::of(&json!({"level": level})));
    } else {
        notes.lose(
            Place::Turn(media.at),
            "the model looks as closely as it likes",
        );
    }
}
