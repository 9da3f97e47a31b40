//! The subset of JSON Schema that OpenAI's strict mode takes: every object closed, every property required, and no
//! keyword that its grammar cannot hold.

use serde_json::{Map, Value, json};

use crate::json::Json;

/// Properties in one schema.
const MAX_PROPERTIES: usize = 5000;
/// Levels of nesting.
const MAX_DEPTH: usize = 10;
/// Keywords that change which values are valid and that strict mode has no word for.
const INEXPRESSIBLE: [&str; 12] = [
    "oneOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "propertyNames",
    "dependentSchemas",
    "dependentRequired",
    "unevaluatedProperties",
    "prefixItems",
];
/// Keywords that only narrow or describe; they are left out.
const DROPPED: [&str; 13] = [
    "$schema",
    "$id",
    "$comment",
    "default",
    "examples",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
];
const FORMATS: [&str; 9] = [
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uuid",
];

/// The schema for `strict: true`: optional properties become required and may be null. `None` where the schema cannot
/// be said in the subset; then only `strict: false` is honest. A schema that already is in it keeps its text.
pub(crate) fn strict(schema: &Json) -> Option<Json> {
    let mut value: Value = schema.read().ok()?;
    if value.get("type").and_then(Value::as_str) != Some("object") {
        return None;
    }
    let before = value.clone();
    let mut closer = Closer { properties: 0 };
    closer.close(&mut value, 0)?;
    Some(if value == before {
        schema.clone()
    } else {
        Json::from(&value)
    })
}

/// Whether the schema already is in the subset, so that strict mode changes nothing of what is valid.
pub(crate) fn is_strict(schema: &Json) -> bool {
    strict(schema).is_some_and(|closed| closed == *schema)
}

struct Closer {
    properties: usize,
}

impl Closer {
    fn close(&mut self, schema: &mut Value, depth: usize) -> Option<()> {
        let Value::Object(schema) = schema else {
            return None; // `true` takes anything
        };
        if depth > MAX_DEPTH || INEXPRESSIBLE.iter().any(|word| schema.contains_key(*word)) {
            return None;
        }
        for word in DROPPED {
            schema.shift_remove(word);
        }
        let format = schema.get("format").and_then(Value::as_str);
        if format.is_some_and(|format| !FORMATS.contains(&format)) {
            schema.shift_remove("format");
        }
        if schema.contains_key("properties") || is_object(schema) {
            self.close_object(schema, depth)?;
        }
        if let Some(items) = schema.get_mut("items") {
            self.close(items, depth + 1)?;
        }
        if let Some(Value::Array(options)) = schema.get_mut("anyOf") {
            for option in options {
                self.close(option, depth + 1)?;
            }
        }
        for word in ["$defs", "definitions"] {
            if let Some(Value::Object(named)) = schema.get_mut(word) {
                for definition in named.values_mut() {
                    self.close(definition, 1)?;
                }
            }
        }
        Some(())
    }

    fn close_object(&mut self, schema: &mut Map<String, Value>, depth: usize) -> Option<()> {
        match schema.get("additionalProperties") {
            None | Some(Value::Bool(false)) => {}
            Some(_) => return None,
        }
        let required: Vec<String> = match schema.get("required") {
            Some(Value::Array(names)) => names
                .iter()
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        };
        let Some(Value::Object(properties)) = schema.get_mut("properties") else {
            return None; // an object of which nothing is said takes any property
        };
        self.properties += properties.len();
        if self.properties > MAX_PROPERTIES {
            return None;
        }
        for (name, property) in properties.iter_mut() {
            self.close(property, depth + 1)?;
            if !required.iter().any(|known| known == name) {
                let optional = property.take();
                *property = nullable(optional);
            }
        }
        let all: Vec<String> = properties.keys().cloned().collect();
        let same = schema.contains_key("required")
            && all.len() == required.len()
            && all.iter().all(|name| required.contains(name));
        if !same {
            schema.insert("required".to_owned(), json!(all));
        }
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        Some(())
    }
}

fn is_object(schema: &Map<String, Value>) -> bool {
    match schema.get("type") {
        Some(Value::String(name)) => name == "object",
        Some(Value::Array(names)) => names.iter().any(|name| name == "object"),
        _ => false,
    }
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
mod tests {
    use serde_json::{Value, json};

    use super::strict;
    use crate::json::Json;

    #[test]
    fn every_object_is_closed_and_every_property_required() {
        let table = [
            (
                json!({"type":"object","properties":{}}),
                Some(
                    json!({"type":"object","properties":{},"required":[],"additionalProperties":false}),
                ),
            ),
            (
                json!({"type":"object","properties":{"a":{"type":"string","minLength":1,"default":"x"},"b":{"enum":["x"],"type":"string"},"c":{"$ref":"#/$defs/d"},"e":{"const":1}},"required":["a"],"$defs":{"d":{"type":"object","properties":{"default":{"type":"integer"}},"required":["default"]}}}),
                Some(
                    json!({"type":"object","properties":{"a":{"type":"string"},"b":{"enum":["x",null],"type":["string","null"]},"c":{"anyOf":[{"$ref":"#/$defs/d"},{"type":"null"}]},"e":{"anyOf":[{"const":1},{"type":"null"}]}},"required":["a","b","c","e"],"$defs":{"d":{"type":"object","properties":{"default":{"type":"integer"}},"required":["default"],"additionalProperties":false}},"additionalProperties":false}),
                ),
            ),
            (
                json!({"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{"b":{"type":"number","format":"double"}},"required":["b"]}}},"required":["a"]}),
                Some(
                    json!({"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{"b":{"type":"number"}},"required":["b"],"additionalProperties":false}}},"required":["a"],"additionalProperties":false}),
                ),
            ),
            (
                json!({"type":"object","properties":{"free":{"type":"object"}}}),
                None,
            ),
            (
                json!({"type":"object","properties":{},"additionalProperties":{"type":"string"}}),
                None,
            ),
            (
                json!({"type":"object","properties":{"a":{"oneOf":[{"type":"string"}]}}}),
                None,
            ),
            (json!({"anyOf":[{"type":"object","properties":{}}]}), None),
        ];
        for (schema, expected) in table {
            let made = strict(&Json::from(&schema)).map(|json| json.value());
            assert_eq!(made, expected, "{schema}");
        }
    }

    #[test]
    fn a_strict_schema_keeps_its_text() {
        let text = r#"{ "type":"object", "properties": {"a":{"type":["string","null"]}}, "required":["a"], "additionalProperties": false }"#;
        let schema = Json::parse(text).unwrap();
        assert_eq!(strict(&schema).unwrap().text(), schema.text());
    }

    #[test]
    fn nesting_and_recursion_end() {
        // PITFALLS 79
        let tree =
            json!({"type":"object","properties":{"child":{"$ref":"#"}},"required":["child"]});
        assert!(strict(&Json::from(&tree)).is_some());
        let mut deep: Value = json!({"type":"string"});
        for _ in 0..11 {
            deep = json!({"type":"object","properties":{"a":deep},"required":["a"]});
        }
        assert!(strict(&Json::from(&deep)).is_none());
    }
}
