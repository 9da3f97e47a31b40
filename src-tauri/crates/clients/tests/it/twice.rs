//! Connected again, by two, and by hand in between.

use clients::{Client, Clients, Surroundings, Target};

use crate::support::{Home, TOKEN, disconnect, main_file, target};

fn elsewhere(port: u16) -> Target {
    Target {
        base_url: format!("http://127.0.0.1:{port}"),
        ..target()
    }
}

#[test]
fn connecting_again_changes_nothing() {
    for client in Client::ALL {
        let home = Home::with(&[(main_file(client), "")]);
        home.clients().connect(client, &target()).unwrap();
        let connected = home.read(main_file(client));
        let again = home.clients().connect(client, &target()).unwrap();
        assert!(again.changes.is_empty(), "{again:?}");
        assert_eq!(again.diff(), "");
        assert_eq!(home.read(main_file(client)), connected);
        disconnect(&home.clients(), client);
        assert_eq!(home.read(main_file(client)).unwrap(), "");
    }
}

#[test]
fn another_address_is_taken_in_and_what_stood_there_first_comes_back() {
    let text = "GOOGLE_GEMINI_BASE_URL=https://relay.example\n";
    let home = Home::with(&[(main_file(Client::GeminiCli), text)]);
    let plan = home
        .clients()
        .connect(Client::GeminiCli, &target())
        .unwrap();
    assert!(
        plan.notes[0].contains("https://relay.example"),
        "{:?}",
        plan.notes
    );
    home.clients()
        .connect(Client::GeminiCli, &elsewhere(7799))
        .unwrap();
    assert!(
        home.read(main_file(Client::GeminiCli))
            .unwrap()
            .contains(":7799")
    );
    disconnect(&home.clients(), Client::GeminiCli);
    assert_eq!(home.read(main_file(Client::GeminiCli)).unwrap(), text);
}

#[test]
fn the_way_of_the_token_can_be_changed() {
    let home = Home::with(&[(main_file(Client::ClaudeCode), "{}")]);
    home.clients()
        .connect(Client::ClaudeCode, &target())
        .unwrap();
    let login = Target {
        own_login: true,
        ..target()
    };
    home.clients().connect(Client::ClaudeCode, &login).unwrap();
    let text = home.read(main_file(Client::ClaudeCode)).unwrap();
    assert!(
        text.contains(&format!("x-turnout-token: {TOKEN}")) && !text.contains("AUTH_TOKEN"),
        "{text}"
    );
    disconnect(&home.clients(), Client::ClaudeCode);
    assert_eq!(home.read(main_file(Client::ClaudeCode)).unwrap(), "{}");
}

#[test]
fn our_own_address_is_never_what_stood_there_before() {
    let by_hand = r#"{"env":{"ANTHROPIC_BASE_URL":"http://localhost:7790/","ANTHROPIC_AUTH_TOKEN":"tk-0123456789abcdef"}}"#;
    let home = Home::with(&[(main_file(Client::ClaudeCode), by_hand)]);
    let plan = home
        .clients()
        .connect(Client::ClaudeCode, &target())
        .unwrap();
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
    disconnect(&home.clients(), Client::ClaudeCode);
    let text = home.read(main_file(Client::ClaudeCode)).unwrap();
    assert!(!text.contains("7790") && !text.contains(TOKEN), "{text}");
}

#[test]
fn two_turnouts_do_not_take_away_each_others() {
    let home = Home::with(&[(main_file(Client::Codex), "model = \"m\"\n")]);
    let (one, other) = (home.clients(), home.clients_of("other"));
    one.connect(Client::Codex, &target()).unwrap();
    let plan = other.connect(Client::Codex, &elsewhere(7799)).unwrap();
    assert!(
        plan.notes[0].contains("http://127.0.0.1:7790"),
        "{:?}",
        plan.notes
    );
    let told = disconnect(&one, Client::Codex);
    assert!(
        told.notes[0].contains("model_providers.turnout.base_url"),
        "{:?}",
        told.notes
    );
    assert!(
        home.read(main_file(Client::Codex))
            .unwrap()
            .contains(":7799")
    );
}

#[test]
fn a_key_changed_by_hand_stays_and_is_told() {
    let home = Home::with(&[(main_file(Client::ClaudeCode), "{\n  \"env\": {}\n}\n")]);
    home.clients()
        .connect(Client::ClaudeCode, &target())
        .unwrap();
    let text = home.read(main_file(Client::ClaudeCode)).unwrap();
    home.write(
        main_file(Client::ClaudeCode),
        &text.replace("3600000", "42"),
    );
    let plan = disconnect(&home.clients(), Client::ClaudeCode);
    assert!(
        plan.notes[0].contains("env.API_TIMEOUT_MS"),
        "{:?}",
        plan.notes
    );
    let text = home.read(main_file(Client::ClaudeCode)).unwrap();
    assert_eq!(
        text,
        "{\n  \"env\": {\n    \"API_TIMEOUT_MS\": \"42\"\n  }\n}\n"
    );
}

#[test]
fn running_sessions_of_claude_code_see_empty_values_before_these_go() {
    let home = Home::with(&[(main_file(Client::ClaudeCode), "{}\n")]);
    let clients = home.clients();
    clients.connect(Client::ClaudeCode, &target()).unwrap();
    let plan = clients.disconnect(Client::ClaudeCode).unwrap();
    assert!(plan.unfinished);
    let first: serde_json::Value =
        serde_json::from_str(&home.read(main_file(Client::ClaudeCode)).unwrap()).unwrap();
    assert_eq!(
        first,
        serde_json::json!({"env": {"ANTHROPIC_BASE_URL": "", "ANTHROPIC_AUTH_TOKEN": ""}})
    );
    clients.finish().unwrap();
    assert_eq!(home.read(main_file(Client::ClaudeCode)).unwrap(), "{}\n");
}

#[test]
fn an_address_that_stood_there_comes_back_at_once() {
    let text = r#"{"env": {"ANTHROPIC_BASE_URL": "https://relay.example", "ANTHROPIC_API_KEY": "sk-mine"}}"#;
    let home = Home::with(&[(main_file(Client::ClaudeCode), text)]);
    let clients = home.clients();
    clients.connect(Client::ClaudeCode, &target()).unwrap();
    clients.disconnect(Client::ClaudeCode).unwrap();
    assert!(
        home.read(main_file(Client::ClaudeCode))
            .unwrap()
            .contains("https://relay.example")
    );
    clients.finish().unwrap();
    assert_eq!(home.read(main_file(Client::ClaudeCode)).unwrap(), text);
}

#[test]
fn one_that_cannot_be_finished_does_not_hold_up_the_others() {
    let file = main_file(Client::ClaudeCode);
    let home = Home::with(&[(file, "{}\n"), ("other/settings.json", "{}\n")]);
    let other = Surroundings {
        claude_config_dir: Some(home.path("other")),
        ..home.around()
    };
    let other = Clients::new(home.path("data"), other);
    home.clients()
        .connect(Client::ClaudeCode, &target())
        .unwrap();
    other.connect(Client::ClaudeCode, &target()).unwrap();
    let first: Vec<bool> = other
        .disconnect_all()
        .unwrap()
        .iter()
        .map(|(_, plan)| plan.is_ok())
        .collect();
    assert_eq!(first, [true]);
    home.write(file, "{ broken");
    for ended in [other.finish(), other.recover()] {
        let ended = ended.unwrap();
        assert!(ended[0].1.is_err(), "{ended:?}");
        assert_eq!(home.read("other/settings.json").unwrap(), "{}\n");
    }
    home.write(file, "{}\n");
    assert!(other.recover().unwrap()[0].1.is_ok());
}

#[test]
fn without_the_book_it_is_told_that_nobody_is_known() {
    let home = Home::with(&[(main_file(Client::Codex), "")]);
    home.clients().connect(Client::Codex, &target()).unwrap();
    home.write("data/clients.json", "{ broken");
    let error = home.clients().disconnect_all().unwrap_err().to_string();
    assert!(error.contains("clients.json"), "{error}");
}

#[test]
fn who_was_never_connected_is_told_so() {
    let home = Home::new();
    let plan = home.clients().disconnect(Client::Codex).unwrap();
    assert!(
        plan.changes.is_empty() && plan.notes[0].contains("not connected"),
        "{plan:?}"
    );
}

#[test]
fn a_proxy_of_the_shell_still_leaves_out_what_it_left_out() {
    let home = Home::with(&[(main_file(Client::ClaudeCode), "{}")]);
    let mut around = home.around();
    around.no_proxy = Some("corp.example".into());
    let clients = Clients::new(home.path("data"), around);
    clients.connect(Client::ClaudeCode, &target()).unwrap();
    let text = home.read(main_file(Client::ClaudeCode)).unwrap();
    assert!(
        text.contains(r#""corp.example,127.0.0.1,localhost""#),
        "{text}"
    );
}
