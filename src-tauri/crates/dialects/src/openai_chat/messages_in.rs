//! Reads the messages of a client's request.

use std::collections::VecDeque;

use super::{
    details,
    request_in::{mark, misshapen, missing, unknown},
    wire::{AudioWire, CallWire, FileWire, FunctionCall, Linked, Message, PartWire},
};
use crate::{
    BadRequest, Dialect, ids,
    ir::{
        At, CacheMark, Call, CallIds, CallKind, Media, MediaKind, Own, Part, Role, Source, Text,
        ToolResult, Turn,
    },
    json::Json,
    wire::Content,
};

/// Leading instructions, and the rest.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    pub(crate) system: Vec<Text>,
    pub(crate) turns: Vec<Turn>,
}

/// Reads all messages.
pub(crate) fn read(messages: Vec<Message>, own: &mut Vec<Own>) -> Result<Conversation, BadRequest> {
    let mut reader = Reader {
        own,
        legacy: VecDeque::new(),
        ids: CallIds::default(),
        read: Conversation::default(),
    };
    for (number, message) in messages.into_iter().enumerate() {
        reader.message(number, message)?;
    }
    Ok(reader.read)
}

struct Reader<'o> {
    own: &'o mut Vec<Own>,
    /// Names and ids of legacy calls that have no result yet.
    legacy: VecDeque<(String, String)>,
    ids: CallIds,
    read: Conversation,
}

impl Reader<'_> {
    fn message(&mut self, number: usize, mut message: Message) -> Result<(), BadRequest> {
        let path = format!("messages[{number}]");
        let at = At::item(number);
        let role = message
            .role
            .take()
            .ok_or_else(|| missing(&format!("{path}.role")))?;
        let extra = std::mem::take(&mut message.extra);
        unknown(&extra, &path, self.own);
        if let Some(audio) = message.audio.take() {
            self.own.push(Own {
                path: format!("{path}.audio").into(),
                value: audio,
                fate: crate::ir::Fate::Refuse("ids of earlier audio belong to OpenAI".into()),
            });
        }
        let name = message.name.take();
        let (role, parts) = match role.as_str() {
            "system" | "developer" => {
                let parts = self.content(message.content.take(), at);
                if self.read.turns.is_empty() {
                    self.system(parts, name, &path);
                    return Ok(());
                }
                let role = if role == "system" {
                    Role::System
                } else {
                    Role::Developer
                };
                (role, parts)
            }
            "user" => (Role::User, self.content(message.content.take(), at)),
            "assistant" => (Role::Assistant, self.assistant(message, number)?),
            "tool" => {
                let id = message
                    .tool_call_id
                    .take()
                    .ok_or_else(|| missing(&format!("{path}.tool_call_id")))?;
                let id = self.ids.answered(id);
                let result = self.result(id, name, message.content.take(), at);
                self.turn(Role::User, vec![result], None, at);
                return Ok(());
            }
            "function" => {
                let id = self.legacy_id(name.as_deref(), &path)?;
                let result = self.result(id, name, message.content.take(), at);
                self.turn(Role::User, vec![result], None, at);
                return Ok(());
            }
            other => {
                let problem = format!("{other:?} is no role of a message");
                return Err(misshapen(format!("{path}.role"), problem));
            }
        };
        self.turn(role, parts, name, at);
        Ok(())
    }

    fn turn(&mut self, role: Role, parts: Vec<Part>, name: Option<String>, at: At) {
        self.read.turns.push(Turn {
            role,
            parts,
            name,
            at,
        });
    }

    fn system(&mut self, parts: Vec<Part>, name: Option<String>, path: &str) {
        if let Some(name) = name {
            self.lost(format!("{path}.name"), Json::of(&name));
        }
        for (number, part) in parts.into_iter().enumerate() {
            match part {
                Part::Text(text) => self.read.system.push(text),
                Part::Opaque { value, .. } => {
                    self.lost(format!("{path}.content[{number}]"), value);
                }
                other => self.lost(
                    format!("{path}.content[{number}]"),
                    Json::of(&format!("{other:?}")),
                ),
            }
        }
    }

    fn lost(&mut self, path: String, value: Json) {
        self.own.push(Own {
            path: path.into(),
            value,
            fate: crate::ir::Fate::Lose,
        });
    }

    fn result(
        &mut self,
        call_id: String,
        name: Option<String>,
        content: Option<Content<PartWire>>,
        at: At,
    ) -> Part {
        Part::Result(ToolResult {
            call_id,
            name,
            parts: self.content(content, at),
            is_error: false,
            cache: None,
            at,
        })
    }

    fn legacy_id(&mut self, name: Option<&str>, path: &str) -> Result<String, BadRequest> {
        let at = self
            .legacy
            .iter()
            .position(|(called, _)| name.is_none_or(|name| name == called));
        let found = at.and_then(|at| self.legacy.remove(at));
        found.map(|(_, id)| id).ok_or_else(|| {
            misshapen(
                path,
                "it is the result of a function that was not called before",
            )
        })
    }

    fn assistant(&mut self, mut message: Message, number: usize) -> Result<Vec<Part>, BadRequest> {
        let at = At::item(number);
        let thought = message
            .reasoning_content
            .take()
            .filter(|words| !words.is_empty())
            .or(message.reasoning.take())
            .unwrap_or_default();
        let details = message.reasoning_details.take().unwrap_or_default();
        let mut thinking = details::presented(thought.0, details);
        for thought in &mut thinking {
            thought.at = at;
        }
        let mut parts: Vec<Part> = details::parts(thinking).collect();
        parts.extend(self.content(message.content.take(), at));
        if let Some(citations) = message.annotations.take()
            && let Some(Part::Text(text)) = parts.last_mut()
        {
            text.citations = citations;
        }
        if let Some(refusal) = message.refusal.take() {
            parts.push(Part::Refusal(Text {
                at,
                ..Text::plain(refusal)
            }));
        }
        let calls = message.tool_calls.take().unwrap_or_default();
        self.ids.begin();
        for (index, mut call) in calls.into_iter().enumerate() {
            let told = call.id.take().unwrap_or_default().0;
            let otherwise = || {
                let path = format!("messages[{number}].tool_calls[{index}]");
                ids::call(&path, index as u64)
            };
            let id = self.ids.made(told, otherwise);
            parts.push(read_call(call, id, number, index)?);
        }
        if let Some(legacy) = message.function_call.take() {
            let id = ids::call("function_call", number as u64);
            let path = format!("messages[{number}].function_call");
            let call = function(legacy, id.clone(), at, &path)?;
            self.legacy.push_back((call.name.clone(), id));
            parts.push(Part::Call(call));
        }
        Ok(parts)
    }

    fn content(&mut self, content: Option<Content<PartWire>>, at: At) -> Vec<Part> {
        match content {
            None => Vec::new(),
            Some(Content::Text(text)) if text.is_empty() => Vec::new(),
            Some(Content::Text(text)) => vec![Part::Text(Text {
                at,
                ..Text::plain(text)
            })],
            Some(Content::List(list)) => list
                .into_iter()
                .enumerate()
                .map(|(number, part)| self.part(part, at.part(number)))
                .collect(),
        }
    }

    fn part(&mut self, mut part: PartWire, at: At) -> Part {
        let kind = part.kind.take().unwrap_or_default();
        let whole = match kind.as_str() {
            "text" | "input_text" | "output_text" => part.text.is_some(),
            "refusal" => part.refusal.is_some(),
            "image_url" => part.image_url.is_some(),
            "video_url" => part.video_url.is_some(),
            "input_audio" => part.input_audio.is_some(),
            "file" => part.file.is_some(),
            "thinking" => part.thinking.is_some(),
            _ => false,
        };
        if !whole {
            part.kind = Some(kind.clone());
            return Part::Opaque {
                dialect: Dialect::OpenaiChat,
                kind,
                value: Json::of(&part),
                at,
            };
        }
        let path = at.part.unwrap_or_default();
        let path = format!("messages[{}].content[{path}]", at.item);
        unknown(&part.extra, &path, self.own);
        let cache = part.mark.map(mark);
        if let Some(text) = part.text {
            return Part::Text(Text {
                text,
                cache,
                at,
                citations: Vec::new(),
            });
        }
        if let Some(refusal) = part.refusal {
            return Part::Refusal(Text {
                at,
                ..Text::plain(refusal)
            });
        }
        if let Some(thinking) = part.thinking {
            return Part::Thinking(crate::ir::Thinking {
                text: words(thinking),
                at,
                ..Default::default()
            });
        }
        let (kind, source, title, detail) =
            source(part.image_url, part.video_url, part.input_audio, part.file);
        Part::Media(media(kind, source, title, detail, cache, at))
    }
}

/// The text of parts.
pub(crate) fn words(content: Content<PartWire>) -> String {
    match content {
        Content::Text(text) => text,
        Content::List(list) => list.into_iter().filter_map(|part| part.text).collect(),
    }
}

fn media(
    kind: MediaKind,
    source: Source,
    title: Option<String>,
    detail: Option<String>,
    cache: Option<CacheMark>,
    at: At,
) -> Media {
    Media {
        kind,
        source,
        title,
        context: None,
        detail,
        cite: false,
        cache,
        at,
    }
}

type Found = (MediaKind, Source, Option<String>, Option<String>);

fn source(
    image: Option<Linked>,
    video: Option<Linked>,
    audio: Option<AudioWire>,
    file: Option<FileWire>,
) -> Found {
    if let Some(Linked(image)) = image {
        let source = url(image.url.unwrap_or_default());
        // A PDF in an image's place is a document all the same.
        let kind = match source.mime() {
            Some(mime) => MediaKind::of_mime(mime),
            None => MediaKind::Image,
        };
        return (kind, source, None, image.detail);
    }
    if let Some(Linked(video)) = video {
        let source = url(video.url.unwrap_or_default());
        return (MediaKind::Video, source, None, video.detail);
    }
    if let Some(audio) = audio {
        let mime = match audio.format.as_deref() {
            Some("mp3") => "audio/mpeg".to_owned(),
            Some(format) => format!("audio/{format}"),
            None => "audio/wav".to_owned(),
        };
        let data = audio.data.unwrap_or_default();
        return (MediaKind::Audio, Source::Base64 { mime, data }, None, None);
    }
    let file = file.unwrap_or_default();
    let source = match (file.data, file.id) {
        (Some(data), _) => Source::of_file_data(data, file.name.as_deref()),
        (None, id) => Source::File {
            dialect: Dialect::OpenaiChat,
            id: id.unwrap_or_default(),
            mime: None,
        },
    };
    let kind = source
        .mime()
        .map_or(MediaKind::Document, MediaKind::of_mime);
    (kind, source, file.name, None)
}

fn url(url: String) -> Source {
    Source::of_data_url(&url).unwrap_or(Source::Url { url, mime: None })
}

fn read_call(call: CallWire, id: String, number: usize, index: usize) -> Result<Part, BadRequest> {
    let at = At::item(number).inner(index);
    let path = format!("messages[{number}].tool_calls[{index}]");
    if let Some(custom) = call.custom {
        let name = custom.name.unwrap_or_default().0;
        let input = custom.input.unwrap_or_default().0;
        return Ok(Part::Call(Call {
            id,
            name,
            arguments: Json::of(&serde_json::json!({ "input": input })),
            kind: CallKind::Custom,
            seal: None,
            cache: None,
            at,
        }));
    }
    let path = format!("{path}.function");
    let called = call.function.ok_or_else(|| missing(&path))?;
    function(called, id, at, &path).map(Part::Call)
}

fn function(called: FunctionCall, id: String, at: At, path: &str) -> Result<Call, BadRequest> {
    let name = called
        .name
        .filter(|name| !name.is_empty())
        .ok_or_else(|| missing(&format!("{path}.name")))?;
    Ok(Call {
        id,
        name: name.0,
        arguments: Call::told_arguments(&called.arguments.unwrap_or_default().0),
        kind: CallKind::Function,
        seal: None,
        cache: None,
        at,
    })
}
