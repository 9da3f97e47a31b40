//! By the plugin, whose desktop half tells nothing of clicks.

use tauri::AppHandle;
use tauri_plugin_notification::NotificationExt as _;

use super::Note;

pub(super) fn tell(app: &AppHandle, note: Note) {
    tell_early(app, &note.title, &note.body);
}

pub(super) fn tell_early(app: &AppHandle, title: &str, body: &str) {
    let shown = app.notification().builder().title(title).body(body).show();
    if let Err(error) = shown {
        tracing::warn!(%error, title, "a notification could not be shown");
    }
}

pub(super) fn listen(_app: &AppHandle) {}
