//! The real Claude Code, pinned, installed from npm into the target folder and run in a home of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::program::{Turnout, command};
use crate::project;

/// The version that these tests were written against.
pub const VERSION: &str = "2.1.329";

/// Longer than any run here takes; the client itself would go on trying for minutes.
const LIMIT: Duration = Duration::from_secs(100);

/// What a run of the client came to.
#[derive(Debug)]
pub struct Run {
    /// Whether it ended with status 0.
    pub ok: bool,
    /// Its messages, as `--output-format stream-json` prints them.
    pub messages: Vec<Value>,
    /// What it wrote to standard error.
    pub err: String,
}

impl Run {
    /// Its last message, which tells how it went.
    #[track_caller]
    pub fn result(&self) -> &Value {
        let last = self
            .messages
            .iter()
            .rev()
            .find(|message| message["type"] == "result");
        last.unwrap_or_else(|| panic!("no result: {self:#?}"))
    }

    /// Everything that a tool answered.
    pub fn tool_results(&self) -> String {
        let user = self
            .messages
            .iter()
            .filter(|message| message["type"] == "user");
        user.filter_map(|message| message["message"]["content"].as_array())
            .flatten()
            .map(|block| block["content"].to_string())
            .collect()
    }
}

/// The client's program; installs it first where it is missing.
///
/// # Panics
/// When npm cannot install it.
pub async fn installed() -> PathBuf {
    let folder = std::env::var_os("CLIENTS_DIR")
        .map_or_else(|| project().join("target/clients"), PathBuf::from);
    let package = folder.join("node_modules/@anthropic-ai/claude-code");
    let program = folder.join("node_modules/.bin/claude");
    std::fs::create_dir_all(&folder).unwrap();
    // Tests are processes of their own: one installs, the others wait.
    let lock = std::fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    if version(&package).as_deref() != Some(VERSION) {
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--no-audit",
            "--no-fund",
            "--no-save",
            "--prefix",
        ])
        .arg(&folder);
        npm.arg(format!("@anthropic-ai/claude-code@{VERSION}"))
            .stdin(Stdio::null());
        let output = npm
            .output()
            .await
            .expect("npm is needed to install the client");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "npm could not install Claude Code {VERSION}: {told}"
        );
    }
    assert!(
        program.exists(),
        "{} is missing after its installation",
        program.display()
    );
    program
}

fn version(package: &Path) -> Option<String> {
    let text = std::fs::read_to_string(package.join("package.json")).ok()?;
    Some(
        serde_json::from_str::<Value>(&text).ok()?["version"]
            .as_str()?
            .to_owned(),
    )
}

/// Runs `claude -p PROMPT` through `turnout`, set up by the lines of `turnoutd env` and nothing else.
///
/// # Panics
/// When it does not end in time.
pub async fn run(turnout: &Turnout, prompt: &str) -> Run {
    run_at_home(
        TempDir::new().unwrap().path(),
        &env_of(turnout).await,
        prompt,
    )
    .await
}

/// The lines for the shell that `turnoutd env` prints.
///
/// # Panics
/// When it prints none.
pub async fn env_of(turnout: &Turnout) -> String {
    let env = turnout.home().run(&["env"]).await;
    assert_eq!(env.code, 0, "{env:?}");
    env.out
}

/// Runs `claude -p PROMPT`, set up by lines of the shell, with its settings and logs in this home folder.
///
/// # Panics
/// When it does not end in time.
pub async fn run_at_home(home: &Path, env: &str, prompt: &str) -> Run {
    let program = installed().await;
    let work = home.join("work");
    std::fs::create_dir_all(&work).unwrap();
    // A shell reads the lines, as it does for a person, and then becomes the client.
    let mut claude = command("/bin/sh", home);
    claude.args(["-c", r#"eval "$0" && exec "$@""#]);
    claude.arg(env).arg(&program).current_dir(&work);
    // It may call nothing but Turnout: whatever else it wants goes to a port where nobody listens.
    claude.env("HTTPS_PROXY", "http://127.0.0.1:9");
    claude
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .env("DISABLE_AUTOUPDATER", "1");
    claude
        .env("IS_SANDBOX", "1")
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/bash");
    claude.args([
        "-p",
        prompt,
        "--output-format",
        "stream-json",
        "--verbose",
        "--allowedTools",
        "Bash",
    ]);
    claude
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = claude.spawn().unwrap();
    let ended = tokio::time::timeout(LIMIT, child.wait_with_output()).await;
    let output = ended
        .unwrap_or_else(|_| panic!("claude -p did not end within {LIMIT:?}"))
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    Run {
        ok: output.status.success(),
        messages: out
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
