//! The table of vendors that comes with Turnout.

use std::sync::LazyLock;

use dialects::vendors::Vendors;

const BUNDLED: &str = include_str!("../../../../../config/vendors.toml");

static VENDORS: LazyLock<Vendors> = LazyLock::new(|| {
    Vendors::parse(BUNDLED).unwrap_or_else(|error| {
        // A test reads the same text, so this is never seen; without the table every vendor is a stranger.
        tracing::error!("{error}");
        Vendors::default()
    })
});

/// What is known about vendors and their models; read on first use.
pub(crate) fn vendors() -> &'static Vendors {
    &VENDORS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_table_can_be_read() {
        Vendors::parse(BUNDLED).unwrap();
    }
}
