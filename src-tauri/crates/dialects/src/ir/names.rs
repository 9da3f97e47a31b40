//! Names of a request's tools as they are sent.

use std::collections::HashMap;

use super::{Call, CallKind, Tool, ToolKind, Toolbox};

/// Names of tools by the client's, while a request is written. Tools of different groups may share a name.
#[derive(Debug)]
pub(crate) struct Names {
    /// The way back.
    pub(crate) tools: Toolbox,
    /// By the client's name, in the order of declaration.
    by_client: HashMap<String, Vec<Sent>>,
    longest: usize,
    fits: fn(char) -> bool,
    free_text: bool,
    groups: bool,
}

/// What a tool of the client's is to the provider.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// Its name there.
    pub(crate) name: String,
    /// It takes free text there.
    pub(crate) custom: bool,
    /// The group that it is in there.
    pub(crate) group: Option<String>,
    /// The group that it is in for the client.
    namespace: Option<String>,
}

impl Names {
    /// None so far. Names sent are of at most `longest` characters that all `fits`.
    pub(crate) fn new(longest: usize, fits: fn(char) -> bool) -> Self {
        Self {
            tools: Toolbox::default(),
            by_client: HashMap::new(),
            longest,
            fits,
            free_text: false,
            groups: false,
        }
    }

    /// For a provider that has tools of `free_text`, and tools in `groups`.
    pub(crate) fn with_forms(self, free_text: bool, groups: bool) -> Self {
        Self {
            free_text,
            groups,
            ..self
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

    /// Declares a tool: what it is to the provider.
    pub(crate) fn declare(&mut self, tool: &Tool) -> Sent {
        let free_text = matches!(tool.kind, ToolKind::Custom { .. });
        let kind = match &tool.namespace {
            Some(space) => CallKind::Namespaced(space.clone()),
            None if free_text => CallKind::Custom,
            None => CallKind::Function,
        };
        self.add(&tool.name, kind, free_text)
    }

    /// Declares a tool of the vendor's own, which keeps its name.
    pub(crate) fn declare_own(&mut self, tool: &Tool) {
        let sent = Sent {
            name: tool.name.clone(),
            custom: false,
            group: None,
            namespace: None,
        };
        let known = self.by_client.entry(tool.name.clone()).or_default();
        known.push(sent);
    }

    /// What the tool of a call is to the provider, declared or not.
    pub(crate) fn called(&mut self, call: &Call) -> Sent {
        match self.find(call.kind.namespace(), &call.name) {
            Some(sent) => sent.clone(),
            None => self.add(&call.name, call.kind.clone(), call.kind == CallKind::Custom),
        }
    }

    /// What the tool that a choice names is to the provider, declared or not: the one in no group, else the first.
    pub(crate) fn chosen(&mut self, name: &str) -> Sent {
        match self.find(None, name) {
            Some(sent) => sent.clone(),
            None => self.add(name, CallKind::Function, false),
        }
    }

    /// The tool of this name in this group. Where none is told it is one in no group, else the first declared.
    fn find(&self, namespace: Option<&str>, name: &str) -> Option<&Sent> {
        let known = self.by_client.get(name)?;
        let mut exactly = known.iter();
        let exactly = exactly.find(|sent| sent.namespace.as_deref() == namespace);
        exactly.or_else(|| known.first().filter(|_| namespace.is_none()))
    }

    fn add(&mut self, name: &str, kind: CallKind, free_text: bool) -> Sent {
        let namespace = kind.namespace().map(str::to_owned);
        let group = namespace.clone().filter(|_| self.groups);
        // Inside a group a tool keeps its own name; the way back is by what the provider says of the call.
        let sent = match group {
            Some(_) => name.to_owned(),
            None => self.tools.name(name, kind, self.longest, self.fits),
        };
        let sent = Sent {
            name: sent,
            custom: free_text && self.free_text,
            group,
            namespace,
        };
        let known = self.by_client.entry(name.to_owned()).or_default();
        known.push(sent.clone());
        sent
    }
}
