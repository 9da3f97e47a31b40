//! The real Claude Code, Codex and Gemini CLI, set up by `turnoutd connect` and nothing else: they and `turnoutd` share a
//! home. Their versions are those of the conformance suite.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::program::{Ended, Turnout, command};
use crate::project;

/// Longer than any run here takes; the clients themselves would go on trying for minutes.
const LIMIT: Duration = Duration::from_secs(100);

/// A client that can be connected.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// Its id.
    pub id: &'static str,
    /// The file of its settings that matters most, from the home folder on.
    pub file: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
}

/// All of them.
pub const CLIENTS: [Client; 3] = [
    Client {
        id: "claude-code",
        file: ".claude/settings.json",
        program: "claude",
        arguments: &["--output-format", "json", "-p"],
    },
    Client {
        id: "codex",
        file: ".codex/config.toml",
        program: "codex",
        arguments: &[
            "exec",
            "--json",
            "--skip-git-repo-check",
            "-s",
            "danger-full-access",
        ],
    },
    Client {
        id: "gemini-cli",
        file: ".gemini/.env",
        program: "gemini",
        arguments: &["-m", "gemini-2.5-flash", "--output-format", "json", "-p"],
    },
];

impl Client {
    /// Runs one prompt in the home of `turnout`. Every proxy of the environment is a port where nobody listens.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn run(&self, turnout: &Turnout, prompt: &str) -> Ended {
        let home = turnout.home().path();
        let work = home.join("work");
        std::fs::create_dir_all(&work).unwrap();
        let mut client = command(installed(self.program).await, home);
        client.args(self.arguments).arg(prompt).current_dir(&work);
        client
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
            .env("DISABLE_AUTOUPDATER", "1")
            .env("GEMINI_CLI_TRUST_WORKSPACE", "true")
            .env("IS_SANDBOX", "1")
            .env("TERM", "xterm-256color")
            .env("SHELL", "/bin/bash");
        client
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = client.spawn().unwrap();
        let ended = tokio::time::timeout(LIMIT, child.wait_with_output()).await;
        let output = ended.unwrap_or_else(|_| panic!("{} did not end within {LIMIT:?}", self.id));
        output.unwrap().into()
    }
}

/// A client's program; installs them all first where it is missing.
async fn installed(program: &str) -> PathBuf {
    let suite = project().join("tests/conformance");
    let folders = std::env::var_os("CLIENTS_DIR").map(PathBuf::from);
    let programs = folders.into_iter().chain([suite.clone()]);
    let programs: Vec<PathBuf> = programs
        .map(|folder| folder.join("node_modules/.bin").join(program))
        .collect();
    // Tests are processes of their own: one installs, the others wait.
    let folder = project().join("target");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = std::fs::File::create(folder.join("conformance-clients.lock")).unwrap();
    lock.lock().unwrap();
    if let Some(found) = programs.iter().find(|program| program.exists()) {
        return found.clone();
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--silent"])
        .current_dir(&suite);
    let output = npm.stdin(Stdio::null()).output().await;
    let output = output.expect("npm is needed to install the clients");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "npm could not install the clients: {told}"
    );
    std::fs::copy(
        suite.join("package-lock.json"),
        suite.join("node_modules/.installed"),
    )
    .unwrap();
    suite.join("node_modules/.bin").join(program)
}
