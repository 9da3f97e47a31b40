//! What the desktop around the app offers, and asking it for small things.
//!
//! Parts of a desktop may be missing, and the libraries below react badly to that (they panic, or
//! show nothing and say nothing), so each is looked for before it is used. The macOS and Windows
//! halves follow those systems' documentation and were not run.

use tauri::Url;

/// Opens a link in the person's browser. Anything but `http` and `https` is refused, so that a
/// page cannot start programs.
pub(crate) fn browse(target: &Url) {
    if !matches!(target.scheme(), "http" | "https") {
        tracing::warn!(
            scheme = target.scheme(),
            "a link that is not http was not opened"
        );
        return;
    }
    if let Err(error) = platform::browse(target.as_str()) {
        tracing::warn!(%error, "no browser could be started");
    }
}

/// Puts a text on the clipboard. On Linux only from the main thread.
///
/// # Errors
/// When the platform's clipboard cannot be reached.
pub(crate) fn copy(text: &str) -> anyhow::Result<()> {
    platform::copy(text)
}

/// Whether the desktop's colours are dark. On Linux only from the main thread, with a display.
pub(crate) fn is_dark() -> bool {
    platform::is_dark()
}

/// Whether a window can tell where it stands, and be put there. Wayland keeps that to itself.
pub(crate) fn places_windows() -> bool {
    platform::places_windows()
}

/// Whether windows can be shown at all.
pub(crate) fn has_display() -> bool {
    platform::has_display()
}

/// Whether the library that makes tray icons is missing.
pub(crate) fn lacks_tray_library() -> bool {
    platform::lacks_tray_library()
}

/// Whether something on the desktop shows tray icons now. Blocks for up to a second.
pub(crate) fn has_tray_host() -> bool {
    platform::has_tray_host()
}

#[cfg(target_os = "linux")]
mod platform {
    use std::panic;

    use gtk::gio;
    use gtk::glib::{ToVariant as _, Variant, VariantTy};
    use gtk::prelude::{ObjectExt as _, StyleContextExt as _, WidgetExt as _};

    pub(super) fn browse(target: &str) -> anyhow::Result<()> {
        gio::AppInfo::launch_default_for_uri(target, None::<&gio::AppLaunchContext>)?;
        Ok(())
    }

    #[allow(
        clippy::unnecessary_wraps,
        reason = "the other platforms' clipboards can fail"
    )]
    pub(super) fn copy(text: &str) -> anyhow::Result<()> {
        let clipboard = gtk::Clipboard::get(&gtk::gdk::SELECTION_CLIPBOARD);
        clipboard.set_text(text);
        clipboard.store();
        Ok(())
    }

    /// By the theme's own colour, as its name need not tell.
    pub(super) fn is_dark() -> bool {
        let window = gtk::Window::new(gtk::WindowType::Popup);
        let colour = window.style_context().lookup_color("theme_bg_color");
        colour.is_some_and(|colour| colour.red() + colour.green() + colour.blue() < 1.5)
    }

    pub(super) fn places_windows() -> bool {
        let display = gtk::gdk::Display::default();
        display.is_some_and(|display| display.type_().name() == "GdkX11Display")
    }

    pub(super) fn has_display() -> bool {
        gtk::init().is_ok()
    }

    /// The binding loads its library on first use and panics without it. It is made to do so
    /// here, where the panic can be kept quiet.
    pub(super) fn lacks_tray_library() -> bool {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let loaded = panic::catch_unwind(|| {
            let _ = &*libappindicator_sys::LIB;
        });
        panic::set_hook(loud);
        loaded.is_err()
    }

    pub(super) fn has_tray_host() -> bool {
        host_registered().is_ok_and(|registered| registered)
    }

    fn host_registered() -> Result<bool, gtk::glib::Error> {
        const WATCHER: &str = "org.kde.StatusNotifierWatcher";
        let bus = gio::bus_get_sync(gio::BusType::Session, gio::Cancellable::NONE)?;
        let answer = bus.call_sync(
            Some(WATCHER),
            "/StatusNotifierWatcher",
            "org.freedesktop.DBus.Properties",
            "Get",
            Some(&(WATCHER, "IsStatusNotifierHostRegistered").to_variant()),
            VariantTy::new("(v)").ok(),
            gio::DBusCallFlags::NONE,
            1000,
            gio::Cancellable::NONE,
        )?;
        Ok(answer
            .child_value(0)
            .get::<Variant>()
            .and_then(|value| value.get())
            .unwrap_or(false))
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    pub(super) fn browse(target: &str) -> anyhow::Result<()> {
        let mut command = if cfg!(target_os = "macos") {
            Command::new("open")
        } else {
            Command::new("rundll32")
        };
        if cfg!(windows) {
            command.arg("url.dll,FileProtocolHandler");
        }
        command.arg(target).spawn()?;
        Ok(())
    }

    pub(super) fn copy(text: &str) -> anyhow::Result<()> {
        let program = if cfg!(target_os = "macos") {
            "pbcopy"
        } else {
            "clip"
        };
        let mut child = Command::new(program).stdin(Stdio::piped()).spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(text.as_bytes())?;
        }
        child.wait()?;
        Ok(())
    }

    /// The web view asks the system itself once the page is there.
    pub(super) fn is_dark() -> bool {
        false
    }

    pub(super) fn places_windows() -> bool {
        true
    }

    pub(super) fn has_display() -> bool {
        true
    }

    pub(super) fn lacks_tray_library() -> bool {
        false
    }

    pub(super) fn has_tray_host() -> bool {
        true
    }
}
