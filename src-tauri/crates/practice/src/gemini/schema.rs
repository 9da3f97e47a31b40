//! What the subset of an `OpenAPI` schema must fulfil beyond its shape, and schemas made plain.

use serde_json::{Map, Value};

use crate::dialect::Refusal;

type Checked = Result<(), Refusal>;

/// Checks a schema of the subset at `at`, its shape being right.
pub(super) fn check(at: &str, schema: &Value) -> Checked {
    let wrong = |field: &str, what: &str| {
        Err(Refusal::bad(format!(
            "* GenerateContentRequest.{at}.{field}: {what}\n"
        )))
    };
    let kind = schema["type"].as_str().unwrap_or_default();
    let given = |name: &str| schema.get(name).is_some();
    if kind.is_empty() && !given("anyOf") && !given("$ref") && !given("ref") {
        return wrong("type", "must be specified");
    }
    if kind == "ARRAY" && !given("items") {
        return wrong("items", "missing field.");
    }
    if given("properties") && kind != "OBJECT" {
        return wrong("properties", "only allowed for OBJECT type");
    }
    for (index, name) in list(schema, "required").enumerate() {
        if schema["properties"].get(name).is_none() {
            return wrong(&format!("required[{index}]"), "property is not defined");
        }
    }
    for (index, name) in list(schema, "enum").enumerate() {
        if kind != "STRING" {
            return wrong("enum", "only allowed for STRING type");
        }
        if name.is_empty() {
            return wrong(&format!("enum[{index}]"), "cannot be empty");
        }
    }
    if let Some(format) = schema["format"].as_str() {
        let known: &[&str] = match kind {
            "STRING" => &["enum", "date-time"],
            "NUMBER" => &["float", "double"],
            "INTEGER" => &["int32", "int64"],
            _ => &[],
        };
        if !known.contains(&format) {
            let names: Vec<String> = known.iter().map(|name| format!("'{name}'")).collect();
            let what = format!("only {} are supported for {kind} type", names.join(" and "));
            return wrong("format", &what);
        }
    }
    inner(at, schema)
}

/// Checks that a JSON schema is one of an object, as the arguments of a function are.
pub(super) fn is_object(at: &str, schema: &Value) -> Checked {
    let kind = schema["type"].as_str();
    if kind.is_some_and(|kind| kind.eq_ignore_ascii_case("object")) {
        return Ok(());
    }
    Err(Refusal::bad(format!(
        "* GenerateContentRequest.{at}: schema should be of type OBJECT\n"
    )))
}

/// The schema with its types in lower case, as JSON Schema has them; names of properties are left alone.
pub(super) fn lowered(schema: &Value) -> Value {
    let Value::Object(fields) = schema else {
        return schema.clone();
    };
    let fields = fields.iter().map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("type", Value::String(kind)) => kind.to_lowercase().into(),
            ("properties" | "$defs" | "defs", Value::Object(entries)) => entries
                .iter()
                .map(|(name, entry)| (name.clone(), lowered(entry)))
                .collect::<Map<_, _>>()
                .into(),
            ("anyOf" | "oneOf" | "allOf", Value::Array(branches)) => {
                branches.iter().map(lowered).collect()
            }
            ("items" | "additionalProperties" | "not", value) => lowered(value),
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(fields.collect())
}

fn list<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = &'a str> {
    let items = schema[name].as_array().into_iter().flatten();
    items.filter_map(Value::as_str)
}

fn inner(at: &str, schema: &Value) -> Checked {
    if let Some(items) = schema.get("items") {
        check(&format!("{at}.items"), items)?;
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        check(&format!("{at}.properties[{name}]"), property)?;
    }
    let branches = schema["anyOf"].as_array().into_iter().flatten();
    for (index, branch) in branches.enumerate() {
        check(&format!("{at}.any_of[{index}]"), branch)?;
    }
    Ok(())
}
