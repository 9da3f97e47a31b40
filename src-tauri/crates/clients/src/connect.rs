//! The clients of this machine: looked at, and connected.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::apply::{Applied, apply, says};
use crate::book::{Book, FileRecord, Record, Stage, lock};
use crate::disk::{Disk, LocalDisk, hash, read, writable};
use crate::format::Format;
use crate::target::without_login;
use crate::undo::undo;
use crate::wish::{FileWish, address, files, ignored, wishes};
use crate::{Change, Client, Error, Plan, Surroundings, Target};

/// The client programs of this machine and the book of what was changed for them.
#[derive(Debug, Clone)]
pub struct Clients {
    pub(crate) data: PathBuf,
    pub(crate) around: Surroundings,
    pub(crate) disk: Arc<dyn Disk>,
}

/// How a client stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Standing {
    /// Its id.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// Whether its program is on the path or its folder is there.
    pub installed: bool,
    /// Its program, where it is on the path.
    #[schema(value_type = Option<String>)]
    pub program: Option<PathBuf>,
    /// The files of its settings, there or not.
    #[schema(value_type = Vec<String>)]
    pub files: Vec<PathBuf>,
    /// Where its settings point it, without a login in it; `None` is its vendor.
    pub points_at: Option<String>,
    /// Whether that is this Turnout.
    pub connected: bool,
    /// Whether what stood there before is remembered, so that `disconnect` puts it back.
    pub remembered: bool,
    /// Why its settings cannot be read, where they cannot.
    pub problem: Option<String>,
    /// Why the client pays no heed to its settings, though they can be read: until that is put right, it does not
    /// call where they point it.
    pub ignored: Option<String>,
}

impl Clients {
    /// Those of these surroundings, with the book in the folder `data`.
    pub fn new(data: impl Into<PathBuf>, around: Surroundings) -> Self {
        Self::with_disk(data, around, Arc::new(LocalDisk))
    }

    /// The same, changing files by way of `disk`.
    pub fn with_disk(data: impl Into<PathBuf>, around: Surroundings, disk: Arc<dyn Disk>) -> Self {
        Self {
            data: data.into(),
            around,
            disk,
        }
    }

    /// How a client stands towards `base_url`, the address of this Turnout where one is known. Changes nothing.
    pub fn look(&self, client: Client, base_url: Option<&str>) -> Result<Standing, Error> {
        let folder = self.around.folder(client)?;
        let program = self.around.program(client);
        let files = files(client, &folder);
        let texts: Vec<Result<String, Error>> = files
            .iter()
            .map(|(path, format)| readable(path, *format))
            .collect();
        let text = texts
            .first()
            .and_then(|text| text.as_deref().ok())
            .unwrap_or_default()
            .to_owned();
        let problem = texts
            .into_iter()
            .find_map(|text| Some(text.err()?.to_string()));
        let points_at = address(client, &text);
        let here = base_url.map(|base_url| Target {
            base_url: base_url.into(),
            token: None,
            own_login: false,
        });
        let book = Book::load(&self.data)?;
        Ok(Standing {
            id: client.id(),
            name: client.name(),
            installed: program.is_some() || folder.is_dir(),
            program,
            files: files.into_iter().map(|(path, _)| path).collect(),
            connected: here
                .zip(points_at.as_ref())
                .is_some_and(|(here, url)| here.leads_here(url)),
            points_at: points_at.map(|url| without_login(&url)),
            remembered: book
                .of(client, &folder)
                .is_some_and(|record| record.stage != Stage::Leaving),
            ignored: ignored(client, &text)
                .filter(|_| problem.is_none())
                .map(str::to_owned),
            problem,
        })
    }

    /// What [`Clients::connect`] would change. Changes nothing.
    pub fn plan_connect(&self, client: Client, target: &Target) -> Result<Plan, Error> {
        self.planned(&Book::load(&self.data)?, client, target)
    }

    /// Points a client at `target`. What stands there is remembered first. Connecting again takes in another address
    /// or token and forgets nothing.
    pub fn connect(&self, client: Client, target: &Target) -> Result<Plan, Error> {
        let _held = lock(&self.data)?;
        let mut book = Book::load(&self.data)?;
        let mut plan = self.planned(&book, client, target)?;
        if let Some(record) = plan.record.take() {
            self.carry_out(&mut book, record, &plan.changes, Some(Stage::Connected))?;
        }
        Ok(plan)
    }

    fn planned(&self, book: &Book, client: Client, target: &Target) -> Result<Plan, Error> {
        let folder = self.around.folder(client)?;
        let old = book.of(client, &folder);
        let found = standing_files(client, &folder, old)?;
        let texts: Vec<String> = found.iter().map(|file| file.undone.clone()).collect();
        let mut plan = Plan::new(client);
        let (wishes, notes) = wishes(client, target, &folder, &self.around, &texts);
        plan.notes = notes;
        if self.around.program(client).is_none() && !folder.is_dir() {
            plan.notes.push(format!(
                "{} is not installed here: its settings are made for when it is",
                client.name()
            ));
        }
        let before = found
            .first()
            .and_then(|file| address(client, file.text.as_deref()?));
        if let Some(other) = before.filter(|url| !target.leads_here(url)) {
            let other = without_login(&other);
            plan.notes.insert(
                0,
                format!("it points at {other} now, which `disconnect` puts back"),
            );
        }
        if old.is_some_and(|old| old.stage == Stage::Connected) && all_said(&found, &wishes)? {
            return Ok(plan);
        }
        let mut files = Vec::new();
        for (file, wish) in found.into_iter().zip(&wishes) {
            let applied = apply(wish.format, &file.undone, &wish.settings, Some(target))
                .map_err(|why| invalid(&wish.path, why))?;
            let (record, change) = file.becomes(&wish.path, wish.format, applied)?;
            plan.changes.extend(change);
            files.push(record);
        }
        plan.record = Some(Record {
            client,
            folder,
            stage: Stage::Connecting,
            files,
        });
        Ok(plan)
    }

    /// Writes the book, the files, and the book again, in the stage that is then true; `None` forgets the record. A file
    /// that cannot be written brings the others back.
    pub(crate) fn carry_out(
        &self,
        book: &mut Book,
        mut record: Record,
        changes: &[Change],
        then: Option<Stage>,
    ) -> Result<(), Error> {
        book.put(record.clone());
        book.save(&self.data, &*self.disk)?;
        if let Err(error) = changes.iter().try_for_each(|change| self.write(change)) {
            // The change that failed is told; what cannot be brought back now is at the next start.
            let _ = self.recover_record(book, &record);
            return Err(error);
        }
        match then {
            Some(stage) => {
                record.stage = stage;
                for file in &mut record.files {
                    file.earlier = None;
                }
                book.put(record);
            }
            None => book.drop_record(record.client, &record.folder),
        }
        book.save(&self.data, &*self.disk)
    }

    /// Writes one file, unless somebody changed it since it was read.
    pub(crate) fn write(&self, change: &Change) -> Result<(), Error> {
        let path = &change.path;
        if read(path)? != change.before {
            return Err(Error::Raced(path.clone()));
        }
        let written = match &change.after {
            Some(text) => self.disk.replace(path, text),
            None => self.disk.remove(path),
        };
        written.map_err(|source| Error::Unwritable {
            path: path.clone(),
            source,
        })
    }
}

/// The text of a settings file that can be edited; empty where there is none.
fn readable(path: &Path, format: Format) -> Result<String, Error> {
    let text = read(path)?.unwrap_or_default();
    format.check(&text).map_err(|why| invalid(path, why))?;
    Ok(text)
}

pub(crate) fn invalid(path: &Path, why: String) -> Error {
    Error::Invalid {
        path: path.to_owned(),
        why,
    }
}

/// A settings file as it stands, and without anything of ours.
pub(crate) struct StandingFile {
    pub(crate) text: Option<String>,
    pub(crate) undone: String,
    pub(crate) old: Option<FileRecord>,
}

fn standing_files(
    client: Client,
    folder: &Path,
    old: Option<&Record>,
) -> Result<Vec<StandingFile>, Error> {
    let one = |(path, format): (PathBuf, Format)| {
        let text = read(&path)?;
        let old = old
            .and_then(|old| old.files.iter().find(|file| file.path == path))
            .cloned();
        let undone = match (&text, &old) {
            (Some(text), Some(old)) => undo(text, old).map_err(|why| invalid(&path, why))?.text,
            (Some(text), None) => text.clone(),
            (None, _) => blank(format).to_owned(),
        };
        Ok(StandingFile { text, undone, old })
    };
    files(client, folder).into_iter().map(one).collect()
}

/// What a new file of this form begins with.
pub(crate) fn blank(format: Format) -> &'static str {
    if format == Format::Json { "{}\n" } else { "" }
}

fn all_said(found: &[StandingFile], wishes: &[FileWish]) -> Result<bool, Error> {
    for (file, wish) in found.iter().zip(wishes) {
        let (Some(text), Some(old)) = (&file.text, &file.old) else {
            return Ok(false);
        };
        if !says(wish.format, text, &wish.settings, old).map_err(|why| invalid(&wish.path, why))? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl StandingFile {
    /// The record and the change by which this file says what was applied to it.
    pub(crate) fn becomes(
        self,
        path: &Path,
        format: Format,
        applied: Applied,
    ) -> Result<(FileRecord, Option<Change>), Error> {
        let keys = applied.keys.iter().map(|key| key.path.join(".")).collect();
        let there = self.text.is_some();
        let mut record = FileRecord {
            path: path.to_owned(),
            format,
            existed: self.old.as_ref().map_or(there, |old| old.existed && there),
            made_folder: self.old.as_ref().map_or_else(
                || path.parent().is_some_and(|folder| !folder.exists()),
                |old| old.made_folder,
            ),
            found: hash(&self.undone),
            written: hash(&applied.text),
            splices: applied.splices,
            keys: applied.keys,
            made: applied.made,
            earlier: None,
        };
        if let Some(old) = self.old {
            record.inherit(old);
        }
        let unchanged = self.text.as_deref() == Some(&applied.text);
        if unchanged {
            return Ok((record, None));
        }
        writable(path)?;
        let change = Change {
            path: path.to_owned(),
            before: self.text,
            after: Some(applied.text),
            keys,
        };
        Ok((record, Some(change)))
    }
}

impl FileRecord {
    /// Takes in what the record before it knew to be ours, as the file may not be written yet.
    fn inherit(&mut self, old: FileRecord) {
        for before in &old.keys {
            match self.keys.iter_mut().find(|key| key.path == before.path) {
                Some(key) => key.ours.extend(before.ours.iter().cloned()),
                None => self.keys.push(before.clone()),
            }
        }
        for made in &old.made {
            if !self.made.contains(made) {
                self.made.push(made.clone());
            }
        }
        self.earlier = Some(Box::new(old));
    }
}
