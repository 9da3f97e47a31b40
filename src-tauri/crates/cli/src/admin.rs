//! The admin API of the running instance, called over loopback with the admin token. Knows no command and no view.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, anyhow};
use reqwest::{Client, Method, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// How long the instance may take. A keychain that asks its person to be unlocked is the slowest it waits for.
#[derive(Clone, Copy, Debug)]
struct Limits {
    connect: Duration,
    answer: Duration,
}

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    answer: Duration::from_mins(1),
};

/// How long a long answer may take.
const A_DAY: Duration = Duration::from_hours(24);

/// What the instance answered instead of what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refused {
    /// The answer's body, in the shape of the admin API's errors.
    pub(crate) body: Value,
    message: String,
}

/// A running instance.
pub(crate) struct Admin {
    client: Client,
    base: Url,
    token: SecretString,
    start: String,
    limits: Limits,
}

impl Admin {
    /// `base_url` is what the instance listens on, without `/api/v1`; `start` is the command that starts one.
    pub(crate) fn new(base_url: &str, token: SecretString, start: String) -> anyhow::Result<Self> {
        Self::within(LIMITS, base_url, token, start)
    }

    fn within(
        limits: Limits,
        base_url: &str,
        token: SecretString,
        start: String,
    ) -> anyhow::Result<Self> {
        // The instance is on this machine: a proxy from the environment would only be in the way.
        let client = Client::builder()
            .no_proxy()
            // By this the audit log tells the command line from other programs.
            .user_agent(concat!("turnout-cli/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .timeout(limits.answer)
            .build()
            .context("the HTTP client cannot be built")?;
        let base = Url::parse(base_url)
            .with_context(|| format!("the instance gave no usable address: {base_url}"))?;
        Ok(Self {
            client,
            base,
            token,
            start,
            limits,
        })
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, &[], None).await
    }

    pub(crate) async fn query(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> anyhow::Result<Value> {
        self.call(Method::GET, path, query, None).await
    }

    /// Writes the answer's body as it comes, however long that takes.
    pub(crate) async fn copy(
        &self,
        path: &str,
        query: &[(&str, String)],
        to: &mut impl Write,
    ) -> anyhow::Result<()> {
        let request = self.client.get(self.url(path, query));
        let request = request.bearer_auth(self.token.expose_secret());
        let answer = request.timeout(A_DAY).send().await;
        let mut answer = answer.map_err(|error| self.failed(&error))?;
        let status = answer.status();
        if !status.is_success() {
            let bytes = answer.bytes().await.unwrap_or_default();
            let body = serde_json::from_slice(&bytes).unwrap_or_default();
            return Err(refused(status.as_u16(), body).into());
        }
        while let Some(piece) = answer.chunk().await.map_err(|error| self.failed(&error))? {
            to.write_all(&piece)?;
        }
        Ok(to.flush()?)
    }

    /// Opens a stream of events behind the one last seen; it goes on for as long as it goes.
    pub(crate) async fn events(
        &self,
        path: &str,
        seen: Option<u64>,
    ) -> anyhow::Result<reqwest::Response> {
        self.events_of(path, &[], seen).await
    }

    /// The same, of the events that the query names.
    pub(crate) async fn events_of(
        &self,
        path: &str,
        query: &[(&str, String)],
        seen: Option<u64>,
    ) -> anyhow::Result<reqwest::Response> {
        let mut request = self.request(Method::GET, path, query, None).timeout(A_DAY);
        if let Some(seen) = seen {
            request = request.header("last-event-id", seen.to_string());
        }
        let answer = request.send().await.map_err(|error| self.failed(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let bytes = answer.bytes().await.unwrap_or_default();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Err(refused(status.as_u16(), body).into())
    }

    pub(crate) async fn post(&self, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        self.call(Method::POST, path, &[], body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.call(Method::PUT, path, &[], Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.delete_of(path, &[]).await
    }

    /// Takes away what a query says more of than its path.
    pub(crate) async fn delete_of(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> anyhow::Result<()> {
        self.call(Method::DELETE, path, query, None).await?;
        Ok(())
    }

    /// Asks for work that takes as long as it takes.
    pub(crate) async fn post_long(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, path, &[], Some(body));
        self.answer(request.timeout(A_DAY)).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        self.answer(self.request(method, path, query, body)).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<Value>,
    ) -> RequestBuilder {
        let request = self
            .client
            .request(method, self.url(path, query))
            .bearer_auth(self.token.expose_secret());
        match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_string()),
            None => request,
        }
    }

    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let answer = request.send().await.map_err(|error| self.failed(&error))?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|error| self.failed(&error))?;
        let value = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).map_err(|_| {
                anyhow!(
                    "{} answered {status}, but not in JSON: is it Turnout?",
                    self.base
                )
            })?
        };
        if status.is_success() {
            Ok(value)
        } else {
            Err(refused(status.as_u16(), value).into())
        }
    }

    fn url(&self, path: &str, query: &[(&str, String)]) -> Url {
        let mut url = self.base.clone();
        // Names in a path have their question marks encoded: one that stands there begins a query.
        let (path, asked) = path.split_once('?').unwrap_or((path, ""));
        url.set_path(&format!("/api/v1{path}"));
        url.set_query((!asked.is_empty()).then_some(asked));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    fn failed(&self, error: &reqwest::Error) -> anyhow::Error {
        let base = &self.base;
        if error.is_connect() {
            anyhow!(
                "Turnout does not answer at {base}: it may have just ended; start it with `{}`",
                self.start
            )
        } else if error.is_timeout() {
            anyhow!(
                "Turnout at {base} took the call but did not answer within {:?}: try again, and end and start it anew if it stays so",
                self.limits.answer
            )
        } else if error.is_body() || error.is_decode() {
            anyhow!("the answer of Turnout at {base} broke off: it may have just ended; try again")
        } else {
            anyhow!("asking Turnout at {base} failed: {error}")
        }
    }
}

fn refused(status: u16, body: Value) -> Refused {
    let said = body.pointer("/error/message").and_then(Value::as_str);
    let message = match (status, said) {
        (401 | 403, Some(said)) => {
            format!("{said} (is --config the file the running instance was started with?)")
        }
        (_, Some(said)) => said.to_owned(),
        (_, None) => format!("the running instance answered {status}"),
    };
    let body = if body.is_null() {
        json!({"error": {"code": "failed", "message": message, "request_id": null}})
    } else {
        body
    };
    Refused { body, message }
}

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> String {
    let mut url = Url::parse("http://localhost/").ok();
    if let Some(mut segments) = url.as_mut().and_then(|url| url.path_segments_mut().ok()) {
        segments.clear().push(name);
    }
    url.map(|url| url.path().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_odd_letters_stays_one_segment() {
        assert_eq!(segment("main"), "/main");
        assert_eq!(segment("a/b c?d"), "/a%2Fb%20c%3Fd");
    }

    #[test]
    fn a_refusal_says_what_the_instance_said() {
        let body = json!({"error": {"code": "not_found", "message": "no group named x", "request_id": "req-1"}});
        assert_eq!(refused(404, body).to_string(), "no group named x");
        assert_eq!(
            refused(500, Value::Null).to_string(),
            "the running instance answered 500"
        );
    }

    #[tokio::test]
    async fn an_instance_that_hangs_is_told_and_not_waited_for() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The system takes the connection; nobody ever answers on it.
        let hanging = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", hanging.local_addr().unwrap());
        let limits = Limits {
            answer: Duration::from_millis(20),
            ..LIMITS
        };
        let admin = Admin::within(limits, &base, "t".into(), "turnoutd serve".into()).unwrap();
        let told = admin.get("/status").await.unwrap_err().to_string();
        assert!(told.contains("did not answer within 20ms"), "{told}");
    }

    #[tokio::test]
    async fn an_instance_that_is_gone_is_told_with_the_command_that_starts_one() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let start = "turnoutd --data-dir /d serve";
        let admin = Admin::new("http://127.0.0.1:9", "t".into(), start.into()).unwrap();
        let told = admin.get("/status").await.unwrap_err().to_string();
        assert!(told.contains(start), "{told}");
    }

    #[test]
    fn a_refused_token_points_at_the_config() {
        let body = json!({"error": {"code": "unauthorized", "message": "wrong token", "request_id": null}});
        assert!(refused(401, body).to_string().contains("--config"));
    }
}
