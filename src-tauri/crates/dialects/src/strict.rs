//! Subsets of JSON Schema to which vendors can hold a model: a schema is rewritten until it stands in one, or cannot.
//!
//! Nothing is sent that a subset has no word for, since vendors refuse the whole request for it. What only narrows a
//! value (a length, a bound) is told in the description instead; what a subset cannot say at all, such as a map of any
//! names, makes the schema inexpressible.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::json::Json;

mod refs;

/// A subset of JSON Schema.
#[derive(Debug)]
pub(crate) struct Subset {
    /// Words with a meaning there beside those that all subsets share.
    words: &'static [&'static str],
    /// Values of `format`.
    formats: &'static [&'static str],
    /// Every property is required: one that may be missing becomes one that may be null.
    all_required: bool,
    /// A schema may refer to itself.
    recursion: bool,
    /// The highest `minItems`.
    min_items: u64,
    /// Properties in one schema.
    properties: usize,
    /// Levels of nesting.
    depth: usize,
}

/// What `strict: true` of OpenAI takes ("Structured model outputs", OpenAI documentation).
pub(crate) const OPENAI: Subset = Subset {
    words: &[
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "maxItems",
    ],
    formats: &[
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "uuid",
    ],
    all_required: true,
    recursion: true,
    min_items: u64::MAX,
    properties: 5000,
    depth: 10,
};

/// What Anthropic's structured outputs and strict tools take ("JSON Schema limitations", Anthropic documentation).
pub(crate) const ANTHROPIC: Subset = Subset {
    words: &["default"],
    formats: &[
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "uri",
        "ipv4",
        "ipv6",
        "uuid",
    ],
    all_required: false,
    recursion: false,
    min_items: 1,
    properties: usize::MAX,
    depth: 64,
};

/// Words that all subsets share.
const SHARED: [&str; 15] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "$ref",
    "$defs",
    "definitions",
    "title",
    "description",
    "format",
    "pattern",
];
/// Words that say what a value is made of. Beside a `$ref` they would be lost with it.
const SHAPE: [&str; 7] = [
    "properties",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "oneOf",
];
/// Words that decide by other values or names what is valid, for which no subset has a word.
const INEXPRESSIBLE: [&str; 14] = [
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "propertyNames",
    "dependencies",
    "dependentSchemas",
    "dependentRequired",
    "unevaluatedProperties",
    "unevaluatedItems",
    "prefixItems",
    "$dynamicRef",
];
/// Words that only narrow a value.
const LIMITS: [&str; 17] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
];

/// The largest whole number that JavaScript counts to.
const SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// A schema inside a subset.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    pub(crate) schema: Json,
    change: Change,
}

/// What a schema in the subset says differently.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Change {
    told: bool,
    nulls: bool,
    narrowed: bool,
}

impl Held {
    /// Whether null may stand where the schema as it was had nothing.
    pub(crate) fn has_nulls(&self) -> bool {
        self.change.nulls
    }

    /// What an answer that follows the schema may be unlike; `None` where the schema says the same as before.
    pub(crate) fn loss(&self) -> Option<String> {
        let Change {
            told,
            nulls,
            narrowed,
        } = self.change;
        let said: Vec<_> = [
            (told, "limits of the schema are told in words only"),
            (nulls, "properties that may be missing come as null"),
            (
                narrowed,
                "objects take no more properties than their schema names",
            ),
        ]
        .into_iter()
        .filter_map(|(so, why)| so.then_some(why))
        .collect();
        (!said.is_empty()).then(|| said.join("; "))
    }
}

impl Subset {
    /// The schema inside this subset. `None` where it cannot be said there; a schema that already stands in it keeps
    /// its text.
    pub(crate) fn hold(&self, schema: &Json) -> Option<Held> {
        let mut value: Value = schema.read().ok()?;
        let before = value.clone();
        let mut writer = Writer {
            subset: self,
            properties: 0,
            change: Change::default(),
        };
        writer.schema(&mut value, 0)?;
        let is_root = value.get("type").and_then(Value::as_str) == Some("object")
            && ["anyOf", "enum", "const", "$ref"]
                .iter()
                .all(|word| value.get(word).is_none());
        let resolved = refs::check(&value)?;
        if !is_root || (resolved.recursive && !self.recursion) {
            return None;
        }
        Some(Held {
            schema: if value == before {
                schema.clone()
            } else {
                Json::from(&value)
            },
            change: writer.change,
        })
    }
}

/// Rewrites one schema, inside out. `None` is always: it cannot be said.
struct Writer<'s> {
    subset: &'s Subset,
    properties: usize,
    change: Change,
}

impl Writer<'_> {
    fn schema(&mut self, schema: &mut Value, depth: usize) -> Option<()> {
        let Value::Object(schema) = schema else {
            return None; // `true` takes anything
        };
        only_one_of_all(schema)?;
        if depth > self.subset.depth || INEXPRESSIBLE.iter().any(|word| schema.contains_key(*word))
        {
            return None;
        }
        if let Some(options) = schema.shift_remove("oneOf") {
            // A grammar takes the first that fits, so that more than one never does.
            if schema.insert("anyOf".to_owned(), options).is_some() {
                return None;
            }
        }
        for word in ["$defs", "definitions"] {
            if let Some(Value::Object(named)) = schema.get_mut(word) {
                for definition in named.values_mut() {
                    self.schema(definition, 1)?;
                }
            }
        }
        if schema.contains_key("$ref") {
            if SHAPE.iter().any(|word| schema.contains_key(*word)) {
                return None;
            }
            schema.retain(|word, _| matches!(word.as_str(), "$ref" | "$defs" | "definitions"));
            return Some(());
        }
        let kinds = kinds(schema)?;
        if kinds.contains(&"object") {
            self.object(schema, depth)?;
        }
        if kinds.contains(&"array") {
            self.schema(schema.get_mut("items")?, depth + 1)?;
        }
        if let Some(options) = schema.get_mut("anyOf") {
            for option in options.as_array_mut()? {
                self.schema(option, depth + 1)?;
            }
        }
        self.limits(schema, &kinds);
        let known = |word: &str| SHARED.contains(&word) || self.takes(word);
        schema.retain(|word, _| known(word));
        Some(())
    }

    fn takes(&self, word: &str) -> bool {
        self.subset.words.contains(&word) || word == "minItems"
    }

    fn object(&mut self, schema: &mut Map<String, Value>, depth: usize) -> Option<()> {
        let open = match schema.get("additionalProperties") {
            None | Some(Value::Bool(false)) => false,
            Some(Value::Bool(true)) => true,
            Some(Value::Object(any)) if any.is_empty() => true,
            Some(_) => return None, // a map
        };
        let listed = schema.get("required").and_then(Value::as_array);
        let count = listed.map(Vec::len);
        let names = listed.into_iter().flatten().filter_map(Value::as_str);
        let required: HashSet<String> = names.map(str::to_owned).collect();
        // An object of which nothing is said takes any property.
        let properties = schema.get_mut("properties")?.as_object_mut()?;
        if open && properties.is_empty() {
            return None;
        }
        self.change.narrowed |= open;
        self.properties += properties.len();
        if self.properties > self.subset.properties {
            return None;
        }
        for (name, property) in properties.iter_mut() {
            self.schema(property, depth + 1)?;
            if self.subset.all_required && !required.contains(name) {
                self.change.nulls = true;
                *property = nullable(property.take());
            }
        }
        let names = properties.keys();
        let kept: Vec<&String> = names
            .filter(|name| self.subset.all_required || required.contains(*name))
            .collect();
        let same = kept.len() == required.len() && count == Some(kept.len());
        if !same && (self.subset.all_required || count.is_some()) {
            let kept = json!(kept);
            schema.insert("required".to_owned(), kept);
        }
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        Some(())
    }

    /// Moves limits that the subset does not know into the description.
    fn limits(&mut self, schema: &mut Map<String, Value>, kinds: &[&str]) {
        let mut told = Vec::new();
        for word in LIMITS {
            let Some(value) = schema.get(word) else {
                continue;
            };
            let stays = match word {
                "format" => value
                    .as_str()
                    .is_some_and(|name| self.subset.formats.contains(&name)),
                "pattern" => value.as_str().is_some_and(is_regular),
                "minItems" => value
                    .as_u64()
                    .is_some_and(|least| least <= self.subset.min_items),
                word => self.takes(word),
            };
            if stays {
                continue;
            }
            // Formats of numbers (`double`, `int32`) are how a program keeps them.
            let says_nothing = match word {
                "format" => !kinds.contains(&"string"),
                "uniqueItems" => *value == json!(false),
                // What generators say of every whole number.
                "minimum" | "maximum" => value.as_f64().is_some_and(|it| it.abs() >= SAFE_INTEGER),
                "minLength" | "minItems" | "minProperties" => *value == json!(0),
                _ => false,
            };
            if !says_nothing {
                told.push(format!("{word}: {}", value_in_words(value)));
            }
            schema.shift_remove(word);
        }
        if told.is_empty() {
            return;
        }
        self.change.told = true;
        let told = told.join(", ");
        let told = match schema.get("description").and_then(Value::as_str) {
            Some(given) if !given.is_empty() => format!("{given} ({told})"),
            _ => told,
        };
        schema.insert("description".to_owned(), Value::String(told));
    }
}

fn value_in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// `allOf` with a single schema, as generators write a reference with a description, says the same without it.
fn only_one_of_all(schema: &mut Map<String, Value>) -> Option<()> {
    let is_one =
        matches!(schema.get("allOf"), Some(Value::Array(all)) if matches!(all.as_slice(), [_]));
    if !is_one {
        return Some(());
    }
    let Some(Value::Array(mut all)) = schema.shift_remove("allOf") else {
        return Some(());
    };
    let Some(Value::Object(inner)) = all.pop() else {
        return None;
    };
    for (word, value) in inner {
        match (schema.contains_key(&word), word.as_str()) {
            (false, _) => {
                schema.insert(word, value);
            }
            (true, "title" | "description") => {}
            (true, _) => return None,
        }
    }
    Some(())
}

/// The types of a schema; where none is said they follow from its other words. `None` where anything may stand there.
fn kinds(schema: &mut Map<String, Value>) -> Option<Vec<&'static str>> {
    let said: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ if schema.contains_key("anyOf") => return Some(Vec::new()),
        _ if schema.contains_key("properties") => vec!["object"],
        _ if schema.contains_key("items") => vec!["array"],
        _ => match (schema.get("const"), schema.get("enum")) {
            (Some(only), _) => vec![kind(only)],
            (None, Some(Value::Array(values))) => distinct(values.iter().map(kind)),
            _ => return None,
        },
    };
    let known = [
        "object", "array", "string", "integer", "number", "boolean", "null",
    ];
    let find = |kind: &str| known.into_iter().find(|known| *known == kind);
    let kinds: Option<Vec<_>> = said.into_iter().map(find).collect();
    let kinds = kinds.filter(|kinds| !kinds.is_empty())?;
    let values = schema.get("enum").and_then(Value::as_array);
    let is_composed = |value: &Value| value.is_object() || value.is_array();
    if values
        .into_iter()
        .flatten()
        .chain(schema.get("const"))
        .any(is_composed)
    {
        return None;
    }
    if schema.get("type").is_none_or(Value::is_null) {
        let kind = match kinds.as_slice() {
            [only] => json!(only),
            several => json!(several),
        };
        schema.insert("type".to_owned(), kind);
    }
    Some(kinds)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn distinct<'k>(kinds: impl Iterator<Item = &'k str>) -> Vec<&'k str> {
    let mut all: Vec<&str> = Vec::new();
    for kind in kinds {
        if !all.contains(&kind) {
            all.push(kind);
        }
    }
    all
}

/// Whether a pattern is a regular expression in the narrow sense, without looking around, back or at words' ends.
fn is_regular(pattern: &str) -> bool {
    let beyond = ["(?=", "(?!", "(?<", "\\b", "\\B", "\\1", "\\2", "\\k"];
    !beyond.iter().any(|word| pattern.contains(word))
}

/// The same schema, or null.
fn nullable(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").cloned() {
        let kinds = match kind {
            Value::Array(kinds) => kinds,
            kind => vec![kind],
        };
        if kinds.iter().any(|kind| kind == "null") {
            return schema;
        }
        if schema.get("const").is_none() {
            schema["type"] = Value::Array(kinds.into_iter().chain([json!("null")]).collect());
            if let Some(Value::Array(values)) = schema.get_mut("enum")
                && !values.contains(&Value::Null)
            {
                values.push(Value::Null);
            }
            return schema;
        }
    }
    if let Some(Value::Array(options)) = schema.get_mut("anyOf") {
        if options.iter().all(|option| option["type"] != "null") {
            options.push(json!({"type": "null"}));
        }
        return schema;
    }
    json!({"anyOf": [schema, {"type": "null"}]})
}

#[cfg(test)]
#[path = "strict_tests.rs"]
mod tests;
