//! Providers without a network: they do what the weather over them says.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use dialects::Usage;
use fastrand::Rng;
use futures_util::{
    Stream,
    future::{BoxFuture, FutureExt},
};
use gateway::{SendError, Transport};
use tokio::time::{Instant, sleep};

use crate::{
    play::{self, Play},
    settings::provider_name,
    sky::{Sending, Sky, Weather},
    wire::{self, Saying},
};

/// All providers of a world.
#[derive(Debug)]
pub(crate) struct Fake {
    seed: u64,
    sky: Mutex<Sky>,
}

/// A sending that the gateway still wants something of.
struct Open {
    fake: Arc<Fake>,
    sending: usize,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.fake.sky().sendings[self.sending].closed = Some(Instant::now());
    }
}

/// Providers as the gateway is given them.
pub(crate) struct Providers(pub(crate) Arc<Fake>);

/// A body that notices when nobody wants it any more.
struct Watched<S> {
    bytes: S,
    _open: Open,
}

impl<S: Stream + Unpin> Stream for Watched<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        Pin::new(&mut self.bytes).poll_next(cx)
    }
}

impl Fake {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            sky: Mutex::default(),
        }
    }

    pub(crate) fn sky(&self) -> MutexGuard<'_, Sky> {
        self.sky.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this provider does with this request, by the weather and chance. Chance depends on nothing but the seed and
    /// how often the request was sent before, so that one request more or less changes nothing for the others.
    fn decide(&self, provider: &Arc<str>, prompt: &str) -> (usize, Play, Saying, Rng) {
        let number = |name: &str| {
            // Of the last message: earlier ones have been answered.
            let (_, rest) = prompt.rsplit_once(name)?;
            rest.split(';').next()?.parse::<usize>().ok()
        };
        let request = number("request:").expect("every prompt has a number");
        let mut sky = self.sky();
        let times = sky.asked.entry(request).or_default();
        *times += 1;
        let mut chance = Rng::with_seed(self.seed ^ ((request as u64) << 16) ^ (*times << 48));
        let play = match &sky.places[provider].weather {
            Weather::Ill(play) => *play,
            Weather::Flaky(part) if chance.f64() < *part => Play::trouble(&mut chance),
            Weather::Well | Weather::Flaky(_) => match number("fault:") {
                Some(status) if status > 0 => Play::Faulty(status as u16),
                _ if number("alone:").map(provider_name).as_ref() == Some(provider) => {
                    Play::Faulty(400)
                }
                _ if chance.u32(..50) == 0 => Play::Lingers,
                _ => Play::Whole,
            },
        };
        if matches!(play, Play::Status(401..=403, _))
            && let Some(place) = sky.places.get_mut(provider)
        {
            place.refused = true;
        }
        let usage = Usage {
            input: chance.u64(5..500),
            output: chance.u64(5..500),
            ..Usage::default()
        };
        let sending = sky.sendings.len();
        sky.sendings.push(Sending {
            request,
            provider: provider.clone(),
            play,
            usage,
            closed: None,
        });
        let pieces = if play == Play::Empty {
            0
        } else {
            chance.usize(1..4)
        };
        let saying = Saying {
            sending,
            pieces,
            usage,
        };
        (sending, play, saying, chance)
    }

    /// A look of the gateway's own. One that is not reachable cannot be looked at; any other looks well.
    fn looked_at(&self, provider: &Arc<str>) -> Result<reqwest::Response, SendError> {
        match &self.sky().places[provider].weather {
            Weather::Ill(play) if *play == Play::Hang => Err(SendError::Reset("timeout".into())),
            Weather::Ill(play) => play.refusal().map_or_else(|| Ok(no_models()), Err),
            Weather::Well | Weather::Flaky(_) => Ok(no_models()),
        }
    }
}

fn no_models() -> reqwest::Response {
    http::Response::new(r#"{"data":[]}"#).into()
}

impl Transport for Providers {
    fn send(
        &self,
        provider: &Arc<str>,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<reqwest::Response, SendError>> {
        let (fake, provider) = (Arc::clone(&self.0), provider.clone());
        if request.method() == http::Method::GET {
            return async move {
                sleep(std::time::Duration::from_millis(20)).await;
                fake.looked_at(&provider)
            }
            .boxed();
        }
        async move {
            let body = std::str::from_utf8(request.body()).unwrap_or_default();
            let dialect = fake.sky().places[&provider].dialect;
            let (sending, play, saying, mut chance) = fake.decide(&provider, body);
            let open = Open { fake, sending };
            if let Some(refusal) = play.refusal() {
                sleep(std::time::Duration::from_millis(chance.u64(..50))).await;
                return Err(refusal);
            }
            let streamed = wire::is_streamed(dialect, request.uri(), body);
            let answer = play.answer(dialect, streamed, &saying, &mut chance);
            sleep(answer.head_after).await;
            let bytes = Watched {
                bytes: Box::pin(play::bytes(answer.steps)),
                _open: open,
            };
            let mut response = http::Response::builder().status(answer.status);
            if let Some(seconds) = answer.retry_after {
                response = response.header("retry-after", seconds);
            }
            let response = response.body(reqwest::Body::wrap_stream(bytes));
            Ok(response.expect("an answer can be made").into())
        }
        .boxed()
    }
}
