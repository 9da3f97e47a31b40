//! Writes tools and the choice among them for a provider.

use std::collections::HashMap;

use serde::Serialize;

use super::{fields::Fields, request_out::FORMS};
use crate::{
    Dialect, Target,
    ir::{
        CallKind, Field, Grammar, Hosted, Native, Notes, Place, Refusal, Request, Tool, ToolChoice,
        ToolKind, Toolbox, WebSearch,
    },
    json::Json,
    schema,
};

/// What a tool of the client's is to the provider.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) name: String,
    pub(super) custom: bool,
    pub(super) namespace: Option<String>,
}

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
#[derive(Debug, Default)]
pub(super) struct Tools {
    pub(super) list: Vec<ToolOut>,
    pub(super) choice: Option<Json>,
    /// The bound on searches, which is none of the tool's own.
    pub(super) max_calls: Option<u64>,
    pub(super) toolbox: Toolbox,
    /// By the client's names.
    sent: HashMap<String, Sent>,
    /// The types of the vendor's own tools that are sent.
    hosted: Vec<String>,
    longest: usize,
}

/// Whether OpenAI takes this character in a tool's name.
fn fits(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
}

impl Tools {
    /// The name under which a call of the history is sent.
    pub(super) fn called(&mut self, name: &str) -> Sent {
        if let Some(sent) = self.sent.get(name) {
            return sent.clone();
        }
        let sent = Sent {
            name: self
                .toolbox
                .name(name, CallKind::Function, self.longest, fits),
            custom: false,
            namespace: None,
        };
        self.sent.insert(name.to_owned(), sent.clone());
        sent
    }

    pub(super) fn write(
        request: &Request,
        target: &Target<'_>,
        notes: &mut Notes,
    ) -> Result<Self, Refusal> {
        let mut tools = Self {
            longest: target.caps.tool_name_max,
            ..Self::default()
        };
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
        let grouped = tool
            .namespace
            .as_ref()
            .filter(|_| target.caps.responses.namespaces);
        let written = match &tool.kind {
            ToolKind::Hosted(hosted) => {
                let Some(written) = self.hosted(hosted, tool, request, target, notes)? else {
                    return Ok(());
                };
                written
            }
            ToolKind::Custom { grammar } if target.caps.custom_tools => {
                let name = self.named(tool, CallKind::Custom, true, grouped);
                Fields::default()
                    .with("type", &"custom")
                    .with("name", &name)
                    .maybe("description", tool.description.as_ref())
                    .maybe("format", grammar.as_ref().map(format).as_ref())
            }
            ToolKind::Custom { .. } => {
                let name = self.named(tool, CallKind::Custom, false, grouped);
                wrapped(&name, tool)
            }
            ToolKind::Function => {
                let kind = match &tool.namespace {
                    Some(space) => CallKind::Namespaced(space.clone()),
                    None => CallKind::Function,
                };
                let name = self.named(tool, kind, false, grouped);
                function(&name, tool, request, target, notes)
            }
        };
        match grouped {
            Some(space) => self.group(space, tool, written, request),
            None => self.list.push(ToolOut::One(written)),
        }
        Ok(())
    }

    /// The name to send, noted for calls and for the way back.
    fn named(
        &mut self,
        tool: &Tool,
        kind: CallKind,
        custom: bool,
        grouped: Option<&String>,
    ) -> String {
        // Inside a group a tool keeps its own name; the way back is by what the provider says of the call.
        let name = match grouped {
            Some(_) => tool.name.clone(),
            None => self.toolbox.name(&tool.name, kind, self.longest, fits),
        };
        let sent = Sent {
            name: name.clone(),
            custom,
            namespace: grouped.cloned(),
        };
        self.sent.entry(tool.name.clone()).or_insert(sent);
        name
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
        if self.hosted.iter().any(|hosted| hosted == name) && !self.sent.contains_key(name) {
            return Fields::default().with("type", &name);
        }
        let sent = self.called(name);
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
