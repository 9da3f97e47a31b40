//! The document as a page for people: calls by topic, then shapes. No script, and nothing from elsewhere.

use std::fmt::Write as _;

use serde_json::{Map, Value};

const VERBS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The page.
pub(super) fn page(document: &Value) -> String {
    let mut html = String::with_capacity(256 << 10);
    let info = &document["info"];
    let version = escaped(text(&info["version"]));
    let about = prose(text(&info["description"]));
    html += "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>Turnout API</title>\n<link rel=\"stylesheet\" href=\"/docs/style.css\">\n";
    let _ = writeln!(
        html,
        "<header><h1>Turnout API <small>{version}</small></h1><p>{about}</p>\
         <p>For programs: <a href=\"/openapi.json\">openapi.json</a>.</p></header>"
    );
    contents(&mut html, document);
    html += "<main>\n";
    for tag in list(&document["tags"]) {
        topic(&mut html, document, text(&tag["name"]));
    }
    html += "<section id=\"shapes\"><h2>Shapes</h2>\n";
    for (name, schema) in sorted(&document["components"]["schemas"]) {
        shape(&mut html, name, schema);
    }
    html += "</section>\n</main>\n</html>\n";
    html
}

fn contents(html: &mut String, document: &Value) {
    *html += "<nav aria-label=\"Topics\">";
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        let _ = write!(html, "<a href=\"#{}\">{}</a> ", anchor(name), escaped(name));
    }
    *html += "<a href=\"#shapes\">Shapes</a></nav>\n";
}

fn topic(html: &mut String, document: &Value, topic: &str) {
    let _ = writeln!(
        html,
        "<section id=\"{}\"><h2>{}</h2>",
        anchor(topic),
        escaped(topic)
    );
    for (path, item) in fields(&document["paths"]) {
        for verb in VERBS {
            if let Some(call) = item.get(verb).filter(|call| call["tags"][0] == topic) {
                one(html, verb, path, call);
            }
        }
    }
    *html += "</section>\n";
}

/// One call, which opens at a click.
fn one(html: &mut String, verb: &str, path: &str, call: &Value) {
    let is_old = call["deprecated"] == true;
    let _ = write!(
        html,
        "<details id=\"{id}\"{old}><summary><b class=\"{verb}\">{verb}</b> <code>{path}</code> <span>{about}</span></summary>",
        id = text(&call["operationId"]),
        old = if is_old { " class=\"old\"" } else { "" },
        path = escaped(path),
        about = prose(text(&call["summary"])),
    );
    if let Some(more) = call["description"].as_str() {
        let _ = write!(html, "<p>{}</p>", prose(more));
    }
    let parameters = list(&call["parameters"]);
    if !parameters.is_empty() {
        *html += "<h3>Parameters</h3><table>";
        for parameter in parameters {
            row(
                html,
                text(&parameter["name"]),
                &format!("{}, {}", text(&parameter["in"]), kind(&parameter["schema"])),
                parameter["required"] == true,
                text(&parameter["description"]),
            );
        }
        *html += "</table>";
    }
    if let Some(body) = call.get("requestBody") {
        let needed = if body["required"] == true {
            ""
        } else {
            " (may be left out)"
        };
        let _ = write!(html, "<h3>Body{needed}</h3><ul>");
        contents_of(html, &body["content"]);
        *html += "</ul>";
    }
    *html += "<h3>Answers</h3><dl>";
    for (status, answer) in fields(&call["responses"]) {
        let about = prose(text(&answer["description"]));
        let _ = write!(html, "<dt>{status}</dt><dd>{about}<ul>");
        contents_of(html, &answer["content"]);
        *html += "</ul></dd>";
    }
    *html += "</dl></details>\n";
}

fn contents_of(html: &mut String, contents: &Value) {
    for (media, content) in fields(contents) {
        let _ = write!(
            html,
            "<li><code>{}</code>: {}</li>",
            escaped(media),
            kind(&content["schema"])
        );
    }
}

fn shape(html: &mut String, name: &str, schema: &Value) {
    let _ = write!(
        html,
        "<details id=\"shape-{name}\"><summary><code>{name}</code> <span>{}</span></summary>",
        prose(text(&schema["description"]))
    );
    if schema.get("properties").is_none() && schema.get("allOf").is_none() {
        let _ = write!(html, "<p>{}</p>", kind(schema));
    }
    *html += "<table>";
    parts(html, schema);
    *html += "</table></details>\n";
}

/// The fields of an object, those of the shapes that it is made of included by name.
fn parts(html: &mut String, schema: &Value) {
    for part in list(&schema["allOf"]) {
        if part.get("$ref").is_some() {
            let _ = write!(
                html,
                "<tr><td colspan=\"3\">all of {}</td></tr>",
                kind(part)
            );
        } else {
            parts(html, part);
        }
    }
    let required = list(&schema["required"]);
    for (name, field) in fields(&schema["properties"]) {
        let is_required = required.iter().any(|it| it == name);
        row(
            html,
            name,
            &kind(field),
            is_required,
            text(&field["description"]),
        );
    }
}

fn row(html: &mut String, name: &str, kind: &str, is_required: bool, about: &str) {
    let mark = if is_required {
        "<sup title=\"always there\">∗</sup>"
    } else {
        ""
    };
    let _ = write!(
        html,
        "<tr><td><code>{}</code>{mark}</td><td>{kind}</td><td>{}</td></tr>",
        escaped(name),
        prose(about)
    );
}

/// What a value is, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next()) {
        return format!("<a href=\"#shape-{name}\">{name}</a>");
    }
    for several in ["oneOf", "anyOf"] {
        if schema.get(several).is_some() {
            let kinds: Vec<String> = list(&schema[several]).iter().map(kind).collect();
            return kinds.join(" or ");
        }
    }
    let words = list(&schema["enum"]);
    if !words.is_empty() {
        let words = words.iter().map(|word| match word {
            Value::String(word) => format!("<code>{}</code>", escaped(word)),
            other => format!("<code>{other}</code>"),
        });
        return words.collect::<Vec<_>>().join(" or ");
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ if schema.get("properties").is_some() => vec!["object"],
        _ => vec!["any"],
    };
    let kinds: Vec<String> = types.into_iter().map(|one| plain(one, schema)).collect();
    kinds.join(" or ")
}

fn plain(kind_of: &str, schema: &Value) -> String {
    match (kind_of, schema["format"].as_str()) {
        ("array", _) => format!("list of {}", kind(&schema["items"])),
        ("string", Some("date-time")) => "time".to_owned(),
        ("object", _) if schema["additionalProperties"].is_object() => {
            format!("object of {}", kind(&schema["additionalProperties"]))
        }
        ("object", _) if schema.get("properties").is_some() => {
            let fields = fields(&schema["properties"]);
            let fields =
                fields.map(|(name, field)| format!("<code>{name}</code>: {}", kind(field)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        _ => kind_of.to_owned(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn fields(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let fields = value.as_object().into_iter().flat_map(Map::iter);
    fields.map(|(name, field)| (name.as_str(), field))
}

fn sorted(value: &Value) -> Vec<(&str, &Value)> {
    let mut sorted: Vec<_> = fields(value).collect();
    sorted.sort_by_key(|(name, _)| *name);
    sorted
}

fn anchor(topic: &str) -> String {
    let letters = topic.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Sentences in which backticks mark code.
fn prose(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    for (index, part) in text.split('`').enumerate() {
        match index % 2 {
            0 => html += &escaped(part),
            _ => {
                let _ = write!(html, "<code>{}</code>", escaped(part));
            }
        }
    }
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
