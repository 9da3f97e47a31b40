//! Pages of lists that are in memory as a whole.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use utoipa::IntoParams;

use super::refusal::{Code, Refusal};
use crate::view::List;

/// Things on a page when not told, and at most.
const LIMIT: usize = 50;
const LIMIT_MAX: usize = 1000;
/// Characters of a text that is searched for, at most: databases refuse patterns of some ten thousand.
const SOUGHT_MAX: usize = 1000;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(super) struct Page {
    /// How many things, from 1 to 1000; 50 when not given.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl Page {
    /// This page of all there are.
    pub(super) fn of<T>(&self, all: Vec<T>) -> Result<List<T>, Refusal> {
        let begin = match &self.cursor {
            None => 0,
            Some(cursor) => cursor.parse::<usize>().map_err(|_| {
                let told = format!("{cursor:?} is no cursor of this list; leave it out to begin");
                Refusal::new(Code::InvalidRequest, told)
            })?,
        };
        let end = begin.saturating_add(limit(self.limit));
        let next_cursor = (end < all.len()).then(|| end.to_string());
        let items = all.into_iter().skip(begin).take(end - begin).collect();
        Ok(List { items, next_cursor })
    }
}

/// How many things a page has where so many are wanted.
pub(super) fn limit(wanted: Option<usize>) -> usize {
    wanted.unwrap_or(LIMIT).clamp(1, LIMIT_MAX)
}

/// A text to search for, of bounded length.
pub(super) fn sought<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let is_long = |text: &String| text.chars().nth(SOUGHT_MAX).is_some();
    if text.as_ref().is_some_and(is_long) {
        let told = format!("a text to search for has at most {SOUGHT_MAX} characters");
        return Err(D::Error::custom(told));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(limit: Option<usize>, cursor: Option<&str>) -> List<usize> {
        let cursor = cursor.map(str::to_owned);
        Page { limit, cursor }.of((0..1100).collect()).unwrap()
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repeat() {
        let (mut cursor, mut seen) = (None, Vec::new());
        loop {
            let page = page(Some(7), cursor.as_deref());
            assert!(page.items.len() <= 7);
            seen.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..1100).collect::<Vec<_>>());
    }

    #[test]
    fn a_page_has_fifty_things_and_a_thousand_at_most() {
        assert_eq!(page(None, None).items.len(), 50);
        assert_eq!(page(Some(0), None).items.len(), 1);
        assert_eq!(page(Some(usize::MAX), None).items.len(), 1000);
        let last = page(Some(1000), Some("1000"));
        assert_eq!((last.items.len(), last.next_cursor), (100, None));
        assert!(page(None, Some("18446744073709551615")).items.is_empty());
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let cursor = Some("later".to_owned());
        let refusal = Page {
            limit: None,
            cursor,
        }
        .of(vec![0])
        .unwrap_err();
        assert_eq!(refusal.code, Code::InvalidRequest);
    }
}
