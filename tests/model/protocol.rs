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
    ByLinkLookingTwice,
    ByLinkStalled,
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
    pub const ALL: [Self; 9] = [
        Self::Naive,
        Self::NoSecondLook,
        Self::BlindRetry,
        Self::StatRecovery,
        Self::RemoveFence,
        Self::RenameFence,
        Self::RenameFenceByLink,
        Self::ByLinkLookingTwice,
        Self::ByLinkStalled,
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
        !matches!(self, Self::RenameFenceByLink | Self::ByLinkLookingTwice | Self::ByLinkStalled)
    }

    /// Whether a fence that won looks for the final name all the same, and once
    /// more a while later, before our copy goes: what the real program does where
    /// renames are link + unlink.
    pub fn looks_for_the_link(self) -> bool {
        matches!(self, Self::ByLinkLookingTwice | Self::ByLinkStalled)
    }

    /// Whether a server may stand between link and unlink for longer than the
    /// second look is put off.
    pub fn stalls(self) -> bool {
        self != Self::ByLinkLookingTwice
    }

    pub fn recovery(self) -> Recovery {
        match self {
            Self::Naive | Self::BlindRetry => Recovery::UploadAgain,
            Self::StatRecovery => Recovery::LookForTheFinalName,
            Self::RemoveFence => Recovery::RemoveTheTemporary,
            Self::NoSecondLook
            | Self::RenameFence
            | Self::RenameFenceByLink
            | Self::ByLinkLookingTwice
            | Self::ByLinkStalled => Recovery::RenameTheTemporary,
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
            Self::ByLinkLookingTwice => "the same, looking for the link twice",
            Self::ByLinkStalled => "the same, before a server that stalls",
        })
    }
}
