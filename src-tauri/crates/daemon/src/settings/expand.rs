//! `${VAR}` in strings. Never expands anything but the braced form, so a plain `$` stays as it is.

use std::cell::RefCell;

use super::problem::Found;

/// A value that is shorter is no secret, and might be part of any word.
const SECRET: usize = 4;

/// What variables stood for while a config was read: any may be a secret, so that no message repeats it.
#[derive(Default)]
pub(super) struct Told {
    /// Values and the names of their variables.
    values: RefCell<Vec<(String, String)>>,
}

impl Told {
    /// What `env` says of `name`, remembered.
    pub(super) fn by(&self, env: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<String> {
        let value = env(name)?;
        let mut values = self.values.borrow_mut();
        values.push((value.clone(), name.to_owned()));
        Some(value)
    }

    /// A problem with each variable's value written as the variable, in whatever case and quoting it is repeated.
    pub(super) fn unsaid(&self, found: Found) -> Found {
        let mut values = self.values.borrow().clone();
        // A value that is part of another would leave the rest of that one.
        values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        let mut message = found.message;
        for (value, name) in values {
            let quoted = format!("{value:?}");
            let quoted = quoted.trim_matches('"');
            for spelled in [&value, value.trim(), quoted, &value.to_lowercase()] {
                if spelled.len() >= SECRET {
                    message = message.replace(spelled, &format!("${{{name}}}"));
                }
            }
        }
        Found { message, ..found }
    }
}

/// A place in a string that could not be expanded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unexpanded {
    /// The variable is not set.
    Unset(String),
    /// `${` without `}`, or a name that no variable can have.
    Malformed,
}

/// Replaces each `${NAME}` by what `env` says of `NAME`; `$${` stands for a literal `${`.
pub(super) fn expand(
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Unexpanded> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if let Some(before) = rest[..at].strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let tail = &rest[at + 2..];
        let end = tail.find('}').ok_or(Unexpanded::Malformed)?;
        let name = &tail[..end];
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(Unexpanded::Malformed);
        }
        out.push_str(&env(name).ok_or_else(|| Unexpanded::Unset(name.to_owned()))?);
        rest = &tail[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("example.org".to_owned()),
            "EMPTY" => Some(String::new()),
            "TRICKY" => Some("${HOST}".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn expands_braced_names_and_nothing_else() {
        let cases = [
            ("plain", "plain"),
            ("https://${HOST}/x", "https://example.org/x"),
            ("${HOST}${HOST}", "example.orgexample.org"),
            ("a${EMPTY}b", "ab"),
            ("$HOST costs 5$", "$HOST costs 5$"),
            ("$${HOST}", "${HOST}"),
            ("a$${HOST}${HOST}", "a${HOST}example.org"),
            ("${TRICKY}", "${HOST}"),
        ];
        for (text, expected) in cases {
            assert_eq!(expand(text, &env).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_unset_variable_is_named() {
        assert_eq!(
            expand("x${NOPE}", &env),
            Err(Unexpanded::Unset("NOPE".to_owned()))
        );
    }

    #[test]
    fn a_broken_reference_is_refused() {
        for text in ["${HOST", "${}", "${A B}", "${A-B}"] {
            assert_eq!(expand(text, &env), Err(Unexpanded::Malformed), "{text}");
        }
    }
}
