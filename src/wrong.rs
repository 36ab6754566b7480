//! Wrong variants: what the program would be without one of its guards. The
//! proof runs them to show that it would notice. Only with the feature
//! `crash-points`, which no release has; without it none of them exists.
//!
//! `TRANSSHIP_WRONG=name` chooses one.

/// A guard that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The rename is sent before it is booked that it will be.
    NoIntent,
    /// A list whose reply was lost is never looked for.
    NoReconcile,
    /// A fetched file is not synced before it is booked as verified.
    Unsynced,
    /// Recovery uploads again if the final name is not there.
    #[cfg(feature = "crash-points")]
    StatRecovery,
    /// Recovery removes the temporary file to fence off a late rename.
    #[cfg(feature = "crash-points")]
    RemoveFence,
    /// Recovery simply uploads again.
    #[cfg(feature = "crash-points")]
    BlindRetry,
}

/// Whether the program is to be wrong in this way.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub(crate) const fn is(_: Wrong) -> bool {
    false
}

/// Whether the program is to be wrong in this way.
#[cfg(feature = "crash-points")]
pub(crate) fn is(wrong: Wrong) -> bool {
    static CHOSEN: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("TRANSSHIP_WRONG").ok());
    let name = match wrong {
        Wrong::NoIntent => "no_intent",
        Wrong::NoReconcile => "no_reconcile",
        Wrong::Unsynced => "no_sync",
        Wrong::StatRecovery => "stat_recovery",
        Wrong::RemoveFence => "remove_fence",
        Wrong::BlindRetry => "blind_retry",
    };
    CHOSEN.as_deref() == Some(name)
}
