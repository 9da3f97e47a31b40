//! Walks the parsed TOML into the tables of [`super::raw`], collecting every problem instead of stopping at the first.
//! Judges shape only (types, unknown keys, spelling of single values); what values mean together is for `check`.

use std::{borrow::Cow, ops::Range};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    expand::{Unexpanded, expand},
    problem::Found,
};

/// A value and the bytes where it stands.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) span: Range<usize>,
    pub(super) value: T,
}

/// A key that may be absent.
pub(super) type Field<T> = Option<At<T>>;

/// What can be read from a TOML value. `None` means that a problem was told.
pub(super) trait Read: Sized {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self>;
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Collects problems on the way through a document.
pub(super) struct Reader<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    path: Vec<String>,
    pub(super) problems: Vec<Found>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            env,
            path: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Records a problem.
    pub(super) fn tell(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.problems.push(Found {
            span,
            message: message.into(),
            absence: false,
        });
    }

    /// Dotted name of the key being read, for messages.
    pub(super) fn here(&self) -> String {
        self.path.join(".")
    }

    /// Tells that the value has the wrong type.
    pub(super) fn expected<T>(
        &mut self,
        what: &str,
        value: &DeValue<'_>,
        span: Range<usize>,
    ) -> Option<T> {
        let found = value.type_str();
        let article = if found.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        let message = format!("`{}` must be {what}, not {article} {found}", self.here());
        self.tell(span, message);
        None
    }

    pub(super) fn table<'v, 'i>(
        &mut self,
        value: &'v DeValue<'i>,
        span: Range<usize>,
    ) -> Option<&'v DeTable<'i>> {
        match value {
            DeValue::Table(table) => Some(table),
            other => self.expected("a table", other, span),
        }
    }

    /// Tells each key of `table` that is not among `known`.
    pub(super) fn known(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let place = if self.path.is_empty() {
                String::new()
            } else {
                format!(" in `{}`", self.here())
            };
            self.tell(
                key.span(),
                format!("unknown key `{name}`{place}; {}", suggestion(name, known)),
            );
        }
    }

    /// Reads one key of a table.
    pub(super) fn field<T: Read>(&mut self, table: &DeTable<'_>, name: &str) -> Field<T> {
        let value = table.get(name)?;
        self.path.push(name.to_owned());
        let read = self.value(value);
        self.path.pop();
        read
    }

    /// Reads a value together with its place.
    pub(super) fn value<T: Read>(&mut self, value: &Spanned<DeValue<'_>>) -> Field<T> {
        let span = value.span();
        T::read(value.get_ref(), span.clone(), self).map(|value| At { span, value })
    }

    /// A string with its variables expanded.
    pub(super) fn text(
        &mut self,
        value: &DeValue<'_>,
        span: Range<usize>,
        what: &str,
    ) -> Option<String> {
        let DeValue::String(text) = value else {
            return self.expected(what, value, span);
        };
        match expand(text, self.env) {
            Ok(text) => Some(text),
            Err(Unexpanded::Unset(name)) => {
                let message = format!(
                    "`{}` uses ${{{name}}}, but the environment variable {name} is not set here: set it where Turnout is \
                     started, or write its value instead; $${{ stands for a literal ${{",
                    self.here()
                );
                self.tell(span, message);
                None
            }
            Err(Unexpanded::Malformed) => {
                let message = format!(
                    "`{}` holds a ${{ that is not ${{NAME}}; write $${{ for a literal ${{",
                    self.here()
                );
                self.tell(span, message);
                None
            }
        }
    }

    /// One of a fixed set of words.
    pub(super) fn word<T: Copy>(
        &mut self,
        value: &DeValue<'_>,
        span: Range<usize>,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(value, span.clone(), "a string")?;
        if let Some((_, found)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*found);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!(
            "`{}` cannot be \"{text}\"; {}",
            self.here(),
            suggestion(&text, &known)
        );
        self.tell(span, message);
        None
    }
}

/// "did you mean" where something is close, else everything that is known.
pub(super) fn suggestion(name: &str, known: &[&str]) -> String {
    let close = known
        .iter()
        .map(|word| {
            (
                strsim::damerau_levenshtein(
                    &name.to_lowercase().replace('-', "_"),
                    &word.replace('-', "_"),
                ),
                word,
            )
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, word)| *distance <= 2.max(word.len() / 3));
    if let Some((_, word)) = close {
        return format!("did you mean `{word}`?");
    }
    let list: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
    format!("known here: {}", list.join(", "))
}
