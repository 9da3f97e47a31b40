//! Lines as they are written: for programs, for files, and for people.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use tracing_appender::non_blocking::NonBlocking;

use super::Painter;
use crate::view::LogLine;

/// How a line is written.
pub(super) enum Form {
    /// As a JSON object, with the fields beside the message.
    Json,
    /// As text.
    Plain,
    /// As somebody else likes it.
    Painted(Painter),
}

/// Somewhere to write lines to.
pub(super) struct Sink {
    writer: Mutex<Box<dyn Write + Send>>,
    form: Form,
}

impl Sink {
    pub(super) fn new(writer: Box<dyn Write + Send>, form: Form) -> Self {
        Self {
            writer: Mutex::new(writer),
            form,
        }
    }

    pub(super) fn error(form: Form) -> Self {
        Self::new(Box::new(io::stderr()), form)
    }

    pub(super) fn file(writer: NonBlocking, form: Form) -> Self {
        Self::new(Box::new(writer), form)
    }

    /// Writes a line. One that cannot be written is lost: there is nowhere to tell of it.
    pub(super) fn write(&self, line: &LogLine) {
        let mut told = match &self.form {
            Form::Json => json(line),
            Form::Plain => plain(line),
            Form::Painted(painter) => painter(line),
        };
        told.push('\n');
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writer.write_all(told.as_bytes());
    }
}

fn json(line: &LogLine) -> String {
    let mut told = Map::new();
    let at = format!("{:.6}", line.at);
    told.insert("timestamp".to_owned(), at.into());
    told.insert("level".to_owned(), line.level.to_uppercase().into());
    told.insert("message".to_owned(), line.message.as_str().into());
    for (name, value) in &line.fields {
        told.entry(name).or_insert_with(|| value.clone());
    }
    told.insert("target".to_owned(), line.target.as_str().into());
    Value::Object(told).to_string()
}

fn plain(line: &LogLine) -> String {
    let level = line.level.to_uppercase();
    let mut told = format!("{:.6} {level:>5} {}", line.at, line.message);
    for (name, value) in &line.fields {
        // Writing to a text does not fail.
        let _ = match value.as_str() {
            Some(text) if !text.contains(char::is_whitespace) => write!(told, " {name}={text}"),
            _ => write!(told, " {name}={value}"),
        };
    }
    told
}
