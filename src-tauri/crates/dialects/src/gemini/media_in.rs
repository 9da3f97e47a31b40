//! What a Gemini client brings besides words: bytes, files, and what functions gave back.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::wire::{Blob, FileData, Part as WirePart, standard_base64};
use crate::{
    BadRequest, Dialect, Misshapen,
    ir::{At, Media, MediaKind, Source},
    json::Json,
    wire::wire,
};

wire! {
    /// A function's response as Google's guides and clients write it.
    struct Given {
        output: Json = "output",
        result: Json = "result",
        error: Json = "error",
    }
}

/// The medium in a part, if there is one.
pub(super) fn media(at: At, path: &str, part: &mut WirePart) -> Result<Option<Media>, BadRequest> {
    let resolution = part.resolution.take();
    let (kind, source, title) = match (part.inline_data.take(), part.file_data.take()) {
        (Some(blob), _) => {
            let Blob {
                mime, data, name, ..
            } = blob;
            let Some(mime) = mime else {
                let path = format!("{path}.inlineData.mimeType");
                return Err(misshapen(&path, "the media type is missing"));
            };
            let kind = MediaKind::of_mime(&mime);
            (kind, bytes(mime, data.unwrap_or_default()), name)
        }
        (None, Some(file)) => {
            let FileData {
                mime, uri, name, ..
            } = file;
            let (kind, source) = address(mime, uri.unwrap_or_default());
            (kind, source, name)
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(Media {
        kind,
        source,
        title,
        context: None,
        detail: resolution.as_ref().and_then(detail),
        cite: false,
        cache: None,
        at,
    }))
}

/// A body of the wrong shape.
pub(super) fn misshapen(path: &str, problem: impl Into<String>) -> BadRequest {
    BadRequest::Misshapen(Misshapen {
        path: path.to_owned(),
        problem: problem.into(),
    })
}

/// What a function said, as text, and whether it failed.
pub(super) fn words(response: &Json) -> (String, bool) {
    let said = |value: &Json| {
        value
            .read()
            .unwrap_or_else(|_| value.compact().into_owned())
    };
    match response.read::<Given>() {
        Ok(given) if given.extra.is_empty() => match (given.output.or(given.result), given.error) {
            (Some(told), None) => return (said(&told), false),
            (None, Some(told)) => return (said(&told), true),
            (None, None) => return (String::new(), false),
            (Some(_), Some(_)) => {}
        },
        _ if response.is_null() => return (String::new(), false),
        _ => {}
    }
    (response.compact().into_owned(), false)
}

/// Plain text is read as such; other bytes stay base64.
fn bytes(mime: String, data: String) -> Source {
    let data = standard_base64(data);
    if mime.starts_with("text/")
        && let Ok(bytes) = STANDARD.decode(&data)
        && let Ok(text) = String::from_utf8(bytes)
    {
        return Source::Text(text);
    }
    Source::Base64 { mime, data }
}

/// Files of Google's own belong to it; other addresses may mean something elsewhere.
fn address(mime: Option<String>, uri: String) -> (MediaKind, Source) {
    let is_video_page = uri.contains("youtube.com/") || uri.contains("youtu.be/");
    let kind = match &mime {
        Some(mime) => MediaKind::of_mime(mime),
        None if is_video_page => MediaKind::Video,
        None => MediaKind::Document,
    };
    let is_page = uri.starts_with("http") && !uri.contains("generativelanguage.googleapis.com");
    let source = if is_page {
        Source::Url { url: uri, mime }
    } else {
        Source::File {
            dialect: Dialect::Gemini,
            id: uri,
            mime,
        }
    };
    (kind, source)
}

/// How closely to look, in OpenAI's words.
fn detail(resolution: &Json) -> Option<String> {
    let text = resolution.text();
    if text.contains("MEDIA_RESOLUTION_LOW") {
        Some("low".to_owned())
    } else if text.contains("MEDIA_RESOLUTION_HIGH") {
        Some("high".to_owned())
    } else {
        None
    }
}
