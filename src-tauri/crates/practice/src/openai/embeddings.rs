//! `POST /v1/embeddings`: numbers, or base64 of little-endian 32-bit floats.

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};

use super::parsed;
use super::shape::{self, Field, Kind, empty_array, may, must, wrong, wrong_type};
use crate::dialect::Refusal;
use crate::embedding::{Embed, MOST_DIMENSIONS};
use crate::script::estimate;

const USUAL_DIMENSIONS: usize = 1536;
const MOST_TEXTS: usize = 2048;

const REQUEST: &[Field] = &[
    must("model", Kind::Id(256)),
    must("input", Kind::Any),
    may("dimensions", Kind::Whole(1, MOST_DIMENSIONS as i64)),
    may("encoding_format", Kind::Word(&["float", "base64"])),
    may("user", Kind::Text),
];

/// Reads a request.
pub(super) fn read(body: &Bytes) -> Result<Embed, Refusal> {
    let request = parsed(body)?;
    shape::check("", &request, REQUEST)?;
    let texts = texts(&request["input"])?;
    let base64 = request.get("encoding_format").and_then(Value::as_str) == Some("base64");
    let dimensions = request.get("dimensions").and_then(Value::as_u64);
    Ok(Embed {
        model: request["model"].as_str().unwrap_or_default().to_owned(),
        dimensions: dimensions.map_or(USUAL_DIMENSIONS, |dimensions| dimensions as usize),
        tokens: texts.iter().map(|text| estimate(text.len())).sum(),
        texts,
        notes: json!({ "base64": base64 }),
    })
}

/// A string, strings, tokens or lists of tokens.
fn texts(input: &Value) -> Result<Vec<String>, Refusal> {
    let items = match input {
        Value::String(_) => std::slice::from_ref(input),
        Value::Array(items) if items.is_empty() => return Err(empty_array("input")),
        Value::Array(items) if items.iter().all(Value::is_u64) => std::slice::from_ref(input),
        Value::Array(items) => items,
        other => return Err(wrong_type("input", "a string or an array", other)),
    };
    if items.len() > MOST_TEXTS {
        return Err(wrong(
            "input",
            format!(
                "Invalid 'input': array too long. Expected an array with maximum length {MOST_TEXTS}."
            ),
        ));
    }
    items.iter().map(text).collect()
}

fn text(item: &Value) -> Result<String, Refusal> {
    match item {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        Value::Array(tokens) if !tokens.is_empty() && tokens.iter().all(Value::is_u64) => {
            Ok(item.to_string())
        }
        Value::String(_) => Err(wrong(
            "input",
            "Invalid 'input': input cannot be an empty string.",
        )),
        other => Err(wrong_type("input", "strings or arrays of tokens", other)),
    }
}

/// Prints the vectors in the form asked for.
pub(super) fn print(embed: &Embed, vectors: &[Vec<f32>]) -> Bytes {
    let base64 = embed.notes["base64"] == true;
    let data: Vec<Value> = vectors
        .iter()
        .enumerate()
        .map(|(index, vector)| {
            let vector = if base64 {
                packed(vector).into()
            } else {
                json!(vector)
            };
            json!({"object": "embedding", "index": index, "embedding": vector})
        })
        .collect();
    json!({
        "object": "list",
        "data": data,
        "model": embed.model,
        "usage": {"prompt_tokens": embed.tokens, "total_tokens": embed.tokens},
    })
    .to_string()
    .into()
}

fn packed(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(value: &Value) -> Bytes {
        value.to_string().into()
    }

    // PITFALLS 129
    #[test]
    fn base64_holds_the_same_little_endian_floats_as_the_list() {
        let vectors = vec![vec![0.5f32, -0.25, 1.0]];
        let printed = |format: &str| -> Value {
            let request = json!({"model": "m", "input": "a", "encoding_format": format});
            let embed = read(&body(&request)).expect("accepted");
            serde_json::from_slice(&print(&embed, &vectors)).expect("JSON")
        };
        let text = printed("base64")["data"][0]["embedding"].clone();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(text.as_str().expect("text"))
            .expect("base64");
        let floats: Vec<f32> = bytes
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes(four.try_into().expect("four")))
            .collect();
        assert_eq!(floats, vectors[0]);
        assert_eq!(printed("float")["data"][0]["embedding"], json!(vectors[0]));
    }

    #[test]
    fn inputs_come_in_four_forms() {
        let count = |input: Value| {
            read(&body(&json!({"model": "m", "input": input}))).map(|embed| embed.texts.len())
        };
        assert_eq!(count(json!("a")), Ok(1));
        assert_eq!(count(json!(["a", "b"])), Ok(2));
        assert_eq!(count(json!([1, 2, 3])), Ok(1));
        assert_eq!(count(json!([[1], [2, 3]])), Ok(2));
        for wrong in [
            json!(""),
            json!([]),
            json!([""]),
            json!([[]]),
            json!({}),
            json!(["a", 1]),
        ] {
            assert!(count(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn foreign_fields_are_refused() {
        for (name, value) in [
            ("taskType", json!("X")),
            ("dimensions", json!(0)),
            ("encoding_format", json!("f16")),
            ("outputDimensionality", json!(3)),
        ] {
            let mut request = json!({"model": "m", "input": "a"});
            request[name] = value;
            assert_eq!(
                read(&body(&request)).expect_err("refused").param.as_deref(),
                Some(name)
            );
        }
    }
}
