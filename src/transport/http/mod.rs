//! What sources over HTTP share.
//!
//! * `Client`: TLS always verified, nothing decoded, redirects followed here
//!   and nowhere else, no silent retries.
//! * `Guard`: which URLs from outside may be asked at all.
//! * failures in the operator's words, with secrets cut out of what is quoted.
//! * bodies: bounded in memory, or streamed to a new file.

mod body;
mod client;
mod clock;
mod failure;
mod file;
mod guard;
mod redact;
mod resolver;
mod retry;

pub(crate) use body::{bytes, chunk, json};
pub(crate) use client::{Client, SendFailure};
pub(crate) use failure::{html_page, place, refusal, refusal_and_body, unexpected};
pub(crate) use file::NewFile;
pub(crate) use guard::{Guard, checked_base};
pub(crate) use redact::Secrets;
pub(crate) use retry::{or_cancelled, pause, retrying};

use std::time::Duration;

/// How long the other side may take or be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Longest wait for a connection: name, TCP and TLS together.
    pub connect: Duration,
    /// Longest silence after that, before the reply and within it.
    pub idle: Duration,
}

impl Default for Timeouts {
    /// 15 seconds to connect. 60 seconds of silence: twice what an API gateway
    /// waits for the service behind it, so that its own 504 comes first.
    fn default() -> Self {
        Self { connect: Duration::from_secs(15), idle: Duration::from_secs(60) }
    }
}
