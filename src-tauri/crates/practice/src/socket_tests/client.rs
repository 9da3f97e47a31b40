//! A provider on a real socket and a client that hides nothing of what came back.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::{Options, Provider, serve};

/// A provider on a port of its own; it ends with its runtime.
pub(super) struct Stand {
    pub(super) provider: Provider,
    pub(super) address: SocketAddr,
}

/// What came back on a connection that was then closed.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    /// Whether the body came to the end that its head announced.
    pub(super) whole: bool,
    /// Whether the connection was reset.
    pub(super) reset: bool,
}

impl Seen {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(super) fn events(&self) -> Vec<String> {
        self.text()
            .lines()
            .filter_map(|line| line.strip_prefix("event: "))
            .map(str::to_owned)
            .collect()
    }
}

impl Stand {
    pub(super) async fn with(options: Options) -> Self {
        let provider = Provider::new(options).expect("options");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let address = listener.local_addr().expect("address");
        tokio::spawn(serve(listener, provider.clone(), std::future::pending()));
        Self { provider, address }
    }

    pub(super) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(super) async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n",
            self.address
        );
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "content-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.expect("writes");
        stream.write_all(body).await.expect("writes");
        stream
    }

    pub(super) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Seen {
        seen(self.open(method, path, headers, body).await).await
    }

    pub(super) async fn ask(&self, scenario: &str, stream: bool) -> Seen {
        self.call(
            "POST",
            "/v1/messages",
            &[VERSION, ("x-practice", scenario)],
            request(stream).to_string().as_bytes(),
        )
        .await
    }

    pub(super) async fn control(&self, order: Value) -> Seen {
        self.call(
            "POST",
            "/practice/control",
            &[],
            order.to_string().as_bytes(),
        )
        .await
    }
}

pub(super) const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

pub(super) fn request(stream: bool) -> Value {
    json!({"model": "claude-x", "max_tokens": 1000, "stream": stream, "messages": [{"role": "user", "content": "hello"}]})
}

/// Reads to the end of the connection and takes the answer apart.
pub(super) async fn seen(mut stream: TcpStream) -> Seen {
    let mut bytes = Vec::new();
    let mut answer = Seen::default();
    let mut part = [0; 4096];
    loop {
        match stream.read(&mut part).await {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
            Err(_) => {
                answer.reset = true;
                break;
            }
        }
    }
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return answer;
    };
    answer.head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    answer.status = answer
        .head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    let body = &bytes[end + 4..];
    if answer.header("transfer-encoding") == Some("chunked") {
        (answer.body, answer.whole) = unchunked(body);
    } else {
        let length = answer
            .header("content-length")
            .and_then(|length| length.parse::<usize>().ok());
        (answer.body, answer.whole) = (body.to_vec(), length == Some(body.len()));
    }
    answer
}

fn unchunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end])
            .ok()
            .and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.unwrap_or_else(|| panic!("not a chunk: {rest:?}"));
        if size == 0 {
            return (body, true);
        }
        let available = rest.len().min(end + 2 + size);
        body.extend_from_slice(&rest[end + 2..available]);
        rest = rest.get(end + 2 + size + 2..).unwrap_or_default();
    }
    (body, false)
}

/// Waits for something that another task brings about.
pub(super) async fn until(happened: impl Fn() -> bool) {
    let patience = std::time::Duration::from_secs(20);
    let poll = async {
        while !happened() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(patience, poll)
        .await
        .expect("never happened");
}
