//! The tray app: puts daemon, tray, notifications and window together and lives until quit.
//!
//! It starts the daemon in this process and shows what the daemon tells. It must never decide
//! anything about requests, providers or settings: every click is one call of the daemon.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use daemon::Daemon;
use daemon::view::Payload;
use tauri::{AppHandle, Manager, RunEvent};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;

use crate::ends::Ends;
use crate::launch::{self, Desktop};
use crate::menu::{self, Choice, Tray};
use crate::tray::Shown;
use crate::{act, autostart, facts, notify, surroundings, windows, without_tray};

/// How long the daemon may take to stop: its own grace for running streams, and some time to write the rest down.
const GRACE: Duration = Duration::from_secs(launch::GRACE.as_secs() + 5);
/// The menu is redrawn at most this often while requests rain.
const BETWEEN_DRAWS: Duration = Duration::from_millis(250);
/// Remaining cooldowns are told in steps of this.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// What the parts of the running app share.
pub(crate) struct Desk {
    pub(crate) daemon: Daemon,
    pub(crate) launch: Desktop,
    /// Rung after a click, so that the menu is drawn again with all its marks.
    pub(crate) clicked: Notify,
    /// Rung after the start at login was clicked.
    pub(crate) autostart_set: Notify,
    /// Only touched on the main thread; `None` where no tray icon can be made.
    tray: Mutex<Option<Shown>>,
    /// One choice is carried out after the other.
    pub(crate) acting: tokio::sync::Mutex<()>,
    /// One window is opened at a time.
    opening: tokio::sync::Mutex<()>,
}

/// Runs the tray app until somebody quits it.
///
/// # Errors
/// When the daemon cannot start or the desktop refuses a window loop; in one sentence.
pub(crate) fn run(launch: Desktop) -> anyhow::Result<()> {
    let options = launch.options();
    let _log = daemon::log::init(&options);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads to work with")?;
    tauri::async_runtime::set(runtime.handle().clone());
    let ends = {
        let _within = runtime.enter();
        Ends::listen().context("signals cannot be listened to")?
    };
    // A second start ends in here, after it has raised the window of the first.
    let app = builder(&launch)
        .build(tauri::generate_context!())
        .context("the desktop cannot be reached")?;
    let daemon = match runtime.block_on(Daemon::start(options)) {
        Ok(daemon) => daemon,
        Err(error) => return Err(refuse(app.handle(), &runtime, &error.to_string())),
    };
    app.manage(Desk {
        daemon: daemon.clone(),
        launch,
        clicked: Notify::new(),
        autostart_set: Notify::new(),
        tray: Mutex::new(None),
        acting: tokio::sync::Mutex::new(()),
        opening: tokio::sync::Mutex::new(()),
    });
    runtime.spawn(quit_on_signal(app.handle().clone(), ends));
    let together = runtime.spawn(quit_with_daemon(app.handle().clone()));
    #[cfg(target_os = "macos")]
    let app = without_dock_icon(app);
    let code = app.run_return(|app, event| on_event(app, &event));
    together.abort();
    // Icon and window are gone. Clients are put back while their running sessions are still served; after that,
    // requests under way may finish.
    let stopped = runtime.block_on(async {
        daemon.restore_clients().await;
        tokio::time::timeout(GRACE, daemon.stop()).await
    });
    if stopped.is_err() {
        tracing::warn!("requests under way were cut, since they took longer than the time to quit");
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    anyhow::ensure!(code == 0, "the desktop ended Turnout with code {code}");
    Ok(())
}

fn builder(launch: &Desktop) -> tauri::Builder<tauri::Wry> {
    let single = tauri_plugin_single_instance::Builder::new().callback(|app, arguments, _| {
        if !arguments.iter().any(|argument| argument == "--hidden") {
            show_window(app);
        }
    });
    // One instance a data folder, not one a person.
    let single = single.dbus_id(launch.instance_name());
    let builder = tauri::Builder::default()
        .plugin(single.build())
        .plugin(tauri_plugin_notification::init());
    #[cfg(not(target_os = "linux"))]
    let builder = builder.plugin(
        tauri_plugin_autostart::Builder::new()
            .arg("--hidden")
            .args(launch.places())
            .app_name("Turnout")
            .build(),
    );
    builder
}

#[cfg(target_os = "macos")]
fn without_dock_icon(mut app: tauri::App) -> tauri::App {
    app.set_activation_policy(tauri::ActivationPolicy::Accessory);
    app
}

/// Tells why the daemon did not start. Without a terminal nobody would read it there.
fn refuse(app: &AppHandle, runtime: &Runtime, why: &str) -> anyhow::Error {
    if !std::io::stderr().is_terminal() {
        notify::show(app, "Turnout did not start", why);
        // The notification is on its way in the background.
        runtime.block_on(async { tokio::time::sleep(Duration::from_millis(500)).await });
    }
    anyhow::Error::msg(why.to_owned())
}

fn on_event(app: &AppHandle, event: &RunEvent) {
    match event {
        RunEvent::Ready => start(app),
        // The last window was closed; the tray stays. Quitting comes with a code.
        RunEvent::ExitRequested {
            code: None, api, ..
        } => api.prevent_exit(),
        RunEvent::Exit => drop(tray(app).take()),
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => show_window(app),
        _ => {}
    }
}

/// Runs once, on the main thread, when the window loop stands.
fn start(app: &AppHandle) {
    let why_no_tray = surroundings::no_tray_library()
        .map(str::to_owned)
        .or_else(|| {
            let first = menu::tray(&menu::Facts::default());
            match Shown::show(app, first, on_click) {
                Ok(shown) => {
                    *tray(app) = Some(shown);
                    None
                }
                Err(error) => Some(format!("the tray icon could not be made ({error})")),
            }
        });
    if app.state::<Desk>().launch.show {
        show_window(app);
    }
    tauri::async_runtime::spawn(draw_forever(app.clone()));
    tauri::async_runtime::spawn(notify_forever(app.clone()));
    tauri::async_runtime::spawn(without_tray::look(app.clone(), why_no_tray));
    tauri::async_runtime::spawn(act::follow_config(app.clone()));
}

fn tray(app: &AppHandle) -> std::sync::MutexGuard<'_, Option<Shown>> {
    app.state::<Desk>()
        .inner()
        .tray
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

fn on_click(app: &AppHandle, id: &str) {
    if let Some(choice) = Choice::of(id) {
        tauri::async_runtime::spawn(act::carry_out(app.clone(), choice));
    }
}

/// Opens the window or brings it to the front, from any thread.
pub(crate) fn show_window(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        // A second start may ask before the first one stands.
        let Some(desk) = app.try_state::<Desk>() else {
            return;
        };
        let _one = desk.opening.lock().await;
        if windows::raise(&app) {
            return;
        }
        let link = desk.daemon.ui_link();
        if let Err(error) = windows::open(&app, &link, desk.launch.storage()) {
            tracing::error!(%error, "the window could not be opened");
            notify::show(
                &app,
                "The window could not be opened",
                &format!("{error}. The same page is at {link}"),
            );
        }
    });
}

/// Draws the tray whenever something changed, at once after a click.
async fn draw_forever(app: AppHandle) {
    let desk = app.state::<Desk>();
    let mut events = desk.daemon.events();
    let mut beat = tokio::time::interval(HEARTBEAT);
    let mut shown = None;
    loop {
        let clicked = tokio::select! {
            () = desk.clicked.notified() => true,
            // A lag only means that more than one thing changed.
            event = events.recv() => match event {
                Err(RecvError::Closed) => return,
                _ => false,
            },
            _ = beat.tick() => false,
        };
        draw(&app, &mut shown, clicked).await;
        tokio::select! {
            () = desk.clicked.notified() => draw(&app, &mut shown, true).await,
            () = tokio::time::sleep(BETWEEN_DRAWS) => {}
        }
    }
}

async fn draw(app: &AppHandle, shown: &mut Option<Tray>, marks: bool) {
    let desk = app.state::<Desk>();
    let facts = facts::gather(&desk.daemon, autostart::is_on(app, &desk.launch)).await;
    let next = menu::tray(&facts);
    if !marks && shown.as_ref() == Some(&next) {
        return;
    }
    *shown = Some(next.clone());
    let handle = app.clone();
    let drawn = app.run_on_main_thread(move || {
        if let Some(shown) = tray(&handle).as_mut()
            && let Err(error) = shown.turn_into(&handle, next, marks)
        {
            tracing::warn!(%error, "the tray could not be drawn");
        }
    });
    if let Err(error) = drawn {
        tracing::debug!(%error, "the window loop has ended");
    }
}

async fn notify_forever(app: AppHandle) {
    let daemon = app.state::<Desk>().daemon.clone();
    let mut events = daemon.events();
    loop {
        match events.recv().await {
            Ok(event) => {
                if let Payload::Notice(notice) = &event.payload
                    && daemon.notifications().contains(&notice.kind)
                {
                    notify::show(&app, &notice.title, &notice.body);
                }
            }
            Err(RecvError::Lagged(missed)) => tracing::warn!(
                missed,
                "events passed unseen; a notification may be missing"
            ),
            Err(RecvError::Closed) => return,
        }
    }
}

/// A proxy that has ended leaves nothing for a tray to show.
async fn quit_with_daemon(app: AppHandle) {
    app.state::<Desk>().daemon.stopped().await;
    app.exit(0);
}

/// A signal quits as the menu does; a second one does not wait for running requests.
async fn quit_on_signal(app: AppHandle, mut ends: Ends) {
    ends.next().await;
    app.exit(0);
    ends.next().await;
    std::process::exit(130);
}
