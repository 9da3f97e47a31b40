//! Being sent to the background, by the terminal's stop key, which reaches this program as a key, or by a signal; and
//! the terminal going away.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the system tells of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(unix), allow(dead_code, reason = "other systems tell neither"))]
pub(super) enum Told {
    /// This process is to stand still.
    Stop,
    /// The terminal is gone.
    Gone,
}

/// Hears what the system tells of the terminal.
pub(super) struct Stopping {
    #[cfg(unix)]
    stop: Signal,
    #[cfg(unix)]
    gone: Signal,
}

impl Stopping {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            #[cfg(unix)]
            gone: signal(SignalKind::hangup())?,
        })
    }

    pub(super) async fn told(&mut self) -> Told {
        #[cfg(unix)]
        tokio::select! {
            _ = self.stop.recv() => Told::Stop,
            _ = self.gone.recv() => Told::Gone,
        }
        #[cfg(not(unix))]
        std::future::pending().await
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
