//! How many tokens a prompt will be, before the provider that counts for real has answered, or where none does.
//!
//! Everything here is an [`Estimate`], and is to be marked as one wherever it is shown or stored. There are two:
//!
//! - [`Counter`] reads the whole text with `OpenAI`'s `o200k_base` vocabulary and scales by model family. For GPT models
//!   from 4o on this is their own tokenizer, and text is counted exactly; what is added for messages and tools is not.
//! - [`quick`] looks at samples of the bytes and is done in microseconds, for the moment before the upstream answers.
//!
//! Nothing is loaded: the vocabulary is constant data of the program file, of which the system pages in what is read.

mod counter;
mod family;
mod hash;
mod media;
mod merge;
mod pieces;
mod quick;
mod vocabulary;

pub use counter::{Counter, text};
pub use family::Family;
pub use media::Media;
pub use quick::quick;

/// A number of tokens that nobody has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Estimate(u64);

impl Estimate {
    /// The number.
    pub const fn tokens(self) -> u64 {
        self.0
    }
}
