//! A valid answer in an unusual spelling: fields that no schema has, key order, `1.0`, escapes,
//! white space, comments, unknown events, CRLF. A proxy that parses and prints again shows here.

use bytes::Bytes;

use super::encode;
use crate::dialect::Frame;
use crate::script::Script;

const EXTRA: &str = r#" "x_odd" :{"b": 1.0,"a":1E+2 ,"n":12345678901234567890123, "u":"\u00e9\/\ud83d\ude82", "e":[ ]},"#;

/// The whole answer with odd fields in front.
pub(super) fn whole(script: &Script) -> Bytes {
    let plain = encode::message(script).to_string();
    format!("{{{EXTRA}\r\n\t {}\n", plain.get(1..).unwrap_or_default()).into()
}

/// The same for a stream: the first two events are spelled oddly, and odd ones come along.
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::scenario::Scenario;
    use crate::script::{self, Ask};

    #[test]
    fn an_odd_answer_is_still_the_same_answer() {
        let scenario = Scenario::parse("odd").expect("parses");
        let script = script::write(
            &scenario,
            &Ask {
                tokens: 9,
                ..Ask::default()
            },
            "practice",
            "7",
        );
        let mut odd: Value = serde_json::from_slice(&whole(&script)).expect("valid JSON");
        assert_eq!(odd["x_odd"]["u"], "é/🚂");
        odd.as_object_mut().expect("object").shift_remove("x_odd");
        assert_eq!(odd, encode::message(&script));
    }
}
