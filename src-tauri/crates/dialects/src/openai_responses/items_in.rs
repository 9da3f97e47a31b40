//! Reads `input`: items become turns.
//!
//! What the model said or did in a row (reasoning, messages, calls) is one turn of the assistant, so reasoning stands
//! before what it led to; outputs in a row are one turn of the user. System and developer messages before the first
//! turn are leading instructions.

use super::{
    pieces,
    request_in::push,
    tools_in::DEFAULT_GROUP,
    wire::{Item, Piece, ToolItem},
};
use crate::{
    Dialect, Misshapen,
    ir::{At, Call, CallIds, CallKind, Fate, Own, Part, Role, Text, Thinking, ToolResult, Turn},
    json::Json,
    wire::Content,
};

/// Items that stand for something which only the vendor can look up or unpack.
const KEPT_BY_VENDOR: [(&str, &str); 3] = [
    (
        "item_reference",
        "an item is known by its id to its own provider only; send the item itself",
    ),
    (
        "compaction",
        "a compacted conversation can be unpacked by its own provider only; send the conversation itself",
    ),
    (
        "compaction_trigger",
        "a conversation can be compacted by its own provider only",
    ),
];

/// A conversation being read.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    system: Vec<Text>,
    turns: Vec<Turn>,
    /// Tools that items add, and where.
    pub(super) tools: Vec<(String, Vec<ToolItem>)>,
    ids: CallIds,
}

impl Conversation {
    /// What the user says, where `input` is a plain string.
    pub(super) fn say(&mut self, text: String) {
        let part = Part::Text(Text::plain(text));
        self.turn(Role::User, At::default(), vec![part]);
    }

    pub(super) fn finish(self) -> (Vec<Text>, Vec<Turn>) {
        (self.system, self.turns)
    }

    pub(super) fn read(&mut self, items: Vec<Item>, own: &mut Vec<Own>) -> Result<(), Misshapen> {
        for (index, item) in items.into_iter().enumerate() {
            self.item(index, item, own)?;
        }
        Ok(())
    }

    fn item(&mut self, index: usize, mut item: Item, own: &mut Vec<Own>) -> Result<(), Misshapen> {
        let at = At::item(index);
        let kind = match (&item.kind, &item.role, &item.id) {
            (Some(kind), ..) => kind.clone(),
            (None, Some(_), _) => "message".to_owned(),
            (None, None, Some(_)) => "item_reference".to_owned(),
            (None, None, None) => return Err(missing(index, "type")),
        };
        let known = matches!(
            kind.as_str(),
            "message"
                | "reasoning"
                | "function_call"
                | "custom_tool_call"
                | "function_call_output"
                | "custom_tool_call_output"
                | "additional_tools"
        );
        if known {
            for (name, value) in std::mem::take(&mut item.extra).iter() {
                // Who called, and whether in the background: said of calls that programs make; what an SDK
                // read out of the arguments.
                let fate = match name {
                    "caller" | "async" | "created_by" | "parsed_arguments" => Fate::Ignore,
                    _ => Fate::Lose,
                };
                push(own, format!("input[{index}].{name}"), value.clone(), fate);
            }
        }
        match kind.as_str() {
            "message" => self.message(at, item, own)?,
            "reasoning" => self.acted(at, thinking(item, at).map(Part::Thinking)),
            "function_call" | "custom_tool_call" => {
                let call = self.call(index, item)?;
                self.acted(at, Some(Part::Call(call)));
            }
            "function_call_output" | "custom_tool_call_output" => {
                let result = self.output(index, item, own)?;
                self.gave(at, Part::Result(result));
            }
            "additional_tools" => self.adds(index, &mut item),
            kind => self.opaque(index, kind, item, own),
        }
        Ok(())
    }

    fn message(&mut self, at: At, item: Item, own: &mut Vec<Own>) -> Result<(), Misshapen> {
        let place = format!("input[{}].content", at.item);
        let parts = match item.content {
            Some(content) => pieces::read(content, &place, |part| at.part(part), own)?,
            None => Vec::new(),
        };
        let role = match item.role.as_deref() {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            Some("system") => Role::System,
            Some("developer") => Role::Developer,
            Some(role) => {
                return Err(Misshapen {
                    path: format!("input[{}].role", at.item),
                    problem: format!("{role:?} is no role"),
                });
            }
            None => return Err(missing(at.item as usize, "role")),
        };
        let is_text = |part: &Part| matches!(part, Part::Text(_));
        match role {
            Role::Assistant => self.acted(at, parts),
            Role::System | Role::Developer
                if self.turns.is_empty() && parts.iter().all(is_text) =>
            {
                self.system
                    .extend(parts.into_iter().filter_map(|part| match part {
                        Part::Text(text) => Some(text),
                        _ => None,
                    }));
            }
            role => self.turn(role, at, parts),
        }
        Ok(())
    }

    fn call(&mut self, index: usize, item: Item) -> Result<Call, Misshapen> {
        let kind = call_kind(&item);
        let id = item
            .call_id
            .filter(|id| !id.is_empty())
            .or(item.id)
            .ok_or_else(|| missing(index, "call_id"))?;
        let arguments = match (item.arguments, item.input) {
            (None, Some(input)) => free_text(&input),
            (Some(arguments), _) => {
                let text = arguments.read::<String>();
                Call::told_arguments(text.as_deref().unwrap_or(arguments.text()))
            }
            (None, None) => Json::empty_object(),
        };
        if !matches!(self.turns.last(), Some(turn) if turn.role == Role::Assistant) {
            self.ids.begin();
        }
        Ok(Call {
            id: self.ids.made(id, String::new),
            name: item.name.ok_or_else(|| missing(index, "name"))?,
            arguments,
            kind,
            seal: None,
            cache: None,
            at: At::item(index),
        })
    }

    fn output(
        &mut self,
        index: usize,
        item: Item,
        own: &mut Vec<Own>,
    ) -> Result<ToolResult, Misshapen> {
        let id = item
            .call_id
            .filter(|id| !id.is_empty())
            .ok_or_else(|| missing(index, "call_id"))?;
        let at = At::item(index);
        let parts = match item.output {
            Some(output) if output.text().starts_with(['"', '[']) => {
                let place = format!("input[{index}].output");
                let content: Content<Piece> = output.read().map_err(|error| Misshapen {
                    path: place.clone(),
                    problem: error.to_string(),
                })?;
                pieces::read(content, &place, |part| at.inner(part), own)?
            }
            // Some clients send an object where its text is meant.
            Some(output) => vec![Part::Text(Text::plain(output.text()))],
            None => Vec::new(),
        };
        let is_empty = |part: &Part| matches!(part, Part::Text(text) if text.text.is_empty());
        Ok(ToolResult {
            call_id: self.ids.answered(id),
            name: item.name,
            parts: if parts.iter().all(is_empty) {
                Vec::new()
            } else {
                parts
            },
            is_error: false,
            cache: None,
            at,
        })
    }

    fn adds(&mut self, index: usize, item: &mut Item) {
        if let Some(tools) = item.tools.take() {
            self.tools.push((format!("input[{index}].tools"), tools));
        }
    }

    fn opaque(&mut self, index: usize, kind: &str, mut item: Item, own: &mut Vec<Own>) {
        if let Some((_, why)) = KEPT_BY_VENDOR.iter().find(|(kept, _)| *kept == kind) {
            let value = Json::of(&item);
            let fate = Fate::Refuse((*why).into());
            push(own, format!("input[{index}]"), value, fate);
        }
        let at = At::item(index);
        let part = Part::Opaque {
            dialect: Dialect::OpenaiResponses,
            value: Json::of(&item),
            kind: kind.to_owned(),
            at,
        };
        // What a search for tools found may be called from there on.
        if kind == "tool_search_output" {
            self.adds(index, &mut item);
        }
        if kind.ends_with("_output") || kind == "mcp_approval_response" {
            self.gave(at, part);
        } else {
            self.acted(at, Some(part));
        }
    }

    fn turn(&mut self, role: Role, at: At, parts: Vec<Part>) {
        self.turns.push(Turn {
            role,
            parts,
            name: None,
            at,
        });
    }

    /// The model said or did something.
    fn acted(&mut self, at: At, parts: impl IntoIterator<Item = Part>) {
        match self.turns.last_mut() {
            Some(turn) if turn.role == Role::Assistant => turn.parts.extend(parts),
            _ => {
                let parts: Vec<Part> = parts.into_iter().collect();
                if !parts.is_empty() {
                    self.turn(Role::Assistant, at, parts);
                }
            }
        }
    }

    /// A tool gave something back.
    fn gave(&mut self, at: At, part: Part) {
        let is_output = |part: &Part| matches!(part, Part::Result(_) | Part::Opaque { .. });
        match self.turns.last_mut() {
            Some(turn)
                if turn.role == Role::User
                    && !turn.parts.is_empty()
                    && turn.parts.iter().all(is_output) =>
            {
                turn.parts.push(part);
            }
            _ => self.turn(Role::User, at, vec![part]),
        }
    }
}

fn missing(index: usize, field: &str) -> Misshapen {
    Misshapen {
        path: format!("input[{index}].{field}"),
        problem: "it is missing".to_owned(),
    }
}

/// What the client knows the tool of a call as.
pub(super) fn call_kind(item: &Item) -> CallKind {
    let group = item.namespace.as_deref();
    let group = group.filter(|group| !group.is_empty() && *group != DEFAULT_GROUP);
    match (group, item.kind.as_deref()) {
        (Some(group), _) => CallKind::Namespaced(group.to_owned()),
        (None, Some("custom_tool_call")) => CallKind::Custom,
        (None, _) => CallKind::Function,
    }
}

/// The arguments of a call to a tool that takes free text.
pub(super) fn free_text(input: &str) -> Json {
    #[derive(serde::Serialize)]
    struct Arguments<'a> {
        input: &'a str,
    }
    Json::of(&Arguments { input })
}

/// Arguments are JSON inside a string; none mean an empty object. Some servers write the object itself.
pub(super) fn decoded(arguments: &Json) -> Result<Json, String> {
    if !arguments.text().starts_with('"') {
        return Ok(arguments.clone());
    }
    let text: String = arguments.read().map_err(|error| error.to_string())?;
    if text.trim().is_empty() {
        return Ok(Json::empty_object());
    }
    Json::parse(text).map_err(|error| format!("the string is no JSON: {error}"))
}

/// A reasoning item; `None` where it says nothing and holds nothing.
pub(super) fn thinking(item: Item, at: At) -> Option<Thinking> {
    let text = reasoning_text(item.summary, item.content);
    let sealed = item.encrypted_content.filter(|data| !data.is_empty());
    let mut thinking = match sealed {
        Some(data) => Thinking::presented(Dialect::OpenaiResponses, &data, text),
        None if text.is_empty() => return None,
        None => Thinking {
            text,
            ..Thinking::default()
        },
    };
    // An id alone cannot be looked up where nothing is stored.
    if let Some(seal) = &mut thinking.seal
        && seal.origin.is_none()
    {
        seal.id = item.id;
    }
    thinking.at = at;
    Some(thinking)
}

/// The summary, its parts parted by blank lines, or else the reasoning itself, which open models tell.
pub(super) fn reasoning_text(
    summary: Option<Vec<Piece>>,
    content: Option<Content<Piece>>,
) -> String {
    let texts = |pieces: Vec<Piece>| {
        let texts = pieces.into_iter().filter_map(|piece| piece.text);
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>()
    };
    let summary = texts(summary.unwrap_or_default());
    if !summary.is_empty() {
        return summary.join("\n\n");
    }
    match content {
        Some(Content::Text(text)) => text,
        Some(Content::List(pieces)) => texts(pieces).join(""),
        None => String::new(),
    }
}
