//! What the ledger tells of ten thousand mixed requests is what the providers' own books say, to the token and, by
//! prices multiplied here, to the cent. A debug build asks fewer times, unless `TURNOUT_REQUESTS` tells how often;
//! `TURNOUT_SEED` repeats a run.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::ops::AddAssign;

use fastrand::Rng;
use futures_util::{StreamExt as _, stream};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{Home, House, with_json};

const REQUESTS: u64 = if cfg!(debug_assertions) {
    2_000
} else {
    10_000
};
const AT_ONCE: usize = 32;
/// Name, dialect, path of its base URL, and the price of each kind of token in micro-dollars per million.
const PROVIDERS: [(&str, &str, &str, [i128; 5]); 3] = [
    (
        "a",
        "anthropic",
        "",
        [3_000_000, 15_000_000, 300_000, 3_750_000, 6_000_000],
    ),
    (
        "b",
        "openai-chat",
        "/v1",
        [1_250_000, 10_000_001, 125_000, 1_250_000, 1_250_000],
    ),
    (
        "c",
        "gemini",
        "",
        [300_000, 2_500_000, 75_000, 300_000, 300_000],
    ),
];
const KINDS: [&str; 5] = [
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
];
/// The place of the output in [`KINDS`].
const OUTPUT: usize = 1;

/// What may go wrong at a provider; it hears each of its answers out.
const FAULTS: [&str; 11] = [
    "500",
    "502",
    "529",
    "429;retry_after=none",
    "cut;after=1",
    "cut;events=1",
    "empty",
    "error-event",
    "fake200",
    "no-blank",
    "gzip",
];

/// Tokens by kind, in the order of [`KINDS`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tokens([u64; 5]);

impl Tokens {
    fn read(value: &Value, names: [&str; 5]) -> Self {
        Self(names.map(|name| {
            value[name]
                .as_u64()
                .unwrap_or_else(|| panic!("no {name}: {value}"))
        }))
    }

    fn of_row(row: &Value) -> Self {
        Self::read(row, KINDS)
    }

    fn of_practice(usage: &Value) -> Self {
        let names = [
            "input",
            "output",
            "cache_read",
            "cache_write_5m",
            "cache_write_1h",
        ];
        Self::read(usage, names)
    }

    /// In pico-dollars.
    fn cost(self, prices: [i128; 5]) -> i128 {
        let kinds = self.0.into_iter().zip(prices);
        kinds
            .map(|(tokens, price)| i128::from(tokens) * price)
            .sum()
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, more: Self) {
        self.0
            .iter_mut()
            .zip(more.0)
            .for_each(|(sum, more)| *sum += more);
    }
}

/// A practice provider that writes down every request.
struct Upstream {
    provider: practice::Provider,
    base: String,
    _running: DropGuard,
}

impl Upstream {
    async fn start(name: &str) -> Self {
        let options = practice::Options {
            name: name.to_owned(),
            record: usize::MAX,
            ..practice::Options::default()
        };
        let provider = practice::Provider::new(options).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(practice::serve(
            listener,
            provider.clone(),
            stop.clone().cancelled_owned(),
        ));
        Self {
            provider,
            base,
            _running: stop.drop_guard(),
        }
    }

    /// What it told in usage, by the number of the request.
    async fn book(&self, house: &House) -> HashMap<u64, Tokens> {
        let url = format!("{}/practice/requests", self.base);
        let text = house
            .client
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let told: Value = serde_json::from_str(&text).unwrap();
        let entries = told["items"].as_array().unwrap();
        assert_eq!(
            entries.len() as u64,
            self.provider.state().counts.requests,
            "all are kept"
        );
        let mut book: HashMap<u64, Tokens> = HashMap::new();
        for entry in entries {
            let body = entry["body_text"].as_str().unwrap();
            let number = body.split_once("number ").unwrap().1;
            let number = number.split_once(',').unwrap().0.parse().unwrap();
            *book.entry(number).or_default() += Tokens::of_practice(&entry["usage"]);
        }
        book
    }
}

/// What is to happen at a request: most go well, the others fail once at each provider in one of many ways.
fn scenario(number: u64, chance: &mut Rng) -> String {
    let usage = format!(
        "usage_in={};usage_out={};cache_read={}",
        chance.u64(0..200_000),
        chance.u64(1..4000),
        chance.u64(0..100_000)
    );
    match chance.u8(..20) {
        0..=2 => format!(
            "{};times=1;id={number};{usage}",
            chance.choice(FAULTS).unwrap()
        ),
        3 => format!("400;id={number}"),
        4 => format!("thinking;{usage}"),
        5 if chance.u8(..4) == 0 => format!("text;first=300ms;{usage}"),
        _ => format!("text;{usage}"),
    }
}

/// Path and body of a request in one of the dialects, streamed or not.
fn request(number: u64, chance: &mut Rng) -> (String, Value) {
    let stream = chance.bool();
    let said = format!(
        "number {number}, please [[practice:{}]]",
        scenario(number, chance)
    );
    let model = "claude-sonnet-4-5";
    let messages = json!([{ "role": "user", "content": said }]);
    match chance.u8(..5) {
        0 => {
            let body = json!({ "model": model, "max_tokens": 9000, "stream": stream, "messages": messages });
            ("/v1/messages".into(), body)
        }
        1 => {
            let body = json!({ "model": model, "stream": stream, "messages": messages });
            ("/v1/chat/completions".into(), body)
        }
        2 => {
            let body = json!({ "model": model, "stream": stream, "input": said });
            ("/v1/responses".into(), body)
        }
        3 => {
            let call = if stream {
                "streamGenerateContent?alt=sse"
            } else {
                "generateContent"
            };
            let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": said }] }] });
            (format!("/v1beta/models/{model}:{call}"), body)
        }
        _ => (
            "/api/chat".into(),
            json!({ "model": model, "stream": stream, "messages": messages }),
        ),
    }
}

fn config(upstreams: &[Upstream]) -> String {
    let mut config = r#"version = 1
[server]
admin_token = "file:admin"
client_tokens = [{ name = "local", token = "file:client" }]
require_token = false
[routing]
cooldown = "1ms"
sticky = false
retry = { attempts = 2, base = "1ms", max = "2ms" }
breaker = { failures = 1000000, window = "1s", recovery = "1ms", probes = 1 }
hedge = { enabled = true, after = "150ms" }
"#
    .to_owned();
    for ((name, dialect, path, prices), upstream) in PROVIDERS.iter().zip(upstreams) {
        let [input, output, read, five, hour] =
            prices.map(|micro| format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000));
        let _ = write!(
            config,
            "[[providers]]\nname = \"{name}\"\ndialect = \"{dialect}\"\nbase_url = \"{}{path}\"\nauth = \"none\"\n\
             lossy = \"allow\"\n\
             price = {{ models = {{ \"claude-sonnet-4-5\" = {{ input = {input}, output = {output}, \
             cache_read = {read}, cache_write_5m = {five}, cache_write_1h = {hour} }} }} }}\n",
            upstream.base
        );
    }
    config
        + "[[groups]]\nname = \"main\"\npolicy = \"round-robin\"\n\
              members = [{ provider = \"a\" }, { provider = \"b\" }, { provider = \"c\" }]\n"
}

/// All rows of the history.
async fn rows(house: &House) -> Vec<Value> {
    let (mut rows, mut path) = (Vec::new(), "/requests?limit=1000".to_owned());
    loop {
        let mut page = house.get(&path).await;
        rows.append(page["items"].as_array_mut().unwrap());
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/requests?limit=1000&cursor={cursor}"),
            None => return rows,
        }
    }
}

fn dollars(pico: i128) -> String {
    let text = format!(
        "{}.{:012}",
        pico / 1_000_000_000_000,
        pico % 1_000_000_000_000
    );
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_are_those_of_the_providers_own_books() {
    let given = |name| {
        std::env::var(name)
            .ok()
            .map(|it| it.parse::<u64>().unwrap())
    };
    let seed = given("TURNOUT_SEED").unwrap_or_else(|| Rng::new().u64(..1 << 32));
    let count = given("TURNOUT_REQUESTS").unwrap_or(REQUESTS);
    println!("TURNOUT_SEED={seed} TURNOUT_REQUESTS={count}");
    let mut upstreams = Vec::new();
    for (name, ..) in PROVIDERS {
        upstreams.push(Upstream::start(name).await);
    }
    let home = Home::new(&config(&upstreams));
    let house = home.start().await;
    let mut chance = Rng::with_seed(seed);
    let requests: Vec<_> = (0..count)
        .map(|number| (number, request(number, &mut chance)))
        .collect();
    let ask = async |(number, (path, body)): (u64, (String, Value))| {
        let call = house.client.request(Method::POST, house.url(&path));
        let answer = with_json(call, &body).send().await.unwrap();
        let id = answer.headers()["x-turnout-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let _ = answer.bytes().await;
        (id, number)
    };
    let numbers: HashMap<String, u64> = stream::iter(requests)
        .map(ask)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    assert_eq!(numbers.len() as u64, count);
    house.status_where(|status| status["in_flight"] == 0).await;

    let mut books = BTreeMap::new();
    for ((name, ..), upstream) in PROVIDERS.iter().zip(&upstreams) {
        books.insert(*name, upstream.book(&house).await);
    }
    let (mut tokens, mut cost, mut counted) = (Tokens::default(), 0, BTreeMap::<&str, u64>::new());
    let rows = rows(&house).await;
    assert_eq!(rows.len() as u64, count);
    for row in &rows {
        let number = numbers[row["id"].as_str().unwrap()];
        let sum = check(&house, row, number, &books, &mut counted).await;
        tokens += sum.0;
        cost += sum.1;
    }
    println!("{counted:?} {tokens:?} {}", dollars(cost));
    for kind in [
        "completed",
        "failed",
        "several tries",
        "estimated",
        "hedged",
        "read from the cache",
    ] {
        assert!(
            counted.get(kind).is_some_and(|count| *count > 10),
            "{kind}: {counted:?}"
        );
    }
    for by in ["provider", "hour", "model"] {
        let usage = house.get(&format!("/usage?by={by}")).await;
        let total = &usage["total"];
        assert_eq!(total["requests"], json!(count));
        assert_eq!(total["unpriced"], json!(0));
        assert_eq!(Tokens::of_row(total), tokens, "by {by}");
        assert_eq!(total["cost_usd"], json!(dollars(cost)), "by {by}");
    }
    house.daemon.stop().await;
}

/// Compares a request with the books, and gives its tokens and what they cost.
async fn check(
    house: &House,
    row: &Value,
    number: u64,
    books: &BTreeMap<&str, HashMap<u64, Tokens>>,
    counted: &mut BTreeMap<&str, u64>,
) -> (Tokens, i128) {
    // What one attempt alone was told stands on its request, too.
    let is_plain = row["attempts"] == 1 && row["estimated"] == false;
    let chain = if is_plain {
        json!([row])
    } else {
        let detail = format!("/requests/{}", row["id"].as_str().unwrap());
        house.get(&detail).await["attempts"].take()
    };
    let attempts = chain.as_array().unwrap();
    let (mut tokens, mut cost) = (Tokens::default(), 0);
    let mut told: BTreeMap<&str, Tokens> = BTreeMap::new();
    let (mut lost, mut guessed) = (Vec::new(), Vec::new());
    for attempt in attempts {
        let provider = attempt["provider"].as_str().unwrap();
        let used = Tokens::of_row(attempt);
        let prices = PROVIDERS.iter().find(|it| it.0 == provider).unwrap().3;
        tokens += used;
        cost += used.cost(prices);
        if attempt["hedged"] == true {
            // What it was told last, and whether the provider heard in time that nobody listens, is a race.
            lost.push(provider);
        } else if attempt["estimated"] == true {
            *counted.entry("estimated").or_default() += 1;
            // Chat tells no tokens before its end; the others tell the prompt at once and the output bit by bit.
            if provider != "b" {
                *told.entry(provider).or_default() += used;
                guessed.push(provider);
            }
        } else {
            *told.entry(provider).or_default() += used;
        }
    }
    for (provider, book) in books {
        if !lost.contains(provider) {
            let expected = book.get(&number).copied().unwrap_or_default();
            let mut found = told.get(provider).copied().unwrap_or_default();
            if guessed.contains(provider) {
                // Of an answer that broke off, what it said may be more than was told of it, and never counts for less.
                assert!(found.0[OUTPUT] > expected.0[OUTPUT], "{chain:#}");
                found.0[OUTPUT] = expected.0[OUTPUT];
            }
            assert_eq!(found, expected, "request {number} at {provider}: {chain:#}");
        }
    }
    assert_eq!(Tokens::of_row(row), tokens, "{row:#}");
    if tokens != Tokens::default() {
        assert_eq!(row["cost_usd"], json!(dollars(cost)), "{row:#}");
    }
    let mut see = |kind, is: bool| *counted.entry(kind).or_default() += u64::from(is);
    see("completed", row["status"] == "completed");
    see("failed", row["status"] == "failed");
    see("several tries", attempts.len() > 1);
    see("hedged", !lost.is_empty());
    see("read from the cache", tokens.0[2] > 0);
    (tokens, cost)
}
