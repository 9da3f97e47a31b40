//! Moving in from other tools, by the command line and on a machine without a keychain.

use std::path::{Path, PathBuf};

use serde_json::json;
use tests::config::Config;
use tests::http::{Answer, Call};
use tests::message::plain;
use tests::program::{Ended, Home, Practice, Turnout};

const KEY: &str = "sk-moved-0123456789abcdef";
const PASSPHRASE: &str = "correct horse battery";

/// A home without a config, whose secrets a passphrase opens.
fn home() -> Home {
    let home = Home::new(&Config::default()).with_env("TURNOUT_PASSPHRASE", PASSPHRASE);
    std::fs::remove_file(home.config()).unwrap();
    home
}

async fn start(home: Home, arguments: &[&str]) -> Result<Turnout, Ended> {
    let arguments = [&["--listen", "127.0.0.1:0"], arguments].concat();
    home.try_start(&arguments).await.map_err(|(_, ended)| ended)
}

async fn ask(turnout: &Turnout, token: &str) -> Answer {
    let call = Call::post("/v1/messages", plain("hello").to_string());
    call.header("x-api-key", token).send(&turnout.base).await
}

fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path)
                .unwrap()
                .windows(text.len())
                .any(|part| part == text.as_bytes())
            {
                found.push(path);
            }
        }
    }
    found
}

#[tokio::test]
async fn a_file_is_taken_in_without_an_instance_and_known_to_one() {
    let practice = Practice::start("relay").await;
    let home = home();
    let file = home.path().join("providers.json");
    let name = file.to_string_lossy().into_owned();
    let text = json!({ "providers": [
        { "name": "relay", "base_url": format!("{}/v1", practice.base), "api_key": KEY, "models": { "big": ["m"], "small": ["m"] } },
    ], "fallback_strategy": "priority" });
    std::fs::write(&file, text.to_string()).unwrap();

    let told = home.run(&["import"]).await;
    assert_eq!(told.code, 0, "{told:?}");
    assert!(
        told.out.contains("cc-switch") && told.out.contains("LiteLLM"),
        "{}",
        told.out
    );
    assert!(!home.config().exists());
    let told = home.run(&["import", &name, "--dry-run"]).await;
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.out.contains("keychain:relay/0"), "{}", told.out);
    assert!(
        !home.config().exists() && !home.data().exists(),
        "a dry run wrote something"
    );
    let told = home.run(&["import", &name]).await;
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.out.contains("1 provider, 1 group"), "{}", told.out);
    assert_eq!(
        files_with(home.path(), KEY),
        [file],
        "the key is somewhere else"
    );
    assert!(home.data().join("secrets.sealed").exists());

    let turnout = start(home, &[]).await.unwrap();
    let env = turnout.home().run(&["env"]).await;
    let mut lines = env.out.lines();
    let token = lines
        .find_map(|line| line.strip_prefix("export ANTHROPIC_AUTH_TOKEN="))
        .unwrap();
    let answer = ask(&turnout, token).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(practice.calls().await, 1);
    let again = turnout.home().run(&["--json", "import", &name]).await;
    let told: serde_json::Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((again.code, &told["toml"]), (0, &json!("")), "{told:#}");

    for (arguments, code, words) in [
        (
            ["import", "/nowhere/at-all.json"].as_slice(),
            1,
            "cannot be read",
        ),
        (&["import", "--env", &name], 2, "--env"),
    ] {
        let ended = turnout.home().run(arguments).await;
        assert_eq!(ended.code, code, "{ended:?}");
        assert!(ended.err.contains(words), "{}", ended.err);
    }
}

#[tokio::test]
async fn a_wrong_passphrase_is_told_and_the_right_one_still_opens() {
    let home = home();
    let text = format!("OPENROUTER_API_KEY={KEY}\n");
    std::fs::write(home.path().join("keys.env"), text).unwrap();
    let name = home.path().join("keys.env").to_string_lossy().into_owned();
    assert_eq!(home.run(&["import", &name]).await.code, 0);
    let sealed = std::fs::read(home.data().join("secrets.sealed")).unwrap();

    let home = home.with_env("TURNOUT_PASSPHRASE", "another one");
    let other = home.path().join("other.env");
    std::fs::write(&other, "GEMINI_API_KEY=AIza0123456789abcdef\n").unwrap();
    let ended = home.run(&["import", &other.to_string_lossy()]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended
            .err
            .contains("passphrase does not open the secrets file"),
        "{}",
        ended.err
    );
    assert!(
        !std::fs::read_to_string(home.config())
            .unwrap()
            .contains("gemini"),
        "half of it was taken"
    );
    assert_eq!(
        std::fs::read(home.data().join("secrets.sealed")).unwrap(),
        sealed
    );

    let file = home.path().join("passphrase");
    std::fs::write(&file, format!("{PASSPHRASE}\n")).unwrap();
    let home = home.with_env("TURNOUT_PASSPHRASE", "");
    let home = home.with_env("TURNOUT_PASSPHRASE_FILE", &file.to_string_lossy());
    let ended = home.run(&["import", &other.to_string_lossy()]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[tokio::test]
async fn the_variables_of_the_older_proxy_are_a_whole_config() {
    let practice = Practice::start("openai").await;
    let home = || {
        let base = format!("{}/v1", practice.base);
        home()
            .with_env("OPENAI_API_KEY", KEY)
            .with_env("OPENAI_BASE_URL", &base)
            .with_env("BIG_MODEL", "gpt-big")
    };
    let with_token = home().with_env("ANTHROPIC_API_KEY", "what-clients-present");
    let turnout = start(with_token, &["--from-env"]).await.unwrap();
    let answer = ask(&turnout, "what-clients-present").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(ask(&turnout, "something-else").await.status, 401);
    let body = String::from_utf8(practice.last_body().await).unwrap();
    assert!(body.contains("gpt-big"), "{body}");
    let config = std::fs::read_to_string(turnout.home().config()).unwrap();
    for secret in [KEY, "what-clients-present"] {
        assert!(!config.contains(secret), "{config}");
    }

    // What a start cannot do without is written as it is; who asks from a shell without the variables is answered.
    let elsewhere = home()
        .with_env("HOST", "127.0.0.1")
        .with_env("PORT", "0")
        .with_env("LOG_LEVEL", "debug")
        .with_env("MAX_RETRIES", "3");
    let turnout = elsewhere.try_start(&["--from-env"]).await;
    let turnout = turnout.map_err(|(_, ended)| ended).unwrap();
    let config = std::fs::read_to_string(turnout.home().config()).unwrap();
    for part in [
        "listen = \"127.0.0.1:0\"",
        "level = \"debug\"",
        "attempts = 4",
    ] {
        assert!(config.contains(part), "{part}: {config}");
    }
    let log = turnout.log();
    for part in [
        "MAX_RETRIES: taken as it was: 3",
        "PORT: taken as it was: 0",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
    let mut bare = turnout.home().command(&["status"]);
    for name in ["HOST", "PORT", "LOG_LEVEL", "OPENAI_BASE_URL", "BIG_MODEL"] {
        bare.env_remove(name);
    }
    let told = bare.output().await.unwrap();
    assert!(told.status.success(), "{told:?}");
    drop(turnout);

    // That proxy let everybody in who knew its address, where no key was set.
    let turnout = start(home(), &["--from-env"]).await.unwrap();
    assert_eq!(ask(&turnout, "anything").await.status, 200);

    for (key, why) in [
        ("", "OPENAI_API_KEY is not set"),
        ("sk-x", "OPENAI_API_KEY: it is too short"),
    ] {
        let home = home().with_env("OPENAI_API_KEY", key);
        let home = home.with_env("OPENAI_BASE_URL", "https://relay.example/v1");
        let (home, ended) = home.try_start(&["--from-env"]).await.err().unwrap();
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.err.contains(why), "{}", ended.err);
        assert!(!home.config().exists(), "a config without a key is kept");
    }
}
