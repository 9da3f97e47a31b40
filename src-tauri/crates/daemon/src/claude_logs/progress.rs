//! How far reading has come, for whoever looks on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::Serialize;

/// How far the reading of logs has come. The last one stays until another begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct LogProgress {
    /// Whether logs are being taken in.
    pub(crate) running: bool,
    /// Bytes read.
    pub(crate) read: u64,
    /// Bytes of all files that are to be read; 0 as long as they are being looked for.
    pub(crate) whole: u64,
}

/// Counts what is read.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    running: AtomicBool,
    read: AtomicU64,
    whole: AtomicU64,
}

impl Reading {
    /// Begins anew, unless one runs that would be counted as one with it; it runs until what this gives is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Option<Running> {
        if self.running.swap(true, Ordering::AcqRel) {
            return None;
        }
        self.read.store(0, Ordering::Relaxed);
        self.whole.store(0, Ordering::Relaxed);
        Some(Running(Arc::clone(self)))
    }

    pub(super) fn found(&self, bytes: u64) {
        self.whole.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn read(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> LogProgress {
        LogProgress {
            running: self.running.load(Ordering::Relaxed),
            read: self.read.load(Ordering::Relaxed),
            whole: self.whole.load(Ordering::Relaxed),
        }
    }
}

/// Reading goes on.
#[derive(Debug)]
pub(super) struct Running(Arc<Reading>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.store(false, Ordering::Release);
    }
}
