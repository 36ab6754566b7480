//! The SFTP source against a real OpenSSH server, and against servers that no sane
//! person runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// OpenSSH's server is started here.
#![cfg(unix)]

#[path = "sftp_source/after.rs"]
mod after;
#[path = "../benches/sftp/far.rs"]
mod far;
#[path = "sftp_source/fetch.rs"]
mod fetch;
#[path = "sftp_source/hostile.rs"]
mod hostile;
#[path = "sftp_source/looks.rs"]
mod looks;
#[path = "sftp_source/names.rs"]
mod names;
#[path = "support/sink.rs"]
mod sink;
#[path = "sftp_source/stand.rs"]
mod stand;
mod support;
#[path = "sftp_source/walk.rs"]
mod walk;
#[path = "sftp_source/world.rs"]
mod world;
