//! Names as the config takes them: they stand in paths, so they hold no spaces and no marks of paths.

use crate::report::Report;

/// Names that were given, each once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    given: Vec<String>,
}

impl Names {
    /// A name like the wished one that the config takes and nothing else has. A change of it is told.
    pub(crate) fn give(&mut self, wish: &str, place: &str, report: &mut Report) -> String {
        let fit = fitting(wish);
        let name = self.free(&fit);
        if name != wish.trim() {
            report.changed(place, format!("{wish:?} is called {name} here"));
        }
        self.given.push(name.clone());
        name
    }

    fn free(&self, wish: &str) -> String {
        let is_free = |name: &String| !self.given.contains(name);
        let numbered = (2..).map(|number| format!("{wish}-{number}"));
        let mut names = std::iter::once(wish.to_owned()).chain(numbered);
        names.find(is_free).unwrap_or_else(|| wish.to_owned())
    }
}

/// The name without what paths cannot hold.
pub(crate) fn fitting(wish: &str) -> String {
    let unfit = |c: char| c.is_whitespace() || c.is_control() || "/\\:?#%\"'<>".contains(c);
    let words = wish.split(unfit).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-");
    match name.as_str() {
        "" | "." | ".." => "imported".to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_paths_and_differ() {
        let mut names = Names::default();
        let mut report = Report::default();
        let mut give = |wish: &str| names.give(wish, "p", &mut report);
        assert_eq!(give("My Relay (a/b)"), "My-Relay-(a-b)");
        assert_eq!(give("relay"), "relay");
        assert_eq!(give("relay"), "relay-2");
        assert_eq!(give("  "), "imported");
        assert_eq!(give("智谱"), "智谱");
        assert_eq!(report.changed.len(), 3);
    }
}
