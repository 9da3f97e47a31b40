//! A valid answer in an unusual spelling: fields that no schema has, key order, `1.0`, escapes,
//! white space, comments, unknown events, CRLF. A proxy that parses and prints again shows here.

use bytes::Bytes;

use crate::dialect::Frame;
use crate::odd::EXTRA;

/// A stream's frames: the first two events are spelled oddly, and odd ones come along.
pub(super) fn frames(mut frames: Vec<Frame>) -> Vec<Frame> {
    if let Some(first) = frames.first_mut() {
        let text = String::from_utf8_lossy(&first.bytes).into_owned();
        let text = text.replacen("data: {", &format!("data:{{{EXTRA}"), 1);
        let text = text.replacen(
            "event: message_start\n",
            "id: 7\r\nevent: message_start\r\n",
            1,
        );
        first.bytes = format!(": practice, oddly spelled\n\n{}\r\n\r\n", text.trim_end()).into();
    }
    let note = "event: practice_note\ndata: {\"type\":\"practice_note\",\"z\":1,\"a\":1.50}\n\n";
    frames.insert(
        1,
        Frame {
            bytes: Bytes::from_static(note.as_bytes()),
            delta: false,
            told: None,
        },
    );
    frames
}
