//! Gemini's answers: each chunk of a stream is a response with more parts, a whole answer is one with all of them.

use super::{
    error, usage,
    wire::{Candidate, Feedback, FunctionCall, Part as WirePart, Response, standard_base64},
};
use crate::{
    Dialect, StreamReader, Unreadable, Usage, ids,
    ir::{
        Answer, At, CallKey, Event, Failure, FailureKind, Folder, Malformed, Media, MediaKind,
        Origin, Part, Seal, Sequencer, Source, Stop, Truncated,
    },
    json::Json,
};

/// Reads a stream.
pub(super) struct Reader {
    origin: Origin,
    sequencer: Sequencer,
    started: bool,
    failed: bool,
    calls: u64,
    seed: String,
}

impl Reader {
    pub(super) fn new(origin: &Origin) -> Self {
        Self {
            origin: origin.clone(),
            sequencer: Sequencer::default(),
            started: false,
            failed: false,
            calls: 0,
            seed: String::new(),
        }
    }
}

impl StreamReader for Reader {
    fn read(
        &mut self,
        _name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        let data = data.trim_ascii();
        if data.is_empty() || data.starts_with(b"[DONE]") {
            return Ok(());
        }
        let malformed =
            |error| Malformed(format!("a chunk of its stream is no response ({error})"));
        if data.starts_with(b"[") {
            let chunks: Vec<Response> = serde_json::from_slice(data).map_err(malformed)?;
            return chunks
                .into_iter()
                .try_for_each(|chunk| self.chunk(chunk, data, out));
        }
        let chunk = serde_json::from_slice(data).map_err(malformed)?;
        self.chunk(chunk, data, out)
    }

    fn usage(&self) -> Option<Usage> {
        self.sequencer.told_usage()
    }

    fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), Truncated> {
        if self.failed {
            return Ok(());
        }
        self.sequencer.finish(out)
    }
}

impl Reader {
    fn chunk(
        &mut self,
        chunk: Response,
        data: &[u8],
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        if self.failed {
            return Ok(());
        }
        if let Some(error) = chunk.error {
            self.fail(error::failure(error, None), out);
            return Ok(());
        }
        let is_first = !std::mem::replace(&mut self.started, true);
        if is_first {
            // Without an id of the answer, calls without ids are told apart by what the first chunk said.
            self.seed = chunk.id.clone().unwrap_or_else(|| ids::base62(&[data], 22));
            self.sequencer
                .start(chunk.id.as_deref(), chunk.model.as_deref(), out);
        }
        if let Some(told) = &chunk.usage {
            self.sequencer.usage(usage::read(told), is_first, out);
        }
        let candidates = chunk.candidates.unwrap_or_default();
        let has_none = candidates.is_empty();
        // A converted answer is the first candidate.
        let is_other = |candidate: &Candidate| candidate.index.is_some_and(|index| index.0 != 0);
        if let Some(candidate) = candidates
            .into_iter()
            .find(|candidate| !is_other(candidate))
        {
            self.candidate(candidate, out)?;
        }
        if let Some(feedback) = chunk.feedback.filter(|_| has_none) {
            self.blocked(feedback);
        }
        Ok(())
    }

    fn candidate(&mut self, candidate: Candidate, out: &mut Vec<Event>) -> Result<(), Malformed> {
        let content = candidate.content.unwrap_or_default();
        for part in content.parts.unwrap_or_default() {
            self.part(part, out)?;
        }
        for source in candidate
            .citations
            .and_then(|all| all.sources)
            .unwrap_or_default()
        {
            self.sequencer.citation(source, out);
        }
        let extras = [
            ("groundingMetadata", candidate.grounding),
            ("urlContextMetadata", candidate.urls),
        ];
        for (kind, value) in extras {
            if let Some(value) = value.filter(|value| value.compact() != "{}") {
                self.opaque(kind, value, out);
            }
        }
        if let Some(reason) = candidate.finish {
            match stop(&reason, candidate.message) {
                Ok(Some(stop)) => self.sequencer.stop(stop),
                Ok(None) => {}
                Err(failure) => self.fail(failure, out),
            }
        }
        Ok(())
    }

    fn part(&mut self, mut part: WirePart, out: &mut Vec<Event>) -> Result<(), Malformed> {
        if let Some(kind) = part.extra.iter().next().map(|(kind, _)| kind.to_owned())
            && part.text.is_none()
            && part.function_call.is_none()
            && part.inline_data.is_none()
        {
            self.opaque(&kind, Json::of(&part), out);
            return Ok(());
        }
        let data = part.signature.take().filter(|data| !data.is_empty());
        let seal = data.map(|data| Seal::new(Dialect::Gemini, &self.origin, data));
        if let Some(call) = part.function_call.take() {
            self.seal(seal, out);
            return self.call(call, out);
        }
        if let Some(text) = part.text.take() {
            if part.thought != Some(true) {
                // A text's own signature is advice that Gemini does without, unlike a call's. Told as a thought behind
                // the text, clients of other dialects would take it for the last word of the answer.
                self.sequencer.text(&text, out);
                return Ok(());
            }
            self.sequencer.thinking(&text, out);
        }
        if let Some(blob) = part.inline_data.take() {
            let mime = blob.mime.unwrap_or_default();
            let media = Media {
                kind: MediaKind::of_mime(&mime),
                source: Source::Base64 {
                    mime,
                    data: standard_base64(blob.data.unwrap_or_default()),
                },
                title: blob.name,
                context: None,
                detail: None,
                cite: false,
                cache: None,
                at: At::default(),
            };
            self.sequencer.part(Part::Media(media), out);
        }
        self.seal(seal, out);
        Ok(())
    }

    fn seal(&mut self, seal: Option<Seal>, out: &mut Vec<Event>) {
        if let Some(seal) = seal {
            self.sequencer.seal(seal, out);
            // The next one is another's.
            self.sequencer.close(out);
        }
    }

    fn call(&mut self, call: FunctionCall, out: &mut Vec<Event>) -> Result<(), Malformed> {
        let key = CallKey::Index(self.calls);
        let made = || ids::call(&self.seed, self.calls);
        let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(made);
        self.calls += 1;
        let args = call
            .args
            .filter(|args| !args.is_null())
            .unwrap_or_else(Json::empty_object);
        let args = args.compact();
        self.sequencer
            .call(&key, Some(&id), call.name.as_deref(), &args, out)?;
        self.sequencer.close_call(&key, out);
        Ok(())
    }

    fn opaque(&mut self, kind: &str, value: Json, out: &mut Vec<Event>) {
        let part = Part::Opaque {
            dialect: Dialect::Gemini,
            kind: kind.to_owned(),
            value,
            at: At::default(),
        };
        self.sequencer.part(part, out);
    }

    /// The prompt itself was declined.
    fn blocked(&mut self, feedback: Feedback) {
        let reason = feedback
            .reason
            .filter(|reason| !reason.ends_with("UNSPECIFIED"));
        if let Some(reason) = reason {
            let told = format!("The prompt was blocked: {reason}");
            self.sequencer.stop(Stop::Refusal {
                category: Some(reason),
                explanation: Some(feedback.message.unwrap_or(told)),
            });
        }
    }

    fn fail(&mut self, failure: Failure, out: &mut Vec<Event>) {
        self.failed = true;
        out.push(Event::Failed(failure));
    }
}

/// What a finish reason means: an end, nothing yet, or a failure.
fn stop(reason: &str, message: Option<String>) -> Result<Option<Stop>, Failure> {
    Ok(Some(match reason {
        "" | "FINISH_REASON_UNSPECIFIED" => return Ok(None),
        "MAX_TOKENS" => Stop::MaxTokens,
        "CONTINUATION" => Stop::Pause,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "IMAGE_OTHER"
        | "NO_IMAGE"
        | "MODEL_ARMOR"
        | "ESCALATION"
        | "PUP_LIMITED_DISABLED" => Stop::Refusal {
            category: Some(reason.to_owned()),
            explanation: message,
        },
        "MALFORMED_FUNCTION_CALL"
        | "MALFORMED_RESPONSE"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "OTHER" => {
            let mut words = format!("the answer ended with {reason}");
            if let Some(message) = message {
                words = format!("{words}: {message}");
            }
            let mut failure = Failure::new(FailureKind::Server, words);
            failure.code = Some(reason.to_owned());
            return Err(failure);
        }
        _ => Stop::End,
    }))
}

/// Reads a whole answer, also one that came as a list of chunks.
pub(super) fn answer(body: &[u8], origin: &Origin) -> Result<Answer, Unreadable> {
    let mut reader = Reader::new(origin);
    let mut events = Vec::new();
    reader
        .read(None, body, &mut events)
        .map_err(Unreadable::Malformed)?;
    let is_failed = reader.failed;
    if !is_failed && !reader.sequencer.is_stopped() {
        let says = |event: &Event| !matches!(event, Event::Start { .. } | Event::Usage(_));
        if !events.iter().any(says) {
            let words = "it holds neither a candidate nor a reason for having none";
            return Err(Unreadable::Malformed(Malformed(words.to_owned())));
        }
        // A whole body is over where it ends.
        reader.sequencer.stop(Stop::End);
    }
    let truncated = |Truncated| Unreadable::Malformed(Malformed(Truncated.to_string()));
    reader.finish(&mut events).map_err(truncated)?;
    let mut folder = Folder::default();
    for event in events {
        folder.push(event);
    }
    folder.finish().map_err(Unreadable::Failure)
}
