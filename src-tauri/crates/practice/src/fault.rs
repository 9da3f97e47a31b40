//! From an answer and a scenario to what goes on the wire, as data.
//!
//! Pure: [`crate::wire`] carries it out. A fault that a non-streamed answer cannot show in the same
//! form shows in the nearest one: half of the JSON, or the error as a status.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::dialect::{Dialect, Frame};
use crate::scenario::{Failure, Fault, How, Point, Scenario};
use crate::script::Usage;

/// An answer without faults.
pub(crate) enum Reply {
    /// A stream of frames.
    Stream(Vec<Frame>),
    /// One body, and the usage that it tells.
    Whole(Bytes, Option<Usage>),
}

/// What goes on the wire.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// Nothing, ever.
    Hang,
    /// A closed connection instead of an answer.
    Refuse(How),
    /// An answer.
    Answer(Outpour),
}

/// An answer on its way out.
#[derive(Debug)]
pub(crate) struct Outpour {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Time before the first byte.
    pub(crate) first: Duration,
    /// Whether headers go out before that time.
    pub(crate) early: bool,
    /// Time between frames.
    pub(crate) gap: Duration,
    /// What is sent.
    pub(crate) frames: Vec<Frame>,
    /// What follows.
    pub(crate) ending: Ending,
    /// Whether the answer is not what it should be, for the records.
    pub(crate) broken: bool,
}

/// What follows the last frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The end of the body.
    Clean,
    /// Nothing, ever; or a keep-alive now and then.
    Silent(Option<(Bytes, Duration)>),
    /// The end of the connection.
    Abort(How),
}

/// Who asks and how, as far as faults depend on it.
pub(crate) struct Setting<'a> {
    /// Dialect of the caller.
    pub(crate) dialect: &'a dyn Dialect,
    /// Id of this answer.
    pub(crate) request_id: &'a str,
    /// Model asked for.
    pub(crate) model: &'a str,
    /// Time before the first byte unless the scenario says.
    pub(crate) latency: Duration,
    /// Time between frames unless the scenario says.
    pub(crate) pace: Duration,
}

const HTML: &str = "<!DOCTYPE html>\n<html><head><title>Bad gateway</title></head>\
<body><h1>Bad gateway</h1><p>This page comes from something in front of the provider.</p></body></html>\n";

/// Plans what goes on the wire.
pub(crate) fn plan(scenario: &Scenario, reply: Reply, setting: &Setting<'_>) -> Delivery {
    let mut out = match (&scenario.fault, reply) {
        (Some(Fault::Hang), _) => return Delivery::Hang,
        (Some(Fault::Refuse(how)), _) => return Delivery::Refuse(*how),
        (Some(Fault::Status(failure)), _) => error(failure, setting),
        (Some(Fault::Html(status)), _) => page(*status),
        (Some(Fault::Empty), Reply::Stream(_)) => Outpour {
            broken: true,
            ..stream(Vec::new(), setting)
        },
        (Some(Fault::Empty), Reply::Whole(..)) => Outpour {
            broken: true,
            ..whole(Bytes::new(), None)
        },
        (fault, Reply::Stream(frames)) => streamed(fault.as_ref(), frames, scenario, setting),
        (fault, Reply::Whole(body, usage)) => {
            in_one_piece(fault.as_ref(), body, usage, scenario, setting)
        }
    };
    out.first = scenario.first.unwrap_or(setting.latency);
    out.early = scenario.early;
    out.gap = scenario.gap.unwrap_or(setting.pace);
    out.headers.extend(scenario.headers.iter().cloned());
    Delivery::Answer(out)
}

/// An error answer in the caller's dialect.
pub(crate) fn error(failure: &Failure, setting: &Setting<'_>) -> Outpour {
    let body = setting
        .dialect
        .error(failure, setting.model, setting.request_id);
    let mut out = Outpour {
        status: setting.dialect.status(failure.status),
        broken: true,
        ..whole(body, None)
    };
    if let Some(value) = failure
        .retry_after
        .as_deref()
        .filter(|_| setting.dialect.has_retry_header())
        .and_then(|value| HeaderValue::from_str(value).ok())
    {
        out.headers.push((header::RETRY_AFTER, value));
    }
    out
}

/// A plain answer of one JSON body.
pub(crate) fn whole(body: Bytes, told: Option<Usage>) -> Outpour {
    let mut out = bare("application/json");
    out.headers
        .push((header::CONTENT_LENGTH, HeaderValue::from(body.len())));
    if !body.is_empty() {
        out.frames.push(Frame {
            bytes: body,
            delta: false,
            told,
        });
    }
    out
}

fn stream(frames: Vec<Frame>, setting: &Setting<'_>) -> Outpour {
    let mut out = bare(setting.dialect.stream_type());
    out.headers
        .push((header::CACHE_CONTROL, HeaderValue::from_static("no-cache")));
    out.frames = frames;
    out
}

fn bare(content_type: &'static str) -> Outpour {
    Outpour {
        status: StatusCode::OK,
        headers: vec![(header::CONTENT_TYPE, HeaderValue::from_static(content_type))],
        first: Duration::ZERO,
        early: false,
        gap: Duration::ZERO,
        frames: Vec::new(),
        ending: Ending::Clean,
        broken: false,
    }
}

fn page(status: StatusCode) -> Outpour {
    let mut out = whole(Bytes::from_static(HTML.as_bytes()), None);
    out.headers[0].1 = HeaderValue::from_static("text/html; charset=utf-8");
    Outpour {
        status,
        broken: true,
        ..out
    }
}

fn streamed(
    fault: Option<&Fault>,
    mut frames: Vec<Frame>,
    scenario: &Scenario,
    setting: &Setting<'_>,
) -> Outpour {
    let dialect = setting.dialect;
    let plain = |bytes: Bytes| Frame {
        bytes,
        delta: false,
        told: None,
    };
    let half = || Point::Deltas((frames.iter().filter(|frame| frame.delta).count() / 2).max(1));
    let default = if fault == Some(&Fault::Stall) {
        Point::Events(1)
    } else {
        half()
    };
    let at = place(&frames, scenario.point.unwrap_or(default));
    let mut ending = Ending::Clean;
    let broken = !matches!(
        fault,
        None | Some(Fault::Slow | Fault::Gzip | Fault::NoBlank)
    );
    match fault {
        Some(Fault::Stall) => {
            frames.truncate(at);
            ending = Ending::Silent(dialect.ping().zip(scenario.ping));
        }
        Some(Fault::Cut(how)) => {
            let rest = frames.split_off(at);
            if let (How::MidFrame, Some(next)) = (how, rest.first()) {
                frames.push(plain(next.bytes.slice(..next.bytes.len() / 2)));
            }
            ending = Ending::Abort(*how);
        }
        Some(Fault::Truncate) => frames.truncate(at),
        Some(Fault::ErrorEvent(failure)) => {
            frames.truncate(at);
            frames.push(plain(dialect.error_frame(failure, setting.request_id, at)));
        }
        Some(Fault::Fake200(failure)) => {
            frames = vec![plain(dialect.error_frame(failure, setting.request_id, 0))];
        }
        Some(Fault::Malformed) => frames.insert(at, plain(dialect.malformed())),
        Some(Fault::NoBlank) => {
            if let Some(last) = frames.last_mut() {
                let without = |end: &[u8]| last.bytes.strip_suffix(end).map(<[u8]>::len);
                let kept = without(b"\r\n").or_else(|| without(b"\n"));
                last.bytes.truncate(kept.unwrap_or(last.bytes.len()));
            }
        }
        _ => {}
    }
    let mut out = Outpour {
        ending,
        broken,
        ..stream(frames, setting)
    };
    if fault == Some(&Fault::Gzip) {
        compress(&mut out);
    }
    out
}

fn in_one_piece(
    fault: Option<&Fault>,
    body: Bytes,
    told: Option<Usage>,
    scenario: &Scenario,
    setting: &Setting<'_>,
) -> Outpour {
    let half = match scenario.point {
        Some(Point::Events(0)) => Bytes::new(),
        _ => body.slice(..body.len() / 2),
    };
    let mut out = whole(body, told);
    let part = |half: Bytes| {
        Some(Frame {
            bytes: half,
            delta: false,
            told: None,
        })
        .filter(|frame| !frame.bytes.is_empty())
    };
    match fault {
        Some(Fault::Stall) => {
            out.frames = part(half).into_iter().collect();
            out.ending = Ending::Silent(None);
        }
        Some(Fault::Cut(how)) => {
            out.frames = part(half).into_iter().collect();
            out.ending = Ending::Abort(*how);
        }
        Some(Fault::Truncate | Fault::Malformed) => {
            out = whole(half, None);
        }
        Some(Fault::ErrorEvent(failure)) => return error(failure, setting),
        Some(Fault::Fake200(failure)) => {
            out = Outpour {
                status: StatusCode::OK,
                ..error(failure, setting)
            };
        }
        Some(Fault::Gzip) => compress(&mut out),
        _ => {}
    }
    out.broken = !matches!(
        fault,
        None | Some(Fault::Slow | Fault::Gzip | Fault::NoBlank)
    );
    out
}

/// How many frames come before the fault.
fn place(frames: &[Frame], point: Point) -> usize {
    let last = frames.len().saturating_sub(1);
    let delta = |nth: usize| {
        frames
            .iter()
            .enumerate()
            .filter(|(_, frame)| frame.delta)
            .nth(nth)
            .map(|(at, _)| at)
    };
    match point {
        Point::Events(count) => count.min(last),
        Point::AllButLast => last,
        Point::Deltas(0) => delta(0).unwrap_or(last),
        Point::Deltas(count) => delta(count - 1).map_or(last, |at| at + 1),
    }
}

/// Each frame flushed on its own, so that a compressed stream still streams.
fn compress(out: &mut Outpour) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let count = out.frames.len();
    for (index, frame) in out.frames.iter_mut().enumerate() {
        // Writing to memory cannot fail.
        let _ = encoder.write_all(&frame.bytes);
        let _ = if index + 1 == count {
            encoder.try_finish()
        } else {
            encoder.flush()
        };
        frame.bytes = std::mem::take(encoder.get_mut()).into();
    }
    out.headers
        .retain(|(name, _)| name != header::CONTENT_LENGTH);
    out.headers
        .push((header::CONTENT_ENCODING, HeaderValue::from_static("gzip")));
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
