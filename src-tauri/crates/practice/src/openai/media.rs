//! Pictures, sound and files, as both OpenAI dialects take them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::shape::{Checked, wrong};

const IMAGES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Checks the address of a picture: `http`, `https`, or a data URL of a type that is known.
pub(super) fn image(at: &str, url: &str) -> Checked {
    if (url.starts_with("https://") && url.len() > 8)
        || (url.starts_with("http://") && url.len() > 7)
    {
        return Ok(());
    }
    let Some(kind) = data_url(at, url)? else {
        return Err(wrong(
            at,
            format!(
                "Invalid '{at}'. Expected a valid URL, but got a value with an invalid format."
            ),
        ));
    };
    if IMAGES.contains(&kind) {
        return Ok(());
    }
    Err(wrong(
        at,
        format!(
            "You uploaded an unsupported image of type '{kind}'. Please make sure your image has one of the following formats: png, jpeg, gif, webp."
        ),
    ))
}

/// Checks the bytes of a file: a data URL of any type.
pub(super) fn file(at: &str, url: &str) -> Checked {
    match data_url(at, url)? {
        Some(_) => Ok(()),
        None => Err(wrong(
            at,
            format!("Invalid '{at}'. Expected a base64-encoded data URL with a MIME type."),
        )),
    }
}

/// Checks base64 text that is not empty.
pub(super) fn base64(at: &str, text: &str) -> Checked {
    if text.is_empty() || BASE64.decode(text).is_err() {
        return Err(wrong(
            at,
            format!("Invalid '{at}'. Expected a base64-encoded value."),
        ));
    }
    Ok(())
}

/// The media type of a data URL in base64; `None` where it is none.
fn data_url<'a>(at: &str, url: &'a str) -> Result<Option<&'a str>, crate::dialect::Refusal> {
    let Some((head, data)) = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(','))
    else {
        return Ok(None);
    };
    let Some(kind) = head
        .strip_suffix(";base64")
        .filter(|kind| kind.contains('/'))
    else {
        return Ok(None);
    };
    base64(at, data)?;
    Ok(Some(kind))
}
