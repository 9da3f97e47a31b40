//! Where settings come from, and what is read there.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use imports::{Found, Unreadable};

use super::cc_switch;
use crate::handle::CommandError;

/// No settings file is larger, in bytes; databases may be.
const MOST: u64 = 4 << 20;

/// Where settings come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file of any kind that is known.
    File(PathBuf),
    /// The text of such a file.
    Text(String),
    /// The environment of this process.
    Environment,
}

impl Source {
    /// What this process reads at a path, which may be a pipe: its text, or the path of a database. It waits for whoever
    /// writes into the pipe.
    pub fn read(path: &Path) -> Result<Self, CommandError> {
        match content(path).map_err(|why| unreadable(path, &why))? {
            Content::Database => Ok(Self::File(path.to_owned())),
            Content::Text(text) => Ok(Self::Text(text)),
        }
    }
}

/// What is read, fetched.
pub(super) enum Given {
    Text(String),
    Rows(Vec<imports::Row>),
    Variables(Vec<(String, String)>),
}

impl Given {
    pub(super) async fn of(source: Source) -> Result<Self, CommandError> {
        let path = match source {
            Source::Text(text) => return Ok(Self::Text(text)),
            Source::Environment => {
                // What is no text is no key.
                let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                };
                return Ok(Self::Variables(
                    std::env::vars_os().filter_map(text).collect(),
                ));
            }
            Source::File(path) => path,
        };
        let at = path.clone();
        let reading = tokio::task::spawn_blocking(move || of_file(&at)).await;
        let content = reading.unwrap_or_else(|error| Err(error.to_string()));
        match content.map_err(|why| unreadable(&path, &why))? {
            Content::Text(text) => Ok(Self::Text(text)),
            Content::Database => {
                let rows = cc_switch::rows(&path).await;
                rows.map(Self::Rows).map_err(|why| unreadable(&path, &why))
            }
        }
    }

    pub(super) fn read(&self) -> Result<Found, CommandError> {
        let env: imports::Env<'_> = &|name| std::env::var(name).ok();
        let found = match self {
            Self::Text(text) => imports::read(text, env),
            Self::Rows(rows) => imports::read_cc_switch(rows, env),
            Self::Variables(variables) => imports::read_environment(variables.clone(), env),
        };
        found.map_err(|error| {
            let told = match (self, &error) {
                (Self::Variables(_), Unreadable::Nothing(_, report)) if report.left.is_empty() => {
                    "the environment has no key of a known vendor; set one, such as OPENAI_API_KEY, where Turnout is \
                     started"
                        .to_owned()
                }
                _ => format!("nothing was taken: {error}"),
            };
            CommandError::Invalid(told)
        })
    }
}

enum Content {
    Text(String),
    Database,
}

/// The content of a real file: whoever waits for a pipe or reads a device might do so for ever.
fn of_file(path: &Path) -> Result<Content, String> {
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() && !about.is_dir() {
        return Err("it is no file; give its text instead".to_owned());
    }
    content(path)
}

fn content(path: &Path) -> Result<Content, String> {
    if path.is_dir() {
        return Err("it is a folder; name the file in it".to_owned());
    }
    let mut bytes = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes));
    read.map_err(|error| error.to_string())?;
    if bytes.starts_with(cc_switch::MAGIC) {
        return Ok(Content::Database);
    }
    if bytes.len() as u64 > MOST {
        return Err("it is larger than any settings file".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    Ok(Content::Text(text))
}

fn unreadable(path: &Path, why: &str) -> CommandError {
    CommandError::Invalid(format!("{} cannot be read: {why}", path.display()))
}
