//! Looks after providers that broke, so that they serve again within a second of their recovery.
//!
//! A look is a call that costs nothing: the list of models. Any answer but a fault of the server's shows that somebody
//! is there; whether real requests are served is only told by them.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    gateway::{Shared, now},
    models,
};

/// How often it is asked whether anybody is due.
const TICK: Duration = Duration::from_millis(500);

/// Whether and how providers that broke are looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Whether they are.
    pub enabled: bool,
    /// The longest pause between two looks at one that looks well and fails all the same.
    pub interval: Duration,
    /// How long a look may take.
    pub timeout: Duration,
}

/// Looks after providers until `stop`. Sleeps while all are well.
pub(crate) async fn look_after(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        if !shared.lock().is_anybody_ailing(now()) {
            tokio::select! {
                () = shared.ill.notified() => {}
                () = stop.cancelled() => return,
            }
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => look(&shared),
            () = stop.cancelled() => return,
        }
    }
}

fn look(shared: &Arc<Shared>) {
    let rules = shared.live.load().snapshot.limits.health;
    if !rules.enabled {
        return;
    }
    let eager = shared.waiting.len() > 0;
    let due = shared.with_board(|board, now| board.ailing(rules.interval, eager, now));
    for provider in due {
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            let live = shared.live.load_full();
            if timeout(rules.timeout, models::is_there(&live, &provider)).await == Ok(true) {
                shared.with_board(|board, now| board.looks_well(&provider, now));
            }
        });
    }
}
