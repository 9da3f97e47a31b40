//! What vendors and their models differ in, read from a table (`config/vendors.toml`): who is meant, and which
//! [`Caps`] that gives.
//!
//! Capabilities are laid over each other: the dialect's own, then each entry of `[[models]]` that fits the name, then
//! the vendor's (after those of the one it is like), then the vendor's models. A later layer replaces what it names.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use serde::Deserialize;
use toml::{Table, Value};

use crate::{Dialect, caps::Caps};

/// The table of vendors.
#[derive(Debug, Default)]
pub struct Vendors {
    dialects: BTreeMap<Dialect, Table>,
    models: Vec<Models>,
    known: Vec<Vendor>,
}

/// Why a table of vendors cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VendorsError {
    /// It is no TOML, or not of the table's form.
    #[error("the table of vendors cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A record names a capability that there is not, or gives it a value that it cannot have.
    #[error("the table of vendors has a mistake at {place}: {problem}")]
    Caps {
        /// The record.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A vendor is like one that there is not, or that comes after it.
    #[error(
        "the table of vendors says that {vendor} is like {like}, which does not stand before it"
    )]
    Like {
        /// Who.
        vendor: String,
        /// Like whom.
        like: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// When the facts were collected.
    #[serde(rename = "date")]
    _date: String,
    #[serde(default)]
    dialects: BTreeMap<Dialect, Table>,
    #[serde(default)]
    models: Vec<Models>,
    #[serde(default)]
    vendors: Vec<Vendor>,
}

/// Capabilities of models, by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Models {
    /// Globs on the model's name.
    names: Vec<String>,
    /// Only in these dialects; all where empty.
    #[serde(default)]
    dialects: Vec<Dialect>,
    caps: Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vendor {
    name: String,
    /// Globs on the host of a base URL, with its port where they hold a colon.
    #[serde(default)]
    hosts: Vec<String>,
    /// The vendor whose record this one begins with.
    like: Option<String>,
    /// In every dialect.
    #[serde(default)]
    caps: Table,
    #[serde(default)]
    dialects: BTreeMap<Dialect, Table>,
    #[serde(default)]
    models: Vec<Models>,
}

impl Vendors {
    /// Reads a table in the form of `config/vendors.toml`.
    pub fn parse(text: &str) -> Result<Self, VendorsError> {
        let mut file: File = toml::from_str(text)?;
        let models = |place: &str, models: &[Models]| {
            models
                .iter()
                .try_for_each(|one| proven(&format!("{place}{}", one.names.join(", ")), &one.caps))
        };
        for (dialect, caps) in &file.dialects {
            proven(dialect.as_str(), caps)?;
        }
        models("", &file.models)?;
        for index in 0..file.vendors.len() {
            let (before, rest) = file.vendors.split_at_mut(index);
            let Some(vendor) = rest.first_mut() else {
                break;
            };
            proven(&vendor.name, &vendor.caps)?;
            for (dialect, caps) in &vendor.dialects {
                proven(&format!("{} {}", vendor.name, dialect.as_str()), caps)?;
            }
            models(&format!("{} ", vendor.name), &vendor.models)?;
            if let Some(like) = vendor.like.clone() {
                let Some(other) = before.iter().find(|other| other.name == like) else {
                    let vendor = vendor.name.clone();
                    return Err(VendorsError::Like { vendor, like });
                };
                vendor.begin_with(other);
            }
        }
        Ok(Self {
            dialects: file.dialects,
            models: file.models,
            known: file.vendors,
        })
    }

    /// The vendors' names, in the table's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.known.iter().map(|vendor| vendor.name.as_str())
    }

    /// Whose base URL this is.
    pub fn recognise(&self, base_url: &str) -> Option<&str> {
        let authority = authority(base_url);
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &authority,
        };
        let fits = |pattern: &String| {
            glob(
                pattern,
                if pattern.contains(':') {
                    &authority
                } else {
                    host
                },
            )
        };
        let vendor = self.known.iter().find(|one| one.hosts.iter().any(fits))?;
        Some(&vendor.name)
    }

    /// The record of a provider: of the vendor that is named, else of the one recognised by the base URL, else that of
    /// the dialect alone.
    pub fn record(&self, vendor: Option<&str>, base_url: &str, dialect: Dialect) -> Record {
        let name = vendor.or_else(|| self.recognise(base_url));
        let vendor = name.and_then(|name| self.known.iter().find(|one| one.name == name));
        let mut layers = Vec::new();
        layers.extend(self.dialects.get(&dialect).map(Layer::always));
        layers.extend(Layer::of_models(&self.models, dialect));
        if let Some(vendor) = vendor {
            layers.push(Layer::always(&vendor.caps));
            layers.extend(vendor.dialects.get(&dialect).map(Layer::always));
            layers.extend(Layer::of_models(&vendor.models, dialect));
        }
        layers.retain(|layer| !layer.caps.is_empty());
        Record {
            vendor: name.map_or_else(|| dialect.as_str().into(), Into::into),
            dialect,
            layers,
            others: Vec::new(),
            known: Mutex::default(),
            base: OnceLock::new(),
        }
    }
}

impl Vendor {
    fn begin_with(&mut self, other: &Self) {
        let mut caps = other.caps.clone();
        lay_over(&mut caps, &self.caps);
        self.caps = caps;
        for (dialect, theirs) in &other.dialects {
            let ours = self.dialects.entry(*dialect).or_default();
            let mut caps = theirs.clone();
            lay_over(&mut caps, ours);
            *ours = caps;
        }
        self.models.splice(0..0, other.models.iter().cloned());
    }
}

/// Who a provider is, and what each of its models can take.
pub struct Record {
    vendor: Arc<str>,
    dialect: Dialect,
    layers: Vec<Layer>,
    /// What it is in other dialects, where it speaks more than one.
    others: Vec<Record>,
    /// Made before, by the layers that fit the name. There are as many as kinds of models in the table, however many
    /// names clients make up.
    known: Mutex<HashMap<Vec<usize>, Arc<Caps>>>,
    base: OnceLock<Arc<Caps>>,
}

impl Record {
    /// The same, with capabilities laid over all others. Those that [`judge`] finds fault with are left out.
    #[must_use]
    pub fn with(mut self, overrides: &Table) -> Self {
        if !overrides.is_empty() && judge(overrides).is_ok() {
            self.layers.push(Layer::always(overrides));
            self.known = Mutex::default();
        }
        self
    }

    /// The same, which is this where it is spoken to in another dialect.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.others.push(other);
        self
    }

    /// What it is where it is spoken to in this dialect.
    pub fn spoken(&self, dialect: Dialect) -> &Self {
        let mut others = self.others.iter();
        let other = others.find(|other| other.dialect == dialect);
        other.filter(|_| self.dialect != dialect).unwrap_or(self)
    }

    /// The vendor's name; the dialect's where the vendor is not known.
    pub fn vendor(&self) -> &Arc<str> {
        &self.vendor
    }

    /// The dialect that is spoken with it.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What the endpoint takes whatever the model is.
    pub fn base(&self) -> &Caps {
        self.base.get_or_init(|| self.caps(""))
    }

    /// What this model there can take.
    pub fn caps(&self, model: &str) -> Arc<Caps> {
        let whole = plain(model);
        let last = whole.rsplit('/').next().unwrap_or_default();
        let fitting: Vec<usize> = (0..self.layers.len())
            .filter(|&index| self.layers[index].fits(&whole, last))
            .collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(caps) = known.get(&fitting) {
            return Arc::clone(caps);
        }
        let mut all = Table::new();
        for &index in &fitting {
            lay_over(&mut all, &self.layers[index].caps);
        }
        // Each layer was proven when it was read, and laying them over each other changes no type.
        let caps = Arc::new(Caps::deserialize(all).unwrap_or_default());
        known.insert(fitting, Arc::clone(&caps));
        caps
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("vendor", &self.vendor)
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

/// Capabilities for some models.
struct Layer {
    /// Plain names with `*`; all models where empty.
    names: Vec<String>,
    caps: Table,
}

impl Layer {
    fn always(caps: &Table) -> Self {
        Self {
            names: Vec::new(),
            caps: caps.clone(),
        }
    }

    fn of_models(models: &[Models], dialect: Dialect) -> impl Iterator<Item = Self> {
        let spoken =
            move |one: &&Models| one.dialects.is_empty() || one.dialects.contains(&dialect);
        models.iter().filter(spoken).map(|one| Self {
            names: one.names.iter().map(|name| plain(name)).collect(),
            caps: one.caps.clone(),
        })
    }

    /// A pattern with a slash is about the whole name, any other about what follows a vendor's path.
    fn fits(&self, whole: &str, last: &str) -> bool {
        let fits = |name: &String| glob(name, if name.contains('/') { whole } else { last });
        self.names.is_empty() || self.names.iter().any(fits)
    }
}

/// A name without what varies in its spelling: case, dots for dashes, the context mark of Claude Code.
fn plain(model: &str) -> String {
    let model = model.strip_suffix("[1m]").unwrap_or(model);
    model.to_ascii_lowercase().replace('.', "-")
}

/// What is wrong with capabilities as they are written, if anything.
pub fn judge(caps: &Table) -> Result<(), String> {
    let caps = Caps::deserialize(caps.clone());
    caps.map(drop).map_err(|error| error.message().to_owned())
}

fn proven(place: &str, caps: &Table) -> Result<(), VendorsError> {
    judge(caps).map_err(|problem| VendorsError::Caps {
        place: place.to_owned(),
        problem,
    })
}

fn lay_over(below: &mut Table, above: &Table) {
    for (key, value) in above {
        match (below.get_mut(key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            _ => {
                below.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Host and port of a URL, in lower case.
fn authority(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.to_ascii_lowercase()
}

/// Whether the text fits a pattern in which `*` stands for anything, nothing included.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((front, pattern)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(front) else {
        return false;
    };
    let mut parts: Vec<&str> = pattern.split('*').collect();
    let back = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else {
            return false;
        };
        text = &text[at + part.len()..];
    }
    text.ends_with(back)
}
