//! Where client programs keep their things.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::{Client, Error};

/// A program's package is at most so many folders above it.
const MANIFEST_ABOVE: usize = 4;

/// What of the environment tells where settings are and which programs there are.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The person's home folder.
    pub home: Option<PathBuf>,
    /// `CLAUDE_CONFIG_DIR`, which moves Claude Code's folder.
    pub claude_config_dir: Option<PathBuf>,
    /// `CODEX_HOME`, which moves Codex's folder.
    pub codex_home: Option<PathBuf>,
    /// `GEMINI_CLI_HOME`, which stands in for the home folder at Gemini CLI.
    pub gemini_cli_home: Option<PathBuf>,
    /// `PATH`.
    pub path: Option<OsString>,
    /// `NO_PROXY`: the settings of Claude Code go before it, so what stands in it must stand there too.
    pub no_proxy: Option<String>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        let folder = |name| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let text = |name| env::var(name).ok().filter(|value| !value.trim().is_empty());
        Self {
            home: env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            claude_config_dir: folder("CLAUDE_CONFIG_DIR"),
            codex_home: folder("CODEX_HOME"),
            gemini_cli_home: folder("GEMINI_CLI_HOME"),
            path: env::var_os("PATH"),
            no_proxy: text("NO_PROXY").or_else(|| text("no_proxy")),
        }
    }

    /// The folder of a client's settings.
    pub(crate) fn folder(&self, client: Client) -> Result<PathBuf, Error> {
        let (moved, usual) = match client {
            Client::ClaudeCode => (self.claude_config_dir.clone(), ".claude"),
            Client::Codex => (self.codex_home.clone(), ".codex"),
            Client::GeminiCli => (
                self.gemini_cli_home
                    .as_ref()
                    .map(|home| home.join(".gemini")),
                ".gemini",
            ),
        };
        let folder = match (moved, &self.home) {
            (Some(moved), _) => moved,
            (None, Some(home)) => home.join(usual),
            (None, None) => return Err(Error::Homeless),
        };
        Ok(std::path::absolute(&folder).unwrap_or(folder))
    }

    /// The folder of the logs that Claude Code keeps of its sessions.
    ///
    /// # Errors
    /// There is no home folder.
    pub fn claude_logs(&self) -> Result<PathBuf, Error> {
        Ok(self.folder(Client::ClaudeCode)?.join("projects"))
    }

    /// The version of a client's program, as far as the place where it is installed tells it: by the manifest of its
    /// package, or by the name of a file that is called by its version. Nothing is run.
    pub fn version(&self, client: Client) -> Option<String> {
        let real = self.program(client)?.canonicalize().ok()?;
        let is_version = |text: &str| {
            let is_number = |part: &str| part.starts_with(|first: char| first.is_ascii_digit());
            text.contains('.') && text.split('.').take(2).all(is_number)
        };
        let whole = real.file_name()?.to_str()?;
        if is_version(whole) {
            return Some(whole.to_owned());
        }
        let manifest = real.ancestors().skip(1).take(MANIFEST_ABOVE);
        let mut manifests = manifest.map(|folder| folder.join("package.json"));
        let manifest = manifests.find(|path| path.is_file())?;
        let text = std::fs::read_to_string(manifest).ok()?;
        let told: serde_json::Value = serde_json::from_str(&text).ok()?;
        let version = told.get("version")?.as_str()?;
        is_version(version).then(|| version.to_owned())
    }

    /// The client's program, where it is on the path.
    pub(crate) fn program(&self, client: Client) -> Option<PathBuf> {
        let names: &[&str] = if cfg!(windows) {
            &[".exe", ".cmd"]
        } else {
            &[""]
        };
        env::split_paths(self.path.as_ref()?)
            .flat_map(|folder| {
                names
                    .iter()
                    .map(move |end| folder.join(format!("{}{end}", client.program())))
            })
            .find(|file| file.is_file())
    }
}
