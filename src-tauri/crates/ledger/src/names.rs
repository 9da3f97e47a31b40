//! The names of models that stand in the history, in a table of their own: they are few, and a search for a text
//! begins with them.

use std::collections::BTreeSet;

use sqlx::{AnyConnection, Row as _};

use crate::branch::{Branch, NAMED};
use crate::cells::{There, table};
use crate::kind::Kind;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::record::Record;
use crate::select::Select;
use crate::store::put;

table! {
    /// A name, and the column of requests that it stands in.
    NameCells in "model_names" by ["place", "name"]; {
        place: String,
        name: String,
    }
}

/// Writes the names that these records have; in one order, so that two who write at once do not wait for each other.
pub(crate) async fn save(
    conn: &mut AnyConnection,
    kind: Kind,
    records: &[&Record],
) -> Result<(), sqlx::Error> {
    let all = records.iter().flat_map(|record| {
        let row = &record.request;
        let names = [&row.model_requested, &row.model_used, &row.model_answered];
        NAMED.into_iter().zip(names)
    });
    let names: BTreeSet<_> = all
        .filter_map(|(place, name)| Some((place, name.as_deref()?)))
        .collect();
    let names: Vec<_> = names
        .into_iter()
        .map(|(place, name)| NameCells {
            place: place.to_owned(),
            name: name.to_owned(),
        })
        .collect();
    put::<NameCells>(conn, kind, &names, There::Stays).await
}

/// Forgets the names that no request has any more which is over; one that runs brings its names when it ends.
pub(crate) async fn forget(conn: &mut AnyConnection, kind: Kind) -> Result<(), sqlx::Error> {
    for place in NAMED {
        let text = format!(
            "DELETE FROM model_names WHERE place = ? AND NOT EXISTS \
             (SELECT 1 FROM requests WHERE requests.is_open = 0 AND requests.{place} = model_names.name)"
        );
        let delete = sqlx::query(kind.sql(&text)).bind(place);
        delete.execute(&mut *conn).await?;
    }
    Ok(())
}

impl Ledger {
    /// The branches of requests whose models have this text in their names. Letter case is looked at here, as each
    /// database ignores it in its own way.
    pub(crate) async fn named(&self, text: &str) -> Result<Vec<Branch>, QueryError> {
        let text = text.to_lowercase();
        let all = Select::new(self.inner.kind, "SELECT place, name FROM model_names");
        let mut branches = Vec::new();
        for row in all.rows(&self.inner.pool).await? {
            let (place, value): (String, String) = (row.try_get("place")?, row.try_get("name")?);
            let column = NAMED.into_iter().find(|column| *column == place);
            if let Some(column) = column.filter(|_| value.to_lowercase().contains(&text)) {
                branches.push(Branch::Value { column, value });
            }
        }
        Ok(branches)
    }
}
