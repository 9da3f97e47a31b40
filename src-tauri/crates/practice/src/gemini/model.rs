//! Which generation a model is of, since what is accepted depends on it.

/// A model by its bare name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model<'a> {
    /// The name without `models/`.
    pub(super) name: &'a str,
    by_google: bool,
    version: Option<(u32, u32)>,
}

impl<'a> Model<'a> {
    /// The model that a path or a field names, with or without its collection.
    pub(super) fn named(name: &'a str) -> Self {
        let name = bare(name);
        let version = name.strip_prefix("gemini-").map(|rest| {
            let version = rest.split('-').next().unwrap_or_default();
            let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
            // `gemini-flash-latest` and the like are of the current generation.
            major
                .parse()
                .map_or((CURRENT, 0), |major| (major, minor.parse().unwrap_or(0)))
        });
        Self {
            name,
            by_google: false,
            version,
        }
    }

    /// The same as asked by a client of Google's own, or not.
    pub(super) fn asked_by_google(self, by_google: bool) -> Self {
        Self { by_google, ..self }
    }

    /// The generation whose fields are known; names that are no Gemini model's know all.
    pub(super) fn fields(&self) -> u32 {
        self.version.map_or(u32::MAX, |(major, _)| major)
    }

    /// Whether it is certainly a model before Gemini 3.
    pub(super) fn is_older(&self) -> bool {
        self.version.is_some_and(|(major, _)| major < 3)
    }

    /// Whether it takes ids of calls and the placeholder of a signature. What the server does about
    /// them before Gemini 3 is told in two ways: it refuses them, and Google's own command line sends
    /// them all the same. So they are taken from Google's clients and refused from everybody else.
    pub(super) fn takes_ids(&self) -> bool {
        !self.is_older() || self.by_google
    }

    /// Whether it is certainly Gemini 3 or newer: it gives calls ids and signs them.
    pub(super) fn signs(&self) -> bool {
        self.version.is_some_and(|(major, _)| major >= 3)
    }

    /// Whether it can think.
    pub(super) fn thinks(&self) -> bool {
        self.version.is_none_or(|version| version >= (2, 5))
    }

    /// The thinking budgets that it takes beside -1, which leaves the choice to it.
    pub(super) fn budgets(&self) -> std::ops::RangeInclusive<i64> {
        if self.is_older() && self.name.contains("-pro") {
            128..=32_768
        } else if self.is_older() {
            0..=24_576
        } else {
            0..=65_536
        }
    }

    /// Whether it turns texts into vectors instead of answering.
    pub(super) fn embeds(&self) -> bool {
        self.name.contains("embed")
    }

    /// The generation that a signature of this model is bound to.
    pub(super) fn generation(&self) -> u32 {
        self.version.map_or(CURRENT, |(major, _)| major)
    }
}

const CURRENT: u32 = 3;

/// A model's name without its collection.
pub(super) fn bare(name: &str) -> &str {
    name.strip_prefix("models/")
        .or_else(|| name.strip_prefix("tunedModels/"))
        .unwrap_or(name)
}
