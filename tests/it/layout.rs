//! Rules of the house that no compiler enforces.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tests::project;

/// Which of our crates each may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("dialects", &[]),
    ("routing", &[]),
    ("ledger", &[]),
    ("tokens", &[]),
    ("clients", &[]),
    ("imports", &[]),
    ("practice", &["dialects"]),
    ("gateway", &["dialects", "routing", "tokens"]),
    (
        "daemon",
        &[
            "dialects", "routing", "tokens", "ledger", "clients", "imports", "practice", "gateway",
        ],
    ),
    ("cli", &["clients", "daemon", "practice"]),
    ("turnout", &["daemon", "cli"]),
    ("tests", &[]),
];

/// Crates without a runtime, a network, a clock or a random source of their own.
const PURE: &[&str] = &["dialects", "routing", "tokens", "imports"];
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "hyper",
    "axum",
    "sqlx",
    "rand",
    "getrandom",
    "jiff",
    "chrono",
    "keyring",
    "notify",
];

const LONGEST_FILE: usize = 600;

fn manifests() -> Vec<(String, toml::Table)> {
    let mut paths = vec![
        project().join("src-tauri/Cargo.toml"),
        project().join("tests/Cargo.toml"),
    ];
    let crates = std::fs::read_dir(project().join("src-tauri/crates")).unwrap();
    paths.extend(crates.map(|entry| entry.unwrap().path().join("Cargo.toml")));
    let read = |path: PathBuf| -> (String, toml::Table) {
        let table: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        (table["package"]["name"].as_str().unwrap().to_owned(), table)
    };
    paths
        .into_iter()
        .filter(|path| path.exists())
        .map(read)
        .collect()
}

/// Names under every `[dependencies]` of a manifest that its users feel: dev-dependencies are nobody else's.
fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut collect = |table: &toml::Table| {
        for section in ["dependencies", "build-dependencies"] {
            let table = table.get(section).and_then(toml::Value::as_table);
            names.extend(table.into_iter().flat_map(toml::Table::keys).cloned());
        }
    };
    collect(manifest);
    for target in manifest
        .get("target")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(toml::Table::values)
    {
        collect(target.as_table().unwrap());
    }
    names
}

#[test]
fn crates_depend_only_on_what_stands_below_them() {
    let manifests = manifests();
    let ours: BTreeSet<&str> = manifests.iter().map(|(name, _)| name.as_str()).collect();
    let ruled: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        ours, ruled,
        "a crate came or went: say above what it may depend on"
    );
    for (name, manifest) in &manifests {
        let (_, allowed) = ARROWS.iter().find(|(ruled, _)| ruled == name).unwrap();
        for dependency in dependencies(manifest)
            .iter()
            .filter(|dependency| ours.contains(dependency.as_str()))
        {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{name} may not depend on {dependency}"
            );
        }
    }
}

#[test]
fn pure_crates_cannot_do_anything_but_think() {
    for (name, manifest) in manifests()
        .iter()
        .filter(|(name, _)| PURE.contains(&name.as_str()))
    {
        for dependency in dependencies(manifest) {
            assert!(
                !IMPURE.contains(&dependency.as_str()),
                "{name} may not depend on {dependency}"
            );
        }
    }
}

#[test]
fn only_the_desktop_crate_names_tauri() {
    for (name, manifest) in manifests().iter().filter(|(name, _)| name != "turnout") {
        let tauri = dependencies(manifest)
            .into_iter()
            .find(|dependency| dependency.starts_with("tauri"));
        assert_eq!(tauri, None, "in {name}");
    }
}

#[test]
fn versions_and_lints_stand_in_one_place() {
    for (name, manifest) in manifests() {
        assert_eq!(
            manifest["lints"]["workspace"].as_bool(),
            Some(true),
            "{name} has lints of its own"
        );
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let table = manifest.get(section).and_then(toml::Value::as_table);
            for (dependency, value) in table.into_iter().flatten() {
                assert!(
                    value.get("workspace").is_some(),
                    "{name}: the version of {dependency} is not the workspace's"
                );
            }
        }
    }
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    const SKIPPED: &[&str] = &["node_modules", "target", "dist", "gen", ".git"];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                files_below(&path, found);
            }
        } else {
            found.push(path);
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["src-tauri", "tests", "ui"] {
        files_below(&project().join(folder), &mut found);
    }
    let kinds = ["rs", "ts", "svelte", "mjs", "py", "css"];
    found.retain(|path| {
        path.extension()
            .is_some_and(|kind| kinds.contains(&kind.to_string_lossy().as_ref()))
    });
    assert!(found.len() > 50, "the sources were not found");
    found
}

#[test]
fn no_file_is_longer_than_anyone_reads() {
    for path in sources() {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(
            lines <= LONGEST_FILE,
            "{} has {lines} lines",
            path.display()
        );
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for path in sources()
        .iter()
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"))
    {
        let text = std::fs::read_to_string(path).unwrap();
        let root =
            path.ends_with("lib.rs") || path.ends_with("main.rs") || path.ends_with("mod.rs");
        assert!(
            !root || text.starts_with("//!"),
            "{} has no words of its own",
            path.display()
        );
    }
}

#[test]
fn every_capture_is_used() {
    let code: String = sources()
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let mut captures = Vec::new();
    files_below(&project().join("tests/wire"), &mut captures);
    captures.retain(|path| path.extension().is_none_or(|kind| kind != "md"));
    assert!(!captures.is_empty());
    // The golden table walks the folders of the dialects, whatever is in them.
    let table = project().join("src-tauri/crates/dialects/tests/golden/captures.rs");
    assert!(table.is_file(), "{} is gone", table.display());
    let walked = [
        "anthropic",
        "openai-chat",
        "openai-responses",
        "gemini",
        "ollama",
    ]
    .map(|dialect| project().join("tests/wire").join(dialect));
    captures.retain(|path| !walked.iter().any(|folder| path.starts_with(folder)));
    for capture in captures {
        let name = capture.file_stem().unwrap().to_string_lossy().into_owned();
        let short = name.trim_start_matches("claude-code-").to_owned();
        let used = code.contains(&format!("\"{name}\"")) || code.contains(&format!("\"{short}\""));
        assert!(used, "no test uses {}", capture.display());
    }
}
