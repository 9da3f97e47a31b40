//! How much is done with each client token: requests under way, and requests and tokens of the last minute.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use routing::Limits;
use tokio::time::Instant;

use crate::refusal::Refusal;

/// What limits are counted over.
const MINUTE: Duration = Duration::from_mins(1);
/// When a place may be free again where requests at once are bounded.
const SOON: Duration = Duration::from_secs(1);

/// What is done with each token that has limits.
#[derive(Debug, Default)]
pub(crate) struct Allowances(Mutex<HashMap<String, Done>>);

#[derive(Debug, Default)]
struct Done {
    running: u32,
    begun: VecDeque<Instant>,
    tokens: VecDeque<(Instant, u64)>,
}

/// A request under way. Dropping it makes room for another one.
#[derive(Debug)]
pub(crate) struct Pass {
    allowances: Arc<Allowances>,
    token: String,
}

impl Allowances {
    /// Lets a request in, or refuses it with the time that it should wait.
    pub(crate) fn enter(
        self: &Arc<Self>,
        token: &str,
        limits: &Limits,
        now: Instant,
    ) -> Result<Option<Pass>, Refusal> {
        if *limits == Limits::default() {
            return Ok(None);
        }
        let mut all = self.all();
        let done = all.entry(token.to_owned()).or_default();
        done.forget(now);
        if let Some((what, wait)) = done.full(limits, now) {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let told = format!(
                "the client token {token} is at its limit of {what}; try again in {seconds} s"
            );
            let status = StatusCode::TOO_MANY_REQUESTS;
            return Err(Refusal::passing(status, told, Some(seconds)));
        }
        done.running += 1;
        if limits.rpm.is_some() {
            done.begun.push_back(now);
        }
        Ok(Some(Pass {
            allowances: self.clone(),
            token: token.to_owned(),
        }))
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Done>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Done {
    /// The limit that is reached, and when it may not be any more.
    fn full(&self, limits: &Limits, now: Instant) -> Option<(String, Duration)> {
        if let Some(most) = limits.concurrency
            && self.running >= most
        {
            return Some((format!("{most} requests at once"), SOON));
        }
        if let Some(most) = limits.rpm
            && let Some(over) = self.begun.len().checked_sub(most as usize)
            && let Some(at) = self.begun.get(over)
        {
            return Some((format!("{most} requests a minute"), *at + MINUTE - now));
        }
        let most = limits.tpm?;
        let mut left: u64 = self.tokens.iter().map(|(_, tokens)| tokens).sum();
        for (at, tokens) in &self.tokens {
            if left < most {
                return None;
            }
            left -= tokens;
            if left < most {
                return Some((format!("{most} tokens a minute"), *at + MINUTE - now));
            }
        }
        None
    }

    fn forget(&mut self, now: Instant) {
        while self.begun.front().is_some_and(|at| *at + MINUTE <= now) {
            self.begun.pop_front();
        }
        let is_old = |(at, _): &(Instant, u64)| *at + MINUTE <= now;
        while self.tokens.front().is_some_and(is_old) {
            self.tokens.pop_front();
        }
    }
}

impl Pass {
    /// An attempt read and wrote so many tokens.
    pub(crate) fn used(&self, tokens: u64) {
        if let Some(done) = self.allowances.all().get_mut(&self.token) {
            done.tokens.push_back((Instant::now(), tokens));
            done.forget(Instant::now());
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(done) = self.allowances.all().get_mut(&self.token) {
            done.running = done.running.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(rpm: Option<u32>, tpm: Option<u64>, concurrency: Option<u32>) -> Limits {
        Limits {
            rpm,
            tpm,
            concurrency,
        }
    }

    fn waits(allowances: &Arc<Allowances>, limits: &Limits) -> Option<u64> {
        let entered = allowances.enter("a", limits, Instant::now());
        let refusal = entered.err()?;
        assert_eq!(refusal.status, StatusCode::TOO_MANY_REQUESTS);
        refusal.retry_after
    }

    #[tokio::test(start_paused = true)]
    async fn requests_of_a_minute_are_bounded_and_the_oldest_makes_room() {
        let (all, most) = (Arc::default(), limits(Some(2), None, None));
        assert_eq!(waits(&all, &most), None);
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(waits(&all, &most), None);
        assert_eq!(waits(&all, &most), Some(40));
        tokio::time::advance(Duration::from_secs(40)).await;
        assert_eq!(waits(&all, &most), None);
        assert_eq!(waits(&all, &most), Some(20));
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_of_a_minute_are_bounded_once_they_are_used() {
        let (all, most): (Arc<Allowances>, _) = (Arc::default(), limits(None, Some(100), None));
        let pass = all.enter("a", &most, Instant::now()).unwrap().unwrap();
        pass.used(60);
        assert_eq!(waits(&all, &most), None);
        tokio::time::advance(Duration::from_secs(10)).await;
        pass.used(60);
        assert_eq!(waits(&all, &most), Some(50));
        tokio::time::advance(Duration::from_secs(50)).await;
        assert_eq!(waits(&all, &most), None);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_at_once_are_bounded_for_each_token_alone() {
        let (all, most): (Arc<Allowances>, _) = (Arc::default(), limits(None, None, Some(1)));
        let pass = all.enter("a", &most, Instant::now()).unwrap();
        assert_eq!(waits(&all, &most), Some(1));
        assert!(all.enter("b", &most, Instant::now()).is_ok());
        drop(pass);
        assert_eq!(waits(&all, &most), None);
    }

    #[tokio::test]
    async fn without_limits_nothing_is_counted() {
        let all: Arc<Allowances> = Arc::default();
        let pass = all.enter("a", &Limits::default(), Instant::now()).unwrap();
        assert!(pass.is_none() && all.all().is_empty());
    }
}
