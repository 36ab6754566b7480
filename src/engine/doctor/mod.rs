//! The doctor: everything that can go wrong here, looked at before it does.
//!
//! [`offline`] looks at this machine, [`online`] at the services. Nothing is read that
//! could be lost by being read, and nothing is changed but files of our own, which are
//! removed again.

mod offline;
mod online;
mod told;

pub use offline::offline;
pub use online::{Online, online};

use crate::model::{Failure, Shown};

/// How a check ended, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// It works, and may soon not.
    Warning,
    /// It does not work.
    Failed,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it belongs to: a part of this program, or the name of an endpoint or a
    /// destination.
    pub about: String,
    /// What was looked at.
    pub check: String,
    /// How that ended.
    pub verdict: Verdict,
    /// What was found.
    pub found: Shown,
    /// What to do about it.
    pub advice: Option<Shown>,
    /// Why it does not work, where that is known as a failure.
    pub failure: Option<Failure>,
}

impl Finding {
    fn new(about: &str, check: &str, verdict: Verdict, found: impl AsRef<str>) -> Self {
        let found = Shown::new(found);
        let (about, check) = (about.to_owned(), check.to_owned());
        Self { about, check, verdict, found, advice: None, failure: None }
    }

    fn failed(about: &str, check: &str, failure: Failure) -> Self {
        let words = Failure { advice: None, ..failure.clone() }.to_string();
        let advice = failure.advice.as_ref().map(|advice| Shown::new(advice.as_str()));
        let failure = Some(failure);
        Self { advice, failure, ..Self::new(about, check, Verdict::Failed, words) }
    }

    /// What was found, or why nothing was.
    fn of(about: &str, check: &str, found: Result<impl AsRef<str>, Failure>) -> Self {
        match found {
            Ok(found) => Self::new(about, check, Verdict::Ok, found),
            Err(failure) => Self::failed(about, check, failure),
        }
    }

    fn advice(mut self, advice: impl AsRef<str>) -> Self {
        self.advice = Some(Shown::new(advice));
        self
    }
}
