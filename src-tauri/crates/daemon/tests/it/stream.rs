//! The event stream: what it begins with, what it tells, what it repeats, how it ends.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{ADMIN, CONFIG, Home, House, soon};

struct Stream {
    answer: Response,
    text: String,
}

#[derive(Debug, Clone)]
struct Told {
    id: u64,
    kind: String,
    data: Value,
}

impl Stream {
    async fn open(house: &House, query: &str, seen: Option<u64>) -> Self {
        let call = house.call(Method::GET, &format!("/stream{query}"));
        let call = match seen {
            Some(seen) => call.header("last-event-id", seen),
            None => call,
        };
        let answer = call.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self {
            answer,
            text: String::new(),
        }
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = told(event);
                self.text = String::from(rest);
                return Some(event);
            }
            let piece = soon(self.answer.chunk()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    async fn next_where(&mut self, wanted: impl Fn(&Told) -> bool) -> Told {
        loop {
            let event = self.next().await.expect("the stream ended");
            if wanted(&event) {
                return event;
            }
        }
    }
}

fn told(event: &str) -> Told {
    let field = |name: &str| {
        event
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .unwrap()
    };
    Told {
        id: field("id").parse().unwrap(),
        kind: field("event").to_owned(),
        data: serde_json::from_str(field("data")).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_begins_with_the_status_and_tells_what_changes() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let mut stream = Stream::open(&house, "", None).await;
    let first = stream.next().await.unwrap();
    assert_eq!(
        (first.kind.as_str(), &first.data["active_group"]),
        ("status", &"main".into())
    );

    house.daemon.activate("second").unwrap();
    let group = stream
        .next_where(|told| told.kind == "group" && told.data["name"] == "second")
        .await;
    assert_eq!(group.data["active"], true);
    stream
        .next_where(|told| told.kind == "status" && told.data["active_group"] == "second")
        .await;

    house.ask(false).await.text().await.unwrap();
    let row = stream
        .next_where(|told| told.kind == "request" && told.data["status"] == "completed")
        .await;
    assert_eq!(
        (&row.data["provider"], &row.data["attempts"]),
        (&"other".into(), &1.into())
    );
    let listed = house.get("/requests").await["items"][0].clone();
    assert!(listed["unpriced"].is_boolean(), "{listed}");
    assert_eq!(row.data["unpriced"], listed["unpriced"]);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_comes_back_gets_what_was_missed_and_nothing_twice() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let mut watcher = Stream::open(&house, "?events=group", None).await;
    house.daemon.activate("second").unwrap();
    let seen = watcher.next().await.unwrap().id;
    drop(watcher);
    house.daemon.pause("main").unwrap();
    // Another reader tells when the change was published.
    let mut other = Stream::open(&house, "?events=group", Some(seen)).await;
    let paused = other
        .next_where(|told| told.data["name"] == "main" && told.data["paused"] == true)
        .await;

    let mut back = Stream::open(&house, "?events=group", Some(seen)).await;
    let mut last = seen;
    while last < paused.id {
        let event = back.next().await.unwrap();
        assert!(event.id > last, "{event:?} after {last}");
        assert_eq!(event.kind, "group");
        last = event.id;
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_an_earlier_run_begins_anew() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let mut stream = Stream::open(&house, "", Some(1_000_000)).await;
    assert_eq!(stream.next().await.unwrap().kind, "status");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_beats_while_nothing_happens() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let mut stream = Stream::open(&house, "?events=status", None).await;
    let first = stream.next().await.unwrap();
    let beat = stream
        .next_where(|told| told.data["uptime"] != first.data["uptime"])
        .await;
    assert!(beat.id > first.id);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_it_at_once() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let mut stream = Stream::open(&house, "", None).await;
    stream.next().await.unwrap();
    // Far below the grace for answers: the stream does not use it up.
    tokio::time::timeout(Duration::from_secs(10), house.daemon.stop())
        .await
        .unwrap();
    while stream.next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_log_and_usage_are_told_as_they_change() {
    let home = Home::new(CONFIG);
    let _log = daemon::log::init(&home.options());
    let house = home.start().await;
    let mut stream = Stream::open(&house, "?events=connection,log,usage", None).await;
    house.ask(true).await.text().await.unwrap();
    for status in ["pending", "forwarding", "streaming", "completed"] {
        let told = stream
            .next_where(|told| told.kind == "connection" && told.data["status"] == status)
            .await;
        assert_eq!(told.data["token"], "local");
        assert!(told.data["bytes_in"].as_u64() > Some(0), "{:?}", told.data);
        if status == "completed" {
            assert!(told.data["bytes_out"].as_u64() > Some(0), "{:?}", told.data);
        }
    }
    stream
        .next_where(|told| told.kind == "usage" && told.data["requests"] == 1)
        .await;
    house.daemon.activate("second").unwrap();
    let line = stream
        .next_where(|told| told.kind == "log" && told.data["message"] == "group second was chosen")
        .await;
    assert_eq!(line.data["level"], "info");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_gone_ends_what_is_read_with_it() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let made = json!({ "name": "board", "scopes": ["admin:read"] });
    let made = house.post("/tokens", Some(made)).await;
    let read = async |token: &str| {
        let call = house.bare(Method::GET, "/stream").bearer_auth(token);
        let mut stream = Stream {
            answer: call.send().await.unwrap(),
            text: String::new(),
        };
        assert_eq!(stream.next().await.unwrap().kind, "status");
        stream
    };
    let mut board = read(made["token"].as_str().unwrap()).await;
    let mut admin = read(ADMIN).await;
    let call = house.call(Method::DELETE, "/tokens/board");
    assert_eq!(call.send().await.unwrap().status(), 204);
    while board.next().await.is_some() {}

    house.daemon.pause("second").unwrap();
    admin
        .next_where(|told| told.kind == "group" && told.data["paused"] == true)
        .await;
    house.post("/tokens/admin/rotate", None).await;
    while admin.next().await.is_some() {}
    house.daemon.stop().await;
}
