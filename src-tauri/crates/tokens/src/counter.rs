//! The estimate that reads the whole text.

use crate::{Estimate, Family, Media, merge::Merger, pieces::Pieces};

/// Adds up a prompt, part by part.
pub struct Counter {
    family: Family,
    merger: Merger,
    /// Tokens of text as `o200k_base` counts them.
    text: u64,
    messages: u64,
    tools: u64,
    media: u64,
}

impl Counter {
    /// A prompt of nothing so far.
    pub fn new(family: Family) -> Self {
        Self {
            family,
            merger: Merger::default(),
            text: 0,
            messages: 0,
            tools: 0,
            media: 0,
        }
    }

    /// A text that the model reads: of a message, a system prompt, a tool's description, its schema as JSON.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.text += count(&mut self.merger, text);
        self
    }

    /// A message, for its role and marks; its text is counted by [`Self::text`].
    pub fn message(&mut self) -> &mut Self {
        self.messages += 1;
        self
    }

    /// A tool, for what stands around its text.
    pub fn tool(&mut self) -> &mut Self {
        self.tools += 1;
        self
    }

    /// An image or a file.
    pub fn media(&mut self, media: Media) -> &mut Self {
        self.media += media.tokens(self.family);
        self
    }

    /// The sum.
    pub fn estimate(&self) -> Estimate {
        let overhead = self.family.overhead();
        let tools = if self.tools > 0 { overhead.tools } else { 0 };
        Estimate(
            overhead.prompt
                + scaled(self.text, self.family)
                + self.messages * overhead.message
                + tools
                + self.tools * overhead.tool
                + self.media,
        )
    }
}

/// The tokens of a bare text, such as an answer whose usage was never told.
pub fn text(family: Family, text: &str) -> Estimate {
    Estimate(scaled(count(&mut Merger::default(), text), family))
}

fn count(merger: &mut Merger, text: &str) -> u64 {
    Pieces::of(text)
        .map(|piece| merger.count(piece.as_bytes()))
        .sum()
}

fn scaled(tokens: u64, family: Family) -> u64 {
    (tokens * family.percent()).div_ceil(100)
}
