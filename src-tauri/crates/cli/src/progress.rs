//! Work that takes a while, on a terminal: that it goes on, how long already, how much is written.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Between two looks at the clock.
const TICK: Duration = Duration::from_millis(100);

/// A line on standard error that is gone when the work is done. Where nobody looks there is none.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// `what` is done from now on; with `quiet` in silence.
    pub(crate) fn begin(what: &'static str, quiet: bool) -> Self {
        if quiet || !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_message(what);
        // A template that cannot be read leaves the usual one.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed} {bytes}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// Counts what is written, and shows it.
pub(crate) struct Counted<W: Write> {
    to: W,
    bytes: u64,
    progress: Progress,
}

impl<W: Write> Counted<W> {
    pub(crate) fn new(to: W, progress: Progress) -> Self {
        Self {
            to,
            bytes: 0,
            progress,
        }
    }

    /// Bytes that were written in all.
    pub(crate) fn end(self) -> u64 {
        self.progress.end();
        self.bytes
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.to.write(piece)?;
        self.bytes += written as u64;
        self.progress.0.set_position(self.bytes);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_counted_and_arrives() {
        let mut kept = Vec::new();
        let mut counted = Counted::new(&mut kept, Progress::begin("writing", true));
        counted.write_all(b"hello ").unwrap();
        counted.write_all(b"world").unwrap();
        assert_eq!(counted.end(), 11);
        assert_eq!(kept, b"hello world");
    }
}
