//! Each kind of file, read as a whole: what is found and what is told of it stands beside the file in `NAME.found`.
//! `UPDATE=1` writes these anew.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests panic as tests do

use std::fmt::Write as _;
use std::path::PathBuf;

use imports::{Found, Key, Kind, Note, Row, Unreadable, read, read_cc_switch, read_environment};
use secrecy::ExposeSecret as _;

/// Every file, whose it is, and what in it is secret.
const FILES: [(&str, Kind); 8] = [
    ("providers.json", Kind::ProvidersJson),
    ("providers.yaml", Kind::ProvidersYaml),
    ("forwarder.yaml", Kind::Forwarder),
    ("claude-code-router.json", Kind::ClaudeCodeRouter),
    ("cc-switch.json", Kind::CcSwitch),
    ("litellm.yaml", Kind::LiteLlm),
    ("proxy.env", Kind::DotEnv),
    ("keys.env", Kind::DotEnv),
];

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).unwrap()
}

fn env(name: &str) -> Option<String> {
    ["AZURE_API_KEY", "OPENROUTER_API_KEY"]
        .contains(&name)
        .then(|| "from the environment".to_owned())
}

fn reference(key: &Key) -> String {
    match key {
        Key::Env(name) => format!("env:{name}"),
        Key::Secret(secret) => {
            let text = secret.expose_secret();
            format!("{}… ({} characters)", &text[..3], text.len())
        }
    }
}

/// All that was found, as it would stand in a config, and all that is told.
fn told(found: &Found) -> String {
    let mut told = String::new();
    let mut section = |title: &str, value: serde_json::Value| {
        writeln!(
            told,
            "{title} {}",
            serde_json::to_string_pretty(&value).unwrap()
        )
        .unwrap();
    };
    for provider in &found.providers {
        let keys: Vec<String> = provider.keys.iter().map(reference).collect();
        section("provider", serde_json::json!(provider));
        section("keys", serde_json::json!(keys));
    }
    found
        .groups
        .iter()
        .for_each(|group| section("group", serde_json::json!(group)));
    found
        .rules
        .iter()
        .for_each(|rule| section("rule", serde_json::json!(rule)));
    for price in &found.prices {
        section(
            &format!("price of {}", price.model),
            serde_json::json!(price),
        );
    }
    for setting in &found.settings {
        section(setting.path, setting.value.clone());
    }
    for token in &found.tokens {
        section(
            &format!("client token {}", token.name),
            reference(&token.key).into(),
        );
    }
    let mut notes = |title: &str, notes: &[Note]| {
        for Note { place, what, .. } in notes {
            writeln!(told, "{title}: {place}: {what}").unwrap();
        }
    };
    notes("taken", &found.report.taken);
    notes("changed", &found.report.changed);
    notes("left", &found.report.left);
    told
}

#[test]
fn each_file_is_recognised_and_all_of_it_is_told() {
    for (name, kind) in FILES {
        let text = text(name);
        let found = read(&text, &env).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found.kind, kind, "{name}");
        let told = told(&found);
        let beside = fixture(&format!("{name}.found"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&beside, &told).unwrap();
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(
            told,
            expected,
            "{name}; UPDATE=1 writes {} anew",
            beside.display()
        );
    }
}

#[test]
fn no_secret_is_in_what_is_told_or_would_be_written() {
    for (name, _) in FILES {
        let text = text(name);
        let found = read(&text, &env).unwrap();
        let told = told(&found) + &format!("{found:?}");
        for secret in [
            "0123456789",
            "hidden-password",
            "cc_pass",
            "secret-in-a-header",
        ] {
            assert!(!told.contains(secret), "{name} tells {secret}");
        }
    }
}

#[test]
fn the_rows_of_the_database_say_what_the_older_file_said() {
    let root: serde_json::Value = serde_json::from_str(&text("cc-switch.json")).unwrap();
    let mut rows = Vec::new();
    for app in ["claude", "codex", "gemini", "opencode"] {
        for (id, provider) in root[app]["providers"].as_object().unwrap() {
            rows.push(Row {
                app: app.to_owned(),
                name: provider["name"].as_str().unwrap().to_owned(),
                settings: provider["settingsConfig"].to_string(),
                meta: provider
                    .get("meta")
                    .map_or("{}".to_owned(), ToString::to_string),
                is_current: root[app]["current"] == **id,
            });
        }
    }
    let of_rows = read_cc_switch(&rows, &env).unwrap();
    let json = text("cc-switch.json");
    let of_file = read(&json, &env).unwrap();
    let providers = |found: &Found| serde_json::json!([found.providers, found.groups, found.rules]);
    assert_eq!(providers(&of_rows), providers(&of_file));
}

#[test]
fn the_environment_is_referred_to_and_not_copied() {
    let variables = [
        ("OPENAI_API_KEY", "sk-0123456789abcdef"),
        ("OPENAI_BASE_URL", "https://relay.example/v1"),
        ("BIG_MODEL", "gpt-4o"),
        ("ANTHROPIC_API_KEY", "what-clients-present"),
        ("HOST", "::1"),
        ("PORT", "8082"),
        ("LOG_LEVEL", "WARNING"),
        ("REQUEST_TIMEOUT", "90"),
        ("PATH", "/bin"),
    ];
    let look = |name: &str| {
        let found = variables.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let given = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let found = read_environment(given, &look).unwrap();
    let told = told(&found);
    assert!(
        told.contains("env:OPENAI_API_KEY") && told.contains("${OPENAI_BASE_URL}"),
        "{told}"
    );
    // What nothing could start without is written as it is, and so is what the config has no words for; that is told.
    for part in [
        "server.listen \"[::1]:8082\"",
        "HOST: taken as it was: ::1",
        "PORT: taken as it was: 8082",
        "log.level \"warn\"",
        "LOG_LEVEL: taken as it was: WARNING",
        "REQUEST_TIMEOUT: taken as it was: 90",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(
        told.contains("client token env \"env:ANTHROPIC_API_KEY\""),
        "{told}"
    );
    assert!(
        !told.contains("sk-0123456789") && !told.contains("PATH"),
        "{told}"
    );
}

#[test]
fn a_key_that_cannot_be_one_is_told_with_the_reason() {
    let read = |variables: &[(&str, &str)]| {
        let given = variables.iter();
        let given = given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        read_environment(given, &|_| None)
    };
    for (key, why) in [
        ("sk-x", "too short"),
        ("sk-your-key-here", "an example"),
        ("turnout-0123456789", "a token of Turnout itself"),
    ] {
        let error = read(&[("OPENAI_API_KEY", key)]).unwrap_err().to_string();
        assert!(
            error.contains("OPENAI_API_KEY") && error.contains(why),
            "{error}"
        );
    }
    // A server on this machine takes any.
    let found = read(&[
        ("OPENAI_API_KEY", "none"),
        ("OPENAI_BASE_URL", "http://localhost:11434/v1"),
        ("BIG_MODEL", "qwen3"),
    ]);
    assert_eq!(found.unwrap().providers[0].keys.len(), 1);
    // A line that is none does not make the file another.
    let error = imports::read("FOO=bar\nthis is none\n", &|_| None);
    let error = error.unwrap_err().to_string();
    assert!(error.contains(".env file"), "{error}");
    assert!(error.contains("line 2: it sets no variable"), "{error}");
    let levels = read(&[("BIG_MODEL", "m"), ("LOG_LEVEL", "debug")]).unwrap();
    assert_eq!(levels.settings[0].value, "debug");
}

#[test]
fn an_address_at_azure_is_whole_whatever_stands_behind_its_resource() {
    let resource = "https://r.openai.azure.com";
    for behind in ["", "/", "/openai", "/openai/deployments/x?api-version=1"] {
        let url = format!("{resource}{behind}");
        let given = [
            ("OPENAI_API_KEY", "sk-0123456789abcdef"),
            ("OPENAI_BASE_URL", &url),
            ("AZURE_API_VERSION", "2024-10-21"),
            ("BIG_MODEL", "gpt-4o"),
        ];
        let owned = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let found = read_environment(owned, &|_| None).unwrap();
        let base = &found.providers[0].base_url;
        let filled = given.iter().fold(base.clone(), |base, (name, value)| {
            base.replace(&format!("${{{name}}}"), value)
        });
        let whole = "/openai/deployments/{model}?api-version=2024-10-21";
        assert_eq!(filled, format!("{resource}{whole}"), "{url}");
        let changed = &found.report.changed;
        let is_told = changed.iter().any(|it| it.place == "OPENAI_BASE_URL");
        assert_eq!(is_told, !behind.is_empty(), "{url}: {changed:?}");
        assert_eq!(base.contains("${OPENAI_BASE_URL}"), behind.is_empty());
    }
}

#[test]
fn lines_that_set_no_variable_are_told_by_their_numbers_alone() {
    let file = "# mine\n\nOPENAI_API_KEY=sk-0123456789abcdef\nOPENROUTER_API_KEY: sk-or-0123456789\n\
                GEMINI_API_KEY=AIza0123456789abcdef\nexport ANTHROPIC_API_KEY sk-ant-0123456789\n";
    let found = read(file, &env).unwrap();
    let left: Vec<&str> = found.report.left.iter().map(|it| &*it.place).collect();
    assert_eq!(left, ["line 4", "line 6"]);
    let told = told(&found);
    for secret in ["sk-or-", "sk-ant-"] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[test]
fn a_shell_that_was_pointed_at_turnout_is_no_provider_of_it() {
    let given = |variables: &[(&str, &str)]| {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        variables.iter().map(own).collect::<Vec<_>>()
    };
    let here = ("ANTHROPIC_BASE_URL", "http://127.0.0.1:7790");
    let own_token = [here, ("ANTHROPIC_AUTH_TOKEN", "turnout-0123456789abcdef")];
    assert!(read_environment(given(&own_token), &env).is_err());
    let own_key = [here, ("ANTHROPIC_API_KEY", "sk-ant-0123456789abcdef")];
    let found = read_environment(given(&own_key), &env).unwrap();
    assert_eq!(found.providers[0].base_url, "https://api.anthropic.com");
}

#[test]
fn what_cannot_be_read_is_told_in_one_sentence_without_its_content() {
    let broken = |format, line, column| Unreadable::Broken {
        format,
        line,
        column,
    };
    let cases: [(&str, Unreadable); 9] = [
        ("", Unreadable::Empty),
        (" \n\t", Unreadable::Empty),
        ("{\"providers\": [}", broken("JSON", 1, 16)),
        ("{}", Unreadable::Unknown),
        ("[1, 2]", Unreadable::Unknown),
        ("just words", Unreadable::Unknown),
        ("a: 1\nb: [sk-0123456789\n", broken("YAML", 2, 4)),
        ("model_list: 1\n", Unreadable::Unknown),
        (
            "{\"name\": \"package\", \"version\": \"1.0.0\"}",
            Unreadable::Unknown,
        ),
    ];
    for (text, expected) in cases {
        let error = read(text, &env).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!error.to_string().contains("0123456789"), "{error}");
    }
    for nothing in [
        "model_list: []",
        "EDITOR=vi",
        "{\"Providers\": []}",
        "{\"Router\": {}}",
    ] {
        let error = read(nothing, &env).unwrap_err();
        assert!(
            matches!(error, Unreadable::Nothing(..)),
            "{nothing}: {error:?}"
        );
    }
}

#[test]
fn a_field_of_a_wrong_type_is_told_and_takes_nothing_else_with_it() {
    let text = r#"{"providers": [
        {"name": "a", "base_url": ["no"], "api_key": 1},
        {"name": "b", "base_url": "https://b.example", "api_key": "sk-b-0123456789", "timeout": "soon", "max_retries": -1,
         "priority": "first", "enabled": "maybe", "models": [], "custom_headers": 7},
        "c"
    ], "circuit_breaker": 3}"#;
    let found = read(text, &env).unwrap();
    assert_eq!(found.providers.len(), 1);
    let left: Vec<&str> = found.report.left.iter().map(|note| &*note.place).collect();
    for place in [
        "providers[0].base_url",
        "providers[0]",
        "providers[1].timeout",
        "providers[1].max_retries",
        "providers[1].priority",
        "providers[1].enabled",
        "providers[1].models",
        "providers[1].custom_headers",
        "providers[2]",
        "circuit_breaker",
    ] {
        assert!(left.contains(&place), "{place} is not told: {left:?}");
    }
}

#[test]
fn a_deployments_price_is_of_its_model_at_its_provider() {
    let deployment = |model: &str, key: &str, input: &str| {
        format!(
            "  - model_name: gpt-4o\n    litellm_params: {{ model: {model}, api_base: \"https://a.example\", api_key: {key} }}\n    \
             model_info: {{ input_cost_per_token: {input}, output_cost_per_token: 0.00002 }}\n"
        )
    };
    let text = [
        "model_list:\n".to_owned(),
        deployment("openai/my-deploy", "sk-first-0123456789", "0.000005"),
        deployment("openai/my-deploy", "sk-other-0123456789", "0.000001"),
        deployment("openai/my-deploy", "sk-first-0123456789", "0.000005").replace("gpt-4o", "same"),
        deployment("openai/my-deploy", "sk-first-0123456789", "0.000009")
            .replace("gpt-4o", "dearer"),
    ];
    let found = read(&text.concat(), &env).unwrap();
    assert!(found.prices.is_empty(), "{:?}", found.prices);
    let prices: Vec<_> = found
        .providers
        .iter()
        .map(|provider| {
            let models = &provider.price.as_ref().unwrap().models;
            let priced = models.iter().map(|(model, price)| (&**model, price.input));
            priced.collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(prices, [[("my-deploy", 5.0)], [("my-deploy", 1.0)]]);
    let left: Vec<&str> = found.report.left.iter().map(|note| &*note.what).collect();
    assert!(
        left.iter().any(|why| why.contains("another price")),
        "{left:?}"
    );
}
