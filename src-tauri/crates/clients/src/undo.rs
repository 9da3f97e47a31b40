//! Our keys taken out of a text and what stood there put back.

use crate::book::{Before, FileRecord, KeyRecord};
use crate::disk::hash;
use crate::format::{Format, Why};
use crate::splice::Splice;
use crate::wish::{without_header, without_hosts};

/// A text without anything of ours, and the keys at which the person's own later change was left.
pub(crate) struct Undone {
    pub(crate) text: String,
    pub(crate) kept: Vec<String>,
}

/// Undoes what `record` tells. A file that nobody else changed comes back to the byte; else each key for itself.
pub(crate) fn undo(text: &str, record: &FileRecord) -> Result<Undone, Why> {
    if let Some(text) = exact(text, record) {
        return Ok(Undone {
            text,
            kept: Vec::new(),
        });
    }
    let format = record.format;
    let mut undone = Undone {
        text: text.to_owned(),
        kept: Vec::new(),
    };
    for key in record.keys.iter().rev() {
        match key_undone(format, &undone.text, key)? {
            Some(text) => undone.text = text,
            None => undone.kept.push(key.path.join(".")),
        }
    }
    for table in record.made.iter().rev() {
        undone.text = format.prune(&undone.text, table)?;
    }
    Ok(undone)
}

fn exact(text: &str, record: &FileRecord) -> Option<String> {
    let hash = hash(text);
    if hash == record.written {
        let back = |text: String, splice: &Splice| splice.undone(&text);
        let splices = record.splices.as_ref()?;
        splices.iter().rev().try_fold(text.to_owned(), back)
    } else if let Some(earlier) = &record.earlier {
        exact(text, earlier)
    } else {
        (hash == record.found).then(|| text.to_owned())
    }
}

/// The text with a key as it was before; `None` where the person changed it since.
fn key_undone(format: Format, text: &str, key: &KeyRecord) -> Result<Option<String>, Why> {
    let Some(found) = format.get(text, &key.path)? else {
        // Whoever took our value away wants none there; nothing stood there or theirs is the later word.
        let silent = !matches!(key.before, Before::Raw(_));
        return Ok(silent.then(|| text.to_owned()));
    };
    let ours = key.ours.contains(&hash(&found.value));
    let set = |value: &str| match value {
        value if value == found.value => Ok(text.to_owned()),
        value => format.set(text, &key.path, &format.spelled(value)),
    };
    match &key.before {
        Before::Hosts { added } => set(&without_hosts(&found.value, added)).map(Some),
        Before::Headers { separator } => set(&without_header(&found.value, separator)).map(Some),
        Before::Raw(raw) if found.raw == *raw => Ok(Some(text.to_owned())),
        Before::Raw(raw) if ours => format.set(text, &key.path, raw).map(Some),
        Before::Absent if ours => format.remove(text, &key.path).map(Some),
        Before::Raw(_) | Before::Absent => Ok(None),
    }
}
