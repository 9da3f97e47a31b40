//! Whatever stands in a file: all of it comes back, whatever else is changed meanwhile.

use clients::Client;
use proptest::prelude::*;

use crate::support::{Home, disconnect, main_file, target};

const CASES: u32 = 64;
/// Variables of Claude Code's that connecting changes.
const OURS: [&str; 4] = [
    "ANTHROPIC_BASE_URL",
    "API_TIMEOUT_MS",
    "NO_PROXY",
    "ANTHROPIC_CUSTOM_HEADERS",
];

/// Names of which some are ours.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[A-Z][A-Z_]{1,6}",
        1 => Just("ANTHROPIC_BASE_URL".to_owned()),
        1 => Just("API_TIMEOUT_MS".to_owned()),
        1 => Just("NO_PROXY".to_owned()),
        1 => Just("ANTHROPIC_CUSTOM_HEADERS".to_owned()),
        1 => Just("GOOGLE_GEMINI_BASE_URL".to_owned()),
        1 => Just("GEMINI_API_KEY".to_owned()),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let value = prop_oneof!["[a-z:/.,]{0,9}", Just("https://relay.example".to_owned())];
    prop::collection::btree_map(name(), value, 0..6).prop_map(|map| map.into_iter().collect())
}

fn layout() -> impl Strategy<Value = (&'static str, &'static str, bool)> {
    (
        prop::sample::select(vec!["\n", "\r\n"]),
        prop::sample::select(vec!["  ", "\t", "    "]),
        any::<bool>(),
    )
}

fn json(pairs: &[(String, String)], (end, indent, last): (&str, &str, bool)) -> String {
    let mut lines = vec![
        "{".to_owned(),
        format!("{indent}// mine"),
        format!("{indent}\"env\": {{"),
    ];
    for (number, (name, value)) in pairs.iter().enumerate() {
        let comma = if number + 1 < pairs.len() { "," } else { "" };
        lines.push(format!(
            "{indent}{indent}{}: {}{comma}",
            serde_json::json!(name),
            serde_json::json!(value)
        ));
    }
    lines.extend([
        format!("{indent}}},"),
        format!("{indent}\"x\": [1,  2]"),
        "}".to_owned(),
    ]);
    lines.join(end) + if last { end } else { "" }
}

fn env(pairs: &[(String, String)], (end, _, last): (&str, &str, bool)) -> String {
    let lines: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value} # {name}"))
        .collect();
    lines.join(end) + if last && !lines.is_empty() { end } else { "" }
}

fn toml(pairs: &[(String, String)], (end, _, last): (&str, &str, bool)) -> String {
    let mut lines = vec!["# mine".to_owned()];
    lines.extend(
        pairs
            .iter()
            .map(|(name, value)| format!("{name} = '{value}' # {name}")),
    );
    lines.push("[t]".to_owned());
    lines.extend(
        pairs
            .iter()
            .map(|(name, value)| format!("  {name} = \"{value}\"")),
    );
    lines.join(end) + if last { end } else { "" }
}

fn written(client: Client, pairs: &[(String, String)], layout: (&str, &str, bool)) -> String {
    match client {
        Client::ClaudeCode => json(pairs, layout),
        Client::Codex => toml(pairs, layout),
        Client::GeminiCli => env(pairs, layout),
    }
}

fn client() -> impl Strategy<Value = Client> {
    prop::sample::select(Client::ALL.to_vec())
}

/// `text` as Claude Code writes its settings: printed anew as a whole, with one variable more and one less.
fn printed_anew(text: &str, more: &str, less: Option<&str>, pretty: bool) -> String {
    let mut settings: serde_json::Value = serde_json::from_str(text).unwrap();
    let env = settings["env"].as_object_mut().unwrap();
    env.insert(more.to_owned(), "by hand".into());
    if let Some(less) = less {
        env.shift_remove(less);
    }
    if pretty {
        format!("{settings:#}")
    } else {
        settings.to_string()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn connecting_and_disconnecting_is_nothing(client in client(), pairs in pairs(), layout in layout()) {
        let text = written(client, &pairs, layout);
        let home = Home::with(&[(main_file(client), &text)]);
        home.clients().connect(client, &target()).unwrap();
        disconnect(&home.clients(), client);
        prop_assert_eq!(home.read(main_file(client)).unwrap(), text);
    }

    #[test]
    fn a_line_added_meanwhile_is_all_that_differs(client in client(), pairs in pairs(), layout in layout(), pick in any::<prop::sample::Index>()) {
        let text = written(client, &pairs, layout);
        let home = Home::with(&[(main_file(client), &text)]);
        home.clients().connect(client, &target()).unwrap();
        let connected = home.read(main_file(client)).unwrap();
        // A comment behind the end of some line is what every editor could do.
        let ends: Vec<usize> = connected.match_indices(layout.0).map(|(at, _)| at).collect();
        prop_assume!(!ends.is_empty());
        let note = if client == Client::ClaudeCode { " // by hand" } else { " # by hand" };
        let at = *pick.get(&ends);
        let edited = [&connected[..at], note, &connected[at..]].concat();
        home.write(main_file(client), &edited);
        let plan = disconnect(&home.clients(), client);
        prop_assert!(plan.notes.is_empty(), "{:?}", plan.notes);
        let back = home.read(main_file(client)).unwrap().replace(note, "");
        // Where the file had no end of its last line, our lines have given it one.
        prop_assert_eq!(back.trim_end(), text.trim_end());
    }

    #[test]
    fn a_file_that_its_client_prints_anew_differs_by_that_alone(pairs in pairs(), layout in layout(), pretty in any::<bool>(), pick in any::<prop::sample::Index>()) {
        let text = json(&pairs, layout).replace("// mine", "");
        let home = Home::with(&[(main_file(Client::ClaudeCode), &text)]);
        home.clients().connect(Client::ClaudeCode, &target()).unwrap();
        let connected = home.read(main_file(Client::ClaudeCode)).unwrap();
        let theirs: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).filter(|name| !OURS.contains(name)).collect();
        let less = (!theirs.is_empty()).then(|| *pick.get(&theirs));
        home.write(main_file(Client::ClaudeCode), &printed_anew(&connected, "ADDED", less, pretty));
        let plan = disconnect(&home.clients(), Client::ClaudeCode);
        prop_assert!(plan.notes.is_empty(), "{:?}", plan.notes);
        let meaning = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let left = home.read(main_file(Client::ClaudeCode)).unwrap();
        prop_assert_eq!(meaning(&left), meaning(&printed_anew(&text, "ADDED", less, pretty)));
    }
}
