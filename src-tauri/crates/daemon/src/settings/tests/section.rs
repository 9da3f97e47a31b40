//! Lists of named things, changed by JSON: what changes, and what stays as somebody wrote it.

use serde_json::{Value, json};
use toml_edit::DocumentMut;

use crate::settings::edit::EditError;
use crate::settings::section::{self, Section};

const FILE: &str = r#"# my config
version = 1

# the good one
[[providers]]
name = "a"   # mine
dialect = "anthropic"
keys = ["env:A"] # one

[providers.price]
multiplier = 0.5 # cheap

[[providers]]
name = "b"
dialect = "ollama"

# all of them
[[groups]]
name = "main"
members = [
  { provider = "a", priority = 1 }, # first
  { provider = "b", priority = 2 },
]

[[groups]]
name = "spare" # other
members = [{ provider = "b" }]
"#;

fn edited(change: impl Fn(&mut DocumentMut) -> Result<(), EditError>) -> String {
    let mut document: DocumentMut = FILE.parse().unwrap();
    change(&mut document).unwrap();
    document.to_string()
}

#[track_caller]
fn changed(section: Section, name: &str, fields: &Value, from: &str, to: &str) {
    assert!(FILE.contains(from), "{from}");
    let fields = fields.as_object().unwrap();
    let after = edited(|document| section::change(document, section, name, fields));
    assert_eq!(after, FILE.replace(from, to));
}

#[test]
fn a_field_changes_and_everything_else_stays() {
    changed(
        Section::Providers,
        "a",
        &json!({ "dialect": "openai-chat", "price": { "multiplier": 0.25 }, "keys": ["env:A"] }),
        "dialect = \"anthropic\"\nkeys = [\"env:A\"] # one\n\n[providers.price]\nmultiplier = 0.5 # cheap",
        "dialect = \"openai-chat\"\nkeys = [\"env:A\"] # one\n\n[providers.price]\nmultiplier = 0.25 # cheap",
    );
    changed(
        Section::Providers,
        "b",
        &json!({ "enabled": false, "base_url": null }),
        "dialect = \"ollama\"\n",
        "dialect = \"ollama\"\nenabled = false\n",
    );
}

#[test]
fn null_takes_a_field_away() {
    changed(
        Section::Providers,
        "a",
        &json!({ "keys": null }),
        "keys = [\"env:A\"] # one\n",
        "",
    );
}

#[test]
fn a_new_one_is_written_behind_the_others_in_the_usual_order() {
    let fields = json!({ "enabled": true, "dialect": "gemini", "name": "c", "limits": { "rpm": 3 }, "proxy": null });
    let fields = fields.as_object().unwrap();
    let after = edited(|document| section::add(document, Section::Providers, fields));
    let new = "\n[[providers]]\nname = \"c\"\ndialect = \"gemini\"\nenabled = true\nlimits = { rpm = 3 }\n";
    assert_eq!(
        after,
        FILE.replace("\n# all of them", &format!("{new}\n# all of them"))
    );
    let rule = json!({ "name": "r", "use": { "group": "main" } });
    let after =
        edited(|document| section::add(document, Section::Rules, rule.as_object().unwrap()));
    assert_eq!(
        after,
        format!("{FILE}\n[[rules]]\nname = \"r\"\nuse = {{ group = \"main\" }}\n")
    );
}

#[test]
fn one_is_taken_out_with_all_that_is_its_own() {
    let after = edited(|document| section::remove(document, Section::Providers, "a"));
    let (before, rest) = FILE.split_once("\n# the good one").unwrap();
    let (_, rest) = rest.split_once("# cheap\n").unwrap();
    assert_eq!(after, format!("{before}{rest}"));
}

#[test]
fn another_order_takes_comments_and_parts_along() {
    let order = ["b".to_owned()];
    let after = edited(|document| section::reorder(document, Section::Providers, &order));
    let document: DocumentMut = after.parse().unwrap();
    let providers = document["providers"].as_array_of_tables().unwrap();
    let names: Vec<_> = providers
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["b", "a"]);
    assert_eq!(
        providers.get(1).unwrap()["price"]["multiplier"].as_float(),
        Some(0.5),
        "{after}"
    );
    assert!(
        after.contains("# the good one\n[[providers]]\nname = \"a\""),
        "{after}"
    );
    let order = ["spare".to_owned(), "main".to_owned()];
    let after = edited(|document| section::reorder(document, Section::Groups, &order));
    let spare = after.find("name = \"spare\" # other").unwrap();
    assert!(
        spare < after.find("# all of them\n[[groups]]").unwrap(),
        "{after}"
    );
}

#[test]
fn lists_written_in_one_line_are_changed_there() {
    let mut document: DocumentMut =
        "rules = [{ name = \"r\", use = { group = \"g\" } }, { name = \"s\", use = { group = \"g\" } }]\n"
            .parse()
            .unwrap();
    let fields = json!({ "use": { "model": "m" } });
    section::change(
        &mut document,
        Section::Rules,
        "r",
        fields.as_object().unwrap(),
    )
    .unwrap();
    section::reorder(&mut document, Section::Rules, &["s".to_owned()]).unwrap();
    let after = document.to_string();
    let read: DocumentMut = after.parse().unwrap();
    let rules = read["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 2, "{after}");
    assert!(after.find("\"s\"") < after.find("\"r\""), "{after}");
    assert!(after.contains("use = { model = \"m\" }"), "{after}");
    section::remove(&mut document, Section::Rules, "s").unwrap();
    section::remove(&mut document, Section::Rules, "r").unwrap();
    assert_eq!(document.to_string(), "");
}

#[test]
fn what_cannot_be_done_is_told_by_name() {
    let mut document: DocumentMut = FILE.parse().unwrap();
    let none = json!({});
    let none = none.as_object().unwrap();
    let told = |result: Result<(), EditError>| result.unwrap_err().to_string();
    let doc = &mut document;
    assert_eq!(
        told(section::change(doc, Section::Rules, "x", none)),
        "there is no rule named \"x\" in the config"
    );
    assert_eq!(
        told(section::add(doc, Section::Groups, none)),
        "a group needs a `name`"
    );
    let main = json!({ "name": "main" });
    let told = told(section::add(
        doc,
        Section::Groups,
        main.as_object().unwrap(),
    ));
    assert!(
        told.starts_with("there is a group named \"main\" already"),
        "{told}"
    );
    assert_eq!(document.to_string(), FILE);
}

#[test]
fn what_is_only_shown_is_not_written() {
    let sent = json!({
        "name": "main", "active": true, "state": "active",
        "members": [{ "provider": "a", "priority": 2, "weight": 1, "health": "healthy", "ttft_ms": 4 }],
    });
    let fields = Section::Groups.fields(sent.as_object().unwrap().clone());
    let expected =
        json!({ "name": "main", "members": [{ "provider": "a", "priority": 2, "weight": 1 }] });
    assert_eq!(Value::Object(fields), expected);
}

#[test]
fn members_with_other_numbers_keep_their_lines_and_comments() {
    let both = |a: i64, b: i64| json!({ "members": [{ "provider": "a", "priority": a }, { "provider": "b", "priority": b }] });
    changed(
        Section::Groups,
        "main",
        &both(2, 1),
        "{ provider = \"a\", priority = 1 }, # first\n  { provider = \"b\", priority = 2 }",
        "{ provider = \"a\", priority = 2 }, # first\n  { provider = \"b\", priority = 1 }",
    );
    let tables = "[[groups]]\nname = \"g\"\n\n[[groups.members]]\nprovider = \"a\" # mine\npriority = 1\n\n[[groups.members]]\nprovider = \"b\"\npriority = 2\n";
    let mut document: DocumentMut = tables.parse().unwrap();
    let fields = both(2, 1);
    section::change(
        &mut document,
        Section::Groups,
        "g",
        fields.as_object().unwrap(),
    )
    .unwrap();
    let swapped = tables
        .replace("= 1", "= X")
        .replace("= 2", "= 1")
        .replace("= X", "= 2");
    assert_eq!(document.to_string(), swapped);
}
