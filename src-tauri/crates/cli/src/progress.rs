//! Work that takes a while, on a terminal: that it goes on, how long already, how much is done or written.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// What is shown where it is known how much there is.
const PERCENT: &str = "{spinner} {msg} {bar:24} {percent} % {elapsed}";
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

    /// Whether somebody looks.
    pub(crate) fn is_shown(&self) -> bool {
        !self.0.is_hidden()
    }

    /// So much of the whole is done, which is told in percent from then on.
    pub(crate) fn at(&self, done: u64, whole: u64) {
        if self.0.length() != Some(whole) {
            self.0.set_length(whole);
            if let Ok(style) = ProgressStyle::with_template(PERCENT) {
                self.0.set_style(style);
            }
        }
        self.0.set_position(done.min(whole));
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
    fn percents_are_those_of_the_whole_and_never_more() {
        assert!(ProgressStyle::with_template(PERCENT).is_ok());
        let progress = Progress::begin("reading", true);
        for (done, shown) in [(10, 10), (40, 40), (50, 40)] {
            progress.at(done, 40);
            assert_eq!(
                (progress.0.position(), progress.0.length()),
                (shown, Some(40))
            );
        }
    }

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
