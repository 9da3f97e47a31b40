//! Writes images, documents, audio and video.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::body::{Audio, File, PartKind, Url};
use crate::{
    Dialect,
    caps::Caps,
    ir::{Media, MediaKind, Notes, Part, Place, Refusal, Source},
};

/// What stands for a medium: one part, or several for a document made of parts.
pub(crate) fn write<'a>(
    media: &'a Media,
    caps: &Caps,
    notes: &mut Notes,
) -> Result<Vec<PartKind<'a>>, Refusal> {
    match known(media, caps) {
        Ok(kinds) => {
            if media.cite || media.context.is_some() {
                let why = "documents are given without citations and context";
                notes.lose(Place::Turn(media.at), why);
            }
            Ok(kinds)
        }
        Err(why) => {
            notes.refuse(Place::Turn(media.at), why)?;
            Ok(vec![text(format!("[{} left out]", noun(media.kind)))])
        }
    }
}

fn noun(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image",
        MediaKind::Document => "document",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
    }
}

fn text<'a>(text: impl Into<Cow<'a, str>>) -> PartKind<'a> {
    PartKind::Text { text: text.into() }
}

fn known<'a>(media: &'a Media, caps: &Caps) -> Result<Vec<PartKind<'a>>, &'static str> {
    match &media.source {
        Source::Text(words) => return Ok(titled(media, Cow::Borrowed(words))),
        Source::Parts(parts) => return inner(media, parts, caps),
        Source::Base64 { mime, data } if media.kind == MediaKind::Document => {
            if let Some(words) = plain(mime, data) {
                return Ok(titled(media, Cow::Owned(words)));
            }
        }
        Source::File { dialect, id, .. } => {
            // OpenAI's ids are told only to who speaks the client's dialect, or holds its files. Images have none here.
            let is_shared = *dialect == Dialect::OpenaiResponses
                && caps.openai_files
                && media.kind == MediaKind::Document;
            return if *dialect == Dialect::OpenaiChat || is_shared {
                Ok(vec![file(media, None, Some(id))])
            } else {
                Err("file ids cannot cross providers; send the bytes")
            };
        }
        _ => {}
    }
    if !caps.chat.content_lists {
        return Err("the model takes text only");
    }
    match media.kind {
        MediaKind::Image => image(media, caps),
        MediaKind::Document => document(media, caps),
        MediaKind::Audio => audio(media, caps),
        MediaKind::Video => match (caps.video, url(media)) {
            (true, Some(url)) => Ok(vec![PartKind::VideoUrl { video_url: url }]),
            _ => Err("the model takes no video"),
        },
    }
    .map_err(|why| {
        if caps.images || media.kind != MediaKind::Image {
            why
        } else {
            "the model takes no images"
        }
    })
}

/// `data:` or `https:`.
fn url(media: &Media) -> Option<Url<'_>> {
    let url = match &media.source {
        Source::Url { url, .. } => Cow::Borrowed(url.as_str()),
        source => Cow::Owned(source.data_url()?),
    };
    Some(Url {
        url,
        detail: media.detail.as_deref(),
    })
}

fn image<'a>(media: &'a Media, caps: &Caps) -> Result<Vec<PartKind<'a>>, &'static str> {
    let here = matches!(media.source, Source::Base64 { .. });
    if here && !caps.images {
        return Err("the model takes no images");
    }
    if !here && !caps.image_urls {
        return Err("the provider fetches no images; send the bytes");
    }
    let url = url(media).ok_or("the image has no bytes")?;
    Ok(vec![PartKind::ImageUrl { image_url: url }])
}

fn document<'a>(media: &'a Media, caps: &Caps) -> Result<Vec<PartKind<'a>>, &'static str> {
    match &media.source {
        Source::Base64 { .. } if !caps.documents => Err("the model takes no documents"),
        Source::Url { .. } if !caps.document_urls => {
            Err("the provider fetches no documents; send the bytes")
        }
        _ => Ok(vec![file(media, url(media).map(|url| url.url), None)]),
    }
}

fn file<'a>(media: &'a Media, data: Option<Cow<'a, str>>, id: Option<&'a str>) -> PartKind<'a> {
    PartKind::File {
        file: File {
            filename: media.file_name(),
            data,
            id,
        },
    }
}

fn audio<'a>(media: &'a Media, caps: &Caps) -> Result<Vec<PartKind<'a>>, &'static str> {
    let Source::Base64 { mime, data } = &media.source else {
        return Err("audio is only taken by its bytes");
    };
    if !caps.audio {
        return Err("the model takes no audio");
    }
    let format = match mime.split(';').next().unwrap_or_default() {
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "wav",
        "audio/mpeg" | "audio/mp3" => "mp3",
        _ => return Err("only audio in wav and mp3 is taken"),
    };
    Ok(vec![PartKind::InputAudio {
        input_audio: Audio { data, format },
    }])
}

fn titled<'a>(media: &'a Media, words: Cow<'a, str>) -> Vec<PartKind<'a>> {
    match &media.title {
        Some(title) => vec![text(format!("{title}\n\n{words}"))],
        None => vec![text(words)],
    }
}

/// A text file by its bytes is plain text to these servers, which read only PDF.
fn plain(mime: &str, data: &str) -> Option<String> {
    let textual = mime.starts_with("text/") || mime == "application/json";
    let bytes = textual.then(|| STANDARD.decode(data).ok()).flatten()?;
    String::from_utf8(bytes).ok()
}

fn inner<'a>(
    media: &'a Media,
    parts: &'a [Part],
    caps: &Caps,
) -> Result<Vec<PartKind<'a>>, &'static str> {
    let mut kinds: Vec<_> = media
        .title
        .iter()
        .map(|title| text(title.as_str()))
        .collect();
    for part in parts {
        match part {
            Part::Text(words) => kinds.push(text(words.text.as_str())),
            Part::Media(media) => kinds.extend(known(media, caps)?),
            _ => return Err("the document holds what only its own vendor knows"),
        }
    }
    Ok(kinds)
}
