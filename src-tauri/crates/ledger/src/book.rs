//! The prices that attempts refer to. Each text is written once, under a number that is made of it: many
//! attempts have the same price.

use std::collections::HashMap;

use sqlx::AnyConnection;

use crate::cells::{There, table};
use crate::kind::Kind;
use crate::store::{pieces, put};

/// Texts kept in hand; beyond, they are read again when needed.
const IN_HAND: usize = 4096;

table! {
    /// A row of `prices`.
    PriceCells in "prices" by ["id"]; {
        id: i64,
        text: String,
        first_used: i64,
    }
}

/// Prices by their numbers, as far as they are in hand.
#[derive(Debug, Default)]
pub(crate) struct Book {
    known: HashMap<i64, PriceCells>,
    /// Those that are not in the database yet.
    new: Vec<i64>,
}

impl Book {
    /// The number of a price that an attempt has which began at this time.
    pub(crate) fn put(&mut self, text: String, at_ms: i64) -> i64 {
        let id = number(&text);
        self.known.entry(id).or_insert_with(|| {
            self.new.push(id);
            PriceCells {
                id,
                text,
                first_used: at_ms,
            }
        });
        id
    }

    /// The price of this number.
    pub(crate) fn text(&self, id: i64) -> Option<&str> {
        self.known.get(&id).map(|price| price.text.as_str())
    }

    /// Reads those of these that are not in hand.
    pub(crate) async fn load(
        &mut self,
        conn: &mut AnyConnection,
        kind: Kind,
        ids: impl Iterator<Item = i64>,
    ) -> Result<(), sqlx::Error> {
        let mut missing: Vec<_> = ids.filter(|id| !self.known.contains_key(id)).collect();
        missing.sort_unstable();
        missing.dedup();
        for some in pieces(&missing) {
            let places = vec!["?"; some.len()].join(", ");
            let text = format!("SELECT * FROM prices WHERE id IN ({places})");
            let mut query = sqlx::query(kind.sql(&text));
            for id in some {
                query = query.bind(*id);
            }
            for row in query.fetch_all(&mut *conn).await? {
                let price = PriceCells::read(&row)?;
                self.known.insert(price.id, price);
            }
        }
        Ok(())
    }

    /// Writes what is new.
    pub(crate) async fn save(
        &self,
        conn: &mut AnyConnection,
        kind: Kind,
    ) -> Result<(), sqlx::Error> {
        let new: Vec<_> = self
            .new
            .iter()
            .filter_map(|id| self.known.get(id))
            .collect();
        put::<PriceCells>(conn, kind, &new, There::Stays).await
    }

    /// What was new is in the database now.
    pub(crate) fn saved(&mut self) {
        self.new.clear();
    }

    /// Whether it is better to forget everything.
    pub(crate) fn is_crowded(&self) -> bool {
        self.known.len() > IN_HAND
    }

    /// Forgets everything, also what was not written.
    pub(crate) fn clear(&mut self) {
        self.known.clear();
        self.new.clear();
    }
}

/// The FNV-1a hash of a text, 64 bits: <https://www.rfc-editor.org/rfc/rfc9923>.
pub(crate) fn number(text: &str) -> i64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let hash = text.bytes().fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_published_hash() {
        assert_eq!(number(""), 0xcbf2_9ce4_8422_2325_u64.cast_signed());
        assert_eq!(number("foobar"), 0x8594_4171_f739_67e8_u64.cast_signed());
    }

    #[test]
    fn a_price_is_new_once_until_it_was_written_in_vain() {
        let mut book = Book::default();
        let id = book.put("a".to_owned(), 5);
        assert_eq!(book.put("a".to_owned(), 9), id);
        assert_eq!((book.new.len(), book.text(id)), (1, Some("a")));
        book.saved();
        book.put("a".to_owned(), 12);
        assert_eq!(book.new.len(), 0);
        book.clear();
        book.put("a".to_owned(), 12);
        assert_eq!(book.new.len(), 1);
    }
}
