//! Fields that the client's own dialect brought along, by what they stand in.

use std::collections::HashMap;

use super::body::Extras;
use crate::{
    Dialect,
    ir::{At, Request},
    json::Json,
};

/// Finds them again while the request is written. Empty for requests of other dialects.
#[derive(Debug, Default)]
pub(crate) struct OwnFields<'a> {
    by_parent: HashMap<&'a str, Vec<(&'a str, &'a Json)>>,
}

impl<'a> OwnFields<'a> {
    /// Those of a request.
    pub(crate) fn of(request: &'a Request) -> Self {
        let mut own = Self::default();
        if request.dialect != Some(Dialect::OpenaiChat) {
            return own;
        }
        for field in &request.own {
            let (parent, name) = field.path.rsplit_once('.').unwrap_or(("", &field.path));
            let fields = own.by_parent.entry(parent).or_default();
            fields.push((name, &field.value));
        }
        own
    }

    /// Those in the object at this path; the empty path is the request itself.
    pub(crate) fn of_object(&self, path: &str) -> Extras<'a> {
        Extras(self.by_parent.get(path).cloned().unwrap_or_default())
    }

    /// Those of a message.
    pub(crate) fn of_message(&self, at: At) -> Extras<'a> {
        if self.by_parent.is_empty() {
            return Extras::default();
        }
        self.of_object(&format!("messages[{}]", at.item))
    }

    /// Those of a part.
    pub(crate) fn of_part(&self, at: At) -> Extras<'a> {
        match at.part {
            Some(part) if !self.by_parent.is_empty() => {
                self.of_object(&format!("messages[{}].content[{part}]", at.item))
            }
            _ => Extras::default(),
        }
    }
}
