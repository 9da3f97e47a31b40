//! Facts about tools and their schemas.

use super::*;

// PITFALLS 76.
#[test]
fn parameters_are_the_subset() {
    let unknown = [
        "$schema",
        "$id",
        "const",
        "oneOf",
        "allOf",
        "not",
        "if",
        "exclusiveMinimum",
        "multipleOf",
        "uniqueItems",
        "patternProperties",
        "propertyNames",
        "examples",
        "prefixItems",
        "contains",
    ];
    for name in unknown {
        let schema = json!({"type": "STRING", name: "x"});
        let words = format!(
            "Unknown name \"{name}\" at 'tools[0].function_declarations[0].parameters.properties[0].value': Cannot find field."
        );
        refused(FLASH_3, &subset(&schema), &words);
    }
    let cases = [
        (
            json!({"type": ["string", "null"]}),
            "Proto field is not repeating",
        ),
        (json!({"type": "ARRAY"}), "items: missing field."),
        (
            json!({"type": "INTEGER", "enum": ["1"]}),
            "enum: only allowed for STRING type",
        ),
        (json!({"type": "STRING", "enum": [1]}), "(TYPE_STRING), 1"),
        (
            json!({"type": "STRING", "enum": [""]}),
            "enum[0]: cannot be empty",
        ),
        (
            json!({"type": "STRING", "format": "uri"}),
            "only 'enum' and 'date-time' are supported for STRING type",
        ),
        (
            json!({"type": "OBJECT", "required": ["y"]}),
            "required[0]: property is not defined",
        ),
        (json!({"description": "no type"}), "type: must be specified"),
        (json!({"type": "any"}), "v1beta.Type)"),
    ];
    for (schema, words) in cases {
        refused(FLASH_3, &subset(&schema), words);
    }
    for newer in [
        json!({"type": "OBJECT", "additionalProperties": false}),
        json!({"$ref": "#/$defs/x"}),
    ] {
        accepted(FLASH_3, &subset(&newer));
        refused(FLASH_2, &subset(&newer), "Cannot find field.");
    }
}

// PITFALLS 77, 78.
#[test]
fn names_of_properties_are_data_and_a_json_schema_is_free_below_its_root() {
    let named = json!({"type": "object", "properties": {"const": {"type": "string"}, "title": {"type": "string"}, "$schema": {"type": "string"}}});
    accepted(
        FLASH_2,
        &declared(&json!({"name": "f", "parameters": named})),
    );
    let full = json!({"$schema": "x", "type": "object", "oneOf": [], "properties": {"a": {"const": 1}, "b": {"type": ["string", "null"]}}});
    accepted(
        FLASH_2,
        &declared(&json!({"name": "f", "parametersJsonSchema": full})),
    );
    for root in [json!({}), json!({"type": "array"}), json!("x")] {
        refused(
            FLASH_3,
            &declared(&json!({"name": "f", "parametersJsonSchema": root})),
            "schema should be of type OBJECT",
        );
    }
    refused(
        FLASH_3,
        &declared(&json!({"name": "f", "parameters": {"type": "STRING"}})),
        "schema should be of type OBJECT",
    );
    let both = json!({"name": "f", "parameters": {"type": "OBJECT"}, "parametersJsonSchema": {"type": "object"}});
    refused(FLASH_3, &declared(&both), "only one of parameters");
    accepted(FLASH_3, &declared(&json!({"name": "f"})));
}

// PITFALLS 81.
#[test]
fn function_names_are_bounded_in_characters_and_length() {
    for name in ["", "1st", "a/b", "a b", "é", "-a", &"a".repeat(129)] {
        refused(
            FLASH_3,
            &declared(&json!({ "name": name })),
            "Invalid function name.",
        );
    }
    for name in ["_a", "mcp.tool:x-1", &"a".repeat(64)] {
        accepted(FLASH_2, &declared(&json!({ "name": name })));
    }
    refused(
        FLASH_2,
        &declared(&json!({"name": "a".repeat(65)})),
        "maximum length of 64",
    );
    let twice = with(
        &json!({"tools": [{"functionDeclarations": [{"name": "f"}]}, {"functionDeclarations": [{"name": "f"}]}]}),
    );
    refused(FLASH_3, &twice, "Duplicate function declaration found: f");
}

// PITFALLS 114.
#[test]
fn tools_of_the_server_stand_apart_from_functions() {
    let mixed = json!([{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {}}]);
    refused(
        FLASH_2,
        &with(&json!({ "tools": mixed })),
        "Tool use with function calling is unsupported",
    );
    refused(
        FLASH_3,
        &with(&json!({ "tools": mixed })),
        "include_server_side_tool_invocations",
    );
    let asked = json!({"tools": mixed, "toolConfig": {"includeServerSideToolInvocations": true}});
    accepted(FLASH_3, &with(&asked));
    refused(
        FLASH_2,
        &with(&asked),
        "Unknown name \"includeServerSideToolInvocations\"",
    );
    let one = json!([{"functionDeclarations": [{"name": "f"}], "googleSearch": {}}]);
    refused(
        FLASH_3,
        &with(&json!({ "tools": one })),
        "more than one initialized field",
    );
    refused(
        FLASH_3,
        &with(&json!({"tools": [{"functionDeclarations": []}]})),
        "must have one initialized field",
    );
}

#[test]
fn calling_is_restricted_to_declared_names_in_the_right_mode() {
    let calling = |calling: Value| {
        let mut request = declared(&json!({"name": "f"}));
        request["toolConfig"] = json!({ "functionCallingConfig": calling });
        request
    };
    refused(
        FLASH_3,
        &calling(json!({"mode": "AUTO", "allowedFunctionNames": ["f"]})),
        "ANY or VALIDATED",
    );
    refused(
        FLASH_3,
        &calling(json!({"allowedFunctionNames": ["f"]})),
        "ANY or VALIDATED",
    );
    refused(
        FLASH_3,
        &calling(json!({"mode": "ANY", "allowedFunctionNames": ["g"]})),
        "g is not declared",
    );
    refused(
        FLASH_3,
        &calling(json!({"mode": "REQUIRED"})),
        "FunctionCallingConfig.Mode",
    );
    refused(
        FLASH_3,
        &with(&json!({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}})),
        "without function_declarations",
    );
    assert_eq!(
        accepted(
            FLASH_3,
            &calling(json!({"mode": "any", "allowedFunctionNames": ["f"]}))
        )
        .tools
        .len(),
        1
    );
    assert_eq!(
        accepted(FLASH_3, &calling(json!({"mode": "NONE"})))
            .tools
            .len(),
        0
    );
}
