//! Tools on offer and the choice among them, as Gemini takes them: one kind in each tool object.

use std::borrow::Cow;

use super::{
    schema, settings_out,
    wire::{Function, FunctionCalling, Tool, ToolConfig},
};
use crate::{
    Dialect, Target,
    ir::{
        Field, Hosted, Mcp, Names, Notes, Place, Refusal, Request, Tool as IrTool, ToolChoice,
        ToolField, ToolKind,
    },
    json::Json,
};

/// What is offered.
pub(super) struct Offer {
    pub(super) tools: Vec<Tool>,
    pub(super) config: Option<ToolConfig>,
    pub(super) names: Names,
}

/// Characters of function names (google-genai types).
fn fits(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | ':' | '-')
}

/// What a request offers.
pub(super) fn offer(
    request: &Request,
    target: &Target<'_>,
    notes: &mut Notes,
) -> Result<Offer, Refusal> {
    let mut names = Names::new(target.caps.tool_name_max, fits);
    if !target.caps.tools && !request.tools.is_empty() {
        notes.refuse(Place::Field(Field::Tools), "the model takes no tools")?;
        return Ok(Offer {
            tools: Vec::new(),
            config: None,
            names,
        });
    }
    let filter = filter(request, target, notes);
    let (mut functions, mut hosted) = (Vec::new(), Vec::new());
    for tool in &request.tools {
        match &tool.kind {
            ToolKind::Hosted(kind) => {
                hosted.extend(self::hosted(request, tool, kind, target, notes)?);
            }
            _ if filter.is_some_and(|names| !request.is_named(tool, names)) => {}
            _ => functions.push(function(tool, target, &mut names, notes)),
        }
    }
    if !functions.is_empty() && !hosted.is_empty() && !target.caps.gemini.third {
        let why = "Gemini before 3 takes no search or code execution together with functions";
        let is_hosted = |tool: &&IrTool| matches!(tool.kind, ToolKind::Hosted(_));
        for tool in request.tools.iter().filter(is_hosted) {
            leave_out(request, tool, why, notes)?;
        }
        hosted.clear();
    }
    let server_side = (!functions.is_empty() && !hosted.is_empty()).then_some(true);
    let calling = calling(request, target, &mut names, notes)?;
    let mut tools = Vec::new();
    if !functions.is_empty() {
        tools.push(Tool {
            functions: Some(functions.into()),
            ..Tool::default()
        });
    }
    tools.extend(hosted);
    let config = ToolConfig {
        calling,
        server_side,
        ..ToolConfig::default()
    };
    Ok(Offer {
        tools,
        config: (config != ToolConfig::default()).then_some(config),
        names,
    })
}

/// Where a choice among some tools that need not call any cannot be said, only those are offered.
fn filter<'a>(
    request: &'a Request,
    target: &Target<'_>,
    notes: &mut Notes,
) -> Option<&'a [String]> {
    match &request.tool_choice {
        ToolChoice::Allowed {
            required: false,
            names,
        } if !target.caps.strict_tools => {
            notes.lose_field(Field::ToolChoice, "only the tools allowed are offered");
            Some(names)
        }
        _ => None,
    }
}

fn function(tool: &IrTool, target: &Target<'_>, names: &mut Names, notes: &mut Notes) -> Function {
    let name = names.declare(tool).name;
    let (description, schema) = tool.as_function();
    let schema = schema.filter(|schema| !schema::is_empty(schema));
    if tool.strict == Some(true) && !target.caps.strict_tools {
        notes.lose(
            Place::ToolField(tool.at, ToolField::Strict),
            "arguments are not checked against the schema",
        );
    }
    let written = schema.map(|schema| settings_out::arguments(&schema, target));
    if written.as_ref().is_some_and(|(_, lost)| *lost) {
        notes.lose(
            Place::ToolField(tool.at, ToolField::Schema),
            "parts of the schema have no word there",
        );
    }
    let (schema, parameters) = match written {
        Some((schema, _)) if target.caps.gemini.json_schema => (Some(schema), None),
        Some((schema, _)) => (None, Some(schema)),
        None => (None, None),
    };
    let mut function = Function {
        name: Some(name),
        description: description.map(Cow::into_owned),
        schema,
        parameters,
        ..Function::default()
    };
    if let Some(native) = tool
        .native
        .as_ref()
        .filter(|native| native.dialect == Dialect::Gemini)
        && let Ok(known) = native.value.read::<Function>()
    {
        function.extra = known.extra;
    }
    function
}

/// A tool that the model is asked to call is refused; one that it may call is listed as lost.
fn leave_out(
    request: &Request,
    tool: &IrTool,
    why: &'static str,
    notes: &mut Notes,
) -> Result<(), Refusal> {
    let place = Place::Tool(tool.at);
    if matches!(&request.tool_choice, ToolChoice::Named(name) if *name == tool.name) {
        return notes.refuse(place, why);
    }
    notes.lose(place, why);
    Ok(())
}

/// A tool that the vendor runs; `None` where there is none like it.
fn hosted(
    request: &Request,
    tool: &IrTool,
    kind: &Hosted,
    target: &Target<'_>,
    notes: &mut Notes,
) -> Result<Option<Tool>, Refusal> {
    let place = Place::Tool(tool.at);
    if let Some(native) = tool
        .native
        .as_ref()
        .filter(|native| native.dialect == Dialect::Gemini)
    {
        return Ok(native.value.read().ok());
    }
    if let Hosted::Mcp(_) = kind {
        notes.refuse(place, Mcp::UNKNOWN)?;
        return Ok(None);
    }
    let is_known = !matches!(kind, Hosted::Other(_));
    let is_ours = request.dialect == Some(Dialect::Gemini);
    if !is_known || !(target.caps.web_search || is_ours) {
        leave_out(request, tool, "the provider runs no such tool", notes)?;
        return Ok(None);
    }
    let empty = Some(Json::empty_object());
    let tool = match kind {
        Hosted::WebSearch(search) => {
            let bounds = !search.allowed_domains.is_empty() || !search.blocked_domains.is_empty();
            if bounds || search.max_uses.is_some() {
                notes.refuse(
                    place.clone(),
                    "Gemini's search takes no domains and no bound of uses",
                )?;
            }
            if search.user_location.is_some() {
                notes.lose(place, "Gemini's search takes no location");
            }
            Tool {
                search: empty,
                ..Tool::default()
            }
        }
        Hosted::CodeExecution => Tool {
            code: empty,
            ..Tool::default()
        },
        Hosted::WebFetch => Tool {
            urls: empty,
            ..Tool::default()
        },
        Hosted::Mcp(_) | Hosted::Other(_) => return Ok(None),
    };
    Ok(Some(tool))
}

fn calling(
    request: &Request,
    target: &Target<'_>,
    names: &mut Names,
    notes: &mut Notes,
) -> Result<Option<FunctionCalling>, Refusal> {
    if names.is_empty() {
        return Ok(None);
    }
    let place = Place::Field(Field::ToolChoice);
    let strict = target.caps.strict_tools;
    let all_strict = request.tools.iter().any(|tool| tool.strict == Some(true));
    let auto = if strict && all_strict {
        "VALIDATED"
    } else {
        "AUTO"
    };
    let (mode, allowed) = match &request.tool_choice {
        ToolChoice::Unset if auto == "AUTO" => return Ok(None),
        ToolChoice::Unset | ToolChoice::Auto => (auto, None),
        ToolChoice::None => ("NONE", None),
        ToolChoice::Any => ("ANY", None),
        ToolChoice::Named(name) => ("ANY", Some(vec![name.clone()])),
        ToolChoice::Allowed {
            required: true,
            names,
        } => ("ANY", Some(names.clone())),
        ToolChoice::Allowed { names, .. } if strict => ("VALIDATED", Some(names.clone())),
        ToolChoice::Allowed { .. } => ("AUTO", None),
    };
    if mode == "ANY" && !target.caps.forced_tool_choice {
        notes.refuse(place, "the model cannot be made to call a tool")?;
        return Ok(Some(chosen("AUTO", None)));
    }
    let unknown = |name: &&String| !names.knows(name);
    if let Some(missing) = allowed.iter().flatten().find(unknown) {
        notes.refuse(
            place,
            format!("there is no function {missing:?} among those offered"),
        )?;
        return Ok(Some(chosen("AUTO", None)));
    }
    let sent = allowed.map(|allowed| allowed.iter().map(|name| names.chosen(name).name).collect());
    Ok(Some(chosen(mode, sent)))
}

fn chosen(mode: &str, names: Option<Vec<String>>) -> FunctionCalling {
    FunctionCalling {
        mode: Some(mode.to_owned()),
        names: names.map(Into::into),
        ..FunctionCalling::default()
    }
}
