//! The ways of moving a file that are compared.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Naive,
    NoSecondLook,
    BlindRetry,
    StatRecovery,
    RemoveFence,
    RenameFence,
    RenameFenceByLink,
}

/// What a program does when it does not know whether its rename happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    UploadAgain,
    LookForTheFinalName,
    RemoveTheTemporary,
    RenameTheTemporary,
}

impl Protocol {
    pub const ALL: [Self; 7] = [
        Self::Naive,
        Self::NoSecondLook,
        Self::BlindRetry,
        Self::StatRecovery,
        Self::RemoveFence,
        Self::RenameFence,
        Self::RenameFenceByLink,
    ];

    /// Whether what it knows survives a crash.
    pub fn keeps_books(self) -> bool {
        self != Self::Naive
    }

    /// Whether it compares what the source calls delivered with its books. The
    /// real program does so when a list's end is unknown, and once a day; the
    /// model has no clock, and looks before every list.
    pub fn looks_twice(self) -> bool {
        !matches!(self, Self::Naive | Self::NoSecondLook)
    }

    /// Whether the server's rename is one step.
    pub fn atomic(self) -> bool {
        self != Self::RenameFenceByLink
    }

    pub fn recovery(self) -> Recovery {
        match self {
            Self::Naive | Self::BlindRetry => Recovery::UploadAgain,
            Self::StatRecovery => Recovery::LookForTheFinalName,
            Self::RemoveFence => Recovery::RemoveTheTemporary,
            Self::NoSecondLook | Self::RenameFence | Self::RenameFenceByLink => {
                Recovery::RenameTheTemporary
            }
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Naive => "list, download, put, stat, delete",
            Self::NoSecondLook => "a ledger, but no second look at the source",
            Self::BlindRetry => "a ledger, blind retry of the upload",
            Self::StatRecovery => "on recovery: is the final name there?",
            Self::RemoveFence => "on recovery: remove the temporary file",
            Self::RenameFence => "on recovery: rename the temporary file",
            Self::RenameFenceByLink => "the same where rename is link + unlink",
        })
    }
}
