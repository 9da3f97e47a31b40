//! Each fault under each policy, streamed and not: another provider answers, or the client is told its own fault.
//!
//! All in one `turnoutd`: each case has a group and a failing provider of its own, so that no case knows of another.

use std::fmt::Write as _;
use std::sync::Arc;

use tests::admin::chain;
use tests::config::{CLIENT, Config, Provider};
use tests::http::{Answer, Call};
use tests::message::{names, plain, said, streamed};
use tests::program::{Practice, Turnout};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const POLICIES: [&str; 6] = [
    "priority",
    "weighted",
    "round-robin",
    "least-busy",
    "fastest",
    "cheapest",
];

/// A fault: what the practice provider is told, and the verdict and the reason in the history. With one try and one key
/// a fault that another try might help is left to the next provider.
struct Fault(&'static str, &'static str, &'static str);

/// Nobody listens there.
const NOBODY: &str = "nobody";

const FAULTS: &[Fault] = &[
    Fault("429;retry_after=30", "next-key", "rate_limited"),
    Fault("429;retry_after=none", "next-key", "rate_limited"),
    Fault("401", "next-key", "auth"),
    Fault("402", "next-key", "auth"),
    Fault("403", "next-key", "auth"),
    Fault("404-model", "next-provider", "not_found"),
    Fault("408", "next-provider", "timeout"),
    Fault("500", "next-provider", "server_error"),
    Fault("502", "next-provider", "server_error"),
    Fault("503;retry_after=30", "next-provider", "overloaded"),
    Fault("504", "next-provider", "timeout"),
    Fault("520", "next-provider", "server_error"),
    Fault("522", "next-provider", "timeout"),
    Fault("524", "next-provider", "timeout"),
    Fault("525", "next-provider", "server_error"),
    Fault("529;retry_after=none", "next-provider", "overloaded"),
    Fault("400-overload", "next-provider", "overloaded"),
    Fault("empty", "next-provider", "empty_response"),
    Fault("html", "next-provider", "server_error"),
    Fault("html;status=502", "next-provider", "server_error"),
    Fault("hang", "next-provider", "timeout"),
    Fault("refuse", "next-provider", "network"),
    Fault("refuse;how=rst", "next-provider", "network"),
    Fault(NOBODY, "next-provider", "network"),
];
/// Faults that need a stream to show themselves.
const IN_STREAMS: &[Fault] = &[
    Fault("fake200", "next-provider", "overloaded"),
    Fault("error-event;events=1", "next-provider", "overloaded"),
    Fault("cut;events=0", "next-provider", "network"),
    Fault("cut;events=1", "next-provider", "stream_cut"),
    Fault("cut;events=1;how=rst", "next-provider", "stream_cut"),
    Fault("truncate;events=1", "next-provider", "stream_cut"),
    Fault("stall;events=1", "next-provider", "timeout"),
];
/// Faults of the client's own: told as they are, and tried nowhere else.
const CLIENTS: &[Fault] = &[
    Fault("400", "client-fault", "invalid_request"),
    Fault("413", "client-fault", "invalid_request"),
    Fault("422", "client-fault", "invalid_request"),
];

struct Case {
    fault: &'static Fault,
    policy: &'static str,
    stream: bool,
    /// Name of its group and of its failing provider.
    name: String,
}

fn cases() -> Vec<Case> {
    let always = [FAULTS, CLIENTS].into_iter().flatten();
    let all = always
        .flat_map(|fault| [(fault, true), (fault, false)])
        .chain(IN_STREAMS.iter().map(|fault| (fault, true)));
    all.flat_map(|(fault, stream)| POLICIES.map(|policy| (fault, policy, stream)))
        .enumerate()
        .map(|(index, (fault, policy, stream))| Case {
            fault,
            policy,
            stream,
            name: format!("ill-{index}"),
        })
        .collect()
}

/// Whatever the policy, the failing provider goes first: by priority, weight, file order, price, and as one that was
/// never measured.
fn config(cases: &[Case], ill: &Practice, well: &Practice) -> Config {
    let mut providers = vec![Provider::new("well", &well.base)];
    let mut groups = String::new();
    for Case {
        fault,
        policy,
        name,
        ..
    } in cases
    {
        let scenario = fault.0;
        let base = if scenario == NOBODY {
            "http://127.0.0.1:1"
        } else {
            &ill.base
        };
        let mut provider = Provider::new(name, base)
            .more("price = { multiplier = 0.5 }")
            .more(&format!(r#"headers = {{ "x-practice" = "{scenario}" }}"#));
        if scenario.starts_with("hang") || scenario.starts_with("stall") {
            provider = provider.more(r#"timeouts = { first_event = "300ms" }"#);
        }
        providers.push(provider);
        let _ = writeln!(
            groups,
            "[[groups]]\nname = \"{name}\"\npolicy = \"{policy}\"\nmembers = [{{ provider = \"{name}\", priority = 1, \
             weight = 1000 }}, {{ provider = \"well\", priority = 2, weight = 1 }}]"
        );
    }
    Config::of(providers)
        .routing("sticky = false")
        .more(&groups)
}

async fn ask(base: &str, case: &Case) -> Answer {
    let prompt = format!("say {}", case.name);
    let body = if case.stream {
        streamed(&prompt)
    } else {
        plain(&prompt)
    };
    let path = format!("/group/{}/v1/messages", case.name);
    Call::post(&path, body.to_string())
        .bearer(CLIENT)
        .header("anthropic-version", "2023-06-01")
        .send(base)
        .await
}

fn judge(case: &Case, answer: &Answer, told: &str) {
    let Case { fault, stream, .. } = case;
    let text = answer.text();
    let provider = answer.header("x-turnout-provider");
    if fault.1 == "client-fault" {
        assert_eq!(answer.status.to_string(), fault.0, "{told}: {text}");
        assert_eq!(answer.json()["type"], "error", "{told}");
        assert_eq!(provider, Some(&*case.name), "{told}");
        assert!(!text.contains("Turnout"), "{told}: {text}");
        return;
    }
    assert_eq!(
        (answer.status, provider),
        (200, Some("well")),
        "{told}: {text}"
    );
    assert!(said(answer).contains(&case.name), "{told}: {text}");
    if *stream {
        let events = answer.events();
        let names = names(&events);
        let begun = names.iter().filter(|name| **name == "message_start");
        assert_eq!(
            (begun.count(), names.last()),
            (1, Some(&"message_stop")),
            "{told}: {text}"
        );
        assert!(!names.contains(&"error"), "{told}: {text}");
    }
}

#[tokio::test]
async fn each_fault_under_each_policy_streamed_and_not() {
    let (ill, well) = (Practice::start("ill").await, Practice::start("well").await);
    let cases = cases();
    let number = cases.len();
    let turnout = Turnout::start(&config(&cases, &ill, &well)).await;
    let some = Arc::new(Semaphore::new(16));
    let mut all = JoinSet::new();
    for case in cases {
        let (base, admin, some) = (turnout.base.clone(), turnout.admin(), some.clone());
        all.spawn(async move {
            let _one = some.acquire_owned().await;
            let told = format!("{} ({}, stream {})", case.fault.0, case.policy, case.stream);
            let answer = ask(&base, &case).await;
            judge(&case, &answer, &told);
            let id = answer.header("x-turnout-request-id").unwrap();
            let request = admin.request(id).await;
            let Fault(_, verdict, reason) = *case.fault;
            let (providers, verdicts) = match verdict {
                "client-fault" => (vec![&*case.name], vec![verdict]),
                _ => (vec![&*case.name, "well"], vec![verdict, "ok"]),
            };
            assert_eq!(
                chain(&request, "provider"),
                providers,
                "{told}: {request:#}"
            );
            assert_eq!(chain(&request, "verdict"), verdicts, "{told}: {request:#}");
            assert_eq!(chain(&request, "reason")[0], reason, "{told}: {request:#}");
        });
    }
    while let Some(judged) = all.join_next().await {
        judged.unwrap();
    }
    println!("{number} cases: each fault under each policy, streamed and not");
}
