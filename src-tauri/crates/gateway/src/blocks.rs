//! Whose requests are refused because a budget is used up.

use std::collections::HashMap;

/// Why requests are refused: in one sentence, which clients are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blocks {
    /// All of them.
    pub all: Option<String>,
    /// Those that come with a client token, by its name.
    pub tokens: HashMap<String, String>,
}

impl Blocks {
    /// Why a request with this token is refused.
    pub(crate) fn of(&self, token: Option<&str>) -> Option<&str> {
        let by_token = || self.tokens.get(token?);
        self.all.as_ref().or_else(by_token).map(String::as_str)
    }
}
