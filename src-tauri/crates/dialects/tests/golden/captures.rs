//! The captures, found by walking their folders.

use std::{fs, path::PathBuf};

use dialects::{Codec, Dialect};

/// What a capture holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Request,
    Answer,
    Stream,
    /// An error, with its status.
    Failure,
}

/// One file of `tests/wire/DIALECT`.
pub(crate) struct Capture {
    pub(crate) dialect: Dialect,
    /// The file's name.
    pub(crate) file: String,
    pub(crate) bytes: Vec<u8>,
}

impl Capture {
    /// The file's name without what its format is.
    pub(crate) fn stem(&self) -> &str {
        self.file.rsplit_once('.').unwrap().0
    }

    pub(crate) fn codec(&self) -> &'static dyn Codec {
        self.dialect.codec()
    }
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/wire")
}

/// All captures of this kind, by dialect and name.
pub(crate) fn all(kind: Kind) -> Vec<Capture> {
    Dialect::ALL
        .into_iter()
        .flat_map(|dialect| of(dialect, kind))
        .collect()
}

/// The captures of this kind in one dialect's folder.
pub(crate) fn of(dialect: Dialect, kind: Kind) -> Vec<Capture> {
    let mut found: Vec<Capture> = files(dialect)
        .into_iter()
        .filter(|file| kind_of(file) == kind)
        .map(|file| Capture {
            dialect,
            bytes: fs::read(folder().join(dialect.as_str()).join(&file)).unwrap(),
            file,
        })
        .collect();
    found.sort_by(|one, other| one.file.cmp(&other.file));
    assert!(!found.is_empty(), "{} has no {kind:?}", dialect.as_str());
    found
}

/// The names of all captures of a dialect.
pub(crate) fn files(dialect: Dialect) -> Vec<String> {
    fs::read_dir(folder().join(dialect.as_str()))
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

fn kind_of(file: &str) -> Kind {
    match file.split_once('.').unwrap().1 {
        "answer.json" => Kind::Answer,
        "failure.json" => Kind::Failure,
        "json" => Kind::Request,
        "sse" | "ndjson" => Kind::Stream,
        other => panic!("{file}: .{other} is no kind of capture"),
    }
}

#[test]
fn every_capture_has_a_line_that_tells_where_it_comes_from() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let named: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .flat_map(|(names, _)| names.split("`, `"))
        .filter(|name| name.contains('/'))
        .collect();
    for dialect in Dialect::ALL {
        for file in files(dialect) {
            let path = format!("{}/{file}", dialect.as_str());
            let told = named.iter().any(|name| fits(name, &path));
            assert!(told, "tests/wire/README.md does not tell of {path}");
        }
    }
}

/// Whether `path` is of this form, in which `*` stands for anything.
fn fits(form: &str, path: &str) -> bool {
    match form.split_once('*') {
        None => form == path,
        Some((head, tail)) => path.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| fits(tail, &rest[at..]))
        }),
    }
}
