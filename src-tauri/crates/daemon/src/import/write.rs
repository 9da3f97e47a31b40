//! Puts what an import adds into the config's document.

use imports::Price;
use ledger::{PerMillion, Rates};
use serde_json::Value;
use toml_edit::DocumentMut;

use super::plan::{Plan, Planned, Thing};
use crate::handle::CommandError;
use crate::settings::edit::EditError;
use crate::settings::section::{self, Section};
pub(super) use crate::settings::single::set;
use crate::settings::{self, own_prices};

impl Plan {
    /// Adds all to a document. `names` tells by which name each secret is kept.
    pub(super) fn write(
        &self,
        document: &mut DocumentMut,
        names: &[(String, String)],
    ) -> Result<(), EditError> {
        let before = section::names(document, Section::Groups);
        for thing in &self.things {
            let mut fields = thing.fields.clone();
            keys(thing, &mut fields, names);
            section::add(document, thing.section, &fields)?;
        }
        for price in &self.prices {
            let rates = rates(price)?;
            own_prices::set(document, None, &price.model, &rates)?;
        }
        for (path, value) in &self.settings {
            set(document, path, value)?;
        }
        let groups = section::names(document, Section::Groups);
        if self.goes_first && groups.len() > before.len() && !before.is_empty() {
            let first: Vec<String> = groups
                .into_iter()
                .filter(|name| !before.contains(name))
                .collect();
            section::reorder(document, Section::Groups, &first)?;
        }
        Ok(())
    }

    /// Whether the config would be valid with it.
    pub(super) fn check(&self, text: &str) -> Result<(), CommandError> {
        let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            CommandError::Refused(error.message().to_owned())
        })?;
        self.write(&mut document, &self.wished())?;
        settings::parse(&document.to_string())
            .map(drop)
            .map_err(|problems| {
                let told: Vec<String> = problems
                    .into_iter()
                    .map(|problem| problem.message)
                    .collect();
                CommandError::Invalid(format!(
                    "nothing was taken, as the config would not be valid with it:{}",
                    settings::itemized(&told)
                ))
            })
    }

    /// What is added, as TOML.
    pub(super) fn added(&self, names: &[(String, String)]) -> Result<String, CommandError> {
        let mut document = DocumentMut::new();
        self.write(&mut document, names)?;
        Ok(document.to_string().trim_start().to_owned())
    }
}

fn keys(thing: &Thing, fields: &mut serde_json::Map<String, Value>, names: &[(String, String)]) {
    let reference = |key: &Planned| match key {
        Planned::Reference(reference) => reference.clone(),
        Planned::Secret(wish, _) => {
            let kept = names.iter().find(|(wished, _)| wished == wish);
            format!("keychain:{}", kept.map_or(wish, |(_, name)| name))
        }
    };
    let references = thing.keys.iter().map(reference);
    match thing.section {
        Section::Tokens => {
            fields.extend(references.map(|token| ("token".to_owned(), token.into())));
        }
        _ if thing.keys.is_empty() => {}
        _ => {
            fields.insert("keys".to_owned(), references.collect());
        }
    }
}

/// The digits as they are.
fn rates(price: &Price) -> Result<Rates, EditError> {
    let rate = |price: f64| {
        let told = |_| EditError::Invalid(format!("{price} is no price for a million tokens"));
        price.to_string().parse::<PerMillion>().map_err(told)
    };
    Ok(Rates {
        input: rate(price.input)?,
        output: rate(price.output)?,
        cache_read: price.cache_read.map(rate).transpose()?,
        cache_write_5m: price.cache_write_5m.map(rate).transpose()?,
        cache_write_1h: None,
    })
}
