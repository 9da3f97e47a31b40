//! Takes secrets out of what is written down of requests and answers: our own keys and tokens, what looks like somebody
//! else's, and what the settings name.
//!
//! A JSON body is read text by text, with its escapes undone; in a stream the pieces of one field are read as one text,
//! since an answer comes a few letters at a time, and tables of how likely these were are left out. What is known or has a well-known shape is looked for in the bytes as
//! they stand, too. Of images and the like only size and hash are kept. Nothing is ever put back.

pub(crate) mod media;
mod texts;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};
use secrecy::{ExposeSecret as _, SecretString};

use self::texts::{Kind, Text, Texts, texts};

/// What stands in the place of a secret.
pub(crate) const MARK: &str = "[redacted]";
/// A secret of ours that is shorter could be any word.
const SHORTEST: usize = 6;
/// The beginning of a known secret at the end of a body that broke off is taken out from this length on.
const BEGINNING: usize = 12;
/// The largest expression, in bytes when compiled.
const COMPILED: usize = 64 << 20;

/// Shapes that give a secret away; where one has a group, the group alone is the secret.
const SHAPES: [&str; 15] = [
    // Anthropic, OpenAI, OpenRouter and many others. A word may stand before it, but not `task-`, `risk-` and so on.
    r"(?:^|[^A-Za-z0-9]|\\[nrt])(sk-[A-Za-z0-9_-]{16,})",
    // Google.
    r"AIza[0-9A-Za-z_-]{30,}",
    r"ya29\.[0-9A-Za-z_-]{16,}",
    // GitHub, GitLab, Slack, Hugging Face.
    r"gh[pousr]_[0-9A-Za-z]{30,}|github_pat_[0-9A-Za-z_]{22,}",
    r"glpat-[0-9A-Za-z_-]{20,}|xox[abeoprs]-[0-9A-Za-z-]{10,}|hf_[0-9A-Za-z]{30,}",
    // Groq, xAI, and our own tokens.
    r"gsk_[0-9A-Za-z]{30,}|xai-[0-9A-Za-z]{30,}|turnout-[0-9A-Za-z_-]{20,}",
    // AWS.
    r"(?:AKIA|ASIA)[0-9A-Z]{16}",
    r"(?i)aws_?secret_?access_?key[^0-9A-Za-z/+]{1,8}([0-9A-Za-z/+]{40})",
    // JSON web tokens.
    r"eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]*",
    // Whatever is presented as a credential.
    r"(?i)bearer[ +]+([0-9A-Za-z._~+/=-]{8,})",
    r#"(?i)(?:x-api-key|x-goog-api-key|api[_-]?key|authorization|cookie)[\\"']*\s*[:=]\s*[\\"']*([^\s\\"',;&]{8,})"#,
    // A name and a password in base64, all cookies of a line, and a password in an address.
    r#"(?i)(?:authorization[\\"']*\s*[:=]\s*[\\"']*basic[ +]+([0-9A-Za-z+/=_-]{4,})|basic[ +]+([0-9A-Za-z+/]{6,}={1,2}))"#,
    r#"(?i)cookie[\\"']*\s*[:=]\s*[\\"']*([^\s\\"',;=]+=[^\s\\"';]*(?:;[ +]*[^\s\\"';]+)*)"#,
    r#"[A-Za-z]:(?:\\?/){2}[^\s\\"'/:@]*:([^\s\\"'/@]+)@"#,
    // Private keys, also without their end.
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:[0-9A-Za-z+/=:,\s]|-[0-9A-Za-z]|\\+[nr])*(?:-----END [A-Z0-9 ]*PRIVATE KEY-----)?",
];

/// Names of query parameters that carry credentials.
const PARAMETERS: [&str; 13] = [
    "key",
    "api_key",
    "api-key",
    "apikey",
    "token",
    "access_token",
    "auth",
    "code",
    "sig",
    "signature",
    "secret",
    "client_secret",
    "password",
];

/// Knows what is secret. `Debug` tells none of it.
pub(crate) struct Redactor {
    secrets: Vec<SecretString>,
    written: Vec<String>,
    known: Option<Regex>,
    shapes: Vec<Regex>,
    own: Vec<Regex>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(…)")
    }
}

/// What is left of something, and what was taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cleaned {
    /// What is left.
    pub(crate) bytes: Vec<u8>,
    /// Secrets taken out.
    pub(crate) secrets: u32,
    /// Images and the like of which size and hash are left.
    pub(crate) media: u32,
}

/// A place, and what comes there instead.
#[derive(Debug)]
struct Edit {
    place: Range<usize>,
    instead: String,
}

impl Redactor {
    /// Knows these secrets, and the `patterns` of the settings, which were checked.
    pub(crate) fn new(secrets: Vec<SecretString>, patterns: &[String]) -> Self {
        let mut spellings: Vec<String> = secrets
            .iter()
            .flat_map(|secret| spellings(secret.expose_secret()))
            .collect();
        // The longest first: an expression takes the first that fits.
        spellings.sort_by_key(|text| (std::cmp::Reverse(text.len()), text.clone()));
        spellings.dedup();
        let any: Vec<String> = spellings.iter().map(|text| regex::escape(text)).collect();
        Self {
            known: (!any.is_empty())
                .then(|| compiled(&any.join("|")))
                .flatten(),
            shapes: SHAPES.iter().filter_map(|shape| compiled(shape)).collect(),
            own: patterns.iter().filter_map(|own| compiled(own)).collect(),
            written: patterns.to_vec(),
            secrets,
        }
    }

    /// Knows what `before` knew, too: requests that began with earlier settings may hold earlier secrets.
    pub(crate) fn after(&self, before: &Self) -> Self {
        let mut secrets = self.secrets.clone();
        for old in &before.secrets {
            let known = |secret: &SecretString| secret.expose_secret() == old.expose_secret();
            if !secrets.iter().any(known) {
                secrets.push(old.clone());
            }
        }
        Self::new(secrets, &self.written)
    }

    /// A body without its secrets.
    pub(crate) fn body(&self, body: &[u8]) -> Cleaned {
        let Texts { kind, said, likely } = texts(body);
        let tables = likely.into_iter().map(|place| Edit {
            place,
            instead: "null".to_owned(),
        });
        let mut edits: Vec<Edit> = tables.collect();
        let mut media = 0;
        for text in &said {
            media += media::edits(text, &mut edits);
            self.edits_of(text, kind, &mut edits);
        }
        // What several speak is heard twice.
        edits.sort_by_key(|edit| (edit.place.start, edit.place.end));
        edits.dedup_by(|next, edit| next.place == edit.place);
        let secrets = edits.iter().filter(|edit| edit.instead == MARK).count();
        let bytes = edited(body, edits);
        let mut cleaned = self.raw(bytes.into(), kind == Kind::Plain);
        cleaned.secrets += secrets as u32;
        cleaned.media = media;
        cleaned
    }

    /// Any text without its secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        let cleaned = self.raw(text.as_bytes().into(), true);
        String::from_utf8_lossy(&cleaned.bytes).into_owned()
    }

    /// A header's value without its secrets; one that is an address, or has one in it, is read as such.
    pub(crate) fn header(&self, name: &str, value: &str) -> String {
        let text = self.text(value);
        if name == "location" || value.contains("://") {
            self.address(&text)
        } else {
            text
        }
    }

    /// An address without the secrets in it.
    pub(crate) fn address(&self, address: &str) -> String {
        let Some((path, query)) = address.split_once('?') else {
            return self.text(address);
        };
        let parameters = query.split('&').map(|parameter| {
            let name = parameter.split('=').next().unwrap_or_default();
            let is_secret = PARAMETERS
                .iter()
                .any(|secret| name.eq_ignore_ascii_case(secret));
            if is_secret {
                format!("{name}={MARK}")
            } else {
                self.text(parameter)
            }
        });
        let parameters: Vec<String> = parameters.collect();
        format!("{}?{}", self.text(path), parameters.join("&"))
    }

    /// Marks what is found in a text, in the bytes that it was read from.
    fn edits_of(&self, text: &Text, kind: Kind, edits: &mut Vec<Edit>) {
        let all = self.known.iter().chain(&self.shapes).chain(&self.own);
        let mut found: Vec<Range<usize>> = all
            .flat_map(|pattern| found(pattern, &text.bytes))
            .collect();
        if kind != Kind::Plain {
            found.extend(self.beginning(&text.bytes));
        }
        for place in joined(found) {
            for (index, place) in text.places(place).into_iter().enumerate() {
                let instead = if index == 0 { MARK } else { "" };
                edits.push(Edit {
                    place,
                    instead: instead.to_owned(),
                });
            }
        }
    }

    /// Takes out of bytes what can be recognized in them as they stand.
    fn raw(&self, bytes: Cow<'_, [u8]>, with_own: bool) -> Cleaned {
        let own: &[Regex] = if with_own { &self.own } else { &[] };
        let all = self.known.iter().chain(&self.shapes).chain(own);
        let mut found: Vec<Range<usize>> = all.flat_map(|pattern| found(pattern, &bytes)).collect();
        found.extend(self.beginning(&bytes));
        let edits: Vec<Edit> = joined(found)
            .into_iter()
            .map(|place| Edit {
                place,
                instead: MARK.to_owned(),
            })
            .collect();
        Cleaned {
            secrets: edits.len() as u32,
            bytes: if edits.is_empty() {
                bytes.into_owned()
            } else {
                edited(&bytes, edits)
            },
            media: 0,
        }
    }

    /// The beginning of a known secret at the very end, as where a body was cut.
    fn beginning(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let longest = self.secrets.iter().filter_map(|secret| {
            let secret = secret.expose_secret().as_bytes();
            let most = secret.len().saturating_sub(1).min(bytes.len());
            (BEGINNING..=most)
                .rev()
                .find(|length| bytes.ends_with(&secret[..*length]))
        });
        longest
            .max()
            .map(|length| bytes.len() - length..bytes.len())
    }
}

fn compiled(pattern: &str) -> Option<Regex> {
    let pattern = RegexBuilder::new(pattern).size_limit(COMPILED).build();
    pattern
        .map_err(|error| tracing::error!("a pattern of secrets cannot be used: {error}"))
        .ok()
}

/// A secret as it may stand in a body or an address.
fn spellings(secret: &str) -> Vec<String> {
    if secret.len() < SHORTEST {
        return Vec::new();
    }
    let escaped = |text: &str| {
        let quoted = serde_json::Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let once = escaped(secret);
    let twice = escaped(&once);
    let slashes = secret.replace('/', "\\/");
    let percent = |is_small: bool| {
        let letters = secret.bytes().map(|byte| percent_encoded(byte, is_small));
        letters.collect::<String>()
    };
    let (large, small) = (percent(false), percent(true));
    vec![secret.to_owned(), once, twice, slashes, large, small]
}

fn percent_encoded(byte: u8, is_small: bool) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else if is_small {
        format!("%{byte:02x}")
    } else {
        format!("%{byte:02X}")
    }
}

/// Where a pattern fits: its first group that took part, else all of it.
fn found(pattern: &Regex, bytes: &[u8]) -> Vec<Range<usize>> {
    if pattern.captures_len() == 1 || pattern.static_captures_len().is_none() {
        return pattern.find_iter(bytes).map(|it| it.range()).collect();
    }
    let groups = pattern.captures_iter(bytes);
    groups
        .filter_map(|groups| groups.iter().skip(1).flatten().next().or(groups.get(0)))
        .map(|it| it.range())
        .collect()
}

/// The places in order, those that overlap as one.
fn joined(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_by_key(|place| (place.start, place.end));
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(places.len());
    for place in places.into_iter().filter(|place| !place.is_empty()) {
        match joined.last_mut() {
            Some(last) if place.start < last.end => last.end = last.end.max(place.end),
            _ => joined.push(place),
        }
    }
    joined
}

/// The bytes with something else at some places. Of edits that overlap, the first says what comes there.
fn edited(bytes: &[u8], mut edits: Vec<Edit>) -> Vec<u8> {
    edits.sort_by_key(|edit| (edit.place.start, edit.place.end));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for Edit { place, instead } in edits {
        if place.start >= at {
            out.extend_from_slice(&bytes[at..place.start]);
            out.extend_from_slice(instead.as_bytes());
        }
        at = at.max(place.end);
    }
    out.extend_from_slice(&bytes[at..]);
    out
}
