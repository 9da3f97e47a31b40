//! Four providers that speak Anthropic's dialect, with a prompt cache each, and a bill.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use fastrand::Rng;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use gateway::{SendError, Transport};
use tokio::time::{Instant, sleep};

use crate::weather::{PROVIDERS, Trouble, Weather};

/// Seconds to the first token of each provider, when it is well.
const FIRST: [f64; PROVIDERS.len()] = [1.0, 1.4, 0.7, 2.0];
/// How long a prompt stays in a cache after its last use.
const WARM: Duration = Duration::from_mins(5);
/// Tokens of an answer, and how many parts it comes in.
const ANSWER: u64 = 400;
const PARTS: u64 = 4;
/// One in so many requests fails for no reason.
const ODD: u32 = 200;

/// What was paid for.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Bill {
    /// Tokens of answers that came whole.
    pub(crate) useful: u64,
    /// Tokens of all others.
    pub(crate) wasted: u64,
    /// Prompt tokens of the useful ones, and those of them that came from a cache.
    pub(crate) prompts: u64,
    pub(crate) cached: u64,
}

/// One request that a provider works at.
#[derive(Debug, Clone, Copy)]
struct Job {
    prompt: u64,
    cached: u64,
    said: u64,
    is_whole: bool,
}

#[derive(Debug, Default)]
struct Books {
    /// What is in whose cache: by provider and conversation, since when and how many tokens.
    caches: HashMap<(usize, u64), (Instant, u64)>,
    jobs: Vec<Job>,
    asked: u64,
}

/// The providers.
#[derive(Debug)]
pub(crate) struct Providers {
    weather: Weather,
    began: Instant,
    seed: u64,
    books: Arc<Mutex<Books>>,
}

/// What a request says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prompt {
    pub(crate) conversation: u64,
    pub(crate) tokens: u64,
}

impl Prompt {
    /// As it stands in a request's text.
    pub(crate) fn text(self) -> String {
        format!("conversation:{};tokens:{};", self.conversation, self.tokens)
    }

    fn read(body: &[u8]) -> Self {
        let body = std::str::from_utf8(body).unwrap();
        let number = |name: &str| {
            let (_, rest) = body.split_once(name).unwrap();
            rest.split(';').next().unwrap().parse().unwrap()
        };
        Self {
            conversation: number("conversation:"),
            tokens: number("tokens:"),
        }
    }
}

impl Providers {
    pub(crate) fn new(seed: u64, weather: Weather) -> Self {
        Self {
            weather,
            began: Instant::now(),
            seed,
            books: Arc::default(),
        }
    }

    pub(crate) fn bill(&self) -> Bill {
        let mut bill = Bill::default();
        for job in &self.books.lock().unwrap().jobs {
            let tokens = job.prompt + job.said;
            if job.is_whole {
                bill.useful += tokens;
                bill.prompts += job.prompt;
                bill.cached += job.cached;
            } else {
                bill.wasted += tokens;
            }
        }
        bill
    }

    /// How long a provider of this name takes to its first token when it is well.
    pub(crate) fn usual(name: &str) -> Duration {
        Duration::from_secs_f64(FIRST[index(name)])
    }

    fn answer(&self, provider: usize, body: &[u8]) -> BoxFuture<'static, Answered> {
        let prompt = Prompt::read(body);
        let mut books = self.books.lock().unwrap();
        books.asked += 1;
        let mut chance = Rng::with_seed(self.seed ^ (books.asked << 20));
        drop(books);
        let weather = self.weather.at(provider, self.began.elapsed());
        let trouble = match weather {
            Some((trouble, _)) => Some(trouble),
            None if chance.u32(..ODD) == 0 => Some(Trouble::Errors),
            None => None,
        };
        let left = weather.map_or(Duration::ZERO, |(_, left)| left);
        let first = Duration::from_secs_f64(FIRST[provider] * (0.8 + chance.f64() * 0.4));
        let books = Arc::clone(&self.books);
        match trouble {
            None => speak(books, provider, prompt, first, PARTS).boxed(),
            Some(Trouble::Slow) => speak(books, provider, prompt, first * 10, PARTS).boxed(),
            Some(Trouble::Cuts) => speak(books, provider, prompt, first, 1).boxed(),
            Some(trouble) => refuse(trouble, left).boxed(),
        }
    }
}

type Answered = Result<reqwest::Response, SendError>;

fn index(name: &str) -> usize {
    PROVIDERS.iter().position(|one| *one == name).unwrap()
}

async fn refuse(trouble: Trouble, left: Duration) -> Answered {
    sleep(Duration::from_millis(100)).await;
    let (status, kind) = match trouble {
        Trouble::Unreachable => return Err(SendError::Connect("connection refused".into())),
        Trouble::Silent => std::future::pending().await,
        Trouble::Overloaded => (529, "overloaded_error"),
        Trouble::Limited => (429, "rate_limit_error"),
        Trouble::Fake => (200, "api_error"),
        _ => (500, "api_error"),
    };
    let error = format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"not now"}}}}"#);
    let mut response = http::Response::builder().status(status);
    if trouble == Trouble::Limited {
        response = response.header("retry-after", left.as_secs() + 1);
    }
    let (content_type, body) = if trouble == Trouble::Fake {
        ("text/event-stream", event("error", &error))
    } else {
        ("application/json", error)
    };
    let response = response.header("content-type", content_type).body(body);
    Ok(response.unwrap().into())
}

fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// Answers in so many of its parts; fewer than all of them end in a cut.
async fn speak(
    books: Arc<Mutex<Books>>,
    provider: usize,
    prompt: Prompt,
    first: Duration,
    parts: u64,
) -> Answered {
    sleep(first / 2).await;
    let now = Instant::now();
    let mut open = books.lock().unwrap();
    let key = (provider, prompt.conversation);
    let kept = open.caches.get(&key).filter(|(at, _)| now - *at < WARM);
    let cached = kept.map_or(0, |(_, tokens)| (*tokens).min(prompt.tokens));
    open.caches.insert(key, (now, prompt.tokens));
    let job = open.jobs.len();
    open.jobs.push(Job {
        prompt: prompt.tokens,
        cached,
        said: 0,
        is_whole: false,
    });
    drop(open);
    let opening = format!(
        r#"{{"type":"message_start","message":{{"id":"msg_{job}","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":{},"cache_read_input_tokens":{cached},"cache_creation_input_tokens":0,"output_tokens":1}}}}}}"#,
        prompt.tokens - cached
    );
    let block =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
    let opening = event("message_start", &opening) + &event("content_block_start", block);
    let said = stream::iter(0..=parts).then(move |part| {
        let books = Arc::clone(&books);
        async move {
            let is_last = part == parts;
            sleep(if part == 0 { first / 2 } else { Duration::from_secs(1) }).await;
            let mut books = books.lock().unwrap();
            if !is_last {
                books.jobs[job].said += ANSWER / PARTS;
                let text = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"word "}}"#;
                return Ok(event("content_block_delta", text));
            }
            if parts < PARTS {
                return Err(std::io::Error::other("connection reset"));
            }
            books.jobs[job].is_whole = true;
            let end = format!(
                r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{ANSWER}}}}}"#
            );
            let stop = event("content_block_stop", r#"{"type":"content_block_stop","index":0}"#);
            let over = event("message_stop", r#"{"type":"message_stop"}"#);
            Ok(stop + &event("message_delta", &end) + &over)
        }
    });
    let bytes = stream::iter([Ok(opening)]).chain(said);
    let response = http::Response::builder()
        .header("content-type", "text/event-stream")
        .body(reqwest::Body::wrap_stream(bytes));
    Ok(response.unwrap().into())
}

/// The providers in the place of the network.
#[derive(Debug)]
pub(crate) struct Network(pub(crate) Arc<Providers>);

impl Transport for Network {
    fn send(
        &self,
        provider: &Arc<str>,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Answered> {
        let provider = index(provider);
        if request.method() != http::Method::GET {
            return self.0.answer(provider, request.body());
        }
        // A list of models is there as soon as the provider is, whatever else is wrong with it.
        let weather = self.0.weather.at(provider, self.0.began.elapsed());
        async move {
            sleep(Duration::from_millis(50)).await;
            match weather {
                Some((Trouble::Unreachable, _)) => Err(SendError::Connect("refused".into())),
                _ => Ok(http::Response::new(r#"{"data":[]}"#).into()),
            }
        }
        .boxed()
    }
}
