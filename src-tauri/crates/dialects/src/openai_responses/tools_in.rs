//! Reads tools and the choice among them.

use serde::Deserialize;

use super::{request_in::push, wire::ToolItem};
use crate::{
    Dialect, Misshapen,
    ir::{Fate, Hosted, Mcp, Native, Own, Tool, ToolChoice, ToolKind, WebSearch},
    json::Json,
};

/// The group of tools that are in none: calls to them name no group (seen in Codex).
pub(super) const DEFAULT_GROUP: &str = "functions";

/// Tools read so far, from `tools` and from items that add some.
#[derive(Debug, Default)]
pub(super) struct Tools {
    pub(super) list: Vec<Tool>,
    /// The position of the next tool of the top level.
    next: u32,
}

/// Bounds of a search (`web_search.filters`).
#[derive(Default, Deserialize)]
struct Filters {
    allowed_domains: Option<Vec<String>>,
    blocked_domains: Option<Vec<String>>,
}

impl Tools {
    pub(super) fn read(
        &mut self,
        path: &str,
        tools: Vec<ToolItem>,
        own: &mut Vec<Own>,
    ) -> Result<(), Misshapen> {
        for (index, tool) in tools.into_iter().enumerate() {
            let path = format!("{path}[{index}]");
            if tool.kind.as_deref() == Some("namespace") {
                self.namespace(&path, tool, own)?;
            } else {
                self.add(&path, tool, None, own)?;
                self.next += 1;
            }
        }
        Ok(())
    }

    fn namespace(
        &mut self,
        path: &str,
        space: ToolItem,
        own: &mut Vec<Own>,
    ) -> Result<(), Misshapen> {
        let name = named(path, space.name)?;
        let tools = space.tools.unwrap_or_default();
        if name == DEFAULT_GROUP {
            return self.read(&format!("{path}.tools"), tools, own);
        }
        // Its description is only for the model of this vendor: elsewhere each tool stands for itself.
        if let Some(text) = space.description.filter(|text| !text.is_empty()) {
            let path = format!("tools[{}].description", self.next);
            push(own, path, Json::of(&text), Fate::Lose);
        }
        for (index, tool) in tools.into_iter().enumerate() {
            self.add(&format!("{path}.tools[{index}]"), tool, Some(&name), own)?;
        }
        self.next += 1;
        Ok(())
    }

    fn add(
        &mut self,
        path: &str,
        tool: ToolItem,
        space: Option<&str>,
        own: &mut Vec<Own>,
    ) -> Result<(), Misshapen> {
        let native = || {
            Some(Native {
                dialect: Dialect::OpenaiResponses,
                value: Json::of(&tool),
            })
        };
        let (kind, name, native) = match tool.kind.as_deref() {
            Some("function") | None => {
                let more = !tool.extra.is_empty();
                let native = if more { native() } else { None };
                (ToolKind::Function, named(path, tool.name)?, native)
            }
            Some("custom") => {
                let more = !tool.extra.is_empty();
                let native = if more { native() } else { None };
                // `{"type":"grammar","syntax","definition"}`, or `{"type":"text"}` (Responses reference).
                let grammar = tool.format.and_then(|format| format.read().ok());
                (
                    ToolKind::Custom { grammar },
                    named(path, tool.name)?,
                    native,
                )
            }
            Some(word) => {
                let hosted = hosted(path, word, &tool, own)?;
                (ToolKind::Hosted(hosted), word.to_owned(), native())
            }
        };
        self.list.push(Tool {
            name,
            kind,
            description: tool.description,
            schema: tool.parameters.filter(|schema| !schema.is_null()),
            strict: tool.strict,
            namespace: space.map(str::to_owned),
            native,
            cache: None,
            at: self.next,
        });
        Ok(())
    }
}

fn named(path: &str, name: Option<String>) -> Result<String, Misshapen> {
    name.filter(|name| !name.is_empty())
        .ok_or_else(|| Misshapen {
            path: format!("{path}.name"),
            problem: "it is missing".to_owned(),
        })
}

fn hosted(
    path: &str,
    word: &str,
    tool: &ToolItem,
    own: &mut Vec<Own>,
) -> Result<Hosted, Misshapen> {
    if word.starts_with("web_search") {
        let filters: Filters = match &tool.filters {
            Some(filters) => filters.read().map_err(|error| Misshapen {
                path: format!("{path}.filters"),
                problem: error.to_string(),
            })?,
            None => Filters::default(),
        };
        return Ok(Hosted::WebSearch(WebSearch {
            allowed_domains: filters.allowed_domains.unwrap_or_default(),
            blocked_domains: filters.blocked_domains.unwrap_or_default(),
            max_uses: None,
            user_location: tool.user_location.clone(),
        }));
    }
    if word == "mcp" {
        return Ok(server(path, tool, own).map_or(Hosted::Other(word.to_owned()), Hosted::Mcp));
    }
    if word != "code_interpreter" {
        return Ok(Hosted::Other(word.to_owned()));
    }
    if let Some(container) = tool.container.as_ref().filter(|id| !id.is_object()) {
        let why = "a container is known to its own provider only";
        let path = format!("{path}.container");
        push(own, path, container.clone(), Fate::Refuse(why.into()));
    }
    Ok(Hosted::CodeExecution)
}

/// A server that the vendor connects to without asking; `None` where only this vendor can do what is said of it.
fn server(path: &str, tool: &ToolItem, own: &mut Vec<Own>) -> Option<Mcp> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Allowed {
        Names(Vec<String>),
        Filter { tool_names: Vec<String> },
    }
    let mut read = Mcp {
        name: String::new(),
        url: String::new(),
        token: None,
        tools: None,
    };
    let mut asks = true;
    let mut foreign = Vec::new();
    for (name, value) in tool.extra.iter() {
        match (name, value.read::<String>()) {
            ("server_label", Ok(label)) => read.name = label,
            ("server_url", Ok(url)) => read.url = url,
            ("authorization", Ok(token)) => read.token = Some(token),
            ("require_approval", Ok(word)) if word == "never" => asks = false,
            ("server_description" | "defer_loading", _) => {
                push(own, format!("{path}.{name}"), value.clone(), Fate::Lose);
            }
            ("allowed_tools", _) => match value.read() {
                Ok(Allowed::Names(names) | Allowed::Filter { tool_names: names }) => {
                    read.tools = Some(names);
                }
                Err(_) if value.is_null() => {}
                Err(_) => foreign.push(name),
            },
            _ if value.is_null() => {}
            _ => foreign.push(name),
        }
    }
    // Approval is asked for unless that is declined.
    if asks && !foreign.contains(&"require_approval") {
        foreign.push("require_approval");
    }
    for name in &foreign {
        let why = "only OpenAI connects to a server in this way; connect to it in the client";
        let value = tool.extra.get(name).cloned();
        let value = value.unwrap_or_else(|| Json::of(&"always"));
        push(
            own,
            format!("{path}.{name}"),
            value,
            Fate::Refuse(why.into()),
        );
    }
    let is_whole = foreign.is_empty() && !read.name.is_empty() && !read.url.is_empty();
    is_whole.then_some(read)
}

/// `tool_choice`: a word, or an object that names one tool or some.
pub(super) fn choice(value: Option<Json>, own: &mut Vec<Own>) -> Result<ToolChoice, Misshapen> {
    #[derive(Deserialize)]
    struct Named {
        r#type: String,
        name: Option<String>,
        mode: Option<String>,
        tools: Option<Vec<One>>,
    }
    #[derive(Deserialize)]
    struct One {
        r#type: Option<String>,
        name: Option<String>,
    }
    let Some(value) = value else {
        return Ok(ToolChoice::Unset);
    };
    let wrong = |problem: String| Misshapen {
        path: "tool_choice".to_owned(),
        problem,
    };
    if !value.is_object() {
        let word: String = value.read().map_err(|error| wrong(error.to_string()))?;
        return match word.as_str() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Any),
            _ => Err(wrong(format!(
                "{word:?} is none of \"auto\", \"none\" and \"required\""
            ))),
        };
    }
    let named: Named = value.read().map_err(|error| wrong(error.to_string()))?;
    match (named.r#type.as_str(), named.name) {
        ("function" | "custom", Some(name)) => Ok(ToolChoice::Named(name)),
        ("function" | "custom", None) => Err(wrong("it names no tool".to_owned())),
        ("allowed_tools", _) => Ok(ToolChoice::Allowed {
            required: named.mode.as_deref() == Some("required"),
            names: named
                .tools
                .unwrap_or_default()
                .into_iter()
                .filter_map(|one| one.name.or(one.r#type))
                .collect(),
        }),
        // A tool of the vendor's is named by its type; what else is said of it only the vendor knows.
        (kind, _) => {
            let kind = kind.to_owned();
            push(own, "tool_choice", value, Fate::Ignore);
            Ok(ToolChoice::Named(kind))
        }
    }
}
