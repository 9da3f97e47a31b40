//! The real programs as processes. Each ends with the value that stands for it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::admin::Admin;
use crate::config::{ADMIN, CLIENT, Config};
use crate::http::{Answer, Call};
use crate::until;

/// The program under test: `$TURNOUTD`, else the newest one built in the target folder of these tests.
///
/// # Panics
/// When there is none.
pub fn turnoutd() -> PathBuf {
    if let Some(named) = std::env::var_os("TURNOUTD") {
        return named.into();
    }
    let this = std::env::current_exe().unwrap();
    // TARGET/PROFILE/deps/THIS
    let target = this.ancestors().nth(3).expect("a target folder");
    let built = ["release", "debug"].map(|profile| target.join(profile).join("turnoutd"));
    let newest = built
        .into_iter()
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .max();
    newest
        .expect("no turnoutd is built: run `cargo build --release -p cli`")
        .1
}

/// A command with nothing of this machine's user in it: no home, no keychain, no proxy, no settings.
pub fn command(program: impl AsRef<Path>, scratch: &Path) -> Command {
    let mut command = Command::new(program.as_ref());
    command.env_clear().kill_on_drop(true).current_dir(scratch);
    command
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LANG", "C.UTF-8");
    command.env("HOME", scratch);
    for (name, folder) in [
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_RUNTIME_DIR", ".run"),
    ] {
        command.env(name, scratch.join(folder));
    }
    command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
    command
}

/// What a program that ended said.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl From<std::process::Output> for Ended {
    fn from(output: std::process::Output) -> Self {
        Self {
            code: code(output.status),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// What of a process is in memory, in bytes.
#[derive(Debug)]
pub struct Memory {
    /// All of it.
    pub resident: u64,
    /// Its own: heap and stacks.
    pub anonymous: u64,
    /// Mapped pages of files, most of them of the program itself, which the system may take back.
    pub file: u64,
}

/// A running process whose output lines are readable.
struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts the command and waits for its first line of output.
    async fn start(mut command: Command, log: PathBuf) -> Result<(Self, String), Ended> {
        let errors = std::fs::File::create(&log).unwrap();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await;
        let this = |child| Self { child, log };
        match line {
            Ok(Ok(Some(line))) => {
                // The rest has to be read, or the program would one day wait for a reader.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                Ok((this(child), line))
            }
            Ok(_) => {
                let status = child.wait().await.unwrap();
                let err = this(child).errors();
                Err(Ended {
                    code: code(status),
                    out: String::new(),
                    err,
                })
            }
            Err(tokio::time::error::Elapsed { .. }) => panic!(
                "no line of output within 20 s; its log:\n{}",
                this(child).errors()
            ),
        }
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.errors();
            let skip = log.lines().count().saturating_sub(40);
            let tail = log
                .lines()
                .skip(skip)
                .fold(String::new(), |mut text, line| {
                    let _ = writeln!(text, "  {line}");
                    text
                });
            eprintln!("-- end of {}:\n{tail}", self.log.display());
        }
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

/// A practice provider as a process of its own.
pub struct Practice {
    /// Its base URL.
    pub base: String,
    process: Process,
    _scratch: TempDir,
}

impl Practice {
    /// Starts one that serves and tells its name.
    pub async fn start(name: &str) -> Self {
        Self::start_at(name, "127.0.0.1:0").await
    }

    /// Starts one that answers every call in this way until told otherwise.
    pub async fn failing(name: &str, scenario: &str) -> Self {
        let practice = Self::start(name).await;
        practice.fail(Some(scenario)).await;
        practice
    }

    /// Starts one at an address.
    pub async fn start_at(name: &str, address: &str) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let mut command = command(turnoutd(), scratch.path());
        command.args(["--json", "practice", "--name", name, "--listen", address]);
        let log = scratch.path().join("practice.log");
        let started = Process::start(command, log).await;
        let (process, line) = started.unwrap_or_else(|ended| panic!("practice ended: {ended:?}"));
        let said: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        Self {
            base: said["base_url"].as_str().unwrap().to_owned(),
            process,
            _scratch: scratch,
        }
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Answers every call in this way, or as usual with `None`.
    pub async fn fail(&self, scenario: Option<&str>) {
        self.order(&serde_json::json!({ "default": scenario }))
            .await;
    }

    /// Answers the next calls in these ways, one each.
    pub async fn next(&self, scenarios: &[&str]) {
        self.order(&serde_json::json!({ "queue": scenarios })).await;
    }

    async fn order(&self, order: &serde_json::Value) {
        let answer = Call::post("/practice/control", order.to_string())
            .send(&self.base)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Its counters: `requests`, `in_flight`, `cancelled`, `connections` and more.
    pub async fn count(&self, field: &str) -> u64 {
        let answer = Call::get("/practice/state").send(&self.base).await;
        answer.json()[field]
            .as_u64()
            .unwrap_or_else(|| panic!("no {field} in {}", answer.text()))
    }

    /// How many calls it has had.
    pub async fn calls(&self) -> u64 {
        self.count("requests").await
    }

    /// What it was asked and what it told, call by call.
    pub async fn book(&self) -> Vec<serde_json::Value> {
        let answer = Call::get("/practice/requests").send(&self.base).await;
        let told = answer.json()["items"].as_array().cloned();
        told.unwrap_or_else(|| panic!("no items in {}", answer.text()))
    }

    /// The body of its last call, as it came.
    pub async fn last_body(&self) -> Vec<u8> {
        Call::get("/practice/last-body").send(&self.base).await.body
    }

    /// Its last answer's body, as it left.
    pub async fn last_answer(&self) -> Vec<u8> {
        Call::get("/practice/last-answer")
            .send(&self.base)
            .await
            .body
    }

    /// Ends it as a crash would.
    pub async fn kill(mut self) {
        self.process.child.kill().await.unwrap();
    }
}

/// A running `turnoutd` with a home of its own.
pub struct Turnout {
    /// Its base URL.
    pub base: String,
    /// The one-time link of its window, as told at the start.
    pub ui: String,
    process: Process,
    home: Home,
}

/// The folder, config and environment of a `turnoutd`, running or not.
pub struct Home {
    scratch: TempDir,
    env: Vec<(String, String)>,
}

impl Home {
    /// A home with this config in it.
    pub fn new(config: &Config) -> Self {
        let home = Self {
            scratch: tempfile::tempdir().unwrap(),
            env: config.env(),
        };
        home.write(&config.text());
        home
    }

    /// The same with a variable in its environment, in the place of one of this name.
    #[must_use]
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(other, _)| other != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The folder that everything of it is in.
    pub fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// Its config file.
    pub fn config(&self) -> PathBuf {
        self.path().join("config.toml")
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Puts another config in place, as an editor does: whole, by a rename.
    pub fn write(&self, config: &str) {
        let next = self.path().join("config.toml.new");
        std::fs::write(&next, config).unwrap();
        std::fs::rename(next, self.config()).unwrap();
    }

    /// `turnoutd` with this home's places and environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(turnoutd(), self.path());
        command
            .arg("--config")
            .arg(self.config())
            .arg("--data-dir")
            .arg(self.data());
        command.args(arguments).envs(self.env.iter().cloned());
        command
    }

    /// Runs a command of the command line to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "").await
    }

    /// The same with something on its standard input.
    pub async fn run_with(&self, arguments: &[&str], input: &str) -> Ended {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let ended = tokio::time::timeout(Duration::from_secs(30), child.wait_with_output()).await;
        ended
            .unwrap_or_else(|_| panic!("turnoutd {arguments:?} did not end"))
            .unwrap()
            .into()
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(self) -> Turnout {
        self.try_start(&[])
            .await
            .unwrap_or_else(|(_, ended)| panic!("turnoutd ended: {ended:?}"))
    }

    /// Starts it with more arguments; gives what it said if it ended instead.
    pub async fn try_start(self, arguments: &[&str]) -> Result<Turnout, (Self, Ended)> {
        let command = self.command(&[&["--json", "serve"], arguments].concat());
        match Process::start(command, self.path().join("turnoutd.log")).await {
            Ok((process, line)) => {
                let said: serde_json::Value =
                    serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
                let text = |field: &str| said[field].as_str().unwrap_or_default().to_owned();
                Ok(Turnout {
                    base: text("base_url"),
                    ui: text("ui"),
                    process,
                    home: self,
                })
            }
            Err(ended) => Err((self, ended)),
        }
    }
}

impl Turnout {
    /// Starts one with this config.
    pub async fn start(config: &Config) -> Self {
        Home::new(config).start().await
    }

    /// Its places.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Its standard error so far.
    pub fn log(&self) -> String {
        self.process.errors()
    }

    /// Its admin API.
    pub fn admin(&self) -> Admin {
        Admin::new(&self.base, ADMIN)
    }

    /// A Messages call with the client token.
    pub fn call(&self, body: &serde_json::Value) -> Call {
        self.call_bytes(body.to_string())
    }

    /// The same with these very bytes.
    pub fn call_bytes(&self, body: impl Into<Vec<u8>>) -> Call {
        Call::post("/v1/messages?beta=true", body)
            .bearer(CLIENT)
            .header("anthropic-version", "2023-06-01")
    }

    /// Makes a Messages call.
    pub async fn ask(&self, body: &serde_json::Value) -> Answer {
        self.call(body).send(&self.base).await
    }

    /// Ends it as a crash would; its home stays.
    pub async fn kill(mut self) -> Home {
        self.process.child.kill().await.unwrap();
        self.home
    }

    /// Asks it to end, and waits until it has.
    pub async fn terminate(mut self) -> (Home, i32) {
        self.signal("TERM").await;
        let ended = tokio::time::timeout(Duration::from_secs(40), self.process.child.wait()).await;
        let status = ended.expect("it ends when it is asked to").unwrap();
        (self.home, code(status))
    }

    /// Sends it a signal.
    pub async fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status()
            .await
            .unwrap();
        assert!(sent.success(), "kill -{name} {pid}");
    }

    /// Its memory now.
    pub fn memory(&self) -> Memory {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let bytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field));
            let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
            kilobytes.parse::<u64>().unwrap() * 1024
        };
        Memory {
            resident: bytes("VmRSS:"),
            anonymous: bytes("RssAnon:"),
            file: bytes("RssFile:"),
        }
    }

    /// Waits until nothing is under way.
    pub async fn quiet(&self) {
        let admin = self.admin();
        until("no request under way", || async {
            (admin.status().await["in_flight"] == 0).then_some(())
        })
        .await;
    }
}
