//! The way of a request: listener, upstream, attempts, stream pump.
//!
//! The gateway reads an immutable [`Snapshot`] that is swapped whole, and tells what happens as [`Report`]s on a
//! bounded channel. It knows neither keychain nor database nor desktop, and it never parses and prints a body that
//! stays in its dialect.

mod access;
mod allowance;
mod aside;
mod attempt;
mod attempts;
mod blocks;
mod calls;
mod capture;
mod choice;
mod client;
mod coding;
mod count;
mod deliver;
mod embed_cache;
mod embed_recall;
mod embeddings;
mod ending;
mod error_answer;
mod exchange;
mod explain;
mod facts;
mod forward;
mod gateway;
mod grant;
mod guard;
mod heal;
mod hearing;
mod inbound;
mod inside;
mod meaning;
mod memory;
mod models;
mod outlet;
mod program;
mod pump;
mod quota;
mod race;
mod refusal;
mod report;
mod resume;
mod route;
mod screen;
mod serve;
mod snapshot;
mod suspend;
mod transport;
mod trial;
mod upstream;
mod via;
mod waiting;
mod whole;

pub use access::Own;
pub use blocks::Blocks;
pub use capture::{Capture, Captured, Message, Part, Resent};
pub use choice::OwnRules;
pub use dialects::{Usage, ir::Model};
pub use explain::{Explanation, Unexplained};
pub use gateway::{BuildError, Gateway, choose_tls};
pub use grant::Grant;
pub use guard::guard;
pub use heal::Health;
pub use models::models_call;
pub use program::program;
pub use report::{AttemptEnded, AttemptStarted, EndStatus, Ended, Report, RequestId, Started};
pub use resume::Continuation;
pub use serve::PeerAddress;
pub use snapshot::{Access, Auth, ClientToken, Limits, Snapshot, Timeouts, Upstream};
pub use transport::{SendError, Transport};
pub use upstream::is_version;
pub use waiting::{ByHand, Impatient, NotWaiting, Order, Suspend, Suspended};
