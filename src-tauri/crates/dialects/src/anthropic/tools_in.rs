//! Reads tools and which of them must be used.

use super::{
    native,
    request_in::{Owned, missing},
    wire::{Tool as WireTool, ToolChoice as WireChoice},
};
use crate::{
    Dialect, Misshapen,
    ir::{CacheMark, Fate, Hosted, Native, Tool, ToolChoice, ToolKind, Ttl, WebSearch},
    json::Json,
};

pub(super) fn tools(tools: Vec<WireTool>, own: &mut Owned) -> Result<Vec<Tool>, Misshapen> {
    let read = |(index, tool)| self::tool(tool, index, own);
    tools.into_iter().enumerate().map(read).collect()
}

fn tool(tool: WireTool, index: usize, own: &mut Owned) -> Result<Tool, Misshapen> {
    let kind = tool.kind.as_deref().unwrap_or("custom");
    let is_plain = kind == "custom";
    if is_plain && tool.name.is_none() {
        return Err(missing(format!("tools[{index}].name")));
    }
    let native = (!is_plain || !tool.extra.is_empty()).then(|| Native {
        dialect: Dialect::Anthropic,
        value: Json::of(&tool),
    });
    for (name, value) in tool.extra.iter().filter(|_| is_plain) {
        let fate = fate(name, value);
        own.push(format!("tools[{index}].{name}"), value.clone(), fate);
    }
    let client = native::of_type(kind);
    let hosted = match kind {
        _ if is_plain || client.is_some() => None,
        _ if kind.starts_with("web_search_") => Some(Hosted::WebSearch(WebSearch {
            allowed_domains: tool.allowed_domains.unwrap_or_default(),
            blocked_domains: tool.blocked_domains.unwrap_or_default(),
            max_uses: tool.max_uses,
            user_location: tool.user_location,
        })),
        _ if kind.starts_with("web_fetch_") => Some(Hosted::WebFetch),
        _ if kind.starts_with("code_execution_") => Some(Hosted::CodeExecution),
        other => Some(Hosted::Other(other.to_owned())),
    };
    let (description, schema) = match client {
        Some(client) => (Some(client.description.to_owned()), Some(client.schema())),
        None => (tool.description, tool.input_schema),
    };
    let cache = match native {
        // The whole declaration is kept, its mark too.
        Some(_) => tool.cache_control.map(|control| CacheMark {
            ttl: control.ttl.map(|ttl| Ttl(ttl.into())),
        }),
        None => own.mark(tool.cache_control, || format!("tools[{index}]")),
    };
    Ok(Tool {
        name: tool.name.unwrap_or_else(|| kind.to_owned()),
        kind: hosted.map_or(ToolKind::Function, ToolKind::Hosted),
        description,
        schema,
        strict: tool.strict,
        namespace: None,
        native,
        cache,
        at: index as u32,
    })
}

/// What becomes of a field elsewhere that only tools of this dialect have. When a tool is loaded and how its arguments
/// are streamed changes nothing of what is said.
fn fate(name: &str, value: &Json) -> Fate {
    match name {
        "defer_loading" | "eager_input_streaming" => Fate::Ignore,
        "allowed_callers" if value.compact() == r#"["direct"]"# => Fate::Ignore,
        _ => Fate::Lose,
    }
}

/// The choice, and whether several calls at once are allowed.
pub(super) fn choice(
    choice: Option<WireChoice>,
    own: &mut Owned,
) -> Result<(ToolChoice, Option<bool>), Misshapen> {
    let Some(choice) = choice else {
        return Ok((ToolChoice::Unset, None));
    };
    own.extra(&choice.extra, &Fate::Lose, || "tool_choice".to_owned());
    let parallel = choice.disable_parallel_tool_use.map(|disable| !disable);
    let read = match choice.kind.as_deref() {
        Some("auto") => ToolChoice::Auto,
        Some("any") => ToolChoice::Any,
        Some("none") => ToolChoice::None,
        Some("tool") => ToolChoice::Named(choice.name.ok_or_else(|| missing("tool_choice.name"))?),
        other => {
            return Err(Misshapen {
                path: "tool_choice.type".to_owned(),
                problem: format!(
                    "expected auto, any, tool or none, got {:?}",
                    other.unwrap_or_default()
                ),
            });
        }
    };
    Ok((read, parallel))
}
