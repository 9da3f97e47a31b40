//! One JSON object a line, as Ollama streams, cut into frames like [`crate::sse`] does.

use bytes::{Bytes, BytesMut};
use memchr::memchr;

use crate::sse::{MAX_EVENT, Oversized};

/// Cuts a byte stream into lines. Blank lines are skipped.
#[derive(Debug, Default)]
pub struct Lines {
    held: BytesMut,
    scanned: usize,
}

impl Lines {
    /// Adds what arrived.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Oversized> {
        if self.held.len() + chunk.len() > MAX_EVENT {
            return Err(Oversized);
        }
        self.held.extend_from_slice(chunk);
        Ok(())
    }

    /// The next whole line, without its end.
    pub fn next_line(&mut self) -> Option<Bytes> {
        while let Some(found) = memchr(b'\n', &self.held[self.scanned..]) {
            let end = self.scanned + found + 1;
            self.scanned = 0;
            let line = self.held.split_to(end).freeze();
            let text = line.trim_ascii();
            if !text.is_empty() {
                return Some(line.slice_ref(text));
            }
        }
        self.scanned = self.held.len();
        None
    }

    /// What is left at the end of the stream: a line without its end.
    pub fn finish(&mut self) -> Option<Bytes> {
        self.scanned = 0;
        let rest = self.held.split().freeze();
        let text = rest.trim_ascii();
        (!text.is_empty()).then(|| rest.slice_ref(text))
    }
}
