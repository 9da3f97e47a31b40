//! What happens where no tray icon can be seen: the window opens instead, and the reason is told.

use std::time::Duration;

use tauri::{AppHandle, Manager};

use crate::app::{self, Desk};
use crate::texts::texts;
use crate::{notify, surroundings};

/// Opens the window where no tray icon can be seen, and says why. `why_no_tray` is known where there is no icon at all.
pub(crate) async fn look(app: AppHandle, why_no_tray: Option<String>) {
    let desk = app.state::<Desk>();
    let hidden = desk.launch.hidden;
    let texts = texts(desk.daemon.locale());
    let why = if let Some(why) = why_no_tray {
        why
    } else {
        // At login the panel may come up after us.
        let patience = Duration::from_secs(if hidden { 30 } else { 3 });
        if tray_host_appears(patience).await {
            return;
        }
        texts.no_tray_host.to_owned()
    };
    let text = (texts.window_instead)(&why);
    tracing::warn!("{text}");
    notify::show(&app, texts.no_tray, &text);
    app::show_window(&app, None);
}

async fn tray_host_appears(patience: Duration) -> bool {
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        if tokio::task::spawn_blocking(surroundings::has_tray_host)
            .await
            .unwrap_or(false)
        {
            return true;
        }
        if tokio::time::Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
