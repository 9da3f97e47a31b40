//! Facts about which requests are refused, in which words, and what is read from the others.

use serde_json::{Value, json};

use super::model::Model;
use super::request::generate;
use crate::dialect::Refusal;
use crate::script::Ask;

mod settings;
mod shape;
mod tools;
mod turns;

const FLASH_2: &str = "gemini-2.5-flash";
const FLASH_3: &str = "gemini-3.8-flash";

fn good() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
}

fn with(changes: &Value) -> Value {
    let mut request = good();
    for (name, value) in changes.as_object().expect("object") {
        request[name] = value.clone();
    }
    request
}

fn asked(model: &str, request: &Value) -> Result<Ask, Refusal> {
    generate(&Model::named(model), &request.to_string().into(), false)
}

#[track_caller]
fn accepted(model: &str, request: &Value) -> Ask {
    asked(model, request).unwrap_or_else(|refusal| panic!("{}: {request}", refusal.message))
}

#[track_caller]
fn refused(model: &str, request: &Value, words: &str) {
    match asked(model, request) {
        Ok(_) => panic!("{model} must refuse {request}"),
        Err(refusal) => {
            let message = refusal.message;
            assert!(
                message.contains(words),
                "{message:?} lacks {words:?} for {request}"
            );
        }
    }
}

fn config(config: &Value) -> Value {
    with(&json!({ "generationConfig": config }))
}

fn declared(declaration: &Value) -> Value {
    with(&json!({"tools": [{"functionDeclarations": [declaration]}]}))
}

fn subset(schema: &Value) -> Value {
    let parameters = json!({"type": "OBJECT", "properties": {"x": schema}});
    declared(&json!({"name": "f", "parameters": parameters}))
}

/// A conversation in which `calls` were made and answered by `responses`.
fn called(calls: &Value, responses: &Value) -> Value {
    json!({"contents": [
        {"role": "user", "parts": [{"text": "do it"}]},
        {"role": "model", "parts": calls},
        {"role": "user", "parts": responses},
    ]})
}

fn call(name: &str) -> Value {
    json!({"functionCall": {"name": name, "args": {}}})
}

fn response(name: &str) -> Value {
    json!({"functionResponse": {"name": name, "response": {"output": "ok"}}})
}

fn signed(mut part: Value, signature: &str) -> Value {
    part["thoughtSignature"] = signature.into();
    part
}
