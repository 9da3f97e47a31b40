//! The command line against a running instance, and without one.

use tests::config::{ADMIN, CLIENT, Config, Provider};
use tests::message::plain;
use tests::program::{Ended, Home, Practice, Turnout, command};

async fn started() -> (Practice, Practice, Turnout) {
    let (first, second) = (
        Practice::failing("first", "529").await,
        Practice::start("second").await,
    );
    let config = Config::of(vec![Provider::new("relay", &first.base)])
        .group("spare", Provider::new("backup", &second.base));
    let turnout = Turnout::start(&config).await;
    assert_eq!(turnout.ask(&plain("hi")).await.status, 200);
    turnout.admin().newest().await;
    (first, second, turnout)
}

#[tokio::test]
async fn what_runs_is_told_to_people_and_to_programs() {
    let (_first, _second, turnout) = started().await;
    let home = turnout.home();
    for (command, words) in [
        (
            "status",
            ["main", "spare", "backup", "1 request,"].as_slice(),
        ),
        ("groups", &["main", "spare", "relay", "backup", "priority"]),
        ("providers", &["relay", "backup", "anthropic", "overloaded"]),
        ("history", &["completed", "backup", "claude-sonnet-4-5"]),
    ] {
        let told = home.run(&[command]).await;
        assert_eq!(told.code, 0, "{command}: {told:?}");
        for word in words {
            assert!(
                told.out.contains(word),
                "{command}: no {word:?} in:\n{}",
                told.out
            );
        }
        assert!(!told.out.contains('\u{1b}'), "{command}: colours in a pipe");
        let told = home.run(&["--json", command]).await;
        serde_json::from_str::<serde_json::Value>(&told.out)
            .unwrap_or_else(|error| panic!("{command}: {error}: {told:?}"));
    }
}

#[tokio::test]
async fn json_is_what_the_admin_api_returns() {
    let (_first, _second, turnout) = started().await;
    let home = turnout.home();
    let told = home
        .run(&["history", "--json", "--provider", "backup", "--limit", "5"])
        .await;
    let told: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(
        told,
        turnout
            .admin()
            .get("/requests?provider=backup&limit=5")
            .await
    );
    assert_eq!(told["items"].as_array().unwrap().len(), 1);
    let none = home.run(&["history", "--json", "--status", "failed"]).await;
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&none.out).unwrap()["items"],
        serde_json::json!([])
    );
}

#[tokio::test]
async fn a_request_is_shown_with_its_chain() {
    let (_first, _second, turnout) = started().await;
    let id = turnout.admin().newest().await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = turnout.home().run(&["show", &id]).await;
    assert_eq!(shown.code, 0, "{shown:?}");
    for word in [
        id.as_str(),
        "relay",
        "next provider",
        "529",
        "backup",
        "answered",
        "tests",
    ] {
        assert!(shown.out.contains(word), "no {word:?} in:\n{}", shown.out);
    }
    let unknown = turnout.home().run(&["show", "req-00000000"]).await;
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("req-00000000"), "{}", unknown.err);
}

#[tokio::test]
async fn groups_and_mode_are_switched() {
    let (_first, _second, turnout) = started().await;
    let (home, admin) = (turnout.home(), turnout.admin());
    assert_eq!(home.run(&["use", "spare"]).await.code, 0);
    assert_eq!(admin.status().await["active_group"], "spare");
    assert_eq!(home.run(&["pause", "main"]).await.code, 0);
    assert_eq!(admin.group("main").await["state"], "paused");
    assert_eq!(home.run(&["resume", "main"]).await.code, 0);
    assert_eq!(admin.group("main").await["paused"], false);
    assert_eq!(home.run(&["mode", "manual"]).await.code, 0);
    assert_eq!(admin.status().await["mode"], "manual");
    let unknown = home.run(&["use", "nowhere"]).await;
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("nowhere"), "{}", unknown.err);
}

#[tokio::test]
async fn providers_and_rules_are_added_changed_and_taken_out() {
    let (_first, _second, turnout) = started().await;
    let home = turnout.home();
    let run = async |line: &[&str]| {
        let told = home.run(line).await;
        assert_eq!(told.code, 0, "{line:?}: {told:?}");
        told.out
    };
    let before = std::fs::read_to_string(home.path().join("config.toml")).unwrap();
    let relay = [
        "--dialect",
        "anthropic",
        "--base-url",
        "http://127.0.0.1:9",
        "--auth",
        "none",
    ];
    run(&[&["providers", "add", "fresh"], &relay[..]].concat()).await;
    let edit = [
        "providers",
        "edit",
        "fresh",
        "--set",
        r#"limits={"rpm":7}"#,
        "--unset",
        "auth",
    ];
    run(&edit).await;
    let told = run(&["--json", "providers"]).await;
    assert!(told.contains(r#""rpm": 7"#), "{told}");
    let failed = home.run(&["providers", "test", "fresh"]).await;
    assert_eq!(failed.code, 1);
    assert!(failed.err.contains("fresh"), "{}", failed.err);
    run(&[
        "rules",
        "add",
        "small",
        "--when",
        "tier=small",
        "--use",
        "group=spare",
    ])
    .await;
    run(&["rules", "add", "any", "--use", "group=main"]).await;
    let told = run(&["rules", "order", "any"]).await;
    assert!(told.find("any") < told.find("small"), "{told}");
    run(&["rules", "disable", "any"]).await;
    let explain = ["rules", "explain", "--model", "claude-haiku-4-5"];
    let told = run(&explain).await;
    assert!(
        told.contains("the rule small decides; spare would serve it"),
        "{told}"
    );
    for line in [
        ["rules", "remove", "any"],
        ["rules", "remove", "small"],
        ["providers", "remove", "fresh"],
    ] {
        run(&line).await;
    }
    let after = std::fs::read_to_string(home.path().join("config.toml")).unwrap();
    assert_eq!(after, before);
    assert_eq!(run(&["waiting"]).await, "nobody waits\n");
    let wrong = home.run(&["waiting", "redirect", "req-1"]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
    let unknown = home.run(&["waiting", "fail", "req-00000000"]).await;
    assert_eq!(
        (unknown.code, unknown.err.contains("req-00000000")),
        (1, true),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn groups_are_made_joined_and_taken_out() {
    let (_first, _second, turnout) = started().await;
    let home = turnout.home();
    let run = async |line: &[&str]| {
        let told = home.run(line).await;
        assert_eq!(told.code, 0, "{line:?}: {told:?}");
        told.out
    };
    let before = std::fs::read_to_string(home.path().join("config.toml")).unwrap();
    run(&["providers", "add", "fresh", "--dialect", "practice"]).await;
    run(&["groups", "add", "third", "--member", "fresh"]).await;
    let told = run(&["groups", "join", "third", "fresh", "--priority", "7"]).await;
    assert_eq!(told, "fresh is in third, with priority 7\n");
    let held = home.run(&["providers", "remove", "fresh"]).await;
    assert_eq!(
        (held.code, held.err.contains("third")),
        (1, true),
        "{held:?}"
    );
    let nothing = home.run(&["providers", "edit", "fresh"]).await;
    assert_eq!(nothing.code, 2, "{nothing:?}");
    let stranger = home.run(&["groups", "leave", "third", "nobody"]).await;
    assert_eq!(
        (stranger.code, stranger.err.contains("third")),
        (1, true),
        "{stranger:?}"
    );
    run(&["groups", "remove", "third"]).await;
    run(&["providers", "remove", "fresh"]).await;
    let after = std::fs::read_to_string(home.path().join("config.toml")).unwrap();
    assert_eq!(after, before);
}

#[tokio::test]
async fn the_shell_gets_what_points_a_client_here() {
    let (_first, _second, turnout) = started().await;
    let env = turnout.home().run(&["env"]).await;
    assert_eq!(env.code, 0, "{env:?}");
    for line in [
        format!("export ANTHROPIC_BASE_URL={}", turnout.base),
        format!("export ANTHROPIC_AUTH_TOKEN={CLIENT}"),
        "export API_TIMEOUT_MS=3600000".to_owned(),
        "export CLAUDE_STREAM_IDLE_TIMEOUT_MS=1800000".to_owned(),
    ] {
        assert!(
            env.out.lines().any(|told| told == line),
            "no {line} in:\n{}",
            env.out
        );
    }
    for (before, after) in [
        ("", "127.0.0.1,localhost"),
        ("corp.example", "corp.example,127.0.0.1,localhost"),
    ] {
        let mut shell = command("/bin/sh", turnout.home().path());
        shell.args(["-c", r#"eval "$0" && printf %s "$NO_PROXY""#, &env.out]);
        let told = Ended::from(shell.env("NO_PROXY", before).output().await.unwrap());
        assert_eq!((told.code, told.out.as_str()), (0, after), "{told:?}");
    }
}

#[tokio::test]
async fn the_window_link_is_given_anew_each_time() {
    let (_first, _second, turnout) = started().await;
    let link = turnout.home().run(&["ui"]).await;
    assert_eq!(link.code, 0, "{link:?}");
    let path = link
        .out
        .trim()
        .strip_prefix(&turnout.base)
        .unwrap_or_else(|| panic!("{link:?}"));
    assert!(path.starts_with("/ui/?code="), "{path}");
    assert_eq!(
        tests::http::Call::get(path)
            .send(&turnout.base)
            .await
            .status,
        303
    );
    assert_ne!(turnout.home().run(&["ui"]).await.out, link.out);
}

#[tokio::test]
async fn a_key_never_comes_as_an_argument_and_is_refused_without_a_keychain() {
    let (_first, _second, turnout) = started().await;
    let home = turnout.home();
    let argument = home.run(&["keys", "set", "relay", "sk-in-the-open"]).await;
    assert_eq!(argument.code, 2, "{argument:?}");
    assert_eq!(home.run_with(&["keys", "set", "relay"], "\n").await.code, 2);
    let before = std::fs::read_to_string(home.config()).unwrap();
    let piped = home
        .run_with(&["keys", "set", "relay"], "sk-piped-in-0042\n")
        .await;
    assert_eq!(piped.code, 1, "there is no keychain here: {piped:?}");
    assert!(
        piped.err.contains("env:") || piped.err.contains("file:"),
        "it does not say what to do: {}",
        piped.err
    );
    assert!(!piped.err.contains("sk-piped-in-0042") && !piped.out.contains("sk-piped-in-0042"));
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), before);
    let listed = home.run(&["keys", "list"]).await;
    assert!(listed.out.contains("relay/0"), "{listed:?}");
}

#[tokio::test]
async fn init_writes_nothing_where_something_else_was_wanted() {
    let home = Home::new(&Config::default());
    std::fs::remove_file(home.config()).unwrap();
    let ended = home.run(&["init", "--use", "bogus"]).await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("bogus was not found"), "{ended:?}");
    assert!(!home.config().exists() && !home.data().exists());
    let ended = home.run(&["init"]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[tokio::test]
async fn check_tells_each_problem_with_its_place() {
    let home = Home::new(&Config::chain([("a", "http://127.0.0.1:9".to_owned())]));
    let good = home.run(&["check"]).await;
    assert_eq!(good.code, 0, "{good:?}");
    let text = Config::chain([("a", "http://127.0.0.1:9".to_owned())]).text();
    let wrong = text
        .replace("provider = \"a\"", "provider = \"b\"")
        .replace("attempts = 1", "attempts = \"one\"");
    let other = home.path().join("other.toml");
    std::fs::write(&other, &wrong).unwrap();
    let named = home.run(&["check", &other.to_string_lossy()]).await;
    assert_eq!(named.code, 1, "{named:?}");
    assert!(named.out.contains("other.toml:"), "{named:?}");
    home.write(&wrong);
    let bad = home.run(&["check"]).await;
    assert_eq!(bad.code, 1, "{bad:?}");
    let told = bad.out + &bad.err;
    for needle in ["attempts = ", "provider = \"b\""] {
        let line = wrong
            .lines()
            .position(|line| line.contains(needle))
            .unwrap()
            + 1;
        let place = format!("{}:{line}:", home.config().display());
        assert!(
            told.lines().any(|told| told.starts_with(&place)),
            "no {place} in:\n{told}"
        );
    }
}

#[tokio::test]
async fn without_a_running_instance_it_says_how_to_start_one() {
    let home = Home::new(&Config::chain([("a", "http://127.0.0.1:9".to_owned())]));
    for command in [
        ["status"].as_slice(),
        &["use", "main"],
        &["history"],
        &["show", "req-12345678"],
        &["ui"],
        &["env"],
    ] {
        let told = home.run(command).await;
        assert_eq!(told.code, 1, "{command:?}: {told:?}");
        // The very command for this home, to be copied.
        let start = format!("--data-dir {} serve`", home.data().display());
        assert!(told.err.contains(&start), "{command:?}: {}", told.err);
        assert_eq!(
            told.err.trim().lines().count(),
            1,
            "{command:?}: {}",
            told.err
        );
    }
}

#[tokio::test]
async fn wrong_use_is_told_apart_from_failure() {
    let home = Home::new(&Config::default());
    for command in [
        ["fly"].as_slice(),
        &["use"],
        &["mode", "sometimes"],
        &["history", "--limit", "0"],
        &["history", "--since", "soon"],
        &["history", "--status", "x"],
        &[],
    ] {
        assert_eq!(home.run(command).await.code, 2, "{command:?}");
    }
    for command in [
        ["--help"].as_slice(),
        &["--version"],
        &["completions", "bash"],
    ] {
        let told = home.run(command).await;
        assert_eq!(told.code, 0, "{command:?}: {told:?}");
        assert!(told.out.contains("turnoutd"), "{command:?}: {}", told.out);
    }
    let open = home.run(&["practice", "--listen", "0.0.0.0:0"]).await;
    assert_eq!(open.code, 2, "{open:?}");
}

/// What bash is offered for the last of these words.
async fn offered(home: &Home, words: &[&str]) -> Vec<String> {
    let mut command = home.command(&["--", "turnoutd"]);
    command.args(words).env("TURNOUT_COMPLETE", "bash");
    command.env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    let output = command.output().await.unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    let told = String::from_utf8(output.stdout).unwrap();
    told.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn names_are_completed_as_the_running_instance_has_them() {
    let (_first, _second, turnout) = started().await;
    let home = turnout.home();
    let request = turnout.admin().newest().await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (words, names) in [
        (&["use", ""][..], &["main", "spare"][..]),
        (&["use", "sp"], &["spare"]),
        (&["history", "--group", ""], &["main", "spare"]),
        (&["providers", "test", ""], &["relay", "backup"]),
        (&["logs", "--provider", "re"], &["relay"]),
        (&["keys", "test", "relay"], &["relay/0"]),
        (&["tokens", "remove", ""], &["tests"]),
        (&["show", "req-"], &[&request]),
    ] {
        let told = offered(home, words).await;
        for name in names {
            assert!(
                told.iter().any(|one| one == name),
                "{words:?}: no {name} in {told:?}"
            );
        }
    }
    // A new thing needs a name of its own.
    assert!(
        !offered(home, &["providers", "add", ""])
            .await
            .contains(&"relay".to_owned())
    );
    // What was never started has what its config says.
    let closed = Home::new(&Config::chain([("alone", "http://127.0.0.1:9".to_owned())]));
    assert!(
        offered(&closed, &["use", ""])
            .await
            .contains(&"main".to_owned())
    );
    assert!(
        offered(&closed, &["keys", "set", ""])
            .await
            .contains(&"alone".to_owned())
    );
    assert!(offered(&closed, &["show", "req-"]).await.is_empty());
}

#[tokio::test]
async fn another_admin_token_is_told_with_what_to_look_at() {
    let (_first, _second, turnout) = started().await;
    let mut command = turnout.home().command(&["status"]);
    command.env("TEST_ADMIN", format!("{ADMIN}-of-yesterday"));
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("admin token"), "{told}");
    assert!(!told.contains(ADMIN), "{told}");
}
