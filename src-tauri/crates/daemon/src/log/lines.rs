//! Makes a line of everything that is logged, and hands it to the tail and to whoever writes it.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::written::Sink;
use crate::tail;
use crate::view::LogLine;

/// The field that names the request to which a line or a span belongs.
pub(crate) const REQUEST: &str = "request_id";
/// Characters of a value that are kept.
const LONGEST: usize = 4_000;

/// Takes what is logged.
pub(super) struct Lines(Vec<Sink>);

impl Lines {
    pub(super) fn to(sinks: Vec<Sink>) -> Self {
        Self(sinks)
    }
}

/// The request of a span.
struct RequestOf(String);

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut named = Named::default();
        attributes.record(&mut named);
        if let (Named(Some(request)), Some(span)) = (named, context.span(id)) {
            span.extensions_mut().insert(RequestOf(request));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut told = Told::default();
        event.record(&mut told);
        if !told.fields.contains_key(REQUEST)
            && let Some(request) = request_of(event, &context)
        {
            told.fields.insert(REQUEST.to_owned(), request.into());
        }
        let metadata = event.metadata();
        let line = tail::keep(LogLine {
            id: 0,
            at: Timestamp::now(),
            level: metadata.level().as_str().to_lowercase(),
            target: metadata.target().to_owned(),
            message: told.message,
            fields: told.fields,
        });
        self.0.iter().for_each(|sink| sink.write(&line));
    }
}

fn request_of<S: Subscriber + for<'span> LookupSpan<'span>>(
    event: &Event<'_>,
    context: &Context<'_, S>,
) -> Option<String> {
    context.event_scope(event)?.find_map(|span| {
        let extensions = span.extensions();
        Some(extensions.get::<RequestOf>()?.0.clone())
    })
}

/// The request that a span names.
#[derive(Default)]
struct Named(Option<String>);

impl Visit for Named {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == REQUEST {
            self.0 = Some(format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

#[derive(Default)]
struct Told {
    message: String,
    fields: Map<String, Value>,
}

impl Told {
    fn put(&mut self, field: &Field, value: Value) {
        self.fields.insert(field.name().to_owned(), value);
    }

    fn tell(&mut self, field: &Field, text: &str) {
        let text = harmless(text);
        if field.name() == "message" {
            self.message = text;
        } else {
            self.put(field, text.into());
        }
    }
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.tell(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.tell(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

/// Text of bounded length that does nothing to a terminal. What providers say is in it.
fn harmless(text: &str) -> String {
    let mut told = String::with_capacity(text.len().min(LONGEST));
    for letter in text.chars().take(LONGEST) {
        if letter.is_control() && !matches!(letter, '\n' | '\t') {
            told.extend(letter.escape_default());
        } else {
            told.push(letter);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::super::written::Form;
    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of what `log` logs.
    fn written(form: Form, log: impl FnOnce()) -> String {
        let paper = Paper::default();
        let sinks = vec![Sink::new(Box::new(paper.clone()), form)];
        let subscriber = tracing_subscriber::registry().with(Lines::to(sinks));
        tracing::subscriber::with_default(subscriber, log);
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_has_the_id_of_the_request_in_whose_span_it_was_logged() {
        let told = written(Form::Json, || {
            let id = "req-1".to_owned();
            tracing::error_span!("request", request_id = %id).in_scope(|| {
                tracing::info_span!("inner", depth = 2).in_scope(|| tracing::warn!("inside"));
                tracing::warn!(request_id = "req-2", "of another");
            });
            tracing::warn!(tries = 3, "outside");
        });
        let lines: Vec<Value> = told
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let told: Vec<_> = lines
            .iter()
            .map(|line| (line["message"].as_str().unwrap(), line[REQUEST].as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("inside", Some("req-1")),
                ("of another", Some("req-2")),
                ("outside", None)
            ]
        );
        assert_eq!(
            (&lines[0]["level"], &lines[2]["tries"]),
            (&"WARN".into(), &3.into())
        );
        assert!(
            lines[0]["timestamp"]
                .as_str()
                .unwrap()
                .parse::<Timestamp>()
                .is_ok()
        );
    }

    #[test]
    fn a_plain_line_is_told_with_its_facts_and_does_nothing_to_a_terminal() {
        let told = written(Form::Plain, || {
            tracing::error!(why = "not well", tries = 2, "\u{1b}[2Jrelay");
        });
        let (at, rest) = told.split_once(' ').unwrap();
        assert!(at.parse::<Timestamp>().is_ok(), "{told}");
        assert_eq!(rest, "ERROR \\u{1b}[2Jrelay why=\"not well\" tries=2\n");
    }

    #[test]
    fn a_painter_writes_lines_for_people() {
        let painter = Form::Painted(Box::new(|line| format!("<{}>", line.message)));
        assert_eq!(written(painter, || tracing::info!("said")), "<said>\n");
    }
}
