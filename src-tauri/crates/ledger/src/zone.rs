//! Hours and days as a time zone has them: of a row in the words of a statement, of a whole hour as a number.

use jiff::{Timestamp, ToSpan as _};
use sqlx::{AnyConnection, Row as _};

use crate::kind::Kind;
use crate::select::Select;
use crate::span::HOUR_MS;
use crate::usage::{By, UsageFilter};

pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// Hours by the moment of their beginning, days by their number since 1970; both as the zone has them
/// at the time, for which its offsets are laid out in the statement.
pub(crate) async fn times(
    conn: &mut AnyConnection,
    kind: Kind,
    filter: &UsageFilter,
) -> Result<String, sqlx::Error> {
    let first = if let Some(since) = filter.since_ms {
        since
    } else {
        let first = kind.whole("coalesce(min(started_at), 0)");
        let first = format!("SELECT {first} AS first FROM requests");
        let rows = Select::new(kind, &first).rows_in(conn).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        row.try_get("first")?
    };
    let until = filter.until_ms.unwrap_or(i64::MAX);
    let first = Timestamp::from_millisecond(first).unwrap_or_default();
    let mut offset = filter.zone.to_offset(first).seconds();
    let mut cases = Vec::new();
    for next in filter.zone.following(first) {
        let at = next.timestamp();
        if at.as_millisecond() >= until || at > Timestamp::now() + 400.hours() {
            break;
        }
        let (at, time) = (at.as_millisecond(), bucket(kind, filter.by, offset));
        cases.push(format!("WHEN requests.started_at < {at} THEN {time}"));
        offset = next.offset().seconds();
    }
    let last = bucket(kind, filter.by, offset);
    Ok(if cases.is_empty() {
        last
    } else {
        format!("CASE {} ELSE {last} END", cases.join(" "))
    })
}

/// The hour or day of a request at an offset from UTC, in seconds.
fn bucket(kind: Kind, by: By, offset: i32) -> String {
    // Shifted by a day, so that it is not negative where the offset is.
    let local = format!("(requests.started_at + {})", shift(offset));
    match by {
        By::Hour => format!("(requests.started_at - {local} % {HOUR_MS})"),
        _ => kind.whole(&kind.divided(&local, &DAY_MS.to_string())),
    }
}

fn shift(offset: i32) -> i64 {
    i64::from(offset) * 1000 + DAY_MS
}

/// The same of a whole UTC hour; `None` where the zone has its hours begin within it.
pub(crate) fn place(filter: &UsageFilter, hour: i64) -> Option<i64> {
    let offset = |at_ms| {
        let at = Timestamp::from_millisecond(at_ms).ok()?;
        Some(filter.zone.to_offset(at).seconds())
    };
    let first = offset(hour)?;
    if first != offset(hour + HOUR_MS - 1)? || i64::from(first) * 1000 % HOUR_MS != 0 {
        return None;
    }
    Some(match filter.by {
        By::Hour => hour,
        _ => (hour + shift(first)) / DAY_MS,
    })
}
