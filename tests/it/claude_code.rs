//! The real Claude Code through Turnout, while its first provider fails on purpose.

use serde_json::Value;
use tests::admin::chain;
use tests::claude::{Run, run};
use tests::config::Config;
use tests::program::{Practice, Turnout};
use tests::until;

async fn behind(first: &Practice, second: &Practice) -> Turnout {
    let config = config(first, second).routing("sticky = false");
    Turnout::start(&config).await
}

fn config(first: &Practice, second: &Practice) -> Config {
    Config::chain([
        ("first", first.base.clone()),
        ("second", second.base.clone()),
    ])
    .routing(r#"cooldown = "1ms""#)
    .routing(r#"breaker = { failures = 1000, window = "60s", recovery = "1s", probes = 1 }"#)
}

/// Every request as `provider:verdict` of each of its attempts, oldest first, once there are as many as are `wanted`.
async fn story(turnout: &Turnout, wanted: usize) -> Vec<String> {
    turnout.quiet().await;
    let admin = turnout.admin();
    until("the requests to be in the history", || async {
        let rows = admin.requests().await;
        let over = |row: &Value| row["ended_at"].is_string() || row["duration_ms"].is_number();
        (rows.len() >= wanted && rows.iter().all(over)).then_some(())
    })
    .await;
    let mut story = Vec::new();
    for row in admin.requests().await.iter().rev() {
        let request = admin.request(row["id"].as_str().unwrap()).await;
        assert_eq!(request["client"], "claude-code", "{request:#}");
        let tried = chain(&request, "provider")
            .into_iter()
            .zip(chain(&request, "verdict"));
        let tried: Vec<String> = tried
            .map(|(provider, verdict)| format!("{provider}:{verdict}"))
            .collect();
        story.push(format!(
            "{} {}",
            tried.join(" "),
            request["status"].as_str().unwrap()
        ));
    }
    println!("{story:#?}");
    story
}

#[track_caller]
fn ended_well(run: &Run) {
    assert!(run.ok, "{run:#?}");
    assert_eq!(run.result()["is_error"], false, "{run:#?}");
}

const OVERLOADED_THEN_SERVED: &str = "first:next-provider second:ok completed";

#[tokio::test]
async fn a_prompt_survives_an_overloaded_provider() {
    let (first, second) = (
        Practice::failing("first", "529").await,
        Practice::start("second").await,
    );
    let turnout = behind(&first, &second).await;
    let run = run(&turnout, "Say hello to the turnout.").await;
    ended_well(&run);
    assert!(
        run.result()["result"]
            .as_str()
            .unwrap()
            .contains("hello to the turnout"),
        "{run:#?}"
    );
    let story = story(&turnout, 1).await;
    assert!(
        !story.is_empty() && story.iter().all(|told| told == OVERLOADED_THEN_SERVED),
        "{story:#?}"
    );
}

#[tokio::test]
async fn a_prompt_survives_a_stream_that_is_cut_after_its_first_words() {
    let (first, second) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    first.next(&["cut;after=2", "529", "529", "529"]).await;
    let turnout = behind(&first, &second).await;
    let run = run(&turnout, "Say hello to the turnout.").await;
    ended_well(&run);
    assert!(
        run.result()["result"]
            .as_str()
            .unwrap()
            .contains("hello to the turnout"),
        "{run:#?}"
    );
    let story = story(&turnout, 2).await;
    assert!(
        story[0].starts_with("first:") && story[0].ends_with("failed"),
        "the cut is not told: {story:#?}"
    );
    assert_eq!(
        story[1], OVERLOADED_THEN_SERVED,
        "the client's own retry was not served elsewhere"
    );
}

#[tokio::test]
async fn a_cut_answer_is_begun_anew_without_the_client_asking_again() {
    let (first, second) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    // The call of a tool is cut, and so is the answer to its result.
    first.next(&["cut;after=1", "cut;after=2"]).await;
    let config = config(&first, &second)
        .routing("sticky = false")
        .routing(r#"continue = "restart""#);
    let turnout = Turnout::start(&config).await;
    let run = run(
        &turnout,
        "Run the tool. [[practice:tool;command=echo $((6*7))-from-the-tool]]",
    )
    .await;
    ended_well(&run);
    let result = run.result()["result"].as_str().unwrap();
    assert_eq!(
        result.matches("42-from-the-tool").count(),
        1,
        "the answer is not told, or twice: {run:#?}"
    );
    assert_eq!(story(&turnout, 2).await, [OVERLOADED_THEN_SERVED; 2]);
}

#[tokio::test]
async fn a_tool_loop_survives_a_529_and_a_cut() {
    let (first, second) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    // The tool call comes from the second provider, after a 529; the answer to its result is cut and asked for anew.
    first
        .next(&["529", "cut;after=2", "529", "529", "529"])
        .await;
    let turnout = behind(&first, &second).await;
    let run = run(
        &turnout,
        "Run the tool. [[practice:tool;command=echo $((6*7))-from-the-tool]]",
    )
    .await;
    ended_well(&run);
    assert!(
        run.tool_results().contains("42-from-the-tool"),
        "the tool did not run: {run:#?}"
    );
    assert!(
        run.result()["result"]
            .as_str()
            .unwrap()
            .contains("42-from-the-tool"),
        "{run:#?}"
    );
    let story = story(&turnout, 3).await;
    assert_eq!(story[0], OVERLOADED_THEN_SERVED);
    assert!(
        story[1].starts_with("first:") && story[1].ends_with("failed"),
        "{story:#?}"
    );
    assert_eq!(story[2], OVERLOADED_THEN_SERVED);
    assert_eq!(story.len(), 3, "{story:#?}");
}

#[tokio::test]
async fn a_session_stays_with_the_provider_that_has_it_in_its_cache() {
    let (first, second) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    first.next(&["529"]).await;
    let turnout = Turnout::start(&config(&first, &second)).await;
    let run = run(
        &turnout,
        "Run the tool. [[practice:tool;command=echo $((6*7))-from-the-tool]]",
    )
    .await;
    ended_well(&run);
    let story = story(&turnout, 2).await;
    assert_eq!(story[0], OVERLOADED_THEN_SERVED);
    assert!(
        story[1..].iter().all(|told| told == "second:ok completed"),
        "{story:#?}"
    );
}
