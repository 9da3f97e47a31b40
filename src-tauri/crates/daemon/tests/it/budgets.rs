//! What happens when a budget is used up.

use daemon::view::{NoticeKind, Payload};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::Value;

use crate::support::{CONFIG, Home, House, until};

/// Every answer costs something; the config goes on with budgets.
fn config(budgets: &str) -> String {
    let priced = "dialect = \"practice\"\nprice = { multiplier = 1000 }\n";
    let config = CONFIG.replace("dialect = \"practice\"\n", priced);
    format!("{config}\n[ledger]\nbudgets = [{budgets}]\n")
}

async fn ask_until(house: &House, status: StatusCode) -> Value {
    until(async || {
        let answer = house.ask(false).await;
        let found = answer.status() == status;
        let finality = answer.headers().get("x-should-retry").cloned();
        let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        if found && status == StatusCode::PAYMENT_REQUIRED {
            assert_eq!(finality.unwrap(), "false");
        }
        found.then_some(told)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_budget_refuses_requests_with_its_name_until_it_is_raised() {
    let budget = r#"{ name = "tiny", limit_usd = 0.000001, per = "month", then = "block" }"#;
    let home = Home::new(&config(budget));
    let house = home.start().await;
    let mut events = house.daemon.events();
    assert_eq!(house.ask(false).await.status(), StatusCode::OK);
    let told = ask_until(&house, StatusCode::PAYMENT_REQUIRED).await;
    assert_eq!(told["type"], "error", "in the client's dialect: {told}");
    let message = told["error"]["message"].as_str().unwrap();
    assert!(message.contains("the budget tiny is used up"), "{message}");
    let refused = until(async || {
        let list = house.get("/requests?status=failed&limit=1").await;
        list["items"].get(0).cloned()
    })
    .await;
    assert_eq!(refused["reason"], "budget");
    assert_eq!(refused["http_status"], 402);
    assert_eq!(refused["attempts"], 0, "nothing was asked of a provider");
    let notice = loop {
        let event = events.recv().await.unwrap();
        if let Payload::Notice(notice) = &event.payload {
            break notice.clone();
        }
    };
    assert_eq!(notice.kind, NoticeKind::Budget);
    assert!(notice.title.contains("tiny"), "{notice:?}");

    // A start anew knows what was spent.
    house.daemon.stop().await;
    let house = home.start().await;
    ask_until(&house, StatusCode::PAYMENT_REQUIRED).await;
    home.write(
        "config.toml",
        &config(&budget.replace("0.000001", "1000000")),
    );
    house.post("/reload", None).await;
    ask_until(&house, StatusCode::OK).await;
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_budget_of_a_group_switches_to_another_group() {
    let budget = r#"{ name = "main", group = "main", limit_usd = 0.000001, at = [0.5, 1.0], then = "group:second" }"#;
    let home = Home::new(&config(budget));
    let house = home.start().await;
    assert_eq!(house.served_by().await, "first");
    house
        .status_where(|status| status["active_group"] == "second")
        .await;
    assert_eq!(house.served_by().await, "other");

    // Who looks later is told, after a start anew as well, until somebody chooses a group.
    house.daemon.stop().await;
    let house = home.start().await;
    let takeover = house.get("/status").await["takeover"].clone();
    assert_eq!([&takeover["budget"], &takeover["from"]], ["main", "main"]);
    assert!(takeover["since"].is_string(), "{takeover}");
    house.post("/groups/main/activate", None).await;
    assert_eq!(house.get("/status").await["takeover"], Value::Null);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_in_charge_since_its_first_mark_until_another_one_is() {
    let budget = |name: &str, limit: &str| {
        format!(
            r#"{{ name = "{name}", limit_usd = {limit}, per = "month", then = "group:second" }}"#
        )
    };
    let home = Home::new(&config(&budget("daily", "0.000001")));
    let house = home.start().await;
    house.ask(false).await;
    let in_charge = |name: &'static str| {
        move |status: &Value| {
            status["takeover"]["budget"] == name && status["active_group"] == "second"
        }
    };
    let first = house.status_where(in_charge("daily")).await["takeover"].clone();

    // Another amount is a mark of its own, as that of another period is.
    let daily = budget("daily", "0.000002");
    home.write("config.toml", &config(&daily));
    house.post("/reload", None).await;
    until(async || {
        let told = house.get("/audit?q=group.activate").await;
        (told["items"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    assert_eq!(house.get("/status").await["takeover"], first);

    let both = format!("{daily}, {}", budget("monthly", "0.000001"));
    home.write("config.toml", &config(&both));
    house.post("/reload", None).await;
    let second = house.status_where(in_charge("monthly")).await["takeover"].clone();
    assert_eq!(second["from"], "main");
    let since = |told: &Value| -> Timestamp { told["since"].as_str().unwrap().parse().unwrap() };
    assert!(since(&second) > since(&first), "{second} after {first}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_of_another_token_refuses_nobody_else() {
    let budget = r#"{ name = "theirs", token = "theirs", limit_usd = 0.000001, then = "block" },
        { name = "mine", limit_usd = 1000000, then = "block" }"#;
    let known = r#"{ name = "local", token = "file:client" }"#;
    let both = format!(r#"{known}, {{ name = "theirs", token = "file:admin" }}"#);
    let home = Home::new(&config(budget).replace(known, &both));
    let house = home.start().await;
    for _ in 0..3 {
        let answer = house.ask(false).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let id = answer.headers()["x-turnout-request-id"].clone();
        house.completed(id.to_str().unwrap()).await;
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_budget_stands_is_told_and_a_changed_one_holds_without_another_request() {
    let budget = r#"{ name = "monthly", limit_usd = 1000000, per = "month", then = "block" }"#;
    let home = Home::new(&config(budget));
    let house = home.start().await;
    assert_eq!(house.ask(false).await.status(), StatusCode::OK);
    let spent = |status: &Value| {
        let budget = &status["budgets"][0];
        budget.is_object() && budget["spent_usd"] != "0"
    };
    let status = house.status_where(spent).await;
    let told = &status["budgets"][0];
    for (field, value) in [
        ("name", "monthly"),
        ("state", "ok"),
        ("limit_usd", "1000000"),
        ("per", "month"),
        ("then", "block"),
    ] {
        assert_eq!(told[field], value, "{told}");
    }
    assert_eq!(told["spent_usd"], status["today"]["cost_usd"]);
    assert!(told["share"].as_f64().unwrap() > 0.0, "{told}");
    let times = [&told["since"], &told["until"]].map(|time| time.as_str().unwrap().to_owned());
    assert!(times[0] < times[1], "{told}");
    assert_eq!(house.get("/budgets").await["items"][0]["name"], "monthly");

    home.write(
        "config.toml",
        &config(&budget.replace("1000000", "0.000001")),
    );
    house.post("/reload", None).await;
    let blocked = |status: &Value| status["budgets"][0]["state"] == "blocked";
    house.status_where(blocked).await;
    let refused = house.ask(false).await;
    assert_eq!(refused.status(), StatusCode::PAYMENT_REQUIRED);
    let metrics = house.client.get(house.url("/metrics")).send().await;
    let metrics = metrics.unwrap().text().await.unwrap();
    for series in ["limit", "spent"] {
        let line = format!("turnout_budget_{series}_usd{{budget=\"monthly\"}} ");
        assert!(metrics.contains(&line), "{line} is not in {metrics}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_passed_before_its_budget_was_written_switches_once_also_over_a_restart() {
    let home = Home::new(&config(""));
    let house = home.start().await;
    let answer = house.ask(false).await;
    let id = answer.headers()["x-turnout-request-id"].clone();
    house.completed(id.to_str().unwrap()).await;
    let budget = r#"{ name = "late", limit_usd = 0.000001, per = "month", then = "group:second" }"#;
    home.write("config.toml", &config(budget));
    house.post("/reload", None).await;
    let second = |status: &Value| status["active_group"] == "second";
    house.status_where(second).await;

    // A group chosen since then stays, now and after a restart.
    house.post("/groups/main/activate", None).await;
    house.daemon.stop().await;
    let house = home.start().await;
    let looked = |status: &Value| status["budgets"][0]["state"] == "reached";
    let status = house.status_where(looked).await;
    assert_eq!(status["active_group"], "main");
    house.daemon.stop().await;
}
