//! What all wire types share: fields that may be absent or null, fields not known kept as they came, one pass.
//!
//! Serde's own tools for this (`flatten`, internally tagged enums) read everything into a buffer first, which doubles
//! the cost of a large conversation. Types made by [`wire!`] are read straight from the text: a union of shapes is one
//! struct whose `type` field tells which fields count.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, SeqAccess, Visitor, value::SeqAccessDeserializer},
};

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

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;
                impl<'de> serde::de::Visitor<'de> for Fields {
                    type Value = $Name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$Name, A::Error> {
                        let mut read = $Name::default();
                        while let Some(key) = map.next_key::<$crate::wire::Key<'de>>()? {
                            match key.as_str() {
                                $( $key $(| $alias)* => read.$field = map.next_value()?, )*
                                name => {
                                    let name: Box<str> = name.into();
                                    read.extra.push(name, map.next_value()?);
                                }
                            }
                        }
                        Ok(read)
                    }
                }
                deserializer.deserialize_map(Fields)
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

/// Reads a body; on failure names the JSON path, which costs a second pass that only bad bodies pay.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Misshapen> {
    serde_json::from_slice(body).map_err(|error| {
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Err(traced) => {
                let path = traced.path().to_string();
                let problem = traced.into_inner().to_string();
                Misshapen { path, problem }
            }
            // Something behind the value.
            Ok(_) => Misshapen {
                path: ".".to_owned(),
                problem: error.to_string(),
            },
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
    fn a_wrong_type_is_told_by_its_path() {
        let error = read::<Block>(br#"{"content":[{"text":"a"},{"text":3}]}"#).unwrap_err();
        assert_eq!(error.path, "content[1].text");
        assert!(error.problem.contains("expected a string"), "{error}");
    }
}
