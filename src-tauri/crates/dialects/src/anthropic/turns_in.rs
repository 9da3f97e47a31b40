//! Reads the conversation: turns and their blocks.

use serde::Deserialize;

use super::{
    request_in::{Owned, missing},
    spell,
    wire::{Block, Inner, Message, OutputConfig, Source as WireSource},
};
use crate::{
    Dialect, Misshapen,
    ir::{
        At, CacheMark, Call, CallKind, Effort, Fate, Media, MediaKind, Part, Role, Seal, Source,
        Text, Thinking, ToolResult, Turn,
    },
    json::Json,
    wire::Content,
};

/// Reads turns. Mid-conversation settings that say what the request says anyway are no loss elsewhere.
pub(super) fn turns(
    messages: Vec<Message>,
    effort: Option<Effort>,
    own: &mut Owned,
) -> Result<Vec<Turn>, Misshapen> {
    let read = |(index, message)| turn(message, At::item(index), effort, own);
    messages.into_iter().enumerate().map(read).collect()
}

fn turn(
    message: Message,
    at: At,
    effort: Option<Effort>,
    own: &mut Owned,
) -> Result<Turn, Misshapen> {
    let role = match message.role.as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        other => {
            return Err(Misshapen {
                path: format!("{}.role", spell::turn(at)),
                problem: format!(
                    "expected user, assistant or system, got {:?}",
                    other.unwrap_or_default()
                ),
            });
        }
    };
    for (name, value) in message.extra.iter() {
        let same = name == "output_config"
            && value.read::<OutputConfig>().is_ok_and(|config| {
                config.extra.is_empty()
                    && config.format.is_none()
                    && config.effort.as_deref().and_then(Effort::of) == effort
            });
        let fate = if same { Fate::Ignore } else { Fate::Lose };
        own.push(format!("{}.{name}", spell::turn(at)), value.clone(), fate);
    }
    let parts = match message.content {
        None => return Err(missing(format!("{}.content", spell::turn(at)))),
        Some(Content::Text(text)) if text.is_empty() => Vec::new(),
        Some(Content::Text(text)) => vec![plain(text, at.part(0))],
        Some(Content::List(blocks)) => {
            let read = |(index, block)| part(block, at.part(index), own);
            blocks
                .into_iter()
                .enumerate()
                .map(read)
                .collect::<Result<_, _>>()?
        }
    };
    Ok(Turn {
        role,
        parts,
        name: None,
        at,
    })
}

fn plain(text: String, at: At) -> Part {
    Part::Text(Text {
        at,
        ..Text::plain(text)
    })
}

/// A block of a turn or of a result.
fn part(mut block: Block, at: At, own: &mut Owned) -> Result<Part, Misshapen> {
    let path = || spell::turn(at);
    let need = |name: &str| missing(format!("{}.{name}", path()));
    let kind = block.kind.take().ok_or_else(|| need("type"))?;
    let known = matches!(
        kind.as_str(),
        "text" | "image" | "document" | "tool_use" | "tool_result" | "thinking"
    );
    if known {
        for (name, value) in block.extra.iter() {
            let fate = match name {
                "caller" => Fate::Ignore,
                _ => Fate::Lose,
            };
            own.push(format!("{}.{name}", path()), value.clone(), fate);
        }
    }
    let mut mark = || own.mark(block.cache_control.take(), path);
    match kind.as_str() {
        "text" => Ok(Part::Text(Text {
            cache: mark(),
            text: block.text.ok_or_else(|| need("text"))?,
            citations: citations(block.citations.as_ref()),
            at,
        })),
        "image" | "document" => {
            let cache = mark();
            media(block, &kind, cache, at, own)
        }
        "tool_use" => Ok(Part::Call(Call {
            cache: mark(),
            id: block.id.ok_or_else(|| need("id"))?,
            name: block.name.ok_or_else(|| need("name"))?,
            arguments: block.input.unwrap_or_else(Json::empty_object),
            kind: CallKind::Function,
            seal: None,
            at,
        })),
        "tool_result" => Ok(Part::Result(ToolResult {
            cache: mark(),
            call_id: block.tool_use_id.ok_or_else(|| need("tool_use_id"))?,
            name: None,
            parts: inner(block.content, at, own)?,
            is_error: block.is_error.unwrap_or_default(),
            at,
        })),
        "thinking" => Ok(Part::Thinking(Thinking {
            text: block.thinking.unwrap_or_default(),
            seal: seal(block.signature),
            redacted: false,
            at,
        })),
        "redacted_thinking" => Ok(Part::Thinking(Thinking {
            text: String::new(),
            seal: seal(block.data),
            redacted: true,
            at,
        })),
        "search_result" | "tool_reference" => {
            block.kind = Some(kind);
            retold(block, at, own)
        }
        _ => {
            block.kind = Some(kind.clone());
            Ok(Part::Opaque {
                dialect: Dialect::Anthropic,
                kind,
                value: Json::of(&block),
                at,
            })
        }
    }
}

/// What a client presents as a signature; none where it is empty.
fn seal(data: Option<String>) -> Option<Seal> {
    let data = data.filter(|data| !data.is_empty())?;
    Some(Seal::presented(Dialect::Anthropic, &data))
}

fn citations(list: Option<&Json>) -> Vec<Json> {
    list.and_then(|list| list.read().ok()).unwrap_or_default()
}

fn inner(content: Option<Inner<Block>>, at: At, own: &mut Owned) -> Result<Vec<Part>, Misshapen> {
    let blocks = match content {
        None => return Ok(Vec::new()),
        Some(Inner::Text(text)) if text.is_empty() => return Ok(Vec::new()),
        Some(Inner::Text(text)) => return Ok(vec![plain(text, at.inner(0))]),
        Some(Inner::Object(block)) => vec![*block],
        Some(Inner::List(blocks)) => blocks,
    };
    let read = |(index, block)| part(block, at.inner(index), own);
    blocks.into_iter().enumerate().map(read).collect()
}

fn media(
    block: Block,
    kind: &str,
    cache: Option<CacheMark>,
    at: At,
    own: &mut Owned,
) -> Result<Part, Misshapen> {
    let path = || format!("{}.source", spell::turn(at));
    let Some(Inner::Object(source)) = block.source else {
        return Err(missing(path()));
    };
    own.extra(&source.extra, &Fate::Lose, path);
    Ok(Part::Media(Media {
        kind: match kind {
            "image" => MediaKind::Image,
            _ => MediaKind::Document,
        },
        source: self::source(*source, at, own)?,
        title: block.title,
        context: block.context,
        detail: None,
        cite: is_cited(block.citations.as_ref()),
        cache,
        at,
    }))
}

fn is_cited(citations: Option<&Json>) -> bool {
    #[derive(Deserialize)]
    struct Citations {
        enabled: Option<bool>,
    }
    citations
        .and_then(|citations| citations.read::<Citations>().ok())
        .and_then(|citations| citations.enabled)
        .unwrap_or_default()
}

fn source(source: WireSource, at: At, own: &mut Owned) -> Result<Source, Misshapen> {
    let need = |name: &str| missing(format!("{}.source.{name}", spell::turn(at)));
    Ok(match source.kind.as_deref() {
        Some("base64") => Source::Base64 {
            mime: source.media_type.ok_or_else(|| need("media_type"))?,
            data: source.data.ok_or_else(|| need("data"))?,
        },
        Some("text") => Source::Text(source.data.ok_or_else(|| need("data"))?),
        Some("url") => Source::Url {
            url: source.url.ok_or_else(|| need("url"))?,
            mime: source.media_type,
        },
        Some("file") => Source::File {
            dialect: Dialect::Anthropic,
            id: source.file_id.ok_or_else(|| need("file_id"))?,
            mime: source.media_type,
        },
        Some("content") => {
            let content = match source.content.ok_or_else(|| need("content"))? {
                Content::Text(text) => Inner::Text(text),
                Content::List(list) => Inner::List(list),
            };
            Source::Parts(inner(Some(content), at, own)?)
        }
        other => {
            return Err(Misshapen {
                path: format!("{}.source.type", spell::turn(at)),
                problem: format!(
                    "expected base64, text, content, url or file, got {:?}",
                    other.unwrap_or_default()
                ),
            });
        }
    })
}

/// A block that others can be told in their words; its own form is kept for its own vendor.
fn retold(block: Block, at: At, own: &mut Owned) -> Result<Part, Misshapen> {
    own.push(spell::turn(at), Json::of(&block), Fate::Ignore);
    if let Some(name) = block.tool_name {
        return Ok(plain(format!("Tool found: {name}"), at));
    }
    let source = match block.source {
        Some(Inner::Text(source)) => Some(source),
        _ => None,
    };
    let cache = block.cache_control.map(|_| CacheMark::default());
    Ok(Part::Media(Media {
        kind: MediaKind::Document,
        // What is unknown inside is kept with the whole.
        source: Source::Parts(inner(block.content, at, &mut Owned::default())?),
        title: block.title,
        context: source,
        detail: None,
        cite: is_cited(block.citations.as_ref()),
        cache,
        at,
    }))
}
