//! Facts about the scenario grammar.

use super::*;

#[track_caller]
fn parse(text: &str) -> Scenario {
    Scenario::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[track_caller]
fn refusal(text: &str) -> String {
    Scenario::parse(text)
        .expect_err("must not parse")
        .to_string()
}

#[test]
fn every_listed_name_parses() {
    for name in NAMES {
        assert_eq!(parse(name).text, *name);
        assert!(is_name(name), "{name}");
    }
}

#[test]
fn a_bare_status_is_a_fault_with_that_status() {
    for status in [400, 408, 413, 520, 529] {
        let Some(Fault::Status(failure)) = parse(&status.to_string()).fault else {
            panic!("{status}")
        };
        assert_eq!(failure.status.as_u16(), status);
    }
}

#[test]
fn a_429_carries_retry_after_unless_told_not_to() {
    let after = |text: &str| match parse(text).fault {
        Some(Fault::Status(failure)) => failure.retry_after,
        other => panic!("{other:?}"),
    };
    assert_eq!(after("429").as_deref(), Some("1"));
    assert_eq!(after("429;retry_after=30").as_deref(), Some("30"));
    assert_eq!(after("429;retry_after=none"), None);
    assert_eq!(after("503"), None);
}

#[test]
fn times_take_milliseconds_or_a_unit() {
    let scenario = parse("slow; first=1.5s; gap=20ms");
    assert_eq!(scenario.first, Some(Duration::from_millis(1500)));
    assert_eq!(scenario.gap, Some(Duration::from_millis(20)));
    assert_eq!(parse("text;first=7").first, Some(Duration::from_millis(7)));
    assert_eq!(parse("slow").first, Some(Duration::from_secs(5)));
}

#[test]
fn the_point_of_a_fault_counts_deltas_or_events() {
    assert_eq!(parse("cut;after=3").point, Some(Point::Deltas(3)));
    assert_eq!(parse("stall;events=0").point, Some(Point::Events(0)));
    assert_eq!(parse("truncate;after=all").point, Some(Point::AllButLast));
}

#[test]
fn a_fault_keeps_the_content_that_it_interrupts() {
    let scenario = parse("cut;how=rst;content=tool;times=2;only=main");
    assert_eq!(
        (scenario.content, scenario.fault.clone()),
        (Content::Tool, Some(Fault::Cut(How::Rst)))
    );
    assert_eq!((scenario.times, scenario.only), (Some(2), Only::Main));
    let healed = scenario.without_fault();
    assert_eq!((healed.content, healed.fault), (Content::Tool, None));
}

#[test]
fn a_slow_scenario_without_its_fault_is_prompt() {
    assert_eq!(parse("slow;first=9").without_fault().first, None);
    assert_eq!(
        parse("text;first=9").without_fault().first,
        Some(Duration::from_millis(9))
    );
}

#[test]
fn values_may_be_percent_encoded() {
    assert_eq!(
        parse("text;say=a%3Bb 100% caf%C3%A9").wish.say.as_deref(),
        Some("a;b 100% café")
    );
}

#[test]
fn headers_are_named_by_a_prefix() {
    let headers = parse("text;h.anthropic-ratelimit-requests-remaining=0").headers;
    assert_eq!(headers.len(), 1);
    assert_eq!(
        (headers[0].0.as_str(), headers[0].1.as_bytes()),
        ("anthropic-ratelimit-requests-remaining", &b"0"[..])
    );
}

#[test]
fn what_cannot_be_understood_is_named() {
    assert!(refusal("429x").contains("`429x`"));
    assert!(refusal("200").contains("`200`"));
    assert!(refusal("").contains("names are"));
    assert!(refusal("text;colour=red").contains("`colour`"));
    assert!(refusal("text;say").contains("`say`"));
    assert!(refusal("cut;how=softly").contains("fin, rst or midframe"));
    assert!(refusal("text;gap=soon").contains("`gap` cannot be `soon`"));
    assert!(refusal("429;status=9999").contains("`status`"));
    assert!(refusal("tool;args=nope").contains("JSON"));
}

#[test]
fn a_key_that_another_fault_takes_is_refused_rather_than_ignored() {
    assert!(refusal("text;how=rst").contains("`how`"));
    assert!(refusal("cut;retry_after=3").contains("`retry_after`"));
}
