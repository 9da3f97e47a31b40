//! The items of a Responses request, each in its shape.

use serde_json::{Map, Value};

use super::super::media;
use super::super::shape::{
    Checked, Field, Kind, empty_array, inside, may, must, name, null, object, tag, wrong,
    wrong_type,
};
use super::tools;
use crate::dialect::Refusal;
use crate::seal;

/// Longest id of a call or of an item.
const ID: usize = 64;
const STATUS: Field = null(
    "status",
    Kind::Word(&["in_progress", "completed", "incomplete"]),
);
const TYPE: Field = must("type", Kind::Text);
const OWN_ID: Field = null("id", Kind::Id(ID));
const CALL_ID: Field = must("call_id", Kind::Id(ID));
const CALLER: Field = null("caller", Kind::Object);

const MESSAGE: &[Field] = &[
    may("type", Kind::Text),
    must("role", Kind::Text),
    must("content", Kind::Any),
    OWN_ID,
    STATUS,
    null("phase", Kind::Word(&["commentary", "final_answer"])),
];
/// Codex sends neither `id` nor `content`, and the real server takes that.
const REASONING: &[Field] = &[
    TYPE,
    OWN_ID,
    must("summary", Kind::List(0)),
    null("content", Kind::List(0)),
    null("encrypted_content", Kind::Text),
    STATUS,
];
const FUNCTION_CALL: &[Field] = &[
    TYPE,
    OWN_ID,
    CALL_ID,
    must("name", Kind::Text),
    must("arguments", Kind::Text),
    may("namespace", Kind::Text),
    may("async", Kind::Bool),
    CALLER,
    STATUS,
];
const CUSTOM_CALL: &[Field] = &[
    TYPE,
    OWN_ID,
    CALL_ID,
    must("name", Kind::Text),
    must("input", Kind::Text),
    may("namespace", Kind::Text),
    may("async", Kind::Bool),
    CALLER,
    STATUS,
];
const OUTPUT: &[Field] = &[
    TYPE,
    OWN_ID,
    CALL_ID,
    must("output", Kind::Any),
    null("name", Kind::Text),
    null("namespace", Kind::Text),
    CALLER,
    STATUS,
];
/// Items of hosted and harness tools, which are taken back as they are.
const OTHERS: &[(&str, &[Field])] = &[
    (
        "web_search_call",
        &[
            TYPE,
            must("id", Kind::Id(ID)),
            must("action", Kind::Object),
            STATUS,
        ],
    ),
    (
        "local_shell_call",
        &[
            TYPE,
            must("id", Kind::Id(ID)),
            CALL_ID,
            must("action", Kind::Object),
            STATUS,
        ],
    ),
    (
        "local_shell_call_output",
        &[
            TYPE,
            must("id", Kind::Id(ID)),
            must("output", Kind::Text),
            STATUS,
        ],
    ),
    (
        "shell_call",
        &[
            TYPE,
            OWN_ID,
            CALL_ID,
            must("action", Kind::Object),
            CALLER,
            null("environment", Kind::Object),
            STATUS,
        ],
    ),
    (
        "shell_call_output",
        &[
            TYPE,
            OWN_ID,
            CALL_ID,
            must("output", Kind::List(0)),
            CALLER,
            null("max_output_length", Kind::Whole(0, i64::MAX)),
            STATUS,
        ],
    ),
    (
        "apply_patch_call",
        &[
            TYPE,
            OWN_ID,
            CALL_ID,
            must("operation", Kind::Object),
            CALLER,
            STATUS,
        ],
    ),
    (
        "apply_patch_call_output",
        &[
            TYPE,
            OWN_ID,
            CALL_ID,
            must("status", Kind::Word(&["completed", "failed"])),
            null("output", Kind::Text),
            CALLER,
        ],
    ),
    (
        "tool_search_call",
        &[
            TYPE,
            OWN_ID,
            null("call_id", Kind::Id(ID)),
            must("arguments", Kind::Any),
            may("execution", Kind::Word(&["server", "client"])),
            STATUS,
        ],
    ),
    (
        "tool_search_output",
        &[
            TYPE,
            OWN_ID,
            null("call_id", Kind::Id(ID)),
            must("tools", Kind::List(0)),
            may("execution", Kind::Word(&["server", "client"])),
            STATUS,
        ],
    ),
    (
        "additional_tools",
        &[
            TYPE,
            OWN_ID,
            must("role", Kind::Word(&["developer"])),
            must("tools", Kind::List(0)),
        ],
    ),
    (
        "compaction",
        &[TYPE, OWN_ID, must("encrypted_content", Kind::Text)],
    ),
    (
        "configuration_update",
        &[
            TYPE,
            OWN_ID,
            may("reasoning", Kind::Object),
            may("text", Kind::Object),
        ],
    ),
];
const BREAKPOINT: Field = null(
    "prompt_cache_breakpoint",
    Kind::Fields(&[
        must("mode", Kind::Word(&["explicit"])),
        may("ttl", Kind::Word(&["30m", "12h"])),
    ]),
);
const INPUT_TEXT: &[Field] = &[TYPE, must("text", Kind::Text), BREAKPOINT];
const OUTPUT_TEXT: &[Field] = &[
    TYPE,
    must("text", Kind::Text),
    may("annotations", Kind::List(0)),
    null("logprobs", Kind::List(0)),
];
const REFUSAL: &[Field] = &[TYPE, must("refusal", Kind::Text)];
const IMAGE: &[Field] = &[
    TYPE,
    null("detail", Kind::Word(&["auto", "low", "high", "original"])),
    null("file_id", Kind::Text),
    null("image_url", Kind::Text),
    BREAKPOINT,
];
const FILE: &[Field] = &[
    TYPE,
    may("detail", Kind::Word(&["auto", "low", "high"])),
    null("file_data", Kind::Text),
    null("file_id", Kind::Text),
    null("file_url", Kind::Text),
    null("filename", Kind::Text),
    BREAKPOINT,
];
const AUDIO: &[Field] = &[
    TYPE,
    must(
        "input_audio",
        Kind::Fields(&[
            must("data", Kind::Text),
            must("format", Kind::Word(&["wav", "mp3"])),
        ]),
    ),
    BREAKPOINT,
];

/// Checks every item; `store` is what the request says of it.
pub(super) fn check(items: &[Value], store: bool) -> Checked {
    let mut items = items.iter().enumerate();
    items.try_for_each(|(index, item)| self::item(&format!("input[{index}]"), item, store))
}

/// The kind of an item; a message may leave it out.
pub(super) fn kind(item: &Value) -> &str {
    item["type"].as_str().unwrap_or("message")
}

fn item(at: &str, item: &Value, store: bool) -> Checked {
    let fields = item
        .as_object()
        .ok_or_else(|| wrong_type(at, "an object", item))?;
    match kind(item) {
        "message" => message(at, item),
        "reasoning" => reasoning(at, item, store),
        "function_call" => {
            object(at, item, FUNCTION_CALL)?;
            id(at, fields, "fc")?;
            name(
                &inside(at, "name"),
                item["name"].as_str().unwrap_or_default(),
            )
        }
        "custom_tool_call" => {
            object(at, item, CUSTOM_CALL)?;
            id(at, fields, "ctc")?;
            name(
                &inside(at, "name"),
                item["name"].as_str().unwrap_or_default(),
            )
        }
        "function_call_output" | "custom_tool_call_output" => {
            object(at, item, OUTPUT)?;
            let parts = &["input_text", "input_image", "input_file"];
            content(&inside(at, "output"), &item["output"], parts)
        }
        "item_reference" => {
            object(at, item, &[TYPE, must("id", Kind::Id(ID))])?;
            Err(not_found(item["id"].as_str().unwrap_or_default(), store))
        }
        _ => other(at, item, fields),
    }
}

fn other(at: &str, item: &Value, fields: &Map<String, Value>) -> Checked {
    let mut known = vec![
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "custom_tool_call_output",
        "item_reference",
    ];
    known.extend(OTHERS.iter().map(|(kind, _)| *kind));
    let kind = tag(at, item, "type", &known)?;
    let table = OTHERS.iter().find(|(known, _)| *known == kind);
    object(at, item, table.map_or(&[], |(_, table)| table))?;
    if kind == "compaction" {
        sealed(at, fields)?;
    }
    if let Some(offered) = fields.get("tools").and_then(Value::as_array) {
        for (index, tool) in offered.iter().enumerate() {
            tools::tool(&format!("{at}.tools[{index}]"), tool)?;
        }
    }
    Ok(())
}

fn message(at: &str, message: &Value) -> Checked {
    let fields = object(at, message, MESSAGE)?;
    let at_content = inside(at, "content");
    let said = &message["content"];
    let parts: &[&str] = match tag(
        at,
        message,
        "role",
        &["user", "assistant", "system", "developer"],
    )? {
        "assistant" => {
            id(at, fields, "msg")?;
            &["output_text", "refusal"]
        }
        "user" => &["input_text", "input_image", "input_file", "input_audio"],
        _ => &["input_text", "input_image", "input_file"],
    };
    if message["role"] != "assistant" && fields.contains_key("phase") {
        return Err(wrong(
            &inside(at, "phase"),
            "'phase' is only allowed on messages of the role 'assistant'.",
        ));
    }
    content(&at_content, said, parts)
}

/// Checks a string, or parts of the kinds allowed.
fn content(at: &str, content: &Value, allowed: &[&str]) -> Checked {
    match content {
        Value::String(_) => Ok(()),
        Value::Array(parts) if parts.is_empty() => Err(empty_array(at)),
        Value::Array(parts) => {
            let mut parts = parts.iter().enumerate();
            parts.try_for_each(|(index, part)| self::part(&format!("{at}[{index}]"), part, allowed))
        }
        other => Err(wrong_type(at, "a string or an array of objects", other)),
    }
}

fn part(at: &str, part: &Value, allowed: &[&str]) -> Checked {
    let text = |name: &str| part[name].as_str();
    match tag(at, part, "type", allowed)? {
        "input_text" => object(at, part, INPUT_TEXT).map(|_| ()),
        "output_text" => object(at, part, OUTPUT_TEXT).map(|_| ()),
        "refusal" => object(at, part, REFUSAL).map(|_| ()),
        "input_image" => {
            object(at, part, IMAGE)?;
            match (text("image_url"), text("file_id")) {
                (Some(url), None) => media::image(&inside(at, "image_url"), url),
                (None, Some(id)) => Err(no_file(&inside(at, "file_id"), id)),
                _ => Err(wrong(
                    at,
                    "Exactly one of 'image_url' and 'file_id' is expected.",
                )),
            }
        }
        "input_audio" => {
            object(at, part, AUDIO)?;
            let data = part["input_audio"]["data"].as_str().unwrap_or_default();
            media::base64(&format!("{at}.input_audio.data"), data)
        }
        _ => {
            object(at, part, FILE)?;
            match (text("file_data"), text("file_url"), text("file_id")) {
                (Some(data), None, None) => {
                    if text("filename").is_none() {
                        let at = inside(at, "filename");
                        return Err(Refusal::bad(format!("Missing required parameter: '{at}'."))
                            .about(at)
                            .coded("missing_required_parameter"));
                    }
                    media::file(&inside(at, "file_data"), data)
                }
                (None, Some(url), None)
                    if url.starts_with("https://") || url.starts_with("http://") =>
                {
                    Ok(())
                }
                (None, Some(_), None) => Err(wrong(
                    &inside(at, "file_url"),
                    format!("Invalid '{at}.file_url'. Expected a valid URL."),
                )),
                (None, None, Some(id)) => Err(no_file(&inside(at, "file_id"), id)),
                _ => Err(wrong(
                    at,
                    "Exactly one of 'file_data', 'file_url' and 'file_id' is expected.",
                )),
            }
        }
    }
}

fn no_file(at: &str, id: &str) -> Refusal {
    wrong(at, format!("File with id '{id}' not found."))
}

fn reasoning(at: &str, item: &Value, store: bool) -> Checked {
    let fields = object(at, item, REASONING)?;
    id(at, fields, "rs")?;
    parts(&inside(at, "summary"), &item["summary"], "summary_text")?;
    if let Some(content) = item.get("content").filter(|content| !content.is_null()) {
        parts(&inside(at, "content"), content, "reasoning_text")?;
    }
    match fields.get("encrypted_content") {
        None | Some(Value::Null) => Err(not_found(item["id"].as_str().unwrap_or_default(), store)),
        Some(_) => sealed(at, fields),
    }
}

fn parts(at: &str, list: &Value, kind: &str) -> Checked {
    let list = list
        .as_array()
        .ok_or_else(|| wrong_type(at, "an array of objects", list))?;
    for (index, part) in list.iter().enumerate() {
        let at = format!("{at}[{index}]");
        tag(&at, part, "type", &[kind])?;
        object(&at, part, &[TYPE, must("text", Kind::Text)])?;
    }
    Ok(())
}

/// Encrypted content opens for whoever made it alone.
fn sealed(at: &str, fields: &Map<String, Value>) -> Checked {
    let content = fields
        .get("encrypted_content")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if seal::open(content).is_some() {
        return Ok(());
    }
    let start: String = content.chars().take(8).collect();
    Err(Refusal::bad(format!(
        "The encrypted content {start}... could not be verified. Reason: Encrypted content could not be decrypted or parsed."
    ))
    .about(inside(at, "encrypted_content"))
    .coded("invalid_encrypted_content"))
}

fn not_found(id: &str, store: bool) -> Refusal {
    let why = if store {
        ""
    } else {
        " Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input."
    };
    Refusal::bad(format!("Item with id '{id}' not found.{why}")).about("input")
}

/// An item's own id tells its kind.
fn id(at: &str, fields: &Map<String, Value>, prefix: &str) -> Checked {
    match fields.get("id").and_then(Value::as_str) {
        Some(id) if !id.starts_with(prefix) => {
            let at = inside(at, "id");
            Err(wrong(
                &at,
                format!("Invalid '{at}': '{id}'. Expected an ID that begins with '{prefix}'."),
            ))
        }
        _ => Ok(()),
    }
}
