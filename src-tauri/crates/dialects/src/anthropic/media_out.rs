//! Writes images and documents.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    request_out::{Context, DIALECT},
    spell,
    wire_out::{Block, Enabled, Said, Source as WireSource, With},
};
use crate::ir::{Media, MediaKind, Part, Place, Refusal, Source};

const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];
const PDF: &str = "application/pdf";

/// Whether it is shown as an image: what calls itself an image may be a document (a PDF as `image_url`).
pub(super) fn is_image(media: &Media) -> bool {
    let mime = media.source.mime();
    match media.kind {
        MediaKind::Image => mime.is_none_or(|mime| MediaKind::of_mime(mime) == MediaKind::Image),
        MediaKind::Document => {
            mime.is_some_and(|mime| MediaKind::of_mime(mime) == MediaKind::Image)
        }
        MediaKind::Audio | MediaKind::Video => false,
    }
}

/// A medium as a block; nothing where losses are tolerated and it cannot be said.
pub(super) fn block<'a>(
    media: &'a Media,
    context: &mut Context<'a>,
) -> Result<Option<Block<'a>>, Refusal> {
    let refusal = match media.kind {
        MediaKind::Audio => Some("Anthropic Messages takes no audio; send a transcript"),
        MediaKind::Video => Some("Anthropic Messages takes no video; send images of it"),
        _ => None,
    };
    if let Some(why) = refusal {
        context.notes.refuse(Place::Turn(media.at), why)?;
        return Ok(None);
    }
    let is_image = is_image(media);
    let source = match source(media, is_image, context) {
        Ok(source) => source,
        Err(why) => {
            context.notes.refuse(Place::Turn(media.at), why)?;
            return Ok(None);
        }
    };
    if media
        .detail
        .as_deref()
        .is_some_and(|detail| detail != "auto")
    {
        let why = "how closely an image is looked at cannot be told";
        context.notes.lose(Place::Turn(media.at), why);
    }
    let path = || format!("{}.cache_control", spell::turn(media.at));
    let extra = context.owns.inside(path);
    let cache_control = context.mark(media.cache.as_ref(), extra);
    let said = if is_image {
        Said::Image {
            source,
            cache_control,
        }
    } else {
        Said::Document {
            source,
            title: media.title.as_deref(),
            context: media.context.as_deref(),
            citations: media.cite.then_some(Enabled { enabled: true }),
            cache_control,
        }
    };
    Ok(Some(Block::Said(With {
        value: said,
        extra: context.owns.inside(|| spell::turn(media.at)),
    })))
}

/// The bytes, or why they cannot be sent.
fn source<'a>(
    media: &'a Media,
    is_image: bool,
    context: &mut Context<'a>,
) -> Result<WireSource<'a>, Cow<'static, str>> {
    let caps = context.caps;
    let told = if is_image {
        caps.images
    } else {
        caps.documents
    };
    match &media.source {
        _ if is_image && !told => Err("the model takes no images".into()),
        Source::Base64 { mime, data } if is_image => image(mime, data),
        Source::Base64 { mime, data } if mime.starts_with("text/") => {
            let text = STANDARD.decode(data).ok();
            let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
            text.map(|text| plain(Cow::Owned(text)))
                .ok_or_else(|| "the text document is not UTF-8 in base64".into())
        }
        Source::Base64 { .. } if !told => Err("the model takes no documents".into()),
        Source::Base64 { mime, data } if mime == PDF => Ok(WireSource::Base64 {
            media_type: PDF,
            data,
        }),
        Source::Base64 { mime, .. } => {
            Err(format!("Anthropic Messages takes PDF and text as documents, not {mime:?}").into())
        }
        Source::Text(text) => Ok(plain(Cow::Borrowed(text))),
        Source::Parts(parts) => parts_of(media, parts, context),
        Source::Url { url, .. } => {
            let fetched = if is_image {
                caps.image_urls
            } else {
                caps.document_urls
            };
            if fetched && url.starts_with("http") {
                Ok(WireSource::Url { url })
            } else {
                Err("the provider does not fetch it from this address; send its bytes".into())
            }
        }
        Source::File { dialect, id, .. } if *dialect == DIALECT && caps.messages.first_party => {
            Ok(WireSource::File { file_id: id })
        }
        Source::File { id, .. } => {
            Err(format!("the file {id:?} is with another vendor; send its bytes").into())
        }
    }
}

fn plain(data: Cow<'_, str>) -> WireSource<'_> {
    WireSource::Text {
        media_type: "text/plain",
        data,
    }
}

fn image<'a>(mime: &'a str, data: &'a str) -> Result<WireSource<'a>, Cow<'static, str>> {
    let media_type = if mime == "image/jpg" {
        "image/jpeg"
    } else {
        mime
    };
    if IMAGES.contains(&media_type) {
        Ok(WireSource::Base64 { media_type, data })
    } else {
        Err(format!("Anthropic Messages takes JPEG, PNG, GIF and WebP, not {mime:?}").into())
    }
}

fn parts_of<'a>(
    media: &Media,
    parts: &'a [Part],
    context: &mut Context<'a>,
) -> Result<WireSource<'a>, Cow<'static, str>> {
    let mut blocks = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Part::Text(text) if text.text.trim().is_empty() => {}
            Part::Text(text) => blocks.push(Block::plain(Said::Text {
                text: Cow::Borrowed(&text.text),
                citations: &[],
                cache_control: context.mark(text.cache.as_ref(), Vec::new()),
            })),
            Part::Media(inner) => {
                let block = block(inner, context).map_err(|refusal| refusal.why)?;
                blocks.extend(block);
            }
            _ => {
                let why = "a document holds text and images only";
                context.notes.lose(Place::Turn(media.at), why);
            }
        }
    }
    Ok(WireSource::Content { content: blocks })
}
