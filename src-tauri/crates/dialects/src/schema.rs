//! JSON Schemas as vendors want them: what all of them share. A dialect's own subset stands in its own module.

use serde_json::{Map, Value, json};

use crate::{json::Json, wire::wire};

wire! {
    struct Root {
        kind: Json = "type",
        properties: Json = "properties",
    }
}

/// The schema of a tool's arguments with an object at its root, which all vendors demand: none, `null` and `{}` become
/// an object without properties, a root of alternatives is given its type. A schema that is fine stays as it is, and
/// keys keep their order.
pub(crate) fn object_root(schema: Option<&Json>) -> Json {
    let read = schema.filter(|schema| schema.is_object());
    let Some((schema, Ok(mut root))) = read.map(|schema| (schema, schema.read::<Root>())) else {
        return Json::of(&json!({"type": "object", "properties": {}}));
    };
    let typed = root.kind.as_ref().map(Json::text) == Some(r#""object""#);
    if typed && root.properties.is_some() {
        return schema.clone();
    }
    if !typed {
        root.kind = Some(Json::of(&"object"));
    }
    root.properties.get_or_insert_with(Json::empty_object);
    Json::of(&root)
}

/// Whether the schema's values are objects, which several vendors demand of an answer's root.
pub(crate) fn is_object(schema: &Json) -> bool {
    let root = schema.read::<Root>();
    root.is_ok_and(|root| match root.kind {
        Some(kind) => kind.text() == r#""object""#,
        None => root.properties.is_some(),
    })
}

/// Visits the schema and every schema inside it, outermost first. Names of properties are data and never taken for
/// keywords, whatever they are called.
pub(crate) fn each(schema: &mut Value, visit: &mut dyn FnMut(&mut Map<String, Value>)) {
    let Value::Object(fields) = schema else {
        return;
    };
    visit(fields);
    for (name, value) in fields {
        match (name.as_str(), value) {
            (
                "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas",
                Value::Object(named),
            ) => {
                for inner in named.values_mut() {
                    each(inner, visit);
                }
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems" | "items", Value::Array(list)) => {
                for inner in list {
                    each(inner, visit);
                }
            }
            (
                "items"
                | "additionalProperties"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties",
                inner,
            ) => each(inner, visit),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::object_root;
    use crate::json::Json;

    fn json(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    #[test]
    fn arguments_are_always_an_object() {
        // PITFALLS 78
        let empty = r#"{"type":"object","properties":{}}"#;
        for (given, wanted) in [
            (None, empty),
            (Some("null"), empty),
            (Some("{}"), empty),
            (Some("true"), empty),
            (Some(r#"{"type":"object"}"#), empty),
            (
                Some(r#"{"type":null,"properties":{"z":{},"a":{}}}"#),
                r#"{"type":"object","properties":{"z":{},"a":{}}}"#,
            ),
            (
                Some(r#"{"anyOf":[{"type":"object"}]}"#),
                r#"{"type":"object","properties":{},"anyOf":[{"type":"object"}]}"#,
            ),
            (
                Some(r#"{"required":["a"], "properties": {"a":{}}, "type":"object"}"#),
                r#"{"required":["a"], "properties": {"a":{}}, "type":"object"}"#,
            ),
        ] {
            assert_eq!(
                object_root(given.map(json).as_ref()).text(),
                wanted,
                "{given:?}"
            );
        }
    }
}
