//! Requests that nothing can serve wait, and people see them and do with them what they want.

use serde_json::json;
use tests::config::Config;
use tests::message::{plain, said};
use tests::program::{Practice, Turnout};
use tests::until;

#[tokio::test]
async fn a_request_waits_out_an_outage_and_its_row_says_so() {
    let practice = Practice::failing("a", "529").await;
    let config = Config::chain([("a", practice.base.clone())])
        .routing("suspend = { enabled = true, timeout = \"2m\", max = 9 }");
    let turnout = Turnout::start(&config).await;
    let admin = turnout.admin();
    let call = turnout.call(&plain("after the outage"));
    let base = turnout.base.clone();
    let client = tokio::spawn(async move { call.send(&base).await });
    let waiting = until("a request waits", || async {
        let list = admin.get("/suspended").await;
        list["items"]
            .as_array()
            .filter(|items| !items.is_empty())
            .cloned()
    })
    .await;
    let id = waiting[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(waiting[0]["position"], 1);
    assert_eq!(admin.status().await["suspended"], 1);
    until("its row is marked", || async {
        let row = admin.get(&format!("/requests/{id}")).await;
        (row["mark"] == "suspended").then_some(())
    })
    .await;
    let unknown = json!({"group": "nobody"});
    let refused = admin
        .call("POST", &format!("/suspended/{id}/redirect"), Some(unknown))
        .await;
    assert_eq!(refused.status, 404, "{}", refused.text());
    practice.fail(None).await;
    // Its provider is looked after: it is found well long before its rest of a minute is over.
    let answer = client.await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(said(&answer).contains("after the outage"));
    assert_eq!(admin.status().await["suspended"], 0);
}

#[tokio::test]
async fn a_waiting_request_can_be_given_up() {
    let practice = Practice::failing("a", "529").await;
    let config = Config::chain([("a", practice.base.clone())])
        .routing("suspend = { enabled = true, timeout = \"2m\", max = 9 }");
    let turnout = Turnout::start(&config).await;
    let admin = turnout.admin();
    let call = turnout.call(&plain("never mind"));
    let base = turnout.base.clone();
    let client = tokio::spawn(async move { call.send(&base).await });
    let id = until("a request waits", || async {
        let list = admin.get("/suspended").await;
        list["items"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    let done = admin
        .call("POST", &format!("/suspended/{id}/fail"), None)
        .await;
    assert_eq!(done.status, 204, "{}", done.text());
    let answer = client.await.unwrap();
    assert_eq!(
        (answer.status, answer.header("x-should-retry")),
        (503, Some("false"))
    );
    let gone = admin
        .call("POST", &format!("/suspended/{id}/release"), None)
        .await;
    assert_eq!(gone.status, 404, "{}", gone.text());
}
