//! Settings files as people have them.

use clients::{Client, Error};

use crate::support::{Home, TOKEN, disconnect, main_file, target};

const CLAUDE: &str = r#"{
  // what I like
  "model": "opus",
  "env": {
    "FOO": "bar", /* mine */
    "NO_PROXY": "corp.example"
  },
  "permissions": { "allow": ["Bash(ls:*)"] },
}
"#;
const CLAUDE_CONNECTED: &str = r#"{
  // what I like
  "model": "opus",
  "env": {
    "FOO": "bar", /* mine */
    "NO_PROXY": "corp.example,127.0.0.1,localhost",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:7790",
    "ANTHROPIC_AUTH_TOKEN": "tk-0123456789abcdef",
    "API_TIMEOUT_MS": "3600000",
    "CLAUDE_STREAM_IDLE_TIMEOUT_MS": "1800000"
  },
  "permissions": { "allow": ["Bash(ls:*)"] },
}
"#;

const CODEX: &str = r#"# my Codex
model = "gpt-5.1" # the good one
approval_policy = "on-request"

[model_providers.relay]
name = "relay"
base_url = "https://relay.example/v1"

[projects."/home/me"]
trust_level = "trusted"
"#;
const CODEX_CONNECTED: &str = r#"# my Codex
model = "gpt-5.1" # the good one
approval_policy = "on-request"
model_provider = "turnout"

[model_providers.relay]
name = "relay"
base_url = "https://relay.example/v1"

[projects."/home/me"]
trust_level = "trusted"

[model_providers.turnout]
name = "Turnout"
base_url = "http://127.0.0.1:7790/v1"
wire_api = "responses"
http_headers = { x-turnout-token = "tk-0123456789abcdef" }
"#;

const GEMINI: &str = "# mine\nexport FOO='a b' # why\nGOOGLE_GEMINI_BASE_URL=https://relay.example\nLONG=\"one\nGEMINI_API_KEY=no\n\"\n";
const GEMINI_CONNECTED: &str = "# mine\nexport FOO='a b' # why\nGOOGLE_GEMINI_BASE_URL=http://127.0.0.1:7790\nLONG=\"one\nGEMINI_API_KEY=no\n\"\nGEMINI_API_KEY=tk-0123456789abcdef\nNO_PROXY=127.0.0.1,localhost\n";

fn usual(client: Client) -> (&'static str, &'static str) {
    match client {
        Client::ClaudeCode => (CLAUDE, CLAUDE_CONNECTED),
        Client::Codex => (CODEX, CODEX_CONNECTED),
        Client::GeminiCli => (GEMINI, GEMINI_CONNECTED),
    }
}

#[test]
fn only_our_keys_change_in_a_file_with_comments() {
    for client in Client::ALL {
        let (before, after) = usual(client);
        let home = Home::with(&[(main_file(client), before)]);
        let plan = home.clients().connect(client, &target()).unwrap();
        assert_eq!(home.read(main_file(client)).unwrap(), after, "{client}");
        assert!(!plan.diff().contains(TOKEN), "{}", plan.diff());
        disconnect(&home.clients(), client);
        assert_eq!(home.read(main_file(client)).unwrap(), before, "{client}");
    }
}

#[test]
fn settings_that_claude_code_ignores_are_told_as_such() {
    let strict = r#"{"model":"opus"}"#;
    let cases = [
        (Client::ClaudeCode, CLAUDE, true),
        (Client::ClaudeCode, r#"{"model":"opus",}"#, true),
        (Client::ClaudeCode, strict, false),
        (Client::ClaudeCode, "", false),
        (Client::Codex, CODEX, false),
    ];
    for (client, text, expected) in cases {
        let home = Home::with(&[(main_file(client), text)]);
        let told = || home.clients().look(client, None).unwrap().ignored;
        assert_eq!(told().is_some(), expected, "{text}");
        let plan = home.clients().connect(client, &target()).unwrap();
        let ignored = told();
        assert_eq!(ignored.is_some(), expected, "{text}");
        assert!(ignored.is_none_or(|told| plan.notes.contains(&told)));
    }
}

#[test]
fn every_shape_of_a_file_comes_back_to_the_byte() {
    for client in Client::ALL {
        let (usual, _) = usual(client);
        let shapes = [
            usual.to_owned(),
            usual.replace('\n', "\r\n"),
            format!("\u{feff}{usual}"),
            usual.trim_end().to_owned(),
            usual.replace("  ", "\t"),
            String::new(),
            "\n\n".to_owned(),
            if client == Client::ClaudeCode {
                "{}".into()
            } else {
                "# nothing".into()
            },
            if client == Client::ClaudeCode {
                r#"{"a":1,"env":{"X":"y"}}"#.into()
            } else {
                String::new()
            },
        ];
        for shape in shapes {
            let home = Home::with(&[(main_file(client), &shape)]);
            let plan = home.clients().connect(client, &target()).unwrap();
            assert!(!plan.changes.is_empty());
            let connected = home.read(main_file(client)).unwrap();
            assert!(
                connected.contains("127.0.0.1:7790"),
                "{client}: {connected:?}"
            );
            let whole = |text: &str| !text.replace("\r\n", "").contains('\n');
            assert!(
                !shape.contains("\r\n") || whole(&connected),
                "{client} mixes line ends: {connected:?}"
            );
            let standing = home
                .clients()
                .look(client, Some("http://localhost:7790"))
                .unwrap();
            assert!(
                standing.connected && standing.remembered,
                "{client}: {standing:?}"
            );
            disconnect(&home.clients(), client);
            assert_eq!(home.read(main_file(client)).unwrap(), shape, "{client}");
        }
    }
}

#[test]
fn a_missing_file_is_made_and_goes_again_with_its_folder() {
    for client in Client::ALL {
        let home = Home::new();
        home.clients().connect(client, &target()).unwrap();
        assert!(home.read(main_file(client)).is_some());
        disconnect(&home.clients(), client);
        assert!(
            !home.path(main_file(client)).parent().unwrap().exists(),
            "{client}"
        );
    }
}

#[test]
fn a_broken_file_is_named_and_nothing_is_written() {
    for (client, text) in [
        (Client::ClaudeCode, "{ \"env\": "),
        (Client::ClaudeCode, "[]"),
        (
            Client::ClaudeCode,
            r#"{"env": "none", "token": "sk-secret"}"#,
        ),
        (Client::ClaudeCode, r#"{"env": {}, "env": {}}"#),
        (Client::Codex, "model = \n"),
        (
            Client::Codex,
            "model_providers = { a = { name = \"a\" } }\n",
        ),
        (Client::Codex, "[model_provider]\nx = 1\n"),
    ] {
        let home = Home::with(&[(main_file(client), text)]);
        let error = home.clients().connect(client, &target()).unwrap_err();
        let told = error.to_string();
        assert!(matches!(error, Error::Invalid { .. }), "{told}");
        assert!(
            told.contains(main_file(client)) && !told.contains("sk-secret"),
            "{told}"
        );
        assert!(!told.contains('\n'), "{told}");
        assert_eq!(home.read(main_file(client)).unwrap(), text);
        assert_eq!(home.read("data/clients.json"), None, "{text}");
        let standing = home.clients().look(client, None).unwrap();
        assert!(
            !standing.connected && standing.points_at.is_none(),
            "{standing:?}"
        );
    }
}

#[test]
fn a_file_that_is_not_text_is_left_alone() {
    let home = Home::with(&[(main_file(Client::ClaudeCode), "")]);
    let bytes = b"\xff\xfe{\0}\0";
    std::fs::write(home.path(main_file(Client::ClaudeCode)), bytes).unwrap();
    home.clients()
        .connect(Client::ClaudeCode, &target())
        .unwrap_err();
    assert_eq!(
        std::fs::read(home.path(main_file(Client::ClaudeCode))).unwrap(),
        bytes
    );
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_not_changed_by_way_of_its_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    for client in Client::ALL {
        let (text, _) = usual(client);
        let home = Home::with(&[(main_file(client), text)]);
        let path = home.path(main_file(client));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
        let error = home.clients().connect(client, &target()).unwrap_err();
        assert!(matches!(error, Error::ReadOnly(_)), "{error}");
        assert_eq!(home.read(main_file(client)).unwrap(), text);
    }
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_the_mode_stays() {
    use std::os::unix::fs::PermissionsExt as _;
    for client in Client::ALL {
        let (text, _) = usual(client);
        let home = Home::with(&[("dotfiles/real", text)]);
        let (real, link) = (home.path("dotfiles/real"), home.path(main_file(client)));
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("../dotfiles/real", &link).unwrap();
        home.clients().connect(client, &target()).unwrap();
        assert!(
            link.is_symlink() && home.read("dotfiles/real").unwrap().contains("7790"),
            "{client}"
        );
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&real), 0o640);
        assert_eq!(mode(&home.path("data/clients.json")), 0o600);
        disconnect(&home.clients(), client);
        assert_eq!(home.read("dotfiles/real").unwrap(), text);
        assert!(link.is_symlink());
    }
}

#[test]
fn the_book_holds_no_secret() {
    let keyed = [
        (
            Client::ClaudeCode,
            r#"{"env":{"ANTHROPIC_AUTH_TOKEN":"sk-mine-1234567","ANTHROPIC_CUSTOM_HEADERS":"X-Mine: sk-mine-1234567"}}"#,
        ),
        (Client::GeminiCli, "GEMINI_API_KEY=sk-mine-1234567\n"),
    ];
    for (client, text) in keyed {
        let home = Home::with(&[(main_file(client), text)]);
        let plan = home.clients().connect(client, &target()).unwrap();
        let (book, file) = (
            home.read("data/clients.json").unwrap(),
            home.read(main_file(client)).unwrap(),
        );
        for secret in ["sk-mine-1234567", TOKEN] {
            assert!(!book.contains(secret), "{client}: {book}");
            assert!(
                !plan.diff().contains(secret) && !format!("{plan:?}").contains(secret),
                "{client}: {}",
                plan.diff()
            );
            assert!(file.contains(secret), "{client}: {file}");
        }
        assert!(
            plan.notes
                .iter()
                .any(|note| note.contains("x-turnout-token")),
            "{:?}",
            plan.notes
        );
        disconnect(&home.clients(), client);
        assert_eq!(home.read(main_file(client)).unwrap(), text);
    }
}

#[test]
fn a_file_that_claude_code_ignores_is_told() {
    let file = main_file(Client::ClaudeCode);
    for (text, ignored) in [
        (CLAUDE, true),
        ("{\"env\": {}}", false),
        ("\u{feff}{}", false),
        ("", false),
    ] {
        let home = Home::with(&[(file, text)]);
        let plan = home
            .clients()
            .plan_connect(Client::ClaudeCode, &target())
            .unwrap();
        let told = plan.notes.iter().any(|note| note.contains("ignores"));
        assert_eq!(told, ignored, "{text:?}: {:?}", plan.notes);
        assert_eq!(home.read(file).unwrap(), text);
    }
}
