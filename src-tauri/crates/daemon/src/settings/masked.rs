//! The config as it may be shown: its text, with `…` wherever a secret stands.
//!
//! Goes by place, never by value: what is a secret is known by where it stands, however it is spelled. Comments are
//! shown as they are.

use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::edit::{assign, providers_mut, tables_mut};
use crate::secrets::Reference;

const HIDDEN: &str = "…";

/// The text of a config without its literal secrets, header values and passwords in URLs. `None` if it is not TOML, as
/// then nothing tells where its secrets stand.
pub fn masked(text: &str) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    for provider in providers_mut(&mut document) {
        hide(provider, "keys", &literal);
        let tables = provider.get_mut("keys").map(tables_mut);
        for key in tables.unwrap_or_default() {
            hide(key, "secret", &literal);
        }
        hide(provider, "base_url", &login);
        hide(provider, "proxy", &login);
        if let Some(headers) = provider
            .get_mut("headers")
            .and_then(Item::as_table_like_mut)
        {
            for (_, value) in headers.iter_mut() {
                if let Item::Value(value) = value {
                    change(value, &header);
                }
            }
        }
    }
    if let Some(server) = table(&mut document, "server") {
        hide(server, "admin_token", &literal);
        let clients = server.get_mut("client_tokens").map(tables_mut);
        for client in clients.unwrap_or_default() {
            hide(client, "token", &literal);
        }
    }
    if let Some(ledger) = table(&mut document, "ledger") {
        hide(ledger, "url", &login);
    }
    Some(document.to_string())
}

fn table<'d>(document: &'d mut DocumentMut, name: &str) -> Option<&'d mut dyn TableLike> {
    document.get_mut(name)?.as_table_like_mut()
}

fn hide(table: &mut dyn TableLike, key: &str, shown: &dyn Fn(&str) -> String) {
    if let Some(Item::Value(value)) = table.get_mut(key) {
        change(value, shown);
    }
}

/// Puts in what may be shown of a string, or of each in a list.
fn change(value: &mut Value, shown: &dyn Fn(&str) -> String) {
    if let Value::Array(list) = value {
        list.iter_mut().for_each(|value| change(value, shown));
    } else if let Some(text) = value.as_str() {
        let may_be_shown = shown(text);
        if may_be_shown != text {
            assign(value, may_be_shown.into());
        }
    }
}

/// A reference as it is, a secret not.
fn literal(text: &str) -> String {
    let tells_where = !matches!(
        Reference::parse(text, false),
        Ok(Reference::Literal(_)) | Err(_)
    );
    if tells_where || is_variable(text) {
        text.to_owned()
    } else {
        HIDDEN.to_owned()
    }
}

fn header(text: &str) -> String {
    if text.is_empty() || is_variable(text) {
        text.to_owned()
    } else {
        HIDDEN.to_owned()
    }
}

/// A URL without who logs in, and without parameters, which may hold a password too.
fn login(url: &str) -> String {
    let (scheme, rest) = url
        .split_once("://")
        .map_or(("", url), |(scheme, rest)| (&url[..scheme.len() + 3], rest));
    let rest = match rest.rsplit_once('@') {
        Some((_, host)) => format!("{HIDDEN}@{host}"),
        None => rest.to_owned(),
    };
    match rest.split_once('?') {
        Some((before, _)) => format!("{scheme}{before}?{HIDDEN}"),
        None => format!("{scheme}{rest}"),
    }
}

/// `${NAME}` and nothing else.
fn is_variable(text: &str) -> bool {
    let name = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn shows(text: &str, shown: &str) {
        assert_eq!(masked(text).as_deref(), Some(shown));
    }

    #[test]
    fn secrets_are_hidden_by_place_however_they_are_spelled() {
        shows(
            "[[providers]]\nkeys = [\n  \"sk-\\u002dx\", # mine\n  'env:A',\n  \"${KEY}\",\n  \"sk-${KEY}\",\n]\n\
             [providers.headers]\nX-A = \"he said \\\"hi\\\"\"\nX-B = \"1\"\nX-C = \"${C}\"\n",
            "[[providers]]\nkeys = [\n  \"…\", # mine\n  'env:A',\n  \"${KEY}\",\n  \"…\",\n]\n\
             [providers.headers]\nX-A = \"…\"\nX-B = \"…\"\nX-C = \"${C}\"\n",
        );
        shows(
            "providers = [{ name = \"a\", headers = { X = \"1\" }, headers2 = \"1\" }]\nversion = 1\n",
            "providers = [{ name = \"a\", headers = { X = \"…\" }, headers2 = \"1\" }]\nversion = 1\n",
        );
        shows(
            "server.admin_token = 'sk-1'\n[[server.client_tokens]]\nname = \"sk-1\"\ntoken = \"sk-1\"\n",
            "server.admin_token = \"…\"\n[[server.client_tokens]]\nname = \"sk-1\"\ntoken = \"…\"\n",
        );
    }

    #[test]
    fn urls_are_shown_without_who_logs_in() {
        let cases = [
            ("sqlite://history.db", "sqlite://history.db"),
            ("postgres://user:p/w@db/x", "postgres://…@db/x"),
            ("postgres://db/x?password=pw", "postgres://db/x?…"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http:me:pw@host", "…@host"),
            ("http://me:p?w@host", "http://…@host"),
        ];
        for (url, shown) in cases {
            assert_eq!(login(url), shown, "{url}");
        }
    }

    #[test]
    fn what_is_not_toml_is_not_shown() {
        assert_eq!(masked("keys = [\"sk-1\""), None);
    }
}
