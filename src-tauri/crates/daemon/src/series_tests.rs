use gateway::{AttemptStarted, Ended};

use super::*;

/// The reports of a request with one attempt that ends at this second.
fn request(
    lately: &mut Lately,
    id: &str,
    provider: &str,
    second: i64,
    verdict: Verdict,
    ttft: u64,
) {
    let (id, at_ms): (RequestId, i64) = (id.into(), second * 1000);
    lately.take(&Report::AttemptStarted(AttemptStarted {
        id: id.clone(),
        attempt: 1,
        at_ms,
        provider: provider.into(),
        key: None,
        group: "main".into(),
        model: "m".into(),
        provider_dialect: "anthropic",
    }));
    let is_ok = verdict == Verdict::Ok;
    if is_ok {
        lately.take(&Report::Streaming {
            id: id.clone(),
            attempt: 1,
            at_ms,
            ttft_ms: ttft,
        });
    }
    lately.take(&Report::AttemptEnded(AttemptEnded {
        id: id.clone(),
        attempt: 1,
        at_ms,
        duration_ms: 1,
        http_status: None,
        verdict,
        reason: None,
        error: None,
        usage: is_ok.then(|| Usage {
            input: 3,
            output: 2,
            ..Usage::default()
        }),
        model_answered: None,
        upstream_id: None,
        losses: Vec::new(),
        hedged: false,
    }));
    let status = if is_ok {
        EndStatus::Completed
    } else {
        EndStatus::Failed
    };
    lately.take(&Report::Ended(Ended {
        id,
        at_ms,
        duration_ms: 1,
        status,
        reason: None,
        http_status: None,
        error: None,
    }));
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn attempts_stand_in_the_bucket_of_their_end() {
    let mut lately = Lately::default();
    request(&mut lately, "a", "relay", 1_000, Verdict::Ok, 100);
    request(&mut lately, "b", "relay", 1_001, Verdict::Ok, 300);
    request(&mut lately, "c", "spare", 1_059, Verdict::NextProvider, 0);
    request(&mut lately, "d", "spare", 1_061, Verdict::ClientFault, 0);
    let names = ["relay".to_owned(), "spare".to_owned(), "idle".to_owned()];
    let told = lately.series(2, 2, at(1_069), &names);
    assert_eq!((told.until, told.step_seconds), (at(1_070), 60));
    assert_eq!(told.since, at(950));
    assert_eq!(told.total.requests, [2, 2]);
    assert_eq!(told.total.failures, [0, 2]);
    assert_eq!(told.total.tokens, [10, 0]);
    let [relay, spare, idle] = &told.providers[..] else {
        panic!("{told:?}");
    };
    assert_eq!(
        (&*relay.attempts, &*relay.failures),
        (&[2, 0][..], &[0, 0][..])
    );
    assert_eq!(relay.ttft_ms, [Some(300), None]);
    assert_eq!(
        (&*spare.attempts, &*spare.failures),
        (&[0, 2][..], &[0, 1][..])
    );
    assert_eq!((&*idle.attempts, &*idle.tokens), (&[0, 0][..], &[0, 0][..]));
}

#[test]
fn what_is_older_than_a_day_is_forgotten_and_a_clock_that_was_ahead_spoils_nothing() {
    let mut lately = Lately::default();
    let day = 24 * 60 * 60;
    request(&mut lately, "a", "relay", 1_000, Verdict::Ok, 1);
    request(&mut lately, "b", "relay", 1_000 + day, Verdict::Ok, 1);
    assert!(lately.counts.iter().all(|count| count.slot > 100));
    request(&mut lately, "c", "relay", 500, Verdict::Ok, 1);
    request(&mut lately, "d", "relay", 495, Verdict::Ok, 1);
    let told = lately.series(1, 1, at(500), &[]);
    assert_eq!(told.total.requests, [2], "what was counted ahead is gone");
}

#[test]
fn no_bucket_is_shorter_than_what_is_counted() {
    let told = Lately::default().series(1, 240, at(1_000), &["relay".to_owned()]);
    assert_eq!((told.step_seconds, told.total.requests.len()), (10, 6));
    assert_eq!(told.providers[0].ttft_ms, [None; 6]);
}

#[test]
fn counts_are_bounded() {
    let mut lately = Lately::default();
    let providers: Vec<Arc<str>> = (0..10).map(|it| it.to_string().into()).collect();
    for slot in 0..SLOTS - 1 {
        for provider in &providers {
            lately.count(slot * SLOT, Some(provider.clone())).many += 1;
        }
    }
    assert_eq!(lately.counts.len(), COUNTS);
}
