//! The pass-through law: the client's bytes up, the provider's bytes down.

use std::io::Write;

use tokio::io::AsyncReadExt;

use gateway::{Auth, Report};

use crate::support::{
    ASK, ASK_WHOLE, CLOSING, KEY, OPENING, Raw, STREAM_HEAD, TOKEN, delta, json, run, run_with,
    snapshot, stream,
};

const ODD: &str = "{ \"model\":\"claude-x\" ,\"max_tokens\":1.0e1,\t\"unknown\":{\"b\":1.0,\"a\":-0},\n\"messages\":[ ],\"e\":\"\\/\\u00e9\\ud83d\\ude86\" }\r\n";
const ODD_ANSWER: &str = "{ \"z\":1.0, \"content\":[{\"type\":\"new_block\",\"x\":1e-7}],\n\"usage\":{\"input_tokens\":3,\"output_tokens\":4,\"more\":null} }\n";

#[tokio::test]
async fn bodies_go_both_ways_byte_for_byte() {
    let upstream = Raw::answering(json(200, "request-id: up-1\r\n", ODD_ANSWER)).await;
    let gateway = run_with(&[&upstream]).await;
    let got = gateway
        .post(
            "/v1/messages?beta=true",
            "content-type: application/json\r\n",
            ODD.as_bytes(),
        )
        .await;
    assert_eq!((got.status, got.text().as_str()), (200, ODD_ANSWER));
    let seen = &upstream.seen()[0];
    assert_eq!(String::from_utf8_lossy(&seen.body), ODD);
    assert!(
        seen.head
            .starts_with("POST /v1/messages?beta=true HTTP/1.1"),
        "{}",
        seen.head
    );
    assert_eq!(got.header("request-id"), Some("up-1"));
}

#[tokio::test]
async fn an_attempt_tells_the_providers_id_of_the_request_else_of_the_answer() {
    let told = "{\"id\":\"msg_1\",\"type\":\"message\",\"model\":\"m\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}],\
                \"usage\":{\"input_tokens\":3,\"output_tokens\":4}}";
    let cases = [
        (
            200,
            "request-id: req_1\r\nx-request-id: relay-1\r\n",
            Some("req_1"),
        ),
        (200, "x-request-id: relay-1\r\n", Some("relay-1")),
        (200, "request-id: \r\n", Some("msg_1")),
        (400, "request-id: req_2\r\n", Some("req_2")),
    ];
    for (status, headers, expected) in cases {
        let upstream = Raw::answering(json(status, headers, told)).await;
        let mut gateway = run_with(&[&upstream]).await;
        gateway.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
        let reports = gateway.reports().await;
        let ids = reports.iter().find_map(|report| match report {
            Report::AttemptEnded(ended) => Some(ended.upstream_id.as_deref()),
            _ => None,
        });
        assert_eq!(ids, Some(expected), "{status} {headers}");
    }
}

#[tokio::test]
async fn only_a_mapped_model_changes_and_the_length_is_told() {
    let upstream = Raw::answering(json(200, "", ODD_ANSWER)).await;
    let gateway = run(snapshot(&[upstream.address], |_, provider, _| {
        provider.model_map = vec![("claude-*".to_owned(), "glm-4.6".to_owned())];
    }))
    .await;
    let got = gateway.post("/v1/messages", "", ODD.as_bytes()).await;
    assert_eq!(got.header("x-turnout-model"), Some("glm-4.6"));
    let seen = &upstream.seen()[0];
    let expected = ODD.replace("\"claude-x\"", "\"glm-4.6\"");
    assert_eq!(String::from_utf8_lossy(&seen.body), expected);
    assert_eq!(seen.header("content-length"), [expected.len().to_string()]);
    assert!(seen.header("transfer-encoding").is_empty());
}

#[tokio::test]
async fn a_stream_is_passed_on_byte_for_byte() {
    let odd = format!(
        "{OPENING}: comment\r\n\r\nevent: new_event\ndata: {{\"x\": 1.0}}\n\n{}{CLOSING}",
        delta("\\u2028 \u{2028} 🚆")
    );
    let upstream = Raw::answering(format!("{STREAM_HEAD}{odd}")).await;
    let got = run_with(&[&upstream])
        .await
        .post("/v1/messages", "", ASK.as_bytes())
        .await;
    assert_eq!(got.text(), odd);
    assert_eq!(got.header("content-type"), Some("text/event-stream"));
}

#[tokio::test]
async fn a_last_event_without_its_blank_line_is_passed_on_and_counted() {
    let whole = format!("{OPENING}{}{}", delta("hi"), CLOSING.trim_end());
    let upstream = Raw::answering(format!("{STREAM_HEAD}{whole}")).await;
    let mut gateway = run_with(&[&upstream]).await;
    let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
    assert_eq!(got.text(), whole);
    let reports = gateway.reports().await;
    let usage = reports.iter().find_map(|report| match report {
        Report::AttemptEnded(ended) => ended.usage,
        _ => None,
    });
    assert_eq!(usage.map(|usage| (usage.input, usage.output)), Some((7, 9)));
}

#[tokio::test]
async fn end_to_end_headers_travel_and_credentials_and_hop_by_hop_ones_do_not() {
    let upstream = Raw::answering(json(
        200,
        "set-cookie: a=b\r\nanthropic-ratelimit-requests-remaining: 5\r\nkeep-alive: 5\r\n",
        ODD_ANSWER,
    ))
    .await;
    let gateway = run_with(&[&upstream]).await;
    let headers = "anthropic-version: 2023-06-01\r\nanthropic-beta: a,b\r\nanthropic-beta: c\r\nUser-Agent: claude-cli/2.1\r\n\
                   x-stainless-os: Linux\r\nX-Claude-Code-Session-Id: s\r\naccept-encoding: gzip, br\r\ncookie: c=d\r\n\
                   te: trailers\r\nx-mine: 1\r\nproxy-authorization: x\r\nx-turnout-token: zzz\r\n";
    let got = gateway
        .post("/v1/messages", headers, ASK_WHOLE.as_bytes())
        .await;
    let seen = &upstream.seen()[0];
    assert_eq!(seen.header("anthropic-version"), ["2023-06-01"]);
    assert_eq!(seen.header("anthropic-beta"), ["a,b", "c"]);
    assert_eq!(seen.header("user-agent"), ["claude-cli/2.1"]);
    assert_eq!(seen.header("x-stainless-os"), ["Linux"]);
    assert_eq!(seen.header("x-claude-code-session-id"), ["s"]);
    assert_eq!(seen.header("x-mine"), ["1"]);
    assert_eq!(seen.header("x-api-key"), [KEY]);
    assert_eq!(seen.header("accept-encoding"), ["identity"]);
    assert_eq!(seen.header("host"), [upstream.address.to_string()]);
    for dropped in [
        "cookie",
        "te",
        "proxy-authorization",
        "x-turnout-token",
        "authorization",
        "connection",
    ] {
        assert!(seen.header(dropped).is_empty(), "{dropped}: {}", seen.head);
    }
    assert!(!seen.head.contains(TOKEN));
    assert_eq!(
        got.header("anthropic-ratelimit-requests-remaining"),
        Some("5")
    );
    assert_eq!(
        (got.header("set-cookie"), got.header("keep-alive")),
        (None, None)
    );
}

#[tokio::test]
async fn a_client_that_names_no_api_version_means_the_oldest() {
    let upstream = Raw::answering(json(200, "", ODD_ANSWER)).await;
    let gateway = run_with(&[&upstream]).await;
    gateway.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    gateway
        .post(
            "/v1/messages",
            "anthropic-version: 2026-10-21\r\n",
            ASK_WHOLE.as_bytes(),
        )
        .await;
    let versions: Vec<_> = upstream
        .seen()
        .iter()
        .map(|seen| seen.header("anthropic-version").concat())
        .collect();
    assert_eq!(versions, ["2023-06-01", "2026-10-21"]);
}

#[tokio::test]
async fn every_answer_tells_which_way_it_went() {
    let upstream = Raw::answering(stream("hi")).await;
    let got = run_with(&[&upstream])
        .await
        .post("/v1/messages", "", ASK.as_bytes())
        .await;
    let id = got.header("x-turnout-request-id").unwrap();
    assert!(
        id.strip_prefix("req-")
            .is_some_and(|hex| hex.len() >= 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())),
        "{id}"
    );
    assert_eq!(got.header("x-turnout-provider"), Some("p0"));
    assert_eq!(got.header("x-turnout-model"), Some("claude-x"));
    assert_eq!(got.header("x-turnout-attempts"), Some("1"));
}

#[tokio::test]
async fn a_provider_is_given_its_key_the_way_it_wants_it() {
    let ways = [
        (
            Auth::Bearer,
            "authorization",
            vec!["Bearer provider-key"],
            "/v1/messages?a=b ",
        ),
        (
            Auth::Header("X-Custom".to_owned()),
            "x-custom",
            vec![KEY],
            "/v1/messages?a=b ",
        ),
        (
            Auth::Query("key".to_owned()),
            "x-api-key",
            vec![],
            "/v1/messages?a=b&key=provider-key ",
        ),
        (Auth::None, "x-api-key", vec![], "/v1/messages?a=b "),
    ];
    for (auth, header, values, line) in ways {
        let upstream = Raw::answering(json(200, "", ODD_ANSWER)).await;
        let gateway = run(snapshot(&[upstream.address], |_, _, upstream| {
            upstream.auth = auth.clone();
        }))
        .await;
        gateway
            .post("/v1/messages?a=b", "", ASK_WHOLE.as_bytes())
            .await;
        let seen = &upstream.seen()[0];
        assert_eq!(seen.header(header), values, "{auth:?}");
        assert!(seen.head.contains(line), "{auth:?}: {}", seen.head);
    }
}

#[tokio::test]
async fn the_clients_own_credential_goes_only_where_it_is_asked_for() {
    let upstream = Raw::answering(json(200, "", ODD_ANSWER)).await;
    let gateway = run(snapshot(&[upstream.address], |_, _, upstream| {
        upstream.auth = Auth::Client;
    }))
    .await;
    let headers =
        format!("x-turnout-token: {TOKEN}\r\nauthorization: Bearer mine\r\nx-api-key: {TOKEN}\r\n");
    gateway
        .send("POST", "/v1/messages", &headers, ASK_WHOLE.as_bytes())
        .await;
    let seen = &upstream.seen()[0];
    assert_eq!(seen.header("authorization"), ["Bearer mine"]);
    assert!(!seen.head.contains(TOKEN), "{}", seen.head);
}

#[tokio::test]
async fn other_paths_pass_with_method_query_and_body() {
    let upstream = Raw::answering(json(200, "", "{\"data\":[]}")).await;
    let gateway = run_with(&[&upstream]).await;
    let got = gateway
        .send(
            "DELETE",
            "/v1/files/f%20x?y=1",
            &format!("x-api-key: {TOKEN}\r\n"),
            b"",
        )
        .await;
    assert_eq!((got.status, got.text().as_str()), (200, "{\"data\":[]}"));
    assert!(
        upstream.seen()[0]
            .head
            .starts_with("DELETE /v1/files/f%20x?y=1 HTTP/1.1"),
        "{}",
        upstream.seen()[0].head
    );
}

#[tokio::test]
async fn a_base_url_with_a_version_segment_does_not_double_it() {
    let upstream = Raw::answering(json(200, "", ODD_ANSWER)).await;
    let gateway = run(snapshot(&[upstream.address], |_, _, upstream| {
        upstream.base_url.push_str("/api/v1");
    }))
    .await;
    gateway.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    assert!(
        upstream.seen()[0]
            .head
            .starts_with("POST /api/v1/messages HTTP/1.1"),
        "{}",
        upstream.seen()[0].head
    );
}

// PITFALLS 14, 15
#[tokio::test]
async fn a_provider_that_compresses_unasked_is_still_read() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder
        .write_all(format!("{OPENING}{}{CLOSING}", delta("hi")).as_bytes())
        .unwrap();
    let body = encoder.finish().unwrap();
    let mut answer = STREAM_HEAD
        .replace("\r\n\r\n", "\r\ncontent-encoding: gzip\r\n\r\n")
        .into_bytes();
    answer.extend(body);
    let upstream = Raw::answering(answer).await;
    let got = run_with(&[&upstream])
        .await
        .post("/v1/messages", "", ASK.as_bytes())
        .await;
    assert!(got.text().contains("\"text\":\"hi\""), "{}", got.text());
    assert_eq!(got.header("content-encoding"), None);
}

/// `body` with these codings put on, in this order.
async fn coded(body: &[u8], codings: &[&str]) -> Vec<u8> {
    use async_compression::tokio::bufread as coder;
    let mut body = body.to_vec();
    for coding in codings {
        let mut coded = Vec::new();
        let plain = body.as_slice();
        let written = match *coding {
            "gzip" => coder::GzipEncoder::new(plain).read_to_end(&mut coded).await,
            "deflate" => coder::ZlibEncoder::new(plain).read_to_end(&mut coded).await,
            "bare deflate" => {
                coder::DeflateEncoder::new(plain)
                    .read_to_end(&mut coded)
                    .await
            }
            "br" => {
                coder::BrotliEncoder::new(plain)
                    .read_to_end(&mut coded)
                    .await
            }
            _ => coder::ZstdEncoder::new(plain).read_to_end(&mut coded).await,
        };
        written.unwrap();
        body = coded;
    }
    body
}

// PITFALLS 17, 18
#[tokio::test]
async fn a_compressed_request_is_read_and_sent_on_plain() {
    for (told, codings) in [
        ("gzip", &["gzip"][..]),
        ("deflate", &["deflate"]),
        ("deflate", &["bare deflate"]),
        ("br", &["br"]),
        ("zstd", &["zstd"]),
        ("gzip, zstd", &["gzip", "zstd"]),
    ] {
        let upstream = Raw::answering(json(200, "", ODD_ANSWER)).await;
        let gateway = run_with(&[&upstream]).await;
        let header = format!("content-encoding: {told}\r\n");
        let body = coded(ASK_WHOLE.as_bytes(), codings).await;
        let got = gateway.post("/v1/messages", &header, &body).await;
        assert_eq!(got.status, 200, "{told}: {}", got.text());
        let seen = &upstream.seen()[0];
        assert_eq!(String::from_utf8_lossy(&seen.body), ASK_WHOLE, "{told}");
        assert!(seen.header("content-encoding").is_empty(), "{told}");
    }
}

// PITFALLS 18, 25
#[tokio::test]
async fn a_small_body_that_unfolds_without_end_is_refused() {
    let upstream = Raw::answering(json(200, "", ODD_ANSWER)).await;
    let gateway = run_with(&[&upstream]).await;
    let body = coded(&vec![b' '; 80 << 20], &["zstd", "gzip"]).await;
    let header = "content-encoding: zstd, gzip\r\n";
    let got = gateway.post("/v1/messages", header, &body).await;
    assert_eq!(got.status, 413, "{}", got.text());
    assert!(upstream.seen().is_empty());
}

// PITFALLS 16
#[tokio::test]
async fn a_compressed_error_is_told_in_plain() {
    let error =
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"too many shoes"}}"#;
    let body = coded(error.as_bytes(), &["gzip"]).await;
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let upstream = Raw::answering([head.into_bytes(), body].concat()).await;
    let got = run_with(&[&upstream])
        .await
        .post("/v1/messages", "", ASK.as_bytes())
        .await;
    assert_eq!((got.status, got.header("content-encoding")), (400, None));
    assert_eq!(got.json()["error"]["message"], "too many shoes");
}

#[tokio::test]
async fn no_path_leads_out_of_a_providers_own() {
    let upstream = Raw::answering(json(200, "", ODD_ANSWER)).await;
    let settings = snapshot(&[upstream.address], |_, _, upstream| {
        upstream.base_url.push_str("/base/x");
    });
    let gateway = run(settings).await;
    for path in [
        "/v1/../../../admin",
        "/v1/%2e%2e/%2E%2e/admin",
        "/v1/..%2fadmin",
        "/v1/x\\..\\admin",
        "/provider/p0/v1/./x",
    ] {
        let got = gateway.post(path, "", ASK_WHOLE.as_bytes()).await;
        assert!(matches!(got.status, 400 | 404), "{path}: {}", got.status);
    }
    assert!(upstream.seen().is_empty(), "{:?}", upstream.seen());
}

#[tokio::test]
async fn a_path_may_pin_a_provider_or_a_group_by_any_name() {
    let (first, second) = (
        Raw::answering("").await,
        Raw::answering(json(200, "", ODD_ANSWER)).await,
    );
    let mut settings = snapshot(&[first.address, second.address], |_, _, _| {});
    let mut topology = (*settings.topology).clone();
    topology.groups.push(routing::Group {
        name: "\u{667a}\u{8c31}".into(),
        members: topology.groups[0].members[1..].to_vec(),
        ..topology.groups[0].clone()
    });
    settings.topology = std::sync::Arc::new(topology);
    let gateway = run(settings).await;
    for path in [
        "/provider/p1/v1/messages",
        "/group/%E6%99%BA%E8%B0%B1/v1/messages",
    ] {
        let got = gateway.post(path, "", ASK_WHOLE.as_bytes()).await;
        assert_eq!(
            (got.status, got.header("x-turnout-provider")),
            (200, Some("p1")),
            "{path}"
        );
    }
    assert!(
        second.seen()[0]
            .head
            .starts_with("POST /v1/messages HTTP/1.1")
    );
    let unknown = gateway
        .post("/provider/nobody/v1/messages", "", ASK_WHOLE.as_bytes())
        .await;
    assert_eq!(
        (unknown.status, unknown.json()["error"]["type"].as_str()),
        (404, Some("not_found_error"))
    );
    assert_eq!(
        gateway
            .send("HEAD", "/provider/p1/api/hello", "", b"")
            .await
            .status,
        200
    );
}
