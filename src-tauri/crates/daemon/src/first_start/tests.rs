//! The first minute: what is written, what is offered, and what is never done.

use std::sync::Arc;

use keyring_core::{CredentialStore, mock};
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;

use super::*;
use crate::settings::{Dialect, Settings, parse_with};

fn keychain() -> Keychain {
    let store = mock::Store::new().unwrap();
    Keychain::with(move || Ok(Arc::clone(&store) as Arc<CredentialStore>))
}

/// A port at which nobody listens.
async fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
}

async fn surroundings(set: &'static [(&'static str, &'static str)]) -> Surroundings {
    let env = move |name: &str| {
        set.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    Surroundings::new(env, closed().await, closed().await)
}

fn settings(text: &str) -> Settings {
    parse_with(text, &|name| {
        Some(format!("https://{}.example", name.to_lowercase()))
    })
    .unwrap_or_else(|p| panic!("{p:#?}\n{text}"))
}

/// What a user gets who removes the `#` before each line that is not prose.
fn uncommented(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(|l| line(l) + "\n").collect()
}

async fn written(
    keychain: &Keychain,
    set: &'static [(&'static str, &'static str)],
) -> (tempfile::TempDir, FirstStart) {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("a/b/config.toml");
    let first = first_start(
        &config,
        &home.path().join("data"),
        keychain,
        &surroundings(set).await,
    )
    .await
    .unwrap();
    let first = first.expect("a config is written");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), first.text);
    (home, first)
}

#[tokio::test]
async fn the_first_config_works_at_once_with_practice_alone() {
    let keychain = keychain();
    let (home, first) = written(&keychain, &[]).await;
    let settings = settings(&first.text);
    assert_eq!(settings.groups.len(), 1);
    assert_eq!(settings.groups[0].name, "practice");
    assert!(
        settings
            .providers
            .iter()
            .all(|provider| provider.dialect == Dialect::Practice)
    );
    assert_eq!(settings.notices(), Vec::<String>::new());
    assert_eq!(
        settings.server.admin_token.to_string(),
        "keychain:turnout/admin"
    );
    let token = keychain
        .get(CLIENT_TOKEN)
        .await
        .unwrap()
        .expect("the client token is in the keychain");
    assert!(!first.text.contains(token.expose_secret()));
    assert!(!home.path().join("data").exists());
    assert_eq!(first.offered, Vec::<String>::new());
}

#[tokio::test]
async fn without_a_keychain_the_tokens_are_in_files_that_the_config_names() {
    let (home, first) = written(&Keychain::none(), &[]).await;
    let file = home.path().join("data/tokens/client");
    let settings = settings(&first.text);
    assert_eq!(
        settings.server.client_tokens[0].token.to_string(),
        format!("file:{}", file.display())
    );
    let token = std::fs::read_to_string(&file).unwrap();
    assert!(token.starts_with("turnout-") && !first.text.contains(token.trim()));
    let config = home.path().join("a/b/config.toml");
    let secrets = Resolver::new(Keychain::none(), &config, &home.path().join("data"));
    let resolved = secrets.all(&settings).await;
    assert_eq!(resolved.client_tokens[0].1.expose_secret(), token.trim());
    assert_eq!(resolved.warnings, Vec::<String>::new());
}

#[tokio::test]
async fn a_shell_that_was_pointed_here_does_not_offer_our_own_token_to_a_provider() {
    let (_home, first) = written(
        &keychain(),
        &[
            ("ANTHROPIC_AUTH_TOKEN", "turnout-abc"),
            ("ANTHROPIC_BASE_URL", "http://127.0.0.1:7790"),
        ],
    )
    .await;
    assert!(
        !first.text.contains("env:ANTHROPIC_AUTH_TOKEN"),
        "{}",
        first.text
    );
}

#[tokio::test]
async fn keys_in_the_environment_are_offered_and_never_used_or_written() {
    let (_home, first) = written(
        &keychain(),
        &[
            ("ANTHROPIC_API_KEY", "sk-secret"),
            ("ANTHROPIC_AUTH_TOKEN", "sk-secret"),
            ("ANTHROPIC_BASE_URL", "https://relay.example"),
            ("OPENAI_API_KEY", "sk-secret"),
            ("GEMINI_API_KEY", "sk-secret"),
            ("OPENROUTER_API_KEY", "sk-secret"),
            ("DEEPSEEK_API_KEY", "sk-secret"),
        ],
    )
    .await;
    assert!(!first.text.contains("sk-secret"));
    assert_eq!(
        settings(&first.text).groups.len(),
        1,
        "nothing is used unasked"
    );
    let offered = [
        "anthropic",
        "anthropic-token",
        "openai",
        "gemini",
        "openrouter",
        "deepseek",
    ];
    assert_eq!(first.offered, offered);
    let taken = settings(&uncommented(&first.text));
    let groups: Vec<&str> = taken
        .groups
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    assert_eq!(groups, [&offered[..], &["practice"]].concat());
    assert_eq!(
        taken.providers[0].base_url.as_deref(),
        Some("https://anthropic_base_url.example")
    );
    assert_eq!(
        taken.providers[5].keys[0].to_string(),
        "env:DEEPSEEK_API_KEY"
    );
}

#[tokio::test]
async fn an_empty_variable_offers_nothing_and_a_base_url_that_points_here_is_not_taken() {
    let (_home, first) = written(
        &keychain(),
        &[
            ("OPENAI_API_KEY", " "),
            ("ANTHROPIC_API_KEY", "x"),
            ("ANTHROPIC_BASE_URL", "http://127.0.0.1:7790"),
        ],
    )
    .await;
    assert_eq!(first.offered, ["anthropic"]);
    let taken = settings(&uncommented(&first.text));
    assert_eq!(
        taken.providers[0].base_url.as_deref(),
        Some("https://api.anthropic.com")
    );
}

#[tokio::test]
async fn local_servers_that_answer_are_offered() {
    let home = tempfile::tempdir().unwrap();
    let (ollama, lm_studio) = (
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let around = Surroundings::new(
        |_| None,
        ollama.local_addr().unwrap(),
        lm_studio.local_addr().unwrap(),
    );
    let first = first_start(
        &home.path().join("c.toml"),
        home.path(),
        &keychain(),
        &around,
    )
    .await
    .unwrap()
    .unwrap();
    assert_eq!(first.offered, ["ollama", "lm-studio"]);
    let taken = settings(&uncommented(&first.text));
    assert_eq!(
        taken.providers[0].base_url,
        Some(format!("http://{}", ollama.local_addr().unwrap()))
    );
    assert_eq!(taken.providers[1].dialect, Dialect::OpenaiChat);
}

#[tokio::test]
async fn the_shown_pattern_is_a_working_one() {
    let (_home, first) = written(&keychain(), &[]).await;
    let taken = settings(&uncommented(&first.text));
    assert_eq!(taken.groups[0].name, "main");
    assert_eq!(taken.groups[0].members[0].provider, "anthropic");
}

#[tokio::test]
async fn a_config_that_exists_is_never_touched() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    std::fs::write(&config, "broken = [").unwrap();
    let first = first_start(&config, home.path(), &keychain(), &surroundings(&[]).await)
        .await
        .unwrap();
    assert_eq!(first, None);
    assert_eq!(std::fs::read_to_string(&config).unwrap(), "broken = [");
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named_with_the_way_out() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("file"), "").unwrap();
    let config = home.path().join("file/config.toml");
    let error = first_start(&config, home.path(), &keychain(), &surroundings(&[]).await)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("config.toml") && error.contains("--config"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_taken_up_serves_and_the_rest_stays_an_offer() {
    let found = &[("ANTHROPIC_API_KEY", "sk-1"), ("OPENAI_API_KEY", "sk-2")];
    let (_home, first) = written(&keychain(), found).await;
    let text = taken_up(&first.text, "anthropic").unwrap();
    let settings = settings(&text);
    let groups: Vec<&str> = settings.groups.iter().map(|group| &*group.name).collect();
    assert_eq!(groups, ["anthropic", "practice"]);
    assert!(text.contains("#name = \"openai\""), "{text}");
    assert_eq!(taken_up(&first.text, "nobody"), None);
    assert_eq!(taken_up(&text, "anthropic"), None, "once");
}

#[tokio::test]
async fn who_starts_over_keeps_the_old_config_and_the_tokens() {
    let keychain = keychain();
    let (home, first) = written(&keychain, &[]).await;
    let config = home.path().join("a/b/config.toml");
    let around = surroundings(&[]).await;
    for name in ["config.toml.old", "config.toml.old2"] {
        std::fs::write(&config, name).unwrap();
        let data = home.path().join("data");
        let (second, kept) = start_over(&config, &data, &keychain, &around)
            .await
            .unwrap();
        assert_eq!(second.text, first.text);
        assert_eq!(std::fs::read_to_string(&config).unwrap(), first.text);
        let kept = kept.unwrap();
        assert!(kept.ends_with(name), "{}", kept.display());
        assert_eq!(std::fs::read_to_string(kept).unwrap(), name);
    }
}
