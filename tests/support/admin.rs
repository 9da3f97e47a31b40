//! The admin API, read as any other program would.

use serde_json::Value;

use crate::http::{Answer, Call};
use crate::until;

/// The admin API of an instance.
#[derive(Debug, Clone)]
pub struct Admin {
    base: String,
    token: String,
}

impl Admin {
    /// At a base URL, with an admin token.
    pub fn new(base: &str, token: &str) -> Self {
        Self {
            base: base.into(),
            token: token.into(),
        }
    }

    /// A call below `/api/v1` whose answer may be anything.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let call = Call::new(method, &format!("/api/v1{path}")).bearer(&self.token);
        let call = match body {
            Some(body) => call
                .header("content-type", "application/json")
                .body(body.to_string()),
            None => call,
        };
        call.send(&self.base).await
    }

    /// A `GET` that goes well.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, None).await;
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text());
        answer.json()
    }

    /// A `POST` that goes well.
    pub async fn post(&self, path: &str) -> Value {
        let answer = self.call("POST", path, None).await;
        assert_eq!(answer.status, 200, "POST {path}: {}", answer.text());
        answer.json()
    }

    /// `/status`.
    pub async fn status(&self) -> Value {
        self.get("/status").await
    }

    /// A provider of `/providers`.
    pub async fn provider(&self, name: &str) -> Value {
        item(&self.get("/providers").await, name)
    }

    /// A group of `/groups`.
    pub async fn group(&self, name: &str) -> Value {
        item(&self.get("/groups").await, name)
    }

    /// The latest requests, newest first.
    pub async fn requests(&self) -> Vec<Value> {
        self.get("/requests?limit=1000").await["items"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// A request with its chain, once the ledger has its end.
    pub async fn request(&self, id: &str) -> Value {
        until(&format!("the end of {id} in the ledger"), || async {
            let answer = self.call("GET", &format!("/requests/{id}"), None).await;
            let ended = |row: &Value| {
                matches!(
                    row["status"].as_str(),
                    Some("completed" | "failed" | "cancelled")
                )
            };
            (answer.status == 200).then(|| answer.json()).filter(ended)
        })
        .await
    }

    /// The newest request, once the ledger has its end.
    pub async fn newest(&self) -> Value {
        let id = until("a request in the ledger", || async {
            self.requests()
                .await
                .first()
                .map(|row| row["id"].as_str().unwrap().to_owned())
        })
        .await;
        self.request(&id).await
    }
}

#[track_caller]
fn item(list: &Value, name: &str) -> Value {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .find(|item| item["name"] == name)
        .unwrap_or_else(|| panic!("no {name} in {list:#}"))
        .clone()
}

/// One field of each attempt of a request, in order.
#[track_caller]
pub fn chain<'a>(request: &'a Value, field: &str) -> Vec<&'a str> {
    let attempts = request["attempts"]
        .as_array()
        .unwrap_or_else(|| panic!("no chain in {request:#}"));
    attempts
        .iter()
        .map(|attempt| attempt[field].as_str().unwrap_or("-"))
        .collect()
}
