//! Writes tools, and which of them must be called.

use std::borrow::Cow;

use serde_json::json;

use super::{
    body::{Choice, Custom, CustomFormat, Function, Tool as Printed, ToolKind as PrintedKind},
    request_out::FORMS,
    tools_in::WEB_SEARCH,
};
use crate::{
    Dialect,
    caps::Caps,
    ir::{
        Field, Hosted, Mcp, Names, Notes, Place, Refusal, Request, Tool, ToolChoice, ToolKind,
        WebSearch,
    },
    json::Json,
    schema,
};

/// What became of the client's tools.
#[derive(Debug)]
pub(crate) struct Tools<'a> {
    pub(crate) printed: Vec<Printed<'a>>,
    pub(crate) choice: Choice,
    pub(crate) web_search: Option<Json>,
    pub(crate) names: Names,
}

/// Whether OpenAI takes this character in a tool's name.
fn fits(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
}

/// Writes them all.
pub(crate) fn write<'a>(
    request: &'a Request,
    caps: &Caps,
    notes: &mut Notes,
) -> Result<Tools<'a>, Refusal> {
    let mut writer = Writer {
        request,
        caps,
        notes,
        tools: Tools {
            printed: Vec::new(),
            choice: Choice::default(),
            web_search: None,
            names: Names::new(caps.tool_name_max, fits).with_forms(caps.custom_tools, false),
        },
    };
    let allowed = match &request.tool_choice {
        ToolChoice::Allowed { names, .. } if !caps.chat.allowed_tools => Some(names),
        _ => None,
    };
    for tool in &request.tools {
        if allowed.is_none_or(|names| request.is_named(tool, names)) {
            writer.tool(tool, &request.tool_choice)?;
        }
    }
    if allowed.is_some() {
        writer.notes.lose_field(
            Field::ToolChoice,
            "the other tools are left out, since the provider cannot be told to ignore them",
        );
    }
    writer.choice(request)?;
    Ok(writer.tools)
}

struct Writer<'a, 'w> {
    request: &'a Request,
    caps: &'w Caps,
    notes: &'w mut Notes,
    tools: Tools<'a>,
}

impl<'a> Writer<'a, '_> {
    fn tool(&mut self, tool: &'a Tool, choice: &ToolChoice) -> Result<(), Refusal> {
        if !self.caps.tools {
            return self.drop(tool, choice, "the model takes no tools".into());
        }
        if tool.cache.is_some() {
            self.notes
                .lose_field(Field::CacheMarks, "a tool cannot be marked here");
        }
        match &tool.kind {
            ToolKind::Hosted(Hosted::WebSearch(search)) if self.caps.web_search => {
                self.web_search(tool, search)
            }
            ToolKind::Hosted(Hosted::Mcp(_)) => {
                self.notes.refuse(Place::Tool(tool.at), Mcp::UNKNOWN)
            }
            ToolKind::Hosted(hosted) => {
                if let (Hosted::Other(_), Some(native)) = (hosted, &tool.native)
                    && native.dialect == Dialect::OpenaiChat
                {
                    self.tools.printed.push(Printed::Raw(&native.value));
                    return Ok(());
                }
                let kind = match hosted {
                    Hosted::WebSearch(_) => "web search",
                    Hosted::WebFetch => "fetching of pages",
                    Hosted::CodeExecution => "running of code",
                    Hosted::Mcp(_) => "MCP servers",
                    Hosted::Other(kind) => kind,
                };
                let why = format!("the provider has no {kind} of its own");
                self.drop(tool, choice, why)
            }
            ToolKind::Custom { grammar } if self.caps.custom_tools => {
                let name = self.tools.names.declare(tool).name;
                self.push(PrintedKind::Custom {
                    custom: Custom {
                        name,
                        description: tool.description.as_deref(),
                        format: grammar.as_ref().map(|grammar| CustomFormat { grammar }),
                    },
                });
                Ok(())
            }
            ToolKind::Custom { .. } => {
                self.wrapped(tool);
                Ok(())
            }
            ToolKind::Function => {
                self.function(tool);
                Ok(())
            }
        }
    }

    fn push(&mut self, kind: PrintedKind<'a>) {
        self.tools.printed.push(Printed::Known(kind));
    }

    fn drop(&mut self, tool: &Tool, choice: &ToolChoice, why: String) -> Result<(), Refusal> {
        let place = Place::Tool(tool.at);
        if matches!(choice, ToolChoice::Named(name) if *name == tool.name) {
            return self.notes.refuse(place, why);
        }
        self.notes.lose(place, why);
        Ok(())
    }

    fn function(&mut self, tool: &'a Tool) {
        let name = self.tools.names.declare(tool).name;
        if let Some(native) = &tool.native
            && native.dialect == Dialect::OpenaiChat
            && name == tool.name
        {
            self.tools.printed.push(Printed::Raw(&native.value));
            return;
        }
        let parameters = schema::object_root(tool.schema.as_ref());
        let (parameters, exact) =
            FORMS.arguments(tool, parameters, self.request, self.caps, self.notes);
        let said = tool.strict.is_some() && self.caps.strict_tools;
        self.push(PrintedKind::Function {
            function: Function {
                name,
                description: tool.description.as_deref().map(Cow::Borrowed),
                parameters,
                strict: said.then_some(exact),
            },
        });
    }

    /// A tool that takes free text, as a function with the one argument `input`.
    fn wrapped(&mut self, tool: &'a Tool) {
        let name = self.tools.names.declare(tool).name;
        let (description, schema) = tool.as_function();
        self.push(PrintedKind::Function {
            function: Function {
                name,
                description,
                parameters: schema::object_root(schema.as_ref()),
                strict: None,
            },
        });
    }

    fn web_search(&mut self, tool: &'a Tool, search: &'a WebSearch) -> Result<(), Refusal> {
        if let Some(native) = &tool.native
            && native.dialect == Dialect::OpenaiChat
        {
            self.tools.web_search = Some(native.value.clone());
            return Ok(());
        }
        let bound = !search.allowed_domains.is_empty()
            || !search.blocked_domains.is_empty()
            || search.max_uses.is_some();
        if bound {
            self.notes.refuse(
                Place::Tool(tool.at),
                "the provider's web search cannot be bound to domains or to a number of searches",
            )?;
        }
        let mut options = serde_json::Map::new();
        if let Some(location) = &search.user_location {
            let mut place = location.value();
            if let Some(fields) = place.as_object_mut() {
                fields.shift_remove("type");
            }
            let place = json!({"type": "approximate", "approximate": place});
            options.insert("user_location".to_owned(), place);
        }
        self.tools.web_search = Some(Json::of(&options));
        Ok(())
    }

    fn choice(&mut self, request: &'a Request) -> Result<(), Refusal> {
        if self.tools.printed.is_empty() {
            // Strict servers refuse a choice without tools.
            if matches!(request.tool_choice, ToolChoice::Any | ToolChoice::Named(_))
                && !self.searches(request)
            {
                let why = "no tool is left that could be called";
                self.notes.refuse(Place::Field(Field::ToolChoice), why)?;
            }
            return Ok(());
        }
        self.tools.choice.tool_choice = self.tool_choice(&request.tool_choice)?;
        self.tools.choice.parallel_tool_calls = match request.parallel_tools {
            Some(flag) if self.caps.parallel_flag => Some(flag),
            Some(false) => {
                let why = "the provider may call several tools at once";
                self.notes.lose_field(Field::ParallelTools, why);
                None
            }
            _ => None,
        };
        Ok(())
    }

    fn searches(&self, request: &Request) -> bool {
        let named = matches!(&request.tool_choice, ToolChoice::Named(name) if name != WEB_SEARCH);
        self.tools.web_search.is_some() && !named
    }

    fn tool_choice(&mut self, choice: &'a ToolChoice) -> Result<Option<Json>, Refusal> {
        let forced = match choice {
            ToolChoice::Any | ToolChoice::Named(_) => true,
            ToolChoice::Allowed { required, .. } => *required,
            _ => false,
        };
        if forced && !self.caps.forced_tool_choice {
            let why = "the model cannot be made to call a tool";
            self.notes.refuse(Place::Field(Field::ToolChoice), why)?;
            return Ok(Some(Json::of(&"auto")));
        }
        Ok(match choice {
            ToolChoice::Unset => None,
            ToolChoice::Auto => Some(Json::of(&"auto")),
            ToolChoice::None => Some(Json::of(&"none")),
            ToolChoice::Any => Some(Json::of(&"required")),
            ToolChoice::Named(name) => Some(Json::of(&self.chosen(name))),
            ToolChoice::Allowed { required, names } => {
                let mode = match (required, self.caps.chat.allowed_tools) {
                    (true, _) => "required",
                    (false, _) => "auto",
                };
                if !self.caps.chat.allowed_tools {
                    return Ok(Some(Json::of(&mode)));
                }
                let tools: Vec<_> = names.iter().map(|name| self.chosen(name)).collect();
                Some(Json::of(&json!({
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": mode, "tools": tools},
                })))
            }
        })
    }

    fn chosen(&mut self, name: &'a str) -> serde_json::Value {
        let sent = self.tools.names.chosen(name);
        let kind = if sent.custom { "custom" } else { "function" };
        json!({"type": kind, kind: {"name": sent.name}})
    }
}
