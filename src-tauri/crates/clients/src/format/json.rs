//! JSON with comments, by the places that a parser tells: properties are put in and taken out of the text itself, in the
//! layout that stands there.

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{Found, Why, line_end, line_start, next_line};

const TWICE: &str = "it has a key twice that has to be changed";
const NO_OBJECT: &str = "where an object is expected stands something else";

const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The value of a text; `None` where it holds nothing but blanks and comments.
fn tree(text: &str) -> Result<Option<Value<'_>>, Why> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &OPTIONS);
    parsed.map(|parsed| parsed.value).map_err(|error| {
        let (line, column) = (error.line_display(), error.column_display());
        format!("it is not JSON (line {line}, column {column})")
    })
}

/// The property of that name and its place; an object that has it twice is not touched, as readers differ in which counts.
fn property<'a, 'b>(
    object: &'a Object<'b>,
    name: &str,
) -> Result<Option<(usize, &'a ObjectProp<'b>)>, Why> {
    let mut named = object
        .properties
        .iter()
        .enumerate()
        .filter(|(_, property)| property.name.as_str() == name);
    let first = named.next();
    match named.next() {
        Some(_) => Err(TWICE.into()),
        None => Ok(first),
    }
}

/// The object at `path`; `None` where there is none.
fn object<'a, 'b>(
    tree: Option<&'a Value<'b>>,
    path: &[String],
) -> Result<Option<&'a Object<'b>>, Why> {
    let Some(tree) = tree else {
        return Ok(None);
    };
    let mut object = tree.as_object().ok_or(NO_OBJECT)?;
    for name in path {
        object = match property(object, name)? {
            Some((_, property)) => property.value.as_object().ok_or(NO_OBJECT)?,
            None => return Ok(None),
        };
    }
    Ok(Some(object))
}

fn split(path: &[String]) -> Result<(&String, &[String]), Why> {
    path.split_last().ok_or_else(|| NO_OBJECT.into())
}

pub(super) fn get(text: &str, path: &[String]) -> Result<Option<Found>, Why> {
    let tree = tree(text)?;
    let (name, above) = split(path)?;
    let Some(object) = object(tree.as_ref(), above)? else {
        return Ok(None);
    };
    Ok(property(object, name)?.map(|(_, property)| {
        let raw = property.value.text(text).to_owned();
        let value = property
            .value
            .as_string_lit()
            .map(|value| value.value.to_string());
        Found {
            value: value.unwrap_or_else(|| raw.clone()),
            raw,
        }
    }))
}

pub(super) fn is_table(text: &str, path: &[String]) -> Result<bool, Why> {
    Ok(object(tree(text)?.as_ref(), path)?.is_some())
}

/// The text with `raw` at `path`, by one insertion a table and no other change, not even of the layout.
pub(super) fn set(text: &str, path: &[String], raw: &str) -> Result<String, Why> {
    let (name, above) = split(path)?;
    let tree = tree(text)?;
    if let Some(object) = object(tree.as_ref(), above)?
        && let Some((_, property)) = property(object, name)?
    {
        let range = property.value.range();
        return Ok([&text[..range.start], raw, &text[range.end..]].concat());
    }
    let mut text = if tree.is_none() {
        format!("{{}}{text}")
    } else {
        text.to_owned()
    };
    for end in 0..above.len() {
        if !is_table(&text, &above[..=end])? {
            text = inserted(&text, &above[..end], &above[end], "{}")?;
        }
    }
    inserted(&text, above, name, raw)
}

/// The text with a new property at the end of the object at `path`, in the layout of those before it.
fn inserted(text: &str, path: &[String], name: &str, raw: &str) -> Result<String, Why> {
    let tree = tree(text)?;
    let object = object(tree.as_ref(), path)?.ok_or(NO_OBJECT)?;
    let entry = format!("{}: {raw}", serde_json::Value::from(name));
    let Some(last) = object.properties.last() else {
        return Ok(first_of(text, tree.as_ref(), path, object, &entry));
    };
    let opened = object
        .properties
        .iter()
        .rev()
        .nth(1)
        .map_or(object.range.start, |before| before.range.end);
    let gap = text[opened..last.range.start]
        .rfind(['{', ',', '/', '\n'])
        .map_or(0, |at| at + 1);
    let gap = &text[opened + gap..last.range.start];
    let end = last.range.end;
    let between = if spread(text, object) {
        format!("{}{}", line_end(text), indent(text, last.range.start))
    } else if object.properties.len() == 1 && text[last.range.start..end].contains(": ") {
        " ".to_owned()
    } else {
        gap.chars()
            .take_while(|letter| letter.is_whitespace())
            .collect()
    };
    let rest = &text[end..object.range.end];
    let (head, comma, tail) = match comma(rest) {
        Some(at) => (&text[..=end + at], "", &text[end + at + 1..]),
        None => (&text[..end], ",", &text[end..]),
    };
    let behind = if comma.is_empty() { "," } else { "" };
    // What is said of the last property at the end of its line stays with it.
    let said = said_behind(tail);
    Ok([
        head,
        comma,
        &tail[..said],
        &between,
        &entry,
        behind,
        &tail[said..],
    ]
    .concat())
}

/// The text with the first property of an empty object.
fn first_of(
    text: &str,
    tree: Option<&Value<'_>>,
    path: &[String],
    empty: &Object<'_>,
    entry: &str,
) -> String {
    let above = path
        .split_last()
        .and_then(|(_, above)| object(tree, above).ok()?);
    let (head, tail) = text.split_at(empty.range.start + 1);
    if above.is_some_and(|above| !spread(text, above)) {
        return [head, entry, tail].concat();
    }
    let outer = indent(text, empty.range.start);
    let unit = tree
        .and_then(Value::as_object)
        .and_then(|root| root.properties.first())
        .map_or("", |first| indent(text, first.range.start));
    let unit = if unit.is_empty() { "  " } else { unit };
    let end = line_end(text);
    let inside = &text[empty.range.start + 1..empty.range.end - 1];
    let closing = if inside.contains('\n') {
        String::new()
    } else {
        format!("{end}{outer}")
    };
    [head, end, outer, unit, entry, &closing, tail].concat()
}

/// Whether an object's properties stand on lines of their own.
fn spread(text: &str, object: &Object<'_>) -> bool {
    let first = object
        .properties
        .first()
        .map_or(object.range.end, |first| first.range.start);
    text[object.range.start..first].contains('\n')
}

/// The blanks that the line of `at` begins with.
fn indent(text: &str, at: usize) -> &str {
    let line = &text[line_start(text, at)..at];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Where in `rest`, which follows a property, its comma stands.
fn comma(rest: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let from = &rest[at..];
        at += if from.starts_with(',') {
            return Some(at);
        } else if from.starts_with("/*") {
            from.find("*/")? + 2
        } else if from.starts_with("//") {
            from.find('\n')?
        } else if from.starts_with(char::is_whitespace) {
            from.chars().next()?.len_utf8()
        } else {
            return None;
        };
    }
}

/// How much of `tail` are comments up to the end of its line; nothing where something else follows on that line.
fn said_behind(tail: &str) -> usize {
    let line = &tail[..tail.find(['\r', '\n']).unwrap_or(0)];
    let said = line.trim_start();
    let whole =
        said.starts_with("//") || (said.starts_with("/*") && line.trim_end().ends_with("*/"));
    if whole { line.len() } else { 0 }
}

pub(super) fn remove(text: &str, path: &[String]) -> Result<String, Why> {
    let tree = tree(text)?;
    let (name, above) = split(path)?;
    let Some(object) = object(tree.as_ref(), above)? else {
        return Ok(text.to_owned());
    };
    let Some((place, property)) = property(object, name)? else {
        return Ok(text.to_owned());
    };
    let (start, end) = (property.range.start, property.range.end);
    let after = comma(&text[end..]).map(|at| end + at + 1);
    let mut text = text.to_owned();
    let alone = text[line_start(&text, start)..start].trim().is_empty();
    let behind = after.unwrap_or(end);
    let rest = &text[behind..next_line(&text, behind)];
    if alone && (rest.trim().is_empty() || said_behind(&text[behind..]) > 0) {
        text.replace_range(line_start(&text, start)..next_line(&text, behind), "");
    } else {
        let blanks = text[behind..].len() - text[behind..].trim_start_matches([' ', '\t']).len();
        text.replace_range(start..behind + if after.is_some() { blanks } else { 0 }, "");
    }
    // The last property takes the comma before it along, and the blanks between where no line ends there.
    if after.is_none()
        && let Some(before) = place
            .checked_sub(1)
            .and_then(|place| object.properties.get(place))
        && let Some(at) = comma(&text[before.range.end..])
    {
        let at = before.range.end + at;
        let blank = text[at + 1..start.min(text.len()).max(at + 1)]
            .chars()
            .all(|letter| letter == ' ' || letter == '\t');
        let until = if blank && !alone { start } else { at + 1 };
        text.replace_range(at..until, "");
    }
    Ok(text)
}

pub(super) fn prune(text: &str, path: &[String]) -> Result<String, Why> {
    let tree = tree(text)?;
    let hollow = |object: &Object<'_>| {
        text[object.range.start + 1..object.range.end - 1]
            .trim()
            .is_empty()
    };
    if object(tree.as_ref(), path)?.is_some_and(hollow) {
        remove(text, path)
    } else {
        Ok(text.to_owned())
    }
}
