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

/// A schema as Anthropic's structured outputs and strict tools take it.
pub(crate) struct Closed {
    /// The schema.
    pub(crate) schema: Json,
    /// An object that allowed more properties than it names does so no longer.
    pub(crate) narrowed: bool,
    /// A bound is only told in a description.
    pub(crate) described: bool,
}

/// What structured outputs refuse; Anthropic's SDKs put it into the description.
const BOUNDS: [&str; 11] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
];

/// The schema with `additionalProperties: false` in every object and every bound in words.
pub(crate) fn closed(schema: &Json) -> Closed {
    let mut value = schema.value();
    let (mut narrowed, mut described) = (false, false);
    each(&mut value, &mut |schema| {
        schema.shift_remove("$schema");
        described |= describe(schema);
        let is_object = match schema.get("type") {
            Some(Value::String(kind)) => kind == "object",
            Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
            _ => schema.contains_key("properties"),
        };
        if is_object {
            let before = schema.insert("additionalProperties".to_owned(), Value::Bool(false));
            narrowed |= before.is_some_and(|before| before != Value::Bool(false));
        }
    });
    Closed {
        schema: Json::of(&value),
        narrowed,
        described,
    }
}

/// Moves the bounds of a schema into its description.
fn describe(schema: &mut Map<String, Value>) -> bool {
    let taken =
        |name: &str, value: &Value| name == "minItems" && matches!(value.as_u64(), Some(0 | 1));
    let bounds: Vec<String> = BOUNDS
        .into_iter()
        .filter_map(|name| {
            schema.get(name).filter(|value| !taken(name, value))?;
            Some(format!("{name}: {}", schema.shift_remove(name)?))
        })
        .collect();
    if bounds.is_empty() {
        return false;
    }
    let words = format!("{{{}}}", bounds.join(", "));
    let words = match schema.get("description").and_then(Value::as_str) {
        Some(before) => format!("{before}\n\n{words}"),
        None => words,
    };
    schema.insert("description".to_owned(), Value::String(words));
    true
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
    use super::{closed, object_root};
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

    #[test]
    fn objects_are_closed_at_every_depth_and_properties_may_be_called_anything() {
        // PITFALLS 77
        let open = r#"{"type":"object","properties":{"items":{"type":["object","null"],"properties":{"type":{"type":"string"}}},"properties":{"type":"array","items":{"properties":{}}}},"$defs":{"a":{"anyOf":[{"type":"object"}]}}}"#;
        let told = closed(&json(open));
        assert!(!told.narrowed && !told.described);
        assert_eq!(
            told.schema.text(),
            r#"{"type":"object","properties":{"items":{"type":["object","null"],"properties":{"type":{"type":"string"}},"additionalProperties":false},"properties":{"type":"array","items":{"properties":{},"additionalProperties":false}}},"$defs":{"a":{"anyOf":[{"type":"object","additionalProperties":false}]}},"additionalProperties":false}"#
        );
        let map = r#"{"type":"object","additionalProperties":{"type":"string"}}"#;
        assert!(closed(&json(map)).narrowed);
    }

    #[test]
    fn bounds_are_told_in_the_description() {
        let bounded = r#"{"$schema":"x","type":"array","minItems":1,"items":{"type":"integer","description":"A year.","minimum":0,"maximum":9007199254740991}}"#;
        let told = closed(&json(bounded));
        assert!(told.described);
        assert_eq!(
            told.schema.text(),
            r#"{"type":"array","minItems":1,"items":{"type":"integer","description":"A year.\n\n{minimum: 0, maximum: 9007199254740991}"}}"#
        );
    }
}
