//! The API's description: who may read it, and that it is true.

use reqwest::StatusCode;
use serde_json::Value;

use crate::support::{CONFIG, Home, House};

async fn document(house: &House) -> Value {
    let answer = house.client.get(house.url("/openapi.json")).send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/json");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_asks_for_no_token_and_web_pages_are_kept_out() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let told = document(&house).await;
    assert_eq!(told["openapi"], "3.1.0");
    assert_eq!(told["info"]["title"], "Turnout");
    for path in ["/openapi.json", "/docs", "/docs/style.css"] {
        for (name, value) in [("host", "evil.example"), ("origin", "https://evil.example")] {
            let call = house.client.get(house.url(path)).header(name, value);
            let status = call.send().await.unwrap().status();
            assert_eq!(status, StatusCode::FORBIDDEN, "{path} {name}");
        }
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_tells_every_call_and_loads_nothing_from_elsewhere() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let told = document(&house).await;
    let slashed = house.client.get(house.url("/docs/")).send().await.unwrap();
    assert_eq!(slashed.status(), StatusCode::OK);
    let answer = house.client.get(house.url("/docs")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let policy = answer.headers()["content-security-policy"].to_str();
    let policy = policy.unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
    let page = answer.text().await.unwrap();
    for (path, item) in told["paths"].as_object().unwrap() {
        for call in item.as_object().unwrap().values() {
            let id = call["operationId"].as_str().unwrap();
            assert!(page.contains(&format!("<details id=\"{id}\"")), "{path}");
        }
    }
    for never in ["<script", " style=", "href=\"http", "href=\"//", "src="] {
        assert!(!page.contains(never), "{never}");
    }
    let style = house.client.get(house.url("/docs/style.css")).send();
    let style = style.await.unwrap();
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    assert!(!style.text().await.unwrap().contains("url("));
    house.daemon.stop().await;
}
