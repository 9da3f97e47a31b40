//! What a person can do to the instance, as calls of its admin API, and how each went in one sentence.

use daemon::view::{Group, Member};
use serde_json::{Value, json};

use super::order::by_priority;
use crate::admin::{Admin, segment};
use crate::figure::{list, millis, text};
use crate::views::standing;

/// Where a waiting request is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Group(String),
    Provider(String),
}

/// A wish of the person.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    Use(String),
    Pause(String),
    Resume(String),
    Mode(daemon::view::Mode),
    /// The members of a group with their new numbers, one of which was moved.
    Order {
        group: String,
        provider: String,
        members: Vec<Member>,
    },
    Enable(String),
    Disable(String),
    /// A tiny real request.
    Test(String),
    /// A provider's rests and open breakers forgotten.
    Reset(String),
    Release(String),
    Fail(String),
    Redirect(String, Place),
}

impl Act {
    /// What is asked before it is done, where it is not easily taken back.
    pub(crate) fn question(&self) -> Option<String> {
        Some(match self {
            Self::Pause(group) => format!("Pause {group}? It serves nothing until it is resumed."),
            Self::Disable(name) => {
                format!("Switch {name} off? It serves nothing until it is on again.")
            }
            Self::Fail(id) => format!("Give {id} up? Its client gets an error."),
            _ => return None,
        })
    }

    /// What is being done, for as long as it takes.
    pub(crate) fn doing(&self) -> String {
        match self {
            Self::Use(name) => format!("choosing {name} …"),
            Self::Test(name) => format!("asking {name} …"),
            Self::Release(id) | Self::Redirect(id, _) => format!("sending {id} on …"),
            _ => "…".to_owned(),
        }
    }
}

/// Does it; what came of it in one sentence.
pub(super) async fn perform(admin: &Admin, act: &Act) -> anyhow::Result<String> {
    let group = async |name: &str, what: &str| {
        let path = format!("/groups{}/{what}", segment(name));
        anyhow::Ok(standing(&admin.post(&path, None).await?))
    };
    let provider = async |name: &str, what: &str| {
        let path = format!("/providers{}/{what}", segment(name));
        admin.post(&path, None).await
    };
    let waiting = async |id: &str, what: &str, body: Option<Value>| {
        let path = format!("/suspended{}/{what}", segment(id));
        admin.post(&path, body).await
    };
    match act {
        Act::Use(name) => group(name, "activate").await,
        Act::Pause(name) => group(name, "pause").await,
        Act::Resume(name) => group(name, "resume").await,
        Act::Mode(mode) => {
            admin.put("/mode", json!({ "mode": mode })).await?;
            Ok(match mode {
                daemon::view::Mode::Auto => "auto: failover may leave the active group",
                daemon::view::Mode::Manual => "manual: requests stay in the active group and wait",
            }
            .to_owned())
        }
        Act::Order {
            group,
            provider,
            members,
        } => {
            let path = format!("/groups{}", segment(group));
            // Somebody else may have changed the group since it was last looked at.
            let groups = admin.get("/groups?limit=1000").await?;
            let mut groups = list(&groups, "items").iter();
            let now = groups.find(|it| text(it, "name") == group);
            let now = now.map(|it| list(it, "members")).unwrap_or_default();
            let told = admin
                .put(&path, json!({ "members": written(now, members) }))
                .await?;
            Ok(ordered(&told, group, provider))
        }
        Act::Enable(name) => {
            provider(name, "enable").await?;
            Ok(format!("{name} is on"))
        }
        Act::Disable(name) => {
            provider(name, "disable").await?;
            Ok(format!("{name} is off"))
        }
        Act::Reset(name) => {
            provider(name, "reset").await?;
            Ok(format!("{name} rests no more"))
        }
        Act::Test(name) => tested(&provider(name, "test").await?),
        Act::Release(id) => {
            waiting(id, "release", None).await?;
            Ok(format!("{id} is tried now"))
        }
        Act::Fail(id) => {
            waiting(id, "fail", None).await?;
            Ok(format!("{id} was given up"))
        }
        Act::Redirect(id, place) => {
            let (to, body) = match place {
                Place::Group(name) => (name, json!({ "group": name })),
                Place::Provider(name) => (name, json!({ "provider": name })),
            };
            waiting(id, "redirect", Some(body)).await?;
            Ok(format!("{id} goes to {to}"))
        }
    }
}

/// The members that a group has now, with the new numbers of those that are known.
fn written(now: &[Value], moved: &[Member]) -> Vec<Value> {
    let member = |one: &Value| {
        let known = moved.iter().find(|it| it.provider == text(one, "provider"));
        let priority = known.map_or_else(|| one["priority"].clone(), |it| it.priority.into());
        let mut fields = json!({ "provider": one["provider"], "priority": priority });
        // What nobody wrote is not written now.
        if one["weight"] != 1 {
            fields["weight"] = one["weight"].clone();
        }
        fields
    };
    now.iter().map(member).collect()
}

fn ordered(told: &Value, name: &str, provider: &str) -> String {
    let Ok(group) = serde_json::from_value::<Group>(told.clone()) else {
        return format!("{provider} was moved in {name}");
    };
    let order: Vec<String> = by_priority(&group)
        .iter()
        .map(|one| format!("{} {}", one.priority, one.provider))
        .collect();
    format!("{name}: {}", order.join(", "))
}

fn tested(told: &Value) -> anyhow::Result<String> {
    let provider = text(told, "provider");
    if told.get("ok").and_then(Value::as_bool) == Some(true) {
        let model = text(told, "model");
        return Ok(format!(
            "{provider} answered as {model} in {}",
            millis(told, "latency_ms")
        ));
    }
    anyhow::bail!("{provider}: {}", text(told, "error"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_came_since_stays_and_no_weight_is_made_up() {
        let member = |provider: &str, priority: i64, weight: u32| {
            json!({ "provider": provider, "priority": priority, "weight": weight, "health": "healthy",
                    "cooling_until": null, "ttft_ms": null, "success_rate": null })
        };
        let moved =
            [member("a", 2, 1), member("b", 1, 5)].map(|it| serde_json::from_value(it).unwrap());
        let now = [member("a", 1, 1), member("b", 2, 5), member("new", 3, 1)];
        assert_eq!(
            written(&now, &moved),
            [
                json!({ "provider": "a", "priority": 2 }),
                json!({ "provider": "b", "priority": 1, "weight": 5 }),
                json!({ "provider": "new", "priority": 3 }),
            ]
        );
    }
}
