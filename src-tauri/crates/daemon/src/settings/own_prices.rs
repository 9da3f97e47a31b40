//! One's own prices in the config: `price.models` of a provider, or `ledger.prices` for all of them. Comments, order and
//! the spelling of what is there stay.

use ledger::{PerMillion, Rates};
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::edit::{self, EditError, provider_table};

/// Sets what a model costs at a provider, or at all of them.
pub(crate) fn set(
    document: &mut DocumentMut,
    provider: Option<&str>,
    model: &str,
    rates: &Rates,
) -> Result<(), EditError> {
    let models = if let Some(name) = provider {
        let price = sub_table(provider_table(document, name)?, "price", inline)?;
        sub_table(price, "models", inline)?
    } else {
        let ledger = document.entry("ledger").or_insert_with(implicit);
        let new = if ledger.is_inline_table() {
            inline
        } else {
            toml_edit::table
        };
        let ledger = ledger.as_table_like_mut();
        sub_table(ledger.ok_or(EditError::WrongType("ledger"))?, "prices", new)?
    };
    let key = spelled(models, model).unwrap_or_else(|| model.to_owned());
    if let Some(item) = models.get_mut(&key) {
        change(item, rates);
    } else {
        let mut price = InlineTable::new();
        put(&mut price, rates);
        edit::set(models, &key, price.into());
    }
    Ok(())
}

/// Takes such a price away, and the tables that are empty then.
pub(crate) fn remove(
    document: &mut DocumentMut,
    provider: Option<&str>,
    model: &str,
) -> Result<(), EditError> {
    let (outer, path): (&mut dyn TableLike, _) = match provider {
        Some(name) => (provider_table(document, name)?, ["price", "models"]),
        None => (document.as_table_mut(), ["ledger", "prices"]),
    };
    if take(outer, &path, model) {
        return Ok(());
    }
    Err(EditError::Unknown("price for a model", model.to_owned()))
}

fn take(table: &mut dyn TableLike, path: &[&str], model: &str) -> bool {
    let Some((first, rest)) = path.split_first() else {
        let key = spelled(table, model);
        return key.is_some_and(|key| edit::unset(table, &key));
    };
    let Some(inner) = table.get_mut(first).and_then(Item::as_table_like_mut) else {
        return false;
    };
    let taken = take(inner, rest, model);
    if taken && inner.is_empty() {
        edit::unset(table, first);
    }
    taken
}

/// The model's name as the table has it: letter case does not tell models apart.
fn spelled(models: &dyn TableLike, model: &str) -> Option<String> {
    let mut names = models.iter().map(|(name, _)| name);
    let found = names.find(|name| name.to_lowercase() == model.to_lowercase());
    found.map(str::to_owned)
}

/// A table whose own header is not written, as all that it has is in `[ledger.prices]`.
fn implicit() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

fn inline() -> Item {
    Item::Value(InlineTable::new().into())
}

fn sub_table<'t>(
    table: &'t mut dyn TableLike,
    name: &'static str,
    new: fn() -> Item,
) -> Result<&'t mut dyn TableLike, EditError> {
    if !table.contains_key(name) {
        match new() {
            Item::Value(value) => edit::set(table, name, value),
            item => drop(table.insert(name, item)),
        }
    }
    let item = table.get_mut(name).and_then(Item::as_table_like_mut);
    item.ok_or(EditError::WrongType(name))
}

/// Makes a price that is there say something else; a comment beside a number stays.
fn change(item: &mut Item, rates: &Rates) {
    match item {
        Item::Table(table) => put(table, rates),
        Item::Value(Value::InlineTable(table)) => put(table, rates),
        other => {
            let mut table = Table::new();
            put(&mut table, rates);
            *other = Item::Value(table.into_inline_table().into());
        }
    }
}

fn put(table: &mut dyn TableLike, rates: &Rates) {
    let fields = [
        ("input", Some(rates.input)),
        ("output", Some(rates.output)),
        ("cache_read", rates.cache_read),
        ("cache_write_5m", rates.cache_write_5m),
        ("cache_write_1h", rates.cache_write_1h),
    ];
    for (field, rate) in fields {
        match rate {
            Some(rate) => edit::set(table, field, number(rate)),
            None => {
                edit::unset(table, field);
            }
        }
    }
}

/// The digits as they are: a decimal never goes through a float on its way into the file.
fn number(rate: PerMillion) -> Value {
    let text = rate.to_string();
    text.parse().unwrap_or_else(|_| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(input: &str, cache_read: Option<&str>) -> Rates {
        Rates {
            input: input.parse().unwrap(),
            output: "2".parse().unwrap(),
            cache_read: cache_read.map(|rate| rate.parse().unwrap()),
            cache_write_5m: None,
            cache_write_1h: None,
        }
    }

    const BOTH: &str = "{ input = 0.1, output = 2, cache_read = 0.01 }";

    #[test]
    fn a_price_is_written_where_prices_stand_and_goes_without_a_trace() {
        let cases = [
            (
                None,
                "version = 1\n",
                "version = 1\n\n[ledger.prices]\nm = BOTH\n",
            ),
            (
                None,
                "[ledger] # mine\nretention = \"9d\"\n\n[log]\n",
                "[ledger] # mine\nretention = \"9d\"\n\n[ledger.prices]\nm = BOTH\n\n[log]\n",
            ),
            (
                None,
                "ledger = { retention = \"9d\" }\n",
                "ledger = { retention = \"9d\", prices = { m = BOTH } }\n",
            ),
            (
                Some("a"),
                "[[providers]]\nname = \"a\"\n\n[log]\n",
                "[[providers]]\nname = \"a\"\nprice = { models = { m = BOTH } }\n\n[log]\n",
            ),
            (
                Some("a"),
                "[[providers]]\nname = \"a\"\n[providers.price]\nmultiplier = 0.5 # half\n",
                "[[providers]]\nname = \"a\"\n[providers.price]\nmultiplier = 0.5 # half\nmodels = { m = BOTH }\n",
            ),
        ];
        for (provider, before, after) in cases {
            let mut document: DocumentMut = before.parse().unwrap();
            set(&mut document, provider, "m", &rates("0.1", Some("0.01"))).unwrap();
            assert_eq!(document.to_string(), after.replace("BOTH", BOTH));
            remove(&mut document, provider, "M").unwrap();
            assert_eq!(document.to_string(), before);
            assert!(remove(&mut document, provider, "m").is_err(), "{before}");
        }
    }

    #[test]
    fn a_price_that_is_there_keeps_its_spelling_and_its_comments() {
        let before =
            "[ledger.prices.\"GLM-4.6\"]\ninput = 1 # dear\noutput = 2\ncache_write_1h = 3\n";
        let mut document: DocumentMut = before.parse().unwrap();
        set(&mut document, None, "glm-4.6", &rates("0.000001", None)).unwrap();
        let after = "[ledger.prices.\"GLM-4.6\"]\ninput = 0.000001 # dear\noutput = 2\n";
        assert_eq!(document.to_string(), after);
    }

    #[test]
    fn what_is_no_table_is_told() {
        let mut document: DocumentMut = "ledger = 1\n".parse().unwrap();
        let error = set(&mut document, None, "m", &rates("1", None)).unwrap_err();
        assert!(matches!(error, EditError::WrongType("ledger")), "{error}");
        let error = set(&mut document, Some("a"), "m", &rates("1", None)).unwrap_err();
        assert!(matches!(error, EditError::NoProvider(_)), "{error}");
    }
}
