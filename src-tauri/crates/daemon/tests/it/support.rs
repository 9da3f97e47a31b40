//! An instance in a folder of its own, and a caller of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use daemon::secrets::Keychain;
use daemon::{Daemon, Options};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

pub(crate) const ADMIN: &str = "admin-token-for-tests-0123456789";
pub(crate) const CLIENT: &str = "client-token-for-tests-0123456789";
/// Two groups of practice providers; the second provider of the first group shows a failover.
pub(crate) const CONFIG: &str = r#"version = 1

[server]
client_tokens = [{ name = "local", token = "file:client" }]
admin_token = "file:admin"

[[providers]]
name = "first"
dialect = "practice"

[[providers]]
name = "spare"
dialect = "practice"

[[providers]]
name = "other"
dialect = "practice"

[[groups]]
name = "main"
members = [{ provider = "first", priority = 1 }, { provider = "spare", priority = 2 }]

[[groups]]
name = "second"
members = [{ provider = "other" }]
"#;
/// No condition that is waited for takes longer, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with config, tokens and data.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Self { folder };
        home.write("config.toml", config);
        home.write("admin", ADMIN);
        home.write("client", CLIENT);
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("config.toml")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes a file that its owner alone can read.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let mut file = tempfile::NamedTempFile::new_in(self.path()).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        file.persist(self.path().join(name)).unwrap();
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            config: Some(self.config()),
            data_dir: Some(self.data()),
            listen: Some(([127, 0, 0, 1], 0).into()),
            keychain: Keychain::none(),
            seed: Some(1),
            ..Options::default()
        }
    }

    pub(crate) async fn start(&self) -> House {
        House::of(Daemon::start(self.options()).await.unwrap())
    }

    /// Every file below the folder that holds this text.
    pub(crate) fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let (mut folders, mut found) = (vec![self.path().to_owned()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if fs::read(&path)
                    .unwrap()
                    .windows(text.len())
                    .any(|part| part == text.as_bytes())
                {
                    found.push(path);
                }
            }
        }
        found
    }
}

/// A running instance and a caller of it, without redirects and proxies.
pub(crate) struct House {
    pub(crate) daemon: Daemon,
    pub(crate) client: Client,
}

impl House {
    pub(crate) fn of(daemon: Daemon) -> Self {
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self { daemon, client }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.daemon.base_url())
    }

    /// A call of the admin API without any credential.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, self.url(&format!("/api/v1{path}")))
    }

    /// A call of the admin API with the token.
    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(ADMIN)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        good(self.call(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Option<Value>) -> Value {
        let call = self.call(Method::POST, path);
        good(match body {
            Some(body) => with_json(call, &body),
            None => call,
        })
        .await
    }

    /// A client's request of an answer, streamed or not.
    pub(crate) async fn ask(&self, stream: bool) -> Response {
        let body = json!({
            "model": "claude-haiku-4-5",
            "max_tokens": 100,
            "stream": stream,
            "messages": [{ "role": "user", "content": "hello" }],
        });
        let call = self
            .client
            .post(self.url("/v1/messages"))
            .header("x-api-key", CLIENT);
        with_json(call, &body).send().await.unwrap()
    }

    /// The provider that answers a request now.
    pub(crate) async fn served_by(&self) -> String {
        let answer = self.ask(false).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.headers()["x-turnout-provider"]
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// A request of the history, once it is there and completed: it is written beside the answer, not before it.
    pub(crate) async fn completed(&self, id: &str) -> Value {
        let path = format!("/requests/{id}");
        until(async || {
            let answer = self.call(Method::GET, &path).send().await.unwrap();
            let detail: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            (detail["status"] == "completed").then_some(detail)
        })
        .await
    }

    /// The status, once it is as wanted.
    pub(crate) async fn status_where(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        until(async || Some(self.get("/status").await).filter(&wanted)).await
    }
}

pub(crate) fn with_json(call: RequestBuilder, body: &Value) -> RequestBuilder {
    call.header("content-type", "application/json")
        .body(body.to_string())
}

async fn good(call: RequestBuilder) -> Value {
    let answer = call.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// An error of the admin API: its status and code. The shape is checked.
pub(crate) async fn refused(call: RequestBuilder) -> (u16, String) {
    let answer = call.send().await.unwrap();
    let status = answer.status().as_u16();
    let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let error = &told["error"];
    assert!(
        error["request_id"].as_str().unwrap().starts_with("req-"),
        "{told}"
    );
    assert!(!error["message"].as_str().unwrap().is_empty(), "{told}");
    (status, error["code"].as_str().unwrap().to_owned())
}

/// What `look` finds, once it finds it. Fails when that never comes.
#[track_caller]
pub(crate) fn until<T>(look: impl AsyncFn() -> Option<T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(
                Instant::now() < deadline,
                "what {caller} waits for did not come"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// What comes within the patience of all tests.
pub(crate) async fn soon<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("it did not come")
}
