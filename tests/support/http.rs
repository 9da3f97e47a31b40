//! A HTTP/1.1 client that shows the bytes as they came, written for tests: one call a connection.

use std::fmt::Write as _;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::sse::{Event, Events};

/// A call to make.
#[derive(Debug, Clone)]
pub struct Call {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call {
    /// A call with a method and a path with its query.
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// `GET`.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// `POST` of a JSON body.
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", path)
            .header("content-type", "application/json")
            .body(body)
    }

    /// Adds a header; its name is sent as it is written.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sets the body, sent with its length.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn has(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
    }

    fn head(&self, authority: &str) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if !self.has("host") {
            let _ = write!(head, "host: {authority}\r\n");
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !self.body.is_empty() || self.method == "POST" || self.method == "PUT" {
            let _ = write!(head, "content-length: {}\r\n", self.body.len());
        }
        head + "\r\n"
    }

    /// Makes the call at `base` (`http://host:port`) and reads the answer's head.
    pub async fn open(&self, base: &str) -> io::Result<Answering> {
        let authority = base.trim_start_matches("http://").trim_end_matches('/');
        let mut socket = TcpStream::connect(authority).await?;
        socket.set_nodelay(true)?;
        socket.write_all(self.head(authority).as_bytes()).await?;
        // An answer may come before all of the body was taken: then the rest of it is not worth an error.
        let written = socket.write_all(&self.body).await;
        let answering = Answering::read_head(socket, self.method == "HEAD").await;
        match (written, answering) {
            (Err(error), Err(_)) => Err(error),
            (_, answering) => answering,
        }
    }

    /// Makes the call and reads the whole answer.
    ///
    /// # Panics
    /// When the answer does not come whole.
    #[track_caller]
    pub fn send(&self, base: &str) -> impl Future<Output = Answer> {
        let caller = std::panic::Location::caller();
        async move {
            let fail = |error: io::Error| -> ! {
                panic!("{caller}: {} {}: {error}", self.method, self.path)
            };
            let answering = self.open(base).await.unwrap_or_else(|error| fail(error));
            answering.whole().await.unwrap_or_else(|error| fail(error))
        }
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers in the order in which they came, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body without its transfer coding.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!(
                "status {}, not JSON ({error}): {}",
                self.status,
                self.text()
            )
        })
    }

    /// The body as a list of stream events.
    pub fn events(&self) -> Vec<Event> {
        let mut events = Events::default();
        let mut all = events.push(&self.body);
        all.extend(events.finish());
        all
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(given, _)| given == name)
        .map(|(_, value)| value.as_str())
}

enum Length {
    None,
    Known(usize),
    Chunked,
    ToEnd,
}

/// An answer whose head is there and whose body is being read.
pub struct Answering {
    /// The status.
    pub status: u16,
    /// Headers in the order in which they came, names in small letters.
    pub headers: Vec<(String, String)>,
    socket: TcpStream,
    buffer: Vec<u8>,
    length: Length,
    events: Events,
    ready: std::collections::VecDeque<Event>,
}

impl Answering {
    async fn read_head(socket: TcpStream, bodyless: bool) -> io::Result<Self> {
        let mut this = Self {
            status: 0,
            headers: Vec::new(),
            socket,
            buffer: Vec::new(),
            length: Length::ToEnd,
            events: Events::default(),
            ready: std::collections::VecDeque::new(),
        };
        loop {
            let end = this.fill_until(b"\r\n\r\n").await?;
            let head = String::from_utf8_lossy(&this.buffer[..end]).into_owned();
            this.buffer.drain(..end + 4);
            (this.status, this.headers) = parse_head(&head)?;
            if this.status >= 200 {
                break; // what comes before is interim
            }
        }
        let length = find(&this.headers, "content-length").and_then(|length| length.parse().ok());
        let chunked = find(&this.headers, "transfer-encoding")
            .is_some_and(|coding| coding.contains("chunked"));
        this.length = match (chunked, length) {
            _ if bodyless || this.status == 204 || this.status == 304 => Length::None,
            (true, _) => Length::Chunked,
            (false, Some(length)) => Length::Known(length),
            (false, None) => Length::ToEnd,
        };
        Ok(this)
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The next bytes of the body, as they were sent; `None` at its proper end, an error if it was cut.
    pub async fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        match self.length {
            Length::None | Length::Known(0) => Ok(None),
            Length::Known(left) => {
                if self.buffer.is_empty() && self.fill().await? == 0 {
                    return Err(cut(&format!("{left} bytes short of its length")));
                }
                let take = left.min(self.buffer.len());
                self.length = Length::Known(left - take);
                Ok(Some(self.buffer.drain(..take).collect()))
            }
            Length::Chunked => self.next_chunk().await,
            Length::ToEnd => {
                if self.buffer.is_empty() && self.fill().await? == 0 {
                    return Ok(None);
                }
                Ok(Some(std::mem::take(&mut self.buffer)))
            }
        }
    }

    async fn next_chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let end = self.fill_until(b"\r\n").await?;
        let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)
            .map_err(|_| cut(&format!("chunk size {line:?}")))?;
        self.buffer.drain(..end + 2);
        while self.buffer.len() < size + 2 {
            if self.fill().await? == 0 {
                return Err(cut("inside a chunk"));
            }
        }
        let data: Vec<u8> = self.buffer.drain(..size).collect();
        self.buffer.drain(..2);
        if size == 0 {
            self.length = Length::None;
            return Ok(None);
        }
        Ok(Some(data))
    }

    /// The next stream event; `None` at the end of the stream, an error if it was cut.
    pub async fn event(&mut self) -> io::Result<Option<Event>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            match self.chunk().await? {
                Some(bytes) => self.ready.extend(self.events.push(&bytes)),
                None => match self.events.finish() {
                    Some(event) => self.ready.push_back(event),
                    None => return Ok(None),
                },
            }
        }
    }

    /// Reads events until one of this name, which must come.
    #[track_caller]
    pub fn event_named(&mut self, name: &str) -> impl Future<Output = Event> {
        let caller = std::panic::Location::caller();
        async move {
            loop {
                match self.event().await {
                    Ok(Some(event)) if event.name == name => return event,
                    Ok(Some(_)) => {}
                    other => panic!("{caller}: the stream ended ({other:?}) without {name}"),
                }
            }
        }
    }

    /// The rest of the answer.
    pub async fn whole(mut self) -> io::Result<Answer> {
        let mut body = Vec::new();
        while let Some(bytes) = self.chunk().await? {
            body.extend(bytes);
        }
        Ok(Answer {
            status: self.status,
            headers: self.headers,
            body,
        })
    }

    async fn fill(&mut self) -> io::Result<usize> {
        let mut more = vec![0; 64 * 1024];
        let read = self.socket.read(&mut more).await?;
        self.buffer.extend_from_slice(&more[..read]);
        Ok(read)
    }

    async fn fill_until(&mut self, mark: &[u8]) -> io::Result<usize> {
        let mut searched = 0;
        loop {
            let from = searched.min(self.buffer.len());
            if let Some(at) = self.buffer[from..]
                .windows(mark.len())
                .position(|window| window == mark)
            {
                return Ok(from + at);
            }
            searched = self.buffer.len().saturating_sub(mark.len());
            if self.fill().await? == 0 {
                return Err(cut("the connection ended early"));
            }
        }
    }
}

fn cut(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, what.to_owned())
}

fn parse_head(head: &str) -> io::Result<(u16, Vec<(String, String)>)> {
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|code| code.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Ok((status.ok_or_else(|| cut("no status line"))?, headers))
}
