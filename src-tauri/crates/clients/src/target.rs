//! Where clients are to be pointed.

use std::fmt;

/// An address of Turnout and how a client gets in. Its `Debug` hides the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Where it listens, such as `http://127.0.0.1:7790`, without a slash at the end.
    pub base_url: String,
    /// The client token to present; `None` where none is demanded.
    pub token: Option<String>,
    /// Whether the client's own login is to reach its vendor (`auth = "client"`), so that the token must travel beside
    /// it, in the header `x-turnout-token`.
    pub own_login: bool,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("base_url", &self.base_url)
            .field("own_login", &self.own_login)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// Whether `url` is this Turnout, in whatever way this machine is named in it and whatever path follows.
    pub(crate) fn leads_here(&self, url: &str) -> bool {
        match (place(url), place(&self.base_url)) {
            (Some(there), Some(here)) => there == here,
            _ => false,
        }
    }
}

/// Host and port, with one name for this machine.
fn place(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let usual = match scheme.to_ascii_lowercase().as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let address = authority.rsplit('@').next()?;
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (address, usual),
    };
    let host = host.to_ascii_lowercase();
    let loopback = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    Some((if loopback { "localhost".into() } else { host }, port))
}

/// `url` without a name and password in it, for people to read.
pub(crate) fn without_login(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            let host = authority.rsplit('@').next().unwrap_or(authority);
            format!(
                "{scheme}://{host}{}",
                path.split(['?', '#']).next().unwrap_or_default()
            )
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_turnout_is_known_by_any_of_its_names() {
        let target = Target {
            base_url: "http://127.0.0.1:7790".into(),
            token: None,
            own_login: false,
        };
        for url in [
            "http://localhost:7790/",
            "http://127.0.0.1:7790/v1",
            "HTTP://[::1]:7790",
            "http://a:b@127.0.0.1:7790",
        ] {
            assert!(target.leads_here(url), "{url}");
        }
        for url in [
            "http://127.0.0.1:7791",
            "https://127.0.0.1",
            "",
            "127.0.0.1:7790",
            "http://relay.example:7790",
        ] {
            assert!(!target.leads_here(url), "{url}");
        }
    }

    #[test]
    fn a_login_in_an_address_is_not_shown() {
        assert_eq!(
            without_login("https://me:pw@relay.example/api?key=1"),
            "https://relay.example/api"
        );
        assert_eq!(without_login("relay"), "relay");
    }
}
