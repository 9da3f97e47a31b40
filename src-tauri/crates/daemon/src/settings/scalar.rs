//! Single values as they are written in the config: durations, sizes, numbers, strings, lists and maps.

use std::{ops::Range, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeValue, ValueDeserializer},
};

use super::reader::{At, Read, Reader};

/// Implements `JsonSchema` by a literal schema, inline wherever the type is used.
macro_rules! inline_schema {
    ($name:ty, $schema:tt) => {
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}
pub(super) use inline_schema;

impl Read for String {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.text(value, span, "a string")
    }
}

impl Read for bool {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        value
            .as_bool()
            .or_else(|| reader.expected("true or false", value, span))
    }
}

impl Read for i64 {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::Integer(number) = value else {
            return reader.expected("a whole number", value, span);
        };
        let parsed = Self::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok();
        if parsed.is_none() {
            let message = format!("`{}` is a number too large to use", reader.here());
            reader.tell(span, message);
        }
        parsed
    }
}

impl Read for f64 {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        let parsed = match value {
            DeValue::Integer(number) => number.as_str().replace('_', "").parse().ok(),
            DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
            _ => None,
        };
        parsed
            .filter(|number: &Self| number.is_finite())
            .or_else(|| reader.expected("a number", value, span))
    }
}

/// A whole number of things, from 0 to 4294967295.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count(pub(super) u32);

inline_schema!(Count, { "type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32 });

impl Read for Count {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        let number = i64::read(value, span.clone(), reader)?;
        let count = u32::try_from(number).ok().map(Self);
        if count.is_none() {
            let message = format!(
                "`{}` must be between 0 and 4294967295, not {number}",
                reader.here()
            );
            reader.tell(span, message);
        }
        count
    }
}

/// A duration such as `250ms`, `90s`, `10m`, `2h`, `90d` or `1y`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span(pub(super) Duration);

inline_schema!(Span, {
    "type": "string",
    "description": "a whole number and a unit: ms, s, m, h, d or y",
    "pattern": r"^\d+(ms|s|m|h|d|y)$|\$\{"
});

impl Read for Span {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(value, span.clone(), "a duration in quotes such as \"90s\"")?;
        let parsed = duration(&text).map(Self);
        if parsed.is_none() {
            let message = format!(
                "`{}` cannot be \"{text}\"; write a duration such as \"250ms\", \"90s\", \"10m\" or \"90d\"",
                reader.here()
            );
            reader.tell(span, message);
        }
        parsed
    }
}

/// How long something is kept: a duration, or `forever`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept(pub(super) Duration);

inline_schema!(Kept, {
    "type": "string",
    "description": "a whole number and a unit: ms, s, m, h, d or y; or forever",
    "pattern": r"^\d+(ms|s|m|h|d|y)$|^forever$|\$\{"
});

impl Read for Kept {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.as_str() {
            Some("forever") => Some(Self(Duration::from_millis(LONGEST))),
            _ => Span::read(value, span, reader).map(|Span(kept)| Self(kept)),
        }
    }
}

/// A century is enough for anyone and keeps sums with the clock from overflowing; in milliseconds.
const LONGEST: u64 = 100 * 366 * 86_400_000;

/// Reads a whole number and its unit, from milliseconds to years of 365 days.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..unit].parse().ok()?;
    let millis = match &text[unit..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "y" => 365 * 86_400_000,
        _ => return None,
    };
    number
        .checked_mul(millis)
        .filter(|total| *total <= LONGEST)
        .map(Duration::from_millis)
}

/// A size in bytes such as `64MiB`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size(pub(super) u64);

inline_schema!(Size, {
    "type": "string",
    "description": "a whole number and a unit: B, KiB, MiB, GiB, KB, MB or GB",
    "pattern": r"^\d+(B|KiB|MiB|GiB|KB|MB|GB)$|\$\{"
});

impl Read for Size {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(value, span.clone(), "a size in quotes such as \"64MiB\"")?;
        let parsed = size(&text).map(Self);
        if parsed.is_none() {
            let message = format!(
                "`{}` cannot be \"{text}\"; write a size such as \"64MiB\"",
                reader.here()
            );
            reader.tell(span, message);
        }
        parsed
    }
}

/// Reads a whole number and its unit into bytes.
pub(super) fn size(text: &str) -> Option<u64> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..unit].parse().ok()?;
    let bytes = match &text[unit..] {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number
        .checked_mul(bytes)
        .filter(|total| usize::try_from(*total).is_ok())
}

/// A string that remembers whether a `${VAR}` was expanded in it.
#[derive(Clone)]
pub(super) struct Secretive {
    pub(super) text: String,
    pub(super) expanded: bool,
}

impl std::fmt::Debug for Secretive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secretive(…)")
    }
}

inline_schema!(Secretive, {
    "type": "string",
    "description": "a reference to a secret: keychain:NAME, env:NAME or file:PATH"
});

impl Read for Secretive {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(
            value,
            span,
            "a reference in quotes such as \"keychain:NAME\"",
        )?;
        let expanded = value.as_str() != Some(text.as_str());
        Some(Self { text, expanded })
    }
}

impl<T: Read> Read for Vec<At<T>> {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::Array(items) = value else {
            return reader.expected("a list", value, span);
        };
        Some(items.iter().filter_map(|item| reader.value(item)).collect())
    }
}

/// A string, or a list of strings.
#[derive(Debug, Default)]
pub(super) struct OneOrMany(pub(super) Vec<At<String>>);

inline_schema!(OneOrMany, {
    "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
});

impl Read for OneOrMany {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        match value {
            DeValue::Array(_) => Vec::read(value, span, reader).map(Self),
            _ => reader
                .text(value, span.clone(), "a string or a list of strings")
                .map(|value| Self(vec![At { span, value }])),
        }
    }
}

/// A table whose keys are free, in the order of the file.
#[derive(Debug)]
pub(super) struct Pairs<T>(pub(super) Vec<(At<String>, At<T>)>);

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: JsonSchema> JsonSchema for Pairs<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Pairs_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<T>() })
    }
}

impl<T: Read> Read for Pairs<T> {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.table(value, span)?;
        let mut pairs = Vec::with_capacity(table.len());
        for (key, value) in table {
            let name = At {
                span: key.span(),
                value: key.get_ref().clone().into_owned(),
            };
            if let Some(value) = reader.value(value) {
                pairs.push((name, value));
            }
        }
        pairs.sort_by_key(|(key, _)| key.span.start);
        Some(Self(pairs))
    }
}

/// A table of any form, judged by whoever knows what belongs in it.
#[derive(Debug)]
pub(super) struct Free(pub(super) toml::Table);

inline_schema!(Free, { "type": "object" });

impl Read for Free {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.table(value, span.clone())?;
        let value = ValueDeserializer::from(Spanned::new(span.clone(), value.clone()));
        toml::Table::deserialize(value)
            .map(Self)
            .map_err(|error| reader.tell(span, error.message()))
            .ok()
    }
}

/// A status code, or text to look for in an error's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailoverOn {
    /// This HTTP status.
    Status(u16),
    /// A body that contains this text, upper and lower case alike.
    Body(String),
}

inline_schema!(FailoverOn, {
    "anyOf": [{ "type": "integer", "minimum": 100, "maximum": 599 }, { "type": "string", "minLength": 1 }]
});

impl Read for FailoverOn {
    fn read(value: &DeValue<'_>, span: Range<usize>, reader: &mut Reader<'_>) -> Option<Self> {
        let status = match value {
            DeValue::Integer(number) => Some(number.as_str().to_owned()),
            _ => None,
        };
        let text = match status {
            Some(digits) => digits,
            None => reader.text(
                value,
                span.clone(),
                "a status such as 418 or a text to look for",
            )?,
        };
        let read = match text.parse::<u16>() {
            Ok(code) if (100..600).contains(&code) => Some(Self::Status(code)),
            Err(_) if !text.trim().is_empty() && value.is_str() => Some(Self::Body(text)),
            _ => None,
        };
        if read.is_none() {
            reader.tell(
                span,
                "`routing.failover_on` takes statuses from 100 to 599 and texts that are not empty",
            );
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_whole_number_and_one_unit() {
        let cases = [
            ("1ms", Some(1)),
            ("250ms", Some(250)),
            ("90s", Some(90_000)),
            ("10m", Some(600_000)),
            ("2h", Some(7_200_000)),
            ("90d", Some(7_776_000_000)),
            ("1y", Some(31_536_000_000)),
            ("101y", None),
            ("0s", Some(0)),
            ("", None),
            ("90", None),
            ("s", None),
            ("-1s", None),
            ("1.5s", None),
            ("1 s", None),
            ("1S", None),
            ("99999999999999999999s", None),
            ("99999999999999d", None),
        ];
        for (text, millis) in cases {
            assert_eq!(duration(text), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn sizes_have_one_whole_number_and_one_unit() {
        let cases = [
            ("64MiB", Some(64 << 20)),
            ("1B", Some(1)),
            ("10KB", Some(10_000)),
            ("2GiB", Some(2 << 30)),
            ("64", None),
            ("64M", None),
            ("MiB", None),
            ("99999999999GiB", None),
        ];
        for (text, bytes) in cases {
            assert_eq!(size(text), bytes, "{text}");
        }
    }
}
