//! Rules that a request brings along: what may stand in the config's `[[rules]]`, checked in the same way.

use serde_json::{Map, Value};
use toml_edit::DocumentMut;

use super::{parse, rules::rules, section, section::Section};

/// Rules that a request may bring; each is tested until one fits.
const MOST: usize = 32;
/// What may stand there.
const SHAPE: &str = r#"write {"group": "NAME"}, {"when": {…}, "use": {…}} as in the config's [[rules]], or a list of those"#;

/// Reads rules as they are written in JSON: one or a list of them. What stands beside neither `when` nor `use` is taken as
/// the latter. `config` is the text of the settings in force, which says what groups and providers there are. The error is
/// one sentence.
pub fn own_rules(written: &Value, config: &str) -> Result<Vec<routing::Rule>, String> {
    let list = match written {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    if list.len() > MOST {
        return Err(format!("there are more than {MOST}"));
    }
    // Values of the environment are the owner's, and an error would tell them.
    if has_variable(written) {
        return Err("${…} is only read in the config".to_owned());
    }
    let broken = |error: toml_edit::TomlError| format!("the config is broken: {}", error.message());
    let mut document: DocumentMut = config.parse().map_err(broken)?;
    document.remove("rules");
    for (index, one) in list.iter().enumerate() {
        let Value::Object(fields) = one else {
            return Err(format!("{one} is no rule: {SHAPE}"));
        };
        section::add(&mut document, Section::Rules, &rule(fields.clone(), index))
            .map_err(|error| error.to_string())?;
    }
    let settings = parse(&document.to_string()).map_err(|problems| {
        let told: Vec<String> = problems.into_iter().map(|one| one.message).collect();
        told.join("; ")
    })?;
    Ok(rules(&settings))
}

fn rule(mut fields: Map<String, Value>, index: usize) -> Map<String, Value> {
    if !fields.contains_key("use") && !fields.contains_key("when") {
        fields = Map::from_iter([("use".to_owned(), Value::Object(fields))]);
    }
    let name = || format!("routing_rules[{index}]").into();
    fields.entry("name").or_insert_with(name);
    fields
}

fn has_variable(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${"),
        Value::Array(items) => items.iter().any(has_variable),
        Value::Object(fields) => fields.values().any(has_variable),
        _ => false,
    }
}
