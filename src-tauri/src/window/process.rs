//! The tray's side: starts the window's process and speaks with it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{ARGUMENT, Opening, Order, Told};
use crate::surroundings;

/// How long a window may take to appear.
const TO_APPEAR: Duration = Duration::from_secs(30);
/// How long an open one may take to come to the front.
const TO_RISE: Duration = Duration::from_secs(3);

/// The process of an open window. Dropped, it closes.
#[derive(Debug)]
pub(crate) struct Opened {
    orders: ChildStdin,
    /// Whether it did what it was told, each time; closed when it has ended.
    done: mpsc::Receiver<Result<(), String>>,
}

impl Opened {
    /// Opens the window and returns when it is there.
    ///
    /// # Errors
    /// When the process does not start or cannot show a window.
    pub(crate) async fn start(program: &Path, opening: &Opening) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (orders, told) = pipes.context("the window's process has no pipes")?;
        let (report, done) = mpsc::channel(1);
        tokio::spawn(listen(child, told, report));
        let mut opened = Self { orders, done };
        opened.write(serde_json::to_string(opening)?).await?;
        match timeout(TO_APPEAR, opened.done.recv()).await {
            Ok(Some(Ok(()))) => Ok(opened),
            Ok(Some(Err(why))) => anyhow::bail!(why),
            Ok(None) => anyhow::bail!("its process ended"),
            Err(_) => anyhow::bail!("it did not appear within {} s", TO_APPEAR.as_secs()),
        }
    }

    /// Brings the window to the front, at `page` if there is one; false if there is no window any more.
    pub(crate) async fn show(&mut self, page: Option<String>) -> bool {
        let Ok(order) = serde_json::to_string(&Order::Show(page)) else {
            return false;
        };
        if self.write(order).await.is_err() {
            return false;
        }
        let done = timeout(TO_RISE, self.done.recv()).await;
        matches!(done, Ok(Some(Ok(()))))
    }

    async fn write(&mut self, mut line: String) -> std::io::Result<()> {
        line.push('\n');
        self.orders.write_all(line.as_bytes()).await?;
        self.orders.flush().await
    }
}

/// Takes what the window tells until it ends.
async fn listen(mut child: Child, told: ChildStdout, report: mpsc::Sender<Result<(), String>>) {
    let mut lines = BufReader::new(told).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let done = match serde_json::from_str(&line) {
            Ok(Told::Browse(link)) => {
                match link.parse() {
                    Ok(link) => surroundings::browse(&link),
                    Err(error) => tracing::warn!(%error, "a link that is none was not opened"),
                }
                continue;
            }
            Ok(Told::Shown) => Ok(()),
            Ok(Told::Failed(why)) => Err(why),
            // A library below may write there too.
            Err(_) => continue,
        };
        // One that nobody waits for any more came too late.
        let _ = report.try_send(done);
    }
    match child.wait().await {
        Ok(status) if status.success() => {}
        Ok(status) => tracing::warn!("the window's process ended by itself: {status}"),
        Err(error) => tracing::warn!(%error, "how the window's process ended is not known"),
    }
}
