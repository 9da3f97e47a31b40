//! Shapes of JSON objects as tables, and their check in OpenAI's words.
//!
//! A field that no table knows is refused, except a top-level one that begins with `x_`: a test's
//! own, to see whether a proxy carries it.

use serde_json::{Map, Value};

use crate::dialect::Refusal;

pub(super) type Checked = Result<(), Refusal>;

/// What a field may hold.
pub(super) enum Kind {
    /// Anything; checked elsewhere or not at all.
    Any,
    /// `true` or `false`.
    Bool,
    /// A string.
    Text,
    /// A string of at least one character and at most so many.
    Id(usize),
    /// A number without a fraction in a range, both ends included.
    Whole(i64, i64),
    /// A number in a range, both ends included.
    Number(f64, f64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any object.
    Object,
    /// An object of these fields.
    Fields(&'static [Field]),
    /// An array with at least so many items.
    List(usize),
    /// An array of some of these words.
    Words(&'static [&'static str]),
}

/// A field of an object.
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
    null: bool,
}

/// A field that has to be there.
pub(super) const fn must(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
        null: false,
    }
}

/// A field that has to be there, and may be `null`.
pub(super) const fn must_or_null(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
        null: true,
    }
}

/// A field that may be left out.
pub(super) const fn may(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
        null: false,
    }
}

/// A field that may be left out or `null`.
pub(super) const fn null(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
        null: true,
    }
}

/// Checks an object; `at` is its place, empty for the whole request.
pub(super) fn check(at: &str, fields: &Map<String, Value>, table: &[Field]) -> Checked {
    for name in fields.keys() {
        let foreign = table.iter().all(|field| field.name != name);
        if foreign && !(at.is_empty() && name.starts_with("x_")) {
            let at = inside(at, name);
            return Err(Refusal::bad(format!("Unknown parameter: '{at}'."))
                .about(at)
                .coded("unknown_parameter"));
        }
    }
    for field in table {
        let at = inside(at, field.name);
        match fields.get(field.name) {
            None if field.required => {
                return Err(Refusal::bad(format!("Missing required parameter: '{at}'."))
                    .about(at)
                    .coded("missing_required_parameter"));
            }
            None => {}
            Some(Value::Null) if field.null => {}
            Some(value) => field.kind.check(&at, value)?,
        }
    }
    Ok(())
}

/// Checks that a value is an object of these fields, and gives it back.
pub(super) fn object<'a>(
    at: &str,
    value: &'a Value,
    table: &[Field],
) -> Result<&'a Map<String, Value>, Refusal> {
    let fields = value
        .as_object()
        .ok_or_else(|| wrong_type(at, "an object", value))?;
    check(at, fields, table)?;
    Ok(fields)
}

/// The tag of a tagged object, one of `known`.
pub(super) fn tag<'a>(
    at: &str,
    value: &'a Value,
    name: &str,
    known: &[&str],
) -> Result<&'a str, Refusal> {
    let fields = value
        .as_object()
        .ok_or_else(|| wrong_type(at, "an object", value))?;
    let at = inside(at, name);
    match fields.get(name) {
        None => Err(Refusal::bad(format!("Missing required parameter: '{at}'."))
            .about(at)
            .coded("missing_required_parameter")),
        Some(Value::String(word)) if known.contains(&word.as_str()) => Ok(word),
        Some(Value::String(word)) => Err(unknown_word(&at, word, known)),
        Some(other) => Err(wrong_type(&at, "a string", other)),
    }
}

/// The place of a field.
pub(super) fn inside(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

/// A value refused, in the words given.
pub(super) fn wrong(at: &str, message: impl Into<String>) -> Refusal {
    Refusal::bad(message).about(at).coded("invalid_value")
}

/// A value of the wrong type.
pub(super) fn wrong_type(at: &str, expected: &str, value: &Value) -> Refusal {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Refusal::bad(format!(
        "Invalid type for '{at}': expected {expected}, but got {got} instead."
    ))
    .about(at)
    .coded("invalid_type")
}

/// A list with fewer items than it needs.
pub(super) fn empty_array(at: &str) -> Refusal {
    Refusal::bad(format!(
        "Invalid '{at}': empty array. Expected an array with minimum length 1, but got an empty array instead."
    ))
    .about(at)
    .coded("empty_array")
}

fn unknown_word(at: &str, word: &str, known: &[&str]) -> Refusal {
    let known: Vec<String> = known.iter().map(|known| format!("'{known}'")).collect();
    let known = known.join(", ");
    wrong(
        at,
        format!("Invalid value: '{word}'. Supported values are: {known}."),
    )
}

impl Kind {
    fn check(&self, at: &str, value: &Value) -> Checked {
        let typed = |right: bool, expected: &str| {
            if right {
                Ok(())
            } else {
                Err(wrong_type(at, expected, value))
            }
        };
        match self {
            Self::Any => Ok(()),
            Self::Bool => typed(value.is_boolean(), "a boolean"),
            Self::Text => typed(value.is_string(), "a string"),
            Self::Object => typed(value.is_object(), "an object"),
            Self::Id(most) => {
                typed(value.is_string(), "a string")?;
                length(at, value.as_str().unwrap_or_default(), *most)
            }
            Self::Whole(least, most) => {
                let number = value.as_i64();
                typed(number.is_some(), "an integer")?;
                range(at, "integer", number.unwrap_or(0), *least, *most)
            }
            Self::Number(least, most) => {
                let number = value.as_f64();
                typed(number.is_some(), "a decimal number")?;
                range(at, "decimal", number.unwrap_or(0.0), *least, *most)
            }
            Self::Word(known) => match value.as_str() {
                Some(word) if known.contains(&word) => Ok(()),
                Some(word) => Err(unknown_word(at, word, known)),
                None => Err(wrong_type(at, "a string", value)),
            },
            Self::Fields(table) => object(at, value, table).map(|_| ()),
            Self::List(least) => {
                let items = value.as_array().map(Vec::len);
                typed(items.is_some(), "an array")?;
                if items < Some(*least) {
                    return Err(empty_array(at));
                }
                Ok(())
            }
            Self::Words(known) => {
                typed(value.is_array(), "an array of strings")?;
                let each = Self::Word(known);
                let mut items = value.as_array().into_iter().flatten().enumerate();
                items.try_for_each(|(index, item)| each.check(&format!("{at}[{index}]"), item))
            }
        }
    }
}

/// Checks how long a string is.
pub(super) fn length(at: &str, text: &str, most: usize) -> Checked {
    let count = text.chars().count();
    if count == 0 {
        return Err(Refusal::bad(format!(
            "Invalid '{at}': empty string. Expected a string with minimum length 1, but got an empty string instead."
        ))
        .about(at)
        .coded("empty_string"));
    }
    if count > most {
        return Err(Refusal::bad(format!(
            "Invalid '{at}': string too long. Expected a string with maximum length {most}, but got a string with length {count} instead."
        ))
        .about(at)
        .coded("string_above_max_length"));
    }
    Ok(())
}

/// Checks the name of a tool or of a format: 1 to 64 of `a-z A-Z 0-9 _ -`.
pub(super) fn name(at: &str, text: &str) -> Checked {
    length(at, text, 64)?;
    if text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    {
        return Ok(());
    }
    Err(wrong(
        at,
        format!(
            "Invalid '{at}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        ),
    ))
}

fn range<T: PartialOrd + std::fmt::Display + Copy>(
    at: &str,
    kind: &str,
    number: T,
    least: T,
    most: T,
) -> Checked {
    let (side, sign, bound) = if number < least {
        ("below_min", ">=", least)
    } else if number > most {
        ("above_max", "<=", most)
    } else {
        return Ok(());
    };
    let words = if side == "below_min" {
        "below minimum"
    } else {
        "above maximum"
    };
    Err(Refusal::bad(format!(
        "Invalid '{at}': {kind} {words} value. Expected a value {sign} {bound}, but got {number} instead."
    ))
    .about(at)
    .coded(format!("{kind}_{side}_value")))
}
