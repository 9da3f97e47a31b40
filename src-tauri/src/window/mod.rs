//! The window: the daemon's own page in the system's web view, in a process of its own.
//!
//! The library of a web view never gives back what it took, and one that crashes takes its process along. So the tray
//! starts this program a second time when somebody wants to see the window (`process`), and that process (`page`) ends
//! when the window is closed. They speak in lines of JSON over its standard input and output; an input that ends means
//! that the tray is gone, and the window goes too.

mod frame;
mod page;
mod process;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub(crate) use page::run;
pub(crate) use process::Opened;

/// The argument that makes a start of the program a window.
pub(crate) const ARGUMENT: &str = "--window";

/// What a window is told at first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Opening {
    /// The address of the page, which lets in once.
    pub(crate) link: String,
    /// Where the page keeps its own settings; the platform's place if `None`.
    pub(crate) storage: Option<PathBuf>,
    /// The file that says where the window stood.
    pub(crate) frame: PathBuf,
}

/// What an open window is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// Come to the front, at this page (such as `/history`) if there is one.
    Show(Option<String>),
}

/// What a window tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    /// It is there, as it was told to be.
    Shown,
    /// A link leads elsewhere: it is for the person's browser.
    Browse(String),
    /// Why something did not work.
    Failed(String),
}

/// The address of a page (such as `/history?id=…`) behind `link`. What stands behind `#` survives the redirect that
/// turns the link's code into a session.
pub(crate) fn at(link: &str, page: Option<&str>) -> String {
    page.map_or_else(|| link.to_owned(), |page| format!("{link}#{page}"))
}
