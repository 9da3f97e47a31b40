use serde::Serialize;

/// What a model costs, in US dollars for a million tokens.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ModelPrice {
    /// The model.
    pub model: String,
    /// The provider that it is for; `None` where it is for all that such a seller's prices hold for.
    pub provider: Option<String>,
    /// Whose price it is; `config` for one's own.
    pub seller: String,
    /// Date of the price list; `None` for one's own.
    pub date: Option<String>,
    /// Where the number is from; `config` for one's own.
    pub source: String,
    /// The provider's factor, where a provider was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<String>,
    /// The price by kind of token, as decimal text, with those of long prompts, hours and ways to serve.
    #[serde(flatten)]
    pub price: ledger::Price,
}
