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
    /// The way it was served, where that is not the ordinary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
}

/// A way of serving that has prices of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Answered within hours.
    Batch,
    /// Answered when there is room.
    Flex,
    /// Answered before others.
    Priority,
    /// Answered by faster machines.
    Fast,
    /// Answered by the fastest machines.
    Ultrafast,
}

impl Service {
    /// What a word of a vendor's answer means: `service_tier` and `speed` of Anthropic's `usage`, `service_tier` of OpenAI's
    /// answers, `serviceTier` and `trafficType` of Gemini's. All others (`default`, `standard`, `ON_DEMAND`, …) are the ordinary
    /// way.
    pub fn read(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        Some(match word.strip_prefix("on_demand_").unwrap_or(&word) {
            "batch" => Self::Batch,
            "flex" => Self::Flex,
            "priority" => Self::Priority,
            "fast" => Self::Fast,
            "ultrafast" => Self::Ultrafast,
            _ => return None,
        })
    }

    /// The word that price lists and the ledger have for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Fast => "fast",
            Self::Ultrafast => "ultrafast",
        }
    }
}

impl Usage {
    /// All tokens read and written.
    pub fn total(&self) -> u64 {
        self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h + self.output
    }
}
