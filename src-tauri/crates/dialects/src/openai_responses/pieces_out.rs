//! Parts of messages and of tools' outputs, written.

use std::borrow::Cow;

use serde::Serialize;

use super::items_out::foreign;
use crate::{
    Dialect, Target,
    ir::{CacheMark, Media, MediaKind, Notes, Part, Place, Refusal, Source, Text},
    json::Json,
};

/// The most marks that one request may carry.
const MOST_MARKS: usize = 4;

/// A part of a message, of a tool's output or of a reasoning item.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum PieceOut<'a> {
    Text {
        r#type: &'static str,
        text: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        prompt_cache_breakpoint: Option<Mark>,
    },
    Answer {
        r#type: &'static str,
        text: &'a str,
        annotations: Vec<Json>,
    },
    Refusal {
        r#type: &'static str,
        refusal: &'a str,
    },
    Image {
        r#type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        image_url: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_id: Option<&'a str>,
        detail: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        prompt_cache_breakpoint: Option<Mark>,
    },
    File {
        r#type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_data: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_url: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        prompt_cache_breakpoint: Option<Mark>,
    },
    Audio {
        r#type: &'static str,
        input_audio: AudioOut<'a>,
    },
    Raw(&'a Json),
}

/// `prompt_cache_breakpoint`.
#[derive(Debug, Serialize)]
pub(super) struct Mark {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

/// `input_audio`.
#[derive(Debug, Serialize)]
pub(super) struct AudioOut<'a> {
    data: &'a str,
    format: &'a str,
}

impl<'a> PieceOut<'a> {
    pub(super) fn input(text: &'a str) -> Self {
        Self::text(Cow::Borrowed(text), None)
    }

    pub(super) fn owned(text: String) -> Self {
        Self::text(Cow::Owned(text), None)
    }

    pub(super) fn summary(text: &'a str) -> Self {
        Self::Text {
            r#type: "summary_text",
            text: Cow::Borrowed(text),
            prompt_cache_breakpoint: None,
        }
    }

    fn text(text: Cow<'a, str>, prompt_cache_breakpoint: Option<Mark>) -> Self {
        Self::Text {
            r#type: "input_text",
            text,
            prompt_cache_breakpoint,
        }
    }
}

/// Writes parts as far as the target takes them.
pub(super) struct Pieces<'t> {
    target: &'t Target<'t>,
    marks: usize,
    /// A cache mark was left out.
    pub(super) unmarked: bool,
}

impl<'t> Pieces<'t> {
    pub(super) fn new(target: &'t Target<'t>) -> Self {
        Self {
            target,
            marks: 0,
            unmarked: false,
        }
    }

    /// What the model said; `None` where it is empty.
    pub(super) fn spoken<'a>(&mut self, part: &'a Part, _: &mut Notes) -> Option<PieceOut<'a>> {
        match part {
            Part::Text(text) if !text.text.is_empty() => {
                self.unmarked |= text.cache.is_some();
                Some(PieceOut::Answer {
                    r#type: "output_text",
                    text: &text.text,
                    annotations: super::annotations::all(&text.citations, &text.text),
                })
            }
            Part::Refusal(text) if !text.text.is_empty() => Some(PieceOut::Refusal {
                r#type: "refusal",
                refusal: &text.text,
            }),
            _ => None,
        }
    }

    /// What the model is told.
    pub(super) fn heard<'a>(
        &mut self,
        part: &'a Part,
        out: &mut Vec<PieceOut<'a>>,
        notes: &mut Notes,
    ) -> Result<(), Refusal> {
        match part {
            Part::Text(text) => self.plain(text, out),
            Part::Refusal(text) => out.push(PieceOut::input(&text.text)),
            Part::Media(media) => self.media(media, out, notes)?,
            Part::Opaque {
                dialect: Dialect::OpenaiResponses,
                value,
                ..
            } => out.push(PieceOut::Raw(value)),
            Part::Opaque { kind, at, .. } => notes.lose(Place::Turn(*at), foreign(kind)),
            // Neither stands in what the user says.
            Part::Call(_) | Part::Result(_) | Part::Thinking(_) => {}
        }
        Ok(())
    }

    fn plain<'a>(&mut self, text: &'a Text, out: &mut Vec<PieceOut<'a>>) {
        if !text.text.is_empty() {
            let mark = self.mark(text.cache.as_ref());
            out.push(PieceOut::text(Cow::Borrowed(&text.text), mark));
        }
    }

    fn mark(&mut self, mark: Option<&CacheMark>) -> Option<Mark> {
        let mark = mark?;
        if !self.target.caps.cache_marks || self.marks == MOST_MARKS {
            self.unmarked = true;
            return None;
        }
        self.marks += 1;
        let ttl = mark.ttl.as_ref().map(|ttl| ttl.0.as_ref());
        Some(Mark {
            mode: "explicit",
            // Anthropic's hour has only twelve of them to go to.
            ttl: match ttl {
                Some("30m") => Some("30m"),
                Some("12h" | "1h") => Some("12h"),
                _ => None,
            },
        })
    }

    fn media<'a>(
        &mut self,
        media: &'a Media,
        out: &mut Vec<PieceOut<'a>>,
        notes: &mut Notes,
    ) -> Result<(), Refusal> {
        let place = Place::Turn(media.at);
        if let Some(why) = self.obstacle(media) {
            return notes.refuse(place, why);
        }
        if media.context.is_some() || media.cite {
            notes.lose(place, "documents have neither context nor citations there");
        }
        let mark = self.mark(media.cache.as_ref());
        match (media.kind, &media.source) {
            (_, Source::Text(text)) => {
                out.extend(heading(media));
                out.push(PieceOut::text(Cow::Borrowed(text), mark));
            }
            (_, Source::Parts(parts)) => {
                out.extend(heading(media));
                for part in parts {
                    self.heard(part, out, notes)?;
                }
            }
            (MediaKind::Image, source) => out.push(image(source, media, mark)),
            (MediaKind::Audio, Source::Base64 { mime, data }) => out.push(PieceOut::Audio {
                r#type: "input_audio",
                input_audio: AudioOut {
                    data,
                    format: audio_format(mime).unwrap_or_default(),
                },
            }),
            (_, source) => out.push(file(source, media, mark)),
        }
        Ok(())
    }

    /// Why this medium cannot be sent.
    fn obstacle(&self, media: &Media) -> Option<&'static str> {
        let caps = self.target.caps;
        match (media.kind, &media.source) {
            (_, Source::Text(_) | Source::Parts(_)) => None,
            (_, Source::File { dialect, .. })
                if *dialect != Dialect::OpenaiResponses
                    && !(*dialect == Dialect::OpenaiChat && caps.openai_files) =>
            {
                Some("file ids cannot cross providers; send the bytes")
            }
            (MediaKind::Video, _) => Some("the provider takes no video"),
            (MediaKind::Image, _) if !caps.images => Some("the model takes no images"),
            (MediaKind::Image, Source::Url { .. }) if !caps.image_urls => {
                Some("the provider fetches no images; send the bytes")
            }
            (MediaKind::Audio, _) if !caps.audio => Some("the model takes no audio"),
            (MediaKind::Audio, Source::Base64 { mime, .. }) if audio_format(mime).is_some() => None,
            (MediaKind::Audio, _) => {
                Some("the provider takes audio as the bytes of wav or mp3 only")
            }
            (MediaKind::Document, _) if !caps.documents => Some("the model takes no documents"),
            (MediaKind::Document, Source::Url { .. }) if !caps.document_urls => {
                Some("the provider fetches no documents; send the bytes")
            }
            _ => None,
        }
    }
}

/// The title in front of a document that is told as text.
fn heading<'a>(media: &Media) -> Option<PieceOut<'a>> {
    let title = media.title.as_deref().filter(|title| !title.is_empty());
    title.map(|title| PieceOut::owned(format!("{title}:")))
}

fn image<'a>(source: &'a Source, media: &'a Media, mark: Option<Mark>) -> PieceOut<'a> {
    let (image_url, file_id) = match source {
        Source::Url { url, .. } => (Some(Cow::Borrowed(url.as_str())), None),
        Source::File { id, .. } => (None, Some(id.as_str())),
        source => (source.data_url().map(Cow::Owned), None),
    };
    PieceOut::Image {
        r#type: "input_image",
        image_url,
        file_id,
        detail: media.detail.as_deref().unwrap_or("auto"),
        prompt_cache_breakpoint: mark,
    }
}

fn file<'a>(source: &'a Source, media: &'a Media, mark: Option<Mark>) -> PieceOut<'a> {
    PieceOut::File {
        r#type: "input_file",
        filename: media.file_name(),
        file_data: source.data_url(),
        file_url: match source {
            Source::Url { url, .. } => Some(url),
            _ => None,
        },
        file_id: match source {
            Source::File { id, .. } => Some(id),
            _ => None,
        },
        prompt_cache_breakpoint: mark,
    }
}

fn audio_format(mime: &str) -> Option<&'static str> {
    match mime {
        "audio/wav" | "audio/x-wav" | "audio/wave" => Some("wav"),
        "audio/mpeg" | "audio/mp3" => Some("mp3"),
        _ => None,
    }
}
