//! What an edit changes, and what it leaves alone.

use std::path::PathBuf;

use crate::settings::edit::{
    EditError, add_key, edit, replace_literal, set_autostart, set_weights,
};

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

/// Checks what `change` makes of `before`.
#[track_caller]
fn makes(before: &str, change: impl Fn(&std::path::Path) -> Result<bool, EditError>, after: &str) {
    let (_folder, path) = file(before);
    let changed = change(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
    assert_eq!(changed, before != after);
}

fn key_added(path: &std::path::Path, provider: &str, key: &str) -> Result<bool, EditError> {
    Ok(add_key(path, provider, key)?.is_some())
}

const TWO: &str = "# mine\n[[providers]]\nname = \"a\" # first\nkeys = [\"env:A\"] # one\n\n[[providers]]\nname = \"b\"\n# end\n";

#[test]
fn a_key_is_added_where_it_belongs_and_nothing_else_changes() {
    makes(
        TWO,
        |path| key_added(path, "a", "keychain:a/1"),
        &TWO.replace("[\"env:A\"]", "[\"env:A\", \"keychain:a/1\"]"),
    );
    makes(
        TWO,
        |path| key_added(path, "b", "keychain:b/0"),
        &TWO.replace("\"b\"\n", "\"b\"\nkeys = [\"keychain:b/0\"]\n"),
    );
    makes(TWO, |path| key_added(path, "a", "env:A"), TWO);
}

#[test]
fn a_list_of_lines_gets_a_line() {
    let before = "[[providers]]\nname = \"a\"\nkeys = [\n  # home\n  \"env:A\", # one\n  # work\n  \"env:B\", # two\n]\n";
    let (_folder, path) = file(before);
    add_key(&path, "a", "env:C").unwrap();
    let after = std::fs::read_to_string(&path).unwrap();
    let keys = after.parse::<toml_edit::DocumentMut>().unwrap()["providers"][0]["keys"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(keys, 3, "{after}");
    for line in [
        "  # home\n",
        "  # work\n",
        "# one\n",
        "# two\n",
        "\n  \"env:C\"",
    ] {
        assert!(after.contains(line), "{line:?} is missing in\n{after}");
    }
}

#[test]
fn a_comment_behind_a_key_stays_with_it() {
    let list = |lines: &str| format!("[[providers]]\nname = \"a\"\nkeys = [{lines}]\n");
    let cases = [
        (
            "\n  \"env:A\", # after one\n  # end\n",
            "\n  \"env:A\", # after one\n  \"env:B\",\n  # end\n",
        ),
        (
            "\n  \"env:A\" # after one\n  # end\n",
            "\n  \"env:A\", # after one\n  \"env:B\"\n  # end\n",
        ),
        (
            "\"env:A\", # after one\n",
            "\"env:A\", # after one\n  \"env:B\",\n",
        ),
        ("\n  \"env:A\",\n", "\n  \"env:A\",\n  \"env:B\",\n"),
    ];
    for (before, after) in cases {
        makes(
            &list(before),
            |path| key_added(path, "a", "env:B"),
            &list(after),
        );
    }
}

#[test]
fn inline_providers_can_be_changed_too() {
    makes(
        "providers = [{ name = \"a\", keys = [] }] # all\n",
        |path| key_added(path, "a", "env:A"),
        "providers = [{ name = \"a\", keys = [\"env:A\"] }] # all\n",
    );
}

#[test]
fn autostart_is_set_in_place_or_added() {
    makes(
        "[desktop]\nautostart = false # at login\n",
        |path| set_autostart(path, true),
        "[desktop]\nautostart = true # at login\n",
    );
    makes(
        "version = 1\n",
        |path| set_autostart(path, true),
        "version = 1\n\n[desktop]\nautostart = true\n",
    );
    makes(
        "[desktop]\nautostart = true\n",
        |path| set_autostart(path, true),
        "[desktop]\nautostart = true\n",
    );
}

#[test]
fn a_literal_is_replaced_only_where_secrets_stand() {
    let before = "[server]\nadmin_token = 'sk-1' # t\nclient_tokens = [{ name = \"sk-1\", token = \"sk-1\" }]\n\
                  [[providers]]\nname = \"a\"\nmodels = { big = \"sk-1\" }\nkeys = [\"sk-1\", \"sk-2\"]\n";
    let after = before
        .replace("'sk-1' # t", "\"keychain:x\" # t")
        .replace("token = \"sk-1\" }", "token = \"keychain:x\" }")
        .replace("[\"sk-1\",", "[\"keychain:x\",");
    makes(
        before,
        |path| replace_literal(path, &"sk-1".into(), "keychain:x"),
        &after,
    );
}

#[test]
fn windows_line_ends_stay() {
    makes(
        "version = 1\r\n",
        |path| set_autostart(path, true),
        "version = 1\r\n\r\n[desktop]\r\nautostart = true\r\n",
    );
}

#[test]
fn a_hand_edit_made_meanwhile_is_kept() {
    let (_folder, path) = file("version = 1\n");
    let tries = std::cell::Cell::new(0);
    let changed = edit(&path, |document| {
        if tries.replace(tries.get() + 1) == 0 {
            std::fs::write(&path, "version = 1\n# by hand\n").unwrap();
        }
        document["log"]["file"] = toml_edit::value(false);
        Ok(())
    });
    assert!(changed.unwrap());
    assert_eq!(tries.get(), 2);
    let after = std::fs::read_to_string(&path).unwrap();
    assert!(
        after.contains("# by hand") && after.contains("file = false"),
        "{after}"
    );
}

#[test]
fn a_file_that_never_rests_is_left_alone() {
    let (folder, path) = file("version = 1\n");
    let tries = std::cell::Cell::new(0);
    let error = edit(&path, |document| {
        tries.set(tries.get() + 1);
        std::fs::write(&path, format!("# {}\n", tries.get())).unwrap();
        document["log"]["file"] = toml_edit::value(false);
        Ok(())
    });
    assert!(matches!(error, Err(EditError::Contended { .. })));
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no temporary file stays behind"
    );
}

#[test]
fn what_cannot_be_changed_is_told_and_left_alone() {
    let (_folder, path) = file("not = [toml\n");
    assert!(matches!(
        set_autostart(&path, true),
        Err(EditError::Broken { .. })
    ));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "not = [toml\n");
    let (_folder, path) = file("desktop = 1\n");
    assert!(matches!(
        set_autostart(&path, true),
        Err(EditError::WrongType("desktop"))
    ));
    let (_folder, path) = file(TWO);
    assert!(
        matches!(add_key(&path, "c", "env:A"), Err(EditError::NoProvider(name)) if name == "c")
    );
    assert!(matches!(
        set_autostart(&path.with_file_name("absent"), true),
        Err(EditError::Io { .. })
    ));
}

#[cfg(unix)]
#[test]
fn mode_and_link_of_the_file_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let (folder, path) = file("version = 1\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link.toml");
    symlink(&path, &link).unwrap();
    set_autostart(&link, true).unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .contains("autostart = true")
    );
}

#[test]
fn weights_are_set_in_every_group_and_nothing_else_changes() {
    let weights = |pairs: &[(&str, u32)]| {
        pairs
            .iter()
            .map(|(name, weight)| ((*name).to_owned(), *weight))
            .collect()
    };
    let before = "[[groups]]\nname = \"main\" # mine\nmembers = [\n  { provider = \"a\", weight = 3 }, # dear\n  \
                  { provider = \"b\" },\n]\n\n[[groups]]\nname = \"spare\"\n[[groups.members]]\nprovider = \"a\" # too\n";
    makes(
        before,
        |path| set_weights(path, &weights(&[("a", 1), ("b", 2)])),
        &before
            .replace("weight = 3", "weight = 1")
            .replace("\"b\" }", "\"b\", weight = 2 }")
            .replace("# too\n", "# too\nweight = 1\n"),
    );
    makes(
        before,
        |path| set_weights(path, &weights(&[("c", 1)])),
        before,
    );
}

#[test]
fn a_key_in_a_table_is_known_and_its_secret_moves_out() {
    for before in [
        "[[providers]]\nname = \"a\"\nkeys = [{ secret = \"sk-1\", limits = { rpm = 1 } }]\n",
        "[[providers]]\nname = \"a\"\n[[providers.keys]]\nsecret = \"sk-1\" # mine\nlimits.rpm = 1\n",
    ] {
        let shown = crate::settings::masked(before).unwrap();
        assert!(!shown.contains("sk-1") && shown.contains("rpm"), "{shown}");
        makes(
            before,
            |path| replace_literal(path, &"sk-1".into(), "keychain:a/0"),
            &before.replace("sk-1", "keychain:a/0"),
        );
    }
    let before = "[[providers]]\nname = \"a\"\nkeys = [{ secret = \"env:A\" }]\n";
    makes(before, |path| key_added(path, "a", "env:A"), before);
}
