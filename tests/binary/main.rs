//! The real program as operators, cron and scripts meet it: exit codes, data on
//! stdout, words on stderr, the log of record, signals, and a second instance.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod actions;
mod backups;
mod doctor;
mod faces;
mod feed;
mod health;
mod instances;
mod outside;
mod purge;
mod reload;
mod service;
mod signals;
#[path = "../support/mod.rs"]
mod support;
