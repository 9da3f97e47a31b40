//! A model on offer.

/// A model on offer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    /// Its name.
    pub id: String,
    /// A name for people.
    pub display_name: Option<String>,
    /// Who offers it.
    pub owned_by: Option<String>,
    /// When it was made, in Unix seconds.
    pub created: Option<i64>,
    /// The most tokens it reads.
    pub context: Option<u64>,
    /// The most tokens it writes.
    pub max_output: Option<u64>,
    /// Whether it takes images; `None` where nothing is known.
    pub images: Option<bool>,
    /// Whether it thinks.
    pub thinking: Option<bool>,
    /// Whether it calls tools.
    pub tools: Option<bool>,
    /// Whether it embeds instead of answering.
    pub embeds: bool,
}
