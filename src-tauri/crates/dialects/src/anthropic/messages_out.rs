//! Writes the conversation in the order that Anthropic demands: turns alternate and begin with the user's, every call
//! is answered in the next turn of the user, results come first in it.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::{
    media_out,
    request_out::{Context, DIALECT, Turn},
    spell,
    tools_out::is_plain,
    wire_out::{Block, Message, ResultContent, Said, With},
};
use crate::{
    caps::ReasoningBack,
    ids,
    ir::{
        At, CacheMark, Call, Names, Part, Place, Refusal, Role, Text, Thinking, ToolResult, Toolbox,
    },
};

const USER: &str = "user";
const ASSISTANT: &str = "assistant";
const SYSTEM: &str = "system";
/// What stands where a turn is needed and nothing was said.
const NOTHING: &str = ".";
/// The longest id that all providers of the dialect take.
const LONGEST_ID: usize = 64;

/// A conversation as it is written.
pub(super) struct Conversation<'a> {
    pub(super) messages: Vec<Turn<'a>>,
    /// Instructions that stood in front of the first turn.
    pub(super) leading: Vec<&'a Text>,
    pub(super) tools: Toolbox,
    /// Whether the model goes on behind results of calls that no thinking of its own led to.
    pub(super) resumes_unsigned: bool,
}

struct Writer<'w, 'a> {
    context: &'w mut Context<'a>,
    names: Names,
    messages: Vec<Turn<'a>>,
    leading: Vec<&'a Text>,
    /// Results at the front of the last turn.
    results: usize,
    /// Calls of the last turn of the assistant.
    pending: Vec<Pending<'a>>,
    /// Their positions by the client's ids.
    by_id: HashMap<&'a str, Vec<usize>>,
    /// Ids told so far.
    ids: HashSet<String>,
}

struct Pending<'a> {
    id: &'a str,
    sent: String,
    at: At,
    /// Where its result stands: the message, and the block in it.
    answered: Option<(usize, usize)>,
}

impl<'a> Conversation<'a> {
    pub(super) fn write(context: &mut Context<'a>, names: Names) -> Result<Self, Refusal> {
        let request = context.request;
        let mut writer = Writer {
            context,
            names,
            messages: Vec::with_capacity(request.turns.len() + 1),
            leading: Vec::new(),
            results: 0,
            pending: Vec::new(),
            by_id: HashMap::new(),
            ids: HashSet::new(),
        };
        for turn in &request.turns {
            match turn.role {
                Role::User => writer.user(turn)?,
                Role::Assistant => writer.assistant(turn)?,
                Role::System | Role::Developer => writer.instruction(turn)?,
            }
        }
        writer.finish(request.turns.last().map(|turn| turn.at))
    }
}

impl<'a> Writer<'_, 'a> {
    fn last_role(&self) -> Option<&'static str> {
        self.messages.last().map(|message| message.value.role)
    }

    /// The turn of this role at the end; neighbours of one role become one.
    fn open(&mut self, role: &'static str, at: At) -> &mut Vec<Block<'a>> {
        let extra = self
            .context
            .owns
            .inside(|| spell::turn(At { part: None, ..at }));
        if self.last_role() != Some(role) {
            self.results = 0;
            self.messages.push(With {
                value: Message {
                    role,
                    content: Vec::new(),
                },
                extra: Vec::new(),
            });
        }
        let last = self.messages.len() - 1;
        let message = &mut self.messages[last];
        if message.extra.is_empty() {
            message.extra = extra;
        }
        &mut message.value.content
    }

    fn user(&mut self, turn: &'a crate::ir::Turn) -> Result<(), Refusal> {
        self.speaker(turn);
        // Results open a turn where they need one: a second one of a call may stand in an earlier turn.
        let only_results = turn
            .parts
            .iter()
            .all(|part| matches!(part, Part::Result(_)));
        if turn.parts.is_empty() || !only_results {
            self.open(USER, turn.at);
        }
        for part in &turn.parts {
            if let Part::Result(result) = part {
                self.result(result)?;
            } else if let Some(block) = self.said(part, USER)? {
                self.open(USER, turn.at).push(block);
            }
        }
        Ok(())
    }

    fn assistant(&mut self, turn: &'a crate::ir::Turn) -> Result<(), Refusal> {
        self.speaker(turn);
        let mut blocks = Vec::with_capacity(turn.parts.len());
        let mut calls = Vec::new();
        for part in &turn.parts {
            if let Part::Call(call) = part {
                let (block, pending) = self.call(call)?;
                blocks.push(block);
                calls.push(pending);
            } else {
                blocks.extend(self.said(part, ASSISTANT)?);
            }
        }
        if blocks.is_empty() {
            return Ok(());
        }
        if self.last_role() != Some(ASSISTANT) {
            self.settle();
            self.pending.clear();
            self.by_id.clear();
        }
        if self.messages.is_empty() {
            self.context
                .notes
                .lose(Place::Turn(turn.at), "a turn of the user is put before it");
            self.open(USER, turn.at).push(Block::text(NOTHING));
        }
        self.open(ASSISTANT, turn.at).append(&mut blocks);
        for call in calls {
            let position = self.pending.len();
            self.by_id.entry(call.id).or_default().push(position);
            self.pending.push(call);
        }
        Ok(())
    }

    /// Instructions between turns: in place where the model knows them there and the user spoke last.
    fn instruction(&mut self, turn: &'a crate::ir::Turn) -> Result<(), Refusal> {
        if self.messages.is_empty() {
            for part in &turn.parts {
                match part {
                    Part::Text(text) => self.leading.push(text),
                    other => self.lose_part(other, "instructions are text"),
                }
            }
            return Ok(());
        }
        let open = self.pending.iter().any(|call| call.answered.is_none());
        let behind_user = matches!(self.last_role(), Some(USER | SYSTEM)) && !open;
        if self.context.caps.mid_system && behind_user {
            let mut blocks = Vec::new();
            for part in &turn.parts {
                blocks.extend(self.said(part, SYSTEM)?);
            }
            let path = || {
                spell::turn(At {
                    part: None,
                    ..turn.at
                })
            };
            if !blocks.is_empty() || !self.context.owns.inside(path).is_empty() {
                self.open(SYSTEM, turn.at).append(&mut blocks);
            }
            return Ok(());
        }
        let place = Place::Turn(turn.at);
        for part in &turn.parts {
            if let Part::Text(text) = part
                && !text.text.trim().is_empty()
            {
                let why = "the model takes instructions between turns only as words of the user";
                self.context.notes.lose(place.clone(), why);
                let wrapped = format!("<system-reminder>\n{}\n</system-reminder>", text.text);
                self.open(USER, turn.at).push(Block::text(wrapped));
            }
        }
        Ok(())
    }

    fn speaker(&mut self, turn: &crate::ir::Turn) {
        if turn.name.is_some() {
            let why = "the speaker's name is left out";
            self.context.notes.lose(Place::Turn(turn.at), why);
        }
    }

    /// Anything but calls and results; nothing where it cannot be said.
    fn said(&mut self, part: &'a Part, role: &'static str) -> Result<Option<Block<'a>>, Refusal> {
        let at = spell::place_of(part);
        if let Some(native) = self.context.owns.block(|| spell::turn(at)) {
            return Ok(Some(Block::Native(native.clone())));
        }
        match part {
            Part::Text(text) | Part::Refusal(text) => Ok(self.text(text, role)),
            Part::Media(media) if role == USER => media_out::block(media, self.context),
            Part::Thinking(thinking) if role == ASSISTANT => Ok(self.thinking(thinking)),
            Part::Opaque { dialect, value, .. }
                if *dialect == DIALECT && self.context.owns.are_known() =>
            {
                Ok(Some(Block::Native(value.clone())))
            }
            Part::Opaque { kind, .. } => {
                let why = format!("the provider does not know {kind:?}");
                self.lose_part(part, why);
                Ok(None)
            }
            other => {
                self.lose_part(other, "it cannot stand in a turn of this role");
                Ok(None)
            }
        }
    }

    fn lose_part(&mut self, part: &Part, why: impl Into<Cow<'static, str>>) {
        let place = Place::Turn(spell::place_of(part));
        self.context.notes.lose(place, why);
    }

    fn mark(&mut self, mark: Option<&'a CacheMark>, at: At) -> Option<super::wire_out::Cache<'a>> {
        mark?;
        let path = || format!("{}.cache_control", spell::turn(at));
        let extra = self.context.owns.inside(path);
        self.context.mark(mark, extra)
    }

    fn text(&mut self, text: &'a Text, role: &'static str) -> Option<Block<'a>> {
        if text.text.trim().is_empty() {
            return None; // Anthropic refuses blocks without a visible character.
        }
        let cited = role == ASSISTANT && self.context.owns.are_known();
        let said = Said::Text {
            text: Cow::Borrowed(&text.text),
            citations: if cited { &text.citations } else { &[] },
            cache_control: self.mark(text.cache.as_ref(), text.at),
        };
        Some(self.with_own(said, text.at))
    }

    fn with_own(&self, said: Said<'a>, at: At) -> Block<'a> {
        Block::Said(With {
            value: said,
            extra: self.context.owns.inside(|| spell::turn(at)),
        })
    }

    /// Thinking goes back only to whom it came from, with its signature.
    fn thinking(&mut self, thinking: &'a Thinking) -> Option<Block<'a>> {
        let origin = &self.context.target.origin;
        let fitting = thinking
            .seal
            .as_ref()
            .filter(|seal| seal.fits(DIALECT, origin));
        let unsigned = !self.context.caps.messages.first_party
            && self.context.caps.reasoning_back != ReasoningBack::Drop
            && !thinking.redacted
            && !thinking.text.is_empty();
        let said = match fitting {
            Some(seal) if thinking.redacted => Said::RedactedThinking {
                data: Cow::Borrowed(&seal.data),
            },
            Some(seal) => Said::Thinking {
                thinking: &thinking.text,
                signature: Cow::Borrowed(&seal.data),
            },
            None if unsigned => Said::Thinking {
                thinking: &thinking.text,
                signature: Cow::Borrowed(""),
            },
            None => {
                if !thinking.text.is_empty() {
                    let why = "earlier thinking that the provider did not sign is left out";
                    self.context.notes.lose(Place::Turn(thinking.at), why);
                }
                return None;
            }
        };
        Some(self.with_own(said, thinking.at))
    }

    fn call(&mut self, call: &'a Call) -> Result<(Block<'a>, Pending<'a>), Refusal> {
        if !call.arguments.is_object() {
            let why = "arguments of a call must be a JSON object";
            self.context.notes.refuse(Place::Turn(call.at), why)?;
        }
        let sent = self.id(&call.id);
        let mark = self.mark(call.cache.as_ref(), call.at);
        let said = Said::ToolUse {
            id: Cow::Owned(sent.clone()),
            name: Cow::Owned(self.names.called(call).name),
            input: object(&call.arguments),
            cache_control: mark,
        };
        let pending = Pending {
            id: &call.id,
            sent,
            at: call.at,
            answered: None,
        };
        Ok((self.with_own(said, call.at), pending))
    }

    /// An id as Anthropic takes it, which no earlier call has.
    fn id(&mut self, id: &str) -> String {
        let mut sent = ids::fitting(id, LONGEST_ID, is_plain);
        while !self.ids.insert(sent.clone()) {
            let number = self.ids.len().to_be_bytes();
            sent = format!("toolu_{}", ids::base62(&[id.as_bytes(), &number], 24));
        }
        sent
    }

    fn result(&mut self, result: &'a ToolResult) -> Result<(), Refusal> {
        let positions = self
            .by_id
            .get(result.call_id.as_str())
            .map_or(&[][..], Vec::as_slice);
        let is_open = |position: &&usize| self.pending[**position].answered.is_none();
        let found = positions.iter().find(is_open).or(positions.first());
        let Some(&index) = found else {
            return self.orphan(result);
        };
        let mut behind = Vec::new();
        let content = self.content(result, &mut behind)?;
        let cache_control = self.mark(result.cache.as_ref(), result.at);
        let said = Said::ToolResult {
            tool_use_id: Cow::Owned(self.pending[index].sent.clone()),
            content,
            is_error: result.is_error,
            cache_control,
        };
        let block = self.with_own(said, result.at);
        self.place(index, block);
        if !behind.is_empty() {
            self.open(USER, result.at).append(&mut behind);
        }
        Ok(())
    }

    /// Puts a call's result in front of what else the user says; a second one takes the place of the first.
    fn place(&mut self, index: usize, block: Block<'a>) {
        let Pending { at, answered, .. } = self.pending[index];
        if let Some((message, earlier)) = answered {
            self.messages[message].value.content[earlier] = block;
            let why = "the call was answered before; the last answer counts";
            self.context.notes.lose(Place::Turn(at), why);
            return;
        }
        self.open(USER, at);
        let message = self.messages.len() - 1;
        let results = self.results;
        self.messages[message].value.content.insert(results, block);
        self.pending[index].answered = Some((message, results));
        self.results += 1;
    }

    fn content(
        &mut self,
        result: &'a ToolResult,
        behind: &mut Vec<Block<'a>>,
    ) -> Result<Option<ResultContent<'a>>, Refusal> {
        if let [Part::Text(text)] = result.parts.as_slice()
            && text.cache.is_none()
            && self.context.owns.block(|| spell::turn(text.at)).is_none()
        {
            return Ok(Some(ResultContent::Text(&text.text)));
        }
        let mut blocks = Vec::with_capacity(result.parts.len());
        for part in &result.parts {
            let is_image = matches!(part, Part::Media(media) if media_out::is_image(media));
            let Some(block) = self.said(part, USER)? else {
                continue;
            };
            if is_image && !self.context.caps.images_in_results {
                let why = "the image stands behind the result, which takes none";
                self.lose_part(part, why);
                let label = format!("From the result of call {}:", result.call_id);
                behind.extend([Block::text(label), block]);
            } else {
                blocks.push(block);
            }
        }
        Ok((!blocks.is_empty()).then_some(ResultContent::Blocks(blocks)))
    }

    /// A result of no call in the turn before.
    fn orphan(&mut self, result: &'a ToolResult) -> Result<(), Refusal> {
        let why = format!(
            "the turn before makes no call {:?} that this could answer",
            result.call_id
        );
        self.context.notes.refuse(Place::Turn(result.at), why)?;
        let text = result.text();
        if !text.trim().is_empty() {
            self.open(USER, result.at).push(Block::text(text));
        }
        Ok(())
    }

    /// Answers calls that the client left open, since none may stay so.
    fn settle(&mut self) {
        for index in 0..self.pending.len() {
            if self.pending[index].answered.is_none() {
                let why = "the call has no result; the model is told so";
                let at = self.pending[index].at;
                self.context.notes.lose(Place::Turn(at), why);
                let said = Said::ToolResult {
                    tool_use_id: Cow::Owned(self.pending[index].sent.clone()),
                    content: Some(ResultContent::Text("no result")),
                    is_error: true,
                    cache_control: None,
                };
                self.place(index, Block::plain(said));
            }
        }
    }

    fn finish(mut self, last: Option<At>) -> Result<Conversation<'a>, Refusal> {
        self.settle();
        if self.last_role() == Some(ASSISTANT) {
            self.prefill(last.unwrap_or_default())?;
        }
        if self.messages.is_empty() {
            self.open(USER, At::default());
        }
        for message in &mut self.messages {
            if message.value.content.is_empty() && message.value.role == USER {
                message.value.content.push(Block::text(NOTHING));
            }
        }
        let resumes_unsigned = self.resumes_unsigned();
        Ok(Conversation {
            messages: self.messages,
            leading: self.leading,
            tools: self.names.tools,
            resumes_unsigned,
        })
    }

    /// The answer is begun by the client.
    fn prefill(&mut self, at: At) -> Result<(), Refusal> {
        if !self.context.caps.prefill {
            let why = "the model does not go on with an answer that the client begins; end with a turn of the user";
            self.context
                .notes
                .refuse(Place::Turn(At { part: None, ..at }), why)?;
            self.messages.push(With::plain(Message {
                role: USER,
                content: vec![Block::text("Go on.")],
            }));
            return Ok(());
        }
        // Anthropic refuses white space at the end of it.
        if let Some(message) = self.messages.last_mut()
            && let Some(Block::Said(With {
                value: Said::Text { text, .. },
                ..
            })) = message.value.content.last_mut()
        {
            match text {
                Cow::Borrowed(borrowed) => *text = Cow::Borrowed(borrowed.trim_end()),
                Cow::Owned(owned) => owned.truncate(owned.trim_end().len()),
            }
        }
        Ok(())
    }

    fn resumes_unsigned(&self) -> bool {
        let Some((last, before)) = self.messages.split_last() else {
            return false;
        };
        let is_result = |block: &Block<'_>| {
            matches!(
                block,
                Block::Said(With {
                    value: Said::ToolResult { .. },
                    ..
                })
            )
        };
        let is_thinking = |block: &Block<'_>| {
            matches!(
                block,
                Block::Said(With {
                    value: Said::Thinking { .. } | Said::RedactedThinking { .. },
                    ..
                })
            )
        };
        let resumes = last.value.content.first().is_some_and(is_result);
        let signed = before
            .last()
            .and_then(|turn| turn.value.content.first())
            .is_some_and(is_thinking);
        resumes && !signed
    }
}

/// Arguments as an object, whatever they are.
fn object(arguments: &crate::json::Json) -> &crate::json::Json {
    static EMPTY: std::sync::LazyLock<crate::json::Json> =
        std::sync::LazyLock::new(crate::json::Json::empty_object);
    if arguments.is_object() {
        arguments
    } else {
        &EMPTY
    }
}
