//! Who may call, and who changed what.

use clap::Args;
use jiff::Timestamp;

use super::time;

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    /// Only those since this time, such as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Timestamp>,
    /// Only those before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<Timestamp>,
    /// Only those in which this text occurs, such as provider.update or refused
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) q: Option<String>,
    /// Go on where the last page ended: the word after its "more: --cursor"
    #[arg(long)]
    pub(crate) cursor: Option<String>,
}
