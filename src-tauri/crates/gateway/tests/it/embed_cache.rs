//! Embeddings that clients want remembered: the provider is asked for each once.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gateway::{Auth, Report};
use routing::{Dialect, Verdict};
use serde_json::{Value, json};

use crate::{
    convert::settings,
    support::{Got, Part, Raw, Running, json as body_of, run},
};

const REMEMBER: &str = "x-turnout-cache: embeddings\r\n";

/// How a client asks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Client {
    Openai,
    OpenaiBase64,
    Gemini,
    Ollama,
}

impl Client {
    fn ask(self, texts: &[&str]) -> (&'static str, Value) {
        match self {
            Self::Openai => (
                "/v1/embeddings",
                json!({ "model": "e", "input": texts, "user": "u" }),
            ),
            Self::OpenaiBase64 => (
                "/v1/embeddings",
                json!({ "model": "e", "input": texts, "encoding_format": "base64" }),
            ),
            Self::Gemini => {
                let request = |text| json!({ "model": "models/e", "content": { "parts": [{ "text": text }] } });
                let requests: Vec<Value> = texts.iter().map(request).collect();
                (
                    "/v1beta/models/e:batchEmbedContents",
                    json!({ "requests": requests }),
                )
            }
            Self::Ollama => ("/ollama/api/embed", json!({ "model": "e", "input": texts })),
        }
    }

    /// The first number of each vector of an answer.
    fn vectors(self, got: &Got) -> Vec<f64> {
        let answer = got.json();
        let number = |item: &Value| match self {
            Self::Openai => item["embedding"][0].as_f64().unwrap(),
            Self::OpenaiBase64 => {
                let bytes = STANDARD.decode(item["embedding"].as_str().unwrap());
                f64::from(f32::from_le_bytes(bytes.unwrap()[..4].try_into().unwrap()))
            }
            Self::Gemini => item["values"][0].as_f64().unwrap(),
            Self::Ollama => item[0].as_f64().unwrap(),
        };
        let list = match self {
            Self::Openai | Self::OpenaiBase64 => &answer["data"],
            Self::Gemini | Self::Ollama => &answer["embeddings"],
        };
        list.as_array().unwrap().iter().map(number).collect()
    }
}

/// A provider's answer with one vector for each number.
fn answer(dialect: Dialect, numbers: &[f64], base64: bool) -> Vec<Part> {
    let body = match dialect {
        Dialect::Gemini => {
            let vectors: Vec<Value> = numbers
                .iter()
                .map(|it| json!({ "values": [it, 0] }))
                .collect();
            json!({ "embeddings": vectors, "usageMetadata": { "promptTokenCount": numbers.len() } })
        }
        Dialect::Ollama => {
            let vectors: Vec<Value> = numbers.iter().map(|it| json!([it, 0])).collect();
            json!({ "model": "e", "embeddings": vectors, "prompt_eval_count": numbers.len() })
        }
        _ => {
            let vector = |number: f64| {
                let bytes: Vec<u8> = [number as f32, 0.0]
                    .into_iter()
                    .flat_map(f32::to_le_bytes)
                    .collect();
                if base64 {
                    json!(STANDARD.encode(bytes))
                } else {
                    json!([number, 0])
                }
            };
            let item = |(index, number): (usize, &f64)| json!({ "index": index, "embedding": vector(*number) });
            let data: Vec<Value> = numbers.iter().enumerate().map(item).collect();
            let usage = json!({ "prompt_tokens": numbers.len(), "total_tokens": numbers.len() });
            json!({ "object": "list", "model": "e", "data": data, "usage": usage })
        }
    };
    vec![Part::Bytes(body_of(200, "", &body.to_string()))]
}

async fn ask(running: &Running, client: Client, headers: &str, texts: &[&str]) -> Got {
    let (path, body) = client.ask(texts);
    let got = running
        .post(path, headers, body.to_string().as_bytes())
        .await;
    assert_eq!(got.status, 200, "{client:?} {}", got.text());
    got
}

/// The tokens of an attempt that went well.
fn tokens(reports: &[Report]) -> Option<u64> {
    reports.iter().find_map(|report| match report {
        Report::AttemptEnded(ended) if ended.verdict == Verdict::Ok => Some(ended.usage?.input),
        _ => None,
    })
}

#[tokio::test]
async fn only_what_is_new_is_asked_of_the_provider() {
    let clients = [
        Client::Openai,
        Client::OpenaiBase64,
        Client::Gemini,
        Client::Ollama,
    ];
    for client in clients {
        for dialect in [Dialect::OpenaiChat, Dialect::Gemini, Dialect::Ollama] {
            let what = format!("{client:?} at {dialect:?}");
            let base64 = client == Client::OpenaiBase64;
            let scripts = vec![
                answer(dialect, &[0.5, 1.5], base64),
                answer(dialect, &[2.5], base64),
            ];
            let provider = Raw::start(scripts).await;
            let mut running = run(settings(dialect, &[&provider])).await;
            for (texts, vectors, told, used) in [
                (vec!["aa", "bb"], vec![0.5, 1.5], "miss", 2),
                (
                    vec!["bb", "cc", "aa", "cc"],
                    vec![1.5, 2.5, 0.5, 2.5],
                    "partial",
                    1,
                ),
                (vec!["cc", "aa"], vec![2.5, 0.5], "hit", 0),
            ] {
                let got = ask(&running, client, REMEMBER, &texts).await;
                assert_eq!(got.header("x-turnout-cache"), Some(told), "{what}");
                assert_eq!(client.vectors(&got), vectors, "{what}: {told}");
                assert_eq!(got.header("x-turnout-provider"), Some("p0"), "{what}");
                assert_eq!(
                    tokens(&running.reports().await),
                    Some(used),
                    "{what}: {told}"
                );
            }
            let seen = provider.seen();
            assert_eq!(seen.len(), 2, "{what}");
            let second = String::from_utf8_lossy(&seen[1].body);
            let (known, new) = (
                second.matches("aa").count() + second.matches("bb").count(),
                second.matches("cc").count(),
            );
            assert_eq!((known, new), (0, 1), "{what}: {second}");
            assert!(seen[0].header("x-turnout-cache").is_empty(), "{what}");
        }
    }
}

#[tokio::test]
async fn a_known_answer_says_that_it_used_no_tokens() {
    let provider = Raw::start(vec![answer(Dialect::OpenaiChat, &[0.5], false)]).await;
    let running = run(settings(Dialect::OpenaiChat, &[&provider])).await;
    // What is embedded alone is known in a batch, and however its text is spelled.
    for (body, used) in [
        (r#"{"model":"e","input":"h\u00e9"}"#, 1),
        (
            r#"{"input" : "hé", "encoding_format": "float", "model":"e"}"#,
            0,
        ),
        (r#"{"model":"e","input":["hé"],"dimensions":null}"#, 0),
    ] {
        let got = running
            .post("/v1/embeddings", REMEMBER, body.as_bytes())
            .await;
        assert_eq!(got.json()["usage"]["prompt_tokens"], used, "{body}");
    }
    assert_eq!(provider.seen().len(), 1);
}

#[tokio::test]
async fn whatever_shapes_a_vector_keeps_it_apart() {
    let asked = [
        ("/v1/embeddings", r#"{"model":"e","input":"aa"}"#),
        ("/v1/embeddings", r#"{"model":"e","input":"ab"}"#),
        ("/v1/embeddings", r#"{"model":"f","input":"aa"}"#),
        (
            "/v1/embeddings",
            r#"{"model":"e","input":"aa","dimensions":2}"#,
        ),
        (
            "/v1/embeddings",
            r#"{"model":"e","input":"aa","input_type":"query"}"#,
        ),
        ("/v1/embeddings", r#"{"model":"e","input":[5,6]}"#),
        ("/v1/embeddings", r#"{"model":"e","input":[[5],[6]]}"#),
        (
            "/provider/p1/v1/embeddings",
            r#"{"model":"e","input":"aa"}"#,
        ),
    ];
    let script = vec![answer(Dialect::OpenaiChat, &[0.5, 1.5], false)];
    let (first, second) = (Raw::start(script.clone()).await, Raw::start(script).await);
    let running = run(settings(Dialect::OpenaiChat, &[&first, &second])).await;
    for (path, body) in asked {
        let got = running.post(path, REMEMBER, body.as_bytes()).await;
        assert_eq!(got.header("x-turnout-cache"), Some("miss"), "{path} {body}");
    }
    assert_eq!(
        (first.seen().len(), second.seen().len()),
        (asked.len() - 1, 1)
    );
}

#[tokio::test]
async fn requests_of_a_batch_that_differ_are_all_asked() {
    let provider = Raw::start(vec![answer(Dialect::Gemini, &[0.5, 1.5], false)]).await;
    let running = run(settings(Dialect::Gemini, &[&provider])).await;
    let part = |task| json!({ "content": { "parts": [{ "text": "aa" }] }, "taskType": task });
    let body =
        json!({ "requests": [part("RETRIEVAL_QUERY"), part("RETRIEVAL_DOCUMENT")] }).to_string();
    for _ in 0..2 {
        let path = "/v1beta/models/e:batchEmbedContents";
        let got = running.post(path, REMEMBER, body.as_bytes()).await;
        assert_eq!(got.header("x-turnout-cache"), None);
    }
    assert!(
        provider
            .seen()
            .iter()
            .all(|seen| seen.body == body.as_bytes())
    );
    assert_eq!(provider.seen().len(), 2);
}

#[tokio::test]
async fn nothing_is_remembered_unasked_or_of_a_failure_or_for_the_clients_own_login() {
    type Change = fn(&mut gateway::Snapshot);
    fn own_login(snapshot: &mut gateway::Snapshot) {
        for upstream in snapshot.upstreams.values_mut() {
            std::sync::Arc::make_mut(upstream).auth = Auth::Client;
        }
    }
    let good = || answer(Dialect::OpenaiChat, &[0.5], false);
    let short = || answer(Dialect::OpenaiChat, &[], false);
    let refusal = || {
        vec![Part::Bytes(body_of(
            400,
            "",
            r#"{"error":{"message":"no"}}"#,
        ))]
    };
    let cases: [(&str, &str, Vec<Vec<Part>>, Change); 5] = [
        ("not asked for", "", vec![good(), good()], |_| {}),
        (
            "another word",
            "x-turnout-cache: answers\r\n",
            vec![good(), good()],
            |_| {},
        ),
        ("refused", REMEMBER, vec![refusal(), good()], |_| {}),
        ("too few vectors", REMEMBER, vec![short(), good()], |_| {}),
        ("own login", REMEMBER, vec![good(), good()], own_login),
    ];
    for (what, header, scripts, change) in cases {
        let provider = Raw::start(scripts).await;
        let mut snapshot = settings(Dialect::OpenaiChat, &[&provider]);
        change(&mut snapshot);
        let running = run(snapshot).await;
        let (path, body) = Client::Openai.ask(&["aa"]);
        for _ in 0..2 {
            running
                .post(path, header, body.to_string().as_bytes())
                .await;
        }
        assert_eq!(provider.seen().len(), 2, "{what}");
    }
    let provider = Raw::start(vec![good()]).await;
    let mut snapshot = settings(Dialect::OpenaiChat, &[&provider]);
    snapshot.limits.embeddings_cache = 0;
    let running = run(snapshot).await;
    for _ in 0..2 {
        let got = ask(&running, Client::Openai, REMEMBER, &["aa"]).await;
        assert_eq!(got.header("x-turnout-cache"), None);
    }
}
