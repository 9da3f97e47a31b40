//! What models cost, for people.

use std::io::{self, Write};

use serde_json::Value;

use crate::figure::{money, text};
use crate::screen::{Cell, Screen, Table, Tone};

/// `GET /prices`: US dollars for a million tokens.
pub(crate) fn prices<W: Write>(screen: &mut Screen<W>, prices: &[Value]) -> io::Result<()> {
    if prices.is_empty() {
        return screen.line("no price is known of such a model");
    }
    let mut table = Table::new(&[
        "MODEL",
        "SELLER",
        "FOR",
        ">INPUT",
        ">OUTPUT",
        ">CACHED",
        ">WRITE 5M",
        ">WRITE 1H",
        ">FACTOR",
    ])
    .sparing(&["WRITE 1H", "WRITE 5M", "CACHED", "SELLER"]);
    for price in prices {
        let seller = match text(price, "seller") {
            "config" => Cell::new("config", Tone::Strong),
            seller => seller.into(),
        };
        table.row(vec![
            text(price, "model").into(),
            seller,
            price
                .get("provider")
                .and_then(Value::as_str)
                .unwrap_or("all")
                .into(),
            money(price, "input").into(),
            money(price, "output").into(),
            money(price, "cache_read").into(),
            money(price, "cache_write_5m").into(),
            money(price, "cache_write_1h").into(),
            text(price, "multiplier").into(),
        ]);
    }
    screen.table(&table)?;
    let date = prices
        .iter()
        .map(|price| text(price, "date"))
        .find(|date| *date != "-");
    match date {
        Some(date) => screen.line(format!(
            "US dollars for a million tokens, as of {date}; those of the config go first"
        )),
        None => screen.line("US dollars for a million tokens"),
    }
}
