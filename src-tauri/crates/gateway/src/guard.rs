//! Keeps web pages out: the `Host`, `Origin` and `Sec-Fetch-Site` checks that stand before every path.
//!
//! A browser lets any page send requests to localhost. DNS rebinding shows in `Host`, a page of another site in
//! `Origin` and `Sec-Fetch-Site`; programs that are no browser send neither of the latter.

use std::net::IpAddr;

use http::{HeaderMap, Uri, header};

use crate::snapshot::Access;

/// Whether a call with these headers may come in at all; if not, one sentence that says why.
///
/// `local` is the address the call arrived at: its own IP is a fair `Host` when a server is bound to it on purpose.
/// HTTP/2 tells the host in the URI instead of a header.
pub fn guard(headers: &HeaderMap, uri: &Uri, local: IpAddr, access: &Access) -> Result<(), String> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| uri.authority().map(http::uri::Authority::as_str));
    let Some(host) = host else { return Ok(()) };
    let name = name_of(host);
    if !is_trusted(name, local, &access.allowed_hosts) {
        return Err(format!(
            "the Host name {name:?} is not allowed here: call http://127.0.0.1, or add the name to server.allowed_hosts"
        ));
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return fetch_site(headers);
    };
    let origin = origin.to_str().unwrap_or_default();
    if is_own(origin, host) || access.cors_origins.iter().any(|allowed| allowed == origin) {
        return Ok(());
    }
    Err(format!(
        "web pages of {origin} may not call Turnout: add the origin to server.cors_origins to allow it"
    ))
}

/// Without an `Origin`, a browser still tells whether another site made the call. `none` is a typed address.
fn fetch_site(headers: &HeaderMap) -> Result<(), String> {
    match headers
        .get("sec-fetch-site")
        .map(http::HeaderValue::as_bytes)
    {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_)
            if headers
                .get("sec-fetch-mode")
                .is_some_and(|mode| mode == "navigate") =>
        {
            Ok(())
        }
        Some(_) => Err("web pages of other sites may not call Turnout".to_owned()),
    }
}

fn is_own(origin: &str, host: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| origin.strip_prefix(scheme) == Some(host))
}

fn is_trusted(name: &str, local: IpAddr, allowed: &[String]) -> bool {
    if allowed.iter().any(|host| host.eq_ignore_ascii_case(name))
        || name.eq_ignore_ascii_case("localhost")
    {
        return true;
    }
    name.parse::<IpAddr>()
        .is_ok_and(|ip| ip.is_loopback() || ip == local)
}

/// A host without its port and without an IPv6 literal's brackets.
fn name_of(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}
