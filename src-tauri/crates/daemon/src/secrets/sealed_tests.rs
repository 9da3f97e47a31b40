//! The secrets file: what is in it opens by its passphrase alone, and nothing that goes wrong loses any of it.

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::sealed::passphrase;
use super::{Keychain, KeychainError, new_token};
use crate::Options;
use crate::place::Place;

const SECRET: &str = "sk-live-0123456789abcdef";

/// A keychain in the place of one that there is not.
fn sealed(path: &Path, passphrase: &str) -> Keychain {
    Keychain::sealed(path.to_owned(), SecretString::from(passphrase))
}

async fn value(keychain: &Keychain, name: &str) -> Option<String> {
    let secret = keychain.get(name).await.unwrap();
    secret.map(|secret| secret.expose_secret().to_owned())
}

#[tokio::test]
async fn what_is_kept_comes_back_by_its_passphrase_and_is_readable_by_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.sealed");
    let keychain = sealed(&path, "correct horse");
    assert_eq!(value(&keychain, "relay/0").await, None);
    assert!(!path.exists(), "looking for a secret makes no file");
    keychain.set("relay/0", &SECRET.into()).await.unwrap();
    keychain
        .set("relay/1", &"second-0123456789".into())
        .await
        .unwrap();
    keychain
        .set("relay/0", &"replaced-0123456789".into())
        .await
        .unwrap();

    let again = sealed(&path, "correct horse");
    assert_eq!(
        value(&again, "relay/0").await.as_deref(),
        Some("replaced-0123456789")
    );
    again.delete("relay/0").await.unwrap();
    again.delete("relay/0").await.unwrap();
    assert_eq!(value(&keychain, "relay/0").await, None);
    assert_eq!(
        value(&keychain, "relay/1").await.as_deref(),
        Some("second-0123456789")
    );

    let text = fs::read_to_string(&path).unwrap();
    for told in ["second", "relay", "correct", "horse"] {
        assert!(!text.contains(told), "the file tells {told}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[tokio::test]
async fn a_wrong_passphrase_is_told_in_a_sentence_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.sealed");
    sealed(&path, "right")
        .set("relay/0", &SECRET.into())
        .await
        .unwrap();
    let before = fs::read(&path).unwrap();
    let wrong = sealed(&path, "wrong");
    let told = [
        wrong.get("relay/0").await.unwrap_err(),
        wrong.set("relay/1", &SECRET.into()).await.unwrap_err(),
        wrong.delete("relay/0").await.unwrap_err(),
    ];
    for error in told {
        assert!(matches!(error, KeychainError::Sealed(_)), "{error:?}");
        let told = error.to_string();
        assert!(
            told.contains("passphrase does not open") && told.contains("stays as it is"),
            "{told}"
        );
        assert!(!told.contains("wrong") && !told.contains("right"), "{told}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(
        value(&sealed(&path, "right"), "relay/0").await.as_deref(),
        Some(SECRET)
    );
}

#[tokio::test]
async fn a_passphrase_puts_no_keychain_aside_that_answers_unless_the_file_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = keyring_core::mock::Store::new().unwrap();
    let system = Keychain::with(move || Ok(store.clone()));
    let with = |keychain: &Keychain| Options {
        config: Some(folder.path().join("config.toml")),
        data_dir: Some(folder.path().to_owned()),
        keychain: keychain.clone(),
        passphrase: Some("right".into()),
        ..Options::default()
    };
    let place = Place::of(&with(&system)).unwrap();
    let kept = async |keychain: &Keychain, name: &str| {
        let used = with(keychain).at(&place).await.keychain;
        used.set(name, &new_token().unwrap()).await.unwrap();
    };
    kept(&system, "one").await;
    assert!(value(&system, "one").await.is_some() && !place.secrets().exists());
    kept(&Keychain::none(), "two").await;
    assert!(place.secrets().exists());
    kept(&system, "three").await;
    assert_eq!(value(&system, "three").await, None);
    let file = sealed(&place.secrets(), "right");
    assert!(value(&file, "two").await.is_some() && value(&file, "three").await.is_some());
}

#[tokio::test]
async fn a_damaged_file_is_told_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.sealed");
    sealed(&path, "right")
        .set("relay/0", &SECRET.into())
        .await
        .unwrap();
    let whole = fs::read_to_string(&path).unwrap();
    let damages = [
        String::new(),
        "{}".to_owned(),
        whole[..whole.len() / 2].to_owned(),
        whole.replace("argon2id", "argon2x"),
        whole.replace("\"version\": 1", "\"version\": 2"),
        // Heads are authenticated, and none may ask for all the memory there is.
        whole.replace("\"passes\": 2", "\"passes\": 1"),
        whole.replace("\"memory_kib\": 19456", "\"memory_kib\": 4294967295"),
    ];
    for damaged in damages {
        assert_ne!(damaged, whole);
        fs::write(&path, &damaged).unwrap();
        let keychain = sealed(&path, "right");
        let error = keychain.set("relay/1", &SECRET.into()).await.unwrap_err();
        assert!(matches!(error, KeychainError::Sealed(_)), "{error:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    }
}

#[tokio::test]
async fn two_who_write_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.sealed");
    let two = [sealed(&path, "p"), sealed(&path, "p")];
    let writes = (0..8).map(|number| {
        let keychain = two[number % 2].clone();
        async move { keychain.set(&format!("k/{number}"), &SECRET.into()).await }
    });
    for done in futures_util::future::join_all(writes).await {
        done.unwrap();
    }
    for number in 0..8 {
        assert_eq!(
            value(&two[0], &format!("k/{number}")).await.as_deref(),
            Some(SECRET)
        );
    }
}

#[test]
fn the_passphrase_comes_from_a_variable_or_the_file_that_one_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passphrase");
    fs::write(&file, " two words \n").unwrap();
    let empty = folder.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    let with = |variables: &[(&str, PathBuf)]| {
        let env = |name: &str| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| value.display().to_string())
        };
        let told = passphrase(&env).map(|found| found.map(|text| text.expose_secret().to_owned()));
        told.map_err(|error| error.to_string())
    };
    let by_file = ("TURNOUT_PASSPHRASE_FILE", file);
    assert_eq!(with(&[]), Ok(None));
    assert_eq!(
        with(std::slice::from_ref(&by_file)),
        Ok(Some(" two words ".to_owned()))
    );
    let both = [by_file, ("TURNOUT_PASSPHRASE", PathBuf::from("first"))];
    assert_eq!(with(&both), Ok(Some("first".to_owned())));
    for bad in [empty, folder.path().join("absent")] {
        let told = with(&[("TURNOUT_PASSPHRASE_FILE", bad)]).unwrap_err();
        assert!(told.contains("cannot be read"), "{told}");
    }
}
