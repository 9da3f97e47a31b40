//! Names of files by which a vendor tells their type.

use std::borrow::Cow;

use super::{Media, Source};

/// Extensions by media type.
const EXTENSIONS: [(&str, &str); 17] = [
    ("application/pdf", "pdf"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    ("text/html", "html"),
    ("text/csv", "csv"),
    ("text/xml", "xml"),
    ("application/xml", "xml"),
    ("application/json", "json"),
    ("text/rtf", "rtf"),
    ("application/rtf", "rtf"),
    ("application/msword", "doc"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.ms-powerpoint", "ppt"),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsx",
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "pptx",
    ),
    ("application/vnd.oasis.opendocument.text", "odt"),
];

impl Media {
    /// The name of a file for a vendor that tells its type by the extension. What comes by its bytes always has one.
    pub(crate) fn file_name(&self) -> Option<Cow<'_, str>> {
        let title = self.title.as_deref().filter(|title| !title.is_empty());
        let Source::Base64 { mime, .. } = &self.source else {
            return title.map(Cow::Borrowed);
        };
        let name = title.unwrap_or("document");
        let plain = mime.split(';').next().unwrap_or_default().trim();
        let known = EXTENSIONS.iter().find(|(known, _)| *known == plain);
        Some(match known {
            Some((_, extension)) if !has_extension(name) => {
                Cow::Owned(format!("{name}.{extension}"))
            }
            _ => Cow::Borrowed(name),
        })
    }
}

/// Whether a name ends as names of files do, and not as "Version 1.2" does.
fn has_extension(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && (1..=5).contains(&extension.len())
            && extension.chars().all(|char| char.is_ascii_alphanumeric())
            && extension.chars().any(|char| char.is_ascii_alphabetic())
    })
}
