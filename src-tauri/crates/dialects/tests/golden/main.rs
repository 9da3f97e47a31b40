//! One table: every capture below `tests/wire` × every target dialect, compared with the files of its `golden` folder.
//!
//! A capture's kind is told by its name: `*.answer.json` is a provider's whole answer, `*.failure.json` its error,
//! `*.sse` and `*.ndjson` are streamed answers, any other `*.json` is a client's request. Requests are written for a well-known provider of each
//! dialect ([`target::targets`]); answers are written for a client of each dialect. What is lost, refused or a failure
//! is a part of the golden file. `UPDATE=1` writes the files anew; reading the difference is what makes them tests.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests panic as tests do

mod answers;
mod book;
mod captures;
mod digest;
mod requests;
mod streams;
mod target;
