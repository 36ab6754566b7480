//! What a hostile or careless world does, row by row of `assets/docs/security.md`. Most
//! rows are proved where their subject is tested; here is what needs the whole program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod canaries;
mod private;
mod refuses;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod tls;
mod whole;
