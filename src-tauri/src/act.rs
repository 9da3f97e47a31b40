//! What a click in the tray does: one call of the daemon, or one small thing of the desktop.

use daemon::Place;
use daemon::settings::{self, edit, watch, watch::Watch};
use daemon::view::Mode;
use tauri::{AppHandle, Manager};

use crate::app::{self, Desk};
use crate::menu::{Choice, page};
use crate::texts::texts;
use crate::{autostart, notify, surroundings};

/// What the audit log calls who clicks there.
const TRAY: &str = "tray";

/// Does what was chosen and has the tray drawn again. A failure is told in a notification.
pub(crate) async fn carry_out(app: AppHandle, choice: Choice) {
    let told = format!("{choice:?}");
    let desk = app.state::<Desk>();
    let _one = desk.acting.lock().await;
    if let Err(error) = attempt(&app, choice).await {
        tracing::warn!(
            choice = told,
            error = format!("{error:#}"),
            "a choice in the tray could not be carried out"
        );
        let texts = texts(desk.daemon.locale());
        notify::show(&app, texts.failed, &format!("{error:#}"));
    }
    desk.clicked.notify_one();
}

async fn attempt(app: &AppHandle, choice: Choice) -> anyhow::Result<()> {
    let desk = app.state::<Desk>();
    let daemon = &desk.daemon;
    match choice {
        Choice::Activate(group) => {
            daemon.audited(TRAY, "group.activate", Some(&group), || {
                daemon.activate(&group)
            })?;
        }
        Choice::PauseOrResume => {
            let groups = daemon.groups().await;
            if let Some(group) = groups.iter().find(|group| group.active) {
                let name = group.name.as_str();
                if group.paused {
                    daemon.audited(TRAY, "group.resume", Some(name), || daemon.resume(name))?
                } else {
                    daemon.audited(TRAY, "group.pause", Some(name), || daemon.pause(name))?
                };
            }
        }
        Choice::Mode => {
            let other = if daemon.status().await.mode == Mode::Auto {
                Mode::Manual
            } else {
                Mode::Auto
            };
            daemon.audited(TRAY, "mode.set", None, || {
                daemon.set_mode(other);
                Ok(())
            })?;
        }
        Choice::CopyBaseUrl => copy(app, daemon.base_url()).await?,
        Choice::Open(page) => app::show_window(app, page),
        Choice::Client(id) => {
            let clients = daemon.clients().await?;
            let client = clients.iter().find(|client| client.id == id);
            let connected = client.is_some_and(|client| client.connected);
            app::show_window(app, Some(page::client(&id, connected)));
        }
        Choice::PracticeOutage => {
            let on = !daemon.status().await.practice_outage;
            daemon.audited(TRAY, "practice.outage", None, || {
                daemon.practice_outage(on);
                Ok(())
            })?;
        }
        Choice::Autostart => start_at_login(app, !autostart::is_on(app, &desk.launch)).await?,
        Choice::Quit => app.exit(0),
    }
    Ok(())
}

/// The clipboard belongs to the main thread.
async fn copy(app: &AppHandle, text: String) -> anyhow::Result<()> {
    let (answer, copied) = tokio::sync::oneshot::channel();
    app.run_on_main_thread(move || {
        // Nobody waits any more only when the app is ending.
        let _ = answer.send(surroundings::copy(&text));
    })?;
    copied.await?
}

/// Makes the entry, and says so in the config, which would otherwise take it back.
async fn start_at_login(app: &AppHandle, on: bool) -> anyhow::Result<()> {
    let launch = app.state::<Desk>().launch.clone();
    autostart::set(app, on, &launch)?;
    let config = Place::of(&launch.options())?.config;
    tokio::task::spawn_blocking(move || edit::set_autostart(&config, on)).await??;
    app.state::<Desk>().autostart_set.notify_one();
    Ok(())
}

/// Keeps the start at login in step with `desktop.autostart` of the config: at the start, and after each edit of it.
pub(crate) async fn follow_config(app: AppHandle) {
    let desk = app.state::<Desk>();
    let Ok(place) = Place::of(&desk.launch.options()) else {
        return;
    };
    let mut followed = None;
    loop {
        let text = {
            let _one = desk.acting.lock().await;
            let text = watch::read(&place.config).unwrap_or_default();
            // A broken config changes nothing; the daemon tells what is wrong with it.
            if let Ok(settings) = settings::parse(&text)
                && followed.replace(settings.desktop.autostart) != Some(settings.desktop.autostart)
            {
                agree(&app, settings.desktop.autostart);
            }
            text
        };
        // A new watch each time, or an edit that undoes a click at once would look like none.
        let mut watch = Watch::start(&place.config, &text);
        tokio::select! {
            told = watch.next() => if told.is_none() { return },
            // What was clicked may have been edited back before it was read.
            () = desk.autostart_set.notified() => followed = None,
        }
    }
}

/// An entry that is wanted is written even if there is one, as the program may have moved since.
fn agree(app: &AppHandle, wanted: bool) {
    let desk = app.state::<Desk>();
    if !wanted && !autostart::is_on(app, &desk.launch) {
        return;
    }
    match autostart::set(app, wanted, &desk.launch) {
        Ok(()) => desk.clicked.notify_one(),
        Err(error) => tracing::warn!("desktop.autostart could not be followed: {error:#}"),
    }
}
