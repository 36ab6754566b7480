//! Failures of a file as a whole, in one tone.

use std::fmt::Display;
use std::io;

use crate::model::{Failure, FailureClass, Retry};

/// What failures speak of until [`Failure::about`] names the file.
const FILE: &str = "the file";

/// The file does not hold what its definition says. Trying again cannot help.
pub(super) fn content(said: impl Display) -> Failure {
    Failure::new(FailureClass::Protocol, "reading", FILE).said(said).retry(Retry::Never)
}

/// The definition is wrong.
pub(super) fn definition(said: impl Display) -> Failure {
    Failure::new(FailureClass::Misconfigured, "reading", FILE).said(said)
}

/// A file of this machine failed, or a compressed one is cut short or damaged.
pub(super) fn io(error: &io::Error, gzip: bool) -> Failure {
    use io::ErrorKind as K;
    let broken = matches!(error.kind(), K::UnexpectedEof | K::InvalidData | K::InvalidInput);
    if !gzip || !broken {
        return Failure::io("reading", FILE, error);
    }
    let said = match error.kind() {
        K::UnexpectedEof => "the compressed file ends too early".to_owned(),
        _ => format!("the compressed file is damaged: {error}"),
    };
    Failure::new(FailureClass::Damaged, "unpacking", FILE)
        .said(said)
        .retry(Retry::Never)
        .advice("ask the partner for the whole file")
}
