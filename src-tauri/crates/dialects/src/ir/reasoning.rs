//! How much a model is to think before it answers.

use serde::{Deserialize, Serialize};

/// What the client wants of the model's thinking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// On, off, or as the model likes.
    pub mode: Mode,
    /// A level, where one was named.
    pub effort: Option<Effort>,
    /// A bound in tokens, where one was named.
    pub budget: Option<u64>,
    /// What of it the client wants to see.
    pub show: Option<Show>,
}

/// Whether the model is to think.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Nothing was said: the model's default.
    #[default]
    Unset,
    /// Not at all.
    Off,
    /// Yes.
    On,
    /// As much as the model finds right.
    Adaptive,
    /// Only between tool calls (Anthropic `between_tools`).
    BetweenTools,
}

/// A level of effort, from least to most. `none` is [`Mode::Off`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Effort {
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

/// What of the thinking is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Nothing.
    None,
    /// A summary.
    Summary,
    /// Everything there is.
    Full,
}

impl Effort {
    /// All levels, from least to most.
    pub const ALL: [Self; 6] = [
        Self::Minimal,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Xhigh,
        Self::Max,
    ];

    /// The spelling that vendors share.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// Reads a level in any case; `ultra` is the most there is. `none` and words unknown are `None`.
    pub fn of(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        if word == "ultra" {
            return Some(Self::Max);
        }
        Self::ALL.into_iter().find(|effort| effort.as_str() == word)
    }

    /// The nearest level that is offered: this one, else the next lower, else the lowest of all.
    pub fn offered(self, levels: &[Self]) -> Option<Self> {
        let lower = levels.iter().copied().filter(|level| *level <= self).max();
        lower.or_else(|| levels.iter().copied().min())
    }

    /// The level that a budget in tokens stands for (less than 1024 is minimal, 4096 and more high, as LiteLLM maps).
    pub fn of_budget(tokens: u64) -> Self {
        match tokens {
            0..1024 => Self::Minimal,
            1024..2048 => Self::Low,
            2048..4096 => Self::Medium,
            _ => Self::High,
        }
    }

    /// A budget in tokens for a model that knows no levels.
    pub fn budget(self) -> u64 {
        match self {
            Self::Minimal => 1024,
            Self::Low => 4096,
            Self::Medium => 16_384,
            Self::High => 24_576,
            Self::Xhigh | Self::Max => 32_768,
        }
    }
}

impl Reasoning {
    /// Whether nothing was said about thinking.
    pub fn is_unset(&self) -> bool {
        self.mode == Mode::Unset && self.effort.is_none() && self.budget.is_none()
    }

    /// The level asked for: named, or the one the budget stands for. `None` when none was asked for, or thinking is off.
    pub fn level(&self) -> Option<Effort> {
        match self.mode {
            Mode::Off => None,
            _ => self.effort.or(self.budget.map(Effort::of_budget)),
        }
    }

    /// The budget asked for: named, or the one the level stands for. `None` when none was asked for, or thinking is off.
    pub fn tokens(&self) -> Option<u64> {
        match self.mode {
            Mode::Off => None,
            _ => match self.effort {
                Some(effort) => Some(self.budget.unwrap_or_else(|| effort.budget())),
                None => self.budget,
            },
        }
    }
}
