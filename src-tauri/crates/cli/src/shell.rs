//! Values as a POSIX shell takes them. Pure.

/// In single quotes, so that a shell takes it as it is.
pub(crate) fn quoted(value: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:,=@%+".contains(letter);
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

/// For `NAME=…`: what the variable holds already, a comma, and this value; in double quotes.
pub(crate) fn added(name: &str, value: &str) -> String {
    let mut line = format!("\"${{{name}:+${name},}}");
    for letter in value.chars() {
        if r#""\$`"#.contains(letter) {
            line.push('\\');
        }
        line.push(letter);
    }
    line + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_added_value_cannot_break_out_of_its_quotes() {
        assert_eq!(added("N", "a,b"), r#""${N:+$N,}a,b""#);
        assert_eq!(added("N", r#"a"$(b)`c\"#), r#""${N:+$N,}a\"\$(b)\`c\\""#);
    }

    #[test]
    fn a_value_cannot_break_out_of_its_quotes() {
        assert_eq!(quoted("http://127.0.0.1:7790"), "http://127.0.0.1:7790");
        assert_eq!(quoted("a'b; rm"), r"'a'\''b; rm'");
        assert_eq!(quoted(""), "''");
    }
}
