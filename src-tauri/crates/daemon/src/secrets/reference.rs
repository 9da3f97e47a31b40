//! Where a secret is said to be.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use super::{ADMIN_TOKEN, CLIENT_TOKEN};

/// A reference to a secret, or a literal one. Prints as the reference; a literal is never printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `keychain:NAME`: the operating system's keychain, service `turnout`.
    Keychain(String),
    /// `env:NAME`: an environment variable of this process.
    Env(String),
    /// `file:PATH`: a file that holds the secret and nothing else.
    File(String),
    /// The secret itself.
    Literal(Literal),
}

/// A secret that was written where a reference should be.
#[derive(Debug, Clone)]
pub struct Literal {
    /// The secret.
    pub secret: SecretString,
    /// It came out of a `${VAR}`, so the file itself holds no secret.
    pub expanded: bool,
}

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        self.secret.expose_secret() == other.secret.expose_secret()
    }
}

impl Eq for Literal {}

/// Why a reference cannot be used. Does not repeat what was written, as that may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Nothing is there.
    #[error("is empty")]
    Empty,
    /// Nothing follows the scheme.
    #[error("names nothing after `{0}:`")]
    Nameless(&'static str),
    /// Looks like a reference, but with a scheme that does not exist.
    #[error("begins with an unknown kind of reference; did you mean `{0}:`?")]
    Misspelled(&'static str),
    /// `env:` with something that is no variable's name.
    #[error("names no environment variable after `env:`")]
    NoVariable,
    /// Holds what no key holds.
    #[error("holds white space or control characters, which no key has")]
    Unprintable,
}

const SCHEMES: [&str; 3] = ["keychain", "env", "file"];

impl Reference {
    /// Whether it names a token of this program itself in the keychain.
    pub(crate) fn is_own_token(&self) -> bool {
        let Self::Keychain(name) = self else {
            return false;
        };
        let of_client = name.strip_prefix(CLIENT_TOKEN);
        name == ADMIN_TOKEN
            || of_client.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// Reads what stands in the config. `expanded` tells that it came out of a `${VAR}`.
    pub fn parse(text: &str, expanded: bool) -> Result<Self, Malformed> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Malformed::Empty);
        }
        let (scheme, name) = text.split_once(':').unwrap_or(("", text));
        if let Some(known) = SCHEMES.into_iter().find(|known| *known == scheme) {
            let name = name.trim();
            if name.is_empty() {
                return Err(Malformed::Nameless(known));
            }
            return match known {
                "keychain" => Ok(Self::Keychain(name.to_owned())),
                "file" => Ok(Self::File(name.to_owned())),
                _ if name.contains(['=', '\0', ' ']) => Err(Malformed::NoVariable),
                _ => Ok(Self::Env(name.to_owned())),
            };
        }
        if let Some(meant) = meant(scheme) {
            return Err(Malformed::Misspelled(meant));
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Malformed::Unprintable);
        }
        Ok(Self::Literal(Literal {
            secret: text.into(),
            expanded,
        }))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keychain(name) => write!(f, "keychain:{name}"),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Literal(_) => f.write_str("a literal secret in the config"),
        }
    }
}

/// The scheme that a misspelled or foreign one stands for.
fn meant(scheme: &str) -> Option<&'static str> {
    match scheme.to_lowercase().as_str() {
        "" => None,
        "keyring" | "secret" | "secret-service" | "credential" => Some("keychain"),
        "environment" | "environ" | "var" | "$env" => Some("env"),
        "path" => Some("file"),
        other => SCHEMES.into_iter().find(|known| {
            let distance = strsim::damerau_levenshtein(other, known);
            distance <= 1 || (known.len() > 4 && distance == 2)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_say_where_a_secret_is() {
        let cases = [
            (
                "keychain:relay/a",
                Reference::Keychain("relay/a".to_owned()),
            ),
            (" env:RELAY_KEY ", Reference::Env("RELAY_KEY".to_owned())),
            (
                "file:/run/secrets/a b",
                Reference::File("/run/secrets/a b".to_owned()),
            ),
            (
                "file:C:\\keys\\a",
                Reference::File("C:\\keys\\a".to_owned()),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(Reference::parse(text, false), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_has_no_scheme_is_a_literal_that_is_never_printed() {
        for text in ["sk-ant-0123", "user:password", "a1b2"] {
            let reference = Reference::parse(text, false).unwrap();
            let Reference::Literal(literal) = &reference else {
                panic!("{reference}")
            };
            assert_eq!(literal.secret.expose_secret(), text);
            assert!(!format!("{reference} {reference:?}").contains(text));
        }
    }

    #[test]
    fn what_is_neither_is_refused_without_repeating_it() {
        let cases = [
            ("", Malformed::Empty),
            ("  ", Malformed::Empty),
            ("keychain:", Malformed::Nameless("keychain")),
            ("env: ", Malformed::Nameless("env")),
            ("env:A=B", Malformed::NoVariable),
            ("keychan:x", Malformed::Misspelled("keychain")),
            ("Keychain:x", Malformed::Misspelled("keychain")),
            ("keyring:x", Malformed::Misspelled("keychain")),
            ("ENV:x", Malformed::Misspelled("env")),
            ("files:x", Malformed::Misspelled("file")),
            ("two words", Malformed::Unprintable),
        ];
        for (text, expected) in cases {
            assert_eq!(Reference::parse(text, false), Err(expected), "{text}");
        }
    }
}
