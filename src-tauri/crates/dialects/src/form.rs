//! The form of answers and of calls' arguments, as far as a provider can be held to it: what is bound, what is asked
//! for in words instead, and what of it is lost.

use crate::{
    Dialect,
    caps::{Caps, Structured},
    ir::{Field, Format, Notes, Part, Place, Request, Role, Text, Tool, ToolField},
    json::Json,
    schema,
    strict::Subset,
};

/// What an endpoint of a dialect has for forms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forms {
    pub(crate) dialect: Dialect,
    /// The schemas to which an answer can be held exactly.
    pub(crate) exact: &'static Subset,
    /// Schemas that are only followed as well as the model can, and some JSON without a schema.
    pub(crate) loose: bool,
}

/// The form of an answer as it is bound.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Bound {
    /// Not at all.
    Free,
    /// Some JSON: an object.
    Json,
    /// By this schema.
    Schema {
        schema: Json,
        /// Whether exactly; `None` where nothing is to be said.
        exact: Option<bool>,
    },
}

impl Forms {
    /// The form as the provider can be bound to it, and an instruction for the model where that is not enough.
    pub(crate) fn answer(
        &self,
        request: &Request,
        caps: &Caps,
        notes: &mut Notes,
    ) -> (Bound, Option<String>) {
        let bound = match (&request.format, caps.structured) {
            (Format::Text, _) => return (Bound::Free, None),
            (Format::Json, Structured::Json | Structured::Schema) if self.loose => {
                return (Bound::Json, None);
            }
            (Format::Schema { schema, strict, .. }, Structured::Schema) => {
                let bound = self.schema(schema, *strict, request, notes);
                if let Some(bound) = bound {
                    return (bound, None);
                }
                Bound::Free
            }
            (Format::Schema { schema, .. }, Structured::Json) if schema::is_object(schema) => {
                Bound::Json
            }
            _ => Bound::Free,
        };
        notes.lose_field(Field::Format, "the model is asked for it in words");
        (bound, request.format.in_words())
    }

    /// Whoever speaks the provider's dialect knows what it takes.
    fn is_own(&self, request: &Request) -> bool {
        request.dialect == Some(self.dialect)
    }

    fn schema(
        &self,
        schema: &Json,
        strict: Option<bool>,
        request: &Request,
        notes: &mut Notes,
    ) -> Option<Bound> {
        if self.is_own(request) {
            return Some(Bound::Schema {
                schema: schema.clone(),
                exact: strict,
            });
        }
        // Dialects without the word always hold the model to the schema.
        let always = matches!(
            request.dialect,
            Some(Dialect::Anthropic | Dialect::Gemini | Dialect::Ollama)
        );
        let exact = strict.or(always.then_some(true));
        if !self.loose || exact == Some(true) {
            let held = self.exact.hold(schema);
            // Null may be no answer to a client that did not ask for strict mode in so many words.
            let held = held.filter(|held| strict.is_some() || !held.has_nulls());
            if let Some(held) = held {
                if let Some(why) = held.loss() {
                    notes.lose_field(Field::Format, why);
                }
                return Some(Bound::Schema {
                    schema: held.schema,
                    exact: Some(true),
                });
            }
            if !self.loose {
                return None;
            }
        }
        if !schema::is_object(schema) {
            return None; // OpenAI takes an object only.
        }
        if exact == Some(true) {
            let why = "the schema is beyond strict mode; the model only tries to follow it";
            notes.lose_field(Field::Format, why);
        }
        Some(Bound::Schema {
            schema: schema.clone(),
            exact: exact.map(|_| false),
        })
    }

    /// Whether the instructions or the turns that the model is given name JSON. OpenAI and others refuse to answer in
    /// JSON otherwise; who speaks their dialect sees to it.
    pub(crate) fn names_json(&self, request: &Request, instructions: &[Text]) -> bool {
        let names = |text: &Text| {
            let windows = text.text.as_bytes().windows(4);
            windows
                .into_iter()
                .any(|word| word.eq_ignore_ascii_case(b"json"))
        };
        let heard = request
            .turns
            .iter()
            .filter(|turn| turn.role != Role::Assistant);
        let said = |part: &Part| matches!(part, Part::Text(text) if names(text));
        self.is_own(request)
            || instructions.iter().any(names)
            || heard.flat_map(|turn| &turn.parts).any(said)
    }

    /// The schema of a tool's arguments, and whether calls are held to it.
    pub(crate) fn arguments(
        &self,
        tool: &Tool,
        schema: Json,
        request: &Request,
        caps: &Caps,
        notes: &mut Notes,
    ) -> (Json, bool) {
        if tool.strict != Some(true) {
            return (schema, false);
        }
        let strictness = Place::ToolField(tool.at, ToolField::Strict);
        if !caps.strict_tools {
            notes.lose(
                strictness,
                "the provider does not hold calls to their schema",
            );
            return (schema, false);
        }
        if self.is_own(request) {
            return (schema, true);
        }
        let Some(held) = self.exact.hold(&schema) else {
            notes.lose(strictness, "its schema is beyond what strict mode takes");
            return (schema, false);
        };
        if let Some(why) = held.loss() {
            notes.lose(Place::ToolField(tool.at, ToolField::Schema), why);
        }
        (held.schema, true)
    }
}
