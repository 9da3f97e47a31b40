//! What came of an attempt, and what is known of it while it runs.

use std::{sync::Arc, time::Duration};

use dialects::{
    Usage, anthropic,
    ir::{self, Answer, Event},
};
use http::{HeaderMap, StatusCode};
use routing::{Outcome, Reason, Verdict};

use crate::{client::Whole, resume::Resume};

/// The headers in which providers tell their id of a request: Anthropic; OpenAI and most others; Google; Amazon; Azure.
const REQUEST_IDS: [&str; 5] = [
    "request-id",
    "x-request-id",
    "x-goog-request-id",
    "x-amzn-requestid",
    "apim-request-id",
];

/// What is known of an attempt so far. It outlives the attempt's own future, so that a cancelled one is accounted.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The provider's status.
    pub(crate) http_status: Option<u16>,
    /// Tokens as told so far.
    pub(crate) usage: Option<Usage>,
    /// The model that says it answers.
    pub(crate) model: Option<String>,
    /// The provider's id of the answer.
    pub(crate) answer_id: Option<String>,
    /// The provider's id of the request.
    pub(crate) request_id: Option<String>,
    /// Bytes of text, thinking and arguments read, for an estimate where nobody tells tokens.
    pub(crate) said: u64,
    /// What was left out or approximated on the way to the provider.
    pub(crate) losses: Vec<String>,
    /// From the start to the first byte of the provider's answer; `None` before it.
    pub(crate) first_byte: Option<Duration>,
    /// Something was sent to the provider.
    pub(crate) asked: bool,
    /// The conversation does not fit the model's window.
    pub(crate) too_long: bool,
    /// From the start to the commit; `None` before it.
    pub(crate) ttft: Option<Duration>,
    /// The answer is whole, whatever comes behind it.
    pub(crate) finished: bool,
}

impl Progress {
    /// Takes over what a whole answer of Anthropic's form tells.
    pub(crate) fn read_whole(&mut self, body: &[u8]) {
        if let Some((usage, model)) = anthropic::read_answer(body) {
            self.tell(usage, model);
        }
    }

    /// Takes over the head of an answer that comes `after` the attempt's start. What an earlier answer told of the
    /// same attempt is forgotten.
    pub(crate) fn answered(&mut self, status: StatusCode, headers: &HeaderMap, after: Duration) {
        self.http_status = Some(status.as_u16());
        self.first_byte = Some(after);
        self.request_id = REQUEST_IDS.iter().find_map(|name| {
            let id = headers.get(*name)?.to_str().ok()?.trim();
            (!id.is_empty()).then(|| id.to_owned())
        });
    }

    /// What the provider knows the request by: its id, else that of its answer.
    pub(crate) fn upstream_id(&self) -> Option<String> {
        self.request_id.clone().or_else(|| self.answer_id.clone())
    }

    /// Tokens as told, or as estimated of a prompt of `input` tokens where something was said and nothing told. Of an
    /// answer that broke off or was given up, most dialects have not told the output yet: the estimate of what it said
    /// counts where it is more.
    pub(crate) fn tokens(&self, input: impl FnOnce() -> u64) -> Option<Usage> {
        /// English text and code have about four bytes a token.
        const BYTES_A_TOKEN: u64 = 4;
        let said = self.said.div_ceil(BYTES_A_TOKEN);
        match self.usage {
            Some(told) if self.finished || said <= told.output => Some(told),
            Some(told) => Some(Usage {
                output: said,
                estimated: true,
                ..told
            }),
            None => (said > 0).then(|| Usage {
                input: input(),
                output: said,
                estimated: true,
                ..Usage::default()
            }),
        }
    }

    /// Takes over what a whole answer tells; how much it says is only looked at where it tells no tokens.
    pub(crate) fn tell_whole(&mut self, answer: &Answer) {
        self.tell(answer.usage, answer.model.clone());
        if self.usage.is_none() {
            let deltas = ir::unfold(answer.clone()).into_iter();
            self.said = deltas
                .map(|event| match event {
                    Event::Delta(text) => text.len() as u64,
                    _ => 0,
                })
                .sum();
        }
    }

    /// Takes over what an answer tells; what it does not tell stays.
    pub(crate) fn tell(&mut self, usage: Option<Usage>, model: Option<String>) {
        self.usage = usage.or(self.usage);
        self.model = model.or(self.model.take());
    }
}

/// An answer that is better than none, as the client is to get it when no candidate does better.
pub(crate) type Spare = Whole;

/// What came of an attempt.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The client has the whole answer.
    Delivered,
    /// The client has an answer that was made here, which tells nothing of how the provider does.
    Unasked,
    /// The client has the provider's own refusal of its request.
    Refused {
        reason: Option<Reason>,
        error: String,
    },
    /// Nothing of it reached the client.
    Failed {
        verdict: Verdict,
        reason: Option<Reason>,
        retry_after: Option<Duration>,
        error: String,
        spare: Option<Spare>,
    },
    /// It broke off behind the gate. Without a way to resume it, its client was told so.
    Cut {
        reason: Reason,
        error: String,
        resume: Option<Box<Resume>>,
    },
    /// The client went away.
    ClientGone,
    /// A person gave the request up, or sent it elsewhere.
    Recalled,
    /// Another candidate began its answer first. Whether this one was asked before that one.
    Outrun { by: Arc<str>, first: bool },
}

impl Ending {
    /// Keeps an answer for the case that nobody does better.
    pub(crate) fn with_spare(mut self, answer: Spare) -> Self {
        if let Self::Failed { spare, .. } = &mut self {
            *spare = Some(answer);
        }
        self
    }

    /// Keeps how long the provider wants to be left alone.
    pub(crate) fn resting(mut self, rest: Option<Duration>) -> Self {
        if let Self::Failed { retry_after, .. } = &mut self {
            *retry_after = rest;
        }
        self
    }

    /// What routing is told.
    pub(crate) fn outcome(&self, tokens: u64, asked: bool) -> Outcome {
        let outcome = |verdict, reason| Outcome {
            verdict,
            reason,
            retry_after: None,
            committed: false,
            tokens,
            asked,
        };
        match self {
            Self::Delivered => outcome(Verdict::Ok, None),
            Self::Refused { reason, .. } => outcome(Verdict::ClientFault, *reason),
            Self::Failed {
                verdict,
                reason,
                retry_after,
                ..
            } => Outcome {
                retry_after: *retry_after,
                ..outcome(*verdict, *reason)
            },
            Self::Cut {
                reason,
                resume: Some(_),
                ..
            } => outcome(Verdict::NextProvider, Some(*reason)),
            Self::Cut { reason, .. } => Outcome {
                committed: true,
                ..outcome(Verdict::RetrySame, Some(*reason))
            },
            Self::Unasked | Self::Outrun { .. } | Self::Recalled => {
                outcome(Verdict::Cancelled, None)
            }
            Self::ClientGone => outcome(Verdict::Cancelled, Some(Reason::ClientCancelled)),
        }
    }

    /// What went wrong, in one sentence.
    pub(crate) fn error(&self) -> Option<String> {
        match self {
            Self::Delivered | Self::Unasked | Self::ClientGone => None,
            Self::Refused { error, .. } | Self::Failed { error, .. } | Self::Cut { error, .. } => {
                Some(error.clone())
            }
            Self::Recalled => Some("given up by hand".to_owned()),
            Self::Outrun { by, .. } => Some(format!("given up, as {by} began its answer first")),
        }
    }
}
