//! TOML, by the places that its parser tells: lines are put in and taken out of the text itself, whose line ends and
//! spaces a printer would not keep.

use toml_edit::{Document, Item, Table, TableLike};

use super::{Found, Why, line_start, next_line, with_line};

const NO_TABLE: &str = "where a table is expected stands something else";
const NO_PLACE: &str = "its tables are written in a form that is not edited";

fn parsed(text: &str) -> Result<Document<&str>, Why> {
    Document::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        format!(
            "it is not TOML (line {})",
            text[..at].matches('\n').count() + 1
        )
    })
}

/// The table at `path`; `None` where there is none.
fn table<'a>(
    document: &'a Document<&str>,
    path: &[String],
) -> Result<Option<&'a dyn TableLike>, Why> {
    let mut table: &dyn TableLike = document.as_table();
    for name in path {
        table = match table.get(name) {
            Some(item) => item.as_table_like().ok_or(NO_TABLE)?,
            None => return Ok(None),
        };
    }
    Ok(Some(table))
}

fn split(path: &[String]) -> Result<(&String, &[String]), Why> {
    path.split_last().ok_or_else(|| NO_TABLE.into())
}

pub(super) fn get(text: &str, path: &[String]) -> Result<Option<Found>, Why> {
    let document = parsed(text)?;
    let (name, above) = split(path)?;
    let Some(table) = table(&document, above)? else {
        return Ok(None);
    };
    let Some(value) = table.get(name).and_then(Item::as_value) else {
        return Ok(None);
    };
    let raw = value
        .span()
        .and_then(|span| text.get(span))
        .ok_or(NO_PLACE)?;
    Ok(Some(Found {
        value: value.as_str().unwrap_or(raw).to_owned(),
        raw: raw.to_owned(),
    }))
}

pub(super) fn is_table(text: &str, path: &[String]) -> Result<bool, Why> {
    Ok(item(parsed(text)?.as_table(), path).is_some())
}

fn item<'a>(root: &'a Table, path: &[String]) -> Option<&'a Item> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(root.get(first)?, |item, name| {
        item.as_table_like()?.get(name)
    })
}

pub(super) fn set(text: &str, path: &[String], raw: &str) -> Result<String, Why> {
    let document = parsed(text)?;
    let (name, above) = split(path)?;
    let line = format!("{name} = {raw}");
    let Some(table) = table(&document, above)? else {
        let header = format!("[{}]", above.join("."));
        let end = super::line_end(text);
        let gap = if text.is_empty() { "" } else { end };
        return Ok(with_line(
            text,
            text.len(),
            &[gap, &header, end, &line].concat(),
        ));
    };
    if let Some(item) = table.get(name) {
        let span = item
            .as_value()
            .and_then(toml_edit::Value::span)
            .ok_or(NO_PLACE)?;
        return Ok([&text[..span.start], raw, &text[span.end..]].concat());
    }
    let values = table.iter().filter_map(|(_, item)| item.as_value()?.span());
    let last = values.map(|span| span.end).max();
    let header = || match item(document.as_table(), above)? {
        Item::Table(table) => table.span().map(|span| span.start),
        _ => None,
    };
    let at = match last {
        Some(end) => next_line(text, end),
        None if above.is_empty() => 0,
        None => next_line(text, header().ok_or(NO_PLACE)?),
    };
    Ok(with_line(text, at, &line))
}

pub(super) fn remove(text: &str, path: &[String]) -> Result<String, Why> {
    let document = parsed(text)?;
    let (name, above) = split(path)?;
    let Some(table) = table(&document, above)? else {
        return Ok(text.to_owned());
    };
    let Some((key, item)) = table.get_key_value(name) else {
        return Ok(text.to_owned());
    };
    let (key, value) = key
        .span()
        .zip(item.as_value().and_then(toml_edit::Value::span))
        .ok_or(NO_PLACE)?;
    let (start, end) = (line_start(text, key.start), next_line(text, value.end));
    if !text[start..key.start].trim().is_empty() {
        return Err(NO_PLACE.into());
    }
    Ok([&text[..start], &text[end..]].concat())
}

pub(super) fn prune(text: &str, path: &[String]) -> Result<String, Why> {
    let document = parsed(text)?;
    let Some(Item::Table(table)) = item(document.as_table(), path) else {
        return Ok(text.to_owned());
    };
    let Some(span) = table.span().filter(|_| table.is_empty()) else {
        return Ok(text.to_owned());
    };
    let (start, end) = (line_start(text, span.start), next_line(text, span.start));
    // The blank line that was put before it, where the table stands at the end.
    let head = &text[..start];
    let head = match head
        .strip_suffix("\n\n")
        .or_else(|| head.strip_suffix("\n\r\n"))
    {
        Some(shorter) if text[end..].trim().is_empty() => &head[..=shorter.len()],
        _ => head,
    };
    Ok([head, &text[end..]].concat())
}
