//! The language in which a person is spoken to: menus and notifications.

use crate::handle::Daemon;
use crate::settings::Language;

/// A language that Turnout speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Locale {
    /// What a tag such as `zh_CN.UTF-8` or `zh-Hans-SG` stands for; English for languages that Turnout does not speak,
    /// and for Chinese in traditional characters.
    fn of_tag(tag: &str) -> Self {
        let tag = tag.split(['.', '@']).next().unwrap_or_default();
        let mut parts = tag.split(['-', '_']).map(str::to_ascii_lowercase);
        let is_chinese = parts.next().as_deref() == Some("zh");
        let is_traditional = |part: String| ["hant", "tw", "hk", "mo"].contains(&part.as_str());
        if is_chinese && !parts.any(is_traditional) {
            Self::ZhCn
        } else {
            Self::En
        }
    }

    /// The language of the environment: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that says something (POSIX,
    /// "Internationalization Variables").
    fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(variable)
            .find(|value| !value.is_empty())
            .map(|tag| Self::of_tag(&tag))
    }

    /// The system's language.
    fn of_system() -> Self {
        let told = Self::of_environment(|name| std::env::var(name).ok());
        told.or_else(platform).unwrap_or_default()
    }
}

/// What the system says where the environment is silent, as it is for programs that were not started in a terminal.
#[cfg(any(target_os = "macos", windows))]
fn platform() -> Option<Locale> {
    sys_locale::get_locale().map(|tag| Locale::of_tag(&tag))
}

#[cfg(not(any(target_os = "macos", windows)))]
fn platform() -> Option<Locale> {
    None
}

impl Daemon {
    /// The language for menus and notifications, as `desktop.language` says, else the system's.
    pub fn locale(&self) -> Locale {
        match self.loaded().settings.desktop.language {
            Language::English => Locale::En,
            Language::Chinese => Locale::ZhCn,
            Language::System => Locale::of_system(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_all_platforms_are_understood() {
        for tag in ["zh_CN.UTF-8", "zh-CN", "zh", "zh-Hans-SG", "zh_SG.utf8@x"] {
            assert_eq!(Locale::of_tag(tag), Locale::ZhCn, "{tag}");
        }
        for tag in [
            "C.UTF-8",
            "POSIX",
            "en_GB.UTF-8",
            "zh_TW",
            "zh-Hant-HK",
            "de-DE",
            "",
        ] {
            assert_eq!(Locale::of_tag(tag), Locale::En, "{tag}");
        }
    }

    #[test]
    fn the_first_variable_that_says_something_counts() {
        let with = |set: &[(&str, &str)]| {
            Locale::of_environment(|name| {
                let found = set.iter().find(|(given, _)| *given == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let (chinese, english) = ("zh_CN.UTF-8", "en_US.UTF-8");
        assert_eq!(with(&[]), None);
        assert_eq!(with(&[("LANG", chinese)]), Some(Locale::ZhCn));
        assert_eq!(
            with(&[("LC_ALL", ""), ("LANG", chinese)]),
            Some(Locale::ZhCn)
        );
        assert_eq!(
            with(&[("LC_ALL", english), ("LANG", chinese)]),
            Some(Locale::En)
        );
        assert_eq!(
            with(&[("LC_MESSAGES", chinese), ("LANG", english)]),
            Some(Locale::ZhCn)
        );
    }
}
