//! What stood in the clients' settings before, in `clients.json` of the data folder (its owner's alone).
//!
//! Of our own values only fingerprints are kept. Of the person's, those that had to give way, since nothing else knows
//! them then; that is an address or a choice, never a key: keys are left where they stand ([`crate::wish`]).

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk::{Disk, read};
use crate::format::Format;
use crate::splice::Splice;
use crate::{Client, Error};

const VERSION: u32 = 1;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Book {
    version: u32,
    pub(crate) records: Vec<Record>,
}

/// One client, as far as its settings are changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) client: Client,
    pub(crate) folder: PathBuf,
    pub(crate) stage: Stage,
    pub(crate) files: Vec<FileRecord>,
}

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    /// The files are about to be written.
    Connecting,
    /// They are.
    Connected,
    /// Our values are emptied; what is left of them goes with the second step.
    Leaving,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    /// Whether there was a file before.
    pub(crate) existed: bool,
    /// Whether its folder was made for it.
    pub(crate) made_folder: bool,
    /// The fingerprint of the file without anything of ours.
    pub(crate) found: String,
    /// The fingerprint of the file after it.
    pub(crate) written: String,
    /// What brings a file that nobody else changed back to the byte, the last change first to be undone.
    pub(crate) splices: Option<Vec<Splice>>,
    pub(crate) keys: Vec<KeyRecord>,
    /// Tables made for our keys, outermost first.
    pub(crate) made: Vec<Vec<String>>,
    /// The change that this one takes the place of, until it is written.
    pub(crate) earlier: Option<Box<FileRecord>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    pub(crate) path: Vec<String>,
    pub(crate) before: Before,
    /// Fingerprints of the values that we wrote.
    pub(crate) ours: Vec<String>,
}

/// What stood at a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Before {
    /// Nothing.
    Absent,
    /// This, as it was spelled.
    Raw(String),
    /// A list, to which these hosts were added.
    Hosts { added: Vec<String> },
    /// Headers, to which ours was added, between such separators.
    Headers { separator: String },
}

impl Book {
    pub(crate) fn path(data: &Path) -> PathBuf {
        data.join("clients.json")
    }

    pub(crate) fn load(data: &Path) -> Result<Self, Error> {
        let path = Self::path(data);
        let Some(text) = read(&path)? else {
            return Ok(Self {
                version: VERSION,
                records: Vec::new(),
            });
        };
        let damaged = |why: String| Error::Book {
            path: path.clone(),
            why,
        };
        let book: Self = serde_json::from_str(&text).map_err(|error| {
            damaged(format!("line {}, column {}", error.line(), error.column()))
        })?;
        if book.version == VERSION {
            Ok(book)
        } else {
            Err(damaged(format!(
                "it is of version {}, written by another Turnout",
                book.version
            )))
        }
    }

    pub(crate) fn save(&self, data: &Path, disk: &dyn Disk) -> Result<(), Error> {
        let path = Self::path(data);
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::Book {
            path: path.clone(),
            why: error.to_string(),
        })?;
        disk.replace(&path, &text)
            .map_err(|source| Error::Unwritable { path, source })
    }

    pub(crate) fn of(&self, client: Client, folder: &Path) -> Option<&Record> {
        self.records
            .iter()
            .find(|record| record.client == client && record.folder == folder)
    }

    pub(crate) fn put(&mut self, record: Record) {
        self.drop_record(record.client, &record.folder);
        self.records.push(record);
    }

    pub(crate) fn drop_record(&mut self, client: Client, folder: &Path) {
        self.records
            .retain(|record| record.client != client || record.folder != folder);
    }
}

impl FileRecord {
    pub(crate) fn key(&self, path: &[String]) -> Option<&KeyRecord> {
        self.keys.iter().find(|key| key.path == path)
    }
}

/// Held while book and files are read and written, so that two programs do not mix their changes.
pub(crate) fn lock(data: &Path) -> Result<File, Error> {
    let path = data.join("clients.lock");
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    let taken = folder.create(data).and_then(|()| {
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        file.lock()?;
        Ok(file)
    });
    taken.map_err(|source| Error::Unwritable { path, source })
}
