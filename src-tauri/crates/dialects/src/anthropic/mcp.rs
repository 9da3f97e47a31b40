//! Servers of tools to which the vendor connects: `mcp_servers`, and the toolsets that name them (beta
//! `mcp-client-2025-11-20`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::request_in::Owned;
use crate::{
    ir::{Fate, Hosted, Mcp, Tool, ToolKind},
    json::Json,
};

/// The value of `anthropic-beta` without which neither is taken.
pub(super) const BETA: &str = "mcp-client-2025-11-20";

/// One of `mcp_servers`.
#[derive(Deserialize, Serialize)]
pub(super) struct Server {
    r#type: String,
    name: String,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authorization_token: Option<String>,
}

/// A tool of type `mcp_toolset`.
#[derive(Deserialize, Serialize)]
pub(super) struct Toolset {
    r#type: String,
    mcp_server_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_config: Option<Config>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    configs: BTreeMap<String, Config>,
}

/// How a tool of a server is offered, or all those of which nothing else is said.
#[derive(Default, Deserialize, Serialize)]
struct Config {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
}

impl Toolset {
    /// The tools that are offered, all where `None`; an error where all but some are.
    fn offered(&self) -> Result<Option<Vec<String>>, ()> {
        let default = self.default_config.as_ref();
        let by_default = default.and_then(|config| config.enabled).unwrap_or(true);
        let is_on = |config: &Config| config.enabled.unwrap_or(by_default);
        if !by_default {
            let names = self.configs.iter().filter(|(_, config)| is_on(config));
            return Ok(Some(names.map(|(name, _)| name.clone()).collect()));
        }
        let all = self.configs.values().all(is_on);
        all.then_some(None).ok_or(())
    }
}

/// Says of each toolset which server it is of, and what becomes of `mcp_servers` itself elsewhere.
pub(super) fn connect(servers: &Json, tools: &mut [Tool], own: &mut Owned) -> Fate {
    let why = "only Anthropic connects to MCP servers in this form; name each in a toolset, or connect to it in the client";
    let Ok(servers) = servers.read::<Vec<Server>>() else {
        return Fate::Refuse(why.into());
    };
    for server in servers {
        let set_of = |tool: &Tool| tool.native.as_ref()?.value.read::<Toolset>().ok();
        let found = tools.iter_mut().find_map(|tool| {
            let set = set_of(tool).filter(|set| set.mcp_server_name == server.name)?;
            Some((tool, set))
        });
        let Some((tool, set)) = found else {
            return Fate::Refuse(why.into());
        };
        let Ok(offered) = set.offered() else {
            let why =
                "only Anthropic offers all but some of a server's tools; name those to be offered";
            let path = format!("tools[{}].configs", tool.at);
            own.push(path, Json::of(&set), Fate::Refuse(why.into()));
            continue;
        };
        tool.kind = ToolKind::Hosted(Hosted::Mcp(Mcp {
            name: server.name,
            url: server.url,
            token: server.authorization_token,
            tools: offered,
        }));
    }
    Fate::Ignore
}

/// A server as the body lists it.
pub(super) fn server(mcp: &Mcp) -> Server {
    Server {
        r#type: "url".to_owned(),
        name: mcp.name.clone(),
        url: mcp.url.clone(),
        authorization_token: mcp.token.clone(),
    }
}

/// The tool by which its tools are offered.
pub(super) fn toolset(mcp: &Mcp) -> Toolset {
    let switched = |on| Config { enabled: Some(on) };
    let offered = mcp.tools.iter().flatten();
    Toolset {
        r#type: "mcp_toolset".to_owned(),
        mcp_server_name: mcp.name.clone(),
        default_config: mcp.tools.is_some().then(|| switched(false)),
        configs: offered.map(|name| (name.clone(), switched(true))).collect(),
    }
}
