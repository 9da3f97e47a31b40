//! JSON that is carried and not understood: kept as the text it came in, so that key order, number spelling and
//! white space survive, and nothing is built only to be printed again.

use std::{borrow::Cow, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::value::RawValue;

mod prefix;

pub use prefix::{NotJson, Prefix};

/// One JSON value as text. Cheap to clone; equal when the texts are.
#[derive(Clone)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// The value of this text; an error if it is not exactly one JSON value.
    pub fn parse(text: impl Into<String>) -> serde_json::Result<Self> {
        RawValue::from_string(text.into()).map(Into::into)
    }

    /// The arguments of a call, collected from its pieces: `{}` where none came; nothing where they were cut, so that
    /// nobody can run the call.
    pub fn arguments(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::empty_object());
        }
        Self::parse(text).ok()
    }

    /// The text that a call to a tool which takes free text stands for: that in `{"input": "…"}`, else the whole.
    pub(crate) fn free_text(&self) -> String {
        #[derive(Deserialize)]
        struct Arguments {
            input: String,
        }
        let input = self.read().map(|Arguments { input }| input);
        let text = input.or_else(|_| self.read());
        text.unwrap_or_else(|_| self.text().to_owned())
    }

    /// Whatever serialises.
    pub fn of(value: &impl Serialize) -> Self {
        // Only maps with keys that are no strings fail, which no type here has.
        serde_json::value::to_raw_value(value).map_or_else(|_| Self::null(), Into::into)
    }

    /// `{}`.
    pub fn empty_object() -> Self {
        Self::of(&serde_json::Map::new())
    }

    /// `null`.
    pub fn null() -> Self {
        RawValue::NULL.to_owned().into()
    }

    /// The text, without white space around it.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        self.text().starts_with('{')
    }

    /// Whether it is an object without fields.
    pub fn is_empty(&self) -> bool {
        self.compact() == "{}"
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.text() == "null"
    }

    /// Read as `T`.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.text())
    }

    /// As a tree; for the few places that change a value.
    pub fn value(&self) -> serde_json::Value {
        self.read().unwrap_or_default()
    }

    /// The text without insignificant white space, as `JSON.stringify` writes it.
    pub fn compact(&self) -> Cow<'_, str> {
        compact(self.text())
    }
}

/// Reads an object as `T`. The types that serde derives take a list of their fields' values as well, which no dialect
/// means.
pub(crate) fn object<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let is_object = body.trim_ascii_start().starts_with(b"{");
    is_object.then(|| serde_json::from_slice(body).ok())?
}

impl From<Box<RawValue>> for Json {
    fn from(raw: Box<RawValue>) -> Self {
        Self(raw.into())
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        Self::of(value)
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Into::into)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

fn compact(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut in_string = false;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b' ' | b'\n' | b'\r' | b'\t' if !in_string => {
                out.push_str(&text[copied..at]);
                copied = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// Fields that a wire type does not know, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extra(Vec<(Box<str>, Json)>);

impl Extra {
    /// Adds a field.
    pub fn push(&mut self, name: impl Into<Box<str>>, value: Json) {
        self.0.push((name.into(), value));
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0
            .iter()
            .find(|(found, _)| **found == *name)
            .map(|(_, value)| value)
    }

    /// Removes a field and gives its value.
    pub fn take(&mut self, name: &str) -> Option<Json> {
        let at = self.0.iter().position(|(found, _)| **found == *name)?;
        Some(self.0.remove(at).1)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
