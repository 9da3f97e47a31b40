//! Codings of request bodies, which are taken off before anything is read (RFC 9110, section 8.4).

use async_compression::tokio::bufread;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::refusal::Refusal;

/// More codings than anybody puts on.
const MOST: usize = 3;
/// As much as is decoded at a time.
const BLOCK: usize = 256 << 10;

/// A coding of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// The codings of a body, in the order in which they were put on.
pub(crate) fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, Refusal> {
    let mut codings = Vec::new();
    for value in headers.get_all(header::CONTENT_ENCODING) {
        for name in value.to_str().unwrap_or("?").split(',').map(str::trim) {
            codings.push(match name.to_ascii_lowercase().as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                "br" => Coding::Brotli,
                "zstd" => Coding::Zstd,
                _ => return Err(unknown(name)),
            });
        }
    }
    if codings.len() > MOST {
        let told = format!("the request body has more than {MOST} content-encodings");
        return Err(Refusal::fatal(StatusCode::UNSUPPORTED_MEDIA_TYPE, told));
    }
    Ok(codings)
}

impl Coding {
    /// The body without this coding, of at most `most` bytes.
    pub(crate) async fn taken_off(self, body: Bytes, most: usize) -> Result<Bytes, Refusal> {
        let coded = body.as_ref();
        match self {
            Self::Gzip => {
                let mut decoder = bufread::GzipDecoder::new(coded);
                decoder.multiple_members(true);
                read(decoder, self, most).await
            }
            // Bare or inside zlib's frame: clients send either under this name.
            Self::Deflate if is_zlib(coded) => {
                read(bufread::ZlibDecoder::new(coded), self, most).await
            }
            Self::Deflate => read(bufread::DeflateDecoder::new(coded), self, most).await,
            Self::Brotli => read(bufread::BrotliDecoder::new(coded), self, most).await,
            Self::Zstd => {
                let mut decoder = bufread::ZstdDecoder::new(coded);
                decoder.multiple_members(true);
                read(decoder, self, most).await
            }
        }
    }
}

async fn read(
    mut decoder: impl AsyncRead + Unpin,
    coding: Coding,
    most: usize,
) -> Result<Bytes, Refusal> {
    let mut plain = Vec::new();
    let mut since_yield = 0;
    loop {
        let read = decoder.read_buf(&mut plain).await.map_err(|error| {
            let told = format!(
                "the request body could not be decoded as {coding:?}, which its content-encoding names: {error}"
            );
            Refusal::fatal(StatusCode::BAD_REQUEST, told)
        })?;
        if read == 0 {
            break;
        }
        if plain.len() > most {
            return Err(too_large(most));
        }
        since_yield += read;
        if since_yield > BLOCK {
            // A large body must not hold up the streams beside it.
            since_yield = 0;
            tokio::task::yield_now().await;
        }
    }
    Ok(Bytes::from(plain))
}

/// The header of zlib's frame: method 8, and a check sum that 31 divides (RFC 1950).
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [first, second, ..]
        if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31))
}

fn unknown(name: &str) -> Refusal {
    Refusal::fatal(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!(
            "the request body's content-encoding {name:?} is unknown: use gzip, deflate, br, zstd or none"
        ),
    )
}

/// A body that is larger than the settings allow.
pub(crate) fn too_large(most: usize) -> Refusal {
    Refusal::fatal(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the request body is larger than server.max_body, which is {most} bytes"),
    )
}
