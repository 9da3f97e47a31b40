//! What was said in requests is kept where that is wanted, shown without secrets, and sent again elsewhere.

use serde_json::{Value, json};
use tests::config::{Config, Provider};
use tests::http::Call;
use tests::message::{plain, said, streamed};
use tests::program::{Practice, Turnout};
use tests::until;

const SECRET: &str = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";

/// Three practice providers, of which one speaks another dialect, in a group of its own.
async fn capturing(what: &str, first: &Practice, second: &Practice, other: &Practice) -> Turnout {
    let more = format!(
        "[[providers]]\nname = \"other\"\ndialect = \"openai-chat\"\nbase_url = \"{}/v1\"\n\
         keys = [\"env:KEY_FIRST_0\"]\n[[groups]]\nname = \"else\"\nmembers = [{{ provider = \"other\" }}]\n\
         [ledger]\ncapture_bodies = \"{what}\"\n",
        other.base
    );
    let providers = [first, second].map(|practice| practice.base.clone());
    let names = ["first", "second"].into_iter().zip(providers);
    let config = Config::chain(names).more(&more);
    Turnout::start(&config).await
}

async fn bodies(turnout: &Turnout, id: &str) -> Vec<Value> {
    let path = format!("/requests/{id}/bodies");
    until("the bodies are written", async || {
        let told = turnout.admin().get(&path).await;
        let kept = told["items"].as_array().unwrap().clone();
        (!kept.is_empty()).then_some(kept)
    })
    .await
}

fn find<'a>(bodies: &'a [Value], attempt: u64, part: &str) -> &'a Value {
    let mut bodies = bodies.iter();
    let found = bodies.find(|body| body["attempt"] == attempt && body["part"] == part);
    found.unwrap_or_else(|| panic!("no {part} of attempt {attempt}"))
}

#[tokio::test]
async fn a_failed_attempt_is_kept_whole_and_without_its_secrets() {
    let first = Practice::failing("first", "529;retry_after=none").await;
    let (second, other) = (
        Practice::start("second").await,
        Practice::start("other").await,
    );
    let turnout = capturing("errors", &first, &second, &other).await;
    let answer = turnout.ask(&streamed(&format!("my key is {SECRET}"))).await;
    assert_eq!(answer.status, 200);
    let failed = answer.header("x-turnout-request-id").unwrap().to_owned();
    let kept = bodies(&turnout, &failed).await;

    assert_eq!(find(&kept, 1, "answer")["status"], 529);
    assert_eq!(find(&kept, 1, "request")["same_as"], 0);
    assert_eq!(find(&kept, 2, "answer")["status"], 200);
    assert_eq!(find(&kept, 0, "answer")["same_as"], 2);
    let asked = find(&kept, 0, "request")["text"].as_str().unwrap();
    assert!(asked.contains("my key is [redacted]"), "{asked}");
    let told = serde_json::to_string(&kept).unwrap();
    for secret in [
        SECRET,
        &Provider::key("first", 0),
        &Provider::key("second", 0),
    ] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }

    // The first one is well again: nothing of a request that goes well is kept.
    first.fail(None).await;
    turnout.admin().post("/providers/first/reset").await;
    let answer = turnout.ask(&plain("well")).await;
    let good = answer.header("x-turnout-request-id").unwrap().to_owned();
    assert_eq!(turnout.admin().request(&good).await["bodies"], json!([]));

    let shown = turnout.home().run(&["show", &failed, "--bodies"]).await;
    assert_eq!(shown.code, 0, "{shown:?}");
    for part in [
        "the client asked: POST /v1/messages",
        "attempt 1 was answered: 529",
        "[redacted]",
    ] {
        assert!(shown.out.contains(part), "no {part:?} in:\n{}", shown.out);
    }
    let why = turnout.home().run(&["replay", &good]).await;
    assert_eq!(why.code, 1);
    assert!(why.err.contains("capture_bodies"), "{}", why.err);
}

#[tokio::test]
async fn a_request_is_replayed_to_a_provider_of_another_dialect_and_compared() {
    let [first, second, other] = ["first", "second", "other"].map(Practice::start);
    let (first, second, other) = (first.await, second.await, other.await);
    let turnout = capturing("all", &first, &second, &other).await;
    for body in [plain("say hello"), streamed("say hello")] {
        let answer = turnout.ask(&body).await;
        let id = answer.header("x-turnout-request-id").unwrap().to_owned();
        bodies(&turnout, &id).await;
        let replay = ["replay", &id, "--provider", "other", "--json"];
        let told = turnout.home().run(&replay).await;
        assert_eq!(told.code, 0, "{told:?}");
        let told: Value = serde_json::from_str(&told.out).unwrap();
        let (original, replay) = (&told["original"], &told["replay"]);
        assert_eq!(original["provider"], "first");
        assert_eq!(replay["provider"], "other");
        assert_eq!(original["answer"]["text"], said(&answer));
        for side in [original, replay] {
            assert_eq!(side["http_status"], 200, "{side}");
            assert_eq!(side["answer"]["cut"], false);
            assert!(
                side["answer"]["text"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty())
            );
        }

        // What the other provider was asked and answered is told in its own dialect.
        let again = replay["id"].as_str().unwrap();
        let kept = bodies(&turnout, again).await;
        let asked = find(&kept, 1, "request");
        assert!(
            asked["address"]
                .as_str()
                .unwrap()
                .ends_with("/v1/chat/completions")
        );
        assert_eq!(asked["same_as"], Value::Null);
        assert_eq!(find(&kept, 0, "answer")["same_as"], Value::Null);
        let row = turnout.admin().request(again).await;
        assert_eq!(
            (&row["replay_of"], &row["client"]),
            (&json!(id), &json!("replay"))
        );

        let diff = turnout
            .home()
            .run(&["replay", &id, "--provider", "other", "--diff"])
            .await;
        assert_eq!(diff.code, 0, "{diff:?}");
        let is_same = told["same_text"] == true;
        let is_told_same = diff.out.contains("both say the same");
        assert_eq!(is_same, is_told_same, "{}", diff.out);
        let is_marked = diff.out.contains("[-first-]{+other+}");
        assert!(is_same || is_marked, "{}", diff.out);
    }
}

#[tokio::test]
async fn a_token_alone_that_is_no_admins_reads_no_bodies() {
    let [first, second, other] = ["first", "second", "other"].map(Practice::start);
    let (first, second, other) = (first.await, second.await, other.await);
    let turnout = capturing("all", &first, &second, &other).await;
    let answer = turnout.ask(&plain("private")).await;
    let id = answer.header("x-turnout-request-id").unwrap();
    let call = Call::get(&format!("/api/v1/requests/{id}/bodies")).bearer(tests::config::CLIENT);
    let told = call.send(&turnout.base).await;
    assert_eq!(told.status, 401, "{}", told.text());
}
