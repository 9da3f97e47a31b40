//! Wishes put into a text, each change remembered.

use crate::Target;
use crate::book::{Before, FileRecord, KeyRecord};
use crate::disk::hash;
use crate::format::{Format, Found, Why};
use crate::splice::Splice;
use crate::wish::{HEADER, Setting, Wish, missing_hosts, without_header};

/// A text that says what it is to say, and how it came to that.
#[derive(Default)]
pub(crate) struct Applied {
    pub(crate) text: String,
    pub(crate) splices: Option<Vec<Splice>>,
    pub(crate) keys: Vec<KeyRecord>,
    pub(crate) made: Vec<Vec<String>>,
}

/// `text` with all `settings`. `target` tells which addresses are our own: they never count as what stood before.
pub(crate) fn apply(
    format: Format,
    text: &str,
    settings: &[Setting],
    target: Option<&Target>,
) -> Result<Applied, Why> {
    let mut applied = Applied {
        text: text.to_owned(),
        splices: Some(Vec::new()),
        ..Applied::default()
    };
    for setting in settings {
        applied.put(format, setting, target)?;
    }
    Ok(applied)
}

impl Applied {
    fn put(
        &mut self,
        format: Format,
        setting: &Setting,
        target: Option<&Target>,
    ) -> Result<(), Why> {
        let found = format.get(&self.text, &setting.path)?;
        let (raw, before) = wanted(format, setting, found.as_ref());
        let there = found.as_ref().is_some_and(|found| found.raw == raw);
        let ours =
            |found: &Found| there || target.is_some_and(|target| target.leads_here(&found.value));
        let is_ours = setting.own && found.as_ref().is_some_and(ours);
        let is_list = matches!(before, Before::Hosts { .. } | Before::Headers { .. });
        if there && (!setting.own || matches!(before, Before::Hosts { .. })) {
            return Ok(());
        }
        if !there {
            self.write(format, setting, &raw)?;
        }
        let before = if is_ours {
            // It was put there by hand or by an instance whose book is lost: there is nothing to come back to.
            self.splices = None;
            if is_list { before } else { Before::Absent }
        } else {
            before
        };
        let value = format
            .get(&self.text, &setting.path)?
            .map_or(raw, |found| found.value);
        self.keys.push(KeyRecord {
            path: setting.path.clone(),
            before,
            ours: vec![hash(&value)],
        });
        Ok(())
    }

    fn write(&mut self, format: Format, setting: &Setting, raw: &str) -> Result<(), Why> {
        for made in format.missing(&self.text, &setting.path)? {
            if !self.made.contains(&made) {
                self.made.push(made);
            }
        }
        let text = format.set(&self.text, &setting.path, raw)?;
        if let Some(splices) = &mut self.splices {
            splices.push(Splice::between(&self.text, &text));
        }
        self.text = text;
        Ok(())
    }
}

/// What is to stand at a key, as it is spelled, and what is to be put back there one day.
fn wanted(format: Format, setting: &Setting, found: Option<&Found>) -> (String, Before) {
    let raw = |found: &Found| Before::Raw(found.raw.clone());
    let before = found.map_or(Before::Absent, raw);
    match &setting.wish {
        Wish::Text(value) => match found {
            Some(found) if found.value == *value => (found.raw.clone(), before),
            _ => (format.spelled(value), before),
        },
        Wish::Raw(raw) => (raw.clone(), before),
        Wish::Hosts { base } => {
            let list = found
                .map(|found| &found.value)
                .or(base.as_ref())
                .filter(|list| !list.is_empty());
            let added = missing_hosts(list.map_or("", String::as_str));
            let whole = list
                .into_iter()
                .chain(&added)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(",");
            match found {
                Some(found) if added.is_empty() => (found.raw.clone(), Before::Hosts { added }),
                Some(_) => (format.spelled(&whole), Before::Hosts { added }),
                None => (format.spelled(&whole), Before::Absent),
            }
        }
        Wish::Headers { separator, token } => {
            let kept = found
                .map(|found| without_header(&found.value, separator))
                .unwrap_or_default();
            let gap = if kept.is_empty() { "" } else { separator };
            let whole = format.spelled(&format!("{kept}{gap}{HEADER}: {token}"));
            let before = found.map_or(Before::Absent, |_| Before::Headers {
                separator: (*separator).into(),
            });
            (whole, before)
        }
    }
}

/// Whether `text` says already what it is to say, by what we wrote.
pub(crate) fn says(
    format: Format,
    text: &str,
    settings: &[Setting],
    record: &FileRecord,
) -> Result<bool, Why> {
    for setting in settings {
        let Some(found) = format.get(text, &setting.path)? else {
            return Ok(false);
        };
        let there = match &setting.wish {
            Wish::Text(value) => found.value == *value,
            Wish::Raw(raw) => found.raw == *raw,
            Wish::Hosts { .. } => missing_hosts(&found.value).is_empty(),
            Wish::Headers { separator, token } => {
                let ours = format!("{HEADER}: {token}");
                found.value.split(separator).any(|header| header == ours)
            }
        };
        if !there {
            return Ok(false);
        }
    }
    Ok(record
        .keys
        .iter()
        .all(|key| settings.iter().any(|setting| setting.path == key.path)))
}
