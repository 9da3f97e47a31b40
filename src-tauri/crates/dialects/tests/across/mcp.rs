//! Servers of tools to which the provider connects.

use dialects::Dialect::{self, Anthropic, Ollama, OpenaiResponses};
use serde_json::{Value, json};

use super::provider::{CHAT, CLAUDE, GOOGLE, Provider, RESPONSES, sent};

const LOCAL: Provider = Provider::new(Ollama, "http://localhost:11434", "llama3.1");
const SELF_HOSTED: Provider = Provider::new(OpenaiResponses, "http://localhost:8000/v1", "m");

fn messages(servers: &Value, toolset: &Value) -> Value {
    json!({"max_tokens": 99, "messages": [{"role": "user", "content": "hi"}], "mcp_servers": servers, "tools": [toolset]})
}

fn responses(more: &Value) -> Value {
    let mut tool = json!({"type": "mcp", "server_label": "s", "server_url": "https://s.test/mcp"});
    for (name, value) in more.as_object().unwrap() {
        tool[name] = value.clone();
    }
    json!({"input": "hi", "tools": [tool]})
}

fn refused(from: Dialect, body: &Value, to: Provider) -> String {
    match sent(from, body, to) {
        Err(place) => place,
        Ok((body, _)) => panic!("{body}"),
    }
}

#[test]
fn a_server_is_connected_to_by_whoever_can() {
    let server = json!([{"type": "url", "name": "s", "url": "https://s.test/mcp", "authorization_token": "t"}]);
    let some = json!({"type": "mcp_toolset", "mcp_server_name": "s", "default_config": {"enabled": false},
        "configs": {"a": {"enabled": true}}});
    let tool = json!({"type": "mcp", "server_label": "s", "server_url": "https://s.test/mcp", "authorization": "t",
        "allowed_tools": ["a"], "require_approval": "never"});
    let asked = messages(&server, &some);
    let (body, lost) = sent(Anthropic, &asked, RESPONSES).unwrap();
    assert_eq!(body["tools"], json!([tool]));
    assert!(lost.is_empty(), "{lost:?}");
    let back = json!({"input": "hi", "tools": [tool]});
    let (body, lost) = sent(OpenaiResponses, &back, CLAUDE).unwrap();
    assert_eq!(
        (&body["tools"], &body["mcp_servers"]),
        (&json!([some]), &server)
    );
    assert!(lost.is_empty(), "{lost:?}");

    // All of its tools, and none of the credentials.
    let server = json!([{"type": "url", "name": "s", "url": "https://s.test/mcp"}]);
    let all = json!({"type": "mcp_toolset", "mcp_server_name": "s"});
    let (body, _) = sent(Anthropic, &messages(&server, &all), RESPONSES).unwrap();
    assert_eq!(
        body["tools"],
        responses(&json!({"require_approval": "never"}))["tools"]
    );
    // Who speaks the provider's dialect is told as they said it.
    let (body, _) = sent(Anthropic, &messages(&server, &all), CLAUDE).unwrap();
    assert_eq!(
        (&body["tools"], &body["mcp_servers"]),
        (&json!([all]), &server)
    );

    for to in [CHAT, GOOGLE, LOCAL, SELF_HOSTED] {
        assert_eq!(refused(Anthropic, &asked, to), "tools[0]", "{to:?}");
        if to.0 != OpenaiResponses {
            assert_eq!(refused(OpenaiResponses, &back, to), "tools[0]", "{to:?}");
        }
    }
}

#[test]
fn what_only_one_of_them_can_do_with_a_server_is_refused_where_it_stands() {
    let server = json!([{"type": "url", "name": "s", "url": "https://s.test/mcp"}]);
    let all_but_one = json!({"type": "mcp_toolset", "mcp_server_name": "s", "configs": {"a": {"enabled": false}}});
    let other = json!({"type": "mcp_toolset", "mcp_server_name": "other"});
    for (toolset, place) in [(all_but_one, "tools[0].configs"), (other, "mcp_servers")] {
        let asked = messages(&server, &toolset);
        assert_eq!(refused(Anthropic, &asked, RESPONSES), place);
        assert!(sent(Anthropic, &asked, CLAUDE).is_ok());
    }
    for (more, place) in [
        (json!({}), "tools[0].require_approval"),
        (
            json!({"require_approval": "always"}),
            "tools[0].require_approval",
        ),
        (
            json!({"require_approval": "never", "headers": {"a": "b"}}),
            "tools[0].headers",
        ),
        (
            json!({"require_approval": "never", "connector_id": "c"}),
            "tools[0].connector_id",
        ),
    ] {
        let asked = responses(&more);
        assert_eq!(refused(OpenaiResponses, &asked, CLAUDE), place);
        let (body, _) = sent(OpenaiResponses, &asked, RESPONSES).unwrap();
        assert_eq!(body["tools"], asked["tools"]);
    }
}
