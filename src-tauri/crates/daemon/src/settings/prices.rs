//! What tokens cost where, as routing wants it.

use ledger::{PerMillion, Quote};
use routing::{Price, Prices};

use super::Settings;
use crate::costs::Costs;

/// The prices of these providers' models, as a request of usual length costs at a usual hour.
pub(super) fn prices(settings: &Settings) -> Prices {
    let costs = Costs::of(settings);
    Prices::new(move |provider, model| Some(price(&costs.quote(provider, model)?)))
}

fn price(quote: &Quote) -> Price {
    /// Parts of a whole multiplier.
    const MILLION: u128 = 1_000_000;
    let pico = |rate: PerMillion| {
        let list = u128::from(rate.pico_per_token().unsigned_abs());
        let all = list * u128::from(quote.multiplier.parts_per_million());
        u64::try_from(all / MILLION).unwrap_or(u64::MAX)
    };
    let rates = &quote.price.tariff.rates;
    Price {
        input: pico(rates.input),
        output: pico(rates.output),
        cache_read: rates.cache_read.map(pico),
        cache_write: rates.cache_write_5m.map(pico),
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::parse;

    #[test]
    fn a_price_is_the_lists_times_the_providers_multiplier() {
        let settings = parse(
            r#"
            version = 1
            [[providers]]
            name = "full"
            dialect = "anthropic"
            base_url = "https://a.example"
            [[providers]]
            name = "half"
            dialect = "anthropic"
            base_url = "https://b.example"
            price = { multiplier = 0.5 }
            [[providers]]
            name = "stand-in"
            dialect = "practice"
            [[groups]]
            name = "main"
            members = [{ provider = "full" }]
            "#,
        );
        let prices = super::prices(&settings.unwrap());
        let full = prices.of("full", "claude-sonnet-4-5").unwrap();
        let half = prices.of("half", "claude-sonnet-4-5-20250929").unwrap();
        assert_eq!((full.input, full.output), (3_000_000, 15_000_000));
        assert_eq!((half.input, half.output), (1_500_000, 7_500_000));
        assert_eq!(full.cache_read, Some(300_000));
        assert_eq!(full.cache_write, Some(3_750_000));
        assert_eq!(prices.of("full", "somebodys-model"), None);
        assert_eq!(prices.of("stand-in", "anything").unwrap().input, 0);
        assert_eq!(prices.of("nobody", "claude-sonnet-4-5"), None);
    }
}
