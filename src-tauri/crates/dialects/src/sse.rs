//! Server-sent events, cut into frames without changing a byte.
//!
//! Lines end with LF, CR or CRLF and with nothing else (U+2028 and the like are text). Bytes are never decoded here:
//! a chunk may end in the middle of a character, a line or an event.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memchr2;

/// The most bytes one event may have: an image inside one event can reach tens of megabytes.
pub const MAX_EVENT: usize = 64 << 20;

/// One whole event with its blank line, byte for byte as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame(Bytes);

/// An event grew beyond [`MAX_EVENT`] without its blank line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than 64 MiB")]
pub struct Oversized;

impl Frame {
    /// A frame of these bytes, which must hold one event at most.
    pub fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The bytes as they came.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The value of the last `event:` line, if there is one.
    pub fn event(&self) -> Option<&[u8]> {
        self.fields()
            .filter(|(name, _)| *name == b"event")
            .last()
            .map(|(_, value)| value)
    }

    /// The `data:` lines joined with LF; `None` when there is none (a comment, a bare `event:`).
    pub fn data(&self) -> Option<Bytes> {
        let mut lines = self
            .fields()
            .filter(|(name, _)| *name == b"data")
            .map(|(_, value)| value);
        let first = lines.next()?;
        let Some(second) = lines.next() else {
            return Some(self.0.slice_ref(first));
        };
        let mut joined = BytesMut::from(first);
        for line in std::iter::once(second).chain(lines) {
            joined.extend_from_slice(b"\n");
            joined.extend_from_slice(line);
        }
        Some(joined.freeze())
    }

    fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        lines(&self.0).filter_map(|line| {
            let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            let colon = memchr::memchr(b':', line)?;
            let value = &line[colon + 1..];
            (colon > 0).then(|| (&line[..colon], value.strip_prefix(b" ").unwrap_or(value)))
        })
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.get(1..))
            .unwrap_or_default();
        Some(line)
    })
}

/// Cuts a byte stream into [`Frame`]s. Feed it chunks of any size; take frames until it has none.
#[derive(Debug, Default)]
pub struct Splitter {
    held: BytesMut,
    /// Bytes of `held` already searched.
    scanned: usize,
    /// Where the line being searched begins.
    line: usize,
    /// The last byte looked at was a CR: a LF right behind it belongs to it.
    after_cr: bool,
}

impl Splitter {
    /// Adds what arrived.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Oversized> {
        if self.held.len() + chunk.len() > MAX_EVENT {
            return Err(Oversized);
        }
        self.held.extend_from_slice(chunk);
        Ok(())
    }

    /// The next whole event, with every byte since the one before.
    pub fn next_frame(&mut self) -> Option<Frame> {
        while let Some(end_of_line) = self.end_of_line() {
            let blank = end_of_line.start == self.line;
            self.scanned = end_of_line.end;
            self.line = end_of_line.end;
            if blank {
                return Some(self.cut(end_of_line.end));
            }
        }
        None
    }

    /// What is left at the end of the stream: an event without its blank line, or a part of one.
    pub fn finish(&mut self) -> Option<Frame> {
        (!self.held.is_empty()).then(|| self.cut(self.held.len()))
    }

    fn cut(&mut self, end: usize) -> Frame {
        self.scanned = 0;
        self.line = 0;
        Frame(self.held.split_to(end).freeze())
    }

    /// The next CR, LF or CRLF not looked at yet.
    fn end_of_line(&mut self) -> Option<Range<usize>> {
        if self.after_cr && self.scanned < self.held.len() {
            self.after_cr = false;
            if self.held[self.scanned] == b'\n' {
                self.scanned += 1;
                self.line = self.scanned;
            }
        }
        let Some(found) = memchr2(b'\n', b'\r', &self.held[self.scanned..]) else {
            self.scanned = self.held.len();
            return None;
        };
        let at = self.scanned + found;
        let end = match self.held[at..] {
            [b'\r', b'\n', ..] => at + 2,
            _ => at + 1,
        };
        self.after_cr = self.held[at] == b'\r' && end == at + 1;
        Some(at..end)
    }
}
