//! The unified chat and the client paths of earlier tools.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{ADMIN, CLIENT, CONFIG, Home, House, refused, with_json};

async fn post(house: &House, path: &str, body: &Value) -> Response {
    let call = house.client.post(house.url(path)).bearer_auth(CLIENT);
    with_json(call, body).send().await.unwrap()
}

async fn whole(answer: Response) -> Value {
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn served_by(answer: &Response) -> String {
    let provider = &answer.headers()["x-turnout-provider"];
    provider.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_had_without_a_model_and_says_which_one_gave_it() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    for body in [
        json!({ "messages": [{ "role": "user", "content": "hello" }] }),
        json!({ "prompt": "hello", "system": "Be brief." }),
        json!({ "message": "hello", "model": "claude-haiku-4-5", "max_tokens": 50 }),
    ] {
        let answer = post(&house, "/api/chat", &body).await;
        assert_eq!(served_by(&answer), "first");
        let sent = answer.headers()["x-turnout-model"]
            .to_str()
            .unwrap()
            .to_owned();
        let told = whole(answer).await;
        assert!(!told["content"].as_str().unwrap().is_empty(), "{told}");
        assert_eq!(told["_actual_model_used"], sent, "{told}");
        assert!(
            told["usage"]["completion_tokens"].as_u64() > Some(0),
            "{told}"
        );
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_of_its_rules_that_fits_says_where_a_chat_goes() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let cases = [
        (json!({ "provider": "spare" }), "spare"),
        (json!({ "group": "second" }), "other"),
        (json!({ "use": { "group": "second" } }), "other"),
        (
            json!([
                { "when": { "keyword": ["nothing"] }, "use": { "provider": "spare" } },
                { "when": { "keyword": ["refactor"] }, "use": { "provider": "other" } },
                { "provider": "spare" },
            ]),
            "other",
        ),
        // None fits: the settings decide.
        (
            json!([{ "when": { "has_images": true }, "use": { "provider": "spare" } }]),
            "first",
        ),
        (json!([]), "first"),
        (Value::Null, "first"),
    ];
    for (rules, expected) in cases {
        let body = json!({ "prompt": "refactor this", "routing_rules": rules });
        let answer = post(&house, "/api/chat", &body).await;
        assert_eq!(served_by(&answer), expected, "{rules}");
        whole(answer).await;
    }
    let model = json!({ "prompt": "x", "routing_rules": { "model": "chosen", "max_tokens": 9 } });
    let told = whole(post(&house, "/api/chat", &model).await).await;
    assert_eq!(told["_actual_model_used"], "chosen");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_with_its_name() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let cases = [
        (json!({}), "messages: the field is missing"),
        (
            json!({ "prompt": "a", "messages": [] }),
            "cannot both be given",
        ),
        (json!({ "prompt": 1 }), "must be one text"),
        (json!({ "messages": "a" }), "must be a list"),
        (json!([]), "must be a JSON object"),
        (
            json!({ "prompt": "a", "routing_rules": { "group": "none" } }),
            "none",
        ),
        (
            json!({ "prompt": "a", "routing_rules": { "grupo": "main" } }),
            "grupo",
        ),
        (
            json!({ "prompt": "a", "routing_rules": "main" }),
            "is no rule",
        ),
        // The environment is the owner's.
        (
            json!({ "prompt": "a", "routing_rules": { "group": "${PATH}" } }),
            "only read in the config",
        ),
    ];
    for (body, expected) in cases {
        let answer = post(&house, "/api/chat", &body).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{body}");
        let id = answer.headers()["x-turnout-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let message = told["error"]["message"].as_str().unwrap();
        assert!(
            message.contains(expected) && message.contains(&id),
            "{body}: {message}"
        );
    }
    // Without a token nothing is said about the body.
    let call = house.client.post(house.url("/api/chat"));
    let answer = with_json(call, &json!({})).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_chat_comes_in_pieces_and_ends_with_its_model() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let body = json!({ "prompt": "hello", "stream": true });
    let answer = post(&house, "/api/chat", &body).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers().get_all("cache-control").iter().count(), 1);
    let text = answer.text().await.unwrap();
    let mut events: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .collect();
    assert_eq!(events.pop(), Some("[DONE]"), "{text}");
    let last: Value = serde_json::from_str(events.pop().unwrap()).unwrap();
    assert_eq!(
        (&last["done"], &last["finish_reason"]),
        (&json!(true), &json!("stop"))
    );
    assert!(last["_actual_model_used"].is_string(), "{last}");
    assert!(
        last["usage"]["completion_tokens"].as_u64() > Some(0),
        "{last}"
    );
    let said: String = events
        .iter()
        .map(|event| serde_json::from_str::<Value>(event).unwrap())
        .map(|event| event["content"].as_str().unwrap().to_owned())
        .collect();
    let told = whole(post(&house, "/api/chat", &json!({ "prompt": "hello" })).await).await;
    assert_eq!(told["content"], said);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_paths_of_earlier_tools_answer_to_the_client_token() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let body = json!({ "prompt": "hello", "system": "Be brief.", "routing_rules": { "provider": "spare" } });
    let answer = post(&house, "/api/claude", &body).await;
    assert_eq!(served_by(&answer), "spare");
    let told = whole(answer).await;
    assert_eq!(
        (&told["type"], &told["content"][0]["type"]),
        (&json!("message"), &json!("text"))
    );
    let chat = json!({ "model": "m", "messages": [{ "role": "user", "content": "hello" }] });
    let answer = post(&house, "/v1/other/completions", &chat).await;
    assert_eq!(served_by(&answer), "other");
    let told = whole(answer).await;
    assert_eq!(told["object"], "chat.completion");
    let answer = post(&house, "/v1/nobody/completions", &chat).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);

    let models = async |path: &str| {
        let call = house.client.get(house.url(path)).bearer_auth(CLIENT);
        whole(call.send().await.unwrap()).await
    };
    assert_eq!(models("/models").await, models("/v1/models").await);
    for path in ["/models", "/api/claude"] {
        let call = house.client.get(house.url(path)).bearer_auth("wrong");
        let status = call.send().await.unwrap().status().as_u16();
        assert!([401, 405].contains(&status), "{path}: {status}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_paths_of_earlier_tools_answer_to_the_admin_token_alone() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let get = async |path: &str| {
        let call = house.client.get(house.url(path)).bearer_auth(ADMIN);
        whole(call.send().await.unwrap()).await
    };
    assert_eq!(get("/providers").await, house.get("/providers").await);
    assert_eq!(get("/v1/admin/stats").await["active_group"], "main");
    let info = get("/v1/admin/security/key-info").await;
    assert_eq!(info["masked"], "…6789");
    assert!(!info.to_string().contains(ADMIN));
    let reload = house.client.post(house.url("/providers/reload"));
    let told = whole(reload.bearer_auth(ADMIN).send().await.unwrap()).await;
    assert_eq!(told["reloaded"], true);
    let cases = [
        (
            json!({ "token": ADMIN }),
            json!({ "valid": true, "name": "admin", "scopes": ["admin"] }),
        ),
        (
            json!({ "key": CLIENT }),
            json!({ "valid": true, "name": "local", "scopes": ["inference"] }),
        ),
        (
            json!({ "token": "wrong" }),
            json!({ "valid": false, "name": null, "scopes": [] }),
        ),
    ];
    let validate = "/v1/admin/security/validate-key";
    for (body, expected) in cases {
        let call = house.client.post(house.url(validate)).bearer_auth(ADMIN);
        let told = whole(with_json(call, &body).send().await.unwrap()).await;
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&told[field], value, "{field}");
        }
    }
    for path in [
        "/providers",
        "/v1/admin/stats",
        "/v1/admin/security/key-info",
    ] {
        let call = house.client.get(house.url(path)).bearer_auth(CLIENT);
        assert_eq!(refused(call).await.0, 401, "{path}");
    }
    for path in ["/providers/reload", validate] {
        let call = house.client.post(house.url(path)).bearer_auth(CLIENT);
        assert_eq!(refused(with_json(call, &json!({}))).await.0, 401, "{path}");
    }
    house.daemon.stop().await;
}
