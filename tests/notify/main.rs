//! Who is told of what goes wrong: incidents over passes, restarts and a day, the digest, the
//! heartbeat, and channels that do not work. Messages arrive at receivers of the tests' own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod digest;
mod incidents;
mod mail;
#[path = "../support/post_office.rs"]
mod post_office;
mod program;
mod receiver;
#[path = "../support/scripted.rs"]
mod scripted;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod unwell;
