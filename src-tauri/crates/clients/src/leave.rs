//! Clients disconnected, and what a crash left half done brought to an end.

use std::path::Path;
use std::time::Duration;

use crate::apply::apply;
use crate::book::{Book, FileRecord, Record, Stage, lock};
use crate::connect::{StandingFile, blank, invalid};
use crate::disk::{hash, read, writable};
use crate::undo::undo;
use crate::wish::{Setting, Wish, lingering};
use crate::{Change, Client, Clients, Error, Plan};

/// What came of something that was done for several clients.
pub type Each<T> = Vec<(Client, Result<T, Error>)>;

impl Clients {
    /// How long running sessions may take to see that our values are emptied, before [`Clients::finish`] is called.
    pub const SETTLE: Duration = Duration::from_secs(3);

    /// What [`Clients::disconnect`] would change, its second step included. Changes nothing.
    pub fn plan_disconnect(&self, client: Client) -> Result<Plan, Error> {
        let book = Book::load(&self.data)?;
        let mut plan = Plan::new(client);
        for record in book.records.iter().filter(|record| record.client == client) {
            whole(record, &mut plan)?;
        }
        if book.records.iter().all(|record| record.client != client) {
            plan.notes.push(format!(
                "{} was not connected by this Turnout, so there is nothing to put back",
                client.name()
            ));
        }
        Ok(plan)
    }

    /// Puts back what stood in the client's settings. Where running sessions would not see our values go, these are
    /// emptied first, and [`Plan::unfinished`] is set until [`Clients::finish`] takes them away.
    pub fn disconnect(&self, client: Client) -> Result<Plan, Error> {
        let _held = lock(&self.data)?;
        let mut plan = self.plan_disconnect(client)?;
        let mut book = Book::load(&self.data)?;
        let records: Vec<Record> = book
            .records
            .iter()
            .filter(|record| record.client == client)
            .cloned()
            .collect();
        for record in records {
            let (first, changes) = emptied(&record)?;
            if changes.is_empty() {
                self.forget(&mut book, &record)?;
            } else {
                self.carry_out(&mut book, first, &changes, Some(Stage::Leaving))?;
                plan.unfinished = true;
            }
        }
        Ok(plan)
    }

    /// Every client that is connected, disconnected: the first step, as [`Clients::disconnect`] makes it. What cannot be
    /// put back stands at its client and does not hold up the others; without the book nobody knows who is connected.
    pub fn disconnect_all(&self) -> Result<Each<Plan>, Error> {
        let records = Book::load(&self.data)?.records;
        let connected = |client: &Client| records.iter().any(|record| record.client == *client);
        let all = Client::ALL.into_iter().filter(connected);
        Ok(all
            .map(|client| (client, self.disconnect(client)))
            .collect())
    }

    /// The second step of every disconnecting that has made its first. One that cannot be finished does not hold up the
    /// others.
    pub fn finish(&self) -> Result<Each<()>, Error> {
        let _held = lock(&self.data)?;
        let mut book = Book::load(&self.data)?;
        let mut done = Vec::new();
        for record in book.records.clone() {
            if record.stage == Stage::Leaving {
                done.push((record.client, self.forget(&mut book, &record)));
            }
        }
        Ok(done)
    }

    /// Ends what a crash left half done: a connecting that was not written whole is undone, a disconnecting is finished.
    /// Gives the clients that it was about; one that cannot be ended does not hold up the others.
    pub fn recover(&self) -> Result<Each<()>, Error> {
        if !Book::path(&self.data).exists() {
            return Ok(Vec::new());
        }
        let _held = lock(&self.data)?;
        let mut book = Book::load(&self.data)?;
        let mut done = Vec::new();
        for record in book.records.clone() {
            if record.stage != Stage::Connected {
                done.push((record.client, self.recover_record(&mut book, &record)));
            }
        }
        Ok(done)
    }

    pub(crate) fn recover_record(&self, book: &mut Book, record: &Record) -> Result<(), Error> {
        if record.stage == Stage::Connecting && written_whole(record)? {
            book.put(Record {
                stage: Stage::Connected,
                ..record.clone()
            });
            return book.save(&self.data, &*self.disk);
        }
        self.forget(book, record)
    }

    /// Undoes a record and strikes it out of the book.
    fn forget(&self, book: &mut Book, record: &Record) -> Result<(), Error> {
        let mut plan = Plan::new(record.client);
        whole(record, &mut plan)?;
        for change in &plan.changes {
            self.write(change)?;
        }
        for file in record.files.iter().filter(|file| file.made_folder) {
            // Only an empty folder goes.
            let _ = file.path.parent().map(std::fs::remove_dir);
        }
        book.drop_record(record.client, &record.folder);
        book.save(&self.data, &*self.disk)
    }
}

fn written_whole(record: &Record) -> Result<bool, Error> {
    for file in &record.files {
        if hash(&read(&file.path)?.unwrap_or_default()) != file.written {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Everything that undoing `record` changes.
fn whole(record: &Record, plan: &mut Plan) -> Result<(), Error> {
    for file in &record.files {
        let Some(text) = read(&file.path)? else {
            continue;
        };
        let undone = undo(&text, file).map_err(|why| invalid(&file.path, why))?;
        if !undone.kept.is_empty() {
            plan.notes.push(format!(
                "{} of {} was changed by hand since, and stays as it is",
                undone.kept.join(", "),
                file.path.display()
            ));
        }
        let after = (file.existed || !file.format.is_blank(&undone.text)).then_some(undone.text);
        if after.as_deref() != Some(&text) {
            writable(&file.path)?;
            let keys = file.keys.iter().map(|key| key.path.join("."));
            let keys = keys.filter(|key| !undone.kept.contains(key)).collect();
            plan.changes.push(Change {
                path: file.path.clone(),
                before: Some(text),
                after,
                keys,
            });
        }
    }
    Ok(())
}

/// The record and the changes of the first step: everything undone, and those of our values that would linger emptied.
/// No changes where nothing lingers.
fn emptied(record: &Record) -> Result<(Record, Vec<Change>), Error> {
    let mut first = Record {
        stage: Stage::Leaving,
        files: Vec::new(),
        ..record.clone()
    };
    let mut changes = Vec::new();
    for file in &record.files {
        let Some(text) = read(&file.path)? else {
            continue;
        };
        let of_file = |why| invalid(&file.path, why);
        let undone = undo(&text, file).map_err(of_file)?.text;
        let settings = lingering_here(record.client, file, &text, &undone).map_err(of_file)?;
        if settings.is_empty() {
            first.files.push(file.clone());
            continue;
        }
        let base = if file.format.is_blank(&undone) && !file.existed {
            blank(file.format).to_owned()
        } else {
            undone
        };
        let applied = apply(file.format, &base, &settings, None).map_err(of_file)?;
        let standing = StandingFile {
            text: Some(text),
            undone: base,
            old: Some(file.clone()),
        };
        let (file, change) = standing.becomes(Path::new(&file.path), file.format, applied)?;
        changes.extend(change);
        first.files.push(file);
    }
    Ok((first, changes))
}

fn lingering_here(
    client: Client,
    file: &FileRecord,
    text: &str,
    undone: &str,
) -> Result<Vec<Setting>, String> {
    let mut settings = Vec::new();
    for path in lingering(client) {
        let Some(key) = file.key(&path) else {
            continue;
        };
        let found = file.format.get(text, &path)?;
        let ours = found
            .is_some_and(|found| !found.value.is_empty() && key.ours.contains(&hash(&found.value)));
        if ours && file.format.get(undone, &path)?.is_none() {
            settings.push(Setting {
                path,
                wish: Wish::Text(String::new()),
                own: true,
            });
        }
    }
    Ok(settings)
}
