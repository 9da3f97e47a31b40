use super::*;

const MINUTE: Duration = Duration::from_mins(1);

fn track(reset: Instant) -> Track {
    Track {
        provider: "a".into(),
        key: None,
        model: None,
        what: "tokens",
        reset,
        told: VecDeque::new(),
    }
}

/// Tells what is left at so many minutes after the start, each with the reset in minutes.
fn told(start: Instant, reset: u32, left: &[(u32, f64)]) -> (Track, Instant) {
    let mut track = track(start);
    let mut now = start;
    for (minutes, left) in left {
        now = start + MINUTE * *minutes;
        track.add(*left, start + MINUTE * reset, now);
    }
    (track, now)
}

#[test]
fn a_limit_is_hit_where_the_pace_goes_on() {
    type Row = (u32, &'static [(u32, f64)], Option<u32>);
    let start = Instant::now();
    let table: [Row; 8] = [
        // Half in two hours of five: the other half in two more.
        (300, &[(0, 1.0), (120, 0.5)], Some(240)),
        (300, &[(0, 1.0), (60, 0.9), (120, 0.5)], Some(240)),
        // Whole again before it is hit.
        (200, &[(0, 1.0), (120, 0.5)], None),
        // Nothing is used, or nothing is known of the pace.
        (300, &[(0, 1.0), (120, 1.0)], None),
        (300, &[(0, 0.1)], None),
        // Nothing is left.
        (300, &[(0, 1.0), (30, 0.0)], Some(30)),
        // It was filled up: what was before does not count.
        (300, &[(0, 0.2), (10, 0.1), (20, 1.0), (30, 0.9)], Some(120)),
        (300, &[(0, 0.2), (10, 0.1), (20, 1.0)], None),
    ];
    for (reset, left, expected) in table {
        let (track, now) = told(start, reset, left);
        let at = track.hit(now).map(|at| {
            let secs = at.saturating_duration_since(start).as_secs_f64();
            (secs / 60.0).round() as u32
        });
        assert_eq!(at, expected, "{left:?}");
    }
}

#[test]
fn nothing_is_foreseen_behind_the_reset() {
    let start = Instant::now();
    let (track, _) = told(start, 60, &[(0, 1.0), (30, 0.1)]);
    assert!(track.hit(start + MINUTE * 31).is_some());
    assert_eq!(track.hit(start + MINUTE * 60), None);
}

#[test]
fn many_observations_are_thinned_out_and_the_newest_is_always_there() {
    let start = Instant::now();
    let mut track = track(start);
    for second in 0..3600_u32 {
        let left = 1.0 - f64::from(second) / 10_000.0;
        let now = start + Duration::from_secs(second.into());
        track.add(left, start + MINUTE * 300, now);
    }
    assert!(track.told.len() <= KEPT);
    let (newest, _) = track.told.back().unwrap();
    assert_eq!(*newest, start + Duration::from_secs(3599));
    let (oldest, _) = track.told.front().unwrap();
    assert!(*newest - *oldest > MINUTE * 20, "{:?}", *newest - *oldest);
    let at = track.hit(*newest).unwrap();
    let hit = at.saturating_duration_since(start).as_secs_f64();
    assert!((hit - 10_000.0).abs() < 1.0, "{hit}");
}

#[test]
fn a_minutes_limit_is_foreseen_by_its_last_quarter() {
    let start = Instant::now();
    let at = |second: u64| start + Duration::from_secs(second);
    let each = |from: u64, to: u64| (from..to).map(move |second| (at(second), 1));
    let now = at(45);
    assert_eq!(minute(each(30, 45), 100, now), None, "not at this pace");
    let hit = minute(each(30, 45), 50, now).unwrap();
    let secs = hit.saturating_duration_since(now).as_secs();
    assert_eq!(
        secs, 51,
        "35 more, at 14 in a quarter of a minute less what leaves"
    );
    assert_eq!(minute(each(30, 45), 15, now), Some(now));
    assert_eq!(minute(each(0, 15), 50, now), None, "it is quiet now");
}
