//! Partner feeds, whole passes: a folder on a real OpenSSH server → bronze → silver, with
//! the real engine and the real program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod again;
mod commands;
#[cfg(feature = "crash-points")]
mod crash;
mod desk;
mod killed;
mod parting;
mod passes;
mod site;
#[path = "../support/mod.rs"]
mod support;
mod trouble;
