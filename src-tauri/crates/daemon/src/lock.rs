//! One running instance a data folder, and the file by which others find it.
//!
//! The lock is the system's own on an open file, so a crash leaves none behind. `instance.json` is only believed while
//! the lock is held.

use std::fs::{File, OpenOptions, TryLockError};

use serde::{Deserialize, Serialize};

use crate::place::{Place, PlaceError, write_whole};

/// What a running instance tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InstanceFile {
    /// Its process.
    pub(crate) pid: u32,
    /// Where it listens.
    pub(crate) base_url: String,
    /// Its version.
    pub(crate) version: String,
}

/// The data folder is taken, or can't be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    #[error("{}", taken(.0.as_ref(), .1))]
    Taken(Option<InstanceFile>, Place),
    #[error(transparent)]
    Place(#[from] PlaceError),
}

fn taken(by: Option<&InstanceFile>, place: &Place) -> String {
    let data = place.data.display();
    match by {
        Some(by) => format!(
            "Turnout already runs on the data folder {data}: process {}, at {}; use that one, or give another --data-dir",
            by.pid, by.base_url
        ),
        None => format!(
            "another Turnout is starting or stopping on the data folder {data}: try again, or give another --data-dir"
        ),
    }
}

/// Holds the data folder until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    place: Place,
    _file: File,
}

impl Lock {
    /// Takes the data folder, which must exist.
    pub(crate) fn take(place: &Place) -> Result<Self, LockError> {
        let file = lock_file(place)?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                place: place.clone(),
                _file: file,
            }),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken(read(place), place.clone())),
            Err(TryLockError::Error(source)) => Err(unwritable(place, source).into()),
        }
    }

    /// Tells others where this instance is.
    pub(crate) fn announce(&self, file: &InstanceFile) -> Result<(), PlaceError> {
        let text = serde_json::json!(file).to_string();
        write_whole(&self.place.instance(), &text).map_err(|source| unwritable(&self.place, source))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Fails when it was never announced; a file left behind is not believed without the lock.
        let _ = std::fs::remove_file(self.place.instance());
    }
}

/// The instance that runs on this data folder, if one does.
pub(crate) fn running(place: &Place) -> Option<InstanceFile> {
    let file = OpenOptions::new()
        .write(true)
        .open(place.data.join("lock"))
        .ok()?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => read(place),
        _ => None,
    }
}

fn lock_file(place: &Place) -> Result<File, PlaceError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    options
        .open(place.data.join("lock"))
        .map_err(|source| unwritable(place, source))
}

fn read(place: &Place) -> Option<InstanceFile> {
    serde_json::from_slice(&std::fs::read(place.instance()).ok()?).ok()
}

fn unwritable(place: &Place, source: std::io::Error) -> PlaceError {
    PlaceError::Unwritable {
        data: place.data.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, Place) {
        let home = tempfile::tempdir().unwrap();
        let place = Place {
            config: home.path().join("config.toml"),
            data: home.path().to_owned(),
        };
        (home, place)
    }

    #[test]
    fn a_second_instance_hears_pid_and_address_of_the_first() {
        let (_home, place) = place();
        let lock = Lock::take(&place).unwrap();
        let file = InstanceFile {
            pid: 4711,
            base_url: "http://127.0.0.1:7790".into(),
            version: "1".into(),
        };
        lock.announce(&file).unwrap();
        let told = Lock::take(&place).unwrap_err().to_string();
        assert!(
            told.contains("4711") && told.contains("http://127.0.0.1:7790"),
            "{told}"
        );
        assert_eq!(running(&place), Some(file));
    }

    #[test]
    fn a_released_folder_is_free_and_its_file_is_gone() {
        let (_home, place) = place();
        let lock = Lock::take(&place).unwrap();
        lock.announce(&InstanceFile {
            pid: 1,
            base_url: String::new(),
            version: String::new(),
        })
        .unwrap();
        drop(lock);
        assert!(!place.instance().exists());
        assert_eq!(running(&place), None);
        Lock::take(&place).unwrap();
    }

    #[test]
    fn a_file_left_by_a_crash_is_not_believed() {
        let (_home, place) = place();
        std::fs::write(
            place.instance(),
            r#"{"pid":1,"base_url":"x","version":"1"}"#,
        )
        .unwrap();
        drop(lock_file(&place).unwrap());
        assert_eq!(running(&place), None);
    }
}
