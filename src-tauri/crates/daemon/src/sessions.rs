//! How the window's page proves who it is: a link that works once, exchanged for a cookie.
//!
//! Both are random and live in memory alone: a restart forgets them. Their numbers are bounded; the oldest goes first.
//! Nothing here is ever logged.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq;

use crate::secrets::new_token;

/// How long a link works.
const CODE_LIFE: Duration = Duration::from_mins(1);
/// How long a session lives after its last use.
const SESSION_LIFE: Duration = Duration::from_hours(12);
/// Links and sessions kept at once.
const KEPT: usize = 64;

/// Links and sessions of this run.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    codes: VecDeque<(String, Instant)>,
    cookies: VecDeque<(String, Instant)>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} codes, {} sessions",
            self.codes.len(),
            self.cookies.len()
        )
    }
}

impl Sessions {
    /// A code for a link. It works once, within a minute.
    pub(crate) fn code(&self, now: Instant) -> Option<String> {
        let code = random()?;
        push(&mut self.kept().codes, code.clone(), now + CODE_LIFE);
        Some(code)
    }

    /// Spends a code; the cookie's value if it was good.
    pub(crate) fn exchange(&self, code: &str, now: Instant) -> Option<String> {
        let mut kept = self.kept();
        let at = find(&kept.codes, code)?;
        let (_, until) = kept.codes.remove(at)?;
        if until < now {
            return None;
        }
        let cookie = random()?;
        push(&mut kept.cookies, cookie.clone(), now + SESSION_LIFE);
        Some(cookie)
    }

    /// Whether this is the cookie of a living session, which lives on for that.
    pub(crate) fn is_known(&self, cookie: &str, now: Instant) -> bool {
        let mut kept = self.kept();
        let Some(at) = find(&kept.cookies, cookie) else {
            return false;
        };
        let Some((cookie, until)) = kept.cookies.remove(at) else {
            return false;
        };
        if until < now {
            return false;
        }
        push(&mut kept.cookies, cookie, now + SESSION_LIFE);
        true
    }

    /// Ends all sessions, and links that were not used yet.
    pub(crate) fn end(&self) {
        *self.kept() = Kept::default();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn push(list: &mut VecDeque<(String, Instant)>, secret: String, until: Instant) {
    if list.len() == KEPT {
        list.pop_front();
    }
    list.push_back((secret, until));
}

/// Looks at every entry whatever matches, so that the time taken tells nothing.
fn find(list: &VecDeque<(String, Instant)>, secret: &str) -> Option<usize> {
    list.iter()
        .enumerate()
        .fold(None, |found, (at, (kept, _))| {
            if bool::from(kept.as_bytes().ct_eq(secret.as_bytes())) {
                Some(at)
            } else {
                found
            }
        })
}

/// `None` if the system has no randomness to give: then there is no session rather than a guessable one.
fn random() -> Option<String> {
    Some(new_token().ok()?.expose_secret().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let code = sessions.code(now).unwrap();
        let cookie = sessions.exchange(&code, now).unwrap();
        assert!(sessions.is_known(&cookie, now));
        assert_eq!(sessions.exchange(&code, now), None);
    }

    #[test]
    fn a_code_works_for_a_minute() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let code = sessions.code(now).unwrap();
        assert_eq!(
            sessions.exchange(&code, now + Duration::from_secs(61)),
            None
        );
    }

    #[test]
    fn a_session_ends_half_a_day_after_its_last_use() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let cookie = sessions
            .code(now)
            .and_then(|code| sessions.exchange(&code, now))
            .unwrap();
        let later = now + SESSION_LIFE;
        assert!(sessions.is_known(&cookie, later));
        assert!(sessions.is_known(&cookie, later + SESSION_LIFE));
        assert!(!sessions.is_known(&cookie, later + SESSION_LIFE * 2 + Duration::from_secs(1)));
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let first = sessions.code(now).unwrap();
        let second = sessions.code(now).unwrap();
        for _ in 0..KEPT - 1 {
            sessions.code(now).unwrap();
        }
        assert_eq!(sessions.exchange(&first, now), None);
        assert!(sessions.exchange(&second, now).is_some());
    }

    #[test]
    fn all_can_be_ended_at_once() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let (first, second) = (sessions.code(now).unwrap(), sessions.code(now).unwrap());
        let cookie = sessions.exchange(&first, now).unwrap();
        sessions.end();
        assert!(!sessions.is_known(&cookie, now));
        assert_eq!(sessions.exchange(&second, now), None);
    }

    #[test]
    fn debug_shows_no_code() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let code = sessions.code(now).unwrap();
        assert!(!format!("{sessions:?}").contains(&code));
    }
}
