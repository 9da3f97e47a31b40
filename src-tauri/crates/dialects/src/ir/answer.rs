//! A whole answer.

use super::Part;
use crate::Usage;

/// A whole answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The provider's id of it.
    pub id: Option<String>,
    /// The model that says it answered.
    pub model: Option<String>,
    /// What it says, in order.
    pub parts: Vec<Part>,
    /// Why it ended.
    pub stop: Stop,
    /// Tokens, where told.
    pub usage: Option<Usage>,
}

/// Why an answer ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stop {
    /// It was over.
    #[default]
    End,
    /// At a stop sequence, which is told by some.
    Sequence(Option<String>),
    /// Tools are to be run.
    ToolUse,
    /// At the bound of tokens.
    MaxTokens,
    /// The context is full.
    ContextFull,
    /// Paused by the vendor; sending the conversation again goes on (Anthropic `pause_turn`).
    Pause,
    /// Declined or filtered, with the reason in the vendor's words.
    Refusal {
        /// A category, if told.
        category: Option<String>,
        /// An explanation, if told.
        explanation: Option<String>,
    },
}

impl Answer {
    /// Whether a finished call to one of the client's tools is in it.
    pub fn has_calls(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Call(_)))
    }

    /// Whether it refuses in words and says nothing else.
    pub fn only_refuses(&self) -> bool {
        let refusal = |part: &Part| matches!(part, Part::Refusal(_));
        let silent = |part: &Part| refusal(part) || matches!(part, Part::Thinking(_));
        self.parts.iter().all(silent) && self.parts.iter().any(refusal)
    }

    /// Bytes of all that is said in it, arguments of calls included.
    pub fn bytes(&self) -> usize {
        let bytes = |part: &Part| match part {
            Part::Text(text) | Part::Refusal(text) => text.text.len(),
            Part::Thinking(thinking) => thinking.text.len(),
            Part::Call(call) => call.arguments.text().len(),
            _ => 0,
        };
        self.parts.iter().map(bytes).sum()
    }

    /// Whether nothing is said in it.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Text(text) | Part::Refusal(text) => text.text.is_empty(),
            Part::Thinking(thinking) => thinking.text.is_empty() && !thinking.redacted,
            _ => false,
        })
    }
}

impl Stop {
    /// Whether the answer was cut short, so that its last call may be unfinished: at a bound, or by a filter.
    pub fn is_cut(&self) -> bool {
        matches!(
            self,
            Self::MaxTokens | Self::ContextFull | Self::Refusal { .. }
        )
    }

    /// An answer that ended in the ordinary way and holds nothing but a refusal is one, whatever the provider called it.
    #[must_use]
    pub fn with_refusal(self, only_refuses: bool) -> Self {
        match self {
            Self::End if only_refuses => Self::Refusal {
                category: None,
                explanation: None,
            },
            stop => stop,
        }
    }

    /// Calls in an answer that ended in the ordinary way mean that tools are to be run, whatever the provider called
    /// it; a cut answer stays cut.
    #[must_use]
    pub fn with_calls(self, has_calls: bool) -> Self {
        match self {
            Self::End | Self::Sequence(_) if has_calls => Self::ToolUse,
            Self::ToolUse if !has_calls => Self::End,
            stop => stop,
        }
    }
}
