//! Tools of one name in different groups (Responses `namespace`), which others know under flat names.

use std::{collections::HashSet, sync::Arc};

use dialects::{
    Dialect::{self, Anthropic, Gemini, Ollama, OpenaiChat, OpenaiResponses},
    Reply, Written,
    caps::Caps,
    ir::{Call, CallKind, Folder, Origin, Part, Request, unfold},
};
use serde_json::{Value, json};

use super::{calls::told, read, write};

fn function(name: &str) -> Value {
    json!({"type": "function", "name": name, "parameters": {"type": "object", "properties": {}}, "strict": false})
}

fn group(name: &str, tools: &[Value]) -> Value {
    json!({"type": "namespace", "name": name, "description": name, "tools": tools})
}

/// Two groups and no group, all with a `search`; a tool in no group that is called like one flattened; calls of each.
fn asked() -> Request {
    let call = |id: &str, name: &str, space: Option<&str>| {
        let mut call =
            json!({"type": "function_call", "call_id": id, "name": name, "arguments": "{}"});
        if let Some(space) = space {
            call["namespace"] = json!(space);
        }
        [
            call,
            json!({"type": "function_call_output", "call_id": id, "output": "x"}),
        ]
    };
    let mut input = vec![json!({"role": "user", "content": "Hi"})];
    input.extend(call("c1", "search", Some("github")));
    input.extend(call("c2", "search", Some("jira")));
    input.extend(call("c3", "search", None));
    input.extend(call("c4", "jira__search", None));
    input.extend(call("c5", "gone", Some("jira")));
    let body = json!({
        "model": "m", "input": input,
        "tools": [
            group("github", &[function("search")]),
            group("jira", &[function("search")]),
            function("search"),
            function("jira__search"),
        ],
        "tool_choice": {"type": "function", "name": "search"},
    });
    read(OpenaiResponses, &body)
}

fn declared(dialect: Dialect, body: &Value) -> Vec<String> {
    let names = match dialect {
        Anthropic | OpenaiResponses => "/tools/*/name",
        OpenaiChat | Ollama => "/tools/*/function/name",
        Gemini => "/tools/0/functionDeclarations/*/name",
    };
    let (list, name) = names.split_once("/*").unwrap();
    let tools = body.pointer(list).unwrap().as_array().unwrap();
    let name = |tool: &Value| tool.pointer(name).unwrap().as_str().unwrap().to_owned();
    tools.iter().map(name).collect()
}

/// The names of calls told of, without their ids.
fn called(dialect: Dialect, body: &Value) -> Vec<String> {
    let told = told(dialect, body);
    let calls = told.iter().filter(|line| line.starts_with("call "));
    let name = |line: &String| line.rsplit(' ').next().unwrap().to_owned();
    calls.map(name).collect()
}

#[test]
fn a_call_is_sent_under_the_name_of_its_own_group() {
    // PITFALLS 81, 94
    let mut request = asked();
    for dialect in Dialect::ALL {
        let (body, written) = write(&request, dialect, &Caps::default());
        let called = called(dialect, &body);
        let [github, jira, plain, like, gone] = &called[..] else {
            panic!("{body}")
        };
        assert_eq!(
            [github, jira, plain, gone],
            ["github__search", "jira__search", "search", "jira__gone"],
            "{dialect:?}"
        );
        assert!(like.starts_with("jira__search_"), "{like}");
        assert_eq!(called.iter().collect::<HashSet<_>>().len(), called.len());
        let choice = match dialect {
            Anthropic | OpenaiResponses => &body["tool_choice"]["name"],
            OpenaiChat => &body["tool_choice"]["function"]["name"],
            Gemini => &body["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"][0],
            Ollama => &body["tools"][0]["function"]["name"],
        };
        assert_eq!(choice, "search", "{body}");
        let known = |sent: &str| written.tools.client(sent).unwrap();
        let in_group = |group: &str| CallKind::Namespaced(group.to_owned());
        assert_eq!(known(github), ("search", &in_group("github")));
        assert_eq!(known(jira), ("search", &in_group("jira")));
        assert_eq!(known(plain), ("search", &CallKind::Function));
        assert_eq!(known(like), ("jira__search", &CallKind::Function));
    }
    // All are declared under the names that their calls have.
    request.tool_choice = dialects::ir::ToolChoice::Auto;
    for dialect in Dialect::ALL {
        let (body, _) = write(&request, dialect, &Caps::default());
        assert_eq!(declared(dialect, &body), called(dialect, &body)[..4]);
    }
}

#[test]
fn a_provider_that_has_groups_is_told_of_them() {
    let mut caps = Caps::default();
    caps.responses.namespaces = true;
    let (body, _) = write(&asked(), OpenaiResponses, &caps);
    let calls: Vec<(&Value, &Value)> = body["input"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["type"] == "function_call")
        .map(|item| (&item["name"], &item["namespace"]))
        .collect();
    let expected = [
        (json!("search"), json!("github")),
        (json!("search"), json!("jira")),
        (json!("search"), Value::Null),
        (json!("jira__search"), Value::Null),
        (json!("gone"), json!("jira")),
    ];
    assert_eq!(
        calls,
        expected
            .iter()
            .map(|(name, space)| (name, space))
            .collect::<Vec<_>>()
    );
}

/// What the client of `request` is told of calls under these names and groups: whole, then streamed.
fn back(request: &Request, written: &Written, calls: &[(&str, CallKind)]) -> [Vec<Value>; 2] {
    let part = |(name, kind): &(&str, CallKind)| {
        Part::Call(Call {
            id: format!("call_{name}"),
            name: (*name).to_owned(),
            kind: kind.clone(),
            arguments: dialects::json::Json::parse("{}").unwrap(),
            seal: None,
            cache: None,
            at: dialects::ir::At::default(),
        })
    };
    let answer = dialects::ir::Answer {
        parts: calls.iter().map(part).collect(),
        ..Default::default()
    };
    let reply = || Reply {
        request: Arc::new(request.clone()),
        tools: written.tools.clone(),
        request_id: "req".to_owned(),
        ..Reply::default()
    };
    let items = |value: &Value| -> Vec<Value> {
        let output = value["output"].as_array().unwrap();
        let told = |item: &Value| json!([item["name"], item["namespace"]]);
        output.iter().map(told).collect()
    };
    let mut whole = answer.clone();
    written.tools.restore_answer(&mut whole);
    let whole = OpenaiResponses.codec().write_answer(&whole, &reply());
    let whole = items(&serde_json::from_slice(&whole).unwrap());
    let mut writer = OpenaiResponses.codec().stream_writer(reply());
    let mut out = Vec::new();
    for mut event in unfold(answer) {
        written.tools.restore(&mut event);
        writer.write(&event, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    let last = text.rsplit("data: ").next().unwrap();
    let last: Value = serde_json::from_str(last.trim()).unwrap();
    [whole, items(&last["response"])]
}

#[test]
fn a_call_comes_back_as_the_tool_that_was_called() {
    // PITFALLS 81
    let request = asked();
    let expected = [
        json!(["search", "jira"]),
        json!(["search", null]),
        json!(["search", "github"]),
    ];
    let (_, flat) = write(&request, OpenaiChat, &Caps::default());
    let calls = ["jira__search", "search", "github__search"];
    let calls = calls.map(|name| (name, CallKind::Function));
    assert_eq!(back(&request, &flat, &calls), [&expected, &expected]);
    // A provider that knows groups tells them.
    let mut caps = Caps::default();
    caps.responses.namespaces = true;
    let (_, grouped) = write(&request, OpenaiResponses, &caps);
    let item = |space: Value| json!({"type": "function_call", "call_id": "c", "name": "search", "namespace": space, "arguments": "{}"});
    let output = [
        item(json!("jira")),
        item(Value::Null),
        item(json!("github")),
    ];
    let response = json!({"id": "r", "model": "m", "status": "completed", "output": output});
    let codec = OpenaiResponses.codec();
    let answer = codec
        .read_answer(response.to_string().as_bytes(), &Origin::default())
        .unwrap();
    let kinds = |parts: &[Part]| -> Vec<(&'static str, CallKind)> {
        let kind = |part: &Part| match part {
            Part::Call(call) => ("search", call.kind.clone()),
            other => panic!("{other:?}"),
        };
        parts.iter().map(kind).collect()
    };
    let whole = kinds(&answer.parts);
    assert_eq!(back(&request, &grouped, &whole), [&expected, &expected]);
    let mut reader = codec.stream_reader(&Origin::default());
    let (mut events, mut folder) = (Vec::new(), Folder::default());
    let done = json!({"type": "response.completed", "response": response});
    reader
        .read(None, done.to_string().as_bytes(), &mut events)
        .unwrap();
    reader.finish(&mut events).unwrap();
    for event in events {
        folder.push(event);
    }
    assert_eq!(kinds(&folder.finish().unwrap().parts), whole);
}
