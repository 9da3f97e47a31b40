//! A process killed in the middle of its work leaves a trace that the next start can read and close.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::Value;
use tests::admin::Admin;
use tests::config::Config;
use tests::http::Call;
use tests::message::{names, plain, streamed};
use tests::program::{Practice, Turnout};
use tests::until;
use tokio::task::JoinSet;

#[tokio::test]
async fn streams_that_a_kill_ended_are_closed_as_failed_by_the_next_start() {
    const STREAMS: usize = 8;
    let practice = Practice::start("a").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    for _ in 0..3 {
        turnout.ask(&plain("before the crash")).await;
    }
    practice.fail(Some("long;gap=200")).await;
    let mut running = Vec::new();
    for _ in 0..STREAMS {
        let mut answering = turnout
            .call(&streamed("through the crash"))
            .open(&turnout.base)
            .await
            .unwrap();
        answering.event_named("content_block_delta").await;
        running.push(answering);
    }
    let admin = turnout.admin();
    until("all requests to be in the ledger", || async {
        let rows = admin.requests().await;
        let live = rows
            .iter()
            .filter(|row| row["status"] == "streaming")
            .count();
        (live == STREAMS && rows.len() == STREAMS + 3).then_some(())
    })
    .await;

    let home = turnout.kill().await;
    for answering in &mut running {
        while let Ok(Some(_)) = answering.event().await {}
    }
    practice.fail(None).await;
    let turnout = home.start().await;
    let rows = turnout.admin().requests().await;
    let with = |status: &str| rows.iter().filter(|row| row["status"] == status).count();
    assert_eq!(
        (with("completed"), with("failed"), rows.len()),
        (3, STREAMS, STREAMS + 3),
        "{rows:#?}"
    );
    for row in rows.iter().filter(|row| row["status"] == "failed") {
        let detail = turnout.admin().request(row["id"].as_str().unwrap()).await;
        assert!(detail["error"].is_string(), "{detail:#}");
        let attempts = detail["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), 1, "{detail:#}");
        assert!(
            attempts[0]["verdict"].is_string(),
            "an attempt was left open: {detail:#}"
        );
    }
    until("the upstream to hear that its clients are gone", || async {
        (practice.count("in_flight").await == 0).then_some(())
    })
    .await;
    assert_eq!(turnout.ask(&plain("after the crash")).await.status, 200);
    until("the new request to join the old ones", || async {
        (turnout.admin().requests().await.len() == STREAMS + 4).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_polite_end_lets_running_answers_finish() {
    let practice = Practice::failing("a", "long;gap=5").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    let mut answering = turnout
        .call(&streamed("finish me"))
        .open(&turnout.base)
        .await
        .unwrap();
    answering.event_named("content_block_delta").await;
    let (ended, answer) = tokio::join!(turnout.terminate(), answering.whole());
    let (home, code) = ended;
    assert_eq!(code, 0);
    let answer = answer.expect("the end cut a running answer");
    assert_eq!(names(&answer.events()).last(), Some(&"message_stop"));
    let turnout = home.start().await;
    assert_eq!(turnout.admin().newest().await["status"], "completed");
}

/// What a client saw of an answer that it has whole.
struct Seen {
    id: String,
    /// When it was there.
    at: Instant,
    output_tokens: u64,
}

/// One answer; an error where the program was killed meanwhile.
async fn whole(call: Call, base: &str) -> io::Result<Seen> {
    let answer = call.open(base).await?.whole().await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.header("x-turnout-request-id").unwrap().to_owned();
    let events = answer.events();
    let told = if events.is_empty() {
        answer.json()
    } else if names(&events).last() == Some(&"message_stop") {
        let told = events.iter().rfind(|event| event.name == "message_delta");
        told.unwrap().json()
    } else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    Ok(Seen {
        id,
        at: Instant::now(),
        output_tokens: told["usage"]["output_tokens"].as_u64().unwrap(),
    })
}

/// All rows of the history by their ids; none may be there twice.
async fn history(admin: &Admin) -> HashMap<String, Value> {
    let (mut rows, mut path) = (HashMap::new(), "/requests?limit=1000".to_owned());
    loop {
        let page = admin.get(&path).await;
        for row in page["items"].as_array().unwrap() {
            let id = row["id"].as_str().unwrap().to_owned();
            assert!(rows.insert(id, row.clone()).is_none(), "twice: {row:#}");
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/requests?limit=1000&cursor={cursor}"),
            None => return rows,
        }
    }
}

/// `TURNOUT_SEED` repeats when the kills come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_under_load_lose_what_ended_in_the_last_moment_and_nothing_else() {
    const KILLS: u32 = 10;
    const CLIENTS: u64 = 8;
    /// What may be missing ended this long before a kill.
    const MOMENT: Duration = Duration::from_millis(250);
    let given = std::env::var("TURNOUT_SEED").ok();
    let seed = given.map_or_else(|| Rng::new().u64(..1 << 32), |seed| seed.parse().unwrap());
    println!("TURNOUT_SEED={seed}");
    let mut chance = Rng::with_seed(seed);
    let practice = Practice::start("a").await;
    let mut turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    // What is known to be in the history, by id, and what it was said to have used.
    let mut kept: HashMap<String, Value> = HashMap::new();
    let (mut answers, mut missing) = (0, 0);
    for kill in 1..=KILLS {
        let got = Arc::new(Mutex::new(Vec::new()));
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let body = if client % 2 == 0 {
                plain("hello")
            } else {
                streamed("hello")
            };
            let (call, base, got) = (turnout.call(&body), turnout.base.clone(), got.clone());
            clients.spawn(async move {
                while let Ok(answer) = whole(call.clone(), &base).await {
                    got.lock().unwrap().push(answer);
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(chance.u64(300..900))).await;
        let killed = Instant::now();
        let home = turnout.kill().await;
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
        turnout = home.start().await;
        let admin = turnout.admin();
        let rows = history(&admin).await;
        for (id, row) in &kept {
            assert_eq!(
                rows.get(id),
                Some(row),
                "kill {kill} changed what was there"
            );
        }
        let got = std::mem::take(&mut *got.lock().unwrap());
        assert!(!got.is_empty(), "kill {kill} came before the first answer");
        answers += got.len();
        for answer in got {
            let row = rows
                .get(&answer.id)
                .filter(|row| row["status"] == "completed");
            if let Some(row) = row {
                assert_eq!(row["output_tokens"], answer.output_tokens, "{row:#}");
                continue;
            }
            missing += 1;
            let before = killed.saturating_duration_since(answer.at);
            assert!(
                before <= MOMENT,
                "kill {kill}: {} ended {before:?} before it and is not in the history",
                answer.id
            );
        }
        let mut output_tokens = 0;
        for row in rows.values() {
            let ended = ["completed", "failed", "cancelled"]
                .iter()
                .any(|it| row["status"] == *it);
            assert!(ended, "left open: {row:#}");
            assert!(
                row["status"] != "completed" || row["attempts"] == 1,
                "{row:#}"
            );
            output_tokens += row["output_tokens"].as_u64().unwrap();
        }
        let usage = admin.get("/usage?by=hour").await;
        assert_eq!(usage["total"]["requests"], rows.len());
        assert_eq!(usage["total"]["output_tokens"], output_tokens);
        kept = rows;
    }
    println!("{answers} answers, {missing} of them not in the history, after {KILLS} kills");
}
