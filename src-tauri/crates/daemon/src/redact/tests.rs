use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const OURS: &str = "turnout-Zm9vYmFyYmF6cXV4/+=\"q\\uote";
const KEY: &str = "relay:0123456789/abc+def==";

fn redactor() -> Redactor {
    let secrets = [OURS, KEY, "tiny"].map(|secret| SecretString::from(secret.to_owned()));
    Redactor::new(secrets.to_vec(), &[r"hunter\d+".to_owned()])
}

fn cleaned(body: &str) -> (String, u32, u32) {
    let cleaned = redactor().body(body.as_bytes());
    let text = String::from_utf8(cleaned.bytes).unwrap();
    (text, cleaned.secrets, cleaned.media)
}

#[test]
fn what_looks_like_a_secret_is_taken_out_and_nothing_else() {
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow/IBAAK+CAQ==\n-----END RSA PRIVATE KEY-----";
    let cases = [
        (
            "key sk-ant-api03-AbC_dEf-0123456789 end",
            "key [redacted] end",
        ),
        ("sk-proj-0123456789abcdefghij", "[redacted]"),
        ("AIzaSyA0123456789abcdefghijklmnopqrstuvwx.", "[redacted]."),
        ("ghp_0123456789abcdefghijklmnopqrstuvwxyz", "[redacted]"),
        ("github_pat_0123456789abcdefghijkl_mn", "[redacted]"),
        ("AKIAIOSFODNN7EXAMPLE!", "[redacted]!"),
        (
            "Authorization: Bearer abc.def-0123",
            "Authorization: Bearer [redacted]",
        ),
        ("x-api-key: s3cr3t-value", "x-api-key: [redacted]"),
        (
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig-nature_0",
            "[redacted]",
        ),
        (pem, "[redacted]"),
        (
            "my password is hunter2 today",
            "my password is [redacted] today",
        ),
        (
            "task-management-for-everybody",
            "task-management-for-everybody",
        ),
        (
            "a bearer of news, a tiny one",
            "a bearer of news, a tiny one",
        ),
        ("the cookie jar", "the cookie jar"),
        (
            "Authorization: Basic dXNlcjpwYXNz",
            "Authorization: Basic [redacted]",
        ),
        ("Basic dXNlcjpwYXNzdw==", "Basic [redacted]"),
        (
            "Basic knowledge of addresses",
            "Basic knowledge of addresses",
        ),
        (
            "Cookie: theme=dark; session=3f2a9c; x=1\nHost: h",
            "Cookie: [redacted]\nHost: h",
        ),
        (
            "see https://user:pa55@h.example/x or http://h:80/@x",
            "see https://user:[redacted]@h.example/x or http://h:80/@x",
        ),
    ];
    for (text, left) in cases {
        assert_eq!(cleaned(text).0, left);
        let body = json!({ "messages": [{ "content": text, "n": 1 }] });
        let expected = json!({ "messages": [{ "content": left, "n": 1 }] });
        let (told, ..) = cleaned(&body.to_string());
        assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), expected);
    }
}

#[test]
fn what_holds_no_secret_stays_byte_for_byte() {
    for body in [
        "",
        "{\"a\" : [1.50, null,\ttrue],\n \"b\":\"\\u00e9\\n\\\"x\\\"\"}",
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"ret\"}}\n\ndata: [DONE]\n\n",
        "plain \"text\" with \\ odd { things",
        "\u{feff}{\"unended\": \"str",
    ] {
        assert_eq!(cleaned(body), (body.to_owned(), 0, 0));
    }
    let binary = [0xff, 0, b'"', 0x80, b'\\'];
    assert_eq!(redactor().body(&binary).bytes, binary);
}

#[test]
fn a_secret_that_comes_a_few_letters_at_a_time_is_taken_out() {
    let event = |text: &str| {
        format!(
            "data: {}\n\n",
            json!({ "type": "delta", "delta": { "text": text } })
        )
    };
    let stream = ["so ", "sk-", "ant-0123", "4567-89ab", "cdef", " it is"].map(event);
    let (told, secrets, _) = cleaned(&stream.concat());
    assert_eq!(secrets, 1);
    let left = ["so ", "[redacted]", "", "", "", " it is"].map(event);
    assert_eq!(told, left.concat());
}

#[test]
fn a_secret_is_taken_out_where_several_speak_by_turns() {
    let event = |index: usize, text: &str| {
        let chunk = json!({ "choices": [{ "delta": { "content": text }, "index": index }] });
        format!("data: {chunk}\n\n")
    };
    let secret = ["sk-", "ant-0123", "4567-89ab", "cdef"];
    let other = ["no ", "secret ", "is ", "here"];
    let turns = secret.iter().zip(other);
    let stream: String = turns
        .map(|(secret, other)| event(0, secret) + &event(1, other))
        .collect();
    let (told, secrets, _) = cleaned(&stream);
    assert_eq!(secrets, 1, "{told}");
    let left = ["[redacted]", "", "", ""].iter().zip(other);
    let left: String = left
        .map(|(secret, other)| event(0, secret) + &event(1, other))
        .collect();
    assert_eq!(told, left);
}

#[test]
fn how_likely_each_piece_was_is_left_out() {
    let piece = |text: &str| json!({ "token": text, "bytes": [115, 107], "top_logprobs": [{ "token": text }] });
    let body = json!({ "choices": [{ "logprobs": { "content": [piece("sk-"), piece("ant")] },
        "message": { "content": "sk-ant" } }], "logprobs": true });
    let (told, ..) = cleaned(&body.to_string());
    let expected = json!({ "choices": [{ "logprobs": null, "message": { "content": "sk-ant" } }], "logprobs": true });
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), expected);
}

#[test]
fn of_a_small_image_in_a_stream_size_and_hash_are_kept() {
    let picture = format!("iVBORw0KGgo{}", "A".repeat(289));
    let stream = json!([{ "data": picture, "text": "one" }, { "data": picture, "text": "two" }]);
    let (told, _, media) = cleaned(&stream.to_string());
    assert_eq!(media, 2);
    assert!(!told.contains("iVBORw0KGgo"), "{told}");
}

#[test]
fn of_an_answer_that_broke_off_the_beginning_of_a_secret_is_taken_out() {
    for body in [
        format!("data: {{\"text\":\"{}", &KEY[..15]),
        format!("cut {}", &KEY[..20]),
    ] {
        let (told, ..) = cleaned(&body);
        assert!(!told.contains(&KEY[..12]), "{told}");
    }
}

#[test]
fn of_images_size_and_hash_are_kept() {
    use base64::Engine as _;
    let picture = [&b"\x89PNG\r\n\x1a\n\0\0\0\0"[..], &[7; 3000]].concat();
    let base64 = base64::engine::general_purpose::STANDARD.encode(&picture);
    let body = json!({ "source": { "type": "base64", "data": base64 },
        "image_url": { "url": format!("data:image/png;base64,{base64}") }, "text": "iVBORw0KGgo" });
    let (told, secrets, media) = cleaned(&body.to_string());
    assert_eq!((secrets, media), (0, 2));
    let told: Value = serde_json::from_str(&told).unwrap();
    let note = told["source"]["data"].as_str().unwrap();
    assert!(
        note.starts_with("[image/png, 3012 bytes, sha256 "),
        "{note}"
    );
    let url = told["image_url"]["url"].as_str().unwrap();
    assert_eq!(url, format!("data:image/png;base64,{note}"));
    assert_eq!(told["text"], "iVBORw0KGgo");
}

#[test]
fn addresses_lose_what_their_parameters_tell() {
    let cases = [
        ("/v1/models", "/v1/models"),
        (
            "https://h/v1beta/m?alt=sse&key=abc",
            "https://h/v1beta/m?alt=sse&key=[redacted]",
        ),
        (
            "/x?Access_Token=abc&q=hunter7",
            "/x?Access_Token=[redacted]&q=[redacted]",
        ),
        ("/relay%3A0123456789%2Fabc%2Bdef%3D%3D", "/[redacted]"),
        ("/relay%3a0123456789%2fabc%2bdef%3d%3d", "/[redacted]"),
    ];
    for (address, left) in cases {
        assert_eq!(redactor().address(address), left);
    }
}

#[test]
fn headers_that_hold_addresses_lose_what_their_parameters_tell() {
    let cases = [
        ("location", "/file?sig=abc&x=1", "/file?sig=[redacted]&x=1"),
        (
            "link",
            "<https://h/x?key=abc>; rel=\"next\"",
            "<https://h/x?key=[redacted]",
        ),
        ("x-note", "which key=abc? this", "which key=abc? this"),
    ];
    for (name, value, left) in cases {
        assert_eq!(redactor().header(name, value), left, "{name}");
    }
}

#[test]
fn secrets_of_earlier_settings_stay_secret() {
    let now = Redactor::new(vec!["another-secret".to_owned().into()], &[]);
    let both = now.after(&redactor());
    let told = both.text(&format!("{KEY} another-secret"));
    assert_eq!(told, "[redacted] [redacted]");
    assert_eq!(format!("{both:?}"), "Redactor(…)");
}

/// A text as JSON, some of its letters as escapes.
fn escaped(text: &str, mask: &[bool]) -> String {
    let letters = text
        .chars()
        .zip(mask.iter().chain(std::iter::repeat(&false)));
    let letters = letters.map(|(letter, escape)| {
        if *escape {
            format!("\\u{:04x}", letter as u32)
        } else {
            let quoted = json!(letter.to_string()).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
    });
    letters.collect()
}

/// All strings in a body, one after the other, whatever its framing.
fn spoken(body: &str) -> String {
    fn add(value: &Value, out: &mut String) {
        match value {
            Value::String(text) => out.push_str(text),
            Value::Array(items) => items.iter().for_each(|item| add(item, out)),
            Value::Object(fields) => fields.values().for_each(|item| add(item, out)),
            _ => {}
        }
    }
    let mut out = String::new();
    for line in body.lines() {
        let line = line.strip_prefix("data: ").unwrap_or(line);
        if let Ok(value) = serde_json::from_str(line) {
            add(&value, &mut out);
        }
    }
    out
}

proptest! {
    #[test]
    fn no_planted_secret_is_left(
        kind in 0..3_usize,
        shape in prop::sample::select(vec![OURS, KEY, "sk-ant-oat01-0123456789abcdefghij",
            "AIzaSyA0123456789abcdefghijklmnopqrstuvwx", "ghp_0123456789abcdefghijklmnopqrstuvwxyz", "hunter31337"]),
        before in "[ -~é]{0,40} ",
        after in " [ -~é]{0,40}",
        mask in prop::collection::vec(any::<bool>(), 0..50),
        cuts in prop::collection::vec(1..12_usize, 0..12),
    ) {
        let text = format!("{before}{shape}{after}");
        let body = match kind {
            0 => text.clone(),
            1 => format!("{{\"model\":\"m\",\"messages\":[{{\"content\":\"{}\"}}]}}", escaped(&text, &mask)),
            _ => {
                let mut rest: Vec<char> = text.chars().collect();
                let mut events = String::new();
                for cut in cuts.iter().chain([&usize::MAX]) {
                    let piece: String = rest.drain(..rest.len().min(*cut)).collect();
                    let piece = escaped(&piece, &mask);
                    let delta = format!("{{\"type\":\"d\",\"delta\":{{\"text\":\"{piece}\"}}}}");
                    events.extend(["data: ", &delta, "\n\n"]);
                }
                events
            }
        };
        let told = String::from_utf8(redactor().body(body.as_bytes()).bytes).unwrap();
        prop_assert!(!told.contains(shape), "{told}");
        if kind > 0 {
            let spoken = spoken(&told);
            prop_assert!(spoken.contains(MARK), "not read any more, or not marked: {told}");
            prop_assert!(!spoken.contains(shape), "{told}");
        }
    }
}

#[test]
fn a_file_of_any_kind_is_known_by_its_field_and_what_is_sealed_stays() {
    let file = "QUJD".repeat(100);
    let one = json!({ "data": file, "signature": file, "mime_type": "application/x-own" });
    for body in [one.clone(), json!([{ "part": one }])] {
        let (told, secrets, media) = cleaned(&body.to_string());
        assert_eq!((secrets, media), (0, 1), "{told}");
        assert!(told.contains("[base64, 300 bytes, sha256 "), "{told}");
        assert!(
            told.contains(&format!("\"signature\":\"{file}\"")),
            "{told}"
        );
    }
}
