//! What all wire types share: fields that may be absent or null, fields not known kept as they came, one pass.
//!
//! Serde's own tools for this (`flatten`, internally tagged enums) read everything into a buffer first, which doubles
//! the cost of a large conversation. Types made by [`wire!`] are read straight from the text: a union of shapes is one
//! struct whose `type` field tells which fields count.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, MapAccess, SeqAccess, Visitor, value::SeqAccessDeserializer},
};

use crate::Service;

mod many;
mod place;

pub(crate) use many::Many;

/// Defines a wire type: `field: Type = "name on the wire" | "other names read"`. Every field becomes an `Option`
/// (absent and `null` are `None`); fields not listed are kept in `extra` and printed behind the others.
macro_rules! wire {
    ($(#[$meta:meta])* $vis:vis struct $Name:ident {
        $( $(#[$field_meta:meta])* $field:ident : $Type:ty = $key:literal $(| $alias:literal)* ),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq)]
        $vis struct $Name {
            $( $(#[$field_meta])* pub(crate) $field: Option<$Type>, )*
            /// Fields that are not known.
            pub(crate) extra: $crate::json::Extra,
        }

        impl $crate::wire::Fields for $Name {
            fn take<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                key: &str,
                map: &mut A,
            ) -> Result<(), A::Error> {
                match key {
                    $( $key $(| $alias)* => self.$field = map.next_value()?, )*
                    name => self.extra.push(name, map.next_value()?),
                }
                Ok(())
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::read_fields(deserializer)
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $( if let Some(value) = &self.$field { map.serialize_entry($key, value)?; } )*
                for (name, value) in self.extra.iter() {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    };
}
pub(crate) use wire;

/// A type of named fields, read one by one.
pub(crate) trait Fields: Default {
    /// Takes the value of a field.
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Reads an object field by field. One function for all types, so that each adds as little code as it can.
pub(crate) fn read_fields<'de, T: Fields, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Fields> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
            let mut read = T::default();
            while let Some(key) = map.next_key::<Key<'de>>()? {
                read.take(key.as_str(), &mut map)?;
            }
            Ok(read)
        }
    }
    deserializer.deserialize_map(Object(PhantomData))
}

/// A key of an object, borrowed where its text has no escapes.
pub(crate) struct Key<'a>(Cow<'a, str>);

impl Key<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// A string, or a list of something: how most vendors write content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content<T> {
    /// A plain string.
    Text(String),
    /// A list of parts.
    List(Vec<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Content<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Content<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Content::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Content::List)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<T: Serialize> Serialize for Content<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => list.serialize(serializer),
        }
    }
}

/// A whole number, which protobuf's JSON mapping (Gemini) also takes as `"64"`, and Go's (Ollama) as `64.0`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Int(pub(crate) i64);

impl Int {
    /// As a count, which is never negative.
    pub(crate) fn count(self) -> u64 {
        u64::try_from(self.0).unwrap_or_default()
    }

    /// A count, which fits in practice.
    pub(crate) fn of(count: u64) -> Self {
        Self(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl Visitor<'_> for Whole {
            type Value = Int;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Int, E> {
                Ok(Int(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Int, E> {
                Ok(Int::of(number))
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Int, E> {
                // Doubles hold every whole number up to 2^53.
                if number.fract() == 0.0 && number.abs() < 9e15 {
                    return Ok(Int(number as i64));
                }
                Err(E::invalid_value(
                    serde::de::Unexpected::Float(number),
                    &self,
                ))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Int, E> {
                let number = text.parse().map(Int);
                number.map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Whole)
    }
}

/// A count as servers spell it: a number, with a fraction or not, or digits in quotes; what is none tells nothing.
pub(crate) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(match serde_json::Value::deserialize(from)? {
        serde_json::Value::String(digits) => digits.parse().ok(),
        told => {
            // Doubles hold every whole number up to 2^53.
            let whole = told.as_f64().filter(|number| (0.0..9e15).contains(number));
            told.as_u64().or(whole.map(|number| number as u64))
        }
    })
}

/// The way an answer was served; what is no word of that tells nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tier(pub(crate) Option<Service>);

impl<'de> Deserialize<'de> for Tier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let told = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(told.as_str().and_then(Service::read)))
    }
}

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

/// Reads a body; on failure names the JSON path of what is wrong.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Misshapen> {
    serde_json::from_slice(body).map_err(|error| {
        let told = error.to_string();
        let problem = told
            .rsplit_once(" at line ")
            .map_or(&*told, |(problem, _)| problem);
        Misshapen {
            path: place::path_at(body, place::byte_of(body, error.line(), error.column())),
            problem: problem.to_owned(),
        }
    })
}

/// A body that does not have the shape its dialect demands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Misshapen {
    /// Where, as a JSON path such as `messages[2].content`; `.` for the body as a whole.
    pub path: String,
    /// What is wrong.
    pub problem: String,
}

#[cfg(test)]
mod tests {
    use super::{Content, read};
    use crate::json::Json;

    wire! {
        struct Block {
            kind: String = "type",
            text: String = "text",
            inner: Content<Block> = "content",
            input: Json = "input",
        }
    }

    const BODY: &str = r#"{"type":"a","content":[{"type":"b","text":"x\ny","new":{"k": 1.50}},{"content":"s","input":{ "z":1,"a":2}}],"more":null}"#;

    #[test]
    fn unknown_fields_and_raw_values_survive_reading_and_printing() {
        let block: Block = read(BODY.as_bytes()).unwrap();
        let Some(Content::List(list)) = &block.inner else {
            panic!("{block:?}")
        };
        assert_eq!(list[0].text.as_deref(), Some("x\ny"));
        assert_eq!(list[0].extra.get("new").unwrap().text(), r#"{"k": 1.50}"#);
        assert_eq!(list[1].inner, Some(Content::Text("s".to_owned())));
        assert_eq!(
            list[1].input.as_ref().unwrap().compact(),
            r#"{"z":1,"a":2}"#
        );
        assert_eq!(serde_json::to_string(&block).unwrap(), BODY.to_owned());
    }

    #[test]
    fn what_is_wrong_is_told_by_its_path() {
        let table = [
            (
                r#"{"content":[{"text":"a"},{"text":3}]}"#,
                "content[1].text",
                "expected a string",
            ),
            (
                r#"{"content":[{"text":"a"},  {"text": {"x":1}}]}"#,
                "content[1].text",
                "expected a string",
            ),
            (
                "{\"text\":\"é\\n\\\"\",\n \"content\": [\"s\"]}",
                "content[0]",
                "expected an object",
            ),
            (
                r#"{"content":[{"content":[{"content":true}]}]}"#,
                "content[0].content[0].content",
                "a list",
            ),
            (r#"{"content":7}"#, "content", "expected a string or a list"),
            (r#"{"text":"a" "type":"b"}"#, "text", "expected `,` or `}`"),
            ("[1]", ".", "expected an object"),
            (r#"{"text":"a"} x"#, ".", "trailing characters"),
            ("", ".", "EOF"),
        ];
        for (body, path, problem) in table {
            let error = read::<Block>(body.as_bytes()).unwrap_err();
            assert_eq!(error.path, path, "{body}: {error}");
            assert!(error.problem.contains(problem), "{body}: {error}");
        }
    }
}
