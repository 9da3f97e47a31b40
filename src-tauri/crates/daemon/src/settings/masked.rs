//! The config as it may be shown: its text, with `…` wherever a secret stands.
//!
//! Goes by place, never by value: what is a secret is known by where it stands, however it is spelled. Comments are
//! shown as they are, unless [`uncommented`] takes them out.

use std::collections::HashMap;

use toml_edit::visit_mut::{self, VisitMut};
use toml_edit::{
    Array, Decor, DocumentMut, InlineTable, Item, KeyMut, RawString, Table, TableLike, Value,
};

use super::Problem;
use super::edit::{assign, providers_mut, tables_mut};
use crate::secrets::Reference;

const HIDDEN: &str = "…";

/// The text of a config without its literal secrets, header values and passwords in URLs. `None` if it is not TOML, as
/// then nothing tells where its secrets stand.
pub fn masked(text: &str) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    visit(&mut document, &mut |_, value, shown| {
        if let Some(shown) = value.as_str().and_then(|text| otherwise(text, shown)) {
            assign(value, shown.into());
        }
    });
    Some(document.to_string())
}

/// The text without its comments, in which people may have written what is nobody else's business.
pub(crate) fn uncommented(text: &str) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    Uncommented.visit_document_mut(&mut document);
    Some(document.to_string().trim_start().to_owned())
}

/// Takes comments out of what stands around keys and values; nothing else stands there but white space.
struct Uncommented;

impl Uncommented {
    fn decor(decor: &mut Decor) {
        if let Some(prefix) = decor.prefix().and_then(RawString::as_str).map(bare) {
            decor.set_prefix(prefix);
        }
        if let Some(suffix) = decor.suffix().and_then(RawString::as_str).map(bare) {
            decor.set_suffix(suffix);
        }
    }
}

fn bare(around: &str) -> String {
    let lines = around.split('\n').filter(|line| !line.contains('#'));
    lines.collect::<Vec<_>>().join("\n")
}

impl VisitMut for Uncommented {
    fn visit_document_mut(&mut self, document: &mut DocumentMut) {
        if let Some(trailing) = document.trailing().as_str().map(bare) {
            document.set_trailing(trailing);
        }
        visit_mut::visit_document_mut(self, document);
    }

    fn visit_table_mut(&mut self, table: &mut Table) {
        Self::decor(table.decor_mut());
        visit_mut::visit_table_mut(self, table);
    }

    fn visit_table_like_kv_mut(&mut self, mut key: KeyMut<'_>, item: &mut Item) {
        Self::decor(key.leaf_decor_mut());
        Self::decor(key.dotted_decor_mut());
        visit_mut::visit_table_like_kv_mut(self, key, item);
    }

    fn visit_value_mut(&mut self, value: &mut Value) {
        Self::decor(value.decor_mut());
        visit_mut::visit_value_mut(self, value);
    }

    fn visit_array_mut(&mut self, array: &mut Array) {
        if let Some(trailing) = array.trailing().as_str().map(bare) {
            array.set_trailing(trailing);
        }
        visit_mut::visit_array_mut(self, array);
    }

    fn visit_inline_table_mut(&mut self, table: &mut InlineTable) {
        if let Some(trailing) = table.trailing().as_str().map(bare) {
            table.set_trailing(trailing);
        }
        visit_mut::visit_inline_table_mut(self, table);
    }
}

/// A config as it is meant by who was shown `before` masked: what was hidden stands in its place again. The error names
/// a place where something hidden cannot be told.
pub(crate) fn unmasked(text: &str, before: &str) -> Result<String, Lost> {
    if !text.contains(HIDDEN) {
        return Ok(text.to_owned());
    }
    // What is no TOML is told by who reads it.
    let Ok(mut document) = text.parse::<DocumentMut>() else {
        return Ok(text.to_owned());
    };
    let mut hidden: HashMap<String, Vec<(String, String)>> = HashMap::new();
    if let Ok(mut before) = before.parse::<DocumentMut>() {
        visit(&mut before, &mut |place, value, shown| {
            let text = value.as_str().unwrap_or_default();
            if let Some(shown) = otherwise(text, shown) {
                let there = hidden.entry(place.to_owned()).or_default();
                there.push((shown, text.to_owned()));
            }
        });
    }
    let mut sent: HashMap<String, Vec<String>> = HashMap::new();
    visit(&mut document, &mut |place, value, _| {
        let text = value.as_str().unwrap_or_default();
        if text.contains(HIDDEN) {
            sent.entry(place.to_owned())
                .or_default()
                .push(text.to_owned());
        }
    });
    for (place, sent) in &sent {
        let known = hidden.get(place).into_iter().flatten();
        if !known.map(|(shown, _)| shown).eq(sent) {
            return Err(Lost::at(place, text));
        }
    }
    let mut taken: HashMap<String, usize> = HashMap::new();
    visit(&mut document, &mut |place, value, _| {
        if value.as_str().is_some_and(|text| text.contains(HIDDEN)) {
            let next = taken.entry(place.to_owned()).or_default();
            let known = hidden.get(place).and_then(|known| known.get(*next));
            if let Some((_, text)) = known {
                assign(value, text.as_str().into());
            }
            *next += 1;
        }
    });
    Ok(document.to_string())
}

/// Something hidden that stands for nothing that is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lost(pub(crate) Problem);

impl Lost {
    fn at(place: &str, text: &str) -> Self {
        let (line, column) = super::problem::place(text, text.find(HIDDEN).unwrap_or_default());
        let message = format!(
            "`{place}` has {HIDDEN} where a secret was hidden, and not as it was shown: write a reference such as \
             env:NAME, or leave the list as it was"
        );
        Self(Problem {
            line,
            column,
            message,
        })
    }
}

/// What may be shown of a text.
type Shown = fn(&str) -> String;
/// What is done with a string that may be a secret: where it stands, the string, and what may be shown of it.
type Visit<'v> = dyn FnMut(&str, &mut Value, Shown) + 'v;

/// Looks at every string that may be a secret. Strings of one list stand in one place, in their order.
fn visit(document: &mut DocumentMut, see: &mut Visit<'_>) {
    for provider in providers_mut(document) {
        let name = provider.get("name").and_then(Item::as_str);
        let place = format!("providers.{}", name.unwrap_or_default());
        look(provider, &place, "keys", literal, see);
        let tables = provider.get_mut("keys").map(tables_mut);
        for key in tables.unwrap_or_default() {
            look(key, &format!("{place}.keys"), "secret", literal, see);
        }
        look(provider, &place, "base_url", login, see);
        look(provider, &place, "proxy", login, see);
        let headers = provider.get_mut("headers");
        if let Some(headers) = headers.and_then(Item::as_table_like_mut) {
            for (name, value) in headers.iter_mut() {
                if let Item::Value(value) = value {
                    strings(value, &format!("{place}.headers.{name}"), header, see);
                }
            }
        }
    }
    if let Some(server) = table(document, "server") {
        look(server, "server", "admin_token", literal, see);
        let clients = server.get_mut("client_tokens").map(tables_mut);
        for client in clients.unwrap_or_default() {
            let name = client.get("name").and_then(Item::as_str);
            let place = format!("server.client_tokens.{}", name.unwrap_or_default());
            look(client, &place, "token", literal, see);
        }
    }
    if let Some(ledger) = table(document, "ledger") {
        look(ledger, "ledger", "url", login, see);
    }
}

fn table<'d>(document: &'d mut DocumentMut, name: &str) -> Option<&'d mut dyn TableLike> {
    document.get_mut(name)?.as_table_like_mut()
}

fn look(table: &mut dyn TableLike, place: &str, key: &str, shown: Shown, see: &mut Visit<'_>) {
    if let Some(Item::Value(value)) = table.get_mut(key) {
        strings(value, &format!("{place}.{key}"), shown, see);
    }
}

/// A string, or each in a list.
fn strings(value: &mut Value, place: &str, shown: Shown, see: &mut Visit<'_>) {
    match value {
        Value::Array(list) => {
            let each = list.iter_mut();
            each.for_each(|value| strings(value, place, shown, see));
        }
        Value::String(_) => see(place, value, shown),
        _ => {}
    }
}

/// What is shown of a text where that is something else.
fn otherwise(text: &str, shown: Shown) -> Option<String> {
    Some(shown(text)).filter(|shown| shown != text)
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
    fn what_was_hidden_comes_back_where_it_stood() {
        let before = "[server]\nadmin_token = 'sk-1' # mine\n[[providers]]\nname = \"a\"\n\
            keys = [\"sk-a\", \"env:A\", { secret = \"sk-c\" }]\nproxy = \"http://me:pw@host\"\n\
            [providers.headers]\nX = \"1\"\n[[providers]]\nname = \"b\"\nkeys = [\"sk-b\"]\n";
        let shown = masked(before).unwrap();
        assert!(!shown.contains("sk-"), "{shown}");
        assert_eq!(
            unmasked(&shown, before).unwrap(),
            before.replace("'sk-1'", "\"sk-1\"")
        );
        // Things in another order keep their own.
        let (head, b) = shown.split_once("[[providers]]\nname = \"b\"").unwrap();
        let (server, a) = head.split_once("[[providers]]").unwrap();
        let other = format!("{server}[[providers]]\nname = \"b\"{b}[[providers]]{a}");
        let other = unmasked(&other, before).unwrap();
        let at = |part: &str| other.find(part).unwrap();
        assert!(
            at("sk-b") < at("name = \"a\"") && at("name = \"a\"") < at("sk-a"),
            "{other}"
        );
    }

    #[test]
    fn what_is_hidden_and_was_not_there_is_refused_with_its_place() {
        let before = "[[providers]]\nname = \"a\"\nkeys = [\"sk-1\", \"sk-2\"]\n";
        for sent in ["[\"…\"]", "[\"…\", \"…\", \"…\"]", "[\"x…\", \"…\"]"] {
            let text = format!("[[providers]]\nname = \"a\"\nkeys = {sent}\n");
            let Lost(problem) = unmasked(&text, before).unwrap_err();
            assert_eq!(problem.line, 3, "{problem}");
            assert!(problem.message.contains("providers.a.keys"), "{problem}");
        }
        let plain = "# … in a comment\n[[providers]]\nname = \"a\"\nkeys = [\"sk-3\"]\n";
        assert_eq!(unmasked(plain, before).unwrap(), plain);
    }

    #[test]
    fn what_is_not_toml_is_not_shown() {
        assert_eq!(masked("keys = [\"sk-1\""), None);
    }
}
