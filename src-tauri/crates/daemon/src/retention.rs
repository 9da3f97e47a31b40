//! The ledger looks after itself: requests that are older than the config wants them kept go, an hour's worth at a time,
//! their sums by day stay, and the file shrinks; hours that are over are summed, so that answers about months are quick. Old entries of the
//! audit log go too.

use std::time::Duration;

use jiff::Timestamp;
use ledger::Ledger;
use tokio::time::Instant;

use crate::handle::Daemon;
use crate::settings::Routing;

/// After the start, and between two rounds.
const FIRST: Duration = Duration::from_secs(30);
const BETWEEN: Duration = Duration::from_mins(30);
/// Between two hours' worth, so that what arrives is written in time.
const PAUSE: Duration = Duration::from_millis(200);

/// No request runs for longer: whoever ran one that is open then is gone.
fn longest(routing: &Routing) -> Duration {
    const DAY: Duration = Duration::from_hours(24);
    let patient = routing
        .suspend
        .timeout
        .saturating_add(routing.timeouts.total);
    DAY.max(patient.saturating_mul(2))
}

/// Lets what is too old go, until the instance stops.
pub(crate) async fn keep(daemon: Daemon, ledger: Ledger) {
    let stop = daemon.stopping();
    let mut pause = FIRST;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = BETWEEN;
        crate::audit::forget_old(&daemon, &ledger).await;
        let kept = daemon.loaded().settings.ledger.retention;
        let before =
            Timestamp::now().as_millisecond() - i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        let round = async {
            let lost = longest(&daemon.loaded().settings.routing);
            let lost = i64::try_from(lost.as_millis()).unwrap_or(i64::MAX);
            let lost = Timestamp::now().as_millisecond().saturating_sub(lost);
            let closed = ledger.close_lost(lost).await?;
            if closed > 0 {
                tracing::warn!(
                    "{closed} requests of a Turnout that is no longer there are closed as failed"
                );
            }
            let mut gone = 0;
            while let Some(some) = ledger.prune(before).await? {
                gone += some;
                tokio::time::sleep(PAUSE).await;
            }
            while ledger.shrink().await? {
                tokio::time::sleep(PAUSE).await;
            }
            Ok::<u64, ledger::QueryError>(gone)
        };
        let gone = tokio::select! {
            gone = round => gone,
            () = stop.cancelled() => return,
        };
        match gone {
            Ok(0) => {}
            Ok(gone) => tracing::info!(
                "{gone} requests older than ledger.retention were summed up and removed"
            ),
            Err(error) => {
                tracing::warn!("what is older than ledger.retention could not be removed: {error}");
            }
        }
    }
}

/// After the start, and between two rounds of summing hours.
const FIRST_SUMS: Duration = Duration::from_secs(5);
const BETWEEN_SUMS: Duration = Duration::from_mins(5);
/// After each piece of summing, so many times as long as it took.
const SHARE: u32 = 4;

/// Sums hours that are over, until the instance stops.
pub(crate) async fn sum_up(daemon: Daemon, ledger: Ledger) {
    let stop = daemon.stopping();
    let mut pause = FIRST_SUMS;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        let begun = Instant::now();
        pause = match ledger.sum_up(Timestamp::now().as_millisecond()).await {
            Ok(true) => (begun.elapsed() * SHARE).min(BETWEEN_SUMS),
            Ok(false) => BETWEEN_SUMS,
            Err(error) => {
                tracing::warn!(
                    "hours of the ledger could not be summed, which makes its answers slow: {error}"
                );
                BETWEEN_SUMS
            }
        };
    }
}
