//! What was said in requests is kept where that is wanted, without secrets, and can be replayed.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{CLIENT, CONFIG, Home, House, refused, until, with_json};

fn capturing(what: &str) -> String {
    format!("{CONFIG}\n[ledger]\ncapture_bodies = \"{what}\"\nredact = ['hunter\\d+']\n")
}

fn id_of(answer: &Response) -> String {
    answer.headers()["x-turnout-request-id"]
        .to_str()
        .unwrap()
        .to_owned()
}

async fn say(house: &House, text: &str, stream: bool) -> String {
    let body = json!({
        "model": "claude-haiku-4-5",
        "max_tokens": 100,
        "stream": stream,
        "messages": [{ "role": "user", "content": text }],
    });
    let call = house
        .client
        .post(house.url("/v1/messages?sig=query-secret-1"));
    let call = with_json(call.header("x-api-key", CLIENT), &body);
    let answer = call.send().await.unwrap();
    let id = id_of(&answer);
    answer.bytes().await.unwrap();
    id
}

/// The bodies of a request, once they are written: that is beside the answer, not before it.
async fn bodies(house: &House, id: &str) -> Vec<Value> {
    until(async || {
        let told = house.get(&format!("/requests/{id}/bodies")).await;
        let items = told["items"].as_array().unwrap().clone();
        (!items.is_empty()).then_some(items)
    })
    .await
}

fn find<'a>(bodies: &'a [Value], attempt: u64, part: &str) -> &'a Value {
    let mut bodies = bodies.iter();
    let found = bodies.find(|body| body["attempt"] == attempt && body["part"] == part);
    found.unwrap_or_else(|| panic!("no {part} of attempt {attempt}"))
}

// PITFALLS 126
#[tokio::test(flavor = "multi_thread")]
async fn all_that_was_said_is_kept_and_no_secret_of_it() {
    let home = Home::new(&capturing("all"));
    let house = home.start().await;
    house.daemon.practice_outage(true);
    let secret = "sk-ant-api03-0123456789abcdefghij";
    let text = format!("the key is {secret}, the token {CLIENT}, the word hunter2");
    let id = say(&house, &text, true).await;
    let all = bodies(&house, &id).await;

    let asked = find(&all, 0, "request");
    let body: Value = serde_json::from_str(asked["text"].as_str().unwrap()).unwrap();
    assert_eq!(
        body["messages"][0]["content"],
        "the key is [redacted], the token [redacted], the word [redacted]"
    );
    assert_eq!(asked["redacted"], 3);
    assert_eq!(asked["address"], "/v1/messages?sig=[redacted]");
    let headers = asked["headers"].as_array().unwrap();
    let key = json!({ "name": "x-api-key", "value": "[redacted]" });
    assert!(headers.contains(&key), "{headers:?}");

    // The first provider failed, and what was sent to it is told once.
    let (sent, failed) = (find(&all, 1, "request"), find(&all, 1, "answer"));
    assert_eq!((&sent["same_as"], &sent["text"]), (&json!(0), &json!("")));
    assert!(
        sent["address"]
            .as_str()
            .unwrap()
            .ends_with("/v1/messages?sig=[redacted]")
    );
    assert!(failed["status"].as_u64().unwrap() >= 500);
    let told = find(&all, 0, "answer");
    let from = told["same_as"].as_u64().unwrap();
    let answer = find(&all, from, "answer");
    let stream = answer["text"].as_str().unwrap();
    assert!(stream.contains("message_stop"), "{stream}");
    assert_eq!(answer["cut"], false);
    let replay = house
        .post(&format!("/requests/{id}/replay"), Some(json!({})))
        .await;
    let (original, redacted) = (&replay["original"]["answer"], &replay["redacted"]);
    assert!(
        original["text"]
            .as_str()
            .is_some_and(|text| !text.contains(secret))
    );
    assert_eq!(redacted, 3);

    let rows = house.get(&format!("/requests/{id}")).await["bodies"].clone();
    assert_eq!(rows.as_array().unwrap().len(), all.len());
    assert_eq!(
        (&rows[0]["part"], &rows[0]["cut"]),
        (&json!("request"), &json!(false))
    );
    assert!(rows[0].get("text").is_none());
    // Bodies lie compressed in the database: what they say is looked through as it is told.
    let replayed = replay["replay"]["id"].as_str().unwrap();
    let replayed = bodies(&house, replayed).await;
    let told = Value::from([all, replayed].concat()).to_string();
    house.daemon.stop().await;
    for secret in [secret, "query-secret-1", "hunter2", CLIENT] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    for secret in [secret, "query-secret-1", "hunter2"] {
        assert!(home.files_with(secret).is_empty(), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_that_go_well_nothing_is_kept_where_errors_are_wanted() {
    let home = Home::new(&capturing("errors"));
    let house = home.start().await;
    let good = say(&house, "well", false).await;
    house.daemon.practice_outage(true);
    let bad = say(&house, "ill", false).await;
    let all = bodies(&house, &bad).await;
    assert!(
        find(&all, 0, "request")["text"]
            .as_str()
            .unwrap()
            .contains("ill")
    );
    // It came before, so it would be there by now.
    let told = house.get(&format!("/requests/{good}/bodies")).await;
    assert_eq!(told["items"], json!([]));
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_follows_the_config() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let before = say(&house, "off", false).await;
    let more = "[ledger]\ncapture_bodies = \"all\"\ncapture_max_body = \"64B\"\n";
    home.write("config.toml", &format!("{CONFIG}\n{more}"));
    house.daemon.reload().await.unwrap();
    let after = say(&house, "on", false).await;
    let all = bodies(&house, &after).await;
    let asked = find(&all, 0, "request");
    assert_eq!(asked["cut"], true);
    assert_eq!(asked["text"].as_str().unwrap().len(), 64);
    assert!(asked["bytes"].as_u64().unwrap() > 64);
    let told = house.get(&format!("/requests/{before}/bodies")).await;
    assert_eq!(told["items"], json!([]));

    let replay = format!("/requests/{after}/replay");
    let call = with_json(house.call(Method::POST, &replay), &json!({}));
    let told = call.send().await.unwrap();
    assert_eq!(told.status(), StatusCode::CONFLICT);
    let told = told.text().await.unwrap();
    assert!(told.contains("raise ledger.capture_max_body"), "{told}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_replayed_to_another_provider_and_both_answers_are_told() {
    let home = Home::new(&capturing("all"));
    let house = home.start().await;
    let id = say(&house, "hello", true).await;
    bodies(&house, &id).await;
    let path = format!("/requests/{id}/replay");
    let told = house
        .post(
            &path,
            Some(json!({ "provider": "other", "model": "claude-opus-4-1" })),
        )
        .await;
    let (original, replay) = (&told["original"], &told["replay"]);
    assert_eq!(
        (&original["id"], &original["provider"]),
        (&json!(id), &json!("first"))
    );
    assert_eq!(
        (&replay["provider"], &replay["model"]),
        (&json!("other"), &json!("claude-opus-4-1"))
    );
    for side in [original, replay] {
        assert_eq!(
            (&side["status"], &side["http_status"]),
            (&json!("completed"), &json!(200))
        );
        assert!(
            !side["answer"]["text"].as_str().unwrap().is_empty(),
            "{side}"
        );
        assert_eq!(
            (&side["answer"]["cut"], &side["answer"]["problem"]),
            (&json!(false), &Value::Null)
        );
        assert!(side["output_tokens"].as_u64().unwrap() > 0);
        assert!(side["ttft_ms"].is_u64() && side["duration_ms"].is_u64());
    }
    let row = house.completed(replay["id"].as_str().unwrap()).await;
    assert_eq!(
        (&row["replay_of"], &row["client"]),
        (&json!(id), &json!("replay"))
    );
    assert_eq!(row["stream"], true);

    // What was replayed can be replayed.
    let again = replay["id"].as_str().unwrap();
    bodies(&house, again).await;
    let told = house
        .post(&format!("/requests/{again}/replay"), Some(json!({})))
        .await;
    assert_eq!(
        told["replay"]["provider"], "other",
        "the pin is a part of the path"
    );
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_is_refused_at_once_leaves_no_request_that_never_ends() {
    let home = Home::new(&capturing("all"));
    let house = home.start().await;
    let body = json!({ "model": "m", "max_tokens": 9, "messages": [] });
    let call = house.client.post(house.url("/group/second/v1/messages"));
    let call = call.header("x-api-key", CLIENT);
    let id = id_of(&with_json(call, &body).send().await.unwrap());
    bodies(&house, &id).await;
    home.write(
        "config.toml",
        &capturing("all").replace("\"second\"", "\"third\""),
    );
    house.daemon.reload().await.unwrap();
    let told = house
        .post(&format!("/requests/{id}/replay"), Some(json!({})))
        .await;
    assert_ne!(told["replay"]["http_status"], 200, "{told}");
    let rows = house.get("/requests").await;
    let rows = rows["items"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["id"] == *id), "{rows:?}");
    let is_over = |row: &Value| row["status"] == "completed" || row["status"] == "failed";
    assert!(rows.iter().all(is_over), "{rows:?}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_not_sent_to_who_wants_the_clients_own_login() {
    let login = "name = \"other\"\nauth = \"client\"";
    let home = Home::new(&capturing("all").replace("name = \"other\"", login));
    let house = home.start().await;
    let id = say(&house, "hello", false).await;
    bodies(&house, &id).await;
    let path = format!("/requests/{id}/replay");
    let call = with_json(
        house.call(Method::POST, &path),
        &json!({ "provider": "other" }),
    );
    let told = call.send().await.unwrap();
    assert_eq!(told.status(), StatusCode::CONFLICT);
    let why = told.text().await.unwrap();
    assert!(why.contains("its client's own login"), "{why}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_replayed_is_refused_with_what_to_do() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let off = say(&house, "off", false).await;
    let replay = async |id: &str, body: Value| {
        let path = format!("/requests/{id}/replay");
        let call = with_json(house.call(Method::POST, &path), &body);
        let told = call.send().await.unwrap();
        (told.status().as_u16(), told.text().await.unwrap())
    };
    let (status, why) = replay(&off, json!({})).await;
    assert_eq!(status, 409);
    assert!(why.contains("ledger.capture_bodies says"), "{why}");
    assert_eq!(replay("req-000000000000", json!({})).await.0, 404);
    assert_eq!(replay(&off, json!({ "provider": "nobody" })).await.0, 404);
    assert_eq!(replay(&off, json!({ "to": "nobody" })).await.0, 400);
    let bodies = house.call(Method::GET, "/requests/req-000000000000/bodies");
    assert_eq!(refused(bodies).await, (404, "not_found".to_owned()));

    home.write("config.toml", &capturing("all"));
    house.daemon.reload().await.unwrap();
    let body = json!({ "model": "gpt-5", "input": "go on", "previous_response_id": "resp_1" });
    let call = house
        .client
        .post(house.url("/v1/responses"))
        .bearer_auth(CLIENT);
    let id = id_of(&with_json(call, &body).send().await.unwrap());
    self::bodies(&house, &id).await;
    let (status, why) = replay(&id, json!({})).await;
    assert_eq!(status, 409);
    assert!(why.contains("previous_response_id"), "{why}");
    house.daemon.stop().await;
}
