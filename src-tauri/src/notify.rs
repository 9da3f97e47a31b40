//! Desktop notifications.
//!
//! What is worth telling, and how often, is decided in the daemon; a notice that arrives here is shown. Whether somebody
//! sees it cannot be known. On Linux a click on it, or on its button, opens the page that explains it; on macOS and
//! Windows, whose halves were not run, a click only dismisses it.

use tauri::AppHandle;

#[cfg_attr(target_os = "linux", path = "notify/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "notify/elsewhere.rs")]
mod platform;

#[cfg(target_os = "linux")]
pub(crate) use platform::Pages;

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// A few words.
    pub(crate) title: String,
    /// A sentence.
    pub(crate) body: String,
    /// The page of the window about it.
    pub(crate) page: Option<String>,
    /// Whether it stays until somebody has seen it.
    pub(crate) urgent: bool,
}

/// Shows a notification about no page, and comes back at once.
pub(crate) fn show(app: &AppHandle, title: &str, body: &str) {
    let note = Note {
        title: title.to_owned(),
        body: body.to_owned(),
        page: None,
        urgent: false,
    };
    tell(app, note);
}

/// Shows a notification and comes back at once.
pub(crate) fn tell(app: &AppHandle, note: Note) {
    platform::tell(app, note);
}

/// Shows a notification before the app runs, and comes back when the desktop has it.
pub(crate) fn tell_early(app: &AppHandle, title: &str, body: &str) {
    platform::tell_early(app, title, body);
}

/// Waits for clicks from now on. Called once, on the main thread, when the app runs.
pub(crate) fn listen(app: &AppHandle) {
    platform::listen(app);
}
