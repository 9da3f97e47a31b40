//! Client tokens and the admin token: made, bounded, taken away, renewed.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{ADMIN, CLIENT, CONFIG, Home, House, refused, with_json};

async fn value(answer: Response) -> Value {
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// A new token with these fields.
async fn made(house: &House, fields: Value) -> String {
    let told = house.post("/tokens", Some(fields)).await;
    let token = told["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("turnout-") && token.len() > 40);
    token
}

async fn listed(house: &House, name: &str) -> Value {
    let all = house.get("/tokens").await;
    let all = all["items"].as_array().unwrap();
    all.iter().find(|one| one["name"] == name).unwrap().clone()
}

async fn ask(house: &House, token: &str, path: &str, model: &str) -> Response {
    let body = json!({
        "model": model,
        "max_tokens": 100,
        "messages": [{ "role": "user", "content": "hello" }],
    });
    let call = house
        .client
        .post(house.url(path))
        .header("x-api-key", token);
    with_json(call, &body).send().await.unwrap()
}

async fn asked(house: &House, token: &str) -> StatusCode {
    ask(house, token, "/v1/messages", "claude-haiku-4-5")
        .await
        .status()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_once_works_is_listed_masked_and_goes() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let fields = json!({
        "name": "ci",
        "groups": ["second"],
        "models": ["claude-*"],
        "limits": {"rpm": 60, "usd": 2.5, "per": "week"},
        "expires_at": "2999-01-31T00:00:00Z",
    });
    let token = made(&house, fields.clone()).await;
    assert_eq!(asked(&house, &token).await, StatusCode::OK);
    let told = listed(&house, "ci").await;
    assert_eq!(told["scopes"], json!(["inference"]));
    assert_eq!(told["groups"], json!(["second"]));
    assert_eq!(told["models"], json!(["claude-*"]));
    assert_eq!(told["limits"]["rpm"], 60);
    assert_eq!(told["limits"]["usd"], 2.5);
    assert_eq!(told["limits"]["per"], "week");
    assert_eq!(told["expires_at"], "2999-01-31T00:00:00Z");
    assert_eq!(told["expired"], false);
    assert!(told["created_at"].is_string(), "{told}");
    let masked = told["masked"].as_str().unwrap();
    assert!(token.ends_with(masked.trim_start_matches('…')));
    assert!(!house.get("/tokens").await.to_string().contains(&token));

    // Its value stands in one file of its own, as there is no keychain, and in no other.
    let files = home.files_with(&token);
    assert_eq!(files.len(), 1, "{files:?}");
    let text = std::fs::read_to_string(home.config()).unwrap();
    assert!(text.contains("name = \"local\"") && text.contains("name = \"ci\""));

    let again = with_json(house.call(Method::POST, "/tokens"), &fields);
    assert_eq!(refused(again).await, (409, "conflict".to_owned()));
    let gone = house.call(Method::DELETE, "/tokens/ci");
    assert_eq!(gone.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(asked(&house, &token).await, StatusCode::UNAUTHORIZED);
    assert_eq!(asked(&house, CLIENT).await, StatusCode::OK);
    assert!(home.files_with(&token).is_empty());
    let unknown = house.call(Method::DELETE, "/tokens/ci");
    assert_eq!(refused(unknown).await, (404, "not_found".to_owned()));
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_was_used_for_is_told_with_it() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let token = made(&house, json!({"name": "ci"})).await;
    assert_eq!(listed(&house, "ci").await["last_used_at"], Value::Null);
    let answer = ask(&house, &token, "/v1/messages", "claude-haiku-4-5").await;
    let id = answer.headers()["x-turnout-request-id"].to_str().unwrap();
    let request = house.completed(id).await;
    let told = listed(&house, "ci").await;
    assert_eq!(told["last_used_at"], request["started_at"]);
    assert_eq!(told["today"]["requests"], 1);
    assert!(told["today"]["cost_usd"].is_string(), "{told}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_token_is_refused_and_changes_nothing() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let before = std::fs::read_to_string(home.config()).unwrap();
    for (fields, part) in [
        (json!({}), "name"),
        (json!({"name": " "}), "name"),
        (json!({"name": "a", "token": "sk-1"}), "token"),
        (json!({"name": "a", "scopes": ["all"]}), "admin:write"),
        (json!({"name": "a", "scopes": []}), "scopes"),
        (json!({"name": "a", "groups": ["nobody"]}), "nobody"),
        (json!({"name": "a", "limits": {"rpm": 0}}), "limits.rpm"),
        (json!({"name": "a", "limits": {"usd": 0}}), "limits.usd"),
        (json!({"name": "a", "expires_at": "soon"}), "expires_at"),
        (
            json!({"name": "a", "expires_at": "2001-01-31T00:00:00Z"}),
            "is over",
        ),
        (json!({"name": "a", "colour": "red"}), "colour"),
        (json!({"name": "bad name!"}), "letters"),
        (json!({"name": "a".repeat(65)}), "64"),
    ] {
        let call = with_json(house.call(Method::POST, "/tokens"), &fields);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{fields}");
        let told = value(answer).await["error"]["message"].to_string();
        assert!(told.contains(part), "{fields}: {told}");
    }
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), before);
    assert!(!home.data().join("tokens/client-a").exists());
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_refused_with_the_reason() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let token = made(&house, json!({"name": "old"})).await;
    // A token that is over from the start is not made; this one runs out by hand.
    let text = std::fs::read_to_string(home.config()).unwrap();
    let named = r#"name = "old","#;
    assert!(text.contains(named), "{text}");
    let expires = format!(r#"{named} expires_at = "2001-01-31T00:00:00Z","#);
    home.write("config.toml", &text.replace(named, &expires));
    house.post("/config/reload", None).await;
    let answer = ask(&house, &token, "/v1/messages", "claude-haiku-4-5").await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let told = value(answer).await["error"]["message"].to_string();
    assert!(told.contains("old has expired"), "{told}");
    let checked = json!({ "token": token });
    let checked = house.post("/tokens/validate", Some(checked)).await;
    let facts = ["valid", "name", "scopes", "expires_at"].map(|field| checked[field].clone());
    let expected = [
        json!(false),
        json!("old"),
        json!([]),
        json!("2001-01-31T00:00:00Z"),
    ];
    assert_eq!(facts, expected);
    assert_eq!(listed(&house, "old").await["expired"], true);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_bounded_otherwise_and_stays_the_same() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let token = made(
        &house,
        json!({"name": "ci", "limits": {"rpm": 60}, "groups": ["main"]}),
    )
    .await;
    let put = async |fields: Value| {
        let call = with_json(house.call(Method::PUT, "/tokens/ci"), &fields);
        call.send().await.unwrap()
    };
    let fields =
        json!({"models": ["claude-sonnet-*"], "limits": {"usd": 2.5, "rpm": null}, "groups": null});
    let told = value(put(fields).await).await;
    assert_eq!(
        (&told["limits"]["rpm"], &told["limits"]["usd"]),
        (&json!(null), &json!(2.5))
    );
    assert_eq!(
        (&told["groups"], &told["models"]),
        (&json!([]), &json!(["claude-sonnet-*"]))
    );
    assert_eq!(asked(&house, &token).await, StatusCode::FORBIDDEN);
    // What was read may be sent back.
    let told = value(put(listed(&house, "ci").await).await).await;
    assert_eq!(told["models"], json!(["claude-sonnet-*"]));
    let checked = house
        .post("/tokens/validate", Some(json!({ "token": token })))
        .await;
    assert_eq!(
        (&checked["valid"], &checked["limits"]["usd"]),
        (&json!(true), &json!(2.5))
    );
    for (fields, status) in [
        (json!({"name": "other"}), 400),
        (json!({"token": "sk-1"}), 400),
        (json!({"expires_at": "2001-01-31T00:00:00Z"}), 400),
        (json!({"groups": ["nobody"]}), 400),
    ] {
        assert_eq!(put(fields.clone()).await.status(), status, "{fields}");
    }
    let call = with_json(
        house.call(Method::PUT, "/tokens/nope"),
        &json!({"models": []}),
    );
    let (status, told) = refused(call).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{told}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_of_the_config_are_for_the_admin_token_alone() {
    let commented = "# call 555-0100 first\n[routing] # mine\n# lines\nmode = \"auto\" # why\n\
        [[providers]]\nname = \"last\" # secret\ndialect = \"practice\"\nmodels.big = [ # in\n  \"#1\", # one\n  # two\n]\n# end\n";
    let home = Home::new(&format!("{CONFIG}{commented}"));
    let house = home.start().await;
    let reads = made(&house, json!({"name": "reads", "scopes": ["admin:read"]})).await;
    let config = async |token: &str| {
        let call = house.bare(Method::GET, "/config").bearer_auth(token);
        let answer = call.send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&answer).unwrap()
    };
    let whole = config(ADMIN).await;
    let bare = config(&reads).await;
    assert_eq!(whole["etag"], bare["etag"]);
    let texts = [whole, bare].map(|told| told["toml"].as_str().unwrap().to_owned());
    for comment in ["# call 555", "# mine", "# why", "# in", "# two", "# end"] {
        assert!(texts[0].contains(comment), "{}", texts[0]);
    }
    assert!(
        !texts[1].contains("# ") && texts[1].contains("#1"),
        "{}",
        texts[1]
    );
    let meant = texts.map(|text| toml::from_str::<Value>(&text).unwrap());
    assert_eq!(meant[0], meant[1], "only comments are missing");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_open_what_they_name_and_nothing_else() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let token = async |name: &str, scope: &str| {
        made(&house, json!({"name": name, "scopes": [scope]})).await
    };
    let lists = token("lists", "models").await;
    let reads = token("reads", "admin:read").await;
    let writes = token("writes", "admin:write").await;
    let infers = token("infers", "inference").await;
    let models = async |token: &str| {
        let call = house.client.get(house.url("/v1/models"));
        call.bearer_auth(token).send().await.unwrap().status()
    };
    let admin = async |method: Method, path: &str, token: &str| {
        let call = house.bare(method, path).bearer_auth(token);
        let call = with_json(call, &json!({"name": "more"}));
        call.send().await.unwrap().status().as_u16()
    };
    for (token, list, call, read, write) in [
        (&lists, 200, 403, 401, 401),
        (&reads, 403, 403, 200, 403),
        (&writes, 403, 403, 200, 200),
        (&infers, 200, 200, 401, 401),
    ] {
        let pause = "/groups/second/pause";
        assert_eq!(models(token).await.as_u16(), list);
        assert_eq!(asked(&house, token).await.as_u16(), call);
        assert_eq!(admin(Method::GET, "/status", token).await, read);
        assert_eq!(admin(Method::POST, pause, token).await, write);
    }
    let question = json!({ "path": "/v1/messages", "body": { "model": "x" }, "toml": "" });
    for path in ["/config/check", "/rules/explain"] {
        let call = house.bare(Method::POST, path).bearer_auth(&reads);
        let status = with_json(call, &question).send().await.unwrap().status();
        assert_eq!(status, StatusCode::OK, "{path}: a question changes nothing");
    }
    let mut paid = question;
    paid["embed"] = true.into();
    for (token, status) in [(&reads, 403), (&writes, 403), (&ADMIN.to_owned(), 200)] {
        let call = house
            .bare(Method::POST, "/rules/explain")
            .bearer_auth(token);
        let answer = with_json(call, &paid).send().await.unwrap();
        assert_eq!(answer.status(), status, "embeddings may cost");
    }
    // Nobody gets more by a token than it names.
    for path in [
        "/tokens",
        "/tokens/admin/rotate",
        "/session",
        "/import/config",
        "/import/claude-logs",
        "/providers",
        "/providers/nope/keys",
        "/providers/nope/keys/nope-0/rotate",
        "/requests/req-0/replay",
    ] {
        assert_eq!(admin(Method::POST, path, &writes).await, 403, "{path}");
    }
    assert_eq!(admin(Method::PUT, "/tokens/lists", &writes).await, 403);
    assert_eq!(admin(Method::PUT, "/providers/nope", &writes).await, 403);
    for path in ["/providers/nope/disable", "/providers/nope/reset"] {
        let status = admin(Method::POST, path, &writes).await;
        assert_eq!(status, 404, "{path}: it may, but there is none");
    }
    for token in [&reads, &writes] {
        assert_eq!(admin(Method::GET, "/connect", token).await, 403);
        for path in ["/session", "/ui-link"] {
            assert_eq!(admin(Method::POST, path, token).await, 403, "{path}");
        }
    }
    let entries = house.get("/audit?q=group.pause").await;
    let actors = entries["items"].as_array().unwrap().iter();
    let actors = actors.map(|entry| (entry["actor"].clone(), entry["result"].clone()));
    let actors: Vec<_> = actors.collect();
    let told = |actor: &str, result: &str| (json!(actor), json!(result));
    let expected = [told("token writes", "done"), told("token reads", "refused")];
    assert_eq!(actors, expected);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_admin_token_ends_the_old_one_and_all_sessions_at_once() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let link = house.daemon.ui_link();
    let entered = house.client.get(&link).send().await.unwrap();
    let cookie = entered.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();

    let told = house.post("/tokens/admin/rotate", None).await;
    let token = told["token"].as_str().unwrap().to_owned();
    assert_ne!(token, ADMIN);
    let with_token = |token: &str| house.bare(Method::GET, "/status").bearer_auth(token);
    assert_eq!(refused(with_token(ADMIN)).await.0, 401);
    let with_cookie = house.bare(Method::GET, "/status").header("cookie", &cookie);
    assert_eq!(refused(with_cookie).await.0, 401);
    let good = with_token(&token).send().await.unwrap();
    assert_eq!(good.status(), StatusCode::OK);
    // The command line finds it by the config.
    let found = daemon::Running::find(&home.options()).await.unwrap();
    let same = secrecy::ExposeSecret::expose_secret(&found.token) == token;
    assert!(same);
    house.daemon.stop().await;
    let house = home.start().await;
    let kept = house.bare(Method::GET, "/status").bearer_auth(&token);
    assert_eq!(kept.send().await.unwrap().status(), StatusCode::OK);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_turnout_asks_by_itself_needs_no_token_and_clients_get_one_that_is_good() {
    let bounded = r#"{ name = "old", token = "file:old", expires_at = "2020-01-01T00:00:00Z" },
        { name = "ci", token = "file:ci", groups = ["second"] },
        { name = "reader", token = "file:reader", scopes = ["admin:read"] },"#;
    let config = CONFIG.replace("client_tokens = [", &format!("client_tokens = [{bounded}"));
    let home = Home::new(&format!("{config}\n[ledger]\ncapture_bodies = \"all\"\n"));
    for name in ["old", "ci", "reader"] {
        home.write(name, &format!("{name}-token-for-tests-0123456789"));
    }
    let house = home.start().await;
    let tried = house.post("/providers/first/test", None).await;
    assert_eq!(tried["ok"], true, "{tried}");
    let asked = house.ask(false).await;
    let id = asked.headers()["x-turnout-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    house.completed(&id).await;
    crate::support::until(async || {
        let bodies = house.get(&format!("/requests/{id}/bodies")).await;
        (bodies["items"].as_array().unwrap().len() > 1).then_some(())
    })
    .await;
    let replayed = house
        .post(&format!("/requests/{id}/replay"), Some(json!({})))
        .await;
    assert_eq!(replayed["replay"]["provider"], "first", "{replayed}");
    assert_eq!(house.get("/connect").await["token"], CLIENT);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_token_that_cannot_be_taken_in_is_none() {
    let home = Home::new(CONFIG);
    let options = daemon::Options {
        listen: Some(([0, 0, 0, 0], 0).into()),
        ..home.options()
    };
    let house = House::of(daemon::Daemon::start(options).await.unwrap());
    let open = CONFIG.replace("[server]", "[server]\nrequire_token = false");
    home.write("config.toml", &open);
    let rotate = house.call(Method::POST, "/tokens/admin/rotate");
    assert_eq!(refused(rotate).await.0, 409);
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), open);
    home.write("config.toml", CONFIG);
    house.post("/reload", None).await;
    assert!(!home.data().join("tokens/admin").exists());

    // Nor is a client token left behind that nobody was told.
    home.write("config.toml", &open);
    let add = with_json(
        house.call(Method::POST, "/tokens"),
        &json!({ "name": "ci" }),
    );
    assert_eq!(refused(add).await.0, 409);
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), open);
    house.daemon.stop().await;
}
