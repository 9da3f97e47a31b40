//! The tray app: puts daemon, tray, notifications and window together and lives until quit.
//!
//! It starts the daemon in this process and shows what the daemon tells. It must never decide
//! anything about requests, providers or settings: every click is one call of the daemon.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use daemon::view::{NoticeKind, Payload};
use daemon::{Daemon, Place};
use tauri::{AppHandle, Manager, RunEvent};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;

use crate::ends::Ends;
use crate::launch::{self, Desktop};
use crate::menu::{self, Choice};
use crate::notify::Note;
use crate::texts::texts;
use crate::tray::Shown;
use crate::waking::{self, Waking};
use crate::window::{self, Opened, Opening};
use crate::{act, drawing, notify, surroundings, without_tray};

/// How long the daemon may take to stop: its own grace for running streams, and some time to write the rest down.
const GRACE: Duration = Duration::from_secs(launch::GRACE.as_secs() + 5);

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
    /// The window, and one who opens it at a time.
    window: tokio::sync::Mutex<Option<Opened>>,
    /// This program's file, as it was called at the start: an upgrade may put another in its place.
    program: PathBuf,
    /// What the system tells of sleep and networks.
    pub(crate) waking: Waking,
    /// What notifications that were shown are about.
    #[cfg(target_os = "linux")]
    pub(crate) pages: notify::Pages,
}

/// Runs the tray app until somebody quits it.
///
/// # Errors
/// When the daemon cannot start or the desktop refuses a window loop; in one sentence.
pub(crate) fn run(launch: Desktop) -> anyhow::Result<()> {
    let options = launch.options();
    let program = std::env::current_exe().context("where this program is cannot be told")?;
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
        .build(crate::context())
        .context("the desktop cannot be reached")?;
    let daemon = match runtime.block_on(Daemon::start(options)) {
        Ok(daemon) => daemon,
        Err(error) => return Err(refuse(app.handle(), &error.to_string())),
    };
    app.manage(Desk {
        daemon: daemon.clone(),
        launch,
        clicked: Notify::new(),
        autostart_set: Notify::new(),
        tray: Mutex::new(None),
        acting: tokio::sync::Mutex::new(()),
        window: tokio::sync::Mutex::new(None),
        program,
        waking: Waking::default(),
        #[cfg(target_os = "linux")]
        pages: notify::Pages::default(),
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
            show_window(app, None);
        }
    });
    // One instance a data folder, not one a person.
    let single = single.dbus_id(launch.instance_name());
    let builder = tauri::Builder::default().plugin(single.build());
    #[cfg(not(target_os = "linux"))]
    let builder = builder.plugin(tauri_plugin_notification::init()).plugin(
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
fn refuse(app: &AppHandle, why: &str) -> anyhow::Error {
    if !std::io::stderr().is_terminal() {
        notify::tell_early(app, "Turnout did not start", why);
    }
    anyhow::Error::msg(why.to_owned())
}

fn on_event(app: &AppHandle, event: &RunEvent) {
    match event {
        RunEvent::Ready => start(app),
        // There is no window here whose end could be ours. Quitting comes with a code.
        RunEvent::ExitRequested {
            code: None, api, ..
        } => api.prevent_exit(),
        RunEvent::Exit => {
            drop(tray(app).take());
            if let Ok(mut window) = app.state::<Desk>().window.try_lock() {
                *window = None;
            }
        }
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => show_window(app, None),
        _ => {}
    }
}

/// Runs once, on the main thread, when the window loop stands.
fn start(app: &AppHandle) {
    let locale = app.state::<Desk>().daemon.locale();
    let texts = texts(locale);
    let why_no_tray = surroundings::lacks_tray_library()
        .then(|| texts.no_tray_library.to_owned())
        .or_else(|| {
            let first = menu::tray(&menu::Facts {
                locale,
                ..menu::Facts::default()
            });
            match Shown::show(app, first, on_click) {
                Ok(shown) => {
                    *tray(app) = Some(shown);
                    None
                }
                Err(error) => Some((texts.no_tray_icon)(&error.to_string())),
            }
        });
    if app.state::<Desk>().launch.show {
        show_window(app, None);
    }
    tauri::async_runtime::spawn(drawing::draw_forever(app.clone()));
    notify::listen(app);
    waking::listen(app);
    tauri::async_runtime::spawn(notify_forever(app.clone()));
    tauri::async_runtime::spawn(without_tray::look(app.clone(), why_no_tray));
    tauri::async_runtime::spawn(act::follow_config(app.clone()));
}

pub(crate) fn tray(app: &AppHandle) -> std::sync::MutexGuard<'_, Option<Shown>> {
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

async fn open_window(desk: &Desk, page: Option<&str>) -> anyhow::Result<Opened> {
    let place = Place::of(&desk.launch.options())?;
    let opening = Opening {
        link: window::at(&desk.daemon.ui_link(), page),
        storage: desk.launch.storage(),
        frame: place.data.join("window.json"),
    };
    Opened::start(&desk.program, &opening).await
}

/// Opens the window or brings it to the front, from any thread: at `page` (such as `/history`), else where it is.
pub(crate) fn show_window(app: &AppHandle, page: Option<String>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        // A second start may ask before the first one stands.
        let Some(desk) = app.try_state::<Desk>() else {
            return;
        };
        let mut window = desk.window.lock().await;
        if let Some(opened) = window.as_mut()
            && opened.show(page.clone()).await
        {
            return;
        }
        // What is there has ended, or does not answer: dropped, it ends.
        *window = None;
        match open_window(&desk, page.as_deref()).await {
            Ok(opened) => *window = Some(opened),
            Err(error) => {
                tracing::error!("the window could not be opened: {error:#}");
                let texts = texts(desk.daemon.locale());
                let link = window::at(&desk.daemon.ui_link(), page.as_deref());
                let body = (texts.same_page_at)(&format!("{error:#}"), &link);
                notify::show(&app, texts.no_window, &body);
            }
        }
    });
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
                    let note = Note {
                        title: notice.title.clone(),
                        body: notice.body.clone(),
                        page: Some(notice.page.clone()),
                        urgent: matches!(notice.kind, NoticeKind::AllDown | NoticeKind::Auth),
                    };
                    notify::tell(&app, note);
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
