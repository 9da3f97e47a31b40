//! Server-sent events, read the plain way.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name, empty if it has none.
    pub name: String,
    /// Its data, lines joined.
    pub data: String,
    /// Its id, if it has one.
    pub id: Option<String>,
}

impl Event {
    /// The data as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.data)
            .unwrap_or_else(|error| panic!("event {self:?} is not JSON: {error}"))
    }
}

/// Takes bytes, gives events. Comments are left out.
#[derive(Debug, Default)]
pub struct Events {
    buffer: Vec<u8>,
}

impl Events {
    /// Adds bytes; gives the events that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.buffer.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some((end, next)) = blank_line(&self.buffer) {
            let frame: Vec<u8> = self.buffer.drain(..next).take(end).collect();
            events.extend(parse(&frame));
        }
        events
    }

    /// The last event, when it lacks its blank line.
    pub fn finish(&mut self) -> Option<Event> {
        parse(&std::mem::take(&mut self.buffer))
    }
}

fn blank_line(bytes: &[u8]) -> Option<(usize, usize)> {
    let marks: [&[u8]; 2] = [b"\n\n", b"\r\n\r\n"];
    let found = marks.iter().filter_map(|mark| {
        bytes
            .windows(mark.len())
            .position(|window| window == *mark)
            .map(|at| (at, at + mark.len()))
    });
    found.min()
}

fn parse(frame: &[u8]) -> Option<Event> {
    let text = String::from_utf8_lossy(frame);
    let mut event = Event {
        name: String::new(),
        data: String::new(),
        id: None,
    };
    let mut any = false;
    for line in text
        .lines()
        .filter(|line| !line.starts_with(':') && !line.is_empty())
    {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut event.name),
            "data" => {
                if !event.data.is_empty() {
                    event.data.push('\n');
                }
                event.data.push_str(value);
            }
            "id" => event.id = Some(value.to_owned()),
            _ => continue,
        }
        any = true;
    }
    any.then_some(event)
}
