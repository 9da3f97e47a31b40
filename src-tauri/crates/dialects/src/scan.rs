//! Reads the few top-level fields that routing needs from a JSON request without building it.
//!
//! Parsing a 100 KB conversation to learn its model costs many times the rest of a proxy's work, and printing it
//! again changes its bytes. So the top level is walked in place: strings are skipped with `memchr`, nested values by
//! counting brackets, and what a caller wants is a range of the client's own bytes.

use std::{collections::BTreeMap, ops::Range};

use bytes::Bytes;
use memchr::memchr2;

/// Why a request body could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// Not an object at all.
    #[error("the request body is not a JSON object")]
    NotAnObject,
    /// Broken off or malformed at this byte offset.
    #[error("the request body is not valid JSON near byte {0}")]
    Malformed(usize),
}

/// The top-level fields of one JSON object, as ranges of its bytes. A repeated key keeps its last value, as JSON
/// parsers do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    found: Vec<(&'static str, Range<usize>)>,
}

impl Fields {
    /// Finds the fields called `wanted` at the top level of `body`.
    pub fn of(body: &[u8], wanted: &[&'static str]) -> Result<Self, ScanError> {
        let mut found = Vec::with_capacity(wanted.len());
        walk(body, |key, value| {
            if let Some(name) = wanted.iter().find(|name| is_key(&body[key.clone()], name)) {
                found.push((*name, value));
            }
        })?;
        Ok(Self { found })
    }

    /// The bytes of a field's value, quotes included.
    pub fn range(&self, name: &str) -> Option<Range<usize>> {
        self.found
            .iter()
            .rev()
            .find(|(found, _)| *found == name)
            .map(|(_, range)| range.clone())
    }

    /// A field's value when it is a string, with escapes resolved.
    pub fn text(&self, body: &[u8], name: &str) -> Option<String> {
        serde_json::from_slice(&body[self.range(name)?]).ok()
    }

    /// Whether a field is literally `true`.
    pub fn is_true(&self, body: &[u8], name: &str) -> bool {
        self.range(name)
            .is_some_and(|range| &body[range] == b"true")
    }

    /// The body with every value of `name` replaced by `text`, in slices of the original: nothing is copied.
    pub fn splice(&self, body: &Bytes, name: &str, text: &str) -> Vec<Bytes> {
        let quoted = Bytes::from(serde_json::Value::from(text).to_string());
        let mut pieces = Vec::new();
        let mut from = 0;
        for (_, range) in self.found.iter().filter(|(found, _)| *found == name) {
            pieces.push(body.slice(from..range.start));
            pieces.push(quoted.clone());
            from = range.end;
        }
        pieces.push(body.slice(from..));
        pieces
    }
}

/// The body without its field `without`, and with each of `defaults` that it does not have, in slices of the original.
pub fn refit(
    body: &Bytes,
    without: Option<&str>,
    defaults: &BTreeMap<String, String>,
) -> Result<Vec<Bytes>, ScanError> {
    let mut kept: Vec<Range<usize>> = Vec::new();
    let mut missing: Vec<_> = defaults.iter().collect();
    let mut follows = false;
    walk(body, |key, value| {
        missing.retain(|(name, _)| !is_key(&body[key.clone()], name));
        let stays = without.is_none_or(|name| !is_key(&body[key.clone()], name));
        match kept.last_mut() {
            // What stands between two fields that stay does too.
            Some(last) if stays && follows => last.end = value.end,
            _ if stays => kept.push(key.start..value.end),
            _ => {}
        }
        follows = stays;
    })?;
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let added = missing
        .iter()
        .map(|(name, text)| Bytes::from(format!("{}:{}", quoted(name), quoted(text))));
    let kept = kept.into_iter().map(|range| body.slice(range));
    let open = body
        .iter()
        .position(|byte| *byte == b'{')
        .map_or(0, |at| at + 1);
    let mut pieces = vec![body.slice(..open)];
    for (index, piece) in added.chain(kept).enumerate() {
        if index > 0 {
            pieces.push(Bytes::from_static(b","));
        }
        pieces.push(piece);
    }
    pieces.push(Bytes::from_static(b"}"));
    Ok(pieces)
}

/// Goes through the top-level fields of an object: where their keys stand, quotes included, and their values.
fn walk(body: &[u8], mut field: impl FnMut(Range<usize>, Range<usize>)) -> Result<(), ScanError> {
    let mut cursor = Cursor::new(body);
    cursor.space();
    if cursor.peek() != Some(b'{') {
        return Err(ScanError::NotAnObject);
    }
    cursor.at += 1;
    cursor.space();
    if cursor.peek() == Some(b'}') {
        cursor.at += 1;
        return cursor.end();
    }
    loop {
        cursor.space();
        let key = cursor.string()?;
        cursor.space();
        cursor.expect(b':')?;
        cursor.space();
        let value = cursor.value()?;
        field(key, value);
        cursor.space();
        match cursor.peek() {
            Some(b',') => cursor.at += 1,
            Some(b'}') => {
                cursor.at += 1;
                return cursor.end();
            }
            _ => return Err(ScanError::Malformed(cursor.at)),
        }
    }
}

/// Compares a quoted key with a plain name; a key written with escapes is resolved first.
fn is_key(quoted: &[u8], name: &str) -> bool {
    let inner = &quoted[1..quoted.len() - 1];
    if memchr::memchr(b'\\', inner).is_none() {
        return inner == name.as_bytes();
    }
    serde_json::from_slice::<String>(quoted).is_ok_and(|key| key == name)
}

/// A place in some JSON.
pub(crate) struct Cursor<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0 }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    pub(crate) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), ScanError> {
        if self.peek() != Some(byte) {
            return Err(ScanError::Malformed(self.at));
        }
        self.at += 1;
        Ok(())
    }

    fn end(&mut self) -> Result<(), ScanError> {
        self.space();
        if self.at == self.body.len() {
            Ok(())
        } else {
            Err(ScanError::Malformed(self.at))
        }
    }

    /// A string with its quotes.
    pub(crate) fn string(&mut self) -> Result<Range<usize>, ScanError> {
        let start = self.at;
        self.expect(b'"')?;
        while let Some(found) = memchr2(b'"', b'\\', &self.body[self.at..]) {
            self.at += found;
            if self.body[self.at] == b'"' {
                self.at += 1;
                return Ok(start..self.at);
            }
            self.at = (self.at + 2).min(self.body.len());
        }
        Err(ScanError::Malformed(self.body.len()))
    }

    /// Any value; brackets must balance, what stands inside them is the provider's to judge.
    pub(crate) fn value(&mut self) -> Result<Range<usize>, ScanError> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => return self.string(),
            Some(b'{' | b'[') => self.nested()?,
            _ => self.bare(),
        }
        if self.at == start {
            Err(ScanError::Malformed(start))
        } else {
            Ok(start..self.at)
        }
    }

    fn bare(&mut self) {
        while matches!(
            self.peek(),
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'+' | b'.')
        ) {
            self.at += 1;
        }
    }

    fn nested(&mut self) -> Result<(), ScanError> {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
        Err(ScanError::Malformed(self.at))
    }
}
