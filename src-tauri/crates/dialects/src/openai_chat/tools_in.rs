//! Reads tools, and which of them must be called.

use super::{
    request_in::{misshapen, missing},
    wire::{Body, Choice, ChoiceWire, Function, ToolWire},
};
use crate::{
    BadRequest, Dialect,
    ir::{Grammar, Hosted, Native, Tool, ToolChoice, ToolKind, WebSearch},
    json::Json,
};

/// The name of the vendor's search, which has none in this dialect.
pub(crate) const WEB_SEARCH: &str = "web_search";

/// Reads `tools`, `tool_choice` and their deprecated forms.
pub(crate) fn read(body: &mut Body) -> Result<(Vec<Tool>, ToolChoice), BadRequest> {
    let mut tools = Vec::new();
    for (number, tool) in body
        .tools
        .take()
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        tools.push(read_tool(tool, number)?);
    }
    let legacy = body.functions.take().unwrap_or_default();
    for (number, tool) in legacy.into_iter().enumerate() {
        tools.push(function(tool, number, &format!("functions[{number}]"))?);
    }
    if let Some(options) = body.web_search_options.take() {
        tools.push(web_search(&options, tools.len()));
    }
    let choice = body.tool_choice.take().or(body.function_call.take());
    let choice = choice.map_or(Ok(ToolChoice::Unset), read_choice)?;
    Ok((tools, choice))
}

fn read_tool(mut tool: ToolWire, number: usize) -> Result<Tool, BadRequest> {
    let path = format!("tools[{number}]");
    // What a declaration has beyond the fields known is kept with it.
    let native = |tool: &ToolWire| Native {
        dialect: Dialect::OpenaiChat,
        value: Json::of(tool),
    };
    let kind = tool.kind.clone().unwrap_or_else(|| "function".to_owned());
    match kind.as_str() {
        "function" => {
            let declared = tool.function.as_ref();
            let odd = !tool.extra.is_empty() || declared.is_some_and(|it| !it.extra.is_empty());
            let native = odd.then(|| native(&tool));
            let path = format!("{path}.function");
            let declared = tool.function.take().ok_or_else(|| missing(&path))?;
            Ok(Tool {
                native,
                ..function(declared, number, &path)?
            })
        }
        "custom" => {
            let path = format!("{path}.custom");
            let declared = tool.custom.take().ok_or_else(|| missing(&path))?;
            let name = declared
                .name
                .ok_or_else(|| missing(&format!("{path}.name")))?;
            Ok(Tool {
                description: declared.description,
                ..plain(
                    name,
                    ToolKind::Custom {
                        grammar: declared.format.and_then(|format| grammar(&format)),
                    },
                    number,
                )
            })
        }
        _ => Ok(Tool {
            native: Some(native(&tool)),
            ..plain(kind.clone(), ToolKind::Hosted(Hosted::Other(kind)), number)
        }),
    }
}

fn function(declared: Function, number: usize, path: &str) -> Result<Tool, BadRequest> {
    let name = declared
        .name
        .ok_or_else(|| missing(&format!("{path}.name")))?;
    Ok(Tool {
        description: declared.description,
        schema: declared.parameters.filter(|schema| !schema.is_null()),
        strict: declared.strict,
        ..plain(name, ToolKind::Function, number)
    })
}

fn plain(name: String, kind: ToolKind, number: usize) -> Tool {
    Tool {
        name,
        kind,
        description: None,
        schema: None,
        strict: None,
        namespace: None,
        native: None,
        cache: None,
        at: number as u32,
    }
}

/// `web_search_options`; the location is flattened, as the other dialects write it.
fn web_search(options: &Json, number: usize) -> Tool {
    let location = options.value()["user_location"].take();
    let location = match location {
        serde_json::Value::Object(mut location) => {
            if let Some(serde_json::Value::Object(inner)) = location.shift_remove("approximate") {
                location.extend(inner);
            }
            Some(Json::of(&location))
        }
        _ => None,
    };
    let search = WebSearch {
        user_location: location,
        ..WebSearch::default()
    };
    Tool {
        native: Some(Native {
            dialect: Dialect::OpenaiChat,
            value: options.clone(),
        }),
        ..plain(
            WEB_SEARCH.to_owned(),
            ToolKind::Hosted(Hosted::WebSearch(search)),
            number,
        )
    }
}

fn read_choice(choice: Choice) -> Result<ToolChoice, BadRequest> {
    let object = match choice {
        Choice::Word(word) => {
            return match word.as_str() {
                "auto" => Ok(ToolChoice::Auto),
                "none" => Ok(ToolChoice::None),
                // Mistral and vLLM say `any`.
                "required" | "any" => Ok(ToolChoice::Any),
                _ => Err(misshapen(
                    "tool_choice",
                    format!("{word:?} is none of auto, none and required"),
                )),
            };
        }
        Choice::Object(object) => object,
    };
    if let Some(allowed) = object.allowed {
        let names: Option<Vec<String>> = allowed
            .tools
            .unwrap_or_default()
            .into_iter()
            .map(chosen)
            .collect();
        return Ok(ToolChoice::Allowed {
            required: allowed.mode.as_deref() == Some("required"),
            names: names
                .ok_or_else(|| missing("tool_choice.allowed_tools.tools[].function.name"))?,
        });
    }
    chosen(*object)
        .map(ToolChoice::Named)
        .ok_or_else(|| missing("tool_choice.function.name"))
}

fn chosen(choice: ChoiceWire) -> Option<String> {
    choice
        .function
        .or(choice.custom)
        .and_then(|named| named.name)
        .or(choice.name)
}

/// The grammar of a tool that takes free text: `{"type":"grammar","grammar":{…}}` (Chat reference). Responses' form,
/// which has both fields at the top, is understood too.
fn grammar(format: &Json) -> Option<Grammar> {
    let fields = format.read::<ChatFormat>().ok()?;
    fields.grammar.or_else(|| format.read().ok())
}

#[derive(serde::Deserialize)]
struct ChatFormat {
    grammar: Option<Grammar>,
}
