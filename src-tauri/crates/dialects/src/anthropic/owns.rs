//! Fields that only a Messages client has, by where they stand, for a provider that knows them too.

use std::collections::HashMap;

use crate::{
    Dialect,
    caps::Caps,
    ir::{Own, Request},
    json::Json,
};

#[derive(Default)]
pub(super) struct Owns<'a> {
    by_parent: HashMap<&'a str, Vec<(&'a str, &'a Json)>>,
    /// Whether some stand inside the conversation, whose places are only spelled then.
    nested: bool,
    known: bool,
}

impl<'a> Owns<'a> {
    /// What may be told: all of it, but nothing to those that refuse fields that they do not know.
    pub(super) fn of(request: &'a Request, caps: &Caps) -> Self {
        let mut owns = Self {
            known: request.dialect == Some(Dialect::Anthropic) && !caps.messages.strict,
            ..Self::default()
        };
        if owns.known {
            for Own { path, value, .. } in &request.own {
                let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
                // A path that ends with an index is a whole block: `messages[1].content[0]`, `system[0]`.
                let (parent, name) = if path.ends_with(']') {
                    (path.as_ref(), "")
                } else {
                    (parent, name)
                };
                owns.nested |= parent.starts_with("messages[");
                let fields = owns.by_parent.entry(parent).or_default();
                fields.push((name, value));
            }
        }
        owns
    }

    /// Whether the client's own fields and blocks are told.
    pub(super) fn are_known(&self) -> bool {
        self.known
    }

    /// Fields of the object at this place.
    pub(super) fn fields(&self, parent: &str) -> Vec<(&'a str, Json)> {
        let found = self.by_parent.get(parent).into_iter().flatten();
        found
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, value)| (*name, (*value).clone()))
            .collect()
    }

    /// Fields of an object inside the conversation.
    pub(super) fn inside(&self, parent: impl FnOnce() -> String) -> Vec<(&'a str, Json)> {
        if self.nested {
            self.fields(&parent())
        } else {
            Vec::new()
        }
    }

    /// A block that is kept in its own form.
    pub(super) fn whole(&self, path: &str) -> Option<&'a Json> {
        let found = self.by_parent.get(path)?;
        found
            .iter()
            .find(|(name, _)| name.is_empty())
            .map(|(_, value)| *value)
    }

    /// The same inside the conversation.
    pub(super) fn block(&self, path: impl FnOnce() -> String) -> Option<&'a Json> {
        self.nested.then(|| self.whole(&path()))?
    }
}
