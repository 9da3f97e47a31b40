//! Client programs on this machine: which there are, where they point, and how they are pointed at Turnout and back.
//!
//! A change is a surgical edit of the client's own settings file: only our keys, everything else to the byte. What stood
//! at those keys is written to a book in Turnout's data folder before the file is touched, so that it can be put back
//! after a crash at any instant. This crate must never open a connection, and never show a secret.

mod apply;
mod book;
mod client;
mod connect;
mod diff;
mod disk;
mod error;
mod format;
mod leave;
mod outcome;
mod plan;
mod snippet;
mod splice;
mod surroundings;
mod target;
mod undo;
mod wish;

pub use client::Client;
pub use connect::{Clients, Standing};
pub use disk::{Disk, LocalDisk};
pub use error::Error;
pub use leave::Each;
pub use outcome::{ChangedFile, Outcome};
pub use plan::{Change, Plan};
pub use snippet::{SNIPPETS, Snippet, snippet};
pub use surroundings::Surroundings;
pub use target::Target;
