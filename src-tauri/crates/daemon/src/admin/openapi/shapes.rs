//! Shapes that the config's own schema gives, and what the names in paths stand for.

use serde_json::{Map, Value, json};

use crate::settings::json_schema;

/// Parts of the config that calls take, and what each is called where it is sent whole.
const SETTINGS: [(&str, &str); 4] = [
    ("Provider", "ProviderSettings"),
    ("Group", "GroupSettings"),
    ("Rule", "RuleSettings"),
    ("ClientToken", "NewToken"),
];
/// What stands in the config of a client token and is made here.
const MADE: [&str; 2] = ["token", "created_at"];

/// What a name in a path stands for.
pub(super) fn in_path(name: &str) -> &'static str {
    match name {
        "name" => "The name in the config.",
        "key" => {
            "The key's number at its provider, from 0; its whole id, such as `relay/0`, will do as well."
        }
        "id" => "The id.",
        "model" => "The model's name, which may have slashes.",
        "provider" => "The provider's name.",
        _ => "",
    }
}

/// Adds the parts of the config under names of their own: as in the config, and with every field optional for changes.
pub(super) fn add_settings(schemas: &mut Value) {
    let mut config = json_schema();
    let Some(Value::Object(parts)) = config.get_mut("$defs").map(Value::take) else {
        return;
    };
    for (part, name) in SETTINGS {
        let Some(schema) = parts.get(part) else {
            continue;
        };
        let mut whole = schema.clone();
        if part == "ClientToken" {
            without(&mut whole, &MADE);
        }
        let mut change = whole.clone();
        if let Some(change) = change.as_object_mut() {
            change.remove("required");
            change.insert(
                "description".to_owned(),
                "The fields to set; `null` takes one away, and others stay as they are.".into(),
            );
        }
        add(schemas, name, whole, &parts);
        add(schemas, &format!("{part}Change"), change, &parts);
    }
}

fn without(schema: &mut Value, fields: &[&str]) {
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.retain(|name, _| !fields.contains(&name.as_str()));
    }
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|name| !fields.iter().any(|field| name == field));
    }
}

/// Adds a part and those that it refers to, which keep their names behind `Config`.
fn add(schemas: &mut Value, name: &str, mut schema: Value, parts: &Map<String, Value>) {
    let mut referred = Vec::new();
    rename(&mut schema, &mut referred);
    schemas[name] = schema;
    for part in referred {
        let name = format!("Config{part}");
        let known = schemas.get(&name).is_some();
        if let Some(schema) = parts.get(&part).filter(|_| !known) {
            schemas[&name] = json!({});
            add(schemas, &name, schema.clone(), parts);
        }
    }
}

fn rename(schema: &mut Value, referred: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get_mut("$ref")
                && let Some(part) = target.strip_prefix("#/$defs/")
            {
                referred.push(part.to_owned());
                *target = format!("#/components/schemas/Config{part}");
            }
            fields
                .values_mut()
                .for_each(|field| rename(field, referred));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, referred)),
        _ => {}
    }
}

/// Descriptions come from this program's own types: what Rust calls `None` is `null` here, and names are no links.
pub(super) fn in_words_of_json(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if name == "description" => {
                        *text = text
                            .replace("`None`", "`null`")
                            .replace("[`", "`")
                            .replace("`]", "`");
                    }
                    field => in_words_of_json(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(in_words_of_json),
        _ => {}
    }
}
