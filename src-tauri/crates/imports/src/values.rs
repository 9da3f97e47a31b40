//! Durations, keys and texts with variables, as several sources write them.

use secrecy::SecretString;

use crate::Env;
use crate::found::Key;

/// A duration as the config writes it: the largest unit that says it whole. None for what is shorter than `1ms`.
pub(crate) fn duration(millis: f64) -> Option<String> {
    const UNITS: [(u64, &str); 4] = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1000, "s"),
    ];
    if !(1.0..=1e13).contains(&millis) {
        return None;
    }
    let millis = millis.round() as u64;
    // 300s reads as well as 5m and is what people wrote; days and hours are only for whole ones.
    let unit = UNITS
        .iter()
        .find(|(size, name)| millis.is_multiple_of(*size) && (*name != "m" || millis >= 600_000));
    Some(match unit {
        Some((size, name)) => format!("{}{name}", millis / size),
        None => format!("{millis}ms"),
    })
}

/// Milliseconds of a duration as Go writes it: `300ms`, `1m30s`, `1.5h`; a bare number is seconds.
pub(crate) fn go_duration(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(seconds * 1e3);
    }
    let mut rest = text;
    let mut millis = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (unit, behind) = rest.split_at_checked(letters)?;
        millis += number
            * match unit.trim() {
                "ns" => 1e-6,
                "us" | "µs" => 1e-3,
                "ms" => 1.0,
                "s" => 1e3,
                "m" | "min" => 6e4,
                "h" => 3.6e6,
                "d" => 8.64e7,
                _ => return None,
            };
        rest = behind;
    }
    (!text.is_empty()).then_some(millis)
}

/// What a source's text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variables {
    /// The text itself.
    None,
    /// `${NAME}` in it.
    Braced,
    /// `${NAME}` and `$NAME` in it.
    Shell,
    /// `os.environ/NAME` in its place.
    OsEnviron,
}

/// A text of the source as the config has to write it, `${NAME}` for a variable. The error names a variable that is not
/// set: a config with it would not be valid.
pub(crate) fn written(text: &str, how: Variables, env: Env<'_>) -> Result<String, String> {
    if how == Variables::OsEnviron {
        return match text.strip_prefix("os.environ/") {
            Some(name) if env(name).is_none() => Err(name.to_owned()),
            Some(name) => Ok(format!("${{{name}}}")),
            None => Ok(text.replace("${", "$${")),
        };
    }
    let mut told = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        told.push_str(before);
        let (name, after) = match (how, behind.strip_prefix('{')) {
            (Variables::Braced | Variables::Shell, Some(inner)) => {
                inner.split_once('}').unwrap_or(("", inner))
            }
            (Variables::Shell, None) => {
                let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                behind.split_at(end.unwrap_or(behind.len()))
            }
            _ => ("", behind),
        };
        // `${NAME:-default}` is what the variable says, or the default.
        let (name, default) = name
            .split_once(":-")
            .map_or((name, None), |(n, d)| (n, Some(d)));
        match (is_variable(name), env(name), default) {
            (false, ..) => {
                told.push_str(if behind.starts_with('{') { "$$" } else { "$" });
                rest = behind;
                continue;
            }
            (true, None, Some(default)) => told.push_str(default),
            (true, None, None) => return Err(name.to_owned()),
            (true, Some(_), _) => {
                told.push_str("${");
                told.push_str(name);
                told.push('}');
            }
        }
        rest = after;
    }
    told.push_str(rest);
    Ok(told)
}

/// A key of the source: a reference to a variable, or itself. None for what is none.
pub(crate) fn key(text: &str, how: Variables) -> Option<Key> {
    let text = text.trim();
    let name = match how {
        Variables::None => None,
        Variables::OsEnviron => text.strip_prefix("os.environ/"),
        Variables::Braced | Variables::Shell => {
            let braced = text
                .strip_prefix("${")
                .and_then(|name| name.strip_suffix('}'));
            let bare = text.strip_prefix('$').filter(|_| how == Variables::Shell);
            braced
                .map(|name| name.split_once(":-").map_or(name, |(name, _)| name))
                .or(bare)
        }
    };
    if let Some(name) = name.filter(|name| is_variable(name)) {
        return Some(Key::Env(name.to_owned()));
    }
    let fits = !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    (fits && !is_placeholder(text)).then(|| Key::Secret(SecretString::from(text)))
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What example files have where a key belongs.
pub(crate) fn is_placeholder(text: &str) -> bool {
    let low = text.to_lowercase();
    let bare = ["sk-", "sk-or-", "sk-or-v1-", "sk-ant-", "none", "null"].contains(&&*low);
    let stem = low.trim_start_matches("sk-");
    bare || low.contains("your-")
        || low.contains("your_")
        || (!stem.is_empty() && stem.chars().all(|c| "x.*".contains(c)))
}

/// Headers that carry no credential. No list of words tells which others do, and a credential has no place in a config.
const HARMLESS_HEADERS: [&str; 14] = [
    "accept",
    "accept-language",
    "anthropic-beta",
    "anthropic-version",
    "api-version",
    "content-type",
    "http-referer",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "referer",
    "user-agent",
    "x-api-version",
    "x-title",
];

/// Whether a header's value may stand in a config for all to read.
pub(crate) fn is_harmless_header(name: &str) -> bool {
    let mut known = HARMLESS_HEADERS.iter();
    known.any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a URL has a name or password before its host.
pub(crate) fn has_login(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?'])
        .next()
        .is_some_and(|host| host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_the_largest_unit_that_says_them_whole() {
        let cases = [
            ("300s", Some("300s")),
            ("1m30s", Some("90s")),
            ("600s", Some("10m")),
            ("250ms", Some("250ms")),
            ("1.5s", Some("1500ms")),
            ("2h", Some("2h")),
            ("90", Some("90s")),
            ("0s", None),
            ("", None),
            ("soon", None),
            ("5", Some("5s")),
            ("-3s", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                go_duration(text).and_then(duration).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn variables_are_kept_as_such_and_told_when_not_set() {
        let env = |name: &str| (name == "SET").then(|| "x".to_owned());
        let cases = [
            (
                "https://${SET}/v1",
                Variables::Braced,
                Ok("https://${SET}/v1"),
            ),
            ("https://$SET/v1", Variables::Shell, Ok("https://${SET}/v1")),
            ("https://$SET/v1", Variables::Braced, Ok("https://$SET/v1")),
            ("${UNSET}", Variables::Braced, Err("UNSET")),
            ("${UNSET:-https://a}", Variables::Braced, Ok("https://a")),
            ("a ${b c} d", Variables::Braced, Ok("a $${b c} d")),
            ("${SET}", Variables::None, Ok("$${SET}")),
            ("os.environ/SET", Variables::OsEnviron, Ok("${SET}")),
            ("os.environ/UNSET", Variables::OsEnviron, Err("UNSET")),
            ("costs 5$", Variables::Shell, Ok("costs 5$")),
            ("${SET", Variables::Braced, Ok("$${SET")),
        ];
        for (text, how, expected) in cases {
            let told = written(text, how, &env);
            assert_eq!(told.as_deref().map_err(String::as_str), expected, "{text}");
        }
    }

    #[test]
    fn only_headers_that_carry_no_credential_are_harmless() {
        for name in ["User-Agent", "anthropic-beta", "HTTP-Referer", "X-Title"] {
            assert!(is_harmless_header(name), "{name}");
        }
        for name in [
            "Authorization",
            "Helicone-Auth",
            "X-Auth",
            "X-Auth-Key",
            "Ocp-Apim-Subscription-Key",
            "X-Access-Key",
            "X-Functions-Key",
            "X-Session",
            "X-Team",
        ] {
            assert!(!is_harmless_header(name), "{name}");
        }
    }

    #[test]
    fn a_key_is_a_reference_a_secret_or_an_example() {
        let env = |key: Option<Key>| match key {
            Some(Key::Env(name)) => format!("env:{name}"),
            Some(Key::Secret(_)) => "secret".to_owned(),
            None => "none".to_owned(),
        };
        let cases = [
            ("sk-1234567890", Variables::None, "secret"),
            ("$KEY", Variables::Shell, "env:KEY"),
            ("$KEY", Variables::Braced, "secret"),
            ("${KEY}", Variables::Braced, "env:KEY"),
            ("${KEY}", Variables::None, "secret"),
            ("os.environ/KEY", Variables::OsEnviron, "env:KEY"),
            ("sk-", Variables::None, "none"),
            ("sk-xxx", Variables::None, "none"),
            ("your-key-here", Variables::None, "none"),
            ("", Variables::None, "none"),
            ("two words", Variables::None, "none"),
        ];
        for (text, how, expected) in cases {
            assert_eq!(env(key(text, how)), expected, "{text}");
        }
    }
}
