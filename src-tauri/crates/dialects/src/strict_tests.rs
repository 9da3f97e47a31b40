use serde_json::{Value, json};

use super::{ANTHROPIC, OPENAI, Subset};
use crate::json::Json;

fn hold(subset: &Subset, schema: &Value) -> Option<(Value, Option<String>)> {
    let held = subset.hold(&Json::from(schema))?;
    Some((held.schema.value(), held.loss()))
}

/// The schema of an object with this one property, and what the subset makes of the property.
fn property(subset: &Subset, schema: &Value) -> Option<Value> {
    let object = json!({"type": "object", "properties": {"p": schema}, "required": ["p"]});
    hold(subset, &object).map(|(held, _)| held["properties"]["p"].clone())
}

#[test]
fn every_object_is_closed_and_every_property_required() {
    let table = [
        (
            json!({"type":"object","properties":{}}),
            json!({"type":"object","properties":{},"required":[],"additionalProperties":false}),
            None,
        ),
        (
            json!({"type":"object","properties":{"a":{"type":"string","default":"x"},"b":{"enum":["x"],"type":"string"},"c":{"$ref":"#/$defs/d"},"e":{"const":1}},"required":["a"],"$defs":{"d":{"type":"object","properties":{"default":{"type":"integer"}},"required":["default"]}}}),
            json!({"type":"object","properties":{"a":{"type":"string"},"b":{"enum":["x",null],"type":["string","null"]},"c":{"anyOf":[{"$ref":"#/$defs/d"},{"type":"null"}]},"e":{"anyOf":[{"const":1,"type":"integer"},{"type":"null"}]}},"required":["a","b","c","e"],"$defs":{"d":{"type":"object","properties":{"default":{"type":"integer"}},"required":["default"],"additionalProperties":false}},"additionalProperties":false}),
            Some("properties that may be missing come as null"),
        ),
        (
            json!({"type":"object","properties":{"a":{"type":"array","items":{"properties":{"b":{"type":"number","format":"double"}},"required":["b"]}}},"required":["a"],"additionalProperties":true}),
            json!({"type":"object","properties":{"a":{"type":"array","items":{"properties":{"b":{"type":"number"}},"required":["b"],"additionalProperties":false,"type":"object"}}},"required":["a"],"additionalProperties":false}),
            Some("objects take no more properties than their schema names"),
        ),
    ];
    for (schema, expected, loss) in table {
        let (made, told) = hold(&OPENAI, &schema).unwrap();
        assert_eq!(made, expected, "{schema}");
        assert_eq!(told.as_deref(), loss, "{schema}");
    }
}

#[test]
fn anthropic_closes_objects_and_leaves_optional_properties_so() {
    // PITFALLS 77: properties may be called anything.
    let open = json!({"type":"object","properties":{"items":{"type":["object","null"],"properties":{"type":{"type":"string"}}},"properties":{"type":"array","items":{"properties":{}}}},"$defs":{"a":{"anyOf":[{"type":"object","properties":{"not":{"type":"null"}}}]}}});
    let closed = json!({"type":"object","properties":{"items":{"type":["object","null"],"properties":{"type":{"type":"string"}},"additionalProperties":false},"properties":{"type":"array","items":{"properties":{},"additionalProperties":false,"type":"object"}}},"$defs":{"a":{"anyOf":[{"type":"object","properties":{"not":{"type":"null"}},"additionalProperties":false}]}},"additionalProperties":false});
    assert_eq!(hold(&ANTHROPIC, &open), Some((closed, None)));
}

#[test]
fn what_a_subset_has_no_word_for_is_told_or_left_out() {
    for (given, anthropic, openai) in [
        (
            json!({"type":"integer","minimum":0,"maximum":130,"description":"Years"}),
            json!({"type":"integer","description":"Years (minimum: 0, maximum: 130)"}),
            json!({"type":"integer","minimum":0,"maximum":130,"description":"Years"}),
        ),
        (
            json!({"type":"string","minLength":1,"format":"uri","pattern":"^a\\b"}),
            json!({"type":"string","format":"uri","description":"minLength: 1, pattern: ^a\\b"}),
            json!({"type":"string","description":"minLength: 1, pattern: ^a\\b, format: uri"}),
        ),
        (
            json!({"type":"array","items":{"type":"null"},"minItems":2,"uniqueItems":false}),
            json!({"type":"array","items":{"type":"null"},"description":"minItems: 2"}),
            json!({"type":"array","items":{"type":"null"},"minItems":2}),
        ),
        (
            json!({"$ref":"#","description":"d","title":"t"}),
            json!(null), // It is endless.
            json!({"$ref":"#"}),
        ),
        (
            json!({"enum":["a",2],"x-order":1,"nullable":true,"$anchor":"a"}),
            json!({"enum":["a",2],"type":["string","integer"]}),
            json!({"enum":["a",2],"type":["string","integer"]}),
        ),
        (
            json!({"allOf":[{"type":"string","default":"b"}],"description":"d"}),
            json!({"type":"string","default":"b","description":"d"}),
            json!({"type":"string","description":"d"}),
        ),
        (
            json!({"oneOf":[{"type":"string"},{"type":"null"}],"discriminator":{}}),
            json!({"anyOf":[{"type":"string"},{"type":"null"}]}),
            json!({"anyOf":[{"type":"string"},{"type":"null"}]}),
        ),
    ] {
        let made = |subset| property(subset, &given).unwrap_or_default();
        assert_eq!(made(&ANTHROPIC), anthropic, "{given}");
        assert_eq!(made(&OPENAI), openai, "{given}");
    }
}

#[test]
fn what_no_subset_can_say_is_not_sent() {
    for inexpressible in [
        json!({}),
        json!(true),
        json!({"description": "anything"}),
        json!({"type": "object"}),
        json!({"type": "object", "properties": {}, "additionalProperties": true}),
        json!({"type": "object", "additionalProperties": {"type": "string"}}),
        json!({"type": "array"}),
        json!({"type": "array", "items": true}),
        json!({"type": "STRING"}),
        json!({"type": "string", "not": {"const": "a"}}),
        json!({"enum": [{"a": 1}]}),
        json!({"$ref": "#/$defs/absent"}),
        json!({"$ref": "https://example.com/schema"}),
        json!({"$ref": "#", "properties": {}}),
        json!({"anyOf": [{"type": "string"}], "oneOf": [{"type": "string"}]}),
        json!({"type": "object", "properties": {"a": {"type": "null"}}, "anyOf": [{"required": ["a"]}]}),
    ] {
        for subset in [&OPENAI, &ANTHROPIC] {
            assert_eq!(property(subset, &inexpressible), None, "{inexpressible}");
        }
    }
    for root in [
        json!({"type": "array", "items": {"type": "string"}}),
        json!({"type": "object", "properties": {}, "anyOf": [{"type": "null"}]}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {}}}}),
        json!({"type": ["object", "null"], "properties": {}}),
    ] {
        for subset in [&OPENAI, &ANTHROPIC] {
            assert_eq!(hold(subset, &root), None, "{root}");
        }
    }
}

#[test]
fn a_schema_inside_the_subset_keeps_its_text() {
    let text = r#"{ "type":"object", "properties": {"a":{"type":["string","null"]}}, "required":["a"], "additionalProperties": false }"#;
    let schema = Json::parse(text).unwrap();
    for subset in [&OPENAI, &ANTHROPIC] {
        let held = subset.hold(&schema).unwrap();
        assert_eq!(held.schema.text(), schema.text());
        assert_eq!(held.loss(), None);
    }
}

#[test]
fn nesting_recursion_and_chains_end() {
    // PITFALLS 79
    let tree = json!({"type":"object","properties":{"child":{"$ref":"#"}},"required":["child"]});
    assert!(hold(&OPENAI, &tree).is_some());
    assert!(hold(&ANTHROPIC, &tree).is_none());
    let pair = json!({"type":"object","properties":{"a":{"$ref":"#/$defs/a"},"b":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":"string"}}});
    assert!(hold(&ANTHROPIC, &pair).is_some());
    let mut deep: Value = json!({"type":"string"});
    for _ in 0..11 {
        deep = json!({"type":"object","properties":{"a":deep},"required":["a"]});
    }
    assert!(hold(&OPENAI, &deep).is_none());
    assert!(hold(&ANTHROPIC, &deep).is_some());
    // Each refers to the next.
    let mut chain = json!({"type":"object","properties":{"a":{"$ref":"#/$defs/d0"}},"$defs":{}});
    for number in 0..20_000 {
        let next = format!("#/$defs/d{}", number + 1);
        chain["$defs"][format!("d{number}")] = json!({"$ref": next});
    }
    chain["$defs"]["d20000"] = json!({"type": "string"});
    assert!(hold(&ANTHROPIC, &chain).is_none());
    assert!(hold(&OPENAI, &chain).is_some());
}
