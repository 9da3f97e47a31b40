//! The mechanism that reads JSON as the real server does: by tables of messages and their fields, in
//! the manner of protobuf's JSON mapping.
//!
//! Names are taken in `camelCase` and `snake_case` and come out in `camelCase`, enum values in upper case,
//! a single value of a repeated field as a list of one. What no table names is refused in the real
//! server's words. What a value means is no business of this module.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::dialect::Refusal;

/// A message of the API.
pub(super) struct Message {
    /// Its name as errors spell it.
    pub(super) name: &'static str,
    /// Its fields.
    pub(super) fields: &'static [Field],
}

/// A field of a message.
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    many: bool,
    oneof: Option<&'static str>,
    since: u32,
}

/// What a field holds.
pub(super) enum Kind {
    /// A text.
    Text,
    /// True or false.
    Flag,
    /// A whole number, also as text.
    Int,
    /// A number.
    Number,
    /// Bytes in either alphabet of base64.
    Bytes,
    /// One of these names, which belong to the named enum.
    Choice(&'static str, &'static [&'static str]),
    /// Another message.
    Of(&'static Message),
    /// Messages by name.
    MapOf(&'static Message),
    /// Texts by name.
    Texts,
    /// Any JSON object.
    Struct,
    /// Any JSON value.
    Any,
}

impl Field {
    /// A field that holds one value.
    pub(super) const fn one(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            many: false,
            oneof: None,
            since: 0,
        }
    }

    /// A field that holds a list.
    pub(super) const fn many(name: &'static str, kind: Kind) -> Self {
        Self {
            many: true,
            ..Self::one(name, kind)
        }
    }

    /// The field as a member of a group of which only one may be set.
    pub(super) const fn within(self, oneof: &'static str) -> Self {
        Self {
            oneof: Some(oneof),
            ..self
        }
    }

    /// The field as one that generations of models before this one do not know.
    pub(super) const fn since(self, generation: u32) -> Self {
        Self {
            since: generation,
            ..self
        }
    }
}

/// Reads `value` as `message` for models of `generation`; all violations are told at once.
pub(super) fn read(value: &Value, message: &Message, generation: u32) -> Result<Value, Refusal> {
    let mut reader = Reader {
        generation,
        wrong: Vec::new(),
    };
    let read = reader.message("", value, message);
    if reader.wrong.is_empty() {
        Ok(read)
    } else {
        Err(Refusal::bad(reader.wrong.join("\n")))
    }
}

/// The bytes of a base64 text in the standard or the URL-safe alphabet, padded or not.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [alphabet::STANDARD, alphabet::URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, config).decode(text).ok())
}

struct Reader {
    generation: u32,
    wrong: Vec<String>,
}

impl Reader {
    fn message(&mut self, at: &str, value: &Value, message: &Message) -> Value {
        let Value::Object(given) = value else {
            self.invalid(at, &type_url(message.name), value);
            return Value::Null;
        };
        let mut read = Map::new();
        let mut groups: Vec<&str> = Vec::new();
        for (name, value) in given {
            let Some(field) = self.field(message, name) else {
                self.unknown(at, name, "Cannot find field.");
                continue;
            };
            if value.is_null() {
                continue;
            }
            if let Some(oneof) = field.oneof {
                if groups.contains(&oneof) {
                    self.wrong.push(format!(
                        "Invalid value at '{at}' (oneof), oneof field '{oneof}' is already set. Cannot set '{}'",
                        field.name
                    ));
                }
                groups.push(oneof);
            }
            let place = join(at, &snake(field.name));
            let value = self.field_value(at, &place, name, value, field);
            read.insert(field.name.to_owned(), value);
        }
        Value::Object(read)
    }

    fn field(&self, message: &Message, name: &str) -> Option<&'static Field> {
        message
            .fields
            .iter()
            .filter(|field| field.since <= self.generation)
            .find(|field| field.name == name || snake(field.name) == name)
    }

    fn field_value(
        &mut self,
        parent: &str,
        at: &str,
        name: &str,
        value: &Value,
        field: &Field,
    ) -> Value {
        let list_is_a_value = matches!(field.kind, Kind::Any);
        match value {
            Value::Array(items) if field.many => items
                .iter()
                .enumerate()
                .map(|(index, item)| self.value(&format!("{at}[{index}]"), item, &field.kind))
                .collect(),
            Value::Array(_) if !list_is_a_value => {
                self.unknown(
                    parent,
                    name,
                    "Proto field is not repeating, cannot start list.",
                );
                Value::Null
            }
            _ if field.many => {
                Value::Array(vec![self.value(&format!("{at}[0]"), value, &field.kind)])
            }
            _ => self.value(at, value, &field.kind),
        }
    }

    fn value(&mut self, at: &str, value: &Value, kind: &Kind) -> Value {
        let (fits, type_name) = match kind {
            Kind::Of(message) => return self.message(at, value, message),
            Kind::MapOf(message) => return self.map(at, value, message),
            Kind::Choice(name, known) => return self.choice(at, value, name, known),
            Kind::Int => {
                let number = whole_number(value);
                if let Some(number) = number {
                    return number.into();
                }
                (false, "TYPE_INT32".to_owned())
            }
            Kind::Bytes => return self.bytes(at, value),
            Kind::Text => (value.is_string(), "TYPE_STRING".to_owned()),
            Kind::Flag => (value.is_boolean(), "TYPE_BOOL".to_owned()),
            Kind::Number => (value.is_number(), "TYPE_DOUBLE".to_owned()),
            Kind::Texts => {
                let texts = value
                    .as_object()
                    .is_some_and(|map| map.values().all(Value::is_string));
                (texts, "Map".to_owned())
            }
            Kind::Struct => (
                value.is_object(),
                "type.googleapis.com/google.protobuf.Struct".to_owned(),
            ),
            Kind::Any => (true, String::new()),
        };
        if !fits {
            self.invalid(at, &type_name, value);
        }
        value.clone()
    }

    /// A map's entries are named by position: `properties[0].value`.
    fn map(&mut self, at: &str, value: &Value, message: &Message) -> Value {
        let Value::Object(entries) = value else {
            self.invalid(at, "Map", value);
            return Value::Null;
        };
        let read = entries.iter().enumerate().map(|(index, (name, value))| {
            let place = format!("{at}[{index}].value");
            (name.clone(), self.message(&place, value, message))
        });
        Value::Object(read.collect())
    }

    fn choice(&mut self, at: &str, value: &Value, name: &str, known: &[&str]) -> Value {
        let given = value.as_str().map(str::to_ascii_uppercase);
        match given {
            Some(given) if known.contains(&given.as_str()) => given.into(),
            _ => {
                self.invalid(at, &type_url(name), value);
                Value::Null
            }
        }
    }

    fn bytes(&mut self, at: &str, value: &Value) -> Value {
        match value.as_str() {
            Some(text) if decoded(text).is_some() => {}
            Some(text) => {
                let start: String = text.chars().take(40).collect();
                self.wrong.push(format!(
                    "Invalid value at '{at}' (TYPE_BYTES), Base64 decoding failed for \"{start}\""
                ));
            }
            None => self.invalid(at, "TYPE_BYTES", value),
        }
        value.clone()
    }

    fn unknown(&mut self, at: &str, name: &str, why: &str) {
        let place = if at.is_empty() {
            String::new()
        } else {
            format!(" at '{at}'")
        };
        self.wrong.push(format!(
            "Invalid JSON payload received. Unknown name \"{name}\"{place}: {why}"
        ));
    }

    fn invalid(&mut self, at: &str, type_name: &str, value: &Value) {
        let shown = match value {
            Value::Object(_) => "Starting an object on a scalar field".to_owned(),
            other => other.to_string().chars().take(200).collect(),
        };
        self.wrong
            .push(format!("Invalid value at '{at}' ({type_name}), {shown}"));
    }
}

fn type_url(name: &str) -> String {
    format!("type.googleapis.com/google.ai.generativelanguage.v1beta.{name}")
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

/// A number without a fraction, also written as `4.0` or as text.
fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64().or_else(|| {
            other
                .as_f64()
                .filter(|number| number.fract() == 0.0 && number.abs() < 9.0e15)
                .map(|number| number as i64)
        }),
    }
}

/// `inlineData` as `inline_data`.
fn snake(camel: &str) -> String {
    let mut out = String::with_capacity(camel.len() + 4);
    for character in camel.chars() {
        if character.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}
