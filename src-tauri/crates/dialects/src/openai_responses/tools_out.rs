//! Writes tools and the choice among them for a provider.

use serde::Serialize;

use super::{fields::Fields, request_out::FORMS};
use crate::{
    Dialect, Target,
    caps::Caps,
    ir::{
        Field, Grammar, Hosted, Mcp, Names, Native, Notes, Place, Refusal, Request, Tool,
        ToolChoice, ToolKind, WebSearch,
    },
    json::Json,
    schema,
};

/// An entry of `tools`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum ToolOut {
    One(Fields),
    Group {
        r#type: &'static str,
        name: String,
        description: Json,
        tools: Vec<Fields>,
    },
}

/// Tools as they are sent.
#[derive(Debug)]
pub(super) struct Tools {
    pub(super) list: Vec<ToolOut>,
    pub(super) choice: Option<Json>,
    /// The bound on searches, which is none of the tool's own.
    pub(super) max_calls: Option<u64>,
    pub(super) names: Names,
    /// The types of the vendor's own tools that are sent.
    hosted: Vec<String>,
}

/// Whether OpenAI takes this character in a tool's name.
fn fits(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
}

impl Tools {
    /// None, for a provider that can do so much.
    pub(super) fn none(caps: &Caps) -> Self {
        Self {
            list: Vec::new(),
            choice: None,
            max_calls: None,
            names: Names::new(caps.tool_name_max, fits)
                .with_forms(caps.custom_tools, caps.responses.namespaces),
            hosted: Vec::new(),
        }
    }

    pub(super) fn write(
        request: &Request,
        target: &Target<'_>,
        notes: &mut Notes,
    ) -> Result<Self, Refusal> {
        let mut tools = Self::none(target.caps);
        if !target.caps.tools {
            if !request.tools.is_empty() {
                notes.refuse(Place::Field(Field::Tools), "the model takes no tools")?;
            }
            return Ok(tools);
        }
        for tool in &request.tools {
            tools.add(tool, request, target, notes)?;
        }
        tools.choose(request, target, notes)?;
        Ok(tools)
    }

    fn add(
        &mut self,
        tool: &Tool,
        request: &Request,
        target: &Target<'_>,
        notes: &mut Notes,
    ) -> Result<(), Refusal> {
        if let ToolKind::Hosted(hosted) = &tool.kind {
            if let Some(written) = self.hosted(hosted, tool, request, target, notes)? {
                let group = tool.namespace.as_deref();
                let group = group.filter(|_| target.caps.responses.namespaces);
                self.put(group, tool, written, request);
            }
            return Ok(());
        }
        let sent = self.names.declare(tool);
        let written = match &tool.kind {
            ToolKind::Custom { grammar } if sent.custom => Fields::default()
                .with("type", &"custom")
                .with("name", &sent.name)
                .maybe("description", tool.description.as_ref())
                .maybe("format", grammar.as_ref().map(format).as_ref()),
            ToolKind::Custom { .. } => wrapped(&sent.name, tool),
            _ => function(&sent.name, tool, request, target, notes),
        };
        self.put(sent.group.as_deref(), tool, written, request);
        Ok(())
    }

    fn put(&mut self, group: Option<&str>, tool: &Tool, written: Fields, request: &Request) {
        match group {
            Some(space) => self.group(space, tool, written, request),
            None => self.list.push(ToolOut::One(written)),
        }
    }

    /// Puts a tool into the group of its neighbours.
    fn group(&mut self, space: &str, tool: &Tool, written: Fields, request: &Request) {
        if let Some(ToolOut::Group { name, tools, .. }) = self.list.last_mut()
            && name == space
        {
            tools.push(written);
            return;
        }
        let path = format!("tools[{}].description", tool.at);
        let described = request.own.iter().find(|own| own.path == path);
        let described = described.filter(|_| request.dialect == Some(Dialect::OpenaiResponses));
        self.list.push(ToolOut::Group {
            r#type: "namespace",
            name: space.to_owned(),
            description: described.map_or_else(|| Json::of(&""), |own| own.value.clone()),
            tools: vec![written],
        });
    }

    fn hosted(
        &mut self,
        hosted: &Hosted,
        tool: &Tool,
        request: &Request,
        target: &Target<'_>,
        notes: &mut Notes,
    ) -> Result<Option<Fields>, Refusal> {
        let native = tool.native.as_ref();
        let native = native.filter(|native| native.dialect == Dialect::OpenaiResponses);
        let written = match (hosted, native) {
            (Hosted::WebSearch(search), native) if target.caps.web_search => {
                Some(self.search(search, native, tool, notes)?)
            }
            (Hosted::Mcp(server), None) if target.caps.responses.mcp => Some(connected(server)),
            (Hosted::Mcp(_), None) => {
                notes.refuse(Place::Tool(tool.at), Mcp::UNKNOWN)?;
                return Ok(None);
            }
            (Hosted::CodeExecution, None) if target.caps.web_search => Some(interpreter()),
            (Hosted::WebSearch(_), _) | (_, None) => None,
            (_, Some(native)) => Some(native_fields(native)),
        };
        if written.is_some() {
            self.hosted.push(tool.name.clone());
            return Ok(written);
        }
        let place = Place::Tool(tool.at);
        let why = "the provider has no such tool of its own";
        if request.tool_choice == ToolChoice::Named(tool.name.clone()) {
            notes.refuse(place, why)?;
        } else {
            notes.lose(place, why);
        }
        Ok(None)
    }

    fn search(
        &mut self,
        search: &WebSearch,
        native: Option<&Native>,
        tool: &Tool,
        notes: &mut Notes,
    ) -> Result<Fields, Refusal> {
        if let Some(bound) = search.max_uses {
            self.max_calls = Some(bound);
        }
        if let Some(native) = native {
            return Ok(native_fields(native));
        }
        if !search.blocked_domains.is_empty() {
            let why = "the provider's web search cannot leave out domains (`blocked_domains`)";
            notes.refuse(Place::Tool(tool.at), why)?;
        }
        let domains = Some(&search.allowed_domains).filter(|domains| !domains.is_empty());
        let filters = domains.map(|domains| Fields::default().with("allowed_domains", domains));
        Ok(Fields::default()
            .with("type", &"web_search")
            .maybe("filters", filters.as_ref())
            .maybe("user_location", search.user_location.as_ref()))
    }

    fn choose(
        &mut self,
        request: &Request,
        target: &Target<'_>,
        notes: &mut Notes,
    ) -> Result<(), Refusal> {
        // A choice without tools is an error.
        if self.list.is_empty() {
            return Ok(());
        }
        let forced = matches!(
            request.tool_choice,
            ToolChoice::Any | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. }
        );
        if forced && !target.caps.forced_tool_choice {
            let place = Place::Field(Field::ToolChoice);
            notes.refuse(place, "the model cannot be made to call a tool")?;
            self.choice = Some(Json::of(&"auto"));
            return Ok(());
        }
        self.choice = match &request.tool_choice {
            ToolChoice::Unset => None,
            ToolChoice::Auto => Some(Json::of(&"auto")),
            ToolChoice::None => Some(Json::of(&"none")),
            ToolChoice::Any => Some(Json::of(&"required")),
            ToolChoice::Named(name) => {
                let own = request.own.iter().find(|own| own.path == "tool_choice");
                match own.filter(|_| request.dialect == Some(Dialect::OpenaiResponses)) {
                    Some(own) => Some(own.value.clone()),
                    None => Some(Json::of(&self.one(name))),
                }
            }
            ToolChoice::Allowed { required, names } => {
                let tools: Vec<Fields> = names.iter().map(|name| self.one(name)).collect();
                let mode = if *required { "required" } else { "auto" };
                Some(Json::of(
                    &Fields::default()
                        .with("type", &"allowed_tools")
                        .with("mode", &mode)
                        .with("tools", &tools),
                ))
            }
        };
        Ok(())
    }

    /// A tool as `tool_choice` names it.
    fn one(&mut self, name: &str) -> Fields {
        if self.hosted.iter().any(|hosted| hosted == name) && !self.names.knows(name) {
            // Clients of Anthropic and Gemini know it by their own names.
            let kind = match name {
                "code_execution" | "codeExecution" => INTERPRETER,
                name => name,
            };
            return Fields::default().with("type", &kind);
        }
        let sent = self.names.chosen(name);
        let kind = if sent.custom { "custom" } else { "function" };
        Fields::default()
            .with("type", &kind)
            .with("name", &sent.name)
    }
}

fn function(
    name: &str,
    tool: &Tool,
    request: &Request,
    target: &Target<'_>,
    notes: &mut Notes,
) -> Fields {
    let schema = schema::object_root(tool.schema.as_ref());
    let (schema, strictly) = FORMS.arguments(tool, schema, request, target.caps, notes);
    let mut fields = Fields::default()
        .with("type", &"function")
        .with("name", &name)
        .maybe("description", tool.description.as_ref())
        .with("parameters", &schema)
        // Left out it would mean `true`.
        .with("strict", &strictly);
    let native = tool.native.as_ref();
    if let Some(native) = native.filter(|native| native.dialect == Dialect::OpenaiResponses) {
        const SAID: [&str; 5] = ["type", "name", "description", "parameters", "strict"];
        for (name, value) in native_fields(native).iter() {
            if !SAID.contains(&name.as_str()) {
                fields.set(name.clone(), value.clone());
            }
        }
    }
    fields
}

/// A server whose tools are called without asking, as Anthropic's clients mean it.
fn connected(server: &Mcp) -> Fields {
    Fields::default()
        .with("type", &"mcp")
        .with("server_label", &server.name)
        .with("server_url", &server.url)
        .maybe("authorization", server.token.as_ref())
        .maybe("allowed_tools", server.tools.as_ref())
        .with("require_approval", &"never")
}

/// The vendor's own running of code, as `tools` and `tool_choice` name it.
const INTERPRETER: &str = "code_interpreter";

/// The vendor runs code in a container that it makes for the answer (Responses reference).
fn interpreter() -> Fields {
    let container = Fields::default().with("type", &"auto");
    Fields::default()
        .with("type", &INTERPRETER)
        .with("container", &container)
}

/// The `format` of a custom tool.
fn format(grammar: &Grammar) -> Fields {
    Fields::default()
        .with("type", &"grammar")
        .with("syntax", &grammar.syntax)
        .with("definition", &grammar.definition)
}

/// A tool that takes free text as a function with one argument; what the text must look like is told in words.
fn wrapped(name: &str, tool: &Tool) -> Fields {
    let (description, schema) = tool.as_function();
    Fields::default()
        .with("type", &"function")
        .with("name", &name)
        .maybe("description", description.as_ref())
        .with("parameters", &schema::object_root(schema.as_ref()))
        .with("strict", &false)
}

/// The fields of a declaration in this dialect, unchanged.
fn native_fields(native: &Native) -> Fields {
    let mut fields = Fields::default();
    if let Ok(map) = native
        .value
        .read::<serde_json::Map<String, serde_json::Value>>()
    {
        for (name, value) in map {
            fields.set(name, Json::from(&value));
        }
    }
    fields
}
