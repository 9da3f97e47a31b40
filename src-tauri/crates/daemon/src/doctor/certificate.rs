//! The one date of a certificate that matters here. Pure.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
/// The version, which the first version of certificates leaves out.
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of a certificate's validity, from its DER (RFC 5280, 4.1); `None` where it is none.
pub(super) fn expires(der: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if let Some((_, after)) = element(rest, VERSION) {
        rest = after;
    }
    // Serial number, signature algorithm, issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        (_, rest) = element(rest, tag)?;
    }
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_, _, until) = next(validity)?;
    let (tag, text, _) = next(until)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

/// The content of the first element, if it has this tag, and what follows it.
fn element(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = next(input)?;
    (found == tag).then_some((content, rest))
}

/// Tag and content of the first element, and what follows it.
fn next(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        _ if first < 0x80 => (usize::from(first), rest),
        // The length itself has as many bytes as the lower bits say.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// RFC 5280, 4.1.2.5: years of two digits are those from 1950 to 2049.
fn time(tag: u8, text: &str) -> Option<Timestamp> {
    let whole = match tag {
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let at = DateTime::strptime("%Y%m%d%H%M%SZ", whole).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        match u8::try_from(content.len()) {
            Ok(short) if short < 0x80 => bytes.push(short),
            _ => {
                bytes.push(0x82);
                bytes.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
            }
        }
        bytes.extend(content);
        bytes
    }

    fn certificate(has_version: bool, until: &[u8]) -> Vec<u8> {
        let version = der(VERSION, &der(INTEGER, &[2]));
        let parts = [
            if has_version { version } else { Vec::new() },
            der(INTEGER, &[1; 20]),
            der(SEQUENCE, &[]),
            der(SEQUENCE, &[0; 300]),
            der(
                SEQUENCE,
                &[&der(UTC_TIME, b"250101000000Z"), until].concat(),
            ),
            der(SEQUENCE, &[]),
        ];
        let body = der(SEQUENCE, &parts.concat());
        der(SEQUENCE, &[body, der(SEQUENCE, &[]), der(3, &[0])].concat())
    }

    #[test]
    fn the_end_is_found_in_both_forms_of_times() {
        for (tag, text, expected) in [
            (UTC_TIME, "270131235959Z", "2027-01-31T23:59:59Z"),
            (UTC_TIME, "991231000000Z", "1999-12-31T00:00:00Z"),
            (GENERALIZED_TIME, "20510102030405Z", "2051-01-02T03:04:05Z"),
        ] {
            for has_version in [true, false] {
                let made = certificate(has_version, &der(tag, text.as_bytes()));
                let found = expires(&made).map(|at| at.to_string());
                assert_eq!(found.as_deref(), Some(expected));
            }
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let whole = certificate(true, &der(UTC_TIME, b"270131235959Z"));
        for broken in [&whole[..40], &[][..], &[0x30, 0x85, 1, 1, 1, 1, 1][..]] {
            assert_eq!(expires(broken), None);
        }
        assert_eq!(
            expires(&certificate(true, &der(UTC_TIME, b"when it pleases"))),
            None
        );
    }
}
