//! Lines for a shell that point a client program here. They hold the client token: they are for `eval`, not for a log.

use serde_json::Value;

use crate::args::EnvClient;
use crate::home::Home;
use crate::screen;
use crate::shell::{added, quoted};

pub(crate) async fn env(home: &Home, client: EnvClient, json: bool) -> anyhow::Result<()> {
    let EnvClient::ClaudeCode = client;
    let connect = home.running().await?.admin.get("/connect").await?;
    let mut screen = screen::stdout();
    if json {
        return Ok(screen.json(&connect)?);
    }
    for line in exports(connect.get("env").unwrap_or(&Value::Null)) {
        screen.line(line)?;
    }
    Ok(())
}

fn exports(env: &Value) -> Vec<String> {
    let pairs = env.as_object().into_iter().flatten();
    pairs
        .filter_map(|(name, value)| {
            let value = value.as_str()?;
            // A list that the person may have filled before: what stands there stays.
            let value = if name == "NO_PROXY" {
                added(name, value)
            } else {
                quoted(value)
            };
            Some(format!("export {name}={value}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_variable_is_one_export() {
        let env =
            json!({"ANTHROPIC_BASE_URL": "http://127.0.0.1:7790", "API_TIMEOUT_MS": "3600000"});
        assert_eq!(
            exports(&env),
            [
                "export ANTHROPIC_BASE_URL=http://127.0.0.1:7790",
                "export API_TIMEOUT_MS=3600000"
            ]
        );
    }

    #[test]
    fn hosts_without_a_proxy_are_added_to_those_that_stand_there() {
        let env = json!({"NO_PROXY": "127.0.0.1,localhost"});
        assert_eq!(
            exports(&env),
            [r#"export NO_PROXY="${NO_PROXY:+$NO_PROXY,}127.0.0.1,localhost""#]
        );
    }
}
