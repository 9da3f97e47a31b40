//! Changes to the config file made by the program. Comments, order and spelling of everything else stay, a hand edit
//! made meanwhile is kept, and a crash leaves the old file or the new one. Never writes a secret.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};
use toml_edit::{Array, DocumentMut, Item, RawString, TableLike, Value, value};

use super::expand::expand;

/// How often an edit starts over because the file changed under it.
const TRIES: usize = 5;

/// Why the file was left as it was.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It cannot be read or written.
    #[error("the config {} could not be changed: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not TOML at the moment.
    #[error("the config {} could not be changed, as it is not valid TOML now; correct it and try again", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
    },
    /// It has no such provider.
    #[error("there is no provider \"{0}\" in the config")]
    NoProvider(String),
    /// Something is there, but not what is needed.
    #[error("`{0}` in the config has an unexpected type; correct it by hand and try again")]
    WrongType(&'static str),
    /// A new thing has no name.
    #[error("a {0} needs a `name`")]
    Nameless(&'static str),
    /// Its name is another one's.
    #[error("there is a {0} named {1:?} already; choose another name, or change that one")]
    Taken(&'static str, String),
    /// It is not in the file.
    #[error("there is no {0} named {1:?} in the config")]
    Unknown(&'static str, String),
    /// With the change it would not be a config any more.
    #[error("this would not be valid: {0}")]
    Invalid(String),
    /// Somebody else keeps writing it.
    #[error("the config {} could not be changed, as something else keeps writing it", path.display())]
    Contended {
        /// The file.
        path: PathBuf,
    },
}

/// Adds a reference to a provider's keys, unless it is there. Tells the change, if there is one.
pub fn add_key(path: &Path, provider: &str, reference: &str) -> Result<Option<Edited>, EditError> {
    edited(path, |document| {
        let table = provider_table(document, provider)?;
        let keys = table.entry("keys").or_insert_with(|| value(Array::new()));
        let keys = keys.as_array_mut().ok_or(EditError::WrongType("keys"))?;
        let secret = |key: &Value| {
            let table = key.as_inline_table();
            let text = table.and_then(|key| key.get("secret")).unwrap_or(key);
            text.as_str() == Some(reference)
        };
        if keys.iter().any(secret) {
            return Ok(());
        }
        push_like_the_others(keys, reference);
        Ok(())
    })
}

/// Takes the key at this place out of a provider's list. Tells the change.
pub fn remove_key(path: &Path, provider: &str, index: usize) -> Result<Option<Edited>, EditError> {
    edited(path, |document| {
        let keys = keys_of(document, provider)?;
        if index >= keys.len() {
            return Err(EditError::Unknown("key", format!("{provider}/{index}")));
        }
        keys.remove(index);
        Ok(())
    })
}

/// Puts another reference in the place of the key there; what else stands with it stays. Tells the change, if there is
/// one.
pub fn replace_key(
    path: &Path,
    provider: &str,
    index: usize,
    reference: &str,
) -> Result<Option<Edited>, EditError> {
    edited(path, |document| {
        let key = keys_of(document, provider)?.get_mut(index);
        let key = key.ok_or_else(|| EditError::Unknown("key", format!("{provider}/{index}")))?;
        match key {
            Value::InlineTable(table) => set(table, "secret", reference.into()),
            key => assign(key, reference.into()),
        }
        Ok(())
    })
}

fn keys_of<'d>(document: &'d mut DocumentMut, provider: &str) -> Result<&'d mut Array, EditError> {
    let keys = provider_table(document, provider)?.get_mut("keys");
    let keys = keys.and_then(Item::as_array_mut);
    keys.ok_or(EditError::WrongType("keys"))
}

/// Sets the weights of providers in every group that has them. Tells whether the file changed.
pub fn set_weights(path: &Path, weights: &BTreeMap<String, u32>) -> Result<bool, EditError> {
    edit(path, |document| {
        let groups = document.get_mut("groups").map(tables_mut);
        for group in groups.unwrap_or_default() {
            for member in group.get_mut("members").map(tables_mut).unwrap_or_default() {
                let provider = member.get("provider").and_then(Item::as_str);
                if let Some(weight) = provider.and_then(|name| weights.get(name)) {
                    set(member, "weight", i64::from(*weight).into());
                }
            }
        }
        Ok(())
    })
}

/// Puts another reference in the place of the admin token's.
pub(crate) fn set_admin_token(
    document: &mut DocumentMut,
    reference: &str,
) -> Result<(), EditError> {
    let server = document.entry("server").or_insert_with(toml_edit::table);
    let server = server
        .as_table_like_mut()
        .ok_or(EditError::WrongType("server"))?;
    set(server, "admin_token", reference.into());
    Ok(())
}

/// Sets `desktop.autostart`. Tells whether the file changed.
pub fn set_autostart(path: &Path, on: bool) -> Result<bool, EditError> {
    edit(path, |document| {
        let desktop = document.entry("desktop").or_insert_with(toml_edit::table);
        let desktop = desktop
            .as_table_like_mut()
            .ok_or(EditError::WrongType("desktop"))?;
        set(desktop, "autostart", on.into());
        Ok(())
    })
}

/// Puts `reference` wherever `literal` stands as a provider's key, a client token or the admin token. Tells whether
/// the file changed.
pub fn replace_literal(
    path: &Path,
    literal: &SecretString,
    reference: &str,
) -> Result<bool, EditError> {
    let is_literal = |text: &str| {
        let meant = expand(text, &|name| std::env::var(name).ok());
        meant.is_ok_and(|meant| meant == literal.expose_secret())
    };
    edit(path, |document| {
        for provider in providers_mut(document) {
            if let Some(Item::Value(Value::Array(keys))) = provider.get_mut("keys") {
                keys.iter_mut()
                    .for_each(|key| swap(key, &is_literal, reference));
            }
            for key in provider.get_mut("keys").map(tables_mut).unwrap_or_default() {
                if let Some(Item::Value(secret)) = key.get_mut("secret") {
                    swap(secret, &is_literal, reference);
                }
            }
        }
        if let Some(server) = document.get_mut("server").and_then(Item::as_table_like_mut) {
            if let Some(Item::Value(token)) = server.get_mut("admin_token") {
                swap(token, &is_literal, reference);
            }
            for client in server
                .get_mut("client_tokens")
                .map(tables_mut)
                .unwrap_or_default()
            {
                if let Some(Item::Value(token)) = client.get_mut("token") {
                    swap(token, &is_literal, reference);
                }
            }
        }
        Ok(())
    })
}

/// As [`edit`], and changes nothing where the result would not be a valid config. Tells the change, if there is one.
pub fn edit_valid(
    path: &Path,
    change: impl Fn(&mut DocumentMut) -> Result<(), EditError>,
) -> Result<Option<Edited>, EditError> {
    edit_to(path, change, |after| match super::parse(after) {
        Ok(_) => Ok(()),
        Err(problems) => {
            // Lines of a file that there is not would only mislead.
            let told: Vec<String> = problems
                .into_iter()
                .map(|problem| problem.message)
                .collect();
            Err(EditError::Invalid(told.join(";\n")))
        }
    })
}

/// Reads the file, applies `change` and puts the result in its place, starting over if the file changed meanwhile.
/// Tells whether the file changed.
pub fn edit(
    path: &Path,
    change: impl Fn(&mut DocumentMut) -> Result<(), EditError>,
) -> Result<bool, EditError> {
    Ok(edited(path, change)?.is_some())
}

/// A change of the file.
#[derive(Debug)]
pub struct Edited {
    /// The text there was.
    pub before: String,
    /// The text there is now.
    pub after: String,
}

/// As [`edit`], and tells the change, if there is one.
fn edited(
    path: &Path,
    change: impl Fn(&mut DocumentMut) -> Result<(), EditError>,
) -> Result<Option<Edited>, EditError> {
    edit_to(path, change, |_| Ok(()))
}

fn edit_to(
    path: &Path,
    change: impl Fn(&mut DocumentMut) -> Result<(), EditError>,
    accept: impl Fn(&str) -> Result<(), EditError>,
) -> Result<Option<Edited>, EditError> {
    let failed = |source| EditError::Io {
        path: path.to_owned(),
        source,
    };
    // A linked config (dotfiles) is changed where it really is; the link stays.
    let real = path.canonicalize().map_err(failed)?;
    for _ in 0..TRIES {
        let before = std::fs::read_to_string(&real).map_err(failed)?;
        let mut document: DocumentMut = before.parse().map_err(|_| EditError::Broken {
            path: path.to_owned(),
        })?;
        change(&mut document)?;
        let after = kept_line_ends(&before, &document.to_string());
        if after == before {
            return Ok(None);
        }
        accept(&after)?;
        if replace(&real, &before, &after).map_err(failed)? {
            return Ok(Some(Edited { before, after }));
        }
    }
    Err(EditError::Contended {
        path: path.to_owned(),
    })
}

/// Puts `after` in the place of the whole text, which has to be `before` still. Tells whether it was.
pub fn put(path: &Path, before: &str, after: &str) -> Result<bool, EditError> {
    let failed = |source| EditError::Io {
        path: path.to_owned(),
        source,
    };
    let real = path.canonicalize().map_err(failed)?;
    replace(&real, before, after).map_err(failed)
}

/// Puts `after` in the file's place with the file's mode, unless it no longer holds `before`.
fn replace(path: &Path, before: &str, after: &str) -> io::Result<bool> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".config-")
        .suffix(".tmp")
        .tempfile_in(folder)?;
    file.write_all(after.as_bytes())?;
    file.as_file()
        .set_permissions(std::fs::metadata(path)?.permissions())?;
    file.as_file().sync_all()?;
    if std::fs::read_to_string(path)? != before {
        return Ok(false);
    }
    file.persist(path)?;
    Ok(true)
}

/// TOML is written with `\n`; a file that had `\r\n` keeps it.
fn kept_line_ends(before: &str, after: &str) -> String {
    if !before.contains("\r\n") {
        return after.to_owned();
    }
    after.replace("\r\n", "\n").replace('\n', "\r\n")
}

pub(super) fn provider_table<'d>(
    document: &'d mut DocumentMut,
    name: &str,
) -> Result<&'d mut dyn TableLike, EditError> {
    providers_mut(document)
        .into_iter()
        .find(|table| table.get("name").and_then(Item::as_str) == Some(name))
        .ok_or_else(|| EditError::NoProvider(name.to_owned()))
}

pub(super) fn providers_mut(document: &mut DocumentMut) -> Vec<&mut dyn TableLike> {
    document
        .get_mut("providers")
        .map(tables_mut)
        .unwrap_or_default()
}

/// The tables of `[[name]]` or of `name = [{…}]`.
pub(super) fn tables_mut(item: &mut Item) -> Vec<&mut dyn TableLike> {
    match item {
        Item::ArrayOfTables(tables) => tables
            .iter_mut()
            .map(|table| table as &mut dyn TableLike)
            .collect(),
        Item::Value(Value::Array(array)) => array
            .iter_mut()
            .filter_map(Value::as_inline_table_mut)
            .map(|table| table as &mut dyn TableLike)
            .collect(),
        _ => Vec::new(),
    }
}

/// Sets a value and keeps the comment behind it.
pub(crate) fn set(table: &mut dyn TableLike, key: &str, new: Value) {
    if let Some(Item::Value(old)) = table.get_mut(key) {
        return assign(old, new);
    }
    let new = spaced(table, new);
    table.insert(key, Item::Value(new));
}

/// Takes a value away; the space before the brace that closes an inline table stays there. Tells whether it was there.
pub(super) fn unset(table: &mut dyn TableLike, key: &str) -> bool {
    let Some(gone) = table.remove(key) else {
        return false;
    };
    let gone = gone.as_value().map(|value| value.decor().suffix());
    let suffix = gone.flatten().and_then(RawString::as_str).unwrap_or("");
    let last = table.iter_mut().last();
    if let Some((_, Item::Value(last))) = last
        && !suffix.is_empty()
        && last.decor().suffix().and_then(RawString::as_str) == Some("")
    {
        last.decor_mut().set_suffix(suffix);
    }
    true
}

/// A value behind the last one of a table: the space before the brace that closes an inline table stays there.
fn spaced(table: &mut dyn TableLike, mut new: Value) -> Value {
    let last = table.iter_mut().last();
    let Some((_, Item::Value(before))) = last else {
        return new;
    };
    let suffix = before.decor().suffix().and_then(RawString::as_str);
    let suffix = suffix.unwrap_or_default().to_owned();
    if !suffix.is_empty() && suffix.trim().is_empty() {
        before.decor_mut().set_suffix("");
        new.decor_mut().set_prefix(" ");
        new.decor_mut().set_suffix(suffix);
    }
    new
}

pub(super) fn assign(old: &mut Value, mut new: Value) {
    *new.decor_mut() = old.decor().clone();
    *old = new;
}

fn swap(value: &mut Value, is_literal: &dyn Fn(&str) -> bool, reference: &str) {
    if value.as_str().is_some_and(is_literal) {
        assign(value, reference.into());
    }
}

/// Adds to a list in the way it is laid out: on its own line where the others are, behind the comment that belongs to
/// the one before.
fn push_like_the_others(list: &mut Array, reference: &str) {
    let Some(decor) = list.iter_mut().last().map(Value::decor_mut) else {
        return list.push(reference);
    };
    let text = |raw: Option<&RawString>| raw.and_then(RawString::as_str).unwrap_or("").to_owned();
    let (prefix, suffix) = (text(decor.prefix()), text(decor.suffix()));
    let behind = suffix + &text(Some(list.trailing()));
    if !prefix.contains('\n') && !behind.contains('#') {
        return list.push(reference);
    }
    // A comment before the last key is that key's own; only the layout is taken over.
    let indent = match prefix.rsplit_once('\n') {
        Some((_, indent)) => indent,
        None => "  ",
    };
    // What follows it on its line is its own too, and what comes below is the list's.
    let (own, below) = behind.split_at(behind.find('\n').unwrap_or(behind.len()));
    let mut new = Value::from(reference);
    new.decor_mut()
        .set_prefix(format!("{}\n{indent}", own.trim_end()));
    if let Some(before) = list.iter_mut().last() {
        before.decor_mut().set_suffix("");
    }
    list.set_trailing(below.to_owned());
    list.push_formatted(new);
}
