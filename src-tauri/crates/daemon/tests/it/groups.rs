//! Groups, modes and providers, steered by hand, and what of it lasts.

use std::fs;
use std::sync::Barrier;

use daemon::view::{NoticeKind, Payload};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{CONFIG, Home, House, soon, until, with_json};

async fn group(house: &House, name: &str) -> Value {
    let groups = house.get("/groups").await;
    groups["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|group| group["name"] == name)
        .unwrap()
        .clone()
}

async fn set_mode(house: &House, mode: &str) {
    let call = with_json(house.call(Method::PUT, "/mode"), &json!({ "mode": mode }));
    assert!(call.send().await.unwrap().status().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_group_serves_the_next_request() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    assert_eq!(house.served_by().await, "first");
    let told = house.post("/groups/second/activate", None).await;
    assert_eq!(
        (&told["name"], &told["active"], &told["state"]),
        (&json!("second"), &json!(true), &json!("active"))
    );
    assert_eq!(house.served_by().await, "other");
    let status = house.get("/status").await;
    assert_eq!(
        (&status["active_group"], &status["active_provider"]),
        (&json!("second"), &json!("other"))
    );
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_groups_chosen_at_once_the_one_in_force_is_the_one_that_is_kept() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let daemon = &house.daemon;
    for round in 0..100 {
        let start = Barrier::new(2);
        std::thread::scope(|scope| {
            for group in ["main", "second"] {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    daemon.activate(group).unwrap();
                });
            }
        });
        let kept = fs::read(home.data().join("state.json")).unwrap();
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        let active = daemon.status().await.active_group;
        assert_eq!(kept["group"], json!(active), "round {round}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_group_serves_nothing_until_it_is_resumed() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    assert_eq!(
        house.post("/groups/main/pause", None).await["state"],
        "paused"
    );
    assert_eq!(house.served_by().await, "other");
    assert_eq!(
        house.post("/groups/main/resume", None).await["state"],
        "active"
    );
    assert_eq!(house.served_by().await, "first");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_survive_a_restart_and_never_reach_the_config() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    house.post("/groups/second/activate", None).await;
    house.post("/groups/main/pause", None).await;
    house.post("/providers/spare/disable", None).await;
    set_mode(&house, "manual").await;
    house.daemon.stop().await;
    assert_eq!(fs::read_to_string(home.config()).unwrap(), CONFIG);

    let house = home.start().await;
    let status = house.get("/status").await;
    assert_eq!(
        (&status["active_group"], &status["mode"]),
        (&json!("second"), &json!("manual"))
    );
    assert_eq!(group(&house, "main").await["paused"], true);
    let providers = house.get("/providers").await;
    let enabled: Vec<_> = providers["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["enabled"])
        .collect();
    assert_eq!(enabled, [true, false, true]);
    house.post("/groups/main/activate", None).await;
    assert_eq!(group(&house, "main").await["paused"], false);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_word_of_the_config_undoes_a_choice_for_good() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    set_mode(&house, "manual").await;
    house.post("/providers/spare/disable", None).await;
    let name = "name = \"spare\"\n";
    let edited = CONFIG.replace(name, &format!("{name}enabled = false\n"));
    for text in [
        format!("{edited}[routing]\nmode = \"manual\"\n"),
        CONFIG.to_owned(),
    ] {
        home.write("config.toml", &text);
        house.post("/config/reload", None).await;
    }
    let told = async |house: &House| {
        let mode = house.get("/status").await["mode"].clone();
        let providers = house.get("/providers").await;
        (mode, providers["items"][1]["enabled"].clone())
    };
    let meant = (json!("auto"), json!(true));
    assert_eq!(told(&house).await, meant);
    house.daemon.stop().await;
    let house = home.start().await;
    assert_eq!(told(&house).await, meant);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_group_that_comes_back_is_chosen_again() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    house.post("/groups/second/activate", None).await;
    let (without, _) = CONFIG.split_once("[[groups]]\nname = \"second\"").unwrap();
    for (text, active) in [(without, "main"), (CONFIG, "second")] {
        home.write("config.toml", text);
        house.post("/config/reload", None).await;
        assert_eq!(house.get("/status").await["active_group"], active);
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_provider_is_passed_over() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let told = house.post("/providers/first/disable", None).await;
    assert_eq!(
        (&told["enabled"], &told["health"]),
        (&json!(false), &json!("disabled"))
    );
    assert_eq!(house.served_by().await, "spare");
    house.post("/providers/first/enable", None).await;
    assert_eq!(house.served_by().await, "first");
    // The outcome of a request is recorded beside its answer, maybe between the two calls.
    until(async || {
        let endpoints = house.get("/endpoints").await;
        (endpoints == house.get("/providers").await).then_some(())
    })
    .await;
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_practice_outage_shows_a_failover_and_a_notice() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let mut events = house.daemon.events();
    assert_eq!(
        house
            .post("/practice/outage", Some(json!({ "on": true })))
            .await["on"],
        true
    );
    assert_eq!(house.get("/status").await["practice_outage"], true);
    assert_eq!(house.served_by().await, "spare");
    let notice = soon(async {
        loop {
            if let Payload::Notice(notice) = &events.recv().await.unwrap().payload {
                return notice.clone();
            }
        }
    })
    .await;
    assert_eq!(notice.kind, NoticeKind::Failover);
    assert_eq!(
        notice.body,
        "Switched from first to spare: first is overloaded"
    );

    assert_eq!(
        house
            .post("/practice/outage", Some(json!({ "on": false })))
            .await["on"],
        false
    );
    house.post("/providers/first/reset", None).await;
    assert_eq!(house.served_by().await, "first");
    house.daemon.stop().await;
}
