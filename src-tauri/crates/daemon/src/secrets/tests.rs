//! Secrets through the public surface, on keyring-core's own mock of a keychain.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use keyring_core::{CredentialStore, Error, mock};
use secrecy::ExposeSecret as _;

use super::*;
use crate::settings::{Settings, parse_with};

/// A mock keychain and the store behind it.
fn keychain() -> (Keychain, Arc<mock::Store>) {
    let store = mock::Store::new().unwrap();
    let opened = Arc::clone(&store);
    (
        Keychain::with(move || Ok(Arc::clone(&opened) as Arc<CredentialStore>)),
        store,
    )
}

/// Makes the next call on `name` fail.
fn break_next(store: &mock::Store, name: &str, error: Error) {
    use keyring_core::api::CredentialStoreApi as _;
    let entry = store.build("turnout", name, None).unwrap();
    entry
        .as_any()
        .downcast_ref::<mock::Cred>()
        .unwrap()
        .set_error(error);
}

fn gone(why: &str) -> Error {
    Error::PlatformFailure(why.into())
}

struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn resolver(&self, keychain: &Keychain) -> Resolver {
        Resolver::new(keychain.clone(), &self.config(), &self.data())
            .with_env(|name| (name == "RELAY_KEY").then(|| " sk-env \n".to_owned()))
    }

    /// Writes and reads a config with these keys.
    fn settings(&self, keys: &str) -> Settings {
        let text = format!(
            "[[providers]]\nname = \"relay\"\ndialect = \"anthropic\"\nbase_url = \"http://127.0.0.1:1\"\n\
             keys = [{keys}] # mine\n"
        );
        self.write("config.toml", &text);
        settings_of(&self.config())
    }
}

fn settings_of(config: &Path) -> Settings {
    parse_with(&std::fs::read_to_string(config).unwrap(), &|_| None).unwrap()
}

fn text(secret: Option<&SecretString>) -> Option<&str> {
    secret.map(SecretString::expose_secret)
}

#[test]
fn tokens_are_long_url_safe_and_never_the_same() {
    let (one, two) = (new_token().unwrap(), new_token().unwrap());
    let text = one.expose_secret();
    assert_eq!(text.len(), "turnout-".len() + 43);
    assert!(text.starts_with("turnout-"));
    assert!(
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    );
    assert_ne!(text, two.expose_secret());
}

#[test]
fn only_the_last_four_characters_are_shown_and_short_ones_not_at_all() {
    let cases = [
        ("", "…"),
        ("abcdefgh", "…"),
        ("sk-ant-0123456789abcd", "…abcd"),
        ("ключключключ", "…ключ"),
    ];
    for (secret, shown) in cases {
        assert_eq!(masked(&SecretString::from(secret)), shown);
    }
}

#[tokio::test]
async fn the_keychain_keeps_gives_and_forgets() {
    let (keychain, _) = keychain();
    assert!(keychain.available().await);
    assert!(keychain.get("relay/a").await.unwrap().is_none());
    keychain.set("relay/a", &"one".into()).await.unwrap();
    keychain.set("relay/a", &"two".into()).await.unwrap();
    assert_eq!(
        text(keychain.get("relay/a").await.unwrap().as_ref()),
        Some("two")
    );
    keychain.delete("relay/a").await.unwrap();
    keychain.delete("relay/a").await.unwrap();
    assert!(keychain.get("relay/a").await.unwrap().is_none());
}

#[tokio::test]
async fn a_dead_session_is_opened_anew_once() {
    let (_, store) = keychain();
    let opened = Arc::new(AtomicUsize::new(0));
    let (count, same) = (Arc::clone(&opened), Arc::clone(&store));
    let keychain = Keychain::with(move || {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::clone(&same) as Arc<CredentialStore>)
    });
    keychain.set("a", &"kept".into()).await.unwrap();
    break_next(&store, "a", gone("org.freedesktop.Secret.Error.NoSession"));
    assert_eq!(
        text(keychain.get("a").await.unwrap().as_ref()),
        Some("kept")
    );
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_keychain_that_comes_later_is_found() {
    let (_, store) = keychain();
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let keychain = Keychain::with(move || match count.fetch_add(1, Ordering::SeqCst) {
        0 => Err(gone("org.freedesktop.DBus.Error.ServiceUnknown")),
        _ => Ok(Arc::clone(&store) as Arc<CredentialStore>),
    });
    let error = keychain.get("a").await.unwrap_err();
    assert!(
        matches!(error, KeychainError::Unavailable(_)) && error.may_pass(),
        "{error}"
    );
    assert!(keychain.get("a").await.unwrap().is_none());
}

#[tokio::test]
async fn a_keychain_that_hangs_is_not_waited_for() {
    let (release, hold) = std::sync::mpsc::channel::<()>();
    let hold = std::sync::Mutex::new(hold);
    let keychain = Keychain::with(move || {
        let _ = hold.lock().unwrap().recv();
        Err(gone("late"))
    })
    .with_patience(std::time::Duration::from_millis(20));
    for _ in 0..6 {
        assert_eq!(keychain.get("a").await.unwrap_err(), KeychainError::Silent);
    }
    drop(release);
}

#[tokio::test]
async fn each_kind_of_reference_is_resolved() {
    let (home, (keychain, _)) = (Home::new(), keychain());
    keychain
        .set("relay/a", &"sk-keychain".into())
        .await
        .unwrap();
    home.write("key", "\u{feff}sk-file\r\n");
    let absolute = home.write("other", "sk-absolute");
    let cases = [
        ("keychain:relay/a".to_owned(), "sk-keychain"),
        ("env:RELAY_KEY".to_owned(), "sk-env"),
        ("file:key".to_owned(), "sk-file"),
        (format!("file:{}", absolute.display()), "sk-absolute"),
        ("sk-literal".to_owned(), "sk-literal"),
    ];
    for (written, expected) in cases {
        let reference = Reference::parse(&written, false).unwrap();
        let secret = home.resolver(&keychain).one(&reference).await.unwrap();
        assert_eq!(secret.expose_secret(), expected, "{written}");
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_told_by_its_reference_alone() {
    let (home, (keychain, _)) = (Home::new(), keychain());
    home.write("empty", "\n");
    home.write("two", "sk-secret\nsk-secret");
    keychain
        .set("odd", &"sk-secret sk-secret".into())
        .await
        .unwrap();
    let cases = [
        ("keychain:relay/z", "no entry \"relay/z\""),
        ("keychain:odd", "keychain:odd holds no usable secret"),
        ("env:NOPE", "NOPE is not set"),
        ("file:absent", "absent"),
        ("file:empty", "it is empty"),
        ("file:two", "several lines"),
        ("file:.", "cannot be used"),
    ];
    for (written, part) in cases {
        let reference = Reference::parse(written, false).unwrap();
        let error = home
            .resolver(&keychain)
            .one(&reference)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(part) && !error.contains("sk-secret"),
            "{written}: {error}"
        );
    }
}

#[tokio::test]
async fn a_missing_key_leaves_its_provider_without_it_and_is_told() {
    let (home, (keychain, _)) = (Home::new(), keychain());
    keychain.set("relay/b", &"sk-b".into()).await.unwrap();
    let settings = home.settings("\"keychain:relay/a\", \"keychain:relay/b\"");
    let resolved = home.resolver(&keychain).all(&settings).await;
    assert_eq!(resolved.keys.len(), 1);
    assert_eq!(text(resolved.keys.get("relay/1")), Some("sk-b"));
    assert!(
        resolved.warnings[0].starts_with("no key relay/0: "),
        "{:?}",
        resolved.warnings
    );
    assert!(!resolved.may_pass);
}

#[tokio::test]
async fn no_provider_is_told_a_token_of_this_program() {
    let home = Home::new();
    let settings = home.settings("");
    let resolver = Resolver::new(Keychain::none(), &home.config(), &home.data());
    let admin = resolver.all(&settings).await.admin_token.unwrap();
    let path = home.data().join("tokens/admin");
    let token = admin.expose_secret().to_owned();
    let resolver = resolver.with_env(move |_| Some(token.clone()));
    let written = format!("\"file:{}\", \"env:RELAY_KEY\"", path.display());
    let told_by = resolver.all(&home.settings(&written)).await;
    assert_eq!(told_by.keys.len(), 0, "{:?}", told_by.warnings);
    let told = |warning: &&String| warning.contains("it is the admin token");
    assert_eq!(told_by.warnings.iter().filter(told).count(), 2);

    for name in ["admin", "client", "client-ci"] {
        let text = format!(
            "[[providers]]\nname = \"p\"\ndialect = \"anthropic\"\nbase_url = \"http://127.0.0.1:1\"\n\
             keys = [\"keychain:turnout/{name}\"]\n"
        );
        let problems = parse_with(&text, &|_| None).unwrap_err();
        assert!(problems[0].message.contains("a token of Turnout itself"));
    }
}

#[tokio::test]
async fn a_provider_that_is_off_has_its_keys_at_hand_and_no_warnings() {
    let (home, (keychain, _)) = (Home::new(), keychain());
    home.settings("\"env:RELAY_KEY\", \"env:NOPE\"");
    let on = std::fs::read_to_string(home.config()).unwrap();
    home.write("config.toml", &format!("{on}enabled = false\n"));
    let resolved = home
        .resolver(&keychain)
        .all(&settings_of(&home.config()))
        .await;
    assert_eq!(resolved.keys["relay/0"].expose_secret(), "sk-env");
    assert_eq!(resolved.warnings, Vec::<String>::new());
}

#[cfg(unix)]
#[tokio::test]
async fn a_secret_file_that_others_may_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let path = home.write("key", "sk-file");
    for (mode, warnings) in [(0o644, 1), (0o600, 0)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let settings = home.settings("\"file:key\"");
        let resolved = home.resolver(&keychain().0).all(&settings).await;
        assert_eq!(resolved.warnings.len(), warnings, "{:?}", resolved.warnings);
    }
}

#[tokio::test]
async fn own_tokens_are_made_once_and_then_kept() {
    let (home, (keychain, _)) = (Home::new(), keychain());
    let settings = home.settings("");
    let first = home.resolver(&keychain).all(&settings).await;
    let again = home.resolver(&keychain).all(&settings).await;
    assert!(
        first
            .admin_token
            .as_ref()
            .unwrap()
            .expose_secret()
            .starts_with("turnout-")
    );
    assert_eq!(
        text(first.admin_token.as_ref()),
        text(again.admin_token.as_ref())
    );
    assert_eq!(
        first.client_tokens[0].1.expose_secret(),
        again.client_tokens[0].1.expose_secret()
    );
    assert_ne!(
        text(first.admin_token.as_ref()),
        Some(first.client_tokens[0].1.expose_secret())
    );
    assert!(
        !home.data().exists(),
        "nothing is written where there is a keychain"
    );
}

#[tokio::test]
async fn without_a_keychain_own_tokens_are_in_private_files_and_move_when_it_comes() {
    let home = Home::new();
    let settings = home.settings("");
    let without = home.resolver(&Keychain::none()).all(&settings).await;
    let token = without.admin_token.as_ref().unwrap();
    assert!(without.may_pass && !without.warnings.is_empty());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(home.data().join("tokens/admin")), 0o600);
        assert_eq!(mode(home.data().join("tokens")), 0o700);
    }
    let own = Reference::Keychain(ADMIN_TOKEN.to_owned());
    let found = home.resolver(&Keychain::none()).one(&own).await.unwrap();
    assert_eq!(found.expose_secret(), token.expose_secret());
    let (keychain, _) = keychain();
    let with = home.resolver(&keychain).all(&settings).await;
    assert_eq!(text(with.admin_token.as_ref()), Some(token.expose_secret()));
    assert_eq!(with.warnings, Vec::<String>::new());
    assert!(!home.data().join("tokens/admin").exists());
}

#[tokio::test]
async fn a_literal_moves_to_the_keychain_and_leaves_a_reference() {
    let (home, (keychain, _)) = (Home::new(), keychain());
    let settings = home.settings("\"sk-literal-0\", \"env:RELAY_KEY\", \"sk-literal-2\"");
    let moved = move_literals(&home.config(), &settings, &keychain).await;
    assert!(moved.changed);
    assert_eq!(moved.warnings.len(), 2, "{:?}", moved.warnings);
    assert!(!moved.warnings.join("").contains("sk-literal"));
    let text = std::fs::read_to_string(home.config()).unwrap();
    let line = "keys = [\"keychain:relay/0\", \"env:RELAY_KEY\", \"keychain:relay/2\"] # mine";
    assert!(text.contains(line), "{text}");
    let resolved = home
        .resolver(&keychain)
        .all(&settings_of(&home.config()))
        .await;
    assert_eq!(resolved.keys["relay/2"].expose_secret(), "sk-literal-2");
    let again = move_literals(&home.config(), &settings_of(&home.config()), &keychain).await;
    assert_eq!(again, Moved::default());
}

#[tokio::test]
async fn a_literal_never_takes_the_name_of_another_key() {
    let (home, (keychain, _)) = (Home::new(), keychain());
    keychain.set("relay/1", &"sk-other".into()).await.unwrap();
    let settings = home.settings("\"keychain:relay/1-2\", \"sk-literal\"");
    move_literals(&home.config(), &settings, &keychain).await;
    assert_eq!(
        text(keychain.get("relay/1").await.unwrap().as_ref()),
        Some("sk-other")
    );
    assert_eq!(
        text(keychain.get("relay/1-3").await.unwrap().as_ref()),
        Some("sk-literal")
    );
    assert!(keychain.get("relay/1-2").await.unwrap().is_none());
}

#[tokio::test]
async fn without_a_keychain_a_literal_stays_is_used_and_warned_about() {
    let home = Home::new();
    let settings = home.settings("\"sk-literal\"");
    let before = std::fs::read_to_string(home.config()).unwrap();
    let moved = move_literals(&home.config(), &settings, &Keychain::none()).await;
    assert!(
        !moved.changed && moved.warnings[0].contains("key relay/0"),
        "{moved:?}"
    );
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), before);
    let resolved = home.resolver(&Keychain::none()).all(&settings).await;
    assert_eq!(resolved.keys["relay/0"].expose_secret(), "sk-literal");
}

#[tokio::test]
async fn a_new_key_fills_the_reference_that_waits_for_it_else_it_gets_its_own() {
    let (home, (keychain, _)) = (Home::new(), keychain());
    let settings = home.settings("\"keychain:relay/mine\"");
    let filled = keep_key(
        &home.config(),
        &settings,
        &keychain,
        "relay",
        &"sk-1".into(),
    )
    .await
    .unwrap();
    assert_eq!(filled.reference, "keychain:relay/mine");
    let added = keep_key(
        &home.config(),
        &settings,
        &keychain,
        "relay",
        &"sk-2".into(),
    )
    .await
    .unwrap();
    assert_eq!(added.reference, "keychain:relay/1");
    let text = std::fs::read_to_string(home.config()).unwrap();
    assert!(
        text.contains("[\"keychain:relay/mine\", \"keychain:relay/1\"] # mine"),
        "{text}"
    );
    assert!(!text.contains("sk-"));
    let resolved = home
        .resolver(&keychain)
        .all(&settings_of(&home.config()))
        .await;
    assert_eq!(resolved.keys["relay/1"].expose_secret(), "sk-2");
}

#[tokio::test]
async fn a_key_that_cannot_be_referenced_is_not_left_in_the_keychain() {
    let (home, (keychain, _)) = (Home::new(), keychain());
    let settings = home.settings("");
    home.write("config.toml", "this is = not toml");
    let error = keep_key(
        &home.config(),
        &settings,
        &keychain,
        "relay",
        &"sk-1".into(),
    )
    .await
    .unwrap_err();
    assert!(error.to_string().contains("not valid TOML"), "{error}");
    assert!(keychain.get("relay/0").await.unwrap().is_none());
    let error = keep_key(&home.config(), &settings, &keychain, "nope", &"sk-1".into())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("no provider \"nope\""),
        "{error}"
    );
}

#[tokio::test]
async fn debug_output_of_resolved_secrets_tells_none() {
    let (home, (keychain, _)) = (Home::new(), keychain());
    let settings = home.settings("\"sk-literal\"");
    let resolved = home.resolver(&keychain).all(&settings).await;
    assert!(!format!("{resolved:?} {settings:?} {keychain:?}").contains("sk-literal"));
}

/// Run by hand in a desktop session: `cargo nextest run -p daemon --run-ignored only real_keychain`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the operating system's keychain"]
async fn the_real_keychain_works_inside_a_task() {
    let keychain = Keychain::system();
    let kept = tokio::spawn(async move {
        keychain
            .set("turnout/test", &"a secret".into())
            .await
            .unwrap();
        let kept = keychain.get("turnout/test").await.unwrap();
        keychain.delete("turnout/test").await.unwrap();
        assert!(keychain.get("turnout/test").await.unwrap().is_none());
        kept
    });
    assert_eq!(text(kept.await.unwrap().as_ref()), Some("a secret"));
}
