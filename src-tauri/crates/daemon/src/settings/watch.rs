//! Follows the config file while hand and program change it. Tells texts, never judges them, never writes.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::{
    sync::{Notify, mpsc},
    time::MissedTickBehavior,
};

/// Editors write in several steps; a change is read when it has been quiet for this long.
const QUIET: Duration = Duration::from_millis(100);
/// How often the file is looked at where no event comes (network folders, a full event queue): a change is in use
/// within a second there too.
const POLL: Duration = Duration::from_millis(700);
/// A config larger than this is not read.
const MAX_SIZE: u64 = 4 << 20;

/// The file could not be read; it is tried again at the next change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the config {} cannot be read: {why}", path.display())]
pub struct Unreadable {
    path: PathBuf,
    why: String,
}

/// A config file being followed. Dropping it ends that.
#[derive(Debug)]
pub struct Watch {
    updates: mpsc::Receiver<Result<String, Unreadable>>,
}

impl Watch {
    /// Follows `path` from the state `known`, the text that was read last. Must be called within a runtime.
    pub fn start(path: &Path, known: &str) -> Self {
        // One update waits at most: the follower reads anew when it was taken, so nothing is lost but the in-between.
        let (sender, updates) = mpsc::channel(1);
        let stirred = Arc::new(Notify::new());
        let watcher = watch_folder(path, &stirred);
        tokio::spawn(follow(
            path.to_owned(),
            Ok(known.to_owned()),
            stirred,
            watcher,
            sender,
        ));
        Self { updates }
    }

    /// The next text that differs from the one before. `None` never comes while the runtime lives.
    pub async fn next(&mut self) -> Option<Result<String, Unreadable>> {
        self.updates.recv().await
    }
}

/// Reads a config as text.
pub fn read(path: &Path) -> Result<String, Unreadable> {
    let unreadable = |why: String| Unreadable {
        path: path.to_owned(),
        why,
    };
    let size = std::fs::metadata(path)
        .map_err(|error| unreadable(error.to_string()))?
        .len();
    if size > MAX_SIZE {
        return Err(unreadable(format!(
            "it has {size} bytes, more than a config can have"
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    String::from_utf8(bytes)
        .map_err(|_| unreadable("it is not UTF-8 text; save it as UTF-8".to_owned()))
}

async fn follow(
    path: PathBuf,
    mut last: Result<String, Unreadable>,
    stirred: Arc<Notify>,
    watcher: Option<RecommendedWatcher>,
    updates: mpsc::Sender<Result<String, Unreadable>>,
) {
    // Unknown, so that a change made before the first look is found at once.
    let mut stamp = None;
    let mut poll = tokio::time::interval(POLL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = updates.closed() => break,
            () = stirred.notified() => settle(&stirred).await,
            _ = poll.tick() => if stamp_of(&path) == stamp { continue },
        }
        stamp = stamp_of(&path);
        let Some(current) = current(&path).await else {
            continue;
        };
        if current != last {
            last = current.clone();
            if updates.send(current).await.is_err() {
                break;
            }
        }
    }
    drop(watcher);
}

/// Waits until nothing has happened for a moment, though never long enough to miss the second.
async fn settle(stirred: &Notify) {
    for _ in 0..5 {
        if tokio::time::timeout(QUIET, stirred.notified())
            .await
            .is_err()
        {
            break;
        }
    }
}

/// The text there is now. `None` while the file is away, as in the middle of a rename.
async fn current(path: &Path) -> Option<Result<String, Unreadable>> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || path.exists().then(|| read(&path))).await;
    read.ok().flatten()
}

/// What changes when the file does: time, length and identity.
fn stamp_of(path: &Path) -> Option<(std::time::SystemTime, u64)> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

/// Watches the folder, as editors put a new file in the old one's place; and the target's folder where it is a link.
fn watch_folder(path: &Path, stirred: &Arc<Notify>) -> Option<RecommendedWatcher> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let names: Vec<OsString> = [path, &target]
        .iter()
        .filter_map(|p| p.file_name())
        .map(ToOwned::to_owned)
        .collect();
    let stirred = Arc::clone(stirred);
    let told = move |event: notify::Result<notify::Event>| {
        let ours = event.is_ok_and(|event| {
            let is_it = |changed: &PathBuf| {
                changed
                    .file_name()
                    .is_some_and(|n| names.iter().any(|name| name == n))
            };
            !event.kind.is_access() && (event.need_rescan() || event.paths.iter().any(is_it))
        });
        if ours {
            stirred.notify_one();
        }
    };
    let start = || -> notify::Result<RecommendedWatcher> {
        let mut watcher = notify::recommended_watcher(told)?;
        let folder = |path: &Path| {
            path.parent().map(|p| {
                if p.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    p
                }
                .to_owned()
            })
        };
        let own = folder(path).ok_or_else(|| notify::Error::io(io::ErrorKind::NotFound.into()))?;
        watcher.watch(&own, RecursiveMode::NonRecursive)?;
        if let Some(other) = folder(&target).filter(|other| *other != own) {
            watcher.watch(&other, RecursiveMode::NonRecursive)?;
        }
        Ok(watcher)
    };
    match start() {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            tracing::warn!(
                "changes of the config are looked for every 0.7 s, as its folder cannot be watched: {error}"
            );
            None
        }
    }
}
