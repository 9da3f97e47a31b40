//! People at work: each holds conversations, a turn after the other, and waits for each answer.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use fastrand::Rng;
use gateway::Transport;
use http_body_util::BodyExt;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tower::ServiceExt;

use crate::{
    providers::{Network, Prompt, Providers},
    weather::{PROVIDERS, exponential},
};

/// A conversation begins with so many tokens, grows by so many a turn, and has so many turns.
const BEGINS: u64 = 12_000;
const GROWS: u64 = 1_500;
const TURNS: u64 = 40;
/// Seconds that a person thinks between two turns, on average.
const THINKS: f64 = 20.0;

/// How a request gets to a provider.
pub(crate) enum Way {
    /// The client knows the providers and tries again by itself.
    Retrying(Retries),
    /// Through Turnout; what fails there has failed.
    Turnout(Router),
}

/// What a client does by itself about an error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retries {
    /// Tries after the first one.
    count: u32,
    /// The longest pause between two; they begin with half a second and double.
    longest: Duration,
    /// How long it waits for an answer to begin.
    patience: Duration,
    /// Each try goes to the next provider.
    goes_around: bool,
}

impl Retries {
    /// What Anthropic's and OpenAI's SDKs do unless told otherwise.
    pub(crate) fn sdk() -> Self {
        Self {
            count: 2,
            longest: Duration::from_secs(8),
            patience: Duration::from_mins(10),
            goes_around: false,
        }
    }

    /// What Claude Code does.
    pub(crate) fn claude_code() -> Self {
        Self {
            count: 10,
            longest: Duration::from_secs(32),
            patience: Duration::from_mins(6),
            goes_around: false,
        }
    }

    /// An SDK by hand: whatever fails is sent to the next provider.
    pub(crate) fn around() -> Self {
        Self {
            count: PROVIDERS.len() as u32 - 1,
            goes_around: true,
            ..Self::sdk()
        }
    }
}

/// What the people saw.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) asked: usize,
    pub(crate) failed: usize,
    /// Time to the first token of the answers that came whole.
    pub(crate) first: Vec<Duration>,
    /// What of it was more than the provider that answered takes when it is well.
    pub(crate) added: Vec<Duration>,
}

/// An answer that came whole.
struct Answered {
    first: Duration,
    provider: String,
}

/// Lets so many people work for so long.
pub(crate) async fn work(
    people: usize,
    long: Duration,
    seed: u64,
    way: &Way,
    providers: &Arc<Providers>,
) -> Figures {
    let figures: Arc<Mutex<Figures>> = Arc::default();
    let mut at_work = JoinSet::new();
    for person in 0..people {
        let way = match way {
            Way::Retrying(retries) => Way::Retrying(*retries),
            Way::Turnout(router) => Way::Turnout(router.clone()),
        };
        let (figures, providers) = (Arc::clone(&figures), Arc::clone(providers));
        let chance = Rng::with_seed(seed ^ ((person as u64) << 40));
        at_work.spawn(day(person as u64, long, chance, way, providers, figures));
    }
    while at_work.join_next().await.is_some_and(|ended| ended.is_ok()) {}
    Arc::into_inner(figures).unwrap().into_inner().unwrap()
}

async fn day(
    person: u64,
    long: Duration,
    mut chance: Rng,
    way: Way,
    providers: Arc<Providers>,
    figures: Arc<Mutex<Figures>>,
) {
    let began = Instant::now();
    for turn in 0.. {
        sleep(exponential(&mut chance, THINKS)).await;
        if began.elapsed() > long {
            return;
        }
        let prompt = Prompt {
            conversation: (person << 32) | (turn / TURNS),
            tokens: BEGINS + turn % TURNS * GROWS,
        };
        let answered = match &way {
            Way::Retrying(retries) => retry(retries, prompt, &providers).await,
            Way::Turnout(router) => ask(router.clone(), prompt).await,
        };
        let mut figures = figures.lock().unwrap();
        figures.asked += 1;
        match answered {
            Some(Answered { first, provider }) => {
                figures.first.push(first);
                figures
                    .added
                    .push(first.saturating_sub(Providers::usual(&provider)));
            }
            None => figures.failed += 1,
        }
    }
}

fn body(prompt: Prompt) -> String {
    format!(
        r#"{{"model":"m","max_tokens":4096,"stream":true,"system":[{{"type":"text","text":"{}","cache_control":{{"type":"ephemeral"}}}}],"messages":[{{"role":"user","content":"go on"}}]}}"#,
        prompt.text()
    )
}

async fn ask(router: Router, prompt: Prompt) -> Option<Answered> {
    let began = Instant::now();
    let request = http::Request::post("/v1/messages")
        .header("content-type", "application/json")
        .header("anthropic-version", "2023-06-01")
        .header("user-agent", "claude-cli/2.1.329 (external, cli)")
        .header(
            "x-claude-code-session-id",
            format!("s{}", prompt.conversation),
        )
        .body(Body::from(body(prompt)));
    let response = match router.oneshot(request.unwrap()).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let told = response.headers().get("x-turnout-provider");
    // Headers that leave before anybody answers name nobody: then the first provider's pace is the measure.
    let provider = told
        .map_or(PROVIDERS[0], |name| name.to_str().unwrap())
        .to_owned();
    let first = listen(began, response.into_body()).await?;
    Some(Answered { first, provider })
}

async fn retry(retries: &Retries, prompt: Prompt, providers: &Arc<Providers>) -> Option<Answered> {
    let began = Instant::now();
    let network = Network(Arc::clone(providers));
    for tried in 0..=retries.count {
        let provider = if retries.goes_around {
            PROVIDERS[tried as usize % PROVIDERS.len()]
        } else {
            PROVIDERS[0]
        };
        let request =
            http::Request::post("http://127.0.0.1/v1/messages").body(Bytes::from(body(prompt)));
        let sent = network.send(&Arc::from(provider), request.unwrap());
        let answer = timeout(retries.patience, sent).await;
        let mut pause = (Duration::from_millis(500) * 2u32.pow(tried)).min(retries.longest);
        match answer {
            Ok(Ok(response)) if response.status().is_success() => {
                // An answer that has begun is not asked for again, however it ends.
                let first = listen(began, Body::from_stream(response.bytes_stream())).await?;
                let provider = provider.to_owned();
                return Some(Answered { first, provider });
            }
            Ok(Ok(response)) => {
                let wish = response.headers().get("retry-after");
                let wish = wish.and_then(|wish| wish.to_str().ok()?.parse().ok());
                // Both kinds of client take a wish of up to a minute for what it says.
                if let Some(wish) = wish.filter(|wish| *wish <= 60 && !retries.goes_around) {
                    pause = Duration::from_secs(wish);
                }
            }
            Ok(Err(_)) | Err(_) => {}
        }
        if tried < retries.count {
            sleep(pause).await;
        }
    }
    None
}

/// Reads an answer to its end; when its first word came, if it came whole.
async fn listen(began: Instant, mut body: Body) -> Option<Duration> {
    let (mut first, mut is_whole) = (None, false);
    while let Some(frame) = body.frame().await {
        let Ok(Ok(data)) = frame.map(http_body::Frame::into_data) else {
            return None;
        };
        let text = std::str::from_utf8(&data).unwrap();
        if first.is_none() && text.contains("content_block_delta") {
            first = Some(began.elapsed());
        }
        is_whole |= text.contains("message_stop");
    }
    first.filter(|_| is_whole)
}
