//! Requests that the window's own page sends.

use reqwest::Method;
use serde_json::json;

use crate::access::cookie;
use crate::support::{CONFIG, Home, refused, with_json};

#[tokio::test(flavor = "multi_thread")]
async fn the_page_sends_a_request_by_its_cookie_and_the_history_names_it() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let cookie = cookie(&house).await;
    for (place, expected) in [
        (json!({ "provider": "other" }), "other"),
        (json!({ "group": "second" }), "other"),
        (json!({}), "first"),
    ] {
        let mut message = json!({ "model": "claude-haiku-4-5", "max_tokens": 50, "stream": true,
            "messages": [{ "role": "user", "content": "hello" }] });
        message
            .as_object_mut()
            .unwrap()
            .extend(place.as_object().unwrap().clone());
        let call = house
            .bare(Method::POST, "/playground")
            .header("cookie", &cookie)
            .header("origin", house.daemon.base_url())
            .header("sec-fetch-site", "same-origin");
        let answer = with_json(call, &message).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-turnout-provider"], expected);
        assert_eq!(
            answer.headers()["content-type"],
            "text/event-stream; charset=utf-8"
        );
        let id = answer.headers()["x-turnout-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let text = answer.text().await.unwrap();
        assert!(text.contains("event: message_stop"), "{text}");
        assert_eq!(house.completed(&id).await["client"], "playground");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_page_and_no_client_token_plays() {
    let config = CONFIG.replace(
        "client_tokens = [",
        "client_tokens = [{ name = \"boss\", token = \"file:boss\", scopes = [\"inference\", \"admin:write\"] }, ",
    );
    let home = Home::new(&config);
    home.write("boss", "boss-token-for-tests-0123456789");
    let house = home.start().await;
    let cookie = cookie(&house).await;
    let message = json!({ "model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{ "role": "user", "content": "hi" }] });
    let call = || house.bare(Method::POST, "/playground");
    let forbidden = (403, "forbidden".to_owned());
    let foreign = call()
        .header("cookie", &cookie)
        .header("sec-fetch-site", "same-site");
    for (what, call, expected) in [
        ("nobody", call(), (401, "unauthorized".to_owned())),
        (
            "a client",
            call().bearer_auth("boss-token-for-tests-0123456789"),
            forbidden,
        ),
    ] {
        assert_eq!(refused(with_json(call, &message)).await, expected, "{what}");
    }
    // Kept out before the admin API, as web pages of others are from every path.
    let status = with_json(foreign, &message).send().await.unwrap().status();
    assert_eq!(status, 403);
    // The cookie opens no path of clients.
    let client = house
        .client
        .post(house.url("/v1/messages"))
        .header("cookie", &cookie);
    let status = with_json(client, &message).send().await.unwrap().status();
    assert_eq!(status, 401);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_there_is_not_is_told() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    for (place, status) in [
        (json!({ "provider": "none" }), 404),
        (json!({ "group": "none" }), 404),
        (json!({ "group": "main", "provider": "first" }), 400),
        (json!({ "group": 5 }), 400),
    ] {
        let call = with_json(house.call(Method::POST, "/playground"), &place);
        assert_eq!(refused(call).await.0, status, "{place}");
    }
    house.daemon.stop().await;
}
