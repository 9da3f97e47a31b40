//! The logs that Claude Code keeps of its sessions (`~/.claude/projects/PROJECT/SESSION.jsonl`, of subagents in folders
//! below): one JSON object a line, of which those of type `assistant` hold an answer with its usage. As seen of 2.1.329.
//!
//! An answer stands on several lines: once for each of its blocks, the first ones with the tokens told at the stream's
//! begin; in a subagent's file and its parent's; and again in the file of a session that was resumed. It is told by the
//! answer's id. `requestId` is the provider's header `request-id` and is missing behind many gateways.

use std::collections::HashMap;
use std::fs::File;

use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use dialects::{Usage, anthropic};
use jiff::Timestamp;
use memchr::memmem::find;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Reading;

/// Some gateways number their answers: a shorter id is not that of one answer alone.
const UNIQUE: usize = 12;
/// The model of an answer that Claude Code made itself, of an error for example.
const SYNTHETIC: &str = "<synthetic>";

/// An answer that was paid for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answered {
    /// Its id, made unique.
    pub(super) id: String,
    /// The id that the client was told.
    pub(super) answer_id: String,
    /// When its first block was logged, and its last.
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// When the request was sent, where the log tells.
    pub(super) sent: Option<Timestamp>,
    /// Its end was logged.
    pub(super) whole: bool,
    pub(super) session: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) asked: String,
    pub(super) model: String,
    pub(super) usage: Usage,
}

/// What the files of one project tell.
#[derive(Debug, Default)]
pub(super) struct Project {
    /// The answers, each once, in no order.
    pub(super) answers: HashMap<String, Answered>,
    /// Files read.
    pub(super) files: u64,
    /// Lines that are no JSON, or hold no answer where one was to be expected.
    pub(super) unreadable: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    r#type: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    timestamp: Option<Timestamp>,
    #[serde(default)]
    session_id: Option<String>,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default)]
    request_ref: Option<String>,
    #[serde(default)]
    requested_model: Option<String>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message {
    id: Option<String>,
    stop_reason: Option<String>,
}

/// The files of logs below a folder, or the file itself, by the project that they belong to.
pub(super) fn projects(root: &Path) -> io::Result<Vec<Vec<PathBuf>>> {
    if root.is_file() {
        return Ok(vec![vec![root.to_owned()]]);
    }
    let (mut here, mut projects) = (Vec::new(), Vec::new());
    let mut entries: Vec<_> = std::fs::read_dir(root)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            let mut files = Vec::new();
            logs_below(&path, &mut files)?;
            projects.push(files);
        } else if is_log(&path) {
            here.push(path);
        }
    }
    projects.push(here);
    projects.retain(|files| !files.is_empty());
    Ok(projects)
}

/// Links are not followed, so that there is no way around in a circle.
fn logs_below(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            logs_below(&path, files)?;
        } else if kind.is_file() && is_log(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "jsonl")
}

impl Project {
    /// Adds what a file tells, and counts its bytes.
    pub(super) fn read(&mut self, file: &Path, progress: &Reading) -> io::Result<()> {
        let mut lines = BufReader::with_capacity(1 << 16, File::open(file)?);
        let mut line = Vec::new();
        let mut sent = HashMap::new();
        self.files += 1;
        while lines.read_until(b'\n', &mut line)? > 0 {
            self.line(&line, &mut sent);
            progress.read(line.len());
            line.clear();
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8], sent: &mut HashMap<String, Timestamp>) {
        // Most of a log is prompts and what tools said.
        let holds = |text: &str| find(line, text.as_bytes()).is_some();
        let answers = holds(r#""assistant""#) && holds(r#""usage""#);
        if !answers && !holds(r#""api-request""#) {
            let line = line.trim_ascii();
            let is_object = line.starts_with(b"{") && line.ends_with(b"}");
            self.unreadable += u64::from(!line.is_empty() && !is_object);
            return;
        }
        let Ok(line) = serde_json::from_slice::<Line<'_>>(line) else {
            // The last line of a session that runs may be half written.
            self.unreadable += 1;
            return;
        };
        match (line.r#type.as_str(), line.id.clone().zip(line.timestamp)) {
            ("api-request", Some((id, at))) => _ = sent.insert(id, at),
            ("assistant", _) => match answered(&line, sent) {
                Some(answer) if answer.model == SYNTHETIC => {}
                Some(answer) => self.add(answer),
                None => self.unreadable += 1,
            },
            _ => {}
        }
    }

    /// Of what is told several times, the most tokens count: those of the last block.
    fn add(&mut self, answer: Answered) {
        let Some(known) = self.answers.get_mut(&answer.id) else {
            self.answers.insert(answer.id.clone(), answer);
            return;
        };
        if answer.usage.total() > known.usage.total() {
            known.usage = answer.usage;
        }
        known.first = known.first.min(answer.first);
        known.last = known.last.max(answer.last);
        known.sent = known.sent.or(answer.sent);
        known.whole |= answer.whole;
        known.request_id = known.request_id.take().or(answer.request_id);
    }
}

fn answered(line: &Line<'_>, sent: &HashMap<String, Timestamp>) -> Option<Answered> {
    let message = line.message?.get();
    let (usage, model) = anthropic::read_answer(message.as_bytes())?;
    let Message { id, stop_reason } = serde_json::from_str(message).ok()?;
    let answer_id: String = id?;
    let at = line.timestamp?;
    let session = line.session_id.clone();
    let id = if answer_id.len() < UNIQUE {
        let session = session.as_deref().unwrap_or_default();
        let asked = line.request_id.clone().unwrap_or_else(|| at.to_string());
        format!("{answer_id} {session} {asked}")
    } else {
        answer_id.clone()
    };
    let model = model?;
    Some(Answered {
        answer_id,
        first: at,
        last: at,
        sent: line
            .request_ref
            .as_ref()
            .and_then(|id| sent.get(id))
            .copied(),
        whole: stop_reason.is_some(),
        session,
        request_id: line.request_id.clone(),
        asked: line
            .requested_model
            .clone()
            .unwrap_or_else(|| model.clone()),
        model,
        usage: usage?,
        id,
    })
}
