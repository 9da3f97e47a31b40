//! Being sent to the background: by the terminal's stop key, which reaches this program as a key, or by a signal.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears when the system asks this process to stand still.
pub(super) struct Stopping {
    #[cfg(unix)]
    asked: Signal,
}

impl Stopping {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            asked: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
        })
    }

    pub(super) async fn asked(&mut self) {
        #[cfg(unix)]
        self.asked.recv().await;
        #[cfg(not(unix))]
        std::future::pending::<()>().await;
    }
}

/// Stops the process, and those it shares its job with, until somebody lets it go on. Its own stop signal is heard above
/// and would do nothing, hence the one that nobody hears.
pub(super) fn stop() {
    #[cfg(unix)]
    if let Err(error) = rustix::process::kill_current_process_group(rustix::process::Signal::STOP) {
        tracing::debug!("this process cannot be stopped: {error}");
    }
}
