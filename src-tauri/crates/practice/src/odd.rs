//! A valid answer in an unusual spelling, in any dialect: a field that no schema has, key order,
//! `1.0`, escapes, white space. A proxy that parses and prints again shows here.

use bytes::Bytes;

/// The odd field with its comma, to stand behind the brace that opens an object.
pub(crate) const EXTRA: &str = r#" "x_odd" :{"b": 1.0,"a":1E+2 ,"n":12345678901234567890123, "u":"\u00e9\/\ud83d\ude82", "e":[ ]},"#;

/// A whole answer, one JSON object, with the odd field in front.
pub(crate) fn whole(plain: &Bytes) -> Bytes {
    let plain = String::from_utf8_lossy(plain);
    format!("{{{EXTRA}\r\n\t {}\n", plain.get(1..).unwrap_or_default()).into()
}

/// An object with the odd field in front, on one line.
pub(crate) fn line(plain: &str) -> Bytes {
    format!("{{{EXTRA}\t {}", plain.get(1..).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_odd_answer_is_still_the_same_answer() {
        let plain = json!({"id": "a", "list": [1, {"b": "é"}]});
        let odd = whole(&plain.to_string().into());
        let mut odd: Value = serde_json::from_slice(&odd).expect("valid JSON");
        assert_eq!(odd["x_odd"]["u"], "é/🚂");
        odd.as_object_mut().expect("object").shift_remove("x_odd");
        assert_eq!(odd, plain);
    }
}
