//! What a hostile or careless world does, row by row of `assets/docs/security.md`. Most
//! rows are proved where their subject is tested; here is what needs the whole program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod authority;
mod canaries;
mod mail;
#[path = "../support/post_office.rs"]
mod post_office;
mod private;
mod refuses;
#[path = "../support/scripted.rs"]
mod scripted;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod tls;
mod told;
mod whole;
