//! Where an instance keeps its things. Makes the data folder and finds out at once whether it can be written.

use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::Options;

/// The files of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The config file.
    pub config: PathBuf,
    /// The data folder.
    pub data: PathBuf,
}

/// There is no place to keep things.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The platform tells no folders, as there is no home.
    #[error(
        "no home folder is known, so the config and the data have no place: give --config and --data-dir"
    )]
    Homeless,
    /// The data folder can't be made or written.
    #[error("the data folder {} cannot be written ({source}): make it writable, or choose another with --data-dir", data.display())]
    Unwritable {
        /// The folder.
        data: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Whether the config file, as it stands, refers to this entry of the keychain. One that cannot be read may.
pub(crate) fn names_key(config: &Path, name: &str) -> bool {
    std::fs::read_to_string(config).map_or(true, |text| {
        ['"', '\'']
            .iter()
            .any(|end| text.contains(&format!("keychain:{name}{end}")))
    })
}

impl Place {
    /// The files that these options name. Touches nothing.
    pub fn of(options: &Options) -> Result<Self, PlaceError> {
        let own = ProjectDirs::from("", "", "turnout");
        let config = options
            .config
            .clone()
            .or_else(|| own.as_ref().map(|own| own.config_dir().join("config.toml")));
        let data = options
            .data_dir
            .clone()
            .or_else(|| own.as_ref().map(|own| own.data_dir().to_owned()));
        let config = config.map(absolute).ok_or(PlaceError::Homeless)?;
        Ok(Self {
            config,
            data: data.map(absolute).ok_or(PlaceError::Homeless)?,
        })
    }

    /// The history.
    pub fn ledger(&self) -> PathBuf {
        self.data.join("ledger.db")
    }

    /// A name of this data folder that no other one has, for a history that several share. It is made on first use; where
    /// it cannot be kept, the folder's path stands for it.
    pub(crate) fn identity(&self) -> String {
        let file = self.data.join("identity");
        if let Ok(kept) = std::fs::read_to_string(&file) {
            return kept.trim().to_owned();
        }
        let new = format!("{:016x}", fastrand::u64(..));
        match write_whole(&file, &new) {
            Ok(()) => new,
            Err(_) => self.data.display().to_string(),
        }
    }

    /// What was chosen while running.
    pub fn choices(&self) -> PathBuf {
        self.data.join("state.json")
    }

    /// How others find the running instance.
    pub fn instance(&self) -> PathBuf {
        self.data.join("instance.json")
    }

    /// The secrets, sealed by a passphrase where there is no keychain.
    pub fn secrets(&self) -> PathBuf {
        self.data.join("secrets.sealed")
    }

    /// The folder of log files.
    pub fn logs(&self) -> PathBuf {
        self.data.join("logs")
    }

    /// Makes the data folder, readable by its owner alone, and tries to write in it.
    pub(crate) fn prepare(&self) -> Result<(), PlaceError> {
        make_private(&self.data)
            .and_then(|()| tempfile::tempfile_in(&self.data).map(drop))
            .map_err(|source| PlaceError::Unwritable {
                data: self.data.clone(),
                source,
            })
    }
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Replaces a file as a whole, so that a crash leaves the old one or the new one. Its owner alone can read it.
pub(crate) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_below_a_file_is_refused_with_its_name_and_the_flag() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let data = file.path().join("data");
        let options = Options {
            data_dir: Some(data.clone()),
            config: Some("c.toml".into()),
            ..Options::default()
        };
        let told = Place::of(&options)
            .unwrap()
            .prepare()
            .unwrap_err()
            .to_string();
        assert!(
            told.contains(&data.display().to_string()) && told.contains("--data-dir"),
            "{told}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_data_folder_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("a/b");
        let options = Options {
            data_dir: Some(data.clone()),
            config: Some("c.toml".into()),
            ..Options::default()
        };
        Place::of(&options).unwrap().prepare().unwrap();
        assert_eq!(
            std::fs::metadata(data).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
}
