//! `[server]`: the address, the tokens and who may call from where.

use std::{
    net::{Ipv4Addr, SocketAddr},
    ops::Range,
};

use super::{
    super::{
        model::{Group, Server},
        raw,
        reader::{At, Field},
        scalar::Secretive,
    },
    Check, or, tokens,
};
use crate::secrets::{ADMIN_TOKEN, Reference};

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7790);

pub(super) fn server(check: &mut Check<'_>, raw: &raw::Server, groups: &[Group]) -> Server {
    let require_token = or(&raw.require_token, true);
    let listen = listen(check, &raw.listen, require_token);
    let max_body = raw.max_body.as_ref().map_or(64 << 20, |size| size.value.0);
    if let Some(size) = raw.max_body.as_ref().filter(|size| size.value.0 == 0) {
        check.tell(&size.span, "`server.max_body` must be larger than zero");
    }
    let embeddings_cache = raw
        .embeddings_cache
        .as_ref()
        .map_or(32 << 20, |size| size.value.0);
    Server {
        listen,
        require_token,
        client_tokens: tokens::client_tokens(check, raw, require_token, groups),
        admin_token: raw
            .admin_token
            .as_ref()
            .and_then(|token| check.reference(token, "server.admin_token"))
            .unwrap_or_else(|| Reference::Keychain(ADMIN_TOKEN.to_owned())),
        allowed_hosts: allowed_hosts(check, &raw.allowed_hosts),
        cors_origins: cors_origins(check, &raw.cors_origins),
        max_body: usize::try_from(max_body).unwrap_or(usize::MAX),
        embeddings_cache: usize::try_from(embeddings_cache).unwrap_or(usize::MAX),
    }
}

fn listen(check: &mut Check<'_>, field: &Field<String>, require_token: bool) -> SocketAddr {
    let Some(at) = field else {
        return DEFAULT_LISTEN;
    };
    let spelled = at.value.replacen("localhost:", "127.0.0.1:", 1);
    let Ok(address) = spelled.parse::<SocketAddr>() else {
        let message = format!(
            "`server.listen` cannot be \"{}\"; write an address and a port such as \"127.0.0.1:7790\"",
            at.value
        );
        check.tell(&at.span, message);
        return DEFAULT_LISTEN;
    };
    if !address.ip().is_loopback() && !require_token {
        check.tell(
            &at.span,
            format!(
                "`server.listen` is {address}, which other machines can reach; set `require_token = true`, or listen on 127.0.0.1"
            ),
        );
    }
    address
}

fn allowed_hosts(check: &mut Check<'_>, field: &Field<Vec<At<String>>>) -> Vec<String> {
    let mut hosts = Vec::new();
    for At { span, value } in field.iter().flat_map(|list| &list.value) {
        let host = value.trim().trim_end_matches('.').to_lowercase();
        let bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty()
            || host.contains(['/', '@', '*', ' '])
            || (!bracketed && host.contains(':'))
        {
            let message = format!(
                "`server.allowed_hosts` cannot hold \"{value}\"; write a host name alone, such as \"turnout.lan\""
            );
            check.tell(span, message);
        } else {
            hosts.push(host);
        }
    }
    hosts
}

fn cors_origins(check: &mut Check<'_>, field: &Field<Vec<At<String>>>) -> Vec<String> {
    let mut origins = Vec::new();
    for At { span, value } in field.iter().flat_map(|list| &list.value) {
        let origin = reqwest::Url::parse(value)
            .ok()
            .map(|url| url.origin().ascii_serialization());
        match origin.filter(|origin| origin != "null") {
            Some(origin) if origin == value.trim_end_matches('/').to_lowercase() => {
                origins.push(origin);
            }
            _ => {
                let hint = if value == "*" {
                    " (\"*\" would let any web page spend your keys)"
                } else {
                    ""
                };
                let message = format!(
                    "`server.cors_origins` cannot hold \"{value}\"{hint}; write an origin such as \"https://app.example\""
                );
                check.tell(span, message);
            }
        }
    }
    origins
}

impl Check<'_> {
    /// A reference to a secret; the message never repeats what stood there.
    pub(super) fn reference(&mut self, at: &At<Secretive>, what: &str) -> Option<Reference> {
        match Reference::parse(&at.value.text, at.value.expanded) {
            Ok(reference) => Some(reference),
            Err(why) => {
                self.tell_reference(&at.span, what, &why);
                None
            }
        }
    }

    fn tell_reference(&mut self, span: &Range<usize>, what: &str, why: &crate::secrets::Malformed) {
        self.tell(
            span,
            format!("`{what}` {why}; write keychain:NAME, env:NAME or file:PATH"),
        );
    }
}
