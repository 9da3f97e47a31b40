//! A value that fits a JSON schema, for tool inputs and structured answers.
//!
//! Pure and modest: it fills required properties and honours `enum`, `const`, `type` and the first
//! branch of a choice; schemas by reference get an empty object.

use serde_json::{Map, Value, json};

/// A small value that fits `schema`.
pub(crate) fn of(schema: &Value) -> Value {
    filled(schema, 0)
}

fn filled(schema: &Value, depth: usize) -> Value {
    if depth > 8 {
        return Value::Null;
    }
    if let Some(only) = schema.get("const") {
        return only.clone();
    }
    if let Some(first) = schema.get("enum").and_then(|choices| choices.get(0)) {
        return first.clone();
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(choice).and_then(|branches| branches.get(0)) {
            return filled(first, depth + 1);
        }
    }
    match kind(schema) {
        "string" => json!("practice"),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        "null" => Value::Null,
        "array" => array(schema, depth),
        _ => object(schema, depth),
    }
}

fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str).unwrap_or("object"),
        _ => "object",
    }
}

fn array(schema: &Value, depth: usize) -> Value {
    let least = schema
        .get("minItems")
        .and_then(Value::as_u64)
        .unwrap_or(0)
        .min(16);
    let item = schema.get("items").unwrap_or(&Value::Null);
    Value::Array((0..least).map(|_| filled(item, depth + 1)).collect())
}

fn object(schema: &Value, depth: usize) -> Value {
    let mut fields = Map::new();
    for name in schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        let field = schema
            .get("properties")
            .and_then(|properties| properties.get(name))
            .unwrap_or(&Value::Null);
        fields.insert(name.to_owned(), filled(field, depth + 1));
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_properties_are_filled_by_type() {
        let schema = json!({"type": "object", "required": ["title", "n", "on", "list", "pick", "in"], "properties": {
            "title": {"type": "string"}, "n": {"type": "integer", "minimum": 3}, "on": {"type": "boolean"},
            "list": {"type": "array", "minItems": 1, "items": {"type": ["string", "null"]}}, "pick": {"enum": ["b", "a"]},
            "in": {"type": "object", "required": ["x"], "properties": {"x": {"const": 9}}}, "free": {"type": "string"}}});
        let want = json!({"title": "practice", "n": 3, "on": true, "list": ["practice"], "pick": "b", "in": {"x": 9}});
        assert_eq!(of(&schema), want);
    }

    #[test]
    fn a_schema_that_nests_without_end_still_ends() {
        let mut schema = json!({"type": "string"});
        for _ in 0..50 {
            schema = json!({"anyOf": [schema]});
        }
        assert_eq!(of(&schema), Value::Null);
    }
}
