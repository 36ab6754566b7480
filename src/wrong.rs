//! Wrong variants: what the program would be without one of its guards. The
//! proof runs them to show that it would notice. Only with the feature
//! `crash-points`, which no release has; without it none of them exists.
//!
//! `TRANSSHIP_WRONG` chooses one: `no_intent`, `no_reconcile`, `no_sync`, or a
//! recovery (see `engine/wrong_recovery.rs`).

/// A guard that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// It is booked that a rename will be sent before it is.
    Intent,
    /// A list whose reply was lost is looked for.
    Reconcile,
    /// A fetched file is synced before it is booked as verified.
    Sync,
}

/// Whether the program is to do without this guard.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub(crate) const fn without(_: Guard) -> bool {
    false
}

/// Whether the program is to do without this guard.
#[cfg(feature = "crash-points")]
pub(crate) fn without(guard: Guard) -> bool {
    let name = match guard {
        Guard::Intent => "no_intent",
        Guard::Reconcile => "no_reconcile",
        Guard::Sync => "no_sync",
    };
    chosen() == Some(name)
}

/// The wrong variant that this program is to be.
#[cfg(feature = "crash-points")]
pub(crate) fn chosen() -> Option<&'static str> {
    static CHOSEN: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("TRANSSHIP_WRONG").ok());
    CHOSEN.as_deref()
}
