//! A Gemini client's request as the intermediate form.

use super::{
    ENUM,
    contents_in::Contents,
    schema,
    wire::{Body, Function, FunctionCalling, GenerationConfig, Int, ThinkingConfig, Tool},
};
use crate::{
    BadRequest, Dialect, PathFacts,
    ir::{
        Effort, Fate, Format, Hosted, Mode, Native, Own, Reasoning, Request, Sampling, Show,
        ToolChoice, ToolKind, WebSearch,
    },
    json::{Extra, Json},
    wire,
};

/// Reads a request; `countTokens` may wrap it in `generateContentRequest`.
pub(super) fn read(body: &[u8], path: PathFacts<'_>) -> Result<Request, BadRequest> {
    let outer: Body = wire::read(body)?;
    let (prefix, mut body) = match outer.inner {
        Some(inner) => ("generateContentRequest.", *inner),
        None => ("", outer),
    };
    let model = path.model.or(body.model.as_deref()).unwrap_or_default();
    let mut request = Request {
        dialect: Some(Dialect::Gemini),
        model: plain_model(model).to_owned(),
        stream: path.stream.unwrap_or_default(),
        metadata: body.labels.take(),
        tier: body.tier.take(),
        store: body.store,
        ..Request::default()
    };
    let mut contents = Contents::new(prefix);
    if let Some(system) = body.system.take() {
        request.system = contents.system(system);
    }
    for (at, content) in body
        .contents
        .take()
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        request.turns.push(contents.turn(at, content)?);
    }
    request.own = contents.into_own();
    for (at, tool) in body
        .tools
        .take()
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        read_tool(at, tool, &mut request);
    }
    if let Some(config) = body.tool_config.take() {
        read_calling(config.calling.unwrap_or_default(), &mut request);
        note(&mut request.own, "toolConfig.", &config.extra);
    }
    if let Some(config) = body.config.take() {
        read_config(config, &mut request);
    }
    note(&mut request.own, prefix, &body.extra);
    Ok(request)
}

/// A model's name without the collection it is in; tuned models keep theirs.
pub(super) fn plain_model(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

/// Keeps fields that only Gemini has.
pub(super) fn note(own: &mut Vec<Own>, prefix: &str, extra: &Extra) {
    for (name, value) in extra.iter() {
        own.push(Own {
            path: format!("{prefix}{name}").into(),
            value: value.clone(),
            fate: fate(name),
        });
    }
}

/// What happens to a field elsewhere; safety settings and what is unknown are merely lost.
fn fate(name: &str) -> Fate {
    let plain: String = name.chars().filter(|char| *char != '_').collect();
    match plain.to_ascii_lowercase().as_str() {
        "cachedcontent" => Fate::Refuse(
            "cached contents belong to one vendor; send the conversation itself".into(),
        ),
        "continuationtoken" => Fate::Refuse(
            "a continuation belongs to one vendor; send the conversation itself".into(),
        ),
        "speechconfig" => Fate::Refuse("the provider cannot answer in speech".into()),
        _ => Fate::Lose,
    }
}

/// Where a tool stands: the tool object, and the declaration inside it from 1; 0 is the object itself.
pub(super) fn tool_place(tool: usize, function: usize) -> u32 {
    ((tool as u32) << 16) | (function as u32 & 0xFFFF)
}

/// [`tool_place`], taken apart and spelled.
pub(super) fn spell_tool(at: u32) -> String {
    match (at >> 16, at & 0xFFFF) {
        (tool, 0) => format!("tools[{tool}]"),
        (tool, function) => format!("tools[{tool}].functionDeclarations[{}]", function - 1),
    }
}

fn read_tool(at: usize, tool: Tool, request: &mut Request) {
    let functions = tool.functions.unwrap_or_default();
    for (number, function) in functions.into_iter().enumerate() {
        let place = tool_place(at, number + 1);
        request.tools.push(read_function(place, function));
    }
    let hosted = |key: &str, value: Json, hosted: Hosted, always: bool| {
        let is_plain = value.compact() == "{}" && !always;
        crate::ir::Tool {
            name: key.to_owned(),
            kind: ToolKind::Hosted(hosted),
            description: None,
            schema: None,
            strict: None,
            namespace: None,
            native: (!is_plain).then(|| Native {
                dialect: Dialect::Gemini,
                value: Json::of(&serde_json::Map::from_iter([(
                    key.to_owned(),
                    value.value(),
                )])),
            }),
            cache: None,
            at: tool_place(at, 0),
        }
    };
    if let Some(value) = tool.search {
        let search = WebSearch {
            blocked_domains: excluded(&value),
            ..WebSearch::default()
        };
        let search = Hosted::WebSearch(search);
        request
            .tools
            .push(hosted("googleSearch", value, search, false));
    }
    if let Some(value) = tool.code {
        request
            .tools
            .push(hosted("codeExecution", value, Hosted::CodeExecution, false));
    }
    if let Some(value) = tool.urls {
        request
            .tools
            .push(hosted("urlContext", value, Hosted::WebFetch, false));
    }
    for (name, value) in tool.extra.iter() {
        let kind = Hosted::Other(name.to_owned());
        request.tools.push(hosted(name, value.clone(), kind, true));
    }
}

fn excluded(search: &Json) -> Vec<String> {
    let value = search.value();
    let list = value
        .get("excludeDomains")
        .or_else(|| value.get("exclude_domains"));
    let list = list.and_then(serde_json::Value::as_array);
    let texts = list
        .into_iter()
        .flatten()
        .filter_map(|domain| domain.as_str());
    texts.map(str::to_owned).collect()
}

fn read_function(at: u32, function: Function) -> crate::ir::Tool {
    let native = (!function.extra.is_empty()).then(|| Native {
        dialect: Dialect::Gemini,
        value: Json::of(&function),
    });
    let schema = function.schema.or(function.parameters);
    crate::ir::Tool {
        name: function.name.unwrap_or_default(),
        kind: ToolKind::Function,
        description: function.description,
        schema: schema.map(schema::json_schema),
        strict: None,
        namespace: None,
        native,
        cache: None,
        at,
    }
}

fn read_calling(calling: FunctionCalling, request: &mut Request) {
    let names = calling.names.unwrap_or_default().0;
    let mode = calling.mode.unwrap_or_default().to_ascii_uppercase();
    if mode == "VALIDATED" {
        for tool in &mut request.tools {
            if tool.kind == ToolKind::Function {
                tool.strict = Some(true);
            }
        }
    }
    request.tool_choice = match mode.as_str() {
        "NONE" => ToolChoice::None,
        "ANY" if names.is_empty() => ToolChoice::Any,
        "ANY" => match <[String; 1]>::try_from(names) {
            Ok([only]) => ToolChoice::Named(only),
            Err(names) => ToolChoice::Allowed {
                required: true,
                names,
            },
        },
        "VALIDATED" if !names.is_empty() => ToolChoice::Allowed {
            required: false,
            names,
        },
        "AUTO" | "VALIDATED" => ToolChoice::Auto,
        _ => ToolChoice::Unset,
    };
}

fn read_config(config: GenerationConfig, request: &mut Request) {
    let wants_logprobs = config.wants_logprobs == Some(true);
    request.sampling = Sampling {
        temperature: config.temperature,
        top_p: config.top_p,
        top_k: config.top_k.map(Int::count),
        frequency_penalty: config.frequency_penalty,
        presence_penalty: config.presence_penalty,
        seed: config.seed.map(|Int(seed)| seed),
        choices: config.candidates.map(Int::count),
        logprobs: wants_logprobs.then(|| config.logprobs.map_or(0, Int::count)),
        logit_bias: None,
    };
    request.max_tokens = config.max_tokens.map(Int::count);
    request.stop = config.stop.unwrap_or_default().0;
    if let Some(thinking) = config.thinking {
        request.reasoning = read_thinking(&thinking);
        note(
            &mut request.own,
            "generationConfig.thinkingConfig.",
            &thinking.extra,
        );
    }
    let modalities = config.modalities.unwrap_or_default().0;
    let modalities: Vec<_> = modalities
        .iter()
        .map(|kind| kind.to_ascii_lowercase())
        .collect();
    if modalities.iter().any(|kind| kind != "text") {
        request.modalities = modalities;
    }
    let schema = config.json_schema.or(config.schema);
    let is_choice = config.mime.as_deref() == Some(ENUM);
    let choice = schema.as_ref().filter(|_| is_choice).and_then(choice);
    request.format = match (config.mime.as_deref(), schema) {
        _ if choice.is_some() => Format::Choice(choice.unwrap_or_default()),
        (_, Some(schema)) => Format::Schema {
            name: None,
            description: None,
            schema: schema::json_schema(schema),
            strict: None,
        },
        (Some("application/json"), None) => Format::Json,
        (None | Some("text/plain"), None) => Format::Text,
        (Some(other), None) => {
            request.own.push(Own {
                path: "generationConfig.responseMimeType".into(),
                value: Json::of(&other),
                fate: Fate::Lose,
            });
            Format::Text
        }
    };
    note(&mut request.own, "generationConfig.", &config.extra);
}

/// The texts that a schema of one of them lists.
fn choice(schema: &Json) -> Option<Vec<String>> {
    let value = schema.value();
    let texts = value.get("enum")?.as_array()?.iter();
    let texts: Option<Vec<_>> = texts.map(|text| text.as_str().map(str::to_owned)).collect();
    texts.filter(|texts| !texts.is_empty())
}

/// A level goes before a budget, of which 0 means none and −1 as the model likes.
fn read_thinking(thinking: &ThinkingConfig) -> Reasoning {
    let effort = thinking.level.as_deref().and_then(Effort::of);
    let budget = thinking.budget.map(|Int(budget)| budget);
    Reasoning {
        mode: match (effort, budget) {
            (None, Some(0)) => Mode::Off,
            (Some(_), _) | (None, Some(1..)) => Mode::On,
            (None, Some(_)) => Mode::Adaptive,
            (None, None) => Mode::Unset,
        },
        effort,
        budget: budget
            .and_then(|budget| u64::try_from(budget).ok())
            .filter(|budget| *budget > 0),
        show: thinking
            .include
            .map(|include| if include { Show::Summary } else { Show::None }),
    }
}
