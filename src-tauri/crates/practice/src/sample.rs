//! A value that fits a JSON schema, for tool inputs and structured answers.
//!
//! Pure and modest: it fills required properties and honours `const`, `enum`, `type`, `$ref`, the
//! first branch of a choice, `allOf`, and the bounds of strings, numbers and arrays. It does not
//! read `pattern`, `not` or `if`.

use serde_json::{Map, Value, json};

/// How deep values may nest; schemas that refer to themselves end here.
const DEEPEST: usize = 8;
const MOST_ITEMS: u64 = 16;
const LONGEST: u64 = 4096;

/// A small value that fits `schema`.
pub(crate) fn of(schema: &Value) -> Value {
    Sampler { root: schema }.filled(schema, 0)
}

struct Sampler<'a> {
    /// Where `$ref` looks.
    root: &'a Value,
}

impl Sampler<'_> {
    fn filled(&self, schema: &Value, depth: usize) -> Value {
        if depth > DEEPEST {
            return Value::Null;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let place = target.strip_prefix('#').unwrap_or_default();
            let target = self.root.pointer(place).unwrap_or(&Value::Null);
            return self.filled(target, depth + 1);
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(first) = schema.get("enum").and_then(|choices| choices.get(0)) {
            return first.clone();
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(first) = schema.get(choice).and_then(|branches| branches.get(0)) {
                return self.filled(first, depth + 1);
            }
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            return self.filled(&merged(schema, all), depth + 1);
        }
        match kind(schema) {
            "string" => string(schema),
            "integer" | "number" => number(schema),
            "boolean" => json!(true),
            "null" => Value::Null,
            "array" => self.array(schema, depth),
            _ => self.object(schema, depth),
        }
    }

    fn array(&self, schema: &Value, depth: usize) -> Value {
        let first = schema.get("prefixItems").and_then(Value::as_array);
        let first = first.map_or(&[][..], Vec::as_slice);
        let least = bound(schema, "minItems").unwrap_or(0).min(MOST_ITEMS) as usize;
        let item = schema.get("items").unwrap_or(&Value::Null);
        let items = first
            .iter()
            .chain(std::iter::repeat(item))
            .take(least.max(first.len()));
        Value::Array(items.map(|item| self.filled(item, depth + 1)).collect())
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let required = schema.get("required").and_then(Value::as_array);
        let names = required.into_iter().flatten().filter_map(Value::as_str);
        let fields: Map<String, Value> = names
            .map(|name| {
                let properties = schema.get("properties");
                let field = properties.and_then(|properties| properties.get(name));
                let value = self.filled(field.unwrap_or(&Value::Null), depth + 1);
                (name.to_owned(), value)
            })
            .collect();
        Value::Object(fields)
    }
}

/// One schema of all: properties and required names are put together, the last of other words wins.
fn merged(schema: &Value, all: &[Value]) -> Value {
    let mut whole = schema.clone();
    if let Some(fields) = whole.as_object_mut() {
        fields.remove("allOf");
    }
    for (name, value) in all.iter().filter_map(Value::as_object).flatten() {
        match (&mut whole[name], value) {
            (Value::Object(into), Value::Object(more)) => into.extend(more.clone()),
            (Value::Array(into), Value::Array(more)) => into.extend(more.clone()),
            (slot, value) => *slot = value.clone(),
        }
    }
    whole
}

fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str).unwrap_or("object"),
        _ => "object",
    }
}

fn bound(schema: &Value, name: &str) -> Option<u64> {
    schema.get(name).and_then(Value::as_u64)
}

fn string(schema: &Value) -> Value {
    let text = match schema.get("format").and_then(Value::as_str) {
        Some("date") => "2026-01-01",
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("time") => "00:00:00Z",
        Some("email") => "practice@example.com",
        Some("uri" | "url") => "https://example.com/practice",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => "practice",
    };
    let least = bound(schema, "minLength").unwrap_or(0).min(LONGEST) as usize;
    let most = bound(schema, "maxLength").unwrap_or(LONGEST) as usize;
    let endless = text.chars().cycle();
    endless
        .take(text.len().clamp(least.min(most), most))
        .collect::<String>()
        .into()
}

/// The number nearest to 1 from above that the bounds allow, else the largest that they do.
fn number(schema: &Value) -> Value {
    let at = |name: &str| schema.get(name).and_then(Value::as_f64);
    let step = at("multipleOf").filter(|step| *step > 0.0).unwrap_or(1.0);
    let above = at("exclusiveMinimum").map(|least| (least / step).floor() * step + step);
    let least = at("minimum").map(|least| (least / step).ceil() * step);
    let below = at("exclusiveMaximum").map(|most| (most / step).ceil() * step - step);
    let most = at("maximum").map(|most| (most / step).floor() * step);
    let mut number = above
        .into_iter()
        .chain(least)
        .reduce(f64::max)
        .unwrap_or(step.max(1.0));
    if let Some(most) = below.into_iter().chain(most).reduce(f64::min) {
        number = number.min(most);
    }
    if number.fract() == 0.0 && number.abs() < 1e15 {
        json!(number as i64)
    } else {
        json!(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schema: &Value, want: &Value) {
        assert_eq!(of(schema), *want, "{schema}");
    }

    #[test]
    fn required_properties_are_filled_by_type() {
        let schema = json!({"type": "object", "required": ["title", "n", "on", "list", "pick", "in"], "properties": {
            "title": {"type": "string"}, "n": {"type": "integer", "minimum": 3}, "on": {"type": "boolean"},
            "list": {"type": "array", "minItems": 1, "items": {"type": ["string", "null"]}}, "pick": {"enum": ["b", "a"]},
            "in": {"type": "object", "required": ["x"], "properties": {"x": {"const": 9}}}, "free": {"type": "string"}}});
        let want = json!({"title": "practice", "n": 3, "on": true, "list": ["practice"], "pick": "b", "in": {"x": 9}});
        check(&schema, &want);
    }

    #[test]
    fn bounds_are_kept() {
        let cases = [
            (json!({"type": "string", "maxLength": 3}), json!("pra")),
            (
                json!({"type": "string", "minLength": 10}),
                json!("practicepr"),
            ),
            (
                json!({"type": "string", "format": "date"}),
                json!("2026-01-01"),
            ),
            (json!({"type": "integer"}), json!(1)),
            (json!({"type": "integer", "maximum": -2}), json!(-2)),
            (
                json!({"type": "integer", "minimum": 0, "maximum": 0}),
                json!(0),
            ),
            (json!({"type": "integer", "exclusiveMinimum": 4}), json!(5)),
            (json!({"type": "integer", "exclusiveMaximum": 0}), json!(-1)),
            (
                json!({"type": "integer", "minimum": 5, "multipleOf": 4}),
                json!(8),
            ),
            (
                json!({"type": "number", "multipleOf": 0.5, "maximum": 0.7}),
                json!(0.5),
            ),
            (
                json!({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}),
                json!([1, "practice"]),
            ),
        ];
        for (schema, want) in cases {
            check(&schema, &want);
        }
    }

    #[test]
    fn references_choices_and_joined_schemas_are_followed() {
        let cases = [
            (
                json!({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "integer"}}}),
                json!({"a": 1}),
            ),
            (
                json!({"anyOf": [{"type": "boolean"}, {"type": "null"}]}),
                json!(true),
            ),
            (
                json!({"required": ["a"], "properties": {"a": {"type": "integer"}},
                "allOf": [{"required": ["b"], "properties": {"b": {"type": "string"}}}]}),
                json!({"a": 1, "b": "practice"}),
            ),
            (json!({}), json!({})),
        ];
        for (schema, want) in cases {
            check(&schema, &want);
        }
    }

    #[test]
    fn a_schema_that_nests_without_end_still_ends() {
        let mut schema = json!({"type": "string"});
        for _ in 0..50 {
            schema = json!({"anyOf": [schema]});
        }
        assert_eq!(of(&schema), Value::Null);
        let circular =
            json!({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}});
        assert!(of(&circular).is_object());
    }
}
