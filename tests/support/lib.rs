//! What the integration tests stand on: the real programs as processes, a client and an upstream that see every
//! byte, and readers of the admin API.
//!
//! Nothing here knows how Turnout works inside: no crate of it is imported.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::missing_panics_doc
)]

pub mod admin;
pub mod claude;
pub mod config;
pub mod connected;
pub mod http;
pub mod message;
pub mod program;
pub mod sse;
pub mod terminal;
pub mod upstream;

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The longest that a condition may take to come true.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again and again until `probe` gives something; `what` is told when it never does.
#[track_caller]
pub fn until<T, F, Fut>(what: &str, mut probe: F) -> impl Future<Output = T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let caller = std::panic::Location::caller();
    let what = what.to_owned();
    async move {
        let start = Instant::now();
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{caller}: waited {PATIENCE:?} in vain for: {what}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The folder of the whole project.
pub fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// A captured request of a real client or answer of a real provider, `tests/wire/NAME`, as it stands.
#[track_caller]
pub fn capture(name: &str) -> Vec<u8> {
    let path = project().join("tests/wire").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
