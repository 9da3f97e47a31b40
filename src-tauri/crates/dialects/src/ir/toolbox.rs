//! Tools under the names that a provider was told, and the way back to those the client knows.
//!
//! A target may not take a name (dots, slashes, more than 64 characters), a free-form tool or a namespace. Its writer
//! then sends another name and notes it here; the answer is translated back before the client sees it. Names are made
//! from the client's own by a hash, so that the next request says the same and the provider's prompt cache holds.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::{Answer, Event, Opening, Part};

/// What the client knows a call as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CallKind {
    /// A function with JSON arguments.
    #[default]
    Function,
    /// A tool that takes free text, sent as a function with the one argument `input`.
    Custom,
    /// A tool of this namespace.
    Namespaced(String),
}

/// The client's tools by the names under which a provider was told of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toolbox {
    by_sent: HashMap<String, (String, CallKind)>,
}

impl Toolbox {
    /// The name to send for `name`: itself where `fits`, else one of at most `longest` characters made of it.
    pub fn name(
        &mut self,
        name: &str,
        kind: CallKind,
        longest: usize,
        fits: impl Fn(char) -> bool,
    ) -> String {
        let full = match &kind {
            CallKind::Namespaced(space) => format!("{space}__{name}"),
            _ => name.to_owned(),
        };
        let sent = sendable(&full, longest, fits);
        if sent != name || kind != CallKind::Function {
            self.by_sent.insert(sent.clone(), (name.to_owned(), kind));
        }
        sent
    }

    /// The client's name and kind of the tool that was sent as `sent`.
    pub fn client(&self, sent: &str) -> Option<(&str, &CallKind)> {
        self.by_sent
            .get(sent)
            .map(|(name, kind)| (name.as_str(), kind))
    }

    /// Gives a call of an event its client's name back.
    pub fn restore(&self, event: &mut Event) {
        if let Event::Open(Opening::Call { name, kind, .. }) = event
            && let Some((client, known)) = self.by_sent.get(name)
        {
            name.clone_from(client);
            kind.clone_from(known);
        }
    }

    /// Gives all calls of an answer their client's names back. What a call is known as is told by [`Toolbox::kind`].
    pub fn restore_answer(&self, answer: &mut Answer) {
        for part in &mut answer.parts {
            if let Part::Call(call) = part
                && let Some((client, _)) = self.by_sent.get(&call.name)
            {
                call.name.clone_from(client);
            }
        }
    }

    /// What the client knows the tool of this (its own) name as.
    pub fn kind(&self, name: &str) -> CallKind {
        let found = self.by_sent.values().find(|(client, _)| client == name);
        found.map_or(CallKind::Function, |(_, kind)| kind.clone())
    }
}

/// `name` where it fits, else its characters that do, cut, and eight hexadecimal digits of its hash.
fn sendable(name: &str, longest: usize, fits: impl Fn(char) -> bool) -> String {
    let begins_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if name.chars().count() <= longest && begins_well && name.chars().all(&fits) {
        return name.to_owned();
    }
    let digest = Sha256::digest(name.as_bytes());
    let hash = digest
        .iter()
        .take(4)
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let head: String = name
        .chars()
        .map(|char| if fits(char) { char } else { '_' })
        .take(longest.saturating_sub(9))
        .collect();
    let head = if begins_well {
        head
    } else {
        format!(
            "_{}",
            head.chars()
                .take(longest.saturating_sub(10))
                .collect::<String>()
        )
    };
    format!("{head}_{hash}")
}

#[cfg(test)]
mod tests {
    use super::{CallKind, Toolbox};

    #[test]
    fn long_and_odd_names_are_sent_short_and_come_back() {
        let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
        let mut tools = Toolbox::default();
        let long =
            "mcp__server.with.dots/and-a-name-that-goes-on-and-on-and-on-for-more-than-sixty-four";
        let sent = tools.name(long, CallKind::Function, 64, fits);
        assert!(sent.len() == 64 && sent.chars().all(fits), "{sent}");
        assert_eq!(tools.client(&sent), Some((long, &CallKind::Function)));
        assert_eq!(tools.name("Bash", CallKind::Function, 64, fits), "Bash");
        let odd = tools.name("1st", CallKind::Function, 64, fits);
        assert!(odd.starts_with('_'), "{odd}");
        let spaced = tools.name("read", CallKind::Namespaced("fs".to_owned()), 64, fits);
        assert_eq!(spaced, "fs__read");
        assert_eq!(tools.kind("read"), CallKind::Namespaced("fs".to_owned()));
    }
}
