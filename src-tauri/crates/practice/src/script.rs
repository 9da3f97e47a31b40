//! The answer before any dialect: blocks, stop reason and usage, written from a scenario and what
//! was asked.
//!
//! Pure. It must never name a wire field; that is the business of a [`crate::dialect::Dialect`].

use serde::Serialize;
use serde_json::{Value, json};

use crate::scenario::{Content, Scenario, Wish};
use crate::{sample, seal};

/// A request, as far as an answer depends on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    /// Model asked for.
    pub(crate) model: String,
    /// Whether a stream is wanted.
    pub(crate) stream: bool,
    /// Tools offered.
    pub(crate) tools: Vec<Tool>,
    /// Text of the last user turn that has any, without what clients add on their own.
    pub(crate) user_text: String,
    /// Texts of the tool results that stand after the last answer.
    pub(crate) tool_results: Vec<String>,
    /// Whether the request asks for thinking in so many words.
    pub(crate) thinking: bool,
    /// The begin of the answer, where the client wrote it and the vendor goes on with it.
    pub(crate) begun: Option<String>,
    /// JSON schema that the answer has to fit.
    pub(crate) schema: Option<Value>,
    /// Most output tokens.
    pub(crate) max_tokens: Option<u64>,
    /// Input tokens, estimated.
    pub(crate) tokens: u64,
    /// Prompt-cache markers.
    pub(crate) cache: Option<CacheMark>,
    /// Whether an earlier answer is part of the conversation.
    pub(crate) continued: bool,
    /// The body, for an answer that shows it.
    pub(crate) body: bytes::Bytes,
    /// Whether an answer may hold one tool call at most.
    pub(crate) one_call: bool,
    /// Pictures, sound and files that came along.
    pub(crate) media: Media,
    /// What the dialect that read the request needs again to print the answer; nobody else reads it.
    pub(crate) notes: Value,
}

/// What of a request is not text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Media {
    /// Images.
    pub(crate) images: usize,
    /// Recordings.
    pub(crate) audio: usize,
    /// Files.
    pub(crate) files: usize,
}

/// How long a marked prompt prefix is to be cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CacheMark {
    /// Five minutes.
    FiveMinutes,
    /// An hour.
    OneHour,
}

/// A tool that the client offers to run. One that takes free text has the schema `{"type": "string"}`.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    /// Its name.
    pub(crate) name: String,
    /// JSON schema of its input.
    pub(crate) schema: Value,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// Id of the answer without a dialect's prefix.
    pub(crate) id: String,
    /// When it is given, Unix seconds.
    pub(crate) created: u64,
    /// Model to name as the answering one.
    pub(crate) model: String,
    /// Content in order.
    pub(crate) blocks: Vec<Block>,
    /// Why it ends.
    pub(crate) stop: Stop,
    /// What it costs.
    pub(crate) usage: Usage,
    /// Whether to spell it unusually.
    pub(crate) odd: bool,
    /// What the dialect noted when it read the request.
    pub(crate) notes: Value,
}

/// A block of an answer. Pieces are what a stream sends one by one; joined they are the whole.
#[derive(Debug, Clone)]
pub(crate) enum Block {
    /// Text.
    Text(Vec<String>),
    /// Thinking and its signature.
    Thinking(Vec<String>, String),
    /// A tool call.
    Tool {
        /// Id without a dialect's prefix.
        id: String,
        /// Tool name.
        name: String,
        /// Its input: an object, or a string for a tool of free text.
        input: Value,
    },
}

/// Why an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It is complete.
    EndTurn,
    /// Tools are to be run.
    ToolUse,
    /// The output limit is reached.
    MaxTokens,
    /// The model declines.
    Refusal,
    /// A long turn is paused.
    PauseTurn,
}

/// Tokens by kind, as an answer tells them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Uncached input.
    pub input: u64,
    /// Output, thinking included.
    pub output: u64,
    /// Read from the prompt cache.
    pub cache_read: u64,
    /// Written to it for five minutes.
    pub cache_write_5m: u64,
    /// Written to it for an hour.
    pub cache_write_1h: u64,
    /// The part of the output that is thinking.
    pub thinking: u64,
}

impl Media {
    /// A sentence about it; none where nothing came along.
    fn told(self) -> String {
        let kinds = [
            (self.images, "image"),
            (self.audio, "recording"),
            (self.files, "file"),
        ];
        let told: Vec<String> = kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, kind)| format!("{count} {kind}{}", if *count == 1 { "" } else { "s" }))
            .collect();
        if told.is_empty() {
            return String::new();
        }
        format!(" (with {})", told.join(", "))
    }
}

impl Stop {
    /// Reads Anthropic's name of a stop reason.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "end_turn" => Self::EndTurn,
            "tool_use" => Self::ToolUse,
            "max_tokens" => Self::MaxTokens,
            "refusal" => Self::Refusal,
            "pause_turn" => Self::PauseTurn,
            _ => return None,
        })
    }
}

impl Usage {
    /// Adds another answer's tokens.
    pub fn add(&mut self, other: &Self) {
        self.input += other.input;
        self.output += other.output;
        self.cache_read += other.cache_read;
        self.cache_write_5m += other.cache_write_5m;
        self.cache_write_1h += other.cache_write_1h;
        self.thinking += other.thinking;
    }
}

const SHELL_TOOLS: &[&str] = &[
    "Bash",
    "bash",
    "shell",
    "run_shell_command",
    "execute_command",
    "terminal",
];
const MOST_CALLS: usize = 32;
const LONG_DELTAS: usize = 200;
const ECHO_CHARS: usize = 400;
const BODY_CHARS: usize = 64 * 1024;

/// Writes the answer of `speaker` (the provider's name) to `ask`; `id` has to be new in the conversation.
pub(crate) fn write(scenario: &Scenario, ask: &Ask, speaker: &str, id: &str) -> Script {
    let wish = &scenario.wish;
    let mut blocks = Vec::new();
    if scenario.content == Content::Thinking || ask.thinking {
        blocks.push(thinking());
    }
    let calls = tool_calls(scenario, ask, id);
    let mut stop = if calls.is_empty() {
        Stop::EndTurn
    } else {
        Stop::ToolUse
    };
    let mut text = if calls.is_empty() {
        words(scenario, ask, speaker)
    } else {
        "I will use a tool.".to_owned()
    };
    if let Some(begun) = &ask.begun {
        text = rest(&text, begun).to_owned();
    }
    if let Some(most) = ask.max_tokens
        && calls.is_empty()
        && wish.usage_out.is_none()
        && estimate(text.len()) > most
    {
        text = clipped(&text, most as usize * 4).to_owned();
        stop = Stop::MaxTokens;
    }
    let pieces = match (wish.deltas, scenario.content) {
        (Some(count), _) => pieces(&text, count),
        (None, Content::Long) => pieces(&text, LONG_DELTAS),
        (None, _) => pieces(&text, text.chars().count().div_ceil(16).clamp(1, 40)),
    };
    if !text.is_empty() {
        blocks.push(Block::Text(pieces));
    }
    blocks.extend(calls);
    let usage = usage(wish, ask, &blocks);
    Script {
        id: id.to_owned(),
        created: 0,
        model: ask.model.clone(),
        blocks,
        stop: wish.stop.unwrap_or(stop),
        usage,
        odd: scenario.content == Content::Odd,
        notes: ask.notes.clone(),
    }
}

/// What a text of this many bytes costs: four bytes a token, as English has it.
pub(crate) fn estimate(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4)
}

fn thinking() -> Block {
    let text = "This is practice. I look at what was asked, and then I answer it.";
    Block::Thinking(pieces(text, 4), seal::seal(text))
}

fn words(scenario: &Scenario, ask: &Ask, speaker: &str) -> String {
    if let Some(say) = &scenario.wish.say {
        return say.clone();
    }
    if scenario.content == Content::EchoRequest {
        return clipped(&String::from_utf8_lossy(&ask.body), BODY_CHARS).to_owned();
    }
    if let Some(schema) = &ask.schema {
        return sample::of(schema).to_string();
    }
    let here = match speaker {
        "practice" | "" => "Practice provider here.".to_owned(),
        name => format!("Practice provider {name} here."),
    };
    let heard = if ask.tool_results.is_empty() {
        format!("You said: {}", clipped(ask.user_text.trim(), ECHO_CHARS))
    } else {
        format!(
            "The tool answered: {}",
            clipped(ask.tool_results.join(" | ").trim(), ECHO_CHARS)
        )
    };
    let mut text = format!("{here} {}{}", heard.trim_end(), ask.media.told());
    if scenario.content == Content::Long {
        for line in 1..=LONG_DELTAS {
            text.push_str("\nLine ");
            text.push_str(&line.to_string());
            text.push_str(" of a long answer.");
        }
    }
    text
}

/// What of a text follows its begin. One that another speaker began goes on behind the last words that both have.
fn rest<'a>(text: &'a str, begun: &str) -> &'a str {
    let mut tails = begun.char_indices().map(|(at, _)| &begun[at..]);
    tails
        .find_map(|tail| text.find(tail).map(|at| &text[at + tail.len()..]))
        .unwrap_or(text)
}

fn tool_calls(scenario: &Scenario, ask: &Ask, id: &str) -> Vec<Block> {
    let wanted = match scenario.content {
        Content::Tool => scenario.wish.parallel.unwrap_or(1).min(MOST_CALLS),
        Content::Tools2 => 2,
        _ => 0,
    };
    let wanted = if ask.one_call { wanted.min(1) } else { wanted };
    if wanted == 0 || !ask.tool_results.is_empty() {
        return Vec::new();
    }
    let Some(tool) = pick_tool(&scenario.wish, &ask.tools) else {
        return Vec::new();
    };
    (0..wanted)
        .map(|index| Block::Tool {
            id: format!("{id}_{index}"),
            name: tool.name.clone(),
            input: tool_input(&scenario.wish, tool, index),
        })
        .collect()
}

fn pick_tool<'a>(wish: &Wish, tools: &'a [Tool]) -> Option<&'a Tool> {
    if let Some(name) = &wish.tool {
        return tools.iter().find(|tool| tool.name == *name);
    }
    let shell = SHELL_TOOLS
        .iter()
        .find_map(|name| tools.iter().find(|tool| tool.name == *name));
    shell
        .or_else(|| tools.iter().find(|tool| takes_command(tool)))
        .or(tools.first())
}

fn takes_command(tool: &Tool) -> bool {
    tool.schema
        .pointer("/properties/command/type")
        .and_then(Value::as_str)
        == Some("string")
        || SHELL_TOOLS.contains(&tool.name.as_str())
}

fn tool_input(wish: &Wish, tool: &Tool, index: usize) -> Value {
    if tool.schema["type"] == "string" {
        return free_text(wish).into();
    }
    if let Some(args) = &wish.args {
        return args.clone();
    }
    if takes_command(tool) {
        let command = wish
            .command
            .clone()
            .unwrap_or_else(|| format!("echo practice-tool-{}", 42 + index));
        return json!({ "command": command });
    }
    sample::of(&tool.schema)
}

/// The input of a tool of free text; as arguments it may stand alone or in a field `input`.
fn free_text(wish: &Wish) -> String {
    match (&wish.args, &wish.command) {
        (Some(Value::String(text)), _) => text.clone(),
        (Some(args), _) => match &args["input"] {
            Value::String(text) => text.clone(),
            _ => args.to_string(),
        },
        (None, Some(command)) => command.clone(),
        (None, None) => "practice".to_owned(),
    }
}

fn usage(wish: &Wish, ask: &Ask, blocks: &[Block]) -> Usage {
    let total = ask.tokens.max(1);
    // A marked prefix is nearly the whole prompt; later turns find most of it in the cache.
    let (read, written) = match (ask.cache, ask.continued) {
        (None, _) => (0, 0),
        (Some(_), false) => (0, total * 9 / 10),
        (Some(_), true) => (total * 8 / 10, total / 10),
    };
    let (five, hour) = match ask.cache {
        Some(CacheMark::OneHour) => (0, written),
        _ => (written, 0),
    };
    let output = wish.usage_out;
    let output = output.unwrap_or_else(|| blocks.iter().map(weight).sum());
    let thoughts = blocks.iter();
    let thoughts = thoughts.filter(|block| matches!(block, Block::Thinking(..)));
    Usage {
        input: wish.usage_in.unwrap_or(total - read - written),
        output,
        cache_read: wish.cache_read.unwrap_or(read),
        cache_write_5m: wish.cache_write_5m.unwrap_or(five),
        cache_write_1h: wish.cache_write_1h.unwrap_or(hour),
        // A part of the output, whatever it is said to be.
        thinking: thoughts.map(weight).sum::<u64>().min(output),
    }
}

fn weight(block: &Block) -> u64 {
    match block {
        Block::Text(pieces) | Block::Thinking(pieces, _) => {
            estimate(pieces.iter().map(String::len).sum())
        }
        Block::Tool { name, input, .. } => estimate(name.len() + input.to_string().len()),
    }
}

/// `text` in at most `count` pieces of whole characters that differ in length by at most one.
pub(crate) fn pieces(text: &str, count: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let count = count.clamp(1, chars.len().max(1));
    (0..count)
        .map(|index| {
            chars[chars.len() * index / count..chars.len() * (index + 1) / count]
                .iter()
                .collect()
        })
        .collect()
}

/// The first `most` bytes of `text`, or a little fewer so that no character is cut.
fn clipped(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
