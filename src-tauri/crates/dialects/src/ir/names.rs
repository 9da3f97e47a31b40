//! Names of a request's tools as they are sent.

use std::collections::HashMap;

use super::{CallKind, Tool, ToolKind, Toolbox};

/// Names of tools by the client's, while a request is written.
pub(crate) struct Names {
    /// The way back.
    pub(crate) tools: Toolbox,
    by_client: HashMap<String, String>,
    longest: usize,
    fits: fn(char) -> bool,
}

impl Names {
    /// None so far. Names sent are of at most `longest` characters that all `fits`.
    pub(crate) fn new(longest: usize, fits: fn(char) -> bool) -> Self {
        Self {
            tools: Toolbox::default(),
            by_client: HashMap::new(),
            longest,
            fits,
        }
    }

    /// Whether no tool is declared.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_client.is_empty()
    }

    /// Whether a tool of this client's name is declared.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.by_client.contains_key(name)
    }

    /// Declares a tool: the name to send for it.
    pub(crate) fn declare(&mut self, tool: &Tool) -> String {
        let kind = match (&tool.kind, &tool.namespace) {
            (_, Some(space)) => CallKind::Namespaced(space.clone()),
            (ToolKind::Custom { .. }, None) => CallKind::Custom,
            _ => CallKind::Function,
        };
        let sent = self.tools.name(&tool.name, kind, self.longest, self.fits);
        self.by_client.insert(tool.name.clone(), sent.clone());
        sent
    }

    /// The name to send for a client's, declared or not.
    pub(crate) fn sent(&mut self, name: &str) -> String {
        if let Some(sent) = self.by_client.get(name) {
            return sent.clone();
        }
        self.tools
            .name(name, CallKind::Function, self.longest, self.fits)
    }
}
