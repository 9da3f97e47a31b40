//! References inside a schema.

use std::collections::HashSet;

use serde_json::Value;

/// References that lead to references; deeper chains are taken for endless.
const MAX_CHAIN: usize = 64;

/// What the references of a schema are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resolved {
    /// One of them leads back to itself.
    pub(super) recursive: bool,
}

/// Follows all references. `None` where one leads nowhere or out of the schema.
pub(super) fn check(schema: &Value) -> Option<Resolved> {
    let mut walk = Walk {
        root: schema,
        open: vec![""],
        done: HashSet::new(),
        recursive: false,
    };
    walk.value(schema)?;
    Some(Resolved {
        recursive: walk.recursive,
    })
}

struct Walk<'v> {
    root: &'v Value,
    /// References being followed, as pointers.
    open: Vec<&'v str>,
    /// References that were followed to their end.
    done: HashSet<&'v str>,
    recursive: bool,
}

impl<'v> Walk<'v> {
    fn value(&mut self, value: &'v Value) -> Option<()> {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    self.reference(reference)?;
                }
                fields.values().try_for_each(|inner| self.value(inner))
            }
            Value::Array(list) => list.iter().try_for_each(|inner| self.value(inner)),
            _ => Some(()),
        }
    }

    fn reference(&mut self, reference: &'v str) -> Option<()> {
        let pointer = reference.strip_prefix('#')?;
        let target = self.root.pointer(pointer)?;
        if self.open.contains(&pointer) || self.open.len() == MAX_CHAIN {
            self.recursive = true;
            return Some(());
        }
        if self.done.contains(pointer) {
            return Some(());
        }
        self.open.push(pointer);
        self.value(target)?;
        self.open.pop();
        self.done.insert(pointer);
        Some(())
    }
}
