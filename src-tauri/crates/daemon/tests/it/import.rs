//! Moving in: files of other tools become a config that serves, their keys go to the keychain, and nothing is taken twice.

use std::path::{Path, PathBuf};

use daemon::import::{Source, import_alone};
use daemon::secrets::Keychain;
use daemon::{Daemon, Options};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{CLIENT, CONFIG, Home, House, refused, with_json};

/// A config as the first start leaves it: nothing but practice, with comments.
const PRACTICE: &str = r#"version = 1 # mine

[server]
client_tokens = [{ name = "local", token = "file:client" }]
admin_token = "file:admin"

# The built-in stand-in.
[[providers]]
name = "practice"
dialect = "practice"

[[groups]]
name = "practice" # stays
members = [{ provider = "practice" }]
"#;

/// A file, the key that its first provider has, what is asked for, and the token that its clients have.
const FILES: [(&str, &str, &str, Option<&str>); 8] = [
    (
        "providers.json",
        "sk-relay-0123456789abcdef",
        "claude-opus-4-5",
        None,
    ),
    (
        "providers.yaml",
        "sk-gac-0123456789abcdef",
        "claude-sonnet-4-5",
        None,
    ),
    (
        "forwarder.yaml",
        "sk-main-0123456789abcdef",
        "claude-sonnet-4-5",
        Some("forwarder-client-token-0123456789"),
    ),
    (
        "claude-code-router.json",
        "sk-deepseek-0123456789abcdef",
        "claude-sonnet-4-5",
        Some("router-client-token-0123456789"),
    ),
    (
        "cc-switch.json",
        "sk-team-0123456789abcdef",
        "claude-opus-4-5",
        None,
    ),
    (
        "litellm.yaml",
        "sk-openai-0123456789abcdef",
        "gpt-4o",
        Some("sk-master-0123456789abcdef"),
    ),
    (
        "proxy.env",
        "sk-env-0123456789abcdef",
        "claude-sonnet-4-5",
        Some("client-secret-0123456789"),
    ),
    (
        "keys.env",
        "sk-relay-0123456789abcdef",
        "claude-sonnet-4-5",
        None,
    ),
];

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../imports/tests/fixtures");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// A practice provider on a port of its own that wants this key.
async fn upstream(key: &str) -> (String, DropGuard) {
    let options = practice::Options {
        require_key: Some(key.to_owned()),
        ..practice::Options::default()
    };
    let provider = practice::Provider::new(options).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    tokio::spawn(practice::serve(
        listener,
        provider,
        stop.clone().cancelled_owned(),
    ));
    (base, stop.drop_guard())
}

/// The fixture with the host of its first provider replaced, and all others at an address where nobody is.
async fn served(name: &str, key: &str) -> (String, DropGuard) {
    let (base, running) = upstream(key).await;
    let text = fixture(name).replace("https://relay.example/claudecode", &base);
    let text = text.replace("https://relay.example", &base);
    (text, running)
}

fn keychain() -> Keychain {
    let store = keyring_core::mock::Store::new().unwrap();
    Keychain::with(move || Ok(store.clone()))
}

fn options(home: &Home) -> Options {
    Options {
        keychain: keychain(),
        ..home.options()
    }
}

async fn start(options: Options) -> House {
    House::of(Daemon::start(options).await.unwrap())
}

async fn take(house: &House, body: Value) -> Value {
    house.post("/import/config", Some(body)).await
}

/// The provider that answers a request for a model.
async fn asked(house: &House, model: &str, token: &str) -> String {
    let body = json!({
        "model": model,
        "max_tokens": 100,
        "messages": [{ "role": "user", "content": "hello" }],
    });
    let call = house
        .client
        .post(house.url("/v1/messages"))
        .header("x-api-key", token);
    let answer = with_json(call, &body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let text = answer.text().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{text}");
    headers["x-turnout-provider"].to_str().unwrap().to_owned()
}

fn names(told: &Value, field: &str) -> Vec<String> {
    let names = told[field].as_array().unwrap().iter();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_file_becomes_a_config_that_serves_and_is_taken_in_once() {
    for (name, key, model, token) in FILES {
        let (text, _running) = served(name, key).await;
        let home = Home::new(PRACTICE);
        home.write(name, &text);
        let house = start(options(&home)).await;
        let path = home.path().join(name);

        let told = take(&house, json!({ "path": path, "dry_run": true })).await;
        assert_eq!(
            std::fs::read_to_string(home.config()).unwrap(),
            PRACTICE,
            "{name}"
        );
        let told_then = take(&house, json!({ "path": path })).await;
        assert_eq!(
            told["toml"], told_then["toml"],
            "{name}: the dry run told something else"
        );

        let provider = asked(&house, model, CLIENT).await;
        assert!(
            names(&told_then, "providers").contains(&provider),
            "{name}: {provider} answered"
        );
        if let Some(token) = token {
            asked(&house, model, token).await;
        }
        let config = std::fs::read_to_string(home.config()).unwrap();
        for comment in ["# mine", "# The built-in stand-in.", "# stays"] {
            assert!(
                config.contains(comment),
                "{name}: {comment} is gone from\n{config}"
            );
        }
        let again = take(&house, json!({ "text": text })).await;
        assert_eq!(again["toml"], "", "{name} was taken in twice");
        assert!(!again["known"].as_array().unwrap().is_empty(), "{name}");
        assert_eq!(
            std::fs::read_to_string(home.config()).unwrap(),
            config,
            "{name}"
        );
        house.daemon.stop().await;
        // The source itself is all that holds its keys.
        assert_eq!(home.files_with(key), vec![path], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_of_cc_switch_is_read_as_it_lies_there() {
    use sqlx::ConnectOptions as _;
    let (base, _running) = upstream("sk-team-0123456789abcdef").await;
    let home = Home::new(PRACTICE);
    let path = home.path().join("cc-switch.db");
    let options_of_file = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true);
    let mut database = options_of_file.connect().await.unwrap();
    let schema = "CREATE TABLE providers (id TEXT NOT NULL, app_type TEXT NOT NULL, name TEXT NOT NULL, \
                  settings_config TEXT NOT NULL, website_url TEXT, category TEXT, created_at INTEGER, sort_index INTEGER, \
                  notes TEXT, icon TEXT, icon_color TEXT, meta TEXT NOT NULL DEFAULT '{}', \
                  is_current BOOLEAN NOT NULL DEFAULT 0, in_failover_queue BOOLEAN NOT NULL DEFAULT 0, \
                  PRIMARY KEY (id, app_type))";
    sqlx::query(schema).execute(&mut database).await.unwrap();
    let insert = "INSERT INTO providers (id, app_type, name, settings_config, sort_index, is_current) VALUES (?, ?, ?, ?, ?, ?)";
    for (id, url, index, is_current) in [
        ("a", "http://127.0.0.1:9", 0, false),
        ("b", &*base, 1, true),
    ] {
        let env = json!({ "env": { "ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": "sk-team-0123456789abcdef" } });
        let query = sqlx::query(insert)
            .bind(id)
            .bind("claude")
            .bind(format!("Relay {id}"));
        let query = query.bind(env.to_string()).bind(index).bind(is_current);
        query.execute(&mut database).await.unwrap();
    }
    sqlx::Connection::close(database).await.unwrap();
    let before = std::fs::read(&path).unwrap();

    let house = start(options(&home)).await;
    let told = take(&house, json!({ "path": path })).await;
    assert_eq!(names(&told, "providers"), ["Relay-a", "Relay-b"], "{told}");
    assert_eq!(asked(&house, "claude-opus-4-5", CLIENT).await, "Relay-b");
    house.daemon.stop().await;
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_taken_get_a_number_and_settings_of_the_config_stay() {
    let (base, _running) = upstream("sk-first-0123456789").await;
    let relay = format!("dialect = \"anthropic\"\nbase_url = \"{base}\"\nkeys = [\"file:key\"]");
    let config = CONFIG.replacen("dialect = \"practice\"", &relay, 1);
    let home = Home::new(&format!("{config}\n[routing]\ncooldown = \"5s\" # mine\n"));
    home.write("key", "sk-first-0123456789");
    let house = start(options(&home)).await;
    let text = json!({
        "providers": [{ "name": "first", "base_url": "http://127.0.0.1:9/v1", "api_key": "sk-0123456789abcdef" }],
        "circuit_breaker": { "failure_threshold": 7 },
    });
    let told = take(&house, json!({ "text": text.to_string() })).await;
    assert_eq!(names(&told, "providers"), ["first-2"]);
    let changed = told["changed"].to_string();
    assert!(changed.contains("it is called first-2 here"), "{changed}");
    let left = told["left"].to_string();
    let line = "write routing.breaker.failures = 7 into the config";
    assert!(left.contains(line), "{left}");
    assert_eq!(names(&told, "keychain"), ["first-2/0"]);
    // The groups that serve real work stay before the new one, and the active one active.
    let groups = house.get("/groups").await;
    let order: Vec<&str> = groups["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["name"].as_str().unwrap())
        .collect();
    assert_eq!(order, ["main", "second", "providers"]);
    assert_eq!(house.served_by().await, "first");

    let yaml = "providers:\n  - { name: x, type: anthropic, base_url: \"http://127.0.0.1:9\", auth_value: sk-x-0123456789 }\n\
                settings: { failure_cooldown: 60 }\n";
    let told = take(&house, json!({ "text": yaml })).await;
    assert!(
        told["left"]
            .to_string()
            .contains("routing.cooldown = \\\"5s\\\" already"),
        "{told}"
    );
    let now = std::fs::read_to_string(home.config()).unwrap();
    assert!(
        now.contains("cooldown = \"5s\" # mine") && !now.contains("failures = 7"),
        "{now}"
    );
    house.daemon.stop().await;
}

/// A rule does not wait until its group is chosen, which is said before it is taken in and then.
#[tokio::test(flavor = "multi_thread")]
async fn new_rules_are_said_to_hold_at_once_where_something_serves_already() {
    let router = json!({
        "Providers": [{
            "name": "deepseek", "api_base_url": "http://127.0.0.1:9/chat/completions", "api_key": "sk-0123456789abcdef",
            "models": ["deepseek-chat", "deepseek-reasoner"],
        }],
        "Router": { "default": "deepseek,deepseek-chat", "think": "deepseek,deepseek-reasoner" },
    });
    let real = r#"dialect = "anthropic"
base_url = "http://127.0.0.1:9"
auth = "none""#;
    let serves = CONFIG.replacen("dialect = \"practice\"", real, 1);
    for (config, is_told) in [(serves.as_str(), true), (PRACTICE, false)] {
        let home = Home::new(config);
        let house = start(options(&home)).await;
        for dry_run in [true, false] {
            let body = json!({ "text": router.to_string(), "dry_run": dry_run });
            let told = take(&house, body).await;
            let rules = names(&told, "rules");
            assert_eq!(rules.len(), 1, "{told}");
            let warned = names(&told, "warnings").join("\n");
            let sentence = format!("the new rule {} holds at once", rules[0]);
            assert_eq!(warned.contains(&sentence), is_told, "{warned}");
        }
        house.daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_import_shortens_the_time_that_history_is_kept() {
    let endpoint = "endpoints:\n  - { name: main, url: \"http://127.0.0.1:9\", priority: 1, token: sk-main-0123456789 }\n";
    for (days, is_taken) in [(7, false), (400, true)] {
        let home = Home::new(PRACTICE);
        let text = format!("{endpoint}usage_tracking: {{ retention_days: {days} }}\n");
        let source = Source::Text(text);
        let told = import_alone(&options(&home), source, false).await.unwrap();
        assert_eq!(told.toml.contains("retention"), is_taken, "{told:#?}");
        let left = told.left.iter().any(|note| {
            note.what
                .contains(&format!("write ledger.retention = \"{days}d\""))
        });
        assert_eq!(left, !is_taken, "{told:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_place_for_keys_nothing_is_taken_but_can_be_looked_at() {
    let home = Home::new(PRACTICE);
    let house = home.start().await;
    let text = fixture("providers.json");
    let body = json!({ "text": text });
    let told = refused(with_json(house.call(Method::POST, "/import/config"), &body)).await;
    assert_eq!(told, (503, "no_keychain".to_owned()));
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), PRACTICE);
    let told = take(&house, json!({ "text": text, "dry_run": true })).await;
    assert!(
        told["toml"]
            .as_str()
            .unwrap()
            .contains("keychain:main-relay/0"),
        "{told}"
    );
    let warnings = told["warnings"].to_string();
    assert!(
        warnings.contains("nothing would be taken")
            && warnings.contains("environment that Turnout is started in"),
        "{warnings}"
    );
    // What needs no place is taken all the same.
    let keyless = json!({ "text": text.replace("sk-relay-0123456789abcdef", "${RELAY_KEY}").replace("dummy-key", "") });
    let told = take(&house, keyless).await;
    assert!(
        told["toml"].as_str().unwrap().contains("env:RELAY_KEY"),
        "{told}"
    );
    let warnings = told["warnings"].to_string();
    let unset = "the environment variable RELAY_KEY is not set";
    assert!(warnings.contains(unset), "{warnings}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_made_active_only_if_something_in_it_has_a_key() {
    for (key, activated) in [
        ("sk-relay-0123456789", json!("litellm")),
        ("os.environ/NOT_SET_KEY", json!(null)),
    ] {
        let home = Home::new(PRACTICE);
        let house = start(options(&home)).await;
        let yaml = format!(
            "model_list:\n  - model_name: m\n    litellm_params: {{ model: openai/m, api_base: \"http://127.0.0.1:9\", api_key: {key} }}\n"
        );
        let told = take(&house, json!({ "text": yaml })).await;
        assert_eq!(told["activated"], activated, "{told}");
        let groups = house.get("/groups").await;
        let active = groups["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|group| group["active"] == true);
        let expected = activated.as_str().unwrap_or("practice");
        assert_eq!(active.unwrap()["name"], expected, "{groups}");
        let warned = told["warnings"]
            .to_string()
            .contains("no new group was made active");
        assert_eq!(warned, activated.is_null(), "{told}");
        house.daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_changes_nothing_and_says_why() {
    let home = Home::new(PRACTICE);
    let house = start(options(&home)).await;
    home.write("empty.json", "");
    home.write("broken.json", "{\"providers\": [");
    home.write("other.json", "{\"name\": \"package\"}");
    home.write("other.db", "SQLite format 3\0 and then nothing");
    let cases = [
        ("empty.json", "it is empty"),
        ("broken.json", "line 1"),
        ("other.json", "no file of a tool"),
        ("other.db", "cannot be read"),
        ("absent.json", "cannot be read"),
        (".", "it is a folder"),
        #[cfg(unix)]
        ("/dev/zero", "it is no file"),
    ];
    for (name, why) in cases {
        let body = json!({ "path": home.path().join(name) });
        let call = with_json(house.call(Method::POST, "/import/config"), &body);
        let answer = call.send().await.unwrap();
        let status = answer.status().as_u16();
        let told = answer.text().await.unwrap();
        assert!(
            (400..500).contains(&status) && told.contains(why),
            "{name}: {status} {told}"
        );
    }
    for body in [
        json!({}),
        json!({ "path": "a", "text": "b" }),
        json!({ "env": false }),
    ] {
        let told = refused(with_json(house.call(Method::POST, "/import/config"), &body)).await;
        assert_eq!(told.0, 400, "{body}");
    }
    house.daemon.stop().await;
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), PRACTICE);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_config_would_not_take_is_told_and_the_rest_is_taken() {
    let home = Home::new(PRACTICE);
    let house = start(options(&home)).await;
    let text = json!({ "providers": [
        { "name": "good", "base_url": "http://127.0.0.1:9/v1", "api_key": "sk-good-0123456789" },
        { "name": "bad", "base_url": "ftp://files.example", "api_key": "sk-bad-0123456789" },
        { "name": "twin", "base_url": "http://127.0.0.1:9/v1/", "api_key": "sk-good-0123456789" },
    ]});
    let told = take(&house, json!({ "text": text.to_string() })).await;
    assert_eq!(names(&told, "providers"), ["good", "twin"]);
    let left = told["left"].to_string();
    assert!(
        left.contains("providers[1]") && left.contains("https://"),
        "{left}"
    );
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_without_an_instance_and_even_without_a_config() {
    let (text, _running) = served("forwarder.yaml", "sk-main-0123456789abcdef").await;
    let home = Home::new(PRACTICE);
    std::fs::remove_file(home.config()).unwrap();
    let options = options(&home);
    let told = import_alone(&options, Source::Text(text.clone()), false)
        .await
        .unwrap();
    assert_eq!(told.groups, ["main", "backup", "local"]);
    let again = import_alone(&options, Source::Text(text), false)
        .await
        .unwrap();
    assert!(again.adds_nothing());
    let house = start(options).await;
    let provider = asked(
        &house,
        "claude-opus-4-5",
        "forwarder-client-token-0123456789",
    )
    .await;
    assert_eq!(provider, "primary");
    house.daemon.stop().await;
    assert_eq!(
        home.files_with("sk-main-0123456789abcdef"),
        Vec::<PathBuf>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_import_is_in_the_audit_log_and_no_dry_run() {
    let home = Home::new(PRACTICE);
    let options = options(&home);
    let text = fixture("providers.json");
    let alone = |text: &str, dry_run| import_alone(&options, Source::Text(text.into()), dry_run);
    alone(&text, true).await.unwrap();
    assert!(!home.data().exists(), "a dry run made a ledger");
    let told = alone(&text, false).await.unwrap();
    let warned = told.warnings.join("\n");
    assert!(!warned.contains("audit"), "{warned}");
    alone("no: file of anybody", false).await.unwrap_err();

    let house = start(options.clone()).await;
    let error = alone(&text, false).await.unwrap_err();
    assert!(error.to_string().contains("already runs"), "{error}");
    for (text, dry_run) in [(&*text, true), ("{", true), (&*text, false), ("{", false)] {
        let wish = with_json(
            house.call(Method::POST, "/import/config"),
            &json!({ "text": text, "dry_run": dry_run }),
        );
        wish.send().await.unwrap();
    }
    let page = house.get("/audit?q=import.config").await;
    let told = page["items"].as_array().unwrap().iter().map(|entry| {
        let changes = entry["changes"].as_array().unwrap().len();
        let text = |field: &str| entry[field].as_str().unwrap_or("-").to_owned();
        (text("actor"), text("result"), changes > 0)
    });
    let entry = |actor: &str, result: &str, changes| (actor.to_owned(), result.to_owned(), changes);
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            entry("admin token", "refused", false),
            entry("admin token", "done", false),
            entry("command line", "refused", false),
            entry("command line", "done", true),
        ],
        "{page:#}"
    );
    let ledger = home.files_with("sk-relay-0123456789abcdef");
    assert_eq!(ledger, Vec::<PathBuf>::new(), "a key is written down");
    house.daemon.stop().await;
}
