//! A small object in a given order of keys.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::json::Json;

/// Names and values, printed as an object.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, Json)>);

impl Fields {
    /// Adds a field, or replaces the one of this name.
    pub(super) fn set(&mut self, name: impl Into<String>, value: Json) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    /// Adds a field.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: &impl Serialize) -> Self {
        self.0.push((name.to_owned(), Json::of(value)));
        self
    }

    /// Adds a field, if there is a value.
    #[must_use]
    pub(super) fn maybe(self, name: &str, value: Option<&impl Serialize>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(String, Json)> {
        self.0.iter()
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
