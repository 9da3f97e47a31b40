//! What is going to be changed, before it is.

use std::fmt;
use std::path::PathBuf;

use crate::book::Record;
use crate::{Client, diff};

/// The change of one file.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// The file.
    pub path: PathBuf,
    /// Its text before; `None` where there is no such file.
    pub before: Option<String>,
    /// Its text after; `None` where it is taken away.
    pub after: Option<String>,
    /// The keys that are changed, with dots between their parts.
    pub keys: Vec<String>,
}

/// The texts may hold secrets.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("path", &self.path)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl Change {
    /// The change as a unified diff, without secrets.
    pub fn diff(&self) -> String {
        let (before, after) = (self.before.as_deref(), self.after.as_deref());
        diff::unified(&self.path, before, after)
    }
}

/// All that is changed to connect or disconnect a client.
pub struct Plan {
    /// The client.
    pub client: Client,
    /// The files that change; those that stay as they are do not stand here.
    pub changes: Vec<Change>,
    /// What the person should know, in sentences.
    pub notes: Vec<String>,
    /// Whether a second step is due: [`crate::Clients::finish`], once running sessions have seen the first.
    pub unfinished: bool,
    pub(crate) record: Option<Record>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("client", &self.client)
            .field("changes", &self.changes)
            .field("notes", &self.notes)
            .field("unfinished", &self.unfinished)
            .finish_non_exhaustive()
    }
}

impl Plan {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            changes: Vec::new(),
            notes: Vec::new(),
            unfinished: false,
            record: None,
        }
    }

    /// The changes as a unified diff, without secrets; empty where nothing changes.
    pub fn diff(&self) -> String {
        self.changes.iter().map(Change::diff).collect()
    }
}
