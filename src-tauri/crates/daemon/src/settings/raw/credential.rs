//! How a provider is shown who calls, as written: a word or a table each.

use schemars::JsonSchema;
use toml::de::DeValue;

use super::super::{
    reader::{At, Field, Read, Reader},
    scalar::{Secretive, inline_schema},
};
use super::Limits;

/// How a key is presented, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::settings) enum Auth {
    XApiKey,
    Bearer,
    Client,
    None,
    Header(String),
    Query(String),
}

inline_schema!(Auth, {
    "anyOf": [
        { "type": "string", "enum": ["x-api-key", "bearer", "client", "none"] },
        {
            "type": "object", "properties": { "header": { "type": "string" } },
            "required": ["header"], "additionalProperties": false
        },
        {
            "type": "object", "properties": { "query": { "type": "string" } },
            "required": ["query"], "additionalProperties": false
        }
    ]
});

tables! {
    /// The table forms of `auth`.
    NamedAuth {
        /// Header that carries the key.
        header: String,
        /// Query parameter that carries the key.
        query: String,
    }
}

impl Read for Auth {
    fn read(
        value: &DeValue<'_>,
        span: std::ops::Range<usize>,
        reader: &mut Reader<'_>,
    ) -> Option<Self> {
        const WORDS: [(&str, u8); 4] =
            [("x-api-key", 0), ("bearer", 1), ("client", 2), ("none", 3)];
        if !value.is_table() {
            let word = reader.word(value, span, &WORDS)?;
            return Some(
                [Self::XApiKey, Self::Bearer, Self::Client, Self::None][usize::from(word)].clone(),
            );
        }
        let before = reader.problems.len();
        let named = NamedAuth::read(value, span.clone(), reader)?;
        match (named.header, named.query) {
            (Some(header), None) => Some(Self::Header(header.value)),
            (None, Some(query)) => Some(Self::Query(query.value)),
            _ => {
                if reader.problems.len() == before {
                    let message = format!(
                        "`{}` takes either {{ header = \"NAME\" }} or {{ query = \"NAME\" }}",
                        reader.here()
                    );
                    reader.tell(span, message);
                }
                None
            }
        }
    }
}

/// One key of a pool: a reference, or a table with one.
#[derive(Debug)]
pub(in crate::settings) struct Key {
    pub(in crate::settings) secret: At<Secretive>,
    pub(in crate::settings) limits: Field<Limits>,
}

inline_schema!(Key, {
    "anyOf": [
        { "type": "string", "description": "a reference to a secret: keychain:NAME, env:NAME or file:PATH" },
        {
            "type": "object",
            "properties": {
                "secret": {
                    "type": "string",
                    "description": "a reference to a secret: keychain:NAME, env:NAME or file:PATH"
                },
                "limits": {
                    "type": "object",
                    "description": "What this key alone may do; the provider's limits hold besides.",
                    "properties": {
                        "rpm": { "type": "integer", "minimum": 1, "description": "Requests a minute." },
                        "tpm": { "type": "integer", "minimum": 1, "description": "Tokens a minute." },
                        "concurrency": { "type": "integer", "minimum": 1, "description": "Requests at once." }
                    },
                    "additionalProperties": false
                }
            },
            "required": ["secret"], "additionalProperties": false
        }
    ]
});

tables! {
    /// The table form of a key.
    NamedKey {
        /// Reference to the key.
        secret: Secretive,
        /// What it alone may do.
        limits: Limits,
    }
}

impl Read for Key {
    fn read(
        value: &DeValue<'_>,
        span: std::ops::Range<usize>,
        reader: &mut Reader<'_>,
    ) -> Option<Self> {
        if !value.is_table() {
            let text = Secretive::read(value, span.clone(), reader)?;
            let secret = At { span, value: text };
            return Some(Self {
                secret,
                limits: None,
            });
        }
        let named = NamedKey::read(value, span.clone(), reader)?;
        let Some(secret) = named.secret else {
            let message = format!(
                "a key in `{}` has no `secret`; write {{ secret = \"keychain:NAME\" }}",
                reader.here()
            );
            reader.tell(span, message);
            return None;
        };
        Some(Self {
            secret,
            limits: named.limits,
        })
    }
}
