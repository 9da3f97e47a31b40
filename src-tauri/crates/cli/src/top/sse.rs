//! Server-sent events, read as they come. Pure.

/// One event of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: Option<u64>,
    pub(crate) kind: String,
    pub(crate) data: String,
}

/// Puts pieces of a stream together.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    rest: Vec<u8>,
    event: Event,
}

impl Reader {
    /// The events that are whole with this piece.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Vec<Event> {
        self.rest.extend_from_slice(piece);
        let mut events = Vec::new();
        let mut begin = 0;
        while let Some(length) = self.rest[begin..].iter().position(|byte| *byte == b'\n') {
            let line = &self.rest[begin..begin + length];
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
            begin += length + 1;
            events.extend(read(&mut self.event, &line));
        }
        self.rest.drain(..begin);
        events
    }
}

/// Takes a line in; a blank one ends the event.
fn read(event: &mut Event, line: &str) -> Option<Event> {
    if line.is_empty() {
        let whole = std::mem::take(event);
        return (!whole.data.is_empty()).then_some(whole);
    }
    let (field, value) = line.split_once(':').unwrap_or((line, ""));
    let value = value.strip_prefix(' ').unwrap_or(value);
    match field {
        "id" => event.id = value.parse().ok(),
        "event" => value.clone_into(&mut event.kind),
        "data" => {
            if !event.data.is_empty() {
                event.data.push('\n');
            }
            event.data.push_str(value);
        }
        _ => {} // a comment, or what is not said here
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_wherever_the_stream_is_cut() {
        let stream = ": hi\r\n\r\nid: 7\nevent: log\ndata: {\"a\":\ndata: \"ü\"}\n\nid: 8\nevent: usage\ndata: {}\n\nid: 9\n";
        let whole = Reader::default().push(stream.as_bytes());
        assert_eq!(whole.len(), 2);
        assert_eq!((whole[0].id, whole[0].kind.as_str()), (Some(7), "log"));
        assert_eq!(whole[0].data, "{\"a\":\n\"ü\"}");
        for cut in 0..stream.len() {
            let mut reader = Reader::default();
            let (head, tail) = stream.as_bytes().split_at(cut);
            let mut events = reader.push(head);
            events.extend(reader.push(tail));
            assert_eq!(events, whole, "cut at {cut}");
        }
    }
}
