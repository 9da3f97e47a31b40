//! What a provider can do with a request, good and bad.

use std::{convert::Infallible, io, time::Duration};

use bytes::Bytes;
use dialects::Dialect;
use fastrand::Rng;
use futures_util::{Stream, StreamExt, stream};
use gateway::SendError;

use crate::wire::{self, Saying};

/// What a provider does with a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Play {
    /// It answers.
    Whole,
    /// It refuses what the client wrote.
    Faulty(u16),
    /// No connection.
    Unreachable,
    /// The pooled connection was dead.
    Reset,
    /// An error, which may say how many seconds it lasts.
    Status(u16, Option<u64>),
    /// It is overloaded, and says so under status 400.
    Hidden,
    /// It does not have the model.
    NoModel,
    /// A success that is an error.
    Fake,
    /// A success that says nothing.
    Empty,
    /// A success without a body.
    Nothing,
    /// A web page under this status.
    Page(u16),
    /// No answer at all.
    Hang,
    /// A head, then nothing.
    Head,
    /// The beginning of an answer, then nothing.
    Opening,
    /// An answer that begins too late.
    Late,
    /// It breaks off before anything was said.
    CutEarly,
    /// It breaks off behind the first piece.
    Cut,
    /// It falls silent behind the first piece.
    Silent,
    /// It fails behind the first piece, and says so.
    Fails,
    /// A good answer, whose connection is never closed.
    Lingers,
}

/// What comes of a sending, in the order in which it comes.
pub(crate) type Steps = Vec<(Duration, Step)>;

#[derive(Debug)]
pub(crate) enum Step {
    Bytes(Vec<u8>),
    Break,
    Silence,
}

/// An answer to be.
pub(crate) struct Answer {
    pub(crate) head_after: Duration,
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u64>,
    pub(crate) steps: Steps,
}

/// Longer than any timeout of these tests.
pub(crate) const TOO_LATE: Duration = Duration::from_secs(25);

impl Play {
    /// One that goes wrong.
    pub(crate) fn trouble(chance: &mut Rng) -> Self {
        let retry = |chance: &mut Rng| chance.bool().then(|| chance.u64(1..40));
        match chance.u32(..24) {
            0 => Self::Unreachable,
            1 => Self::Reset,
            2 | 3 => Self::Status(429, retry(chance)),
            4 => Self::Status(chance.choice([401, 402, 403]).unwrap_or(401), None),
            5 | 6 => {
                let all = [408, 500, 502, 503, 504, 520, 524, 529, 501, 302];
                Self::Status(chance.choice(all).unwrap_or(500), None)
            }
            7 => Self::Status(503, retry(chance)),
            8 => Self::Hidden,
            9 => Self::NoModel,
            10 | 11 => Self::Fake,
            12 => Self::Empty,
            13 => Self::Nothing,
            14 => Self::Page(200),
            15 => Self::Page(502),
            16 => Self::Hang,
            17 => Self::Head,
            18 => Self::Opening,
            19 => Self::Late,
            20 => Self::CutEarly,
            21 => Self::Cut,
            22 => Self::Silent,
            _ => Self::Fails,
        }
    }

    /// Whether it keeps a key or a provider at rest for a time that nobody looks whether it is over.
    pub(crate) fn rests_long(self) -> bool {
        match self {
            Self::Status(status, wish) => wish.is_some() || matches!(status, 401..=403 | 429),
            _ => false,
        }
    }

    /// Whether it is a whole answer.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self, Self::Whole | Self::Lingers)
    }

    /// Whether an answer breaks off that has begun.
    pub(crate) fn is_cut(self) -> bool {
        matches!(self, Self::Cut | Self::Silent | Self::Fails)
    }

    /// Why there is no answer, where there is none.
    pub(crate) fn refusal(self) -> Option<SendError> {
        match self {
            Self::Unreachable => Some(SendError::Connect("connection refused".to_owned())),
            Self::Reset => Some(SendError::Reset("connection reset".to_owned())),
            _ => None,
        }
    }

    /// How it goes.
    pub(crate) fn answer(
        self,
        dialect: Dialect,
        streamed: bool,
        said: &Saying,
        chance: &mut Rng,
    ) -> Answer {
        let soon = Duration::from_millis(chance.u64(1..1500));
        let answer = |status, steps| Answer {
            head_after: soon,
            status,
            retry_after: None,
            steps,
        };
        let whole =
            |status, body: Vec<u8>| answer(status, vec![(Duration::ZERO, Step::Bytes(body))]);
        let error = |status, message| whole(status, wire::error(dialect, status, message));
        match self {
            Self::Faulty(status) => error(status, "messages: what you wrote makes no sense"),
            Self::Status(status, retry_after) => Answer {
                retry_after,
                ..error(status, "it does not work")
            },
            Self::Hidden => error(400, "the server is overloaded, try again later"),
            Self::NoModel => error(404, "model: m-1 not found"),
            Self::Page(status) => whole(status, b"<!doctype html><title>gateway</title>".to_vec()),
            Self::Fake if streamed => whole(200, wire::error_inside(dialect, "Overloaded")),
            Self::Fake => whole(200, wire::error(dialect, 529, "Overloaded")),
            Self::Nothing => answer(200, Vec::new()),
            Self::Head => answer(200, vec![(Duration::ZERO, Step::Silence)]),
            Self::Hang | Self::Late | Self::Unreachable | Self::Reset => Answer {
                head_after: TOO_LATE,
                ..whole(200, said.whole(dialect))
            },
            _ if streamed => answer(200, self.stream(dialect, said, chance)),
            Self::Whole | Self::Empty | Self::Lingers => whole(200, said.whole(dialect)),
            _ => {
                let mut body = said.whole(dialect);
                body.truncate(body.len() / 2);
                let end = match self {
                    Self::Opening | Self::Silent => Step::Silence,
                    _ => Step::Break,
                };
                answer(200, vec![(Duration::ZERO, Step::Bytes(body)), (soon, end)])
            }
        }
    }

    fn stream(self, dialect: Dialect, said: &Saying, chance: &mut Rng) -> Steps {
        let mut parts = said.streamed(dialect);
        let mut steps = Vec::new();
        let mut say = |bytes: Vec<u8>, chance: &mut Rng| {
            let pause = Duration::from_millis(chance.u64(..400).saturating_sub(100));
            if !bytes.is_empty() {
                steps.push((pause, Step::Bytes(bytes)));
            }
        };
        match self {
            Self::CutEarly | Self::Opening => parts.pieces.clear(),
            _ if self.is_cut() => parts.pieces.truncate(parts.pieces.len().div_ceil(2)),
            _ => {}
        }
        say(parts.opening, chance);
        for piece in parts.pieces {
            say(piece, chance);
        }
        let end = match self {
            Self::CutEarly | Self::Cut => Step::Break,
            Self::Opening | Self::Silent => Step::Silence,
            Self::Fails => Step::Bytes(wire::error_inside(dialect, "Overloaded")),
            _ => Step::Bytes(parts.closing),
        };
        steps.push((Duration::from_millis(5), end));
        if self == Self::Lingers {
            steps.push((Duration::ZERO, Step::Silence));
        }
        steps
    }
}

/// The bytes of an answer, when they come.
pub(crate) fn bytes(steps: Steps) -> impl Stream<Item = Result<Bytes, io::Error>> + Send {
    stream::iter(steps).then(async |(after, step)| {
        tokio::time::sleep(after).await;
        match step {
            Step::Bytes(bytes) => Ok(Bytes::from(bytes)),
            Step::Break => Err(io::ErrorKind::ConnectionReset.into()),
            Step::Silence => match std::future::pending::<Infallible>().await {},
        }
    })
}
