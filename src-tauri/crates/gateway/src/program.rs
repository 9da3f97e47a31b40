//! The name of the running program, for sentences that name one of its commands.

use std::path::Path;
use std::sync::OnceLock;

/// What the program is called where that cannot be known.
const HEADLESS: &str = "turnoutd";

/// What a person types to run a command of this program: `turnout`, `turnoutd`, or the name that the file was given.
pub fn program() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let file = std::env::current_exe().ok();
        named(file.as_deref()).to_owned()
    })
}

/// A file of another program, such as a test, has our code but not our commands.
fn named(file: Option<&Path>) -> &str {
    let stem = file
        .and_then(Path::file_stem)
        .and_then(|stem| stem.to_str());
    stem.filter(|stem| stem.starts_with("turnout"))
        .unwrap_or(HEADLESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_named_as_its_file_is() {
        for (file, name) in [
            ("/usr/bin/turnout", "turnout"),
            ("/opt/turnoutd", "turnoutd"),
            ("turnout.exe", "turnout"),
            ("/opt/turnoutd-next", "turnoutd-next"),
            ("/target/debug/deps/gateway-0123", "turnoutd"),
        ] {
            assert_eq!(named(Some(Path::new(file))), name);
        }
        assert_eq!(named(None), "turnoutd");
    }
}
