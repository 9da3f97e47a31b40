//! Names that a shell completes: of what the running instance has, else of what the config says. A shell asks at each TAB,
//! so that whatever goes wrong gives no names, and nobody is asked for anything or kept waiting.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};
use daemon::settings::Settings;
use daemon::{Options, Place, Running};
use serde_json::Value;

use crate::admin::Admin;
use crate::args::Args;
use crate::figure::{list, text};

/// The variable by which a shell asks for completions.
const ASKS: &str = "TURNOUT_COMPLETE";
/// How long the instance may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Something that has names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Groups,
    Providers,
    Rules,
    Tokens,
    Keys,
    Requests,
    Waiting,
    Models,
}

/// Names of groups.
pub(crate) fn groups() -> ArgValueCandidates {
    Kind::Groups.candidates()
}

/// Names of providers.
pub(crate) fn providers() -> ArgValueCandidates {
    Kind::Providers.candidates()
}

/// Names of rules.
pub(crate) fn rules() -> ArgValueCandidates {
    Kind::Rules.candidates()
}

/// Names of client tokens.
pub(crate) fn tokens() -> ArgValueCandidates {
    Kind::Tokens.candidates()
}

/// Ids of providers' keys.
pub(crate) fn keys() -> ArgValueCandidates {
    Kind::Keys.candidates()
}

/// Ids of the latest requests.
pub(crate) fn requests() -> ArgValueCandidates {
    Kind::Requests.candidates()
}

/// Ids of requests that wait.
pub(crate) fn waiting() -> ArgValueCandidates {
    Kind::Waiting.candidates()
}

/// Models on offer.
pub(crate) fn models() -> ArgValueCandidates {
    Kind::Models.candidates()
}

/// Answers a shell that asks for completions; whether one did.
pub(crate) fn complete(arguments: &[OsString], program: &'static str) -> bool {
    let command = move || Args::command().name(program).bin_name(program);
    let asked = CompleteEnv::with_factory(command)
        .var(ASKS)
        .try_complete(arguments, std::env::current_dir().ok().as_deref());
    asked.unwrap_or(true)
}

/// Writes the script by which a shell asks `program`, at each TAB.
pub(crate) fn script(shell: Shell, program: &str, to: &mut impl io::Write) -> io::Result<()> {
    let shells = Shells::builtins();
    match shells.completer(&shell.to_string()) {
        Some(known) => known.write_registration(ASKS, program, program, program, to),
        None => Err(io::Error::other(format!("{shell} is not known"))),
    }
}

impl Kind {
    fn candidates(self) -> ArgValueCandidates {
        ArgValueCandidates::new(move || {
            let names = self.names(&options(std::env::args_os()));
            let all = names.into_iter().enumerate();
            all.map(|(place, (name, about))| {
                CompletionCandidate::new(name)
                    .help(about.map(Into::into))
                    .display_order(Some(place))
            })
            .collect()
        })
    }

    /// Each name with what it is, where that says more.
    fn names(self, options: &Options) -> Vec<(String, Option<String>)> {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        else {
            return Vec::new();
        };
        let told =
            runtime.block_on(async { tokio::time::timeout(PATIENCE, self.told(options)).await });
        match told {
            Ok(Some(answer)) => self.read(&answer),
            Ok(None) => written(options).map_or_else(Vec::new, |settings| self.written(&settings)),
            Err(_) => Vec::new(),
        }
    }

    /// What the running instance says; `None` where there is none that can be asked.
    async fn told(self, options: &Options) -> Option<Value> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let running = Running::find(options).await.ok()?;
        let admin = Admin::new(&running.base_url, running.token, String::new()).ok()?;
        admin.get(self.path()).await.ok()
    }

    fn path(self) -> &'static str {
        match self {
            Self::Groups => "/groups?limit=1000",
            Self::Providers => "/providers?limit=1000",
            Self::Keys => "/keys?limit=1000",
            Self::Rules => "/rules?limit=1000",
            Self::Tokens => "/tokens?limit=1000",
            Self::Requests => "/requests?limit=50",
            Self::Waiting => "/suspended?limit=1000",
            Self::Models => "/models?limit=1000",
        }
    }

    fn read(self, answer: &Value) -> Vec<(String, Option<String>)> {
        let items = list(answer, "items").iter();
        let about = |item: &Value, fields: &[&str]| {
            let words: Vec<&str> = fields.iter().map(|field| text(item, field)).collect();
            Some(words.join(" "))
        };
        match self {
            Self::Keys => items
                .map(|key| (text(key, "id").to_owned(), about(key, &["masked", "state"])))
                .collect(),
            Self::Requests => items
                .map(|it| {
                    (
                        text(it, "id").to_owned(),
                        about(it, &["status", "model_requested", "provider"]),
                    )
                })
                .collect(),
            Self::Waiting => items
                .map(|it| (text(it, "id").to_owned(), about(it, &["model_requested"])))
                .collect(),
            Self::Models => items.map(|it| (text(it, "id").to_owned(), None)).collect(),
            Self::Groups => items
                .map(|it| (text(it, "name").to_owned(), about(it, &["state"])))
                .collect(),
            Self::Providers => items
                .map(|it| (text(it, "name").to_owned(), about(it, &["health"])))
                .collect(),
            Self::Rules | Self::Tokens => items
                .map(|it| (text(it, "name").to_owned(), None))
                .collect(),
        }
    }

    fn written(self, settings: &Settings) -> Vec<(String, Option<String>)> {
        let names: Vec<&String> = match self {
            Self::Groups => settings.groups.iter().map(|it| &it.name).collect(),
            Self::Providers => settings.providers.iter().map(|it| &it.name).collect(),
            Self::Rules => settings.rules.iter().map(|it| &it.name).collect(),
            Self::Tokens => {
                let tokens = settings.server.client_tokens.iter();
                tokens.map(|it| &it.name).collect()
            }
            Self::Keys | Self::Requests | Self::Waiting | Self::Models => Vec::new(),
        };
        names.into_iter().map(|name| (name.clone(), None)).collect()
    }
}

fn written(options: &Options) -> Option<Settings> {
    let place = Place::of(options).ok()?;
    let text = daemon::settings::watch::read(&place.config).ok()?;
    daemon::settings::parse(&text).ok()
}

/// The places that the line names so far, which is behind a `--` of the shell's.
fn options(arguments: impl Iterator<Item = OsString>) -> Options {
    let mut options = Options {
        config: std::env::var_os("TURNOUT_CONFIG").map(PathBuf::from),
        data_dir: std::env::var_os("TURNOUT_DATA_DIR").map(PathBuf::from),
        ..Options::default()
    };
    let mut words = arguments.filter_map(|word| word.into_string().ok());
    while let Some(word) = words.next() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
            None => (word, None),
        };
        let place = match flag.as_str() {
            "--config" => &mut options.config,
            "--data-dir" => &mut options.data_dir,
            _ => continue,
        };
        *place = value.or_else(|| words.next()).map(PathBuf::from);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_those_that_the_line_names() {
        let line = [
            "turnoutd",
            "--",
            "turnoutd",
            "--config=/c",
            "--data-dir",
            "/d",
            "use",
            "",
        ];
        let options = options(line.into_iter().map(OsString::from));
        assert_eq!(options.config, Some("/c".into()));
        assert_eq!(options.data_dir, Some("/d".into()));
    }

    #[test]
    fn every_shell_has_a_script_that_asks_this_program() {
        for shell in [
            Shell::Bash,
            Shell::Elvish,
            Shell::Fish,
            Shell::PowerShell,
            Shell::Zsh,
        ] {
            let mut told = Vec::new();
            script(shell, "turnoutd", &mut told).unwrap();
            let told = String::from_utf8(told).unwrap();
            assert!(
                told.contains(ASKS) && told.contains("turnoutd"),
                "{shell}: {told}"
            );
        }
    }

    #[test]
    fn without_an_instance_the_config_has_the_names() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        let text = "[[providers]]\nname = \"p\"\ndialect = \"practice\"\n\n[[groups]]\nname = \"g\"\nmembers = [{ provider = \"p\" }]\n";
        std::fs::write(&config, text).unwrap();
        let options = Options {
            config: Some(config),
            data_dir: Some(folder.path().join("data")),
            ..Options::default()
        };
        let names = |kind: Kind| {
            let names = kind.names(&options).into_iter().map(|(name, _)| name);
            names.collect::<Vec<_>>()
        };
        assert_eq!(
            (names(Kind::Groups), names(Kind::Providers)),
            (vec!["g".to_owned()], vec!["p".to_owned()])
        );
        assert!(names(Kind::Requests).is_empty());
    }
}
