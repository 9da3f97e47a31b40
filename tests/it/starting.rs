//! Bad surroundings: each gets one clear sentence that names the thing and what to do, and loses nothing.

use serde_json::json;
use tests::config::Config;
use tests::message::{plain, said};
use tests::program::{Ended, Home, Practice, Turnout, command, turnoutd};
use tests::until;

const UNUSED: &str = "http://127.0.0.1:9";

async fn fails(home: Home, arguments: &[&str]) -> (Home, Ended) {
    match home.try_start(arguments).await {
        Ok(_) => panic!("it started"),
        Err(failed) => failed,
    }
}

#[track_caller]
fn says(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, code, "{ended:?}");
    for word in words {
        assert!(ended.err.contains(word), "no {word:?} in: {}", ended.err);
    }
    assert!(
        !ended.err.contains("panicked") && !ended.err.contains("RUST_BACKTRACE"),
        "{}",
        ended.err
    );
}

#[tokio::test]
async fn a_first_start_answers_at_once() {
    let home = Home::new(&Config::default());
    std::fs::remove_file(home.config()).unwrap();
    let turnout = home
        .try_start(&["--listen", "127.0.0.1:0"])
        .await
        .map_err(|(_, ended)| ended)
        .unwrap();
    let env = turnout.home().run(&["env"]).await;
    assert_eq!(env.code, 0, "{env:?}");
    let token = env
        .out
        .lines()
        .find_map(|line| line.strip_prefix("export ANTHROPIC_AUTH_TOKEN="))
        .unwrap();
    let call =
        tests::http::Call::post("/v1/messages", plain("my first words").to_string()).bearer(token);
    let answer = call.send(&turnout.base).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(said(&answer).contains("my first words"));
    let user = json!([{"role": "user", "content": "my first words"}]);
    let contents = json!([{"role": "user", "parts": [{"text": "my first words"}]}]);
    for (path, body) in [
        (
            "/v1/chat/completions",
            json!({"model": "gpt-5.1", "messages": user}),
        ),
        (
            "/v1/responses",
            json!({"model": "gpt-5.1", "input": "my first words"}),
        ),
        (
            "/v1beta/models/gemini-2.5-flash:generateContent",
            json!({"contents": contents}),
        ),
        (
            "/ollama/api/chat",
            json!({"model": "llama3", "messages": user, "stream": false}),
        ),
        (
            "/ollama/api/generate",
            json!({"model": "llama3", "prompt": "my first words", "stream": false}),
        ),
    ] {
        let answer = tests::http::Call::post(path, body.to_string())
            .header("content-type", "application/json")
            .bearer(token)
            .send(&turnout.base)
            .await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(
            answer.text().contains("my first words"),
            "{path}: {}",
            answer.text()
        );
    }
    let config = std::fs::read_to_string(turnout.home().config()).unwrap();
    assert!(
        config.contains("practice") && config.contains('#'),
        "the first config explains nothing:\n{config}"
    );
    assert!(!config.contains(token), "the first config holds a token");
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let config = Config::chain([("a", UNUSED.to_owned())]);
    let (_home, ended) = fails(Home::new(&config), &["--listen", &address]).await;
    says(&ended, 1, &[&address, "listen"]);
}

#[tokio::test]
async fn a_broken_config_is_told_with_its_place_and_left_alone() {
    let home = Home::new(&Config::default());
    let broken = "version = 1\n\n[server]\nlisten = 7\n";
    home.write(broken);
    let (home, ended) = fails(home, &[]).await;
    says(&ended, 1, &["config.toml", "4"]);
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), broken);
}

#[tokio::test]
async fn a_second_instance_is_told_of_the_first() {
    let practice = Practice::start("a").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    let second = turnout
        .home()
        .run(&["serve", "--listen", "127.0.0.1:0"])
        .await;
    let pid = turnout.pid().to_string();
    let words = [
        "already runs on the data folder",
        &turnout.base,
        &pid,
        "--data-dir",
    ];
    says(&second, 1, &words);
    assert_eq!(second.err.trim().lines().count(), 1, "{}", second.err);
    assert_eq!(
        turnout.ask(&plain("hi")).await.status,
        200,
        "the first one suffered"
    );
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_made_is_named() {
    let home = Home::new(&Config::chain([("a", UNUSED.to_owned())]));
    std::fs::write(home.data(), "a file stands here").unwrap();
    let data = home.data().display().to_string();
    let (_home, ended) = fails(home, &[]).await;
    says(&ended, 1, &[&data, "--data-dir"]);
}

#[tokio::test]
async fn a_read_only_data_folder_is_named() {
    let home = Home::new(&Config::chain([("a", UNUSED.to_owned())]));
    // Nobody makes a folder there, not even root.
    let data = "/proc/turnout-test";
    let mut serve = command(turnoutd(), home.path());
    serve.arg("--config").arg(home.config());
    serve.args(["--data-dir", data, "serve", "--listen", "127.0.0.1:0"]);
    let ended = Ended::from(serve.output().await.unwrap());
    says(&ended, 1, &[data, "--data-dir"]);
    let cause = std::fs::create_dir(data).unwrap_err().to_string();
    assert_eq!(ended.err.matches(&cause).count(), 1, "{}", ended.err);
}

#[tokio::test]
async fn a_wish_to_end_that_comes_during_the_start_ends_it_in_order() {
    let practice = Practice::start("a").await;
    let home = Home::new(&Config::chain([("a", practice.base.clone())]));
    let mut serve = home.command(&["serve"]);
    serve.stdout(std::process::Stdio::null());
    let mut serving = serve.spawn().unwrap();
    let lock = home.data().join("lock");
    until("the start to be under way", || async {
        lock.exists().then_some(())
    })
    .await;
    let pid = serving.id().unwrap().to_string();
    let mut kill = tokio::process::Command::new("kill");
    assert!(kill.arg(&pid).status().await.unwrap().success());
    let status = tokio::time::timeout(tests::PATIENCE, serving.wait()).await;
    assert_eq!(status.expect("it ends").unwrap().code(), Some(0));
    assert!(!home.data().join("instance.json").exists());
}

#[tokio::test]
async fn a_missing_key_stops_nobody_and_is_told() {
    let practice = Practice::start("a").await;
    let config = Config::chain([("a", practice.base.clone())])
        .more("[[providers]]\nname = \"keyless\"\ndialect = \"anthropic\"\nbase_url = \"http://127.0.0.1:9\"\nkeys = [\"env:NOT_SET_ANYWHERE\"]\n");
    let turnout = Turnout::start(&config).await;
    let status = turnout.admin().status().await;
    let told = status["problems"].to_string();
    assert!(told.contains("NOT_SET_ANYWHERE"), "{told}");
    assert_eq!(turnout.ask(&plain("hi")).await.status, 200);
}
