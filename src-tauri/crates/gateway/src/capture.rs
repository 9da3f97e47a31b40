//! What was said in a request, kept for whoever wants to look at it afterwards.
//!
//! A [`Recorder`] goes with each request while this is wanted; without one nothing here is touched. It keeps the first
//! bytes of every body up to a bound, all requests together no more than [`IN_MEMORY`], and tells them when the request is
//! over. Headers that carry credentials are marked here; bodies are told as they were, and looked through for secrets by
//! whoever writes them down.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};

use crate::{
    access::CREDENTIALS,
    client::Whole,
    exchange::Exchange,
    gateway::unix_ms,
    inbound::Inbound,
    report::RequestId,
    snapshot::{Auth, Upstream},
    upstream,
};

/// What stands in the place of a credential.
const REDACTED: HeaderValue = HeaderValue::from_static("[redacted]");
/// The most that captured bodies take in memory, in bytes, until they are written down.
const IN_MEMORY: usize = 64 << 20;
/// Words in the names of headers that carry credentials, whoever sends them.
const SECRET: [&str; 10] = [
    "key",
    "token",
    "secret",
    "auth",
    "session",
    "cookie",
    "passw",
    "credential",
    "signature",
    "assertion",
];
/// What such a word is a part of in the names of headers that carry none: counts of tokens, and names of sessions and
/// calls, which are good for nothing by themselves.
const HARMLESS: [&str; 6] = [
    "ratelimit",
    "-tokens",
    "session-id",
    "session_id",
    "idempotency-key",
    "www-authenticate",
];

/// Which requests are captured, and how much of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capture {
    /// Only those of which an attempt failed, or the end.
    pub only_failed: bool,
    /// The most that is kept of a body, in bytes.
    pub max_body: usize,
}

/// An extension of a request that is an earlier one, of this id, sent again: its client is told as `replay`, and no
/// conversation moves to another provider for it. It has no login of its own, so providers that are asked with the
/// client's serve it never.
#[derive(Debug, Clone)]
pub struct Resent(pub RequestId);

/// One of the two things that are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What was asked.
    Request,
    /// What was answered.
    Answer,
}

/// A request or an answer as it went by. Credentials in its headers are marked, its body is as it was.
#[derive(Clone)]
pub struct Message {
    /// Which attempt, from 1; 0 is between the client and here.
    pub attempt: u32,
    /// Which side of it.
    pub part: Part,
    /// The method of a request.
    pub method: Option<Method>,
    /// Where a request went: the client's path and query, or the provider's address without the key.
    pub address: Option<String>,
    /// The status of an answer.
    pub status: Option<u16>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's beginning; empty where `same_as` tells whose it is.
    pub body: Vec<Bytes>,
    /// The body's whole length in bytes.
    pub bytes: u64,
    /// The attempt that has the same body on the same side.
    pub same_as: Option<u32>,
}

impl Message {
    /// Bytes of the body that were kept.
    pub fn kept(&self) -> usize {
        self.body.iter().map(Bytes::len).sum()
    }

    /// Whether the body's end is missing.
    pub fn is_cut(&self) -> bool {
        self.same_as.is_none() && (self.kept() as u64) < self.bytes
    }

    fn has_body_of(&self, other: &Self) -> bool {
        self.bytes == other.bytes && self.body.concat() == other.body.concat()
    }

    /// Keeps at most so many bytes of the body, sharing them.
    fn clip(&mut self, most: usize) {
        let mut room = most;
        for piece in &mut self.body {
            piece.truncate(room.min(piece.len()));
            room -= piece.len();
        }
        self.body.retain(|piece| !piece.is_empty());
    }

    /// Lets go of what a clipped body shares memory with.
    fn detach(&mut self) {
        if self.is_cut() {
            self.body = vec![Bytes::from(self.body.concat())];
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("attempt", &self.attempt)
            .field("part", &self.part)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// What was said in one request. It counts as memory in use until it is dropped.
#[derive(Debug)]
pub struct Captured {
    /// The request.
    pub id: RequestId,
    /// When it was over, Unix milliseconds.
    pub at_ms: i64,
    /// By attempt, requests before answers.
    pub messages: Vec<Message>,
    _held: Held,
}

/// Memory that captured bodies use, all requests together.
#[derive(Debug, Default)]
pub(crate) struct Room(AtomicUsize);

/// A part of that memory, given back when dropped.
#[derive(Debug, Default)]
struct Held {
    room: Arc<Room>,
    bytes: usize,
}

impl Held {
    fn of(room: &Arc<Room>) -> Self {
        Self {
            room: Arc::clone(room),
            bytes: 0,
        }
    }

    /// Takes more of it; false where there is no more.
    fn grow(&mut self, bytes: usize) -> bool {
        let fits = |used: usize| used.checked_add(bytes).filter(|used| *used <= IN_MEMORY);
        let order = Ordering::Relaxed;
        let grown = self.room.0.fetch_update(order, order, fits).is_ok();
        self.bytes += if grown { bytes } else { 0 };
        grown
    }

    fn join(&mut self, mut other: Self) {
        if Arc::ptr_eq(&self.room, &other.room) {
            self.bytes += std::mem::take(&mut other.bytes);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Keeps what is said in one request.
#[derive(Debug)]
pub(crate) struct Recorder {
    capture: Capture,
    room: Arc<Room>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    messages: BTreeMap<(u32, Part), Message>,
    held: Held,
    failed: bool,
}

impl Recorder {
    /// A recorder of one request.
    pub(crate) fn new(capture: Capture, room: &Arc<Room>) -> Arc<Self> {
        Arc::new(Self {
            capture,
            room: Arc::clone(room),
            taken: Mutex::new(Taken {
                held: Held::of(room),
                ..Taken::default()
            }),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An attempt failed.
    pub(crate) fn failed(&self) {
        self.taken().failed = true;
    }

    /// A provider is asked.
    pub(crate) fn asked(
        &self,
        attempt: u32,
        method: &Method,
        headers: &HeaderMap,
        upstream: &Upstream,
        exchange: &Exchange,
    ) {
        let mut message = Message {
            attempt,
            part: Part::Request,
            method: Some(method.clone()),
            address: upstream::shown(upstream, exchange),
            status: None,
            headers: marked(headers, Some(upstream)),
            bytes: exchange.body.iter().map(|piece| piece.len() as u64).sum(),
            body: exchange.body.clone(),
            same_as: None,
        };
        message.clip(self.capture.max_body);
        let mut held = Held::of(&self.room);
        if exchange.conversion.is_some() {
            message.detach();
            if !held.grow(message.kept()) {
                message.body.clear();
            }
        }
        self.put(message, held);
    }

    /// A provider begins to answer.
    pub(crate) fn answered(self: &Arc<Self>, attempt: u32, response: &reqwest::Response) -> Tape {
        self.tape(attempt, response.status().as_u16(), response.headers())
    }

    /// An answer goes to the client piece by piece.
    pub(crate) fn told(self: &Arc<Self>, status: u16, headers: &HeaderMap) -> Tape {
        self.tape(0, status, headers)
    }

    /// An answer goes to the client whole.
    pub(crate) fn told_whole(self: &Arc<Self>, whole: &Whole) {
        self.told(whole.status.as_u16(), &whole.headers)
            .push(&whole.body);
    }

    fn tape(self: &Arc<Self>, attempt: u32, status: u16, headers: &HeaderMap) -> Tape {
        Tape {
            message: Message {
                attempt,
                part: Part::Answer,
                method: None,
                address: None,
                status: Some(status),
                headers: marked(headers, None),
                body: Vec::new(),
                bytes: 0,
                same_as: None,
            },
            kept: Vec::new(),
            held: Held::of(&self.room),
            recorder: Arc::clone(self),
        }
    }

    fn put(&self, message: Message, held: Held) {
        let mut taken = self.taken();
        taken.held.join(held);
        let key = (message.attempt, message.part);
        taken.messages.insert(key, message);
    }

    /// What was said, now that the request is over and `failed` or not; `None` where nobody wants to know. The error is
    /// that there was no room for it.
    pub(crate) fn finish(
        &self,
        id: &RequestId,
        inbound: &Inbound,
        failed: bool,
    ) -> Option<Result<Captured, ()>> {
        let Taken {
            mut messages,
            mut held,
            failed: attempt_failed,
        } = std::mem::take(&mut *self.taken());
        if self.capture.only_failed && !failed && !attempt_failed {
            return None;
        }
        for message in messages.values_mut() {
            message.share(&inbound.body, &mut held);
        }
        if let Some(mut told) = messages.remove(&(0, Part::Answer)) {
            let mut answers = messages.values().filter(|it| it.part == Part::Answer);
            if let Some(answer) = answers.find(|answer| answer.has_body_of(&told)) {
                told.body.clear();
                told.same_as = Some(answer.attempt);
            }
            messages.insert((0, Part::Answer), told);
        }
        let mut asked = Message {
            attempt: 0,
            part: Part::Request,
            method: Some(inbound.method.clone()),
            address: Some(inbound.uri.to_string()),
            status: None,
            headers: marked(&inbound.headers, None),
            body: vec![inbound.body.clone()],
            bytes: inbound.body.len() as u64,
            same_as: None,
        };
        asked.clip(self.capture.max_body);
        asked.detach();
        if !held.grow(asked.kept()) {
            return Some(Err(()));
        }
        messages.insert((0, Part::Request), asked);
        Some(Ok(Captured {
            id: id.clone(),
            at_ms: unix_ms(),
            messages: messages.into_values().collect(),
            _held: held,
        }))
    }
}

impl Message {
    /// The client's own bytes are told once; the beginning of a longer body that holds some of them is copied, so that
    /// the rest need not be kept for it.
    fn share(&mut self, client: &Bytes, held: &mut Held) {
        if self.part != Part::Request {
            return;
        }
        let is_same = matches!(&self.body[..], [body] if body.as_ptr() == client.as_ptr());
        if is_same && self.bytes == client.len() as u64 {
            self.body.clear();
            self.same_as = Some(0);
            return;
        }
        let place = client.as_ptr_range();
        let mut pieces = self.body.iter();
        if pieces.any(|piece| place.contains(&piece.as_ptr())) && self.is_cut() {
            if held.grow(self.kept()) {
                self.detach();
            } else {
                self.body.clear();
            }
        }
    }
}

/// An answer that is being kept; it is told when dropped.
#[derive(Debug)]
pub(crate) struct Tape {
    recorder: Arc<Recorder>,
    message: Message,
    kept: Vec<u8>,
    held: Held,
}

impl Tape {
    /// Takes what came next, as far as there is room behind all that came before.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let is_whole = self.message.bytes == self.kept.len() as u64;
        self.message.bytes += bytes.len() as u64;
        let room = self.recorder.capture.max_body - self.kept.len();
        let some = &bytes[..bytes.len().min(room)];
        if is_whole && self.held.grow(some.len()) {
            self.kept.extend_from_slice(some);
        }
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        let mut message = self.message.clone();
        message.body = vec![Bytes::from(std::mem::take(&mut self.kept))];
        self.recorder.put(message, std::mem::take(&mut self.held));
    }
}

/// A provider's answer, kept as it is read where that is wanted.
pub(crate) struct Incoming {
    response: reqwest::Response,
    tape: Option<Tape>,
}

impl Incoming {
    /// An answer that begins.
    pub(crate) fn new(response: reqwest::Response, tape: Option<Tape>) -> Self {
        Self { response, tape }
    }

    pub(crate) fn status(&self) -> http::StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next piece of its body.
    pub(crate) async fn chunk(&mut self) -> reqwest::Result<Option<Bytes>> {
        let chunk = self.response.chunk().await;
        if let (Some(tape), Ok(Some(bytes))) = (&mut self.tape, &chunk) {
            tape.push(bytes);
        }
        chunk
    }
}

/// Whether a header of this name, in small letters, carries a credential.
fn is_secret(name: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    CREDENTIALS.contains(&name) || (has(&SECRET) && !has(&HARMLESS))
}

/// The headers with a mark in the place of every credential: those known as such, and all that the provider's settings
/// add, which may be one.
fn marked(headers: &HeaderMap, upstream: Option<&Upstream>) -> HeaderMap {
    let own = |name: &str| {
        upstream.is_some_and(|upstream| {
            let is_auth =
                matches!(&upstream.auth, Auth::Header(auth) if auth.eq_ignore_ascii_case(name));
            let mut added = upstream.headers.iter();
            is_auth || added.any(|(added, _)| added.eq_ignore_ascii_case(name))
        })
    };
    let mut marked = headers.clone();
    for (name, value) in &mut marked {
        let name = name.as_str();
        if value.is_sensitive() || is_secret(name) || own(name) {
            *value = REDACTED;
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorder(room: &Arc<Room>, max_body: usize) -> Arc<Recorder> {
        let capture = Capture {
            only_failed: false,
            max_body,
        };
        Recorder::new(capture, room)
    }

    fn used(room: &Arc<Room>) -> usize {
        room.0.load(Ordering::Relaxed)
    }

    fn answer(recorder: &Recorder, attempt: u32) -> Message {
        recorder.taken().messages[&(attempt, Part::Answer)].clone()
    }

    #[test]
    fn an_answer_is_kept_up_to_its_bound_and_counted_whole() {
        let room = Arc::default();
        let recorder = recorder(&room, 8);
        let mut tape = recorder.tape(1, 200, &HeaderMap::new());
        for piece in [&b"abcde"[..], b"fghij", b"k"] {
            tape.push(piece);
        }
        drop(tape);
        let kept = answer(&recorder, 1);
        assert_eq!(kept.body.concat(), b"abcdefgh");
        assert_eq!((kept.bytes, kept.is_cut()), (11, true));
        assert_eq!(used(&room), 8);
        drop(recorder);
        assert_eq!(used(&room), 0);
    }

    #[test]
    fn all_together_keep_no_more_than_there_is_room_for_and_no_body_has_a_gap() {
        let room = Arc::default();
        let recorder = recorder(&room, IN_MEMORY);
        let mut first = recorder.tape(1, 200, &HeaderMap::new());
        first.push(&vec![0; IN_MEMORY - 4]);
        let mut second = recorder.tape(2, 200, &HeaderMap::new());
        second.push(b"abc");
        second.push(b"def");
        drop(first);
        second.push(b"g");
        drop(second);
        assert_eq!(used(&room), IN_MEMORY - 1);
        let kept = answer(&recorder, 2);
        assert_eq!(kept.body.concat(), b"abc");
        assert_eq!((kept.bytes, kept.is_cut()), (7, true));
    }

    #[test]
    fn a_copy_of_a_clipped_body_counts_and_is_not_made_where_there_is_no_room() {
        let room = Arc::default();
        let recorder = recorder(&room, 8);
        drop(recorder.tape(1, 200, &HeaderMap::new()));
        let client = Bytes::from_static(b"{\"model\":\"a\",\"n\":1}");
        let spliced = || {
            let mut message = answer(&recorder, 1);
            message.part = Part::Request;
            message.body = vec![
                client.slice(..4),
                Bytes::from_static(b"xy"),
                client.slice(6..),
            ];
            message.bytes = client.len() as u64;
            message.clip(8);
            message
        };
        let mut held = Held::of(&room);
        let mut message = spliced();
        message.share(&client, &mut held);
        assert_eq!(
            (message.body.concat(), used(&room)),
            (b"{\"moxyl\"".to_vec(), 8)
        );
        assert!(!client.as_ptr_range().contains(&message.body[0].as_ptr()));
        assert!(held.grow(IN_MEMORY - 15));
        let mut message = spliced();
        message.share(&client, &mut held);
        assert_eq!((message.kept(), message.is_cut()), (0, true));
        assert_eq!(used(&room), IN_MEMORY - 7);
    }

    #[test]
    fn credentials_in_headers_are_marked_and_others_are_not() {
        let mut headers = HeaderMap::new();
        let told = [
            ("authorization", true),
            ("x-api-key", true),
            ("x-goog-api-key", true),
            ("x-turnout-token", true),
            ("cookie", true),
            ("set-cookie", true),
            ("api-key", true),
            ("x-portkey-api-key", true),
            ("ocp-apim-subscription-key", true),
            ("x-amz-security-token", true),
            ("x-auth-token", true),
            ("proxy-authorization", true),
            ("accept", false),
            ("anthropic-beta", false),
            ("anthropic-ratelimit-tokens-remaining", false),
            ("x-ratelimit-limit-tokens", false),
            ("x-claude-code-session-id", false),
            ("session_id", false),
            ("idempotency-key", false),
        ];
        for (name, _) in told {
            headers.insert(name, HeaderValue::from_static("value"));
        }
        let mut own = HeaderValue::from_static("value");
        own.set_sensitive(true);
        headers.insert("x-own", own);
        let marked = marked(&headers, None);
        for (name, is_secret) in told.into_iter().chain([("x-own", true)]) {
            assert_eq!(marked[name] == REDACTED, is_secret, "{name}");
        }
    }
}
