//! Times as people write them: `2h` or `yesterday` beside dates and whole times.

use jiff::civil::{Date, DateTime};
use jiff::{Span, Timestamp, Zoned};

const WRITE: &str = "write it as 2h, 3d, yesterday, 2026-01-31 or 2026-01-31T08:00:00Z";

/// A time that has been. Days begin, and times without a zone are, where this machine is.
pub(crate) fn past(text: &str) -> Result<Timestamp, String> {
    read(text, &Zoned::now(), Zoned::checked_sub)
}

/// A time to come.
pub(crate) fn coming(text: &str) -> Result<Timestamp, String> {
    read(text, &Zoned::now(), Zoned::checked_add)
}

fn read(
    text: &str,
    now: &Zoned,
    far: impl Fn(&Zoned, Span) -> Result<Zoned, jiff::Error>,
) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let beginning = |of: Result<Zoned, jiff::Error>| of.and_then(|day| day.start_of_day());
    let zone = || now.time_zone().clone();
    let zoned = match text {
        "now" => Ok(now.clone()),
        "today" => beginning(Ok(now.clone())),
        "yesterday" => beginning(now.yesterday()),
        "tomorrow" => beginning(now.tomorrow()),
        // Dates before times: a date alone is read as a time too, at midnight, where that may not be.
        _ => match (
            text.parse::<Date>(),
            text.parse::<DateTime>(),
            text.parse::<Span>(),
        ) {
            (_, Ok(time), _) if text.contains(':') => time.to_zoned(zone()),
            (Ok(date), ..) => date.to_zoned(zone()),
            (_, _, Ok(span)) => far(now, span.abs()),
            _ => return Err(format!("it is no time: {WRITE}")),
        },
    };
    let zoned = zoned.map_err(|error| format!("it is no time that can be: {error}"))?;
    Ok(zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        "2026-03-10T12:30:00+01:00[Europe/Berlin]".parse().unwrap()
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (written, meant) in [
            ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
            ("2026-01-31T08:00:00+01:00", "2026-01-31T07:00:00Z"),
            ("2026-01-31", "2026-01-30T23:00:00Z"),
            ("2026-01-31 08:15", "2026-01-31T07:15:00Z"),
            ("2026-01-31T08:15:30", "2026-01-31T07:15:30Z"),
            ("now", "2026-03-10T11:30:00Z"),
            ("today", "2026-03-09T23:00:00Z"),
            ("yesterday", "2026-03-08T23:00:00Z"),
            ("10m", "2026-03-10T11:20:00Z"),
            ("2h", "2026-03-10T09:30:00Z"),
            ("2h ago", "2026-03-10T09:30:00Z"),
            ("1h30m", "2026-03-10T10:00:00Z"),
            ("3d", "2026-03-07T11:30:00Z"),
            ("1w", "2026-03-03T11:30:00Z"),
        ] {
            let told = read(written, &now(), Zoned::checked_sub);
            assert_eq!(told, Ok(meant.parse().unwrap()), "{written}");
        }
        let ahead = read("30d", &now(), Zoned::checked_add);
        // Days, not hours: the clocks go forward in between.
        assert_eq!(ahead, Ok("2026-04-09T10:30:00Z".parse().unwrap()));
    }

    #[test]
    fn what_is_no_time_is_refused_with_what_to_write() {
        for wrong in ["", "soon", "2026-13-01", "12", "2x", "2026-01-31T25:00"] {
            let told = read(wrong, &now(), Zoned::checked_sub);
            assert!(told.is_err_and(|why| why.contains("2h, 3d")), "{wrong}");
        }
        assert!(past("99999y").is_err());
    }
}
