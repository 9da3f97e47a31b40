//! Starting and stopping, and everything that can be in the way.

use daemon::{Daemon, Options, Running, StartError};

use crate::support::{ADMIN, CONFIG, Home, House, until};

async fn failure(options: Options) -> StartError {
    Daemon::start(options).await.expect_err("it started")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_instance_hears_who_runs() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let error = failure(home.options()).await;
    assert!(matches!(error, StartError::AlreadyRunning(_)));
    let told = error.to_string();
    assert!(
        told.contains(&house.daemon.base_url()) && told.contains(&std::process::id().to_string()),
        "{told}"
    );
    let found = Running::find(&home.options()).await.unwrap();
    assert_eq!(
        (found.pid, found.base_url),
        (std::process::id(), house.daemon.base_url())
    );
    assert_eq!(secrecy::ExposeSecret::expose_secret(&found.token), ADMIN);

    house.daemon.stop().await;
    assert!(!home.data().join("instance.json").exists());
    Running::find(&home.options()).await.expect_err("none runs");
    home.start().await.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_told_with_what_to_do() {
    let home = Home::new(CONFIG);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = failure(Options {
        listen: Some(address),
        ..home.options()
    })
    .await;
    assert!(matches!(error, StartError::AddressInUse { .. }));
    let told = error.to_string();
    assert!(
        told.contains(&address.to_string()) && told.contains("--listen"),
        "{told}"
    );
    drop(taken);
    // The failed start left nothing behind.
    home.start().await.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_cannot_be_written_ends_the_start() {
    let home = Home::new(CONFIG);
    let data = home.config().join("data");
    let error = failure(Options {
        data_dir: Some(data.clone()),
        ..home.options()
    })
    .await;
    let told = error.to_string();
    assert!(
        told.contains(&data.display().to_string()) && told.contains("--data-dir"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_config_ends_the_start_with_its_place() {
    let home = Home::new("version = 1\n[server\n");
    let told = failure(home.options()).await.to_string();
    assert!(
        told.contains("config.toml") && told.contains("line 2, column "),
        "{told}"
    );
    home.write("config.toml", CONFIG);
    home.start().await.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_door_needs_tokens() {
    let home = Home::new(&CONFIG.replace("[server]", "[server]\nrequire_token = false"));
    let error = failure(Options {
        listen: Some(([0, 0, 0, 0], 0).into()),
        ..home.options()
    })
    .await;
    assert!(matches!(error, StartError::Open(_)), "{error}");
    home.start().await.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nothing_at_all_the_first_request_works() {
    let home = Home::new(CONFIG);
    std::fs::remove_file(home.config()).unwrap();
    let house = home.start().await;
    let connect = house.daemon.connect();
    let found = Running::find(&home.options()).await.unwrap();
    let status = house.bare(reqwest::Method::GET, "/status");
    let status = status
        .bearer_auth(secrecy::ExposeSecret::expose_secret(&found.token))
        .send()
        .await
        .unwrap();
    assert_eq!(status.status(), 200);
    assert_eq!(connect.env["ANTHROPIC_BASE_URL"], connect.base_url);
    assert_eq!(
        connect.env.get("ANTHROPIC_AUTH_TOKEN"),
        connect.token.as_ref()
    );

    let body = r#"{"model":"claude-haiku-4-5","max_tokens":9,"messages":[{"role":"user","content":"hello"}]}"#;
    let call = house
        .client
        .post(house.url("/v1/messages"))
        .bearer_auth(connect.token.unwrap());
    let answer = call
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_a_running_stream_finish_and_records_it() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let streaming = house.ask(true).await;
    let id = streaming.headers()["x-turnout-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let (text, ()) = tokio::join!(streaming.text(), house.daemon.stop());
    assert!(text.unwrap().contains("message_stop"));

    let house = home.start().await;
    assert_eq!(
        house.get(&format!("/requests/{id}")).await["status"],
        "completed"
    );
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_what_takes_longer_than_the_grace() {
    let home = Home::new(CONFIG);
    let options = Options {
        grace: std::time::Duration::from_millis(50),
        ..home.options()
    };
    let house = House::of(Daemon::start(options).await.unwrap());
    let body = r#"{"model":"practice-hang","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hello"}]}"#;
    let call = house
        .client
        .post(house.url("/v1/messages"))
        .header("x-api-key", crate::support::CLIENT);
    let hanging = tokio::spawn(
        call.header("content-type", "application/json")
            .body(body)
            .send(),
    );
    until(async || (house.get("/status").await["in_flight"] == 1).then_some(())).await;
    crate::support::soon(house.daemon.stop()).await;
    hanging.abort();

    let house = home.start().await;
    let rows = house.get("/requests").await;
    assert_eq!(rows["items"][0]["status"], "cancelled", "{rows}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_that_does_not_open_the_secrets_file_ends_the_start_and_no_token_is_kept_elsewhere()
 {
    let home = Home::new(CONFIG);
    std::fs::remove_file(home.config()).unwrap();
    let with = |passphrase: &str| Options {
        passphrase: Some(passphrase.into()),
        ..home.options()
    };
    Daemon::start(with("right")).await.unwrap().stop().await;
    let config = std::fs::read_to_string(home.config()).unwrap();
    assert!(config.contains("keychain:turnout/admin"), "{config}");
    for has_config in [true, false] {
        if !has_config {
            std::fs::remove_file(home.config()).unwrap();
        }
        let error = failure(with("wrong")).await;
        assert!(matches!(error, StartError::Secrets(_)), "{error:?}");
        assert!(error.to_string().contains("does not open"), "{error}");
        assert!(!home.data().join("tokens").exists());
        assert_eq!(home.config().exists(), has_config);
    }
    Daemon::start(with("right")).await.unwrap().stop().await;
    let again = std::fs::read_to_string(home.config()).unwrap();
    assert!(again.contains("keychain:turnout/admin"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_open_the_secrets_of_a_running_instance_hears_so_and_makes_no_token() {
    let home = Home::new(CONFIG);
    std::fs::remove_file(home.config()).unwrap();
    let with = Options {
        passphrase: Some("right".into()),
        ..home.options()
    };
    let running = Daemon::start(with.clone()).await.unwrap();
    let told = Running::find(&home.options())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("is closed here: set TURNOUT_PASSPHRASE"),
        "{told}"
    );
    assert!(!home.data().join("tokens").exists());
    Running::find(&with).await.unwrap();
    running.stop().await;
}
