//! Metrics, health, log and connections.

use daemon::{Daemon, Options};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{ADMIN, CLIENT, CONFIG, Home, House, refused, until};

/// The value of a series, by its name and what its labels contain.
fn value(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    text.lines()
        .filter(|line| line.split(['{', ' ']).next() == Some(name))
        .find(|line| labels.iter().all(|label| line.contains(label)))?
        .rsplit_once(' ')?
        .1
        .parse()
        .ok()
}

async fn scrape(house: &House) -> String {
    let answer = house.client.get(house.url("/metrics")).send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let format = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        format.starts_with("application/openmetrics-text"),
        "{format}"
    );
    answer.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_of_a_failover_and_of_what_it_took() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    house.daemon.practice_outage(true);
    house.ask(true).await.text().await.unwrap();
    let ended = "turnout_requests_total";
    let text = until(async || {
        let text = scrape(&house).await;
        value(&text, ended, &["anthropic", "completed", "200"]).map(|_| text)
    })
    .await;
    let first = ["provider=\"first\""];
    let spare = ["provider=\"spare\""];
    let at_least_one = [
        (ended, &["dialect=\"anthropic\""][..]),
        ("turnout_attempts_total", &first),
        ("turnout_attempts_total", &spare),
        ("turnout_verdicts_total", &first),
        (
            "turnout_failovers_total",
            &["from=\"first\"", "to=\"spare\""],
        ),
        (
            "turnout_tokens_total",
            &["provider=\"spare\"", "kind=\"output\""],
        ),
        (
            "turnout_request_duration_seconds_bucket",
            &["dialect=\"anthropic\"", "+Inf"],
        ),
        ("turnout_attempt_duration_seconds_count", &spare),
        ("turnout_ttft_seconds_count", &spare),
        ("turnout_key_state", &[]),
        ("turnout_breaker_state", &spare),
        ("turnout_group_state", &["group=\"main\""]),
        ("turnout_ledger_up", &[]),
        ("turnout_build_info", &["version="]),
    ];
    for (name, labels) in at_least_one {
        // Practice providers have no keys.
        if name != "turnout_key_state" {
            let found = value(&text, name, labels);
            assert!(found >= Some(1.0), "{name} {labels:?}: {found:?}\n{text}");
        }
    }
    for name in ["turnout_in_flight", "turnout_suspended"] {
        assert!(value(&text, name, &[]).is_some(), "{name}\n{text}");
    }
    let is_ours = |line: &str| line.starts_with("turnout_") || line.starts_with("# ");
    assert!(text.lines().all(is_ours), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_ask_for_the_admin_token_where_others_could_call() {
    let home = Home::new(CONFIG);
    let options = Options {
        listen: Some(([0, 0, 0, 0], 0).into()),
        ..home.options()
    };
    let house = House::of(Daemon::start(options).await.unwrap());
    let call = || house.client.get(house.url("/metrics"));
    assert_eq!(refused(call()).await, (401, "unauthorized".to_owned()));
    let answer = call().bearer_auth(ADMIN).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_in_detail_to_those_with_the_token() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let call = || house.client.get(house.url("/health/detailed"));
    assert_eq!(refused(call()).await, (401, "unauthorized".to_owned()));
    let answer = call().bearer_auth(ADMIN).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(
        (&told["status"], &told["database"]["status"]),
        (&json!("ok"), &json!("ok")),
        "{told}"
    );
    assert_eq!(told["providers"][0]["name"], "first");
    assert!(told["disk"]["total_bytes"].as_u64() > Some(0), "{told}");
    assert!(told["event_loop"]["lag_ms"].is_number(), "{told}");
    #[cfg(target_os = "linux")]
    assert!(
        told["memory"]["resident_bytes"].as_u64() > Some(0),
        "{told}"
    );
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_down_where_nothing_can_serve_and_degraded_without_a_history() {
    let home = Home::new(CONFIG);
    // A folder where the file should be.
    std::fs::create_dir_all(home.data().join("ledger.db")).unwrap();
    let house = home.start().await;
    let health = async || {
        let call = house.client.get(house.url("/health/detailed"));
        let answer = call.bearer_auth(ADMIN).send().await.unwrap();
        let status = answer.status().as_u16();
        let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        (status, told)
    };
    let (status, told) = health().await;
    assert_eq!(
        (status, &told["status"], &told["database"]["status"]),
        (200, &json!("degraded"), &json!("down")),
        "{told}"
    );
    for provider in ["first", "spare", "other"] {
        house
            .post(&format!("/providers/{provider}/disable"), None)
            .await;
    }
    let (status, told) = health().await;
    assert_eq!((status, &told["status"]), (503, &json!("down")), "{told}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_by_level_text_and_page() {
    let home = Home::new(CONFIG);
    let _log = daemon::log::init(&home.options());
    let house = home.start().await;
    house.post("/groups/second/activate", None).await;
    house.post("/groups/main/activate", None).await;
    let chosen = until(async || {
        let told = house.get("/logs?q=WAS%20CHOSEN&level=info").await;
        (told["items"].as_array()?.len() == 2).then_some(told)
    })
    .await;
    let newest = &chosen["items"][0];
    assert_eq!(
        (&newest["message"], &newest["level"], &chosen["next_cursor"]),
        (
            &json!("group main was chosen"),
            &json!("info"),
            &Value::Null
        )
    );
    let page = house.get("/logs?q=was%20chosen&limit=1").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = house
        .get(&format!("/logs?q=was%20chosen&limit=1&cursor={cursor}"))
        .await;
    assert_eq!(next["items"][0], chosen["items"][1]);
    let graver = house.get("/logs?level=error&q=was%20chosen").await;
    assert_eq!(graver["items"], json!([]));
    let later = house.get("/logs?since=2999-01-01T00:00:00Z").await;
    assert_eq!(later["items"], json!([]));
    for wrong in ["level=loud", "cursor=x", "since=yesterday", "limit=-1"] {
        let call = house.call(Method::GET, &format!("/logs?{wrong}"));
        assert_eq!(refused(call).await.0, 400, "{wrong}");
    }
    house.daemon.stop().await;
}

/// Lines of the log that belong to a request.
async fn lines_of(house: &House, request: &str) -> Vec<Value> {
    let told = house.get(&format!("/logs?request={request}")).await;
    told["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_of_a_request_by_the_id_that_its_client_was_told() {
    let home = Home::new(CONFIG);
    let _log = daemon::log::init(&home.options());
    let house = home.start().await;
    house.daemon.practice_outage(true);
    let failed_over = house.ask(false).await;
    let id = failed_over.headers()["x-turnout-request-id"]
        .to_str()
        .unwrap();
    let switched = |line: &&Value| {
        let message = line["message"].as_str().unwrap();
        message.contains("switched from first to spare")
    };
    let lines = until(async || {
        let lines = lines_of(&house, id).await;
        lines.iter().any(|line| switched(&line)).then_some(lines)
    })
    .await;
    let line = lines.iter().find(switched).unwrap();
    assert_eq!(line["fields"]["request_id"], id);
    let attempt = lines
        .iter()
        .find(|line| line["fields"]["attempt"] == 1)
        .unwrap();
    assert_eq!(
        (
            &attempt["fields"]["provider"],
            &attempt["fields"]["request_id"]
        ),
        (&json!("first"), &json!(id))
    );
    // The beginning of an id will do, and nobody else's lines are among them.
    let begun = lines_of(&house, &id[..12]).await;
    assert!(lines.iter().all(|line| begun.contains(line)), "{begun:#?}");
    assert!(begun.iter().all(|line| line["fields"]["request_id"] == id));
    assert!(lines_of(&house, "req-nobody").await.is_empty());
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_a_client_is_shown_stands_in_the_log_under_its_id() {
    let home = Home::new(CONFIG);
    let _log = daemon::log::init(&home.options());
    let house = home.start().await;
    let wrong = [
        // Nobody's token, and no body that is JSON.
        house
            .client
            .post(house.url("/v1/messages"))
            .bearer_auth("nobody"),
        house
            .client
            .post(house.url("/v1/messages"))
            .bearer_auth(CLIENT)
            .body("{"),
    ];
    for call in wrong {
        let answer = call.send().await.unwrap();
        let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let id = told["request_id"].as_str().unwrap();
        let said = told["error"]["message"].as_str().unwrap();
        let lines = lines_of(&house, id).await;
        let logged = lines[0]["message"].as_str().unwrap();
        let why = logged.strip_prefix("refused: ").unwrap();
        assert!(said.contains(why), "{said}: {lines:?}");
        assert_eq!(lines[0]["level"], "info");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_among_the_connections_until_it_has_gone() {
    // Takes connections and never answers.
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relay = format!(
        "\n[[providers]]\nname = \"mute\"\ndialect = \"anthropic\"\nauth = \"none\"\nbase_url = \"http://{}\"\n",
        mute.local_addr().unwrap()
    );
    let config = CONFIG.replace("{ provider = \"other\" }", "{ provider = \"mute\" }");
    let home = Home::new(&format!("{config}{relay}"));
    let house = home.start().await;
    house.post("/groups/second/activate", None).await;
    assert_eq!(house.get("/connections").await["items"], json!([]));
    let seen = until(async || {
        let told = house.get("/connections").await;
        let one = told["items"].get(0).cloned()?;
        (one["status"] == "forwarding").then_some(one)
    });
    let found = tokio::select! {
        found = seen => found,
        answer = house.ask(false) => panic!("{answer:?}"),
    };
    assert_eq!(
        (&found["token"], &found["model"], &found["provider"]),
        (&json!("local"), &json!("claude-haiku-4-5"), &json!("mute"))
    );
    // The body of the request, and nothing of an answer.
    assert!(found["bytes_in"].as_u64() > Some(100), "{found}");
    assert_eq!(found["bytes_out"], 0);
    until(async || {
        let told = house.get("/connections").await;
        (told["items"] == json!([])).then_some(())
    })
    .await;
    house.daemon.stop().await;
}
