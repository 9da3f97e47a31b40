//! `top` and `serve --tui` in a real terminal, against real programs.

use tests::config::{Config, Provider};
use tests::message::{plain, streamed};
use tests::program::{Home, Practice, Turnout};
use tests::terminal::Terminal;
use tests::until;

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 60)];

/// Two groups, each with a practice provider of its own.
async fn config() -> (Practice, Practice, Config) {
    let (first, second) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    let config = Config::of(vec![Provider::new("relay", &first.base)])
        .group("spare", Provider::new("backup", &second.base));
    (first, second, config)
}

#[tokio::test]
async fn opens_shows_switches_and_gives_the_terminal_back() {
    let (_first, _second, config) = config().await;
    for (columns, rows) in SIZES {
        let turnout = Turnout::start(&config).await;
        let mut top = Terminal::run(&turnout.home().command(&["top"]), columns, rows);
        top.shows("main → relay").await;
        assert_eq!(turnout.ask(&plain("hi")).await.status, 200);
        top.shows("completed").await;
        top.press("jja");
        top.shows("spare is active").await;
        top.shows("spare → backup").await;
        assert_eq!(turnout.admin().status().await["active_group"], "spare");
        top.press("q");
        assert_eq!(top.end().await, 0);
    }
}

#[tokio::test]
async fn a_request_that_waits_is_shown_and_given_up_by_hand() {
    let (first, second, config) = config().await;
    let turnout =
        Turnout::start(&config.routing("suspend = { enabled = true, timeout = \"5m\", max = 10 }"))
            .await;
    let mut top = Terminal::run(&turnout.home().command(&["top"]), 80, 24);
    top.shows("4 Waiting none").await;
    first.fail(Some("529")).await;
    second.fail(Some("529")).await;
    let asked = turnout.call(&plain("hi"));
    let base = turnout.base.clone();
    let asked = tokio::spawn(async move { asked.send(&base).await });
    top.shows("4 Waiting 1 request").await;
    top.press("4f");
    top.shows("Its client gets an error").await;
    top.press("y");
    top.shows("was given up").await;
    assert!(asked.await.unwrap().status >= 500);
    top.shows("4 Waiting none").await;
    top.press("q");
    assert_eq!(top.end().await, 0);
}

#[tokio::test]
async fn how_far_an_answer_has_come_is_told_while_it_streams() {
    let (first, _second, config) = config().await;
    first.fail(Some("long;gap=50ms")).await;
    let turnout = Turnout::start(&config).await;
    let asked = turnout.call(&streamed("hi"));
    let base = turnout.base.clone();
    let asked = tokio::spawn(async move { asked.send(&base).await });
    until("some words of an answer that goes on", async || {
        let told = turnout.admin().get("/connections").await;
        let said = told["items"][0]["output_tokens"].as_u64()?;
        (said > 0 && told["items"][0]["status"] == "streaming").then_some(())
    })
    .await;
    asked.abort();
}

#[tokio::test]
async fn a_lost_instance_is_told_and_found_again() {
    let (_first, _second, config) = config().await;
    let turnout = Turnout::start(&config).await;
    let top = Terminal::run(&turnout.home().command(&["top"]), 80, 24);
    top.shows("main → relay").await;
    let home = turnout.kill().await;
    top.shows("no connection").await;
    let turnout = home.start().await;
    top.comes_to("the connection again", |screen| {
        !screen.contains("no connection")
    })
    .await;
    // Told to end by the system, it gives the terminal back too.
    let killed = tokio::process::Command::new("kill")
        .arg(top.pid().to_string())
        .status();
    assert!(killed.await.unwrap().success());
    assert_eq!(top.end().await, 0);
    drop(turnout);
}

#[tokio::test]
async fn a_server_with_the_interface_ends_with_it() {
    let (_first, _second, config) = config().await;
    let home = Home::new(&config);
    let mut top = Terminal::run(&home.command(&["serve", "--tui"]), 80, 24);
    top.shows("main → relay").await;
    let told = home.run(&["status"]).await;
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.out.contains("main"), "{told:?}");
    top.press("6");
    top.shows("listens on").await;
    top.press("\u{1a}");
    top.shows("would stand still").await;
    top.press("q");
    top.shows("End Turnout?").await;
    top.press("y");
    assert_eq!(top.end().await, 0);
    let told = home.run(&["status"]).await;
    assert_eq!(told.code, 1, "it has ended: {told:?}");
    let mut logs = std::fs::read_dir(home.data().join("logs")).unwrap();
    let log = std::fs::read_to_string(logs.next().unwrap().unwrap().path()).unwrap();
    assert!(log.contains("listens on"), "{log}");
}

#[tokio::test]
async fn without_a_terminal_it_is_wrong_use_and_says_what_to_do() {
    let (_first, _second, config) = config().await;
    let home = Home::new(&config);
    for command in [["top"].as_slice(), &["serve", "--tui"]] {
        let told = home.run(command).await;
        assert_eq!(told.code, 2, "{told:?}");
        assert!(told.err.contains("needs a terminal"), "{told:?}");
        assert!(told.out.is_empty(), "{told:?}");
    }
}
