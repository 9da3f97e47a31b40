//! Whole answers and errors of providers, as clients of each dialect get them.

use dialects::{
    Dialect, Unreadable,
    ir::{Failure, FailureKind},
};
use serde_json::{Value, json};

use crate::{
    book::Book,
    captures::{self, Kind},
    target::{origin, reply},
};

#[test]
fn answers_are_said_in_the_words_of_each_client() {
    let mut book = Book::default();
    for capture in captures::all(Kind::Answer) {
        let read = capture
            .codec()
            .read_answer(&capture.bytes, &origin(capture.dialect));
        for client in Dialect::ALL {
            let told = match &read {
                Ok(answer) => tree(&client.codec().write_answer(answer, &reply(client, false))),
                Err(Unreadable::Failure(failure)) => failed(client, failure),
                Err(Unreadable::Malformed(error)) => failed(
                    client,
                    &Failure::new(FailureKind::Server, error.to_string()),
                ),
            };
            let text = serde_json::to_string_pretty(&told).unwrap() + "\n";
            book.hold(&capture, client, "json", text.as_bytes());
        }
    }
    book.close(&[".json"], |name| name.contains(".answer."));
}

#[test]
fn errors_are_said_in_the_words_of_each_client() {
    let mut book = Book::default();
    for capture in captures::all(Kind::Failure) {
        let told = tree(&capture.bytes);
        let status = told["status"]
            .as_u64()
            .and_then(|status| u16::try_from(status).ok());
        // A page is told as its text.
        let body = match &told["body"] {
            Value::String(page) => page.clone(),
            body => body.to_string(),
        };
        let failure = capture
            .codec()
            .read_failure(status.unwrap(), body.as_bytes());
        for client in Dialect::ALL {
            let text = serde_json::to_string_pretty(&failed(client, &failure)).unwrap() + "\n";
            book.hold(&capture, client, "json", text.as_bytes());
        }
    }
    book.close(&[".json"], |name| name.contains(".failure."));
}

fn failed(client: Dialect, failure: &Failure) -> Value {
    let (status, body) = client.codec().write_failure(failure, "req_1");
    json!({ "status": status, "body": tree(&body) })
}

fn tree(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}
