//! Scripts printed as Gemini answers: whole, and as chunks that are whole answers of their own.
//!
//! A chunk holds what is new; usage is cumulative. Calls come whole, and the finish reason comes in
//! a later chunk than the last call, as it does at the real server.

use bytes::Bytes;
use serde_json::{Value, json};

use super::signature;
use crate::script::{Block, Script, Stop, Usage};

/// A chunk of a stream, not yet framed.
pub(super) struct Chunk {
    /// The answer it is.
    pub(super) value: Value,
    /// Whether it carries a piece of content.
    pub(super) delta: bool,
    /// The usage that it tells.
    pub(super) told: Usage,
}

/// The answer as one JSON object.
pub(super) fn whole(script: &Script) -> Bytes {
    answer(script).to_string().into()
}

/// The answer as one JSON value.
pub(super) fn answer(script: &Script) -> Value {
    if is_blocked(script) {
        return blocked(script);
    }
    let mut parts: Vec<Value> = script
        .blocks
        .iter()
        .map(|block| whole_part(script, block))
        .collect();
    sign_calls(script, &mut parts);
    if !calls(script)
        && let Some(signature) = signature(script)
        && let Some(last) = parts.last_mut()
    {
        last["thoughtSignature"] = signature.into();
    }
    let mut answer = envelope(script, &script.usage);
    let content = json!({"parts": parts, "role": "model"});
    let reason = finish_reason(script.stop);
    answer["candidates"] = candidates(script, &json!({"content": content, "finishReason": reason}));
    answer
}

/// The answer in pieces.
pub(super) fn chunks(script: &Script) -> Vec<Chunk> {
    if is_blocked(script) {
        return vec![Chunk {
            value: blocked(script),
            delta: false,
            told: told(&script.usage),
        }];
    }
    let mut parts: Vec<Value> = script
        .blocks
        .iter()
        .flat_map(|block| pieces(script, block))
        .collect();
    sign_calls(script, &mut parts);
    let thoughts = parts.iter().filter(|part| is_thought(part)).count();
    let mut chunks: Vec<Chunk> = (1..)
        .zip(&parts)
        .map(|(sent, part)| {
            let usage = so_far(&script.usage, sent, thoughts, parts.len());
            let content = json!({"parts": [part], "role": "model"});
            chunk(script, &json!({ "content": content }), usage, true)
        })
        .collect();
    let mut last = json!({"text": ""});
    if !calls(script)
        && let Some(signature) = signature(script)
    {
        last["thoughtSignature"] = signature.into();
    }
    let content = json!({"parts": [last], "role": "model"});
    let end = json!({"content": content, "finishReason": finish_reason(script.stop)});
    chunks.push(chunk(script, &end, script.usage, false));
    chunks
}

/// Usage as this dialect can tell it: the cache is only read, and what is written counts as input.
pub(super) fn told(usage: &Usage) -> Usage {
    Usage {
        input: usage.input + usage.cache_write_5m + usage.cache_write_1h,
        cache_write_5m: 0,
        cache_write_1h: 0,
        ..*usage
    }
}

fn chunk(script: &Script, candidate: &Value, usage: Usage, delta: bool) -> Chunk {
    let mut value = envelope(script, &usage);
    value["candidates"] = candidates(script, candidate);
    Chunk {
        value,
        delta,
        told: told(&usage),
    }
}

/// As many candidates as were asked for, which all say the same.
fn candidates(script: &Script, candidate: &Value) -> Value {
    let count = script.notes["candidates"].as_u64().unwrap_or(1);
    (0..count)
        .map(|index| {
            let mut candidate = candidate.clone();
            candidate["index"] = index.into();
            candidate
        })
        .collect()
}

/// Everything but the candidates, which stand in front.
fn envelope(script: &Script, usage: &Usage) -> Value {
    let prompt = told(usage).input + usage.cache_read;
    let mut counts = json!({
        "promptTokenCount": prompt,
        "candidatesTokenCount": usage.output - usage.thinking.min(usage.output),
        "totalTokenCount": prompt + usage.output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    });
    if usage.cache_read > 0 {
        counts["cachedContentTokenCount"] = usage.cache_read.into();
        counts["cacheTokensDetails"] =
            json!([{"modality": "TEXT", "tokenCount": usage.cache_read}]);
    }
    if usage.thinking > 0 {
        counts["thoughtsTokenCount"] = usage.thinking.into();
    }
    json!({
        "candidates": null,
        "usageMetadata": counts,
        "modelVersion": script.model,
        "responseId": script.id,
    })
}

/// A refusal without a word of the model's is a prompt that never reached it.
fn is_blocked(script: &Script) -> bool {
    script.stop == Stop::Refusal && script.blocks.is_empty()
}

fn blocked(script: &Script) -> Value {
    let prompt = told(&script.usage).input + script.usage.cache_read;
    json!({
        "promptFeedback": {
            "blockReason": "PROHIBITED_CONTENT",
            "safetyRatings": [{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH"}],
        },
        "usageMetadata": {"promptTokenCount": prompt, "totalTokenCount": prompt},
        "modelVersion": script.model,
        "responseId": script.id,
    })
}

fn whole_part(script: &Script, block: &Block) -> Value {
    match block {
        Block::Text(pieces) => json!({"text": pieces.concat()}),
        Block::Thinking(pieces, _) => json!({"text": pieces.concat(), "thought": true}),
        Block::Tool { id, name, input } => call(script, id, name, input),
    }
}

fn pieces(script: &Script, block: &Block) -> Vec<Value> {
    match block {
        Block::Text(pieces) => pieces.iter().map(|text| json!({ "text": text })).collect(),
        Block::Thinking(pieces, _) => pieces
            .iter()
            .map(|text| json!({"text": text, "thought": true}))
            .collect(),
        Block::Tool { id, name, input } => vec![call(script, id, name, input)],
    }
}

fn call(script: &Script, id: &str, name: &str, input: &Value) -> Value {
    let mut call = json!({"name": name, "args": input});
    if script.notes["signs"] == true {
        call["id"] = id.into();
    }
    json!({ "functionCall": call })
}

/// Of parallel calls only the first carries the signature.
fn sign_calls(script: &Script, parts: &mut [Value]) {
    let first = parts
        .iter_mut()
        .find(|part| part.get("functionCall").is_some());
    if let (Some(first), Some(signature)) = (first, signature(script)) {
        first["thoughtSignature"] = signature.into();
    }
}

fn signature(script: &Script) -> Option<String> {
    let generation = script.notes["generation"].as_u64()?;
    (script.notes["signs"] == true).then(|| signature::made(generation, &script.id))
}

fn calls(script: &Script) -> bool {
    script
        .blocks
        .iter()
        .any(|block| matches!(block, Block::Tool { .. }))
}

fn is_thought(part: &Value) -> bool {
    part.get("thought").is_some()
}

/// Usage when `sent` of `all` parts are out, of which the first `thoughts` are thoughts.
fn so_far(usage: &Usage, sent: usize, thoughts: usize, all: usize) -> Usage {
    let share = |total: u64, done: usize, of: usize| match of {
        0 => 0,
        of => total * done.min(of) as u64 / of as u64,
    };
    let thinking = share(usage.thinking, sent, thoughts);
    let words = usage.output - usage.thinking.min(usage.output);
    let said = share(words, sent.saturating_sub(thoughts), all - thoughts);
    Usage {
        output: thinking + said,
        thinking,
        ..*usage
    }
}

fn finish_reason(stop: Stop) -> &'static str {
    match stop {
        Stop::EndTurn | Stop::ToolUse => "STOP",
        Stop::MaxTokens => "MAX_TOKENS",
        Stop::Refusal => "SAFETY",
        Stop::PauseTurn => "CONTINUATION",
    }
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
