//! A plan as programs read it.

use std::path::PathBuf;

use serde::Serialize;

use crate::Plan;

/// What was changed, or would be: the answer of the admin API and of `--json`. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Outcome {
    /// The client's id.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// Whether anything differs from what stands there.
    pub changes: bool,
    /// Whether that was written.
    pub written: bool,
    /// The changes as a unified diff, without secrets.
    pub diff: String,
    /// The files that change, and their keys.
    pub files: Vec<ChangedFile>,
    /// What the person should know, in sentences.
    pub notes: Vec<String>,
}

/// One file of an [`Outcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChangedFile {
    /// The file.
    #[schema(value_type = String)]
    pub path: PathBuf,
    /// The keys that change, with dots between their parts.
    pub keys: Vec<String>,
    /// Its change as a unified diff, without secrets.
    pub diff: String,
}

impl Outcome {
    /// What `plan` comes to, `written` or only looked at.
    pub fn of(plan: &Plan, written: bool) -> Self {
        let file = |change: &crate::Change| ChangedFile {
            path: change.path.clone(),
            keys: change.keys.clone(),
            diff: change.diff(),
        };
        Self {
            id: plan.client.id(),
            name: plan.client.name(),
            changes: !plan.changes.is_empty(),
            written: written && !plan.changes.is_empty(),
            diff: plan.diff(),
            files: plan.changes.iter().map(file).collect(),
            notes: plan.notes.clone(),
        }
    }
}
