//! The real clients, connected by the command line, used, and put back while their files changed in between.

use serde_json::Value;
use tests::config::{CLIENT, Config};
use tests::connected::{CLIENTS, Client};
use tests::program::{Practice, Turnout};

// Claude Code reads JSON alone: with a comment in it, it ignores the file as a whole.
const CLAUDE: &str = "{\n\t\"model\":   \"sonnet\",\n\t\"env\": { \"FOO\": \"bar\" }\n}";
const CODEX: &str = "# mine\nmodel = \"gpt-5.1\"\n\n[analytics]\nenabled = false\n";
const GEMINI: &str = "# mine\nFOO=bar\n";
const GEMINI_SETTINGS: &str = "{\n  // mine\n  \"privacy\": { \"usageStatisticsEnabled\": false },\n  \"general\": { \"enableAutoUpdate\": false }\n}\n";

fn client(id: &str) -> Client {
    *CLIENTS.iter().find(|client| client.id == id).unwrap()
}

async fn connected_used_and_put_back(
    id: &str,
    files: &[(&str, &str)],
    edit: impl Fn(&str) -> String,
) {
    let practice = Practice::start("a").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    let (home, client) = (turnout.home(), client(id));
    for (name, text) in files {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let read = |name: &str| std::fs::read_to_string(home.path().join(name)).unwrap();

    let shown = home.run(&["connect", id, "--dry-run"]).await;
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(
        shown.out.contains("+++") && !shown.out.contains(CLIENT),
        "{shown:?}"
    );
    for (name, text) in files {
        assert_eq!(read(name), *text, "a dry run wrote {name}");
    }
    let done = home.run(&["connect", id]).await;
    assert_eq!(done.code, 0, "{done:?}");
    let listed: Value = serde_json::from_str(&home.run(&["clients", "--json"]).await.out).unwrap();
    let ours = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == id);
    assert_eq!(ours.unwrap()["connected"], true, "{listed:#}");

    let ended = client.run(&turnout, "Say hello to the turnout.").await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("hello to the turnout"), "{ended:?}");
    turnout.quiet().await;
    assert_eq!(turnout.admin().newest().await["status"], "completed");

    // The client may have written things of its own; they stay, as does what the person adds.
    let file = home.path().join(client.file);
    std::fs::write(&file, edit(&read(client.file))).unwrap();
    let done = home.run(&["disconnect", id]).await;
    assert_eq!(done.code, 0, "{done:?}");
    for (name, text) in files {
        let left = read(name);
        let wanted = if *name == client.file {
            edit(text)
        } else {
            (*text).to_owned()
        };
        assert!(
            !left.contains("turnout") && !left.contains(&turnout.base),
            "{name}: {left}"
        );
        assert_eq!(left, wanted, "{name}");
    }
}

#[tokio::test]
async fn claude_code_is_connected_used_and_put_back() {
    let edit = |text: &str| text.replace("\"bar\"", "\"bar, and more\"");
    connected_used_and_put_back("claude-code", &[(".claude/settings.json", CLAUDE)], edit).await;
}

#[tokio::test]
async fn codex_is_connected_used_and_put_back() {
    let edit = |text: &str| text.replace("# mine", "# mine, and more");
    connected_used_and_put_back("codex", &[(".codex/config.toml", CODEX)], edit).await;
}

#[tokio::test]
async fn gemini_cli_is_connected_used_and_put_back() {
    let edit = |text: &str| text.replace("# mine", "# mine, and more");
    let files = [
        (".gemini/.env", GEMINI),
        (".gemini/settings.json", GEMINI_SETTINGS),
    ];
    connected_used_and_put_back("gemini-cli", &files, edit).await;
}

#[tokio::test]
async fn what_is_not_changed_is_printed() {
    let practice = Practice::start("a").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    for id in [
        "cursor",
        "cline",
        "continue",
        "zed",
        "anthropic-sdk",
        "openai-sdk",
        "google-sdk",
    ] {
        let told = turnout.home().run(&["connect", id]).await;
        assert_eq!(told.code, 0, "{told:?}");
        assert!(
            told.out.contains(&turnout.base) && told.out.contains(CLIENT),
            "{told:?}"
        );
        assert!(
            !told.out.contains("{base_url}") && !told.out.contains("{token}"),
            "{told:?}"
        );
    }
    let told = turnout.home().run(&["disconnect", "cursor"]).await;
    assert_eq!(told.code, 2, "{told:?}");
    let told = turnout.home().run(&["connect", "emacs"]).await;
    assert_eq!(told.code, 2, "{told:?}");
}
