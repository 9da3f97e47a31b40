//! Desktop notifications.
//!
//! What is worth telling, and how often, is decided in the daemon; a notice that arrives here is
//! shown. Whether a notification daemon is there to show it cannot be known from the call.

use tauri::AppHandle;
use tauri_plugin_notification::NotificationExt;

/// Shows a notification and comes back at once.
pub(crate) fn show(app: &AppHandle, title: &str, body: &str) {
    let shown = app
        .notification()
        .builder()
        .title(title)
        .body(body)
        .icon("turnout")
        .show();
    if let Err(error) = shown {
        tracing::warn!(%error, title, "a notification could not be shown");
    }
}
