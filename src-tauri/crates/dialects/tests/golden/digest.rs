//! Large requests in a few lines.

use serde_json::{Map, Value, json};

/// Bodies longer than this are told by their fields alone.
const LARGE: usize = 10_000;

/// A body as its golden file has it: whole, or each field of a large one in a word or two.
pub(crate) fn told(body: &[u8], of_capture: usize) -> Value {
    let body: Value = serde_json::from_slice(body).unwrap();
    let Value::Object(fields) = body else {
        return body;
    };
    if of_capture <= LARGE {
        return Value::Object(fields);
    }
    let told = fields.into_iter().map(|(name, value)| (name, brief(value)));
    Value::Object(told.collect::<Map<_, _>>())
}

fn brief(value: Value) -> Value {
    match value {
        Value::Array(list) if list.iter().all(is_plain) => Value::Array(list),
        Value::Array(list) => json!(format!("{} × {}", list.len(), kinds(&list))),
        Value::String(text) if text.len() > 200 => json!("(text)"),
        Value::Object(fields) if fields.values().all(is_plain) => Value::Object(fields),
        Value::Object(fields) => {
            let told = fields.into_iter().map(|(name, value)| (name, brief(value)));
            Value::Object(told.collect())
        }
        plain => plain,
    }
}

fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object() && value.as_str().is_none_or(|text| text.len() <= 200)
}

/// What the items of a list are, each kind with how often in a row: `user, assistant, user 2`.
fn kinds(list: &[Value]) -> String {
    let mut runs: Vec<(String, usize)> = Vec::new();
    for item in list {
        let kind = kind(item);
        match runs.last_mut() {
            Some((run, count)) if *run == kind => *count += 1,
            _ => runs.push((kind, 1)),
        }
    }
    let told = |(kind, count): &(String, usize)| match count {
        1 => kind.clone(),
        count => format!("{kind} {count}"),
    };
    runs.iter().map(told).collect::<Vec<_>>().join(", ")
}

/// What an item is: its role and the kinds of its parts, else its type, else its fields' names.
fn kind(item: &Value) -> String {
    let word = |name: &str| item.get(name).and_then(Value::as_str);
    let parts = ["content", "parts", "functionDeclarations"]
        .into_iter()
        .find_map(|name| item.get(name)?.as_array());
    let inner = parts.map(|parts| format!("({})", kinds(parts)));
    let head = word("role").or_else(|| word("type")).map_or_else(
        || match item.as_object() {
            Some(fields) => fields.keys().cloned().collect::<Vec<_>>().join("+"),
            None => "value".to_owned(),
        },
        str::to_owned,
    );
    let calls = item.get("tool_calls").and_then(Value::as_array);
    let calls = calls.map(|calls| format!(" + {} calls", calls.len()));
    format!(
        "{head}{}{}",
        inner.unwrap_or_default(),
        calls.unwrap_or_default()
    )
}
