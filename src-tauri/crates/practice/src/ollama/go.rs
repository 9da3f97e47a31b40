//! The mechanism that reads JSON as the real server's Go decoder does: by tables of structs, with its
//! words for a value of the wrong type.
//!
//! The decoder passes over names that it does not know, and what they ask for is lost without a
//! word. Here the names by which other dialects ask for something are refused, in the words in which a strict
//! Go decoder refuses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::dialect::Refusal;

/// What a field holds.
pub(super) enum Kind {
    /// A text.
    Text,
    /// True or false.
    Flag,
    /// A whole number.
    Int,
    /// A text or a number of seconds.
    Duration,
    /// Bytes in padded base64 of the standard alphabet.
    Bytes,
    /// Any object, of the named Go type.
    Object(&'static str),
    /// A list.
    List(&'static Kind),
    /// A struct.
    Struct(&'static Struct),
    /// Any value.
    Any,
}

/// A struct and what it must not hold.
pub(super) struct Struct {
    /// Go type.
    pub(super) name: &'static str,
    /// Fields.
    pub(super) fields: &'static [(&'static str, Kind)],
    /// Names of other dialects.
    pub(super) foreign: &'static [&'static str],
}

/// Reads a body as a struct.
pub(super) fn read(body: &[u8], shape: &Struct) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Err(Refusal::bad("missing request body"));
    }
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        Refusal::bad(if error.is_eof() {
            "unexpected EOF".to_owned()
        } else {
            format!("invalid character in JSON: {error}")
        })
    })?;
    if !value.is_object() {
        let what = kind_of(&value);
        return Err(Refusal::bad(format!(
            "json: cannot unmarshal {what} into Go value of type api.{}",
            shape.name
        )));
    }
    fields(&value, shape, shape.name, "").map_err(Refusal::bad)?;
    Ok(value)
}

type Read = Result<(), String>;

fn fields(value: &Value, shape: &Struct, root: &str, at: &str) -> Read {
    for (name, value) in value.as_object().into_iter().flatten() {
        let place = if at.is_empty() {
            name.clone()
        } else {
            format!("{at}.{name}")
        };
        if let Some((_, kind)) = shape.fields.iter().find(|(known, _)| known == name) {
            field(value, kind, root, &place)?;
        } else if shape.foreign.contains(&name.as_str()) {
            return Err(format!("json: unknown field \"{place}\""));
        }
    }
    Ok(())
}

fn field(value: &Value, kind: &Kind, root: &str, at: &str) -> Read {
    let fits = match kind {
        _ if value.is_null() => true,
        Kind::Text => value.is_string(),
        Kind::Flag => value.is_boolean(),
        Kind::Int => value.is_i64(),
        Kind::Duration => value.is_string() || value.is_number(),
        Kind::Bytes => match value.as_str() {
            Some(text) => return base64(text),
            None => false,
        },
        Kind::Object(_) => value.is_object(),
        Kind::List(inner) => match value.as_array() {
            Some(items) => {
                return items
                    .iter()
                    .try_for_each(|item| field(item, inner, root, at));
            }
            None => false,
        },
        Kind::Struct(shape) => {
            if value.is_object() {
                return fields(value, shape, root, at);
            }
            false
        }
        Kind::Any => true,
    };
    if fits {
        return Ok(());
    }
    let shown = match value {
        Value::Number(number) if matches!(kind, Kind::Int) => format!("number {number}"),
        other => kind_of(other).to_owned(),
    };
    Err(format!(
        "json: cannot unmarshal {shown} into Go struct field {root}.{at} of type {}",
        type_of(kind)
    ))
}

fn base64(text: &str) -> Read {
    if STANDARD.decode(text).is_ok() {
        return Ok(());
    }
    let ours = |character: char| character.is_ascii_alphanumeric() || "+/=".contains(character);
    let at = text
        .find(|character| !ours(character))
        .unwrap_or(text.len());
    Err(format!("illegal base64 data at input byte {at}"))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn type_of(kind: &Kind) -> String {
    match kind {
        Kind::Text => "string".to_owned(),
        Kind::Flag => "bool".to_owned(),
        Kind::Int => "int".to_owned(),
        Kind::Duration => "api.Duration".to_owned(),
        Kind::Bytes => "api.ImageData".to_owned(),
        Kind::Object(name) => (*name).to_owned(),
        Kind::List(inner) => format!("[]{}", type_of(inner)),
        Kind::Struct(shape) => format!("api.{}", shape.name),
        Kind::Any => "interface {}".to_owned(),
    }
}
