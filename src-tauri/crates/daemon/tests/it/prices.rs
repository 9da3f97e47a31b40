//! What models cost is listed page by page; one's own prices are set and taken away, in the file and at once.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{CONFIG, Home, House, refused, with_json};

async fn set(house: &House, model: &str, price: &Value) -> Value {
    let call = with_json(house.call(Method::PUT, &format!("/prices/{model}")), price);
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// What one request cost.
async fn cost(house: &House) -> Value {
    let answer = house.ask(false).await;
    let id = answer.headers()["x-turnout-request-id"].to_str().unwrap();
    let id = id.to_owned();
    house.completed(&id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_told_page_by_page() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let whole = house.get("/prices?limit=1000").await;
    let whole = whole["items"].as_array().unwrap();
    assert!(whole.len() > 100, "{}", whole.len());
    let mut pages: Vec<Value> = Vec::new();
    let mut path = "/prices?limit=97".to_owned();
    loop {
        let mut page = house.get(&path).await;
        pages.append(page["items"].as_array_mut().unwrap());
        match page["next_cursor"].as_str() {
            Some(cursor) if pages.len() < 1000 => {
                path = format!("/prices?limit=97&cursor={cursor}");
            }
            _ => break,
        }
    }
    pages.truncate(1000);
    assert_eq!(pages, whole[..pages.len().min(whole.len())]);
    let found = house.get("/prices?q=SONNET-4-5").await;
    let found = found["items"].as_array().unwrap();
    // Makers come before those who sell the same.
    assert_eq!(found[0]["seller"], "anthropic");
    let last = found.last().unwrap()["seller"].as_str().unwrap();
    assert_ne!(last, "anthropic");
    let sonnet = found
        .iter()
        .find(|row| row["model"] == "claude-sonnet-4-5" && row["seller"] == "anthropic");
    let sonnet = sonnet.unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!(
        (&sonnet["input"], &sonnet["output"]),
        (&json!("3"), &json!("15"))
    );
    assert_eq!(
        (
            &sonnet["cache_read"],
            &sonnet["cache_write_5m"],
            &sonnet["cache_write_1h"]
        ),
        (&json!("0.3"), &json!("3.75"), &json!("6"))
    );
    assert_eq!(sonnet["date"].as_str().unwrap().len(), 10);
    assert!(!sonnet["source"].as_str().unwrap().is_empty());
    assert!(
        found
            .iter()
            .all(|row| row["model"].as_str().unwrap().contains("sonnet"))
    );
    // At a practice provider all is free.
    let free = house
        .get("/prices?provider=first&q=claude-sonnet-4-5")
        .await;
    let free = &free["items"][0];
    assert_eq!(
        (&free["input"], &free["provider"]),
        (&json!("0"), &json!("first"))
    );
    for (path, expected) in [
        ("/prices?provider=nobody", (404, "not_found")),
        ("/prices?cursor=zz", (400, "invalid_request")),
        ("/prices?cursor=5b", (400, "invalid_request")),
    ] {
        let (status, code) = refused(house.call(Method::GET, path)).await;
        assert_eq!((status, code.as_str()), expected, "{path}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_price_counts_at_once_and_goes_again() {
    let priced = "name = \"first\"\ndialect = \"practice\"\nprice = { multiplier = 0.5 } # half\n";
    let plain = "name = \"first\"\ndialect = \"practice\"\n";
    let config = CONFIG.replace(plain, priced);
    let home = Home::new(&config);
    let house = home.start().await;
    let listed = cost(&house).await;
    // For every provider, times the multiplier.
    let everywhere = json!({ "input": "1000", "output": "2000.5" });
    let told = set(&house, "claude-haiku-4-5", &everywhere).await;
    assert_eq!(
        (&told["seller"], &told["output"], &told["provider"]),
        (&json!("config"), &json!("2000.5"), &Value::Null)
    );
    let halved = cost(&house).await;
    let tokens = |row: &Value, kind: &str| row[kind].as_i64().unwrap();
    let (input, output) = (
        tokens(&halved, "input_tokens"),
        tokens(&halved, "output_tokens"),
    );
    assert!(input > 0 && output > 0, "{halved}");
    let dollars = |micro: i64| {
        let (whole, part) = (micro / 100_000_000, micro % 100_000_000);
        format!("{whole}.{part:08}")
            .trim_end_matches('0')
            .to_owned()
    };
    // In hundredths of a micro-dollar.
    assert_eq!(
        halved["cost_usd"],
        json!(dollars(input * 50_000 + output * 100_025))
    );
    // At this one, as it stands; what was read may be sent back.
    let mut here = house.get("/prices?provider=first&q=claude-haiku-4-5").await["items"][0].take();
    assert_eq!(
        (&here["input"], &here["multiplier"]),
        (&json!("1000"), &json!("0.5"))
    );
    here["input"] = json!("100");
    here["output"] = json!(200);
    set(&house, "claude-haiku-4-5", &here).await;
    let own = cost(&house).await;
    assert_eq!(
        own["cost_usd"],
        json!(dollars(input * 10_000 + output * 20_000))
    );
    // A slash belongs to the name.
    set(&house, "openai/gpt-oss-120b", &everywhere).await;
    let delete = async |path: &str| {
        let answer = house.call(Method::DELETE, path).send().await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!(delete("/prices/openai/gpt-oss-120b").await, 204);
    assert_eq!(delete("/prices/claude-haiku-4-5?provider=first").await, 204);
    assert_eq!(delete("/prices/Claude-Haiku-4-5").await, 204);
    assert_eq!(delete("/prices/claude-haiku-4-5").await, 404);
    assert_eq!(cost(&house).await["cost_usd"], listed["cost_usd"]);
    house.daemon.stop().await;
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), config);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_cannot_be_is_refused_and_nothing_is_written() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let cases = [
        (json!({ "input": "1" }), 400),
        (json!({ "input": "1", "output": "-1" }), 400),
        (json!({ "input": "1", "output": "0.0000001" }), 400),
        (json!({ "input": "1", "output": "1e3" }), 400),
        (json!({ "input": "1", "output": "1000001" }), 400),
        (json!({ "input": "1", "output": true }), 400),
        (
            json!({ "input": "1", "output": "1", "cache_reed": "1" }),
            400,
        ),
        (json!({ "input": "1", "output": "1", "provider": 1 }), 400),
        (
            json!({ "input": "1", "output": "1", "provider": "nobody" }),
            404,
        ),
        (json!(["1"]), 400),
    ];
    for (price, expected) in cases {
        let call = with_json(house.call(Method::PUT, "/prices/m"), &price);
        assert_eq!(refused(call).await.0, expected, "{price}");
    }
    let fine = json!({ "input": "1", "output": "1" });
    let call = with_json(house.call(Method::PUT, "/prices/%20"), &fine);
    assert_eq!(refused(call).await.0, 400);
    house.daemon.stop().await;
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), CONFIG);
}
