//! What a start of the app was asked to do: the desktop, or one command of the command line.
//!
//! Pure. It must never read the environment or touch a display: `main` hands the arguments in.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::time::Duration;

use crate::window;

/// How long running streams may hold up quitting. Shorter than the server's: a person waits.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// How `turnout` was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Launch {
    /// The tray app.
    Desktop(Desktop),
    /// The window of a running tray app, which starts it.
    Window,
    /// Anything else is the command line's to understand, refuse and explain.
    CommandLine,
}

/// The settings that a start of the tray app takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Desktop {
    /// `--config FILE`.
    pub(crate) config: Option<PathBuf>,
    /// `--data-dir DIR`.
    pub(crate) data_dir: Option<PathBuf>,
    /// `--show`: open the window at once.
    pub(crate) show: bool,
    /// `--hidden`: a start at login; a second start with it does not raise the window.
    pub(crate) hidden: bool,
}

impl Desktop {
    /// Fills in what the environment says (`TURNOUT_CONFIG`, `TURNOUT_DATA_DIR`); arguments win.
    pub(crate) fn or_else(mut self, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        self.config = self.config.or_else(|| set("TURNOUT_CONFIG"));
        self.data_dir = self.data_dir.or_else(|| set("TURNOUT_DATA_DIR"));
        self
    }

    /// How the daemon is started for this.
    pub(crate) fn options(&self) -> daemon::Options {
        daemon::Options {
            config: self.config.clone(),
            data_dir: self.data_dir.clone(),
            grace: GRACE,
            ..daemon::Options::default()
        }
    }

    /// The arguments that lead another start to the same config and data.
    pub(crate) fn places(&self) -> Vec<String> {
        let places = [("--config", &self.config), ("--data-dir", &self.data_dir)];
        let given = places
            .into_iter()
            .filter_map(|(flag, path)| path.as_ref().map(|path| (flag, path)));
        given
            .flat_map(|(flag, path)| {
                [
                    flag.to_owned(),
                    absolute(path).to_string_lossy().into_owned(),
                ]
            })
            .collect()
    }

    /// The name by which a second start finds the first: one for each data folder.
    pub(crate) fn instance_name(&self) -> String {
        const NAME: &str = "dev.turnout.desktop";
        self.mark()
            .map_or_else(|| NAME.to_owned(), |mark| format!("{NAME}.d{mark}"))
    }

    /// The name of the desktop entry that starts this instance at login.
    pub(crate) fn entry_name(&self) -> String {
        self.mark().map_or_else(
            || "turnout.desktop".to_owned(),
            |mark| format!("turnout-{mark}.desktop"),
        )
    }

    /// Tells data folders apart; `None` for the platform's own.
    fn mark(&self) -> Option<String> {
        let folder = self.data_dir.as_ref()?;
        let mut hasher = DefaultHasher::new();
        absolute(folder).hash(&mut hasher);
        Some(format!("{:016x}", hasher.finish()))
    }

    /// Where the window's page keeps its own settings; the platform's place if `None`.
    pub(crate) fn storage(&self) -> Option<PathBuf> {
        self.data_dir
            .as_ref()
            .map(|folder| absolute(folder).join("webview"))
    }
}

fn absolute(path: &std::path::Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Reads the arguments behind the program's name.
///
/// Only flags of the desktop app keep it the desktop app; the first thing that is none of them
/// (a command, `--help`, a misspelt flag, a flag without its value) makes it the command line.
pub(crate) fn read(arguments: &[OsString]) -> Launch {
    if arguments == [OsString::from(window::ARGUMENT)] {
        return Launch::Window;
    }
    let mut desktop = Desktop::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        let (flag, inline) = match text.split_once('=') {
            Some((flag, value)) => (flag, Some(OsString::from(value))),
            None => (&*text, None),
        };
        match flag {
            "--show" if inline.is_none() => desktop.show = true,
            "--hidden" if inline.is_none() => desktop.hidden = true,
            "--config" | "--data-dir" => {
                let Some(value) = inline.or_else(|| rest.next().cloned()) else {
                    return Launch::CommandLine;
                };
                let place = if flag == "--config" {
                    &mut desktop.config
                } else {
                    &mut desktop.data_dir
                };
                *place = Some(PathBuf::from(value));
            }
            _ => return Launch::CommandLine,
        }
    }
    Launch::Desktop(desktop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(arguments: &[&str]) -> Launch {
        let owned: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        read(&owned)
    }

    #[test]
    fn no_arguments_start_the_tray() {
        assert_eq!(launch(&[]), Launch::Desktop(Desktop::default()));
    }

    #[test]
    fn a_command_goes_to_the_command_line() {
        assert_eq!(launch(&["status"]), Launch::CommandLine);
        assert_eq!(
            launch(&["--data-dir", "/tmp/d", "serve"]),
            Launch::CommandLine
        );
        assert_eq!(launch(&["--help"]), Launch::CommandLine);
    }

    #[test]
    fn the_window_is_started_by_its_argument_alone() {
        assert_eq!(launch(&["--window"]), Launch::Window);
        assert_eq!(launch(&["--window", "--show"]), Launch::CommandLine);
    }

    #[test]
    fn places_alone_still_start_the_tray() {
        let wanted = Desktop {
            config: Some("c.toml".into()),
            data_dir: Some("/tmp/d".into()),
            show: true,
            hidden: false,
        };
        let got = launch(&["--config=c.toml", "--data-dir", "/tmp/d", "--show"]);
        assert_eq!(got, Launch::Desktop(wanted));
    }

    #[test]
    fn arguments_win_over_the_environment() {
        let environment =
            |name: &str| (name == "TURNOUT_CONFIG").then(|| OsString::from("/env.toml"));
        let given = Desktop {
            config: Some("/given.toml".into()),
            ..Desktop::default()
        };
        assert_eq!(
            given.or_else(environment).config,
            Some("/given.toml".into())
        );
        assert_eq!(
            Desktop::default().or_else(environment).config,
            Some("/env.toml".into())
        );
        assert_eq!(
            Desktop::default().or_else(|_| Some(OsString::new())),
            Desktop::default()
        );
    }

    #[test]
    fn instances_on_different_data_folders_have_different_names() {
        let on = |folder: &str| {
            Desktop {
                data_dir: Some(folder.into()),
                ..Desktop::default()
            }
            .instance_name()
        };
        assert_eq!(Desktop::default().instance_name(), "dev.turnout.desktop");
        assert_eq!(on("/a"), on("/a"));
        assert_ne!(on("/a"), on("/b"));
    }

    #[test]
    fn a_flag_without_its_value_is_refused_by_the_command_line() {
        assert_eq!(launch(&["--config"]), Launch::CommandLine);
    }
}
