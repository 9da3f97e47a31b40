//! Tools that Anthropic names by a type and the client runs: the model knows them without being told. For models that
//! do not, they are functions with these schemas.

use serde_json::{Value, json};

use crate::json::Json;

/// A typed tool that the client runs.
pub(super) struct ClientTool {
    pub(super) description: &'static str,
    schema: fn() -> Value,
}

impl ClientTool {
    /// JSON Schema of its arguments.
    pub(super) fn schema(&self) -> Json {
        Json::from(&(self.schema)())
    }
}

/// The tool of this type, if the client runs it.
pub(super) fn of_type(kind: &str) -> Option<&'static ClientTool> {
    const TOOLS: [(&str, ClientTool); 4] = [
        (
            "bash_",
            ClientTool {
                description: "Runs a command in a persistent bash session and gives back its output.",
                schema: bash,
            },
        ),
        (
            "text_editor_",
            ClientTool {
                description: "Views, creates and edits text files. Paths are absolute, lines are counted from 1.",
                schema: text_editor,
            },
        ),
        (
            "memory_",
            ClientTool {
                description: "Keeps notes in files under /memories that outlast the conversation.",
                schema: memory,
            },
        ),
        (
            "computer_",
            ClientTool {
                description: "Uses mouse and keyboard of a computer and takes screenshots of it. Coordinates are pixels from the top left corner.",
                schema: computer,
            },
        ),
    ];
    static TABLE: [(&str, ClientTool); 4] = TOOLS;
    let dated = |rest: &str| rest.len() == 8 && rest.bytes().all(|byte| byte.is_ascii_digit());
    TABLE
        .iter()
        .find(|(prefix, _)| kind.strip_prefix(prefix).is_some_and(dated))
        .map(|(_, tool)| tool)
}

fn bash() -> Value {
    json!({
        "type": "object",
        "properties": {
            "command": {"type": "string", "description": "The command to run."},
            "restart": {"type": "boolean", "description": "Starts the session anew instead."},
        },
    })
}

fn text_editor() -> Value {
    json!({
        "type": "object",
        "properties": {
            "command": {"type": "string", "enum": ["view", "create", "str_replace", "insert"]},
            "path": {"type": "string", "description": "The file or directory."},
            "view_range": {
                "type": "array", "items": {"type": "integer"},
                "description": "For view: the first and the last line; -1 is the end.",
            },
            "file_text": {"type": "string", "description": "For create: the whole text."},
            "old_str": {"type": "string", "description": "For str_replace: what is replaced; it must occur once."},
            "new_str": {"type": "string", "description": "For str_replace: what stands there instead."},
            "insert_line": {"type": "integer", "description": "For insert: the line behind which the text comes."},
            "insert_text": {"type": "string", "description": "For insert: the text."},
        },
        "required": ["command", "path"],
    })
}

fn memory() -> Value {
    json!({
        "type": "object",
        "properties": {
            "command": {"type": "string", "enum": ["view", "create", "str_replace", "insert", "delete", "rename"]},
            "path": {"type": "string", "description": "The file or directory."},
            "view_range": {"type": "array", "items": {"type": "integer"}},
            "file_text": {"type": "string"},
            "old_str": {"type": "string"},
            "new_str": {"type": "string"},
            "insert_line": {"type": "integer"},
            "insert_text": {"type": "string"},
            "old_path": {"type": "string", "description": "For rename."},
            "new_path": {"type": "string", "description": "For rename."},
        },
        "required": ["command"],
    })
}

fn computer() -> Value {
    let point = json!({"type": "array", "items": {"type": "integer"}, "description": "x and y."});
    json!({
        "type": "object",
        "properties": {
            "action": {"type": "string", "enum": [
                "screenshot", "cursor_position", "mouse_move", "left_click", "right_click", "middle_click",
                "double_click", "triple_click", "left_click_drag", "left_mouse_down", "left_mouse_up", "scroll",
                "type", "key", "hold_key", "wait", "zoom",
            ]},
            "coordinate": point,
            "start_coordinate": point,
            "text": {"type": "string", "description": "What to type, or the keys to press."},
            "duration": {"type": "number", "description": "Seconds."},
            "scroll_direction": {"type": "string", "enum": ["up", "down", "left", "right"]},
            "scroll_amount": {"type": "integer"},
            "region": {"type": "array", "items": {"type": "integer"}, "description": "For zoom: x0, y0, x1, y1."},
        },
        "required": ["action"],
    })
}
