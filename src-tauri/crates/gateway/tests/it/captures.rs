//! What was said in a request is told behind it, and an earlier request can be sent again.

use std::sync::mpsc;

use axum::body::{Body, to_bytes};
use gateway::{Auth, Capture, Impatient, Report, Resent};
use http::Request;
use tower::ServiceExt as _;

use crate::support::{
    ASK, ASK_WHOLE, Raw, Running, TOKEN, json, run, run_with, snapshot, stream, within,
};

const ANSWER: &str = "{\"content\":[{\"type\":\"text\",\"text\":\"hi\"}],\"usage\":{\"input_tokens\":3,\"output_tokens\":4}}";

#[test]
fn a_client_has_the_end_of_its_answer_before_what_was_said_is_worked_on() {
    // There is one thread for such work, and it is busy.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let upstream = Raw::answering(stream("hello")).await;
        let mut settings = snapshot(&[upstream.address], |_, _, _| {});
        settings.limits.capture = Some(Capture {
            only_failed: false,
            max_body: 1 << 20,
        });
        let mut gateway = run(settings).await;
        let (free, busy) = mpsc::channel::<()>();
        let work = tokio::task::spawn_blocking(move || busy.recv());
        let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
        assert!(got.text().contains("message_stop") && !got.broken);
        let is_captured = |report: &Report| matches!(report, Report::Captured(_));
        assert!(!gateway.reports().await.iter().any(is_captured));
        assert!(!gateway.waiting_reports().iter().any(is_captured));
        free.send(()).unwrap();
        work.await.unwrap().unwrap();
        while !is_captured(&gateway.report().await) {}
    });
}

async fn resend(gateway: &Running, path: &str) -> (u16, String) {
    let request = Request::post(path)
        .header("x-turnout-token", TOKEN)
        .header("authorization", format!("Bearer {TOKEN}"))
        .extension(Resent("req-old".into()))
        .extension(Impatient)
        .body(Body::from(ASK_WHOLE))
        .unwrap();
    let answer = within(gateway.gateway.router().oneshot(request)).await;
    let (parts, body) = answer.unwrap().into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    (
        parts.status.as_u16(),
        String::from_utf8_lossy(&body).into_owned(),
    )
}

#[tokio::test]
async fn a_request_that_is_sent_again_passes_by_providers_that_want_a_login_of_its_own() {
    let login = Raw::answering(json(200, "", ANSWER)).await;
    let keyed = Raw::answering(json(200, "", ANSWER)).await;
    let addresses = [login.address, keyed.address];
    let mut gateway = run(snapshot(&addresses, |index, provider, upstream| {
        if index == 0 {
            upstream.auth = Auth::Client;
            provider.keys.clear();
        }
    }))
    .await;
    assert_eq!(resend(&gateway, "/v1/messages").await.0, 200);
    assert_eq!((login.seen().len(), keyed.seen().len()), (0, 1));
    gateway.reports().await;

    let (status, why) = resend(&gateway, "/provider/p0/v1/messages").await;
    assert!(status >= 400, "{status}");
    assert!(why.contains("its client's own login"), "{why}");
    assert_eq!(login.seen().len(), 0);

    // Others are served as before.
    gateway.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    assert_eq!(login.seen().len(), 1);
}

#[tokio::test]
async fn a_request_that_is_sent_again_says_so_from_its_start() {
    let upstream = Raw::answering(json(200, "", ANSWER)).await;
    let mut gateway = run_with(&[&upstream]).await;
    resend(&gateway, "/v1/messages").await;
    let reports = gateway.reports().await;
    let Some(Report::Started(started)) = reports.first() else {
        panic!("{reports:?}");
    };
    assert_eq!(started.replay_of.as_deref(), Some("req-old"));
    assert_eq!(started.client.as_deref(), Some("replay"));
    gateway.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    let reports = gateway.reports().await;
    assert!(
        reports.iter().any(
            |report| matches!(report, Report::Started(started) if started.replay_of.is_none())
        )
    );
}
