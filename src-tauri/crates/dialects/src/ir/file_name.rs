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

/// The same of images that come as files.
const IMAGES: [(&str, &str); 5] = [
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/jpeg", "jpeg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
];

impl Source {
    /// The bytes of a file: a data URL, an address in its place (`OpenRouter`), or bare base64, of which the name tells
    /// what it is.
    pub(crate) fn of_file_data(data: String, name: Option<&str>) -> Self {
        if let Some(source) = Self::of_data_url(&data) {
            return source;
        }
        if data.contains(':') {
            return Self::Url {
                url: data,
                mime: None,
            };
        }
        let mime = mime_of(name.unwrap_or_default()).to_owned();
        Self::Base64 { mime, data }
    }
}

/// The media type that an extension stands for; PDF where it tells nothing.
fn mime_of(name: &str) -> &'static str {
    let extension = name.rsplit('.').next().unwrap_or_default();
    let extension = match extension.to_ascii_lowercase() {
        other if other == "htm" => "html".to_owned(),
        other => other,
    };
    let known = EXTENSIONS.iter().chain(&IMAGES);
    let mut known = known.filter(|(_, known)| *known == extension);
    known.next().map_or("application/pdf", |(mime, _)| mime)
}

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
