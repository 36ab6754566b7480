//! What the operator reads when something did not work.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Shown;

/// What kind of trouble it is; it decides whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The other side could not be reached, or the connection broke.
    Network,
    /// The other side is up but said that it cannot serve us now (5xx, busy).
    Unavailable,
    /// Too many requests; the other side named, or implied, a pause.
    Throttled,
    /// Credentials were refused.
    SignIn,
    /// The server's host key or certificate is not the one expected.
    HostKey,
    /// The other side knows us and does not allow this.
    Refused,
    /// The object is not there (any more).
    NotFound,
    /// What arrived is not what was announced: short, changed, wrong hash.
    Damaged,
    /// A reply that does not follow the contract (HTML from a proxy, no URL …).
    Protocol,
    /// No space or quota, here or there.
    Full,
    /// A folder, file or device of this machine failed us.
    Local,
    /// The configuration is wrong or incomplete.
    Misconfigured,
    /// Whether it happened cannot be told; a person must look.
    Doubt,
    /// The operator, or the end of the program, stopped it.
    Cancelled,
    /// A defect of this program.
    Bug,
}

impl FailureClass {
    /// Whether trying again can help without anybody doing anything.
    fn default_retry(self) -> Retry {
        match self {
            Self::Network
            | Self::Unavailable
            | Self::Throttled
            | Self::Damaged
            | Self::Protocol
            | Self::Full
            | Self::Local
            | Self::NotFound
            | Self::Refused
            | Self::Bug => Retry::Backoff,
            Self::SignIn | Self::HostKey | Self::Misconfigured | Self::Doubt | Self::Cancelled => {
                Retry::Never
            }
        }
    }

    /// The class in the operator's words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Unavailable => "unavailable",
            Self::Throttled => "throttled",
            Self::SignIn => "sign-in refused",
            Self::HostKey => "host key",
            Self::Refused => "not allowed",
            Self::NotFound => "not found",
            Self::Damaged => "damaged",
            Self::Protocol => "unexpected reply",
            Self::Full => "full",
            Self::Local => "this machine",
            Self::Misconfigured => "configuration",
            Self::Doubt => "in doubt",
            Self::Cancelled => "cancelled",
            Self::Bug => "defect",
        }
    }
}

/// Whether and when the same thing is tried again by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Not before a person did something.
    Never,
    /// After a growing, jittered pause.
    Backoff,
    /// Not before the other side's own `Retry-After`.
    After(Duration),
}

/// One failure, complete enough to act on: what was being done, to what, what
/// the other side said, what to do now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub struct Failure {
    /// The kind of trouble.
    pub class: FailureClass,
    /// What was being done, as a participle phrase of ours: "uploading".
    pub doing: String,
    /// To what: a name, a host, a path. Never a query string.
    pub object: Shown,
    /// The other side's words, made safe.
    pub said: Option<Shown>,
    /// What the operator can do now.
    pub advice: Option<String>,
    /// Whether and when it is tried again.
    pub retry: Retry,
}

impl Failure {
    /// A failure of `class` while `doing` something to `object`.
    pub fn new(class: FailureClass, doing: impl Into<String>, object: impl AsRef<str>) -> Self {
        Self {
            class,
            doing: doing.into(),
            object: Shown::new(object),
            said: None,
            advice: None,
            retry: class.default_retry(),
        }
    }

    /// Adds what the other side said.
    #[must_use]
    pub fn said(mut self, words: impl fmt::Display) -> Self {
        self.said = Some(Shown::new(words.to_string()));
        self
    }

    /// Adds what to do now.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Says what it was done to, where that is known only further up.
    #[must_use]
    pub fn about(mut self, object: impl AsRef<str>) -> Self {
        self.object = Shown::new(object);
        self
    }

    /// Says when, if ever, it is tried again.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// A failure of this machine's files or folders.
    pub fn io(doing: impl Into<String>, object: impl AsRef<str>, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let class = match error.kind() {
            K::StorageFull | K::QuotaExceeded | K::FileTooLarge => FailureClass::Full,
            _ => FailureClass::Local,
        };
        let failure = Self::new(class, doing, object).said(error);
        match error.kind() {
            K::StorageFull | K::QuotaExceeded => failure
                .advice("free some space on this disk; nothing is lost, it goes on by itself"),
            K::PermissionDenied | K::ReadOnlyFilesystem => {
                failure.advice("let the user that runs transship write there")
            }
            _ => failure,
        }
    }

    /// Stopped by the operator or by the end of the program.
    pub fn cancelled(doing: impl Into<String>, object: impl AsRef<str>) -> Self {
        Self::new(FailureClass::Cancelled, doing, object)
    }

    /// Whether a person has to act before it can go on.
    pub fn needs_operator(&self) -> bool {
        self.retry == Retry::Never && self.class != FailureClass::Cancelled
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class.words(), self.doing)?;
        if !self.object.is_empty() {
            write!(f, " {}", self.object)?;
        }
        if let Some(said) = &self.said {
            write!(f, ": {said}")?;
        }
        if let Some(advice) = &self.advice {
            write!(f, " — {advice}")?;
        }
        Ok(())
    }
}
