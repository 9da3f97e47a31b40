//! Writes tools, and which of them must be used.

use super::{
    mcp,
    request_out::{Context, DIALECT, FORMS, is_forced},
    wire_out::{Function, Hosted as WireHosted, Tool as WireTool, ToolChoice as WireChoice, With},
};
use crate::{
    ir::{Field, Hosted, Mcp, Names, Place, Refusal, Tool, ToolChoice, ToolKind},
    json::Json,
    schema,
};

/// What names and ids may have in them.
pub(super) fn is_plain(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
}

type Written<'a> = (Vec<WireTool<'a>>, Option<With<'a, WireChoice>>, Names);

pub(super) fn tools<'a>(context: &mut Context<'a>) -> Result<Written<'a>, Refusal> {
    let request = context.request;
    let mut names = Names::new(context.caps.tool_name_max.min(128), is_plain);
    let mut tools = Vec::with_capacity(request.tools.len());
    if context.caps.tools {
        for tool in offered(context) {
            tools.extend(self::tool(tool, context, &mut names)?);
        }
    } else if !request.tools.is_empty() {
        let why = "the model calls no tools";
        if is_forced(&request.tool_choice) {
            context.notes.refuse(Place::Field(Field::Tools), why)?;
        }
        context.notes.lose_field(Field::Tools, why);
    }
    let choice = if tools.is_empty() {
        None // Neither a choice nor a flag may stand without tools.
    } else {
        choice(context, &mut names)?
    };
    Ok((tools, choice, names))
}

/// Tools that the choice leaves; a choice among some is told by offering only those.
fn offered<'a>(context: &mut Context<'a>) -> Vec<&'a Tool> {
    let request = context.request;
    let ToolChoice::Allowed { names, .. } = &request.tool_choice else {
        return request.tools.iter().collect();
    };
    context.notes.lose_field(
        Field::ToolChoice,
        "only the tools allowed are offered, which starts a new cache",
    );
    let is_allowed = |tool: &&Tool| request.is_named(tool, names);
    request.tools.iter().filter(is_allowed).collect()
}

fn tool<'a>(
    tool: &'a Tool,
    context: &mut Context<'a>,
    names: &mut Names,
) -> Result<Option<WireTool<'a>>, Refusal> {
    let native = tool
        .native
        .as_ref()
        .filter(|native| native.dialect == DIALECT);
    if let Some(native) = native
        && (context.caps.messages.first_party || is_web_search(tool) && context.caps.web_search)
    {
        names.declare_own(tool);
        return Ok(Some(WireTool::Native(native.value.clone())));
    }
    if let ToolKind::Hosted(hosted) = &tool.kind {
        return self::hosted(hosted, tool, context);
    }
    let (description, input_schema) = tool.as_function();
    let input_schema = schema::object_root(input_schema.as_ref());
    let (input_schema, strict) = FORMS.arguments(
        tool,
        input_schema,
        context.request,
        context.caps,
        &mut context.notes,
    );
    let said = tool.strict.is_some() && context.caps.strict_tools;
    let extra = context
        .owns
        .fields(&format!("tools[{}].cache_control", tool.at));
    let value = Function {
        name: names.declare(tool).name,
        description,
        input_schema,
        strict: said.then_some(strict),
        cache_control: context.mark(tool.cache.as_ref(), extra),
    };
    let extra = context.owns.fields(&format!("tools[{}]", tool.at));
    Ok(Some(WireTool::Function(With { value, extra })))
}

fn is_web_search(tool: &Tool) -> bool {
    matches!(tool.kind, ToolKind::Hosted(Hosted::WebSearch(_)))
}

/// A tool that the vendor runs, where this one has it.
fn hosted<'a>(
    hosted: &'a Hosted,
    tool: &'a Tool,
    context: &mut Context<'a>,
) -> Result<Option<WireTool<'a>>, Refusal> {
    let plain = |kind, name| WireHosted {
        r#type: kind,
        name,
        max_uses: None,
        allowed_domains: &[],
        blocked_domains: &[],
        user_location: None,
    };
    let first_party = context.caps.messages.first_party;
    if let Hosted::Mcp(server) = hosted {
        return connected(server, tool, context);
    }
    let written = match hosted {
        Hosted::WebSearch(search) if context.caps.web_search => Some(WireHosted {
            max_uses: search.max_uses,
            allowed_domains: &search.allowed_domains,
            blocked_domains: &search.blocked_domains,
            user_location: search.user_location.as_ref(),
            ..plain("web_search_20250305", "web_search")
        }),
        Hosted::WebFetch if first_party => Some(plain("web_fetch_20250910", "web_fetch")),
        Hosted::CodeExecution if first_party => {
            Some(plain("code_execution_20250825", "code_execution"))
        }
        _ => None,
    };
    if written.is_none() {
        let name = match hosted {
            Hosted::WebSearch(_) => "web search",
            Hosted::WebFetch => "fetching of pages",
            Hosted::CodeExecution => "execution of code",
            Hosted::Mcp(_) => "MCP servers",
            Hosted::Other(kind) => kind,
        };
        let why = format!("the provider has no {name}");
        let place = Place::Tool(tool.at);
        match &context.request.tool_choice {
            ToolChoice::Named(forced) if *forced == tool.name => {
                context.notes.refuse(place, why)?;
            }
            ToolChoice::Any if context.request.tools.len() == 1 => {
                context.notes.refuse(place, why)?;
            }
            _ => context.notes.lose(place, why),
        }
    }
    Ok(written.map(WireTool::Hosted))
}

/// The toolset of a server to which the vendor connects.
fn connected<'a>(
    server: &'a Mcp,
    tool: &'a Tool,
    context: &mut Context<'a>,
) -> Result<Option<WireTool<'a>>, Refusal> {
    let place = Place::Tool(tool.at);
    if !context.caps.messages.first_party {
        context.notes.refuse(place, Mcp::UNKNOWN)?;
        return Ok(None);
    }
    if context.request.tool_choice == ToolChoice::Named(tool.name.clone()) {
        let why = "the tools of one server cannot be demanded; leave the choice to the model";
        context.notes.refuse(place, why)?;
        return Ok(None);
    }
    context.servers.push(server);
    Ok(Some(WireTool::Native(Json::of(&mcp::toolset(server)))))
}

fn choice<'a>(
    context: &mut Context<'a>,
    names: &mut Names,
) -> Result<Option<With<'a, WireChoice>>, Refusal> {
    let request = context.request;
    let mut kind = match &request.tool_choice {
        ToolChoice::Unset => None,
        ToolChoice::Auto
        | ToolChoice::Allowed {
            required: false, ..
        } => Some(("auto", None)),
        ToolChoice::None => Some(("none", None)),
        ToolChoice::Any | ToolChoice::Allowed { required: true, .. } => Some(("any", None)),
        ToolChoice::Named(name) => Some(("tool", Some(names.chosen(name).name))),
    };
    if is_forced(&request.tool_choice) && !context.caps.forced_tool_choice {
        let why = "the model cannot be made to call a tool; leave the choice to it";
        context.notes.refuse(Place::Field(Field::ToolChoice), why)?;
        kind = Some(("auto", None));
    }
    let disable = match (request.parallel_tools, &kind) {
        (None, _) | (_, Some(("none", _))) | (Some(true), None) => None,
        (Some(_), _) if !context.caps.parallel_flag => {
            if request.parallel_tools == Some(false) {
                let why = "the provider cannot be kept to one call at a time";
                context.notes.lose_field(Field::ParallelTools, why);
            }
            None
        }
        (Some(parallel), _) => Some(!parallel),
    };
    if disable == Some(true) && kind.is_none() {
        kind = Some(("auto", None));
    }
    let extra = context.owns.fields("tool_choice");
    Ok(kind.map(|(kind, name)| With {
        value: WireChoice {
            r#type: kind,
            name,
            disable_parallel_tool_use: disable,
        },
        extra,
    }))
}
