//! The interface without an instance and without a terminal: news and keys in, a picture out.

mod draw;
mod facts;
mod fixture;
mod keys;
mod order;
mod steps;
