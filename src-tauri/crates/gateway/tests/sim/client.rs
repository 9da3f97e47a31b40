//! Clients: they ask in their own dialect, read as fast as they like, and some leave.

use std::time::Duration;

use axum::{Router, body::Body};
use dialects::Dialect;
use fastrand::Rng;
use http_body_util::BodyExt;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use crate::{
    sky::Scope,
    wire::{self, Told},
};

/// The number of no provider.
const NOBODY: usize = 99;

/// A request to be.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) request: usize,
    pub(crate) dialect: Dialect,
    pub(crate) stream: bool,
    pub(crate) scope: Scope,
    /// The status by which every provider refuses it; 0 where it makes sense.
    fault: u16,
    /// The provider that alone refuses it, under status 400.
    pub(crate) refused_by: Option<usize>,
    /// It belongs to one of a few conversations.
    session: Option<u32>,
    /// What was said before it, in a conversation without a session.
    earlier: Vec<String>,
    /// It is Claude Code's, which takes an answer that begins anew in the same stream.
    pub(crate) is_claude_code: bool,
    /// When it leaves, whatever it has got by then.
    leaves_after: Option<Duration>,
    /// How long it takes over each piece.
    pause: Duration,
}

/// What came of a request, as its client saw it.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) asked: Asked,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    /// `None` where the client left.
    pub(crate) told: Option<Told>,
    pub(crate) status: u16,
    /// How often its answer began anew.
    pub(crate) restarts: usize,
}

impl Asked {
    /// A request made at random for one of these groups and providers.
    pub(crate) fn new(request: usize, seed: u64, scope: Scope) -> Self {
        let mut chance = Rng::with_seed(seed.rotate_left(32) ^ request as u64);
        let dialect = if chance.u32(..3) == 0 {
            Dialect::ALL[chance.usize(..Dialect::ALL.len())]
        } else {
            Dialect::Anthropic
        };
        let stream = chance.u32(..4) > 0;
        let leaves_after = (chance.u32(..12) == 0).then(|| {
            let longest = chance.choice([200, 3_000, 60_000]).unwrap_or(200);
            Duration::from_millis(chance.u64(1..longest))
        });
        let fault = if chance.u32(..15) == 0 {
            chance.choice([400, 413, 422]).unwrap_or(400)
        } else {
            0
        };
        let is_slow = chance.u32(..20) == 0;
        let session = (chance.u32(..4) == 0).then(|| chance.u32(..30));
        // Of the last draws nothing else depends.
        let is_claude_code = dialect == Dialect::Anthropic && chance.u32(..3) > 0;
        let refused_by = (fault == 0 && chance.u32(..20) == 0).then(|| chance.usize(..6));
        let before = request.checked_sub(chance.usize(1..30));
        let before = before.filter(|_| session.is_none() && chance.u32(..3) == 0);
        let earlier = before.map(|before| {
            let asked = Self::new(before, seed, Scope::All);
            [&asked.earlier[..], &[asked.prompt()]].concat()
        });
        Self {
            request,
            dialect,
            stream,
            scope,
            fault,
            refused_by,
            session,
            earlier: earlier.unwrap_or_default(),
            is_claude_code,
            leaves_after,
            pause: Duration::from_millis(if is_slow { 900 } else { 0 }),
        }
    }

    pub(crate) fn is_faulty(&self) -> bool {
        self.fault > 0
    }

    fn prompt(&self) -> String {
        format!(
            "request:{};fault:{};alone:{};",
            self.request,
            self.fault,
            self.refused_by.unwrap_or(NOBODY)
        )
    }

    fn request(&self) -> http::Request<Body> {
        let prompt = self.prompt();
        let (path, body) = wire::request(self.dialect, self.stream, &self.earlier, &prompt);
        let path = match &self.scope {
            Scope::All => path,
            Scope::Group(name) => format!("/group/{name}{path}"),
            Scope::Provider(name) => format!("/provider/{name}{path}"),
        };
        let mut request = http::Request::post(path).header("content-type", "application/json");
        if self.is_claude_code {
            request = request
                .header("user-agent", "claude-cli/2.1.0 (external, cli)")
                .header("x-claude-code-session-id", format!("r{}", self.request));
            return request
                .body(Body::from(body))
                .expect("a request can be made");
        }
        request = request.header("user-agent", format!("{}/1", self.request));
        if let Some(session) = self.session {
            request = request.header("x-claude-code-session-id", format!("s{session}"));
        }
        request
            .body(Body::from(body))
            .expect("a request can be made")
    }

    /// Asks, and reads until the end or until it is time to leave.
    pub(crate) async fn ask(self, router: Router) -> Got {
        let began = Instant::now();
        let leaving = self.leaves_after;
        let leave = async {
            match leaving {
                Some(after) => sleep(after).await,
                None => std::future::pending().await,
            }
        };
        let answered = tokio::select! {
            biased;
            answered = self.read(router) => Some(answered),
            () = leave => None,
        };
        let ended = Instant::now();
        let (status, told, restarts) = match answered {
            Some((status, body)) => {
                let read = if self.is_claude_code {
                    wire::begun_last(&body)
                } else {
                    Ok((body.as_str(), 0))
                };
                let (told, restarts) = match read {
                    Ok((body, restarts)) => {
                        let told = wire::told(self.dialect, self.stream, status, body);
                        (told, restarts)
                    }
                    Err(why) => (Told::Odd(format!("{why}: {body}")), 0),
                };
                (status, Some(told), restarts)
            }
            None => (0, None, 0),
        };
        Got {
            asked: self,
            began,
            ended,
            told,
            status,
            restarts,
        }
    }

    async fn read(&self, router: Router) -> (u16, String) {
        let response = match router.oneshot(self.request()).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status().as_u16();
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame.map(http_body::Frame::into_data) {
                Ok(Ok(data)) => bytes.extend_from_slice(&data),
                Ok(Err(_)) => {}
                Err(error) => bytes.extend_from_slice(format!("<{error}>").as_bytes()),
            }
            if !self.pause.is_zero() {
                sleep(self.pause).await;
            }
        }
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }
}
