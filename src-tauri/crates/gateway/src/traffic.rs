//! How many bytes of a request have come and gone.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use http_body_util::BodyExt as _;

/// Bytes of the bodies of a request and its answer, as they are on the way between client and Turnout: compressed where
/// they are, without headers and framing.
#[derive(Debug, Default)]
pub struct Traffic {
    received: AtomicU64,
    sent: AtomicU64,
}

impl Traffic {
    /// What the client has sent.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// What the client has been sent, or is about to be: what its connection has taken.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn count_sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The body, counted as it is read.
    pub(crate) fn counting(self: &Arc<Self>, body: axum::body::Body) -> axum::body::Body {
        let traffic = Arc::clone(self);
        axum::body::Body::new(body.map_frame(move |frame| {
            let bytes = frame.data_ref().map_or(0, bytes::Bytes::len);
            traffic.received.fetch_add(bytes as u64, Ordering::Relaxed);
            frame
        }))
    }
}
