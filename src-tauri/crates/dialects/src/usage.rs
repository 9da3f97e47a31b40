//! Token counts in one form, whatever the vendor calls them.

use serde::{Deserialize, Serialize};

/// Tokens of one attempt. All kinds are disjoint but `reasoning`, which is a part of `output`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Uncached prompt tokens.
    pub input: u64,
    /// All generated tokens, thinking and tool arguments included.
    pub output: u64,
    /// Prompt tokens read from the provider's cache.
    pub cache_read: u64,
    /// Prompt tokens written to the provider's five-minute cache.
    pub cache_write_5m: u64,
    /// Prompt tokens written to the provider's one-hour cache.
    pub cache_write_1h: u64,
    /// The part of `output` that was thinking.
    pub reasoning: u64,
    /// True where the provider told nothing and the figures are our own estimate.
    pub estimated: bool,
}

impl Usage {
    /// All tokens read and written.
    pub fn total(&self) -> u64 {
        self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h + self.output
    }
}
