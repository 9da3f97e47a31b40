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

impl CallKind {
    /// The group of tools that the client knows it in.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Namespaced(space) => Some(space),
            Self::Function | Self::Custom => None,
        }
    }
}

/// The client's tools by the names under which a provider was told of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toolbox {
    by_sent: HashMap<String, (String, CallKind)>,
}

impl Toolbox {
    /// The name to send for `name`: itself where `fits`, else one of at most `longest` characters made of it. It is
    /// another one for each tool: where two would come to the same name the later one gets its hash.
    pub fn name(
        &mut self,
        name: &str,
        kind: CallKind,
        longest: usize,
        fits: impl Fn(char) -> bool,
    ) -> String {
        let full = match kind.namespace() {
            Some(space) => format!("{space}__{name}"),
            None => name.to_owned(),
        };
        let tool = (name.to_owned(), kind);
        let is_free = |sent: &str| self.by_sent.get(sent).is_none_or(|known| *known == tool);
        let mut sent = sendable(&full, longest, &fits);
        let mut seed = format!("{tool:?}");
        while !is_free(&sent) {
            sent = hashed(&full, &seed, longest, &fits);
            seed.push('+');
        }
        self.by_sent.insert(sent.clone(), tool);
        sent
    }

    /// The client's name and kind of the tool that was sent as `sent`.
    pub fn client(&self, sent: &str) -> Option<(&str, &CallKind)> {
        self.by_sent
            .get(sent)
            .map(|(name, kind)| (name.as_str(), kind))
    }

    /// Tells a call of an event as the client knows its tool.
    pub fn restore(&self, event: &mut Event) {
        if let Event::Open(Opening::Call { name, kind, .. }) = event {
            self.give_back(name, kind);
        }
    }

    /// Tells all calls of an answer as the client knows their tools.
    pub fn restore_answer(&self, answer: &mut Answer) {
        for part in &mut answer.parts {
            if let Part::Call(call) = part {
                self.give_back(&mut call.name, &mut call.kind);
            }
        }
    }

    fn give_back(&self, name: &mut String, kind: &mut CallKind) {
        // A provider that names the group knows the tool as the client does.
        if kind.namespace().is_none()
            && let Some((client, known)) = self.by_sent.get(name.as_str())
        {
            name.clone_from(client);
            kind.clone_from(known);
        }
    }
}

/// `name` where it fits, else one made of it.
fn sendable(name: &str, longest: usize, fits: impl Fn(char) -> bool) -> String {
    if name.chars().count() <= longest && begins_well(name) && name.chars().all(&fits) {
        return name.to_owned();
    }
    hashed(name, name, longest, fits)
}

fn begins_well(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

/// The characters of `name` that fit, cut, and eight hexadecimal digits of the seed's hash.
fn hashed(name: &str, seed: &str, longest: usize, fits: impl Fn(char) -> bool) -> String {
    let digest = Sha256::digest(seed.as_bytes());
    let hash = digest
        .iter()
        .take(4)
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let head: String = name
        .chars()
        .map(|char| if fits(char) { char } else { '_' })
        .take(longest.saturating_sub(9))
        .collect();
    let head = if begins_well(name) {
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
    }
}
