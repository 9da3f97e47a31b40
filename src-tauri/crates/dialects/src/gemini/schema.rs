//! Schemas: JSON Schema where the endpoint takes it, else the OpenAPI-like subset of `parameters` and
//! `responseSchema`; and back. Keys inside a `properties` map are names, never keywords.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::{json::Json, schema::each};

/// Keywords of the subset (google-genai `types.Schema`).
const KNOWN: [&str; 22] = [
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "items",
    "properties",
    "required",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "pattern",
    "anyOf",
    "default",
    "example",
    "propertyOrdering",
];

/// Those of them that count something. Protobuf's JSON mapping writes them as strings.
const COUNTS: [&str; 6] = [
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
];

/// Formats that the subset's types have.
const FORMATS: [&str; 6] = ["float", "double", "int32", "int64", "date-time", "enum"];

/// Deeper schemas are cut: recursion through references has no end.
const DEEPEST: usize = 32;

/// Whether it says that there are no arguments.
pub(super) fn is_empty(schema: &Json) -> bool {
    let Ok(Value::Object(map)) = schema.read() else {
        return true;
    };
    map.iter().all(|(key, value)| match key.as_str() {
        "type" => value
            .as_str()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("object")),
        "properties" => value.as_object().is_some_and(Map::is_empty),
        "required" => value.as_array().is_some_and(Vec::is_empty),
        "$schema" | "additionalProperties" => true,
        _ => false,
    })
}

/// The subset of a JSON Schema, and whether anything was left out of it.
pub(super) fn subset(schema: &Json) -> (Json, bool) {
    let root = schema.value();
    let mut cleaner = Cleaner {
        root: &root,
        lost: false,
        entered: HashSet::new(),
    };
    let clean = cleaner.clean(&root, 0);
    (Json::of(&clean), cleaner.lost)
}

struct Cleaner<'a> {
    root: &'a Value,
    lost: bool,
    /// References being resolved.
    entered: HashSet<String>,
}

impl Cleaner<'_> {
    fn clean(&mut self, schema: &Value, depth: usize) -> Value {
        let Value::Object(map) = schema else {
            // `true` allows anything, for which there is no word; an object without more comes nearest.
            return serde_json::json!({"type": "object"});
        };
        if depth > DEEPEST {
            self.lost = true;
            return serde_json::json!({"type": "object"});
        }
        if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
            return self.resolve(reference, depth);
        }
        let mut clean = Map::new();
        for (key, value) in map {
            self.keyword(key, value, &mut clean, depth);
        }
        finish(&mut clean);
        Value::Object(clean)
    }

    fn resolve(&mut self, reference: &str, depth: usize) -> Value {
        let found = reference
            .strip_prefix('#')
            .and_then(|pointer| self.root.pointer(pointer));
        match found.cloned() {
            Some(target) if self.entered.insert(reference.to_owned()) => {
                let clean = self.clean(&target, depth + 1);
                self.entered.remove(reference);
                clean
            }
            _ => {
                self.lost = true;
                serde_json::json!({"type": "object"})
            }
        }
    }

    fn keyword(&mut self, key: &str, value: &Value, clean: &mut Map<String, Value>, depth: usize) {
        match (key, value) {
            ("type", Value::Array(types)) => types_of(types, clean),
            ("properties", Value::Object(properties)) => {
                let cleaned = properties
                    .iter()
                    .map(|(name, schema)| (name.clone(), self.clean(schema, depth + 1)));
                let cleaned: Map<_, _> = cleaned.collect();
                if !cleaned.is_empty() {
                    clean.insert(key.to_owned(), cleaned.into());
                }
            }
            ("items", items) => {
                clean.insert(key.to_owned(), self.clean(items, depth + 1));
            }
            ("anyOf" | "oneOf", Value::Array(choices)) => self.choices(choices, clean, depth),
            ("allOf", Value::Array(all)) => {
                for schema in all {
                    if let Value::Object(merged) = self.clean(schema, depth + 1) {
                        merge(clean, merged);
                    }
                }
            }
            ("const", Value::String(only)) => {
                clean.insert("enum".to_owned(), vec![only.clone()].into());
            }
            ("enum", Value::Array(words)) => self.words(words, clean),
            ("format", Value::String(format)) if !FORMATS.contains(&format.as_str()) => {
                self.lost = true;
            }
            ("$schema" | "$id" | "$defs" | "definitions" | "$comment", _)
            | ("additionalProperties", Value::Bool(_)) => {}
            _ if KNOWN.contains(&key) => {
                clean.insert(key.to_owned(), value.clone());
            }
            _ => self.lost = true,
        }
    }

    fn choices(&mut self, choices: &[Value], clean: &mut Map<String, Value>, depth: usize) {
        let is_null = |choice: &&Value| choice.get("type").is_some_and(|kind| kind == "null");
        if choices.iter().any(|choice| is_null(&choice)) {
            clean.insert("nullable".to_owned(), true.into());
        }
        let rest = choices.iter().filter(|choice| !is_null(choice));
        let mut rest: Vec<_> = rest.map(|choice| self.clean(choice, depth + 1)).collect();
        match (rest.len(), rest.pop()) {
            (1, Some(Value::Object(only))) => merge(clean, only),
            (_, Some(last)) => {
                rest.push(last);
                clean.insert("anyOf".to_owned(), rest.into());
            }
            (_, None) => {}
        }
    }

    /// Only strings that are not empty may be enumerated.
    fn words(&mut self, words: &[Value], clean: &mut Map<String, Value>) {
        let texts = words.iter().filter_map(|word| match word {
            Value::String(text) if !text.is_empty() => Some(Value::from(text.as_str())),
            _ => None,
        });
        let texts: Vec<_> = texts.collect();
        self.lost |= texts.len() < words.len();
        if words.contains(&Value::Null) {
            clean.insert("nullable".to_owned(), true.into());
        }
        if !texts.is_empty() {
            clean.insert("enum".to_owned(), texts.into());
        }
    }
}

/// Several types: `null` makes it nullable, others are choices.
fn types_of(types: &[Value], clean: &mut Map<String, Value>) {
    let mut others: Vec<_> = types
        .iter()
        .filter(|kind| *kind != "null")
        .cloned()
        .collect();
    if others.len() < types.len() {
        clean.insert("nullable".to_owned(), true.into());
    }
    if others.len() == 1 {
        clean.extend(others.pop().map(|kind| ("type".to_owned(), kind)));
    } else if !others.is_empty() {
        let choices = others
            .into_iter()
            .map(|kind| serde_json::json!({"type": kind}));
        clean.insert("anyOf".to_owned(), choices.collect());
    }
}

/// What one choice or all of several say is said by the schema itself; its own words come first.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            (Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
            (Some(_), _) => {}
            (None, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// What must not be missing: a type, and items of arrays.
fn finish(clean: &mut Map<String, Value>) {
    if !clean.contains_key("type") && !clean.contains_key("anyOf") {
        let kind = match () {
            () if clean.contains_key("enum") => "string",
            () if clean.contains_key("items") => "array",
            () => "object",
        };
        clean.insert("type".to_owned(), kind.into());
    }
    let is_array = clean.get("type").and_then(Value::as_str) == Some("array");
    if is_array && !clean.contains_key("items") {
        clean.insert("items".to_owned(), serde_json::json!({"type": "object"}));
    }
    if clean.contains_key("enum") && clean.get("type").and_then(Value::as_str) != Some("string") {
        clean.shift_remove("enum");
    }
    let has_format = clean.get("format").and_then(Value::as_str) == Some("enum");
    if has_format && !clean.contains_key("enum") {
        clean.shift_remove("format");
    }
    let known: HashSet<String> = clean
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default();
    if let Some(Value::Array(required)) = clean.get_mut("required") {
        required.retain(|name| name.as_str().is_some_and(|name| known.contains(name)));
        if required.is_empty() {
            clean.shift_remove("required");
        }
    }
}

/// A Gemini client's schema as JSON Schema: types in lower case, `nullable` as a type, no `propertyOrdering`.
pub(super) fn json_schema(schema: Json) -> Json {
    let text = schema.text();
    let is_subset = [
        // Bounds and counts: whole numbers are strings where they may be 64 bits wide.
        "\"min",
        "\"max",
        "\"nullable\"",
        "\"propertyOrdering\"",
        "\"property_ordering\"",
    ]
    .iter()
    .any(|word| text.contains(word));
    let shouts = [
        "OBJECT", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "NULL",
    ]
    .iter()
    .any(|word| text.contains(word));
    if !is_subset && !shouts {
        return schema;
    }
    let mut value = schema.value();
    each(&mut value, &mut lower);
    Json::of(&value)
}

fn lower(schema: &mut Map<String, Value>) {
    schema.shift_remove("propertyOrdering");
    schema.shift_remove("property_ordering");
    for (key, value) in schema.iter_mut() {
        if COUNTS.contains(&key.as_str())
            && let Some(count) = value.as_str().and_then(|digits| digits.parse::<u64>().ok())
        {
            *value = count.into();
        }
    }
    let nullable = schema.shift_remove("nullable") == Some(Value::Bool(true));
    if let Some(Value::String(kind)) = schema.get_mut("type") {
        kind.make_ascii_lowercase();
    }
    if nullable {
        admit_null(schema);
    }
}

/// Says that null is a value, too: wherever the schema names types or values.
fn admit_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    if let Some(kind @ Value::String(_)) = schema.get_mut("type") {
        let kinds = vec![kind.take(), "null".into()];
        *kind = kinds.into();
    }
    let null = serde_json::json!({"type": "null"});
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.push(null);
    } else if schema.contains_key("$ref") {
        let referred = std::mem::take(schema);
        let choices = vec![Value::Object(referred), null];
        schema.insert("anyOf".to_owned(), choices.into());
    }
}
