//! The whole daemon in one process, from outside: real config files, real HTTP, practice providers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests panic as tests do

mod access;
mod api;
mod audit;
mod bodies;
mod budgets;
mod chat;
mod clients;
mod config;
mod doctor;
mod drafts;
mod edits;
mod every_call;
mod found;
mod groups;
mod history;
mod import;
mod keys;
mod lifecycle;
mod notices;
mod playground;
mod prices;
mod rules;
mod series;
mod settings;
mod stream;
mod support;
mod tokens;
mod totals;
mod watch;
