//! The HTTP server over real loopback connections, with the real engine or the real
//! program behind it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod addresses;
mod data;
mod exposition;
mod gate;
mod health;
mod metrics;
mod program;
mod stand;
mod status;
#[path = "../support/mod.rs"]
mod support;
