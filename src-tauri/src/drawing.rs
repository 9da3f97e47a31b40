//! Draws the tray whenever something changed, at once after a click.

use std::time::Duration;

use tauri::{AppHandle, Manager};
use tokio::sync::broadcast::error::RecvError;

use crate::app::{self, Desk};
use crate::autostart;
use crate::facts::{self, Around};
use crate::menu::{self, Client, Tray};

/// The menu is redrawn at most this often while requests rain.
const BETWEEN_DRAWS: Duration = Duration::from_millis(250);
/// Remaining cooldowns are told in steps of this, and clients are looked at anew.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Why it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Somebody clicked: the host may have flipped a mark.
    Click,
    /// The daemon told of a change.
    Change,
    /// Time passed.
    Beat,
}

/// What was drawn last, and what is not asked for each time.
#[derive(Debug, Default)]
struct Drawn {
    shown: Option<Tray>,
    clients: Vec<Client>,
}

/// Draws until the daemon has stopped.
pub(crate) async fn draw_forever(app: AppHandle) {
    let desk = app.state::<Desk>();
    let mut events = desk.daemon.events();
    let mut beat = tokio::time::interval(HEARTBEAT);
    let mut drawn = Drawn::default();
    loop {
        let cause = tokio::select! {
            () = desk.clicked.notified() => Cause::Click,
            // A lag only means that more than one thing changed.
            event = events.recv() => match event {
                Err(RecvError::Closed) => return,
                _ => Cause::Change,
            },
            _ = beat.tick() => Cause::Beat,
        };
        drawn.draw(&app, cause).await;
        tokio::select! {
            () = desk.clicked.notified() => drawn.draw(&app, Cause::Click).await,
            () = tokio::time::sleep(BETWEEN_DRAWS) => {}
        }
    }
}

impl Drawn {
    async fn draw(&mut self, app: &AppHandle, cause: Cause) {
        let desk = app.state::<Desk>();
        if cause != Cause::Change {
            self.clients = facts::clients(&desk.daemon).await;
        }
        let around = Around {
            autostart: autostart::is_on(app, &desk.launch),
            clients: self.clients.clone(),
            locale: desk.daemon.locale(),
        };
        let next = menu::tray(&facts::gather(&desk.daemon, around).await);
        let marks = cause == Cause::Click;
        if !marks && self.shown.as_ref() == Some(&next) {
            return;
        }
        self.shown = Some(next.clone());
        show(app, next, marks);
    }
}

/// Hands the tray to the main thread.
fn show(app: &AppHandle, next: Tray, marks: bool) {
    let handle = app.clone();
    let drawn = app.run_on_main_thread(move || {
        if let Some(shown) = app::tray(&handle).as_mut()
            && let Err(error) = shown.turn_into(&handle, next, marks)
        {
            tracing::warn!(%error, "the tray could not be drawn");
        }
    });
    if let Err(error) = drawn {
        tracing::debug!(%error, "the window loop has ended");
    }
}
