//! Keys of providers. A value comes in without an echo and never through the arguments, which every process can read.

use std::io::{IsTerminal, Read};

use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::things;
use crate::WrongUse;
use crate::admin::{Admin, segment};
use crate::args::Keys;
use crate::figure::{count, key as shown, list as items, text};
use crate::home::Home;
use crate::screen;
use crate::views;

/// Longer than any credential; a file piped in by mistake stops here.
const LONGEST: u64 = 64 * 1024;

pub(crate) async fn keys(home: &Home, what: Option<Keys>, json: bool) -> anyhow::Result<()> {
    match what {
        None | Some(Keys::List) => list(home, json).await,
        Some(Keys::Set { provider }) => set(home, &provider, json).await,
        Some(Keys::Rotate { id }) => rotate(home, &id, json).await,
        Some(Keys::Test { id }) => {
            let admin = home.running().await?.admin;
            let id = only_key(&admin, id).await?;
            let answer = admin.post(&format!("{}/test", path(&id)?), None).await?;
            things::tested(&answer, json)
        }
        Some(Keys::Remove { id }) => {
            let admin = home.running().await?.admin;
            admin.delete(&path(&id)?).await?;
            things::done(json, format!("{id} was taken out"))
        }
    }
}

async fn set(home: &Home, provider: &str, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    let value = read(&format!("key for {provider}"))?;
    let body = json!({ "value": value.expose_secret() });
    let key = admin
        .post(&format!("/providers{}/keys", segment(provider)), Some(body))
        .await?;
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&key)?);
    }
    let (masked, id) = (shown(text(&key, "masked")), text(&key, "id"));
    let unsent = if text(&key, "state") == "unused" {
        format!(
            ", but never sends it, as its `auth` presents none: `{} providers edit {provider} --unset auth` has it sent",
            daemon::program()
        )
    } else {
        String::new()
    };
    Ok(screen.line(format!("{provider} has the key {masked} as {id}{unsent}"))?)
}

/// A key by its id, or by the name of a provider that has one alone.
async fn only_key(admin: &Admin, id: String) -> anyhow::Result<String> {
    if id.contains('/') {
        return Ok(id);
    }
    let provider = admin.get(&format!("/providers{}", segment(&id))).await?;
    let program = daemon::program();
    match count(&provider, "keys") {
        1 => Ok(format!("{id}/0")),
        0 => bail!(WrongUse(format!(
            "{id} has no key; `{program} providers test {id}` tries it without one"
        ))),
        keys => bail!(WrongUse(format!(
            "{id} has {keys} keys, {id}/0 to {id}/{}: say which",
            keys - 1
        ))),
    }
}

async fn rotate(home: &Home, id: &str, json: bool) -> anyhow::Result<()> {
    let path = path(id)?;
    let admin = home.running().await?.admin;
    let value = read(&format!("new value of the key {id}"))?;
    let body = json!({ "value": value.expose_secret() });
    let key = admin.post(&format!("{path}/rotate"), Some(body)).await?;
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&key)?);
    }
    Ok(screen.line(format!("{id} is {} now", shown(text(&key, "masked"))))?)
}

/// The path of a key by its id, which is its provider's name and a number.
fn path(id: &str) -> anyhow::Result<String> {
    let Some((provider, number)) = id.rsplit_once('/') else {
        bail!(WrongUse(format!(
            "{id} is no key's id, such as relay/0; `{} keys` lists them",
            daemon::program()
        )));
    };
    Ok(format!(
        "/providers{}/keys{}",
        segment(provider),
        segment(number)
    ))
}

async fn list(home: &Home, json: bool) -> anyhow::Result<()> {
    let answer = home.running().await?.admin.get("/keys?limit=1000").await?;
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&answer)?);
    }
    let keys: &[Value] = items(&answer, "items");
    Ok(views::keys(&mut screen, keys)?)
}

pub(super) fn read(what: &str) -> anyhow::Result<SecretString> {
    let typed = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("{what} (it is not shown): "))
            .context("it cannot be read from the terminal; pipe it into standard input instead")?
    } else {
        let mut text = String::new();
        std::io::stdin()
            .lock()
            .take(LONGEST)
            .read_to_string(&mut text)
            .context("what is on standard input is not text")?;
        text
    };
    trimmed(&typed)
}

fn trimmed(typed: &str) -> anyhow::Result<SecretString> {
    let value = typed.trim();
    if value.is_empty() {
        bail!(WrongUse(
            "nothing was given: type it, or pipe it into standard input".into()
        ));
    }
    if value
        .chars()
        .any(|letter| letter.is_control() || letter.is_whitespace())
    {
        bail!(WrongUse(
            "this is not a key: it holds blanks or control characters".into()
        ));
    }
    Ok(SecretString::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_loses_the_line_end_it_was_piped_with() {
        assert_eq!(trimmed(" sk-1234\r\n").unwrap().expose_secret(), "sk-1234");
    }

    #[test]
    fn nothing_and_nonsense_are_refused_as_wrong_use() {
        for typed in ["", "\n", "two words", "a\nb"] {
            assert!(trimmed(typed).unwrap_err().is::<WrongUse>(), "{typed:?}");
        }
    }
}
