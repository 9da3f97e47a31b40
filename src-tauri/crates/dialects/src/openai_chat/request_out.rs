//! Writes a request for a provider. What the provider's model takes decides, never its name.

use std::borrow::Cow;

use super::{
    body::{
        Body, Content, Form, Format as PrintedFormat, Mark, Message, Part, PartKind, StreamOptions,
    },
    details::APART,
    messages_out,
    own::OwnFields,
    settings_out, thinking_out, tools_out,
};
use crate::{
    Dialect, Target, Written,
    caps::{CallIds, Caps},
    form::{Bound, Forms},
    ids,
    ir::{
        At, CacheMark, Field, Format, Names, Notes, Origin, Part as IrPart, Place, Refusal,
        Request, Text,
    },
    json::Json,
    strict,
};

/// The forms that can be bound.
pub(crate) const FORMS: Forms = Forms {
    dialect: Dialect::OpenaiChat,
    exact: &strict::OPENAI,
    loose: true,
};
/// Why marks of the cache are lost.
pub(crate) const NO_MARKS: &str = "the provider caches by itself";
/// Breakpoints that OpenAI writes for one request.
const MAX_MARKS: usize = 4;

/// Writes the request.
pub(crate) fn write(request: &Request, target: &Target<'_>) -> Result<Written, Refusal> {
    let caps = target.caps;
    let mut notes = Notes::new(target.lossy);
    notes.own(request, Dialect::OpenaiChat)?;
    let tools = tools_out::write(request, caps, &mut notes)?;
    let settings = settings_out::write(request, caps, &mut notes)?;
    let mut thinking = thinking_out::write(&request.reasoning, caps, &mut notes);
    let (response_format, instruction) = format(request, caps, &mut notes);
    let own = OwnFields::of(request);
    let template = own.of_object("chat_template_kwargs");
    if !template.0.is_empty() {
        thinking.chat_template_kwargs.get_or_insert_default().own = template;
    }
    if let Some(switch) = &mut thinking.thinking {
        switch.own = own.of_object("thinking");
    }
    let reasoning = own.of_object("reasoning");
    if !reasoning.0.is_empty() {
        thinking.reasoning.get_or_insert_default().own = reasoning;
    }
    let stream_options = (request.stream && caps.chat.stream_options).then(|| StreamOptions {
        include_usage: true,
        own: own.of_object("stream_options"),
    });
    let mut body = Body {
        model: &request.model,
        tools: tools.printed,
        choice: tools.choice,
        settings,
        thinking,
        response_format,
        web_search_options: tools.web_search,
        stream: request.stream.then_some(true),
        stream_options,
        own: own.of_object(""),
        ..Body::default()
    };
    let mut writer = Writer {
        caps,
        origin: &target.origin,
        notes: &mut notes,
        names: tools.names,
        own,
        marks: 0,
        thinking_lost: false,
    };
    body.settings.prompt_cache_options = writer.mark(request.cache.as_ref()).map(|mark| Mark {
        mode: "implicit",
        ..mark
    });
    writer.system(request, instruction, &mut body.messages);
    messages_out::write(&mut writer, &request.turns, &mut body.messages)?;
    let tools = std::mem::take(&mut writer.names.tools);
    // Maps have string keys only, so that printing cannot fail.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    Ok(Written {
        body,
        headers: Vec::new(),
        losses: notes.into_losses(),
        tools,
    })
}

/// What all parts of the conversation's writer share.
pub(crate) struct Writer<'a, 'n> {
    pub(crate) caps: &'n Caps,
    pub(crate) origin: &'n Origin,
    pub(crate) notes: &'n mut Notes,
    pub(crate) names: Names,
    pub(crate) own: OwnFields<'a>,
    marks: usize,
    thinking_lost: bool,
}

impl<'a> Writer<'a, '_> {
    pub(crate) fn lose(&mut self, place: Place, why: &'static str) {
        self.notes.lose(place, why);
    }

    /// Earlier thinking is left out: one note, however much of it there is.
    pub(crate) fn lose_thinking(&mut self, at: At) {
        if !std::mem::replace(&mut self.thinking_lost, true) {
            self.lose(Place::Turn(at), "earlier thinking is left out");
        }
    }

    /// A mark of the cache, where the provider takes one more.
    pub(crate) fn mark(&mut self, cache: Option<&CacheMark>) -> Option<Mark> {
        let cache = cache?;
        if !self.caps.cache_marks || self.marks == MAX_MARKS {
            let why = if self.caps.cache_marks {
                "the provider takes four marks"
            } else {
                NO_MARKS
            };
            self.notes.lose_field(Field::CacheMarks, why);
            return None;
        }
        self.marks += 1;
        let ttl = cache.ttl.as_ref().map(|ttl| ttl.0.as_ref());
        Some(Mark {
            mode: "explicit",
            ttl: match ttl {
                Some("1h") => Some("12h".to_owned()),
                Some(ttl @ ("30m" | "12h")) => Some(ttl.to_owned()),
                _ => None,
            },
        })
    }

    /// An id of a call in the form that the provider takes; the same for the same id.
    pub(crate) fn call_id(&self, id: &str) -> String {
        match self.caps.call_ids {
            CallIds::Alnum9 => {
                let fits = id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
                if fits {
                    id.to_owned()
                } else {
                    ids::base62(&[id.as_bytes()], 9)
                }
            }
            CallIds::Any | CallIds::None => ids::fitting(id, 64, |char| {
                char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
            }),
        }
    }

    /// Whether instructions in the middle go to the head.
    pub(crate) fn hoists(&self) -> bool {
        !self.caps.mid_system
    }

    /// Parts as content, in the plainest form that says the same.
    pub(crate) fn content(&self, parts: Vec<Part<'a>>) -> Content<'a> {
        if self.caps.chat.content_lists {
            return listed(parts);
        }
        Content::Text(joined(parts, "\n\n"))
    }

    /// The leading instructions.
    fn system(
        &mut self,
        request: &'a Request,
        instruction: Option<String>,
        messages: &mut Vec<Message<'a>>,
    ) {
        let mut texts: Vec<Part<'a>> = Vec::new();
        let mut places = Vec::new();
        for text in &request.system {
            texts.push(self.text_part(text));
            places.push(text.at);
        }
        if self.hoists() {
            for text in self.hoisted(request) {
                texts.push(self.text_part(text));
                places.push(text.at);
            }
        }
        texts.extend(instruction.map(|text| Part::Known {
            kind: PartKind::Text { text: text.into() },
            prompt_cache_breakpoint: None,
            own: super::body::Extras::default(),
        }));
        let role = if self.caps.chat.developer {
            "developer"
        } else {
            "system"
        };
        let message = |content, own| Message {
            role,
            content,
            own,
            ..Message::default()
        };
        if texts.is_empty() {
            return;
        }
        if texts.len() > 1 && !self.caps.chat.several_system {
            let content = if texts.iter().any(is_marked) && self.caps.chat.content_lists {
                Content::List(texts)
            } else {
                Content::Text(joined(texts, APART))
            };
            messages.push(message(content, super::body::Extras::default()));
            return;
        }
        for (number, text) in texts.into_iter().enumerate() {
            let own = match places.get(number) {
                Some(at) if at.part.unwrap_or(0) == 0 => self.own.of_message(*at),
                _ => super::body::Extras::default(),
            };
            messages.push(message(self.content(vec![text]), own));
        }
    }

    /// Texts of instructions in the middle, which stand in the head here.
    fn hoisted(&mut self, request: &'a Request) -> Vec<&'a Text> {
        let mut texts = Vec::new();
        for turn in &request.turns {
            if !turn.is_instruction() {
                continue;
            }
            let why = "instructions in the middle are moved to the head";
            self.lose(Place::Turn(turn.at), why);
            texts.extend(turn.parts.iter().filter_map(|part| match part {
                IrPart::Text(text) => Some(text),
                _ => None,
            }));
        }
        texts
    }
}

/// A list, or a string where it is one text without anything else.
pub(crate) fn listed(mut parts: Vec<Part<'_>>) -> Content<'_> {
    let plain = match parts.as_slice() {
        [] => true,
        [part] => is_plain(part),
        _ => false,
    };
    match (plain, parts.pop()) {
        (
            true,
            Some(Part::Known {
                kind: PartKind::Text { text },
                ..
            }),
        ) => Content::Text(text),
        (_, None) => Content::Text(Cow::Borrowed("")),
        (_, Some(last)) => {
            parts.push(last);
            Content::List(parts)
        }
    }
}

fn is_plain(part: &Part<'_>) -> bool {
    matches!(part, Part::Known { kind: PartKind::Text { .. }, prompt_cache_breakpoint: None, own } if own.0.is_empty())
}

fn is_marked(part: &Part<'_>) -> bool {
    matches!(
        part,
        Part::Known {
            prompt_cache_breakpoint: Some(_),
            ..
        }
    )
}

fn joined<'a>(parts: Vec<Part<'a>>, between: &str) -> Cow<'a, str> {
    let mut texts = parts.into_iter().filter_map(|part| match part {
        Part::Known {
            kind: PartKind::Text { text },
            ..
        } => Some(text),
        _ => None,
    });
    let Some(first) = texts.next() else {
        return Cow::Borrowed("");
    };
    texts.fold(first, |joined, text| {
        Cow::Owned(format!("{joined}{between}{text}"))
    })
}

/// `response_format`, or words for the model where the provider has none.
fn format<'a>(
    request: &'a Request,
    caps: &Caps,
    notes: &mut Notes,
) -> (Option<PrintedFormat<'a>>, Option<String>) {
    let (bound, words) = FORMS.answer(request, caps, notes);
    match bound {
        Bound::Free => (None, words),
        Bound::Json if words.is_none() && !FORMS.names_json(request, &request.system) => {
            (Some(PrintedFormat::JsonObject), Format::Json.in_words())
        }
        Bound::Json => (Some(PrintedFormat::JsonObject), words),
        Bound::Schema { schema, exact } => {
            let printed = schema_format(&request.format, schema, exact);
            (Some(printed), words)
        }
    }
}

fn schema_format(format: &Format, schema: Json, strict: Option<bool>) -> PrintedFormat<'_> {
    let (name, description) = match format {
        Format::Schema {
            name, description, ..
        } => (name.as_deref(), description.as_deref()),
        _ => (None, None),
    };
    let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    let name = match name {
        Some(name) if !name.is_empty() && name.len() <= 64 && name.chars().all(fits) => {
            Cow::Borrowed(name)
        }
        Some(name) if !name.is_empty() => Cow::Owned(ids::fitting(name, 64, fits)),
        _ => Cow::Borrowed("response"),
    };
    PrintedFormat::JsonSchema {
        json_schema: Form {
            name,
            description,
            schema,
            strict,
        },
    }
}
