//! What is recorded of requests, and how it is asked for.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{CONFIG, Home, refused, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_in_the_history_with_its_chain() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    house.daemon.practice_outage(true);
    let answer = house.ask(true).await;
    let id = answer.headers()["x-turnout-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(answer.text().await.unwrap().contains("message_stop"));

    let detail = house.completed(&id).await;
    let tried: Vec<&Value> = detail["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["provider"])
        .collect();
    assert_eq!(tried.last().unwrap(), &"spare");
    assert!(
        tried[..tried.len() - 1].iter().all(|one| *one == "first") && tried.len() > 1,
        "{tried:?}"
    );
    assert!(detail["output_tokens"].as_u64().unwrap() > 0);

    let list = house.get("/requests?provider=spare&limit=1").await;
    let row = &list["items"][0];
    assert_eq!(
        (&row["id"], &row["attempts"], &row["token"]),
        (&json!(id), &json!(tried.len()), &json!("local"))
    );
    assert_eq!(
        house.get("/requests?provider=other").await["items"],
        json!([])
    );
    let status = house
        .status_where(|status| status["today"]["requests"] == 1)
        .await;
    assert_eq!(
        (&status["today"]["failures"], &status["in_flight"]),
        (&json!(0), &json!(0))
    );
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_tested_by_a_real_request_that_is_recorded() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let told = house.post("/providers/other/test", None).await;
    assert_eq!(
        (&told["ok"], &told["http_status"], &told["error"]),
        (&json!(true), &json!(200), &Value::Null)
    );
    let id = told["request_id"].as_str().unwrap();
    let detail = house.completed(id).await;
    assert_eq!(
        (&detail["provider"], &detail["client"]),
        (&json!("other"), &json!("turnout-test"))
    );

    house.post("/groups/second/activate", None).await;
    house.daemon.practice_outage(true);
    let told = house.post("/providers/other/test", None).await;
    assert_eq!(told["ok"], false);
    assert!(!told["error"].as_str().unwrap().is_empty());
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_usable_database_requests_go_on_and_the_loss_is_told() {
    let home = Home::new(CONFIG);
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(
        home.data().join("ledger.db"),
        "this is no database, but somebody's file",
    )
    .unwrap();
    let house = home.start().await;
    assert_eq!(house.ask(false).await.status(), StatusCode::OK);
    let status = house
        .status_where(|status| status["today"]["requests"] == 1)
        .await;
    let problem = status["problems"]
        .as_array()
        .unwrap()
        .iter()
        .find(|problem| problem["kind"] == "ledger")
        .unwrap();
    assert!(
        problem["message"].as_str().unwrap().contains("ledger.db"),
        "{problem}"
    );
    let rows = until(async || {
        let rows = house.get("/requests?status=completed").await;
        (rows["items"].as_array().unwrap().len() == 1).then_some(rows)
    })
    .await;
    let id = rows["items"][0]["id"].as_str().unwrap();
    assert_eq!(
        house.get(&format!("/requests/{id}")).await["provider"],
        "first"
    );
    assert_eq!(
        refused(house.call(Method::GET, "/requests/req-0")).await.0,
        404
    );
    house.daemon.stop().await;
    let kept = std::fs::read_to_string(home.data().join("ledger.db")).unwrap();
    assert_eq!(kept, "this is no database, but somebody's file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_question_is_told_in_our_words() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    for name in ["since", "until"] {
        let call = house.call(Method::GET, &format!("/requests?{name}=yesterday"));
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        let text = answer.text().await.unwrap();
        let has = |part: &str| text.contains(part);
        assert!(
            has(name) && has("write a time such as 2026-01-31T12:00:00Z") && !has("deserialize"),
            "{text}"
        );
    }
    for list in ["requests", "logs", "audit", "prices"] {
        let path = format!("/{list}?q={}", "x".repeat(1001));
        let told = refused(house.call(Method::GET, &path)).await;
        assert_eq!(told, (400, "invalid_request".to_owned()), "{list}");
    }
    for (method, path) in [
        (Method::POST, "/groups/%FF/activate"),
        (Method::GET, "/requests/%FF"),
    ] {
        let told = refused(house.call(method, path)).await;
        assert_eq!(told, (404, "not_found".to_owned()));
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_used_is_summed_and_the_history_is_exported() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    for _ in 0..3 {
        let answer = house.ask(false).await;
        let id = answer.headers()["x-turnout-request-id"].clone();
        house.completed(id.to_str().unwrap()).await;
    }
    for by in [
        "day", "hour", "model", "provider", "key", "group", "client", "session",
    ] {
        let usage = house.get(&format!("/usage?by={by}&tz=UTC")).await;
        assert_eq!(usage["items"][0]["requests"], 3, "{by}: {usage}");
        assert_eq!(usage["total"]["requests"], 3, "{by}");
        assert!(usage["total"]["output_tokens"].as_u64().unwrap() > 0);
        assert!(usage["items"][0]["duration_ms"]["p95"].is_u64(), "{usage}");
    }
    let usage = house
        .get("/usage?by=provider&until=2020-01-01T00:00:00Z")
        .await;
    assert_eq!(usage["items"], json!([]));
    for wrong in [
        "/usage?by=mood",
        "/usage?tz=Nowhere",
        "/export?format=xml",
        "/export?status=done",
    ] {
        let answer = house.call(Method::GET, wrong).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{wrong}");
    }
    let csv = house.call(Method::GET, "/export?format=csv");
    let answer = csv.send().await.unwrap();
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/csv")
    );
    assert_eq!(answer.text().await.unwrap().lines().count(), 4);
    for (filter, expected) in [
        ("status=completed", 3),
        ("status=failed", 0),
        ("token=nobody", 0),
        ("session=none", 0),
        ("q=req-", 3),
    ] {
        let found = house.get(&format!("/requests?{filter}")).await;
        let found = found["items"].as_array().unwrap().len();
        assert_eq!(found, expected, "{filter}");
        let lines = house.call(Method::GET, &format!("/export?{filter}"));
        let lines = lines.send().await.unwrap().text().await.unwrap();
        assert_eq!(lines.lines().count(), expected, "{filter}: {lines}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_requests_are_served_and_nothing_is_written() {
    let home = Home::new(&format!("{CONFIG}\n[ledger]\nurl = \"none\"\n"));
    let house = home.start().await;
    let answer = house.ask(false).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!home.data().join("ledger.db").exists());
    let status = house.get("/status").await;
    assert_eq!(status["problems"], json!([]), "it was wanted so");
    let usage = refused(house.call(Method::GET, "/usage")).await;
    assert_eq!(usage, (503, "ledger_unavailable".to_owned()));
    house.daemon.stop().await;
}
