//! Who gets in, by which door, and what is said at a closed one.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{CONFIG, Home, House, refused, with_json};

/// A cookie, by way of a link.
pub(crate) async fn cookie(house: &House) -> String {
    let link = house.post("/session", None).await["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let answer = house.client.get(link).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "/ui/");
    let set = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        set.contains("HttpOnly") && set.contains("SameSite=Strict"),
        "{set}"
    );
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_token_nothing_is_told() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let unauthorized = (401, "unauthorized".to_owned());
    for path in ["/status", "/groups", "/stream", "/connect", "/no-such-path"] {
        assert_eq!(
            refused(house.bare(Method::GET, path)).await,
            unauthorized,
            "{path}"
        );
        assert_eq!(
            refused(house.bare(Method::GET, path).bearer_auth("wrong")).await,
            unauthorized,
            "{path}"
        );
    }
    assert_eq!(
        refused(
            house
                .bare(Method::GET, "/status")
                .header("x-api-key", "wrong")
        )
        .await,
        unauthorized
    );
    assert_eq!(
        refused(
            house
                .bare(Method::GET, "/status")
                .header("cookie", "turnout_session=x")
        )
        .await,
        unauthorized
    );
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_lets_one_browser_in_once() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let link = house.daemon.ui_link();
    assert!(link.starts_with(&house.url("/ui/?code=")), "{link}");
    assert_eq!(
        house.client.get(&link).send().await.unwrap().status(),
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        house.client.get(&link).send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );

    let cookie = cookie(&house).await;
    let page = house
        .client
        .get(house.url("/ui/"))
        .header("cookie", &cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let status = house
        .bare(Method::GET, "/status")
        .header("cookie", &cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(status.status(), StatusCode::OK);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_for_its_own_page_alone() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let cookie = cookie(&house).await;
    let forbidden = (403, "forbidden".to_owned());
    let call = |method, path| house.bare(method, path).header("cookie", &cookie);
    let own = house.daemon.base_url();

    let activate = call(Method::POST, "/groups/second/activate").header("origin", &own);
    assert_eq!(activate.send().await.unwrap().status(), StatusCode::OK);
    let foreign = call(Method::POST, "/groups/main/activate").header("sec-fetch-site", "same-site");
    let foreign = foreign.header("sec-fetch-mode", "navigate");
    assert_eq!(refused(foreign).await, forbidden);
    assert_eq!(
        refused(call(Method::POST, "/session").header("origin", &own)).await,
        forbidden
    );
    assert_eq!(house.get("/status").await["active_group"], "second");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn web_pages_and_rebound_names_are_kept_out_of_every_path() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    for path in ["/api/v1/status", "/ui/", "/v1/models"] {
        for (name, value) in [("host", "evil.example"), ("origin", "https://evil.example")] {
            let call = house.client.get(house.url(path)).header(name, value);
            assert_eq!(
                call.send().await.unwrap().status(),
                StatusCode::FORBIDDEN,
                "{path} {name}"
            );
        }
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_come_with_a_strict_policy_and_a_closed_one_says_how_to_get_in() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let cookie = cookie(&house).await;
    for cookie in ["", cookie.as_str()] {
        let page = house
            .client
            .get(house.url("/ui/history"))
            .header("cookie", cookie)
            .send()
            .await
            .unwrap();
        let headers = page.headers().clone();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert!(["no-store", "no-cache"].contains(&headers["cache-control"].to_str().unwrap()));
        let (status, text) = (page.status(), page.text().await.unwrap());
        if cookie.is_empty() {
            assert_eq!(status, StatusCode::UNAUTHORIZED);
            assert!(text.contains("turnoutd ui"), "{text}");
        } else {
            assert_eq!(status, StatusCode::OK);
        }
    }
    let missing = house
        .client
        .get(house.url("/ui/assets/missing.js"))
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_names_are_not_found() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let paths = [
        "/nothing",
        "/groups/none/activate",
        "/groups/none/pause",
        "/groups/none/resume",
        "/providers/none/enable",
        "/providers/none/disable",
        "/providers/none/reset",
        "/providers/none/test",
        "/providers/none/keys",
    ];
    let not_found = (404, "not_found".to_owned());
    for path in paths {
        let call = with_json(house.call(Method::POST, path), &json!({ "value": "k" }));
        assert_eq!(refused(call).await, not_found, "{path}");
    }
    let call = house.call(Method::GET, "/requests/req-none");
    assert_eq!(refused(call).await, not_found);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_calls_say_what_is_wrong() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let call = house.call(Method::DELETE, "/status");
    assert_eq!(refused(call).await, (405, "method_not_allowed".to_owned()));
    let wrong_mode = json!({ "mode": "sometimes" });
    let calls = [
        with_json(house.call(Method::PUT, "/mode"), &wrong_mode),
        house.call(Method::PUT, "/mode").body("{}"),
        house.call(Method::GET, "/requests?since=yesterday"),
        house.call(Method::GET, "/requests?cursor=x"),
        house.call(Method::GET, "/requests?status=lost"),
        house.call(Method::GET, "/stream?events=weather"),
    ];
    for call in calls {
        let told = format!("{call:?}");
        assert_eq!(
            refused(call).await,
            (400, "invalid_request".to_owned()),
            "{told}"
        );
    }
    let answer = house.call(Method::GET, "/status").send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    house.daemon.stop().await;
}
