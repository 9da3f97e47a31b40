//! Tools as Ollama takes them: functions, among which nothing can be chosen.

use super::wire::{Function, Tool};
use std::borrow::Cow;

use crate::{
    Dialect, Target,
    ir::{
        Field, Hosted, Mcp, Names, Notes, Place, Refusal, Request, Tool as IrTool, ToolChoice,
        ToolField, ToolKind,
    },
    schema::object_root,
};

/// The tools to offer.
pub(super) fn tools(
    request: &Request,
    target: &Target<'_>,
    names: &mut Names,
    notes: &mut Notes,
) -> Result<Vec<Tool>, Refusal> {
    if request.tool_choice == ToolChoice::None || request.tools.is_empty() {
        return Ok(Vec::new());
    }
    if !target.caps.tools {
        notes.refuse(Place::Field(Field::Tools), "the model takes no tools")?;
        return Ok(Vec::new());
    }
    let allowed = chosen(request, notes);
    let mut tools = Vec::new();
    for tool in &request.tools {
        if matches!(tool.kind, ToolKind::Hosted(_)) {
            tools.extend(hosted(request, tool, notes)?);
        } else if allowed
            .as_ref()
            .is_none_or(|names| request.is_named(tool, names))
        {
            tools.push(function(tool, names, notes));
        }
    }
    Ok(tools)
}

/// Ollama has no word for a choice: where some tools are named, only those are offered.
fn chosen(request: &Request, notes: &mut Notes) -> Option<Vec<String>> {
    let names = match &request.tool_choice {
        ToolChoice::Unset | ToolChoice::Auto | ToolChoice::None => return None,
        ToolChoice::Any => None,
        ToolChoice::Named(name) => Some(vec![name.clone()]),
        ToolChoice::Allowed { names, .. } => Some(names.clone()),
    };
    // A choice is ignored there (Ollama's source); what a client may rely on is told, not refused.
    let why = if names.is_some() {
        "only the tools named are offered"
    } else {
        "Ollama cannot make a model call a tool"
    };
    notes.lose_field(Field::ToolChoice, why);
    names
}

fn function(tool: &IrTool, names: &mut Names, notes: &mut Notes) -> Tool {
    if tool.strict == Some(true) {
        notes.lose(
            Place::ToolField(tool.at, ToolField::Strict),
            "arguments are not checked against the schema",
        );
    }
    let (description, schema) = tool.as_function();
    let mut written = Tool {
        kind: Some("function".to_owned()),
        function: Some(Function {
            name: Some(names.declare(tool).name),
            description: description.map(Cow::into_owned),
            parameters: Some(object_root(schema.as_ref())),
            ..Function::default()
        }),
        ..Tool::default()
    };
    let native = tool
        .native
        .as_ref()
        .filter(|native| native.dialect == Dialect::Ollama);
    if let Some(known) = native.and_then(|native| native.value.read::<Tool>().ok()) {
        written.extra = known.extra;
        if let (Some(function), Some(known)) = (&mut written.function, known.function) {
            function.extra = known.extra;
        }
    }
    written
}

/// Tools that a vendor runs: there are none at Ollama.
fn hosted(request: &Request, tool: &IrTool, notes: &mut Notes) -> Result<Option<Tool>, Refusal> {
    let native = tool
        .native
        .as_ref()
        .filter(|native| native.dialect == Dialect::Ollama);
    if let Some(native) = native {
        return Ok(native.value.read().ok());
    }
    if let ToolKind::Hosted(Hosted::Mcp(_)) = tool.kind {
        notes.refuse(Place::Tool(tool.at), Mcp::UNKNOWN)?;
        return Ok(None);
    }
    let is_forced = request.tool_choice == ToolChoice::Named(tool.name.clone());
    let why = "Ollama runs no tools itself";
    if is_forced {
        notes.refuse(Place::Tool(tool.at), why)?;
    } else {
        notes.lose(Place::Tool(tool.at), why);
    }
    Ok(None)
}
