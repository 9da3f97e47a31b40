//! A gateway on an ephemeral port, upstreams scripted to the byte, and a client that shows bytes.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use dialects::vendors::Vendors;
use gateway::{Access, Auth, ClientToken, Gateway, Limits, Report, Snapshot, Timeouts, Upstream};
use routing::{Dialect, Group, Member, Policy, Provider, Retry, Topology};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

/// The token that clients of these tests present.
pub(crate) const TOKEN: &str = "client-token";
/// The key of every provider in these tests.
pub(crate) const KEY: &str = "provider-key";

/// One exchange a raw upstream had.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// All values of a header, as sent.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        lines
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }
}

/// A part of a scripted answer.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Bytes(Vec<u8>),
    /// Waits until the test says go on.
    Gate(Arc<tokio::sync::Notify>),
    /// Says nothing more until the other side leaves.
    Silence,
}

/// An upstream that answers each connection's one request with the next script; the last script repeats.
pub(crate) struct Raw {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    left: Arc<tokio::sync::Notify>,
}

impl Raw {
    pub(crate) async fn start(scripts: Vec<Vec<Part>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let left = Arc::new(tokio::sync::Notify::new());
        let (log, gone) = (Arc::clone(&seen), left.clone());
        tokio::spawn(async move {
            for turn in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let script = scripts[turn.min(scripts.len() - 1)].clone();
                tokio::spawn(answer(stream, script, log.clone(), gone.clone()));
            }
        });
        Self {
            address,
            seen,
            left,
        }
    }

    /// An upstream that gives this one answer.
    pub(crate) async fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        Self::start(vec![vec![Part::Bytes(bytes.into())]]).await
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until a connection's other side left before its script was over.
    pub(crate) async fn until_left(&self) {
        within(self.left.notified()).await;
    }
}

async fn answer(
    mut stream: TcpStream,
    script: Vec<Part>,
    log: Arc<Mutex<Vec<Seen>>>,
    left: Arc<tokio::sync::Notify>,
) {
    let Some(seen) = read_request(&mut stream).await else {
        return;
    };
    log.lock().unwrap().push(seen);
    for part in script {
        let gone = match part {
            Part::Bytes(bytes) => stream.write_all(&bytes).await.is_err(),
            Part::Gate(gate) => {
                gate.notified().await;
                false
            }
            Part::Silence => stream
                .read(&mut [0; 64])
                .await
                .map_or(true, |read| read == 0),
        };
        if gone {
            return left.notify_one();
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut seen = Seen {
        head,
        body: bytes[head_end + 4..].to_vec(),
    };
    let length = seen
        .header("content-length")
        .first()
        .map_or(0, |length| length.parse().unwrap());
    while seen.body.len() < length {
        stream.read_buf(&mut seen.body).await.ok()?;
    }
    Some(seen)
}

/// A response of one status with a JSON body.
pub(crate) fn json(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// The head of an event stream whose end is the end of the connection.
pub(crate) const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: up-1\r\nconnection: close\r\n\r\n";
/// The opening of a Messages stream: nothing is said yet.
pub(crate) const OPENING: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m-1\",\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n\
    event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
/// The end of one.
pub(crate) const CLOSING: &str = "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
    event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\n\n\
    event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// A text delta.
pub(crate) fn delta(text: &str) -> String {
    format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n"
    )
}

/// A whole stream that says `text`.
pub(crate) fn stream(text: &str) -> Vec<u8> {
    format!("{STREAM_HEAD}{OPENING}{}{CLOSING}", delta(text)).into_bytes()
}

/// A streamed request.
pub(crate) const ASK: &str = r#"{"model":"claude-x","stream":true,"max_tokens":9,"messages":[]}"#;
/// A request that is not streamed.
pub(crate) const ASK_WHOLE: &str = r#"{"model":"claude-x","max_tokens":9,"messages":[]}"#;

/// A running gateway.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) gateway: Gateway,
    reports: mpsc::Receiver<Report>,
    pub(crate) stop: CancellationToken,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Settings with these providers in one group, in order; each is changed by `change` before use.
pub(crate) fn snapshot(
    providers: &[SocketAddr],
    change: impl Fn(usize, &mut Provider, &mut Upstream),
) -> Snapshot {
    let mut topology = Topology {
        retry: Retry {
            attempts: 1,
            base: Duration::from_millis(1),
            max: Duration::from_millis(2),
        },
        ..Topology::default()
    };
    let mut upstreams = HashMap::new();
    let mut members = Vec::new();
    for (index, address) in providers.iter().enumerate() {
        let name: Arc<str> = format!("p{index}").into();
        let key: Arc<str> = format!("p{index}/0").into();
        let mut provider = Provider::new(name.clone(), Dialect::Anthropic);
        provider.keys = vec![key.clone()];
        let mut upstream = Upstream {
            name: name.clone(),
            dialect: Dialect::Anthropic,
            vendor: Arc::new(Vendors::default().record(None, "", dialects::Dialect::Anthropic)),
            base_url: format!("http://{address}"),
            auth: Auth::XApiKey,
            keys: HashMap::from([(key, KEY.into())]),
            headers: Vec::new(),
            timeouts: Timeouts {
                first_event: Duration::from_secs(20),
                ..Timeouts::default()
            },
            proxy: None,
            count_tokens: true,
            lossy: false,
        };
        change(index, &mut provider, &mut upstream);
        topology.providers.push(provider);
        upstreams.insert(name.clone(), Arc::new(upstream));
        members.push(Member {
            provider: name,
            priority: index as i32,
            weight: 1,
        });
    }
    topology.groups.push(Group {
        name: "main".into(),
        policy: Policy::Priority,
        cooldown: None,
        members,
    });
    let token = ClientToken {
        name: "local".to_owned(),
        secret: TOKEN.into(),
        grant: Arc::default(),
    };
    let access = Access {
        require_token: true,
        client_tokens: vec![token],
        ..Access::default()
    };
    Snapshot {
        topology: Arc::new(topology),
        upstreams,
        access,
        limits: Limits {
            max_body: 1 << 20,
            ..Limits::default()
        },
    }
}

/// Starts a gateway.
pub(crate) async fn run(snapshot: Snapshot) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, reports) = mpsc::channel(1024);
    let gateway = Gateway::new(snapshot, sender, 1).unwrap();
    let stop = CancellationToken::new();
    let (serving, until) = (gateway.clone(), stop.clone());
    tokio::spawn(async move {
        let app = serving.router();
        serving
            .serve(listener, app, until, Duration::from_secs(1))
            .await;
    });
    Running {
        address,
        gateway,
        reports,
        stop,
    }
}

/// Starts a gateway with these providers.
pub(crate) async fn run_with(providers: &[&Raw]) -> Running {
    let addresses: Vec<SocketAddr> = providers.iter().map(|raw| raw.address).collect();
    run(snapshot(&addresses, |_, _, _| {})).await
}

/// An answer, to the byte.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The body broke off before its announced end.
    pub(crate) broken: bool,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        lines
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .last()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

impl Running {
    /// Sends raw headers and a body to `POST path`; the connection closes behind it.
    pub(crate) async fn post(&self, path: &str, headers: &str, body: &[u8]) -> Got {
        self.send(
            "POST",
            path,
            &format!("x-api-key: {TOKEN}\r\n{headers}"),
            body,
        )
        .await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Got {
        let mut stream = self.open(method, path, headers, body).await;
        let mut bytes = Vec::new();
        // A connection broken off on purpose ends with an error here, or just ends.
        let _ = within(stream.read_to_end(&mut bytes)).await;
        parse(&bytes)
    }

    /// Sends a request and leaves the connection with the caller.
    pub(crate) async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let host = if headers.to_ascii_lowercase().contains("host: ") {
            String::new()
        } else {
            format!("host: {}\r\n", self.address)
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\n{host}{headers}connection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        stream
    }

    /// The next report.
    pub(crate) async fn report(&mut self) -> Report {
        let report = within(self.reports.recv()).await;
        report.expect("the gateway stopped")
    }

    /// The reports that are there by now.
    pub(crate) fn waiting_reports(&mut self) -> Vec<Report> {
        std::iter::from_fn(|| self.reports.try_recv().ok()).collect()
    }

    /// The reports up to the next request's end.
    pub(crate) async fn reports(&mut self) -> Vec<Report> {
        let mut reports = Vec::new();
        loop {
            let report = self.report().await;
            let over = matches!(report, Report::Ended(_));
            reports.push(report);
            if over {
                return reports;
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Got {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("an answer with a head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut got = Got {
        status,
        head,
        body: bytes[end + 4..].to_vec(),
        broken: false,
    };
    if got.header("transfer-encoding") == Some("chunked") {
        (got.body, got.broken) = unchunk(&got.body);
    }
    got
}

fn unchunk(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(line) = bytes.windows(2).position(|window| window == b"\r\n") else {
            return (body, true);
        };
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return (body, false);
        }
        body.extend_from_slice(&bytes[line + 2..line + 2 + size]);
        bytes = &bytes[line + 2 + size + 2..];
    }
}

/// The test's patience; a test that needs it fails.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .expect("it took more than 30 seconds")
}
