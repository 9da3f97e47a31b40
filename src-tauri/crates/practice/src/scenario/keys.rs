//! The `key=value` part of a scenario: each key is taken once, and what nobody takes is refused.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};

use super::{Failure, How, Point, ScenarioError, Wish, wrong};
use crate::script::Stop;

/// The keys of a scenario that nobody has asked for yet.
pub(super) struct Keys(BTreeMap<String, String>);

impl Keys {
    pub(super) fn read<'a>(
        name: &str,
        parts: impl Iterator<Item = &'a str>,
    ) -> Result<Self, ScenarioError> {
        let mut keys = BTreeMap::new();
        for part in parts {
            let (key, value) = part.split_once('=').ok_or_else(|| ScenarioError::Key {
                scenario: name.to_owned(),
                key: part.to_owned(),
            })?;
            keys.insert(key.trim().to_owned(), percent_decoded(value.trim()));
        }
        Ok(Self(keys))
    }

    pub(super) fn take(&mut self, key: &str) -> Option<String> {
        self.0.remove(key)
    }

    pub(super) fn number<T: std::str::FromStr>(
        &mut self,
        key: &str,
    ) -> Result<Option<T>, ScenarioError> {
        self.take(key)
            .map(|value| {
                value
                    .parse()
                    .map_err(|_| wrong(key, &value, "a whole number"))
            })
            .transpose()
    }

    pub(super) fn duration(&mut self, key: &str) -> Result<Option<Duration>, ScenarioError> {
        self.take(key)
            .map(|value| {
                duration(&value).ok_or_else(|| wrong(key, &value, "milliseconds, 200ms or 2s"))
            })
            .transpose()
    }

    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &str,
        choices: &[(&str, T)],
        expected: &'static str,
    ) -> Result<Option<T>, ScenarioError> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let found = choices.iter().find(|(name, _)| *name == value);
        found
            .map(|(_, choice)| Some(*choice))
            .ok_or_else(|| wrong(key, &value, expected))
    }

    pub(super) fn status(&mut self) -> Result<Option<StatusCode>, ScenarioError> {
        let Some(value) = self.take("status") else {
            return Ok(None);
        };
        let status = value
            .parse()
            .ok()
            .and_then(|code| StatusCode::from_u16(code).ok());
        status
            .filter(|status| status.as_u16() >= 200)
            .map(Some)
            .ok_or_else(|| wrong("status", &value, "an HTTP status from 200 to 599"))
    }

    pub(super) fn how(&mut self) -> Result<How, ScenarioError> {
        let choices = [
            ("fin", How::Fin),
            ("rst", How::Rst),
            ("midframe", How::MidFrame),
        ];
        Ok(self
            .choice("how", &choices, "fin, rst or midframe")?
            .unwrap_or(How::Fin))
    }

    pub(super) fn point(&mut self) -> Result<Option<Point>, ScenarioError> {
        if let Some(value) = self.take("after") {
            if value == "all" {
                return Ok(Some(Point::AllButLast));
            }
            let count = value
                .parse()
                .map_err(|_| wrong("after", &value, "a number of deltas, or all"))?;
            return Ok(Some(Point::Deltas(count)));
        }
        Ok(self.number("events")?.map(Point::Events))
    }

    pub(super) fn failure(&mut self, default: Failure) -> Result<Failure, ScenarioError> {
        Ok(Failure {
            status: self.status()?.unwrap_or(default.status),
            kind: self.take("type").or(default.kind),
            message: self.take("message").or(default.message),
            retry_after: self
                .take("retry_after")
                .or(default.retry_after)
                .filter(|value| value != "none"),
            code: self.take("code").or(default.code),
            param: default.param,
            about_model: default.about_model,
        })
    }

    pub(super) fn wish(&mut self) -> Result<Wish, ScenarioError> {
        let args = self
            .take("args")
            .map(|value| {
                serde_json::from_str(&value).map_err(|_| wrong("args", &value, "a JSON object"))
            })
            .transpose()?;
        let stop = self
            .take("stop")
            .map(|value| {
                Stop::named(&value).ok_or_else(|| {
                    wrong(
                        "stop",
                        &value,
                        "end_turn, tool_use, max_tokens, refusal or pause_turn",
                    )
                })
            })
            .transpose()?;
        Ok(Wish {
            deltas: self.number("deltas")?,
            say: self.take("say"),
            tool: self.take("tool"),
            command: self.take("command"),
            args,
            parallel: self.number("parallel")?,
            stop,
            usage_in: self.number("usage_in")?,
            usage_out: self.number("usage_out")?,
            cache_read: self.number("cache_read")?,
            cache_write_5m: self.number("cache_write_5m")?,
            cache_write_1h: self.number("cache_write_1h")?,
        })
    }

    pub(super) fn headers(&mut self) -> Result<Vec<(HeaderName, HeaderValue)>, ScenarioError> {
        let names: Vec<String> = self
            .0
            .keys()
            .filter(|key| key.starts_with("h."))
            .cloned()
            .collect();
        let mut headers = Vec::new();
        for key in names {
            let value = self.take(&key).unwrap_or_default();
            let header = key[2..]
                .parse::<HeaderName>()
                .ok()
                .zip(HeaderValue::from_str(&value).ok());
            headers.push(header.ok_or_else(|| {
                wrong(
                    &key,
                    &value,
                    "a header name and a value without control characters",
                )
            })?);
        }
        Ok(headers)
    }

    pub(super) fn finish(self, scenario: &str) -> Result<(), ScenarioError> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(key) => Err(ScenarioError::Key {
                scenario: scenario.to_owned(),
                key,
            }),
        }
    }
}

fn duration(value: &str) -> Option<Duration> {
    if let Some(number) = value.strip_suffix("ms") {
        return number.parse().ok().map(Duration::from_millis);
    }
    if let Some(number) = value.strip_suffix('s') {
        return number
            .parse()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    }
    value.parse().ok().map(Duration::from_millis)
}

/// `%XX` pairs made bytes; anything else, a lone `%` included, stays as it is.
fn percent_decoded(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = value.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        if let Some(byte) = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
