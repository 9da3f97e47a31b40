//! Rules about tools and schemas that both OpenAI dialects have.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::shape::{Checked, wrong};
use crate::dialect::Refusal;

/// What a strict schema cannot hold.
const NOT_STRICT: &[&str] = &[
    "oneOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
];

/// Checks the parameters of a function: an object schema, of the strict subset where that is asked for.
pub(super) fn parameters(at: &str, name: &str, schema: &Value, strict: bool) -> Checked {
    let refuse = |what: &str| {
        Refusal::bad(format!("Invalid schema for function '{name}': {what}"))
            .about(at)
            .coded("invalid_function_parameters")
    };
    let Some(fields) = schema.as_object() else {
        return Err(super::shape::wrong_type(at, "an object", schema));
    };
    match fields.get("type") {
        Some(Value::String(kind)) if kind == "object" => {}
        Some(other) => {
            return Err(refuse(&format!(
                "schema must be a JSON Schema of 'type: \"object\"', got 'type: {other}'."
            )));
        }
        None => {
            return Err(refuse(
                "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.",
            ));
        }
    }
    if !fields.get("properties").is_some_and(Value::is_object) {
        return Err(refuse("In context=(), object schema missing properties."));
    }
    if strict {
        within_strict(schema).map_err(|what| refuse(&what))?;
    }
    Ok(())
}

/// Checks the schema of an answer.
pub(super) fn answer_schema(at: &str, name: &str, schema: &Value, strict: bool) -> Checked {
    let refuse = |what: &str| {
        wrong(
            at,
            format!("Invalid schema for response_format '{name}': {what}"),
        )
    };
    if !schema.is_object() {
        return Err(super::shape::wrong_type(at, "an object", schema));
    }
    if strict {
        if schema["type"] != "object" {
            return Err(refuse(
                "schema must be a JSON Schema of 'type: \"object\"' at its root.",
            ));
        }
        within_strict(schema).map_err(|what| refuse(&what))?;
    }
    Ok(())
}

/// Checks that no two tools have one name.
pub(super) fn unique<'a>(at: &str, names: impl Iterator<Item = &'a str>) -> Checked {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(wrong(
                at,
                format!("Duplicate function definition provided. Function: {name}."),
            ));
        }
    }
    Ok(())
}

/// What keeps a schema from being strict, with its place.
fn within_strict(schema: &Value) -> Result<(), String> {
    strict(schema, &mut Vec::new())
}

fn strict(schema: &Value, place: &mut Vec<String>) -> Result<(), String> {
    let Some(fields) = schema.as_object() else {
        return Ok(());
    };
    let refuse = |what: &str| Err(format!("In context=({}), {what}", place.join(", ")));
    if let Some(word) = NOT_STRICT.iter().find(|word| fields.contains_key(**word)) {
        return refuse(&format!("'{word}' is not permitted."));
    }
    let properties = fields.get("properties").and_then(Value::as_object);
    if fields.get("type").is_some_and(|kind| *kind == "object") || properties.is_some() {
        if fields.get("additionalProperties") != Some(&Value::Bool(false)) {
            return refuse("'additionalProperties' is required to be supplied and to be false.");
        }
        if let Some(missing) = unlisted(fields, properties) {
            return refuse(&format!(
                "'required' is required to be supplied and to be an array including every key in properties. Missing '{missing}'."
            ));
        }
    }
    for (word, inner) in fields {
        match (word.as_str(), inner) {
            ("properties" | "$defs" | "definitions", Value::Object(schemas)) => {
                for (name, schema) in schemas {
                    nested(place, &[word, name], schema)?;
                }
            }
            ("anyOf", Value::Array(schemas)) => {
                for (index, schema) in schemas.iter().enumerate() {
                    nested(place, &[word, &index.to_string()], schema)?;
                }
            }
            ("items", schema) => nested(place, &[word], schema)?,
            _ => {}
        }
    }
    Ok(())
}

fn nested(place: &mut Vec<String>, steps: &[&str], schema: &Value) -> Result<(), String> {
    let depth = place.len();
    place.extend(steps.iter().map(|step| format!("'{step}'")));
    strict(schema, place)?;
    place.truncate(depth);
    Ok(())
}

fn unlisted<'a>(
    fields: &Map<String, Value>,
    properties: Option<&'a Map<String, Value>>,
) -> Option<&'a String> {
    let required = fields.get("required").and_then(Value::as_array);
    let listed = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    properties?.keys().find(|name| !listed(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_object_schemas() {
        let good = [
            json!({"type": "object", "properties": {}}),
            json!({"type": "object", "properties": {"a": {"oneOf": [{}]}}, "$schema": "x"}),
        ];
        for schema in good {
            assert!(parameters("p", "f", &schema, false).is_ok(), "{schema}");
        }
        let bad = [
            json!({}),
            json!({"type": "object"}),
            json!({"type": "string"}),
            json!({"type": ["object", "null"], "properties": {}}),
            json!({"properties": {}}),
            json!([]),
            json!("x"),
        ];
        for schema in bad {
            let refusal = parameters("p", "f", &schema, false).expect_err("refused");
            assert_eq!(refusal.param.as_deref(), Some("p"), "{schema}");
        }
    }

    #[test]
    fn strict_schemas_close_every_object_and_require_every_property() {
        let closed = json!({"type": "object", "additionalProperties": false, "required": ["a"],
            "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}});
        assert!(parameters("p", "f", &closed, true).is_ok());
        let mut open = closed.clone();
        open["additionalProperties"] = json!(true);
        let mut optional = closed.clone();
        optional["required"] = json!([]);
        let mut inner = closed.clone();
        inner["properties"]["a"] = json!({"type": "array", "items": {"type": "object"}});
        let mut choice = closed.clone();
        choice["properties"]["a"] = json!({"oneOf": [{"type": "string"}]});
        for (schema, word) in [
            (open, "additionalProperties"),
            (optional, "Missing 'a'"),
            (inner, "'properties', 'a', 'items'"),
            (choice, "oneOf"),
        ] {
            assert!(parameters("p", "f", &schema, false).is_ok());
            let refusal = parameters("p", "f", &schema, true).expect_err("refused");
            assert!(refusal.message.contains(word), "{}", refusal.message);
        }
    }

    #[test]
    fn two_tools_of_one_name_are_refused() {
        assert!(unique("tools", ["a", "b"].into_iter()).is_ok());
        assert!(unique("tools", ["a", "b", "a"].into_iter()).is_err());
    }
}
