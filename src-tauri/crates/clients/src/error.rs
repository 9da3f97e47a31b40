//! What can go wrong, each in one sentence that names the file and what to do. No sentence quotes a file's text.

use std::io;
use std::path::PathBuf;

/// Why a client could not be connected, disconnected or looked at. Nothing was changed unless the sentence says so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no home folder to look in.
    #[error(
        "no home folder is known, so the settings of client programs cannot be found: set HOME"
    )]
    Homeless,
    /// A file is there but can't be read.
    #[error("{} cannot be read ({source}): nothing was changed; make it readable", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A settings file is not what its client reads, or has our keys in a form that is not edited.
    #[error("{}: {why}; nothing was changed, correct it by hand first", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, without a word of its text.
        why: String,
    },
    /// Its owner does not want it changed.
    #[error("{} is read-only, so it was not changed: make it writable, or change it where it is made", .0.display())]
    ReadOnly(PathBuf),
    /// A file can't be written.
    #[error("{} cannot be written ({source}): make its folder writable and try again", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file changed between being read and being written.
    #[error("{} was changed by another program just now: nothing of that was lost; try again", .0.display())]
    Raced(PathBuf),
    /// The book of what stood there before is not readable.
    #[error("{} is damaged ({why}), so what stood in the clients' settings before is not known: put it right, or move it away and correct the clients by hand", path.display())]
    Book {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}
