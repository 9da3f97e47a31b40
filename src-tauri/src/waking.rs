//! Sleep and networks, as the system tells of them; what it does not tell, the daemon sees by its clocks.
//!
//! On Linux, systemd's `PrepareForSleep` ("org.freedesktop.login1" of its D-Bus reference) and GIO's network monitor, which
//! asks `NetworkManager` or the kernel. On macOS and Windows the clocks have to do.

use std::time::Duration;

use daemon::Woken;
use tauri::{AppHandle, Manager};
use tokio::sync::Notify;

use crate::app::Desk;

/// A network that changes does so in several steps, and needs a moment until it carries.
const SETTLES: Duration = Duration::from_secs(2);

/// What the system told and is not yet acted on.
#[derive(Debug, Default)]
pub(crate) struct Waking {
    slept: Notify,
    network: Notify,
}

/// Listens from now on. Called once, on the main thread, when the app runs.
pub(crate) fn listen(app: &AppHandle) {
    platform::listen(app);
    tauri::async_runtime::spawn(wake_forever(app.clone()));
}

async fn wake_forever(app: AppHandle) {
    let desk = app.state::<Desk>();
    loop {
        let why = tokio::select! {
            () = desk.daemon.stopped() => return,
            () = desk.waking.slept.notified() => Woken::Slept,
            () = desk.waking.network.notified() => {
                tokio::time::sleep(SETTLES).await;
                Woken::Network
            }
        };
        desk.daemon.woken(why).await;
    }
}

#[cfg(target_os = "linux")]
mod platform {
    use gtk::gio::{
        self, BusType, Cancellable, DBusConnection, DBusSignalFlags,
        prelude::NetworkMonitorExt as _,
    };
    use tauri::{AppHandle, Manager};

    use crate::app::Desk;

    pub(super) fn listen(app: &AppHandle) {
        let sleeper = app.clone();
        gio::bus_get(BusType::System, Cancellable::NONE, move |bus| match bus {
            Ok(bus) => listen_for_sleep(&sleeper, &bus),
            Err(error) => tracing::debug!(%error, "there is no system bus to tell of sleep"),
        });
        let app = app.clone();
        gio::NetworkMonitor::default().connect_network_changed(move |_, available| {
            if available {
                app.state::<Desk>().waking.network.notify_one();
            }
        });
    }

    fn listen_for_sleep(app: &AppHandle, bus: &DBusConnection) {
        let (app, kept) = (app.clone(), bus.clone());
        bus.signal_subscribe(
            Some("org.freedesktop.login1"),
            Some("org.freedesktop.login1.Manager"),
            Some("PrepareForSleep"),
            Some("/org/freedesktop/login1"),
            None,
            DBusSignalFlags::NONE,
            move |_, _, _, _, _, told| {
                // The connection closes when nobody holds it.
                let _held = &kept;
                let begins = told.child_value(0).get::<bool>();
                if begins == Some(false) {
                    app.state::<Desk>().waking.slept.notify_one();
                }
            },
        );
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use tauri::AppHandle;

    pub(super) fn listen(_app: &AppHandle) {}
}
