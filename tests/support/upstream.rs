//! An upstream that records what reaches it, byte for byte, and answers with given bytes.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it reached the upstream.
#[derive(Debug, Clone)]
pub struct Received {
    /// `POST /v1/messages?beta=true HTTP/1.1`
    pub line: String,
    /// Headers in their order; names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body without its transfer coding.
    pub body: Vec<u8>,
}

impl Received {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What to answer: the bytes of a whole answer with its head, then what to do with the connection.
#[derive(Debug, Clone)]
pub struct Reply {
    bytes: Vec<u8>,
    hold: bool,
}

impl Reply {
    /// A JSON answer with its length.
    pub fn json(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::body(status, "application/json", body)
    }

    /// An answer of some type with its length.
    pub fn body(status: u16, kind: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let head = format!(
            "HTTP/1.1 {status} Given\r\ncontent-type: {kind}\r\nrequest-id: req_upstream\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        Self {
            bytes: [head.as_bytes(), body].concat(),
            hold: false,
        }
    }

    /// A stream that ends as it should.
    pub fn stream(body: impl AsRef<[u8]>) -> Self {
        let mut reply = Self::open_stream(body);
        reply.bytes.extend_from_slice(b"0\r\n\r\n");
        reply.hold = false;
        reply
    }

    /// A stream that says this much and then nothing, until the other side goes.
    pub fn open_stream(body: impl AsRef<[u8]>) -> Self {
        let mut bytes =
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        // Odd cuts on purpose: nothing may depend on events arriving whole.
        for piece in body.as_ref().chunks(37) {
            bytes.extend(format!("{:x}\r\n", piece.len()).as_bytes());
            bytes.extend_from_slice(piece);
            bytes.extend_from_slice(b"\r\n");
        }
        Self { bytes, hold: true }
    }
}

#[derive(Debug, Default)]
struct State {
    received: Vec<Received>,
    gone: usize,
}

/// A running upstream; it ends with this value.
pub struct Upstream {
    /// Its base URL.
    pub base: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Upstream {
    /// Starts one that answers its calls with `replies` in turn, the last one again and again.
    pub async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(converse(socket, replies.clone(), Arc::clone(&shared)));
            }
        });
        Self { base, state, task }
    }

    /// What reached it so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    /// How many held streams the other side has closed.
    pub fn gone(&self) -> usize {
        self.state.lock().unwrap().gone
    }
}

async fn converse(mut socket: TcpStream, replies: Vec<Reply>, state: Arc<Mutex<State>>) {
    let mut buffer = Vec::new();
    while let Some(received) = receive(&mut socket, &mut buffer).await {
        let reply = {
            let mut state = state.lock().unwrap();
            state.received.push(received);
            let turn = (state.received.len() - 1).min(replies.len() - 1);
            replies[turn].clone()
        };
        if socket.write_all(&reply.bytes).await.is_err() {
            return;
        }
        if reply.hold {
            let mut byte = [0];
            let _ = socket.read(&mut byte).await;
            state.lock().unwrap().gone += 1;
            return;
        }
    }
}

async fn receive(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        fill(socket, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    buffer.drain(..end + 4);
    let mut lines = head.split("\r\n").map(ToOwned::to_owned);
    let line = lines.next()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| {
            line.split_once(':')
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        })
        .collect();
    let header = |name: &str| {
        headers
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.clone())
    };
    let body = if header("transfer-encoding").is_some() {
        chunked(socket, buffer).await?
    } else {
        let length = header("content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        while buffer.len() < length {
            fill(socket, buffer).await?;
        }
        buffer.drain(..length).collect()
    };
    Some(Received {
        line,
        headers,
        body,
    })
}

async fn chunked(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(2).position(|window| window == b"\r\n") {
                break end;
            }
            fill(socket, buffer).await?;
        };
        let size =
            usize::from_str_radix(String::from_utf8_lossy(&buffer[..end]).trim(), 16).ok()?;
        buffer.drain(..end + 2);
        while buffer.len() < size + 2 {
            fill(socket, buffer).await?;
        }
        body.extend(buffer.drain(..size));
        buffer.drain(..2);
        if size == 0 {
            return Some(body);
        }
    }
}

async fn fill(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut more = vec![0; 256 * 1024];
    let read = socket.read(&mut more).await.ok().filter(|read| *read > 0)?;
    buffer.extend_from_slice(&more[..read]);
    Some(())
}
