//! Start at login.
//!
//! On Linux this is a desktop entry of our own, because the plugin writes `Exec=` unquoted and a
//! path with a space in it would not start. On macOS (a launch agent) and Windows (the `Run` key)
//! the plugin does it; those two were compiled from its documentation and not run.

use tauri::AppHandle;

use crate::launch::Desktop;

/// Whether the app starts at login.
pub(crate) fn is_on(app: &AppHandle, launch: &Desktop) -> bool {
    platform::is_on(app, launch)
}

/// Makes the app start at login as it was launched now, but hidden; or not.
///
/// # Errors
/// When the platform's place for such entries cannot be written; the message names it.
pub(crate) fn set(app: &AppHandle, on: bool, launch: &Desktop) -> anyhow::Result<()> {
    platform::set(app, on, launch)
}

#[cfg(target_os = "linux")]
mod platform {
    use std::path::{Path, PathBuf};

    use anyhow::Context as _;
    use tauri::{AppHandle, Manager};

    use crate::launch::Desktop;

    pub(super) fn is_on(app: &AppHandle, launch: &Desktop) -> bool {
        entry(app, launch).is_ok_and(|path| path.is_file())
    }

    pub(super) fn set(app: &AppHandle, on: bool, launch: &Desktop) -> anyhow::Result<()> {
        let path = entry(app, launch)?;
        if on {
            // An AppImage runs from a mount that is gone after it ends; its file is in APPIMAGE.
            let program = std::env::var_os("APPIMAGE")
                .map_or_else(std::env::current_exe, |image| Ok(image.into()))?;
            write(&path, &super::desktop_entry(&program, &launch.places()))
        } else {
            remove(&path)
        }
    }

    fn entry(app: &AppHandle, launch: &Desktop) -> anyhow::Result<PathBuf> {
        let config = app
            .path()
            .config_dir()
            .context("there is no config folder to put an autostart entry into")?;
        Ok(config.join("autostart").join(launch.entry_name()))
    }

    fn write(path: &Path, text: &str) -> anyhow::Result<()> {
        let told = || {
            format!(
                "{} cannot be written, so Turnout will not start at login",
                path.display()
            )
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(told)?;
        }
        std::fs::write(path, text).with_context(told)
    }

    fn remove(path: &Path) -> anyhow::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| {
                    format!(
                        "{} cannot be removed, so Turnout still starts at login",
                        path.display()
                    )
                })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use tauri::AppHandle;
    use tauri_plugin_autostart::ManagerExt as _;

    use crate::launch::Desktop;

    pub(super) fn is_on(app: &AppHandle, _launch: &Desktop) -> bool {
        app.autolaunch().is_enabled().unwrap_or(false)
    }

    /// The arguments were given to the plugin when it was made.
    pub(super) fn set(app: &AppHandle, on: bool, _launch: &Desktop) -> anyhow::Result<()> {
        let manager = app.autolaunch();
        if on {
            manager.enable()?
        } else {
            manager.disable()?
        }
        Ok(())
    }
}

/// A desktop entry (Desktop Entry Specification 1.5) that starts `program` without a window.
#[cfg(target_os = "linux")]
fn desktop_entry(program: &std::path::Path, arguments: &[String]) -> String {
    let mut exec = quoted(&program.to_string_lossy());
    for argument in std::iter::once("--hidden").chain(arguments.iter().map(String::as_str)) {
        exec.push(' ');
        exec.push_str(&quoted(argument));
    }
    format!(
        "[Desktop Entry]\nType=Application\nVersion=1.5\nName=Turnout\n\
         Comment=Sends each request to a language model provider that works\n\
         Exec={exec}\nIcon=turnout\nTerminal=false\nStartupNotify=false\nX-GNOME-Autostart-enabled=true\n"
    )
}

/// One argument of `Exec`: quoted where a character is reserved, `%` doubled, and then every
/// backslash doubled once more, because the value of a key is itself an escaped string.
#[cfg(target_os = "linux")]
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c) || !c.is_ascii();
    let percent = argument.replace('%', "%%");
    if !percent.is_empty() && percent.chars().all(|c| plain(c) || c == '%') {
        return percent;
    }
    let mut inner = String::with_capacity(percent.len() + 2);
    for c in percent.chars() {
        if matches!(c, '"' | '`' | '$' | '\\') {
            inner.push('\\');
        }
        inner.push(c);
    }
    format!("\"{}\"", inner.replace('\\', "\\\\"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_plain_path_stays_plain() {
        let entry = desktop_entry(Path::new("/usr/bin/turnout"), &[]);
        assert!(
            entry.contains("\nExec=/usr/bin/turnout --hidden\n"),
            "{entry}"
        );
    }

    #[test]
    fn a_path_with_a_space_is_quoted() {
        let entry = desktop_entry(
            Path::new("/opt/My Apps/turnout"),
            &["--data-dir".into(), "/d ata".into()],
        );
        assert!(
            entry.contains("\nExec=\"/opt/My Apps/turnout\" --hidden --data-dir \"/d ata\"\n"),
            "{entry}"
        );
    }

    #[test]
    fn reserved_characters_survive_both_readings() {
        assert_eq!(quoted("a$b"), r#""a\\$b""#);
        assert_eq!(quoted(r"a\b"), r#""a\\\\b""#);
        assert_eq!(quoted("50%"), "50%%");
        assert_eq!(quoted(""), r#""""#);
    }
}
