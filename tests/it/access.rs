//! Who may call: tokens, and the checks that keep web pages out.

use tests::config::{ADMIN, CLIENT, Config};
use tests::http::{Answer, Call};
use tests::message::plain;
use tests::program::{Practice, Turnout};

async fn started() -> (Practice, Turnout) {
    let practice = Practice::start("a").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    (practice, turnout)
}

fn ask() -> Call {
    Call::post("/v1/messages", plain("hi").to_string())
}

fn is_refusal(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["type"], "error", "{body:#}");
    let message = body["error"]["message"].as_str().unwrap();
    assert!(
        message.contains(answer.header("x-turnout-request-id").unwrap()),
        "no request id in: {message}"
    );
    assert_eq!(answer.header("x-should-retry"), Some("false"));
}

#[tokio::test]
async fn a_client_token_is_asked_for_and_known_in_three_headers() {
    let (practice, turnout) = started().await;
    is_refusal(&ask().send(&turnout.base).await, 401);
    is_refusal(&ask().bearer("wrong").send(&turnout.base).await, 401);
    is_refusal(
        &ask().header("x-api-key", ADMIN).send(&turnout.base).await,
        401,
    );
    let models = Call::get("/v1/models").header("anthropic-version", "2023-06-01");
    is_refusal(&models.send(&turnout.base).await, 401);
    assert_eq!(
        practice.calls().await,
        0,
        "a call without a token went upstream"
    );
    for call in [
        ask().bearer(CLIENT),
        ask().header("x-api-key", CLIENT),
        ask().header("x-turnout-token", CLIENT),
    ] {
        assert_eq!(call.send(&turnout.base).await.status, 200);
    }
    assert_eq!(turnout.admin().newest().await["token"], "tests");
}

#[tokio::test]
async fn liveness_needs_no_token_and_tells_nothing() {
    let (_practice, turnout) = started().await;
    for (method, path) in [
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/health"),
        ("HEAD", "/api/hello"),
    ] {
        let answer = Call::new(method, path).send(&turnout.base).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        assert!(
            !answer.text().contains("127.0.0.1") && !answer.text().contains("\"a\""),
            "{}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn the_admin_api_takes_the_admin_token_alone() {
    let (_practice, turnout) = started().await;
    for call in [
        Call::get("/api/v1/status"),
        Call::get("/api/v1/status").bearer("wrong"),
        Call::get("/api/v1/status").bearer(CLIENT),
        Call::get("/api/v1/status").header("cookie", "turnout_session=guessed"),
        Call::get("/api/v1/nowhere"),
        Call::post("/api/v1/groups/main/activate", ""),
    ] {
        let answer = call.send(&turnout.base).await;
        assert_eq!(answer.status, 401, "{call:?}: {}", answer.text());
        assert!(answer.json()["error"]["message"].is_string());
    }
    assert_eq!(
        Call::get("/api/v1/status")
            .bearer(ADMIN)
            .send(&turnout.base)
            .await
            .status,
        200
    );
    assert_eq!(
        Call::get("/api/v1/nowhere")
            .bearer(ADMIN)
            .send(&turnout.base)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn web_pages_and_rebound_names_are_kept_out() {
    let (practice, turnout) = started().await;
    let refused = [
        ("host", "evil.example"),
        ("host", "evil.example:80"),
        ("host", "127.0.0.1.evil.example"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for (name, value) in refused {
        for call in [
            ask().bearer(CLIENT),
            Call::get("/api/v1/status").bearer(ADMIN),
            Call::get("/v1/models").bearer(CLIENT),
        ] {
            let answer = call.header(name, value).send(&turnout.base).await;
            assert_eq!(answer.status, 403, "{name}: {value}: {}", answer.text());
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    assert_eq!(practice.calls().await, 0);
    for host in ["localhost", "localhost:7790", "127.0.0.1", "[::1]:80"] {
        assert_eq!(
            ask()
                .bearer(CLIENT)
                .header("host", host)
                .send(&turnout.base)
                .await
                .status,
            200,
            "{host}"
        );
    }
}

#[tokio::test]
async fn the_one_time_link_opens_a_session_once() {
    let (_practice, turnout) = started().await;
    let link = turnout.ui.strip_prefix(&turnout.base).unwrap().to_owned();
    let first = Call::get(&link).send(&turnout.base).await;
    assert_eq!(
        (first.status, first.header("location")),
        (303, Some("/ui/")),
        "{}",
        first.text()
    );
    let cookie = first.header("set-cookie").unwrap().to_owned();
    for word in ["turnout_session=", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(word), "no {word} in {cookie}");
    }
    let session = cookie.split(';').next().unwrap().to_owned();
    let status = Call::get("/api/v1/status").header("cookie", &session);
    assert_eq!(status.send(&turnout.base).await.status, 200);
    assert_eq!(
        status
            .header("sec-fetch-site", "same-site")
            .send(&turnout.base)
            .await
            .status,
        403
    );

    let again = Call::get(&link).send(&turnout.base).await;
    assert_ne!(again.status, 303, "the link worked twice");
    assert_eq!(again.header("set-cookie"), None);
}

#[tokio::test]
async fn no_secret_is_in_any_answer_file_or_log() {
    let (_practice, turnout) = started().await;
    let admin = turnout.admin();
    turnout.ask(&plain("hi")).await;
    let id = admin.newest().await["id"].as_str().unwrap().to_owned();
    let key = tests::config::Provider::key("a", 0);
    for path in [
        "/status",
        "/groups",
        "/providers",
        "/keys",
        "/requests",
        &format!("/requests/{id}"),
    ] {
        let text = admin.get(path).await.to_string();
        for secret in [key.as_str(), ADMIN, CLIENT] {
            assert!(!text.contains(secret), "{path} shows a secret: {text}");
        }
    }
    let keys = admin.get("/keys").await;
    assert_eq!(
        keys["items"][0]["masked"],
        format!("…{}", &key[key.len() - 4..]),
        "{keys:#}"
    );
    let home = turnout.kill().await;
    for secret in [key.as_str(), ADMIN, CLIENT] {
        assert_eq!(
            holds(home.path(), secret.as_bytes()),
            None::<std::path::PathBuf>,
            "a file holds a secret"
        );
    }
}

fn holds(folder: &std::path::Path, secret: &[u8]) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find_map(|path| {
            if path.is_dir() {
                return holds(&path, secret);
            }
            let bytes = std::fs::read(&path).unwrap_or_default();
            bytes
                .windows(secret.len())
                .any(|window| window == secret)
                .then_some(path)
        })
}
