//! The tools of a Responses request and the choice among them.

use serde_json::{Map, Value};

use super::super::shape::{
    Checked, Field, Kind, inside, may, must, must_or_null, name, null, object, tag, wrong,
    wrong_type,
};
use super::super::tools;

const CALLERS: Field = null("allowed_callers", Kind::Words(&["direct", "programmatic"]));
const TYPE: Field = must("type", Kind::Text);
const FUNCTION: &[Field] = &[
    TYPE,
    CALLERS,
    must("name", Kind::Text),
    null("description", Kind::Text),
    must_or_null("parameters", Kind::Object),
    null("strict", Kind::Bool),
    may("async", Kind::Bool),
    may("defer_loading", Kind::Bool),
    null("output_schema", Kind::Object),
];
const NESTED_FUNCTION: &[Field] = &[
    TYPE,
    CALLERS,
    must("name", Kind::Text),
    null("description", Kind::Text),
    null("parameters", Kind::Object),
    null("strict", Kind::Bool),
    may("async", Kind::Bool),
    may("defer_loading", Kind::Bool),
    null("output_schema", Kind::Object),
];
const CUSTOM: &[Field] = &[
    TYPE,
    CALLERS,
    must("name", Kind::Text),
    may("description", Kind::Text),
    may("format", Kind::Any),
    may("async", Kind::Bool),
    may("defer_loading", Kind::Bool),
];
const GRAMMAR: &[Field] = &[
    TYPE,
    must("definition", Kind::Text),
    must("syntax", Kind::Word(&["lark", "regex"])),
];
const SIZES: Kind = Kind::Word(&["low", "medium", "high"]);
const LOCATION: Kind = Kind::Fields(&[
    may("type", Kind::Word(&["approximate"])),
    null("city", Kind::Text),
    null("country", Kind::Text),
    null("region", Kind::Text),
    null("timezone", Kind::Text),
]);
/// Tools that the server runs, or whose shape it knows by itself.
const HOSTED: &[(&str, &[Field])] = &[
    (
        "web_search",
        &[
            TYPE,
            may("external_web_access", Kind::Bool),
            null(
                "filters",
                Kind::Fields(&[null("allowed_domains", Kind::List(0))]),
            ),
            may("search_context_size", SIZES),
            null("user_location", LOCATION),
        ],
    ),
    (
        "web_search_preview",
        &[
            TYPE,
            may("search_content_types", Kind::Words(&["text", "image"])),
            may("search_context_size", SIZES),
            null("user_location", LOCATION),
        ],
    ),
    (
        "file_search",
        &[
            TYPE,
            must("vector_store_ids", Kind::List(1)),
            null("filters", Kind::Object),
            may("max_num_results", Kind::Whole(1, 50)),
            may("ranking_options", Kind::Object),
        ],
    ),
    (
        "code_interpreter",
        &[TYPE, CALLERS, must("container", Kind::Any)],
    ),
    ("local_shell", &[TYPE]),
    ("shell", &[TYPE, CALLERS, null("environment", Kind::Object)]),
    ("apply_patch", &[TYPE, CALLERS]),
    ("computer", &[TYPE]),
    ("programmatic_tool_calling", &[TYPE]),
    (
        "tool_search",
        &[
            TYPE,
            null("description", Kind::Text),
            may("execution", Kind::Word(&["server", "client"])),
            null("parameters", Kind::Object),
        ],
    ),
    (
        "mcp",
        &[
            TYPE,
            CALLERS,
            must("server_label", Kind::Id(256)),
            null("allowed_tools", Kind::Any),
            may("authorization", Kind::Text),
            may("connector_id", Kind::Text),
            may("defer_loading", Kind::Bool),
            null("headers", Kind::Object),
            null("require_approval", Kind::Any),
            may("server_description", Kind::Text),
            may("server_url", Kind::Text),
            may("tunnel_id", Kind::Text),
        ],
    ),
    (
        "image_generation",
        &[
            TYPE,
            may("action", Kind::Word(&["generate", "edit", "auto"])),
            may("background", Kind::Word(&["transparent", "opaque", "auto"])),
            null("input_fidelity", Kind::Word(&["high", "low"])),
            may("input_image_mask", Kind::Object),
            may("model", Kind::Text),
            may("moderation", Kind::Word(&["auto", "low"])),
            may("output_compression", Kind::Whole(0, 100)),
            may("output_format", Kind::Text),
            may("partial_images", Kind::Whole(0, 3)),
            may("quality", Kind::Text),
            may("size", Kind::Text),
        ],
    ),
];
const NAMESPACE: &[Field] = &[
    TYPE,
    must("name", Kind::Text),
    must("description", Kind::Text),
    must("tools", Kind::List(1)),
];

/// Checks `tools` and `tool_choice`.
pub(super) fn check(request: &Map<String, Value>) -> Checked {
    let list = request.get("tools").and_then(Value::as_array);
    for (index, tool) in list.into_iter().flatten().enumerate() {
        self::tool(&format!("tools[{index}]"), tool)?;
    }
    let names = offered(request).filter(|(_, namespace)| namespace.is_none());
    tools::unique(
        "tools",
        names.map(|(tool, _)| tool["name"].as_str().unwrap_or_default()),
    )?;
    choice(request)
}

/// Every tool that the client runs, and the namespace it stands in: those of the request, and those
/// that items bring along.
pub(super) fn offered(
    request: &Map<String, Value>,
) -> impl Iterator<Item = (&Value, Option<&str>)> {
    let items = request.get("input").and_then(Value::as_array);
    let brought = items
        .into_iter()
        .flatten()
        .filter(|item| item["type"] == "additional_tools" || item["type"] == "tool_search_output")
        .filter_map(|item| item["tools"].as_array())
        .flatten();
    let own = request.get("tools").and_then(Value::as_array);
    own.into_iter().flatten().chain(brought).flat_map(|tool| {
        let inner = tool["tools"]
            .as_array()
            .filter(|_| tool["type"] == "namespace");
        let namespace = inner.and(tool["name"].as_str());
        let tools = inner.map_or(std::slice::from_ref(tool), Vec::as_slice);
        tools
            .iter()
            .filter(|tool| tool["type"] == "function" || tool["type"] == "custom")
            .map(move |tool| (tool, namespace))
    })
}

/// Checks one tool; items that bring tools along are checked by this as well.
pub(super) fn tool(at: &str, tool: &Value) -> Checked {
    let mut known = vec!["function", "custom", "namespace"];
    known.extend(HOSTED.iter().map(|(kind, _)| *kind));
    match tag(at, tool, "type", &known)? {
        "function" => function(at, tool, FUNCTION),
        "custom" => custom(at, tool),
        "namespace" => {
            object(at, tool, NAMESPACE)?;
            called(at, tool)?;
            let inner = tool["tools"].as_array().into_iter().flatten().enumerate();
            for (index, tool) in inner {
                let at = format!("{at}.tools[{index}]");
                match tag(&at, tool, "type", &["function", "custom"])? {
                    "function" => function(&at, tool, NESTED_FUNCTION)?,
                    _ => custom(&at, tool)?,
                }
            }
            Ok(())
        }
        kind => {
            let table = HOSTED.iter().find(|(known, _)| *known == kind);
            object(at, tool, table.map_or(&[], |(_, table)| table)).map(|_| ())
        }
    }
}

fn called(at: &str, tool: &Value) -> Checked {
    name(
        &inside(at, "name"),
        tool["name"].as_str().unwrap_or_default(),
    )
}

fn function(at: &str, tool: &Value, table: &[Field]) -> Checked {
    object(at, tool, table)?;
    called(at, tool)?;
    let strict = tool.get("strict") == Some(&Value::Bool(true));
    match tool.get("parameters") {
        None | Some(Value::Null) => Ok(()),
        Some(schema) => tools::parameters(
            &inside(at, "parameters"),
            tool["name"].as_str().unwrap_or_default(),
            schema,
            strict,
        ),
    }
}

fn custom(at: &str, tool: &Value) -> Checked {
    object(at, tool, CUSTOM)?;
    called(at, tool)?;
    let at = inside(at, "format");
    let Some(format) = tool.get("format") else {
        return Ok(());
    };
    let table = match tag(&at, format, "type", &["text", "grammar"])? {
        "text" => &[TYPE],
        _ => GRAMMAR,
    };
    object(&at, format, table).map(|_| ())
}

fn choice(request: &Map<String, Value>) -> Checked {
    const AT: &str = "tool_choice";
    let own = request.get("tools").and_then(Value::as_array);
    let none = own.is_none_or(Vec::is_empty) && offered(request).next().is_none();
    match request.get(AT) {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(word)) => match word.as_str() {
            "required" if none => Err(without_tools("required")),
            "auto" | "none" | "required" => Ok(()),
            other => Err(wrong(
                AT,
                format!(
                    "Invalid value: '{other}'. Supported values are: 'none', 'auto', 'required'."
                ),
            )),
        },
        Some(choice @ Value::Object(_)) => object_choice(request, choice, none),
        Some(other) => Err(wrong_type(AT, "a string or an object", other)),
    }
}

fn without_tools(choice: &str) -> crate::dialect::Refusal {
    wrong(
        "tool_choice",
        format!("Tool choice '{choice}' must be specified with 'tools' parameter."),
    )
}

fn object_choice(request: &Map<String, Value>, choice: &Value, none: bool) -> Checked {
    const AT: &str = "tool_choice";
    let mut known = vec!["function", "custom", "allowed_tools"];
    known.extend(HOSTED.iter().map(|(kind, _)| *kind));
    let kind = tag(AT, choice, "type", &known)?;
    if none {
        return Err(without_tools(kind));
    }
    match kind {
        "function" | "custom" => {
            object(AT, choice, &[TYPE, must("name", Kind::Text)])?;
            named(request, choice)
        }
        "allowed_tools" => {
            let table = &[
                TYPE,
                must("mode", Kind::Word(&["auto", "required"])),
                must("tools", Kind::List(1)),
            ];
            object(AT, choice, table)?;
            let tools = choice["tools"].as_array().into_iter().flatten();
            tools
                .filter(|tool| tool["type"] == "function" || tool["type"] == "custom")
                .try_for_each(|tool| named(request, tool))
        }
        "mcp" => {
            let table = &[
                TYPE,
                must("server_label", Kind::Text),
                null("name", Kind::Text),
            ];
            object(AT, choice, table).map(|_| ())
        }
        _ => object(AT, choice, &[TYPE]).map(|_| ()),
    }
}

fn named(request: &Map<String, Value>, choice: &Value) -> Checked {
    if offered(request)
        .any(|(tool, _)| tool["type"] == choice["type"] && tool["name"] == choice["name"])
    {
        return Ok(());
    }
    let name = choice["name"].as_str().unwrap_or_default();
    Err(wrong(
        "tool_choice",
        format!("Tool choice '{name}' not found in 'tools' parameter."),
    ))
}
