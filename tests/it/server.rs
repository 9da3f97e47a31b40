//! What the files for servers say (`config/server`): their commands are run as they stand there, with folders of the
//! test's own in the place of theirs.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tests::http::Call;
use tests::program::{command, turnoutd};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const UNIT: &str = include_str!("../../config/server/turnoutd.service");
const CONTAINER: &str = include_str!("../../config/server/Containerfile");
const PROGRAM: &str = "/usr/local/bin/turnoutd";

/// The rest of the one line that begins so.
fn line<'t>(text: &'t str, begins: &str) -> &'t str {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(begins));
    let line = lines.next().unwrap();
    assert_eq!(lines.next(), None, "{begins}");
    line
}

/// The program with these arguments, whose first names it.
fn program(folder: &Path, theirs: &str, arguments: &[String]) -> Command {
    assert_eq!(arguments[0], PROGRAM);
    let mut command = command(turnoutd(), folder);
    let ours = folder.display().to_string();
    command.args(arguments[1..].iter().map(|it| it.replace(theirs, &ours)));
    command
}

/// Starts it, at a port that is free, and tells where it is.
async fn start(mut command: Command) -> (Child, String) {
    command.arg("--json").stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await;
    let said: Value = serde_json::from_str(&line.unwrap().unwrap().unwrap()).unwrap();
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, said["base_url"].as_str().unwrap().to_owned())
}

async fn is_well(base: &str) {
    let answer = Call::get("/health").send(base).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Ends it as a service manager or an engine does.
async fn end(mut child: Child) {
    let pid = child.id().unwrap().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status().await;
    assert!(sent.unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(40), child.wait()).await;
    assert!(ended.unwrap().unwrap().success());
}

#[tokio::test]
async fn the_unit_of_systemd_starts_a_server_that_ends_when_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let words = line(UNIT, "ExecStart=").split_whitespace();
    let words: Vec<_> = words.map(str::to_owned).collect();
    let mut command = program(folder.path(), "/var/lib/turnout", &words);
    command.args(["--listen", "127.0.0.1:0"]);
    let (child, base) = start(command).await;
    is_well(&base).await;
    // All it writes lies in the folder that it may write to.
    assert!(folder.path().join("config.toml").is_file());
    assert!(folder.path().join("data").is_dir());
    end(child).await;
}

#[tokio::test]
async fn the_container_starts_a_server_and_knows_whether_it_is_well() {
    let folder = tempfile::tempdir().unwrap();
    let list = |begins: &str| -> Vec<String> {
        let list = line(CONTAINER, begins);
        serde_json::from_str(&list[list.find('[').unwrap()..]).unwrap()
    };
    let set = |mut command: Command| {
        for pair in line(CONTAINER, "ENV ").split_whitespace() {
            let (name, value) = pair.split_once('=').unwrap();
            let value = value.replace("/data", &folder.path().display().to_string());
            command.env(name, value);
        }
        command
    };
    let health = list("HEALTHCHECK ");
    let well = async || {
        let mut command = set(program(folder.path(), "/data", &health));
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.await.unwrap().code()
    };
    assert_eq!(well().await, Some(1), "nothing runs yet");
    let arguments = [list("ENTRYPOINT "), list("CMD ")].concat();
    let arguments: Vec<_> = arguments
        .iter()
        .map(|it| it.replace(":7790", ":0"))
        .collect();
    let (child, base) = start(set(program(folder.path(), "/data", &arguments))).await;
    is_well(&base).await;
    assert_eq!(well().await, Some(0));
    end(child).await;
    assert_eq!(well().await, Some(1), "it has ended");
}
