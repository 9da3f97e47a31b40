//! The live stream of the admin API: what the window, the tray and any other program watch.

use tests::config::{ADMIN, Config};
use tests::http::{Answering, Call};
use tests::message::plain;
use tests::program::{Practice, Turnout};

async fn watch(turnout: &Turnout, kinds: &str) -> Answering {
    let call = Call::get(&format!("/api/v1/stream?events={kinds}")).bearer(ADMIN);
    let stream = call.open(&turnout.base).await.unwrap();
    assert_eq!(stream.status, 200);
    assert!(
        stream
            .header("content-type")
            .unwrap()
            .starts_with("text/event-stream")
    );
    stream
}

#[tokio::test]
async fn a_request_is_told_from_start_to_end() {
    let practice = Practice::start("a").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    let mut stream = watch(&turnout, "request").await;
    let answer = turnout.ask(&plain("hi")).await;
    let id = answer.header("x-turnout-request-id").unwrap();
    loop {
        let event = stream.event_named("request").await;
        assert!(
            event.id.is_some(),
            "an event without an id cannot be resumed from"
        );
        let row = event.json();
        assert_eq!(row["id"], id);
        if row["status"] == "completed" {
            assert_eq!(row["provider"], "a");
            assert!(row["output_tokens"].as_u64().unwrap() > 0, "{row:#}");
            break;
        }
    }
}

#[tokio::test]
async fn a_failover_and_the_recovery_are_noticed() {
    let (first, second) = (
        Practice::failing("first", "500").await,
        Practice::start("second").await,
    );
    let config = Config::chain([
        ("first", first.base.clone()),
        ("second", second.base.clone()),
    ])
    .routing(r#"cooldown = "1ms""#)
    .routing(r#"breaker = { failures = 2, window = "60s", recovery = "300ms", probes = 1 }"#);
    let turnout = Turnout::start(&config).await;
    let mut stream = watch(&turnout, "notice").await;
    turnout.ask(&plain("hi")).await;
    let notice = stream.event_named("notice").await.json();
    assert_eq!(notice["kind"], "failover", "{notice:#}");
    let told = format!("{} {}", notice["title"], notice["body"]);
    assert!(
        told.contains("first") && told.contains("second"),
        "who failed and who serves is missing: {told}"
    );

    turnout.ask(&plain("hi")).await;
    first.fail(None).await;
    let recovered = async {
        loop {
            let notice = stream.event_named("notice").await.json();
            if notice["kind"] == "recovery" {
                return notice;
            }
        }
    };
    let asking = async {
        loop {
            turnout.ask(&plain("hi")).await;
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let notice = tokio::time::timeout(tests::PATIENCE, async {
        tokio::select! { notice = recovered => notice, () = asking => unreachable!() }
    });
    let notice = notice.await.expect("a recovery notice");
    assert!(
        format!("{} {}", notice["title"], notice["body"]).contains("first"),
        "{notice:#}"
    );
}

#[tokio::test]
async fn a_reader_that_comes_back_gets_what_it_missed() {
    let practice = Practice::start("a").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    let mut stream = watch(&turnout, "request").await;
    turnout.ask(&plain("first")).await;
    let last = stream.event_named("request").await.id.unwrap();
    drop(stream);
    let answer = turnout.ask(&plain("missed")).await;
    let missed = answer.header("x-turnout-request-id").unwrap();
    let call = Call::get("/api/v1/stream?events=request")
        .bearer(ADMIN)
        .header("last-event-id", &last);
    let mut stream = call.open(&turnout.base).await.unwrap();
    loop {
        let event = stream.event_named("request").await;
        assert!(event.id.as_ref().unwrap().parse::<u64>().unwrap() > last.parse().unwrap());
        if event.json()["id"] == missed {
            break;
        }
    }
}
