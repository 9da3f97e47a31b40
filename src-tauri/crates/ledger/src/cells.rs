//! The columns of a table as the fields of a struct: read, bound and named from one list.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Row as _};

/// A statement that values are bound to.
pub(crate) type Statement<'q> = Query<'q, Any, AnyArguments>;

/// A value of a column.
pub(crate) trait Cell: Sized {
    fn read(row: &AnyRow, column: &str) -> Result<Self, sqlx::Error>;
    fn bind<'q>(&self, statement: Statement<'q>) -> Statement<'q>;
}

macro_rules! plain_cells {
    ($($kind:ty),*) => {$(
        impl Cell for $kind {
            fn read(row: &AnyRow, column: &str) -> Result<Self, sqlx::Error> {
                row.try_get(column)
            }

            fn bind<'q>(&self, statement: Statement<'q>) -> Statement<'q> {
                statement.bind(self.clone())
            }
        }
    )*};
}

plain_cells!(i64, Option<i64>, String, Option<String>, Vec<u8>);

/// Flags are numbers in every database.
impl Cell for bool {
    fn read(row: &AnyRow, column: &str) -> Result<Self, sqlx::Error> {
        Ok(row.try_get::<i64, _>(column)? != 0)
    }

    fn bind<'q>(&self, statement: Statement<'q>) -> Statement<'q> {
        statement.bind(i64::from(*self))
    }
}

/// A table, as rows are written to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    pub(crate) table: &'static str,
    /// Columns by which a row is the same.
    pub(crate) keys: &'static [&'static str],
    pub(crate) columns: &'static [&'static str],
}

/// What becomes of a row that is there already.
#[derive(Debug, Clone, Copy)]
pub(crate) enum There {
    /// It stays as it is.
    Stays,
    /// It is replaced.
    Replaced,
    /// It is replaced but for these columns, whose indexes are left alone then.
    ReplacedBut(&'static [&'static str]),
}

/// What is a row of a table.
pub(crate) trait Cells: Sync {
    const FORM: Form;

    fn bind<'q>(&self, statement: Statement<'q>) -> Statement<'q>;
}

/// A struct whose fields are the columns of a table.
macro_rules! table {
    ($(#[$about:meta])* $name:ident in $table:literal by $keys:expr; { $($field:ident: $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub(crate) struct $name {
            $(pub(crate) $field: $kind,)*
        }

        impl $name {
            #[allow(dead_code, reason = "some tables are only written")]
            pub(crate) fn read(row: &sqlx::any::AnyRow) -> Result<Self, sqlx::Error> {
                Ok(Self { $($field: $crate::cells::Cell::read(row, stringify!($field))?,)* })
            }
        }

        impl $crate::cells::Cells for $name {
            const FORM: $crate::cells::Form = $crate::cells::Form {
                table: $table,
                keys: &$keys,
                columns: &[$(stringify!($field)),*],
            };

            fn bind<'q>(&self, statement: $crate::cells::Statement<'q>) -> $crate::cells::Statement<'q> {
                $(let statement = $crate::cells::Cell::bind(&self.$field, statement);)*
                statement
            }
        }
    };
}
pub(crate) use table;
