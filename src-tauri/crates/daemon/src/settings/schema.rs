//! The JSON Schema of the config file, made from the tables that read it.

use schemars::{generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

use super::raw::Document;

/// The schema, for editors that complete and check TOML.
pub fn json_schema() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings
        .transforms
        .push(Box::new(RecursiveTransform(without_null)));
    let mut schema = settings.into_generator().into_root_schema_for::<Document>();
    schema.insert("title".to_owned(), "Turnout config".into());
    schema.insert("description".to_owned(), "config.toml of Turnout".into());
    schema.to_value()
}

/// TOML has no null: a key that may be absent is only left out.
fn without_null(schema: &mut schemars::Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(options)) = schema.get_mut("anyOf") {
        options.retain(|option| option.get("type").is_none_or(|kind| kind != "null"));
        if let [Value::Object(only)] = options.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            for (key, value) in only {
                schema.insert(key, value);
            }
        }
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_in_config_is_current() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../config/config.schema.json"
        );
        let mut current = serde_json::to_string_pretty(&json_schema()).unwrap();
        current.push('\n');
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &current).unwrap();
        }
        let stored = std::fs::read_to_string(path).unwrap();
        assert!(
            stored == current,
            "config/config.schema.json is out of date; run the tests once with UPDATE=1"
        );
    }

    #[test]
    fn no_key_may_be_null_and_none_may_be_unknown() {
        let schema = json_schema();
        assert!(!schema.to_string().contains("\"null\""));
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(
            schema["$defs"]["Routing"]["properties"]["continue"]["enum"][1],
            "restart"
        );
    }
}
