//! Exports: how they are listed, and their states until their bytes are safe here.

use super::delivery::state_names;

state_names! {
    /// Where an export stands between being listed and being safe on our disk.
    ///
    /// From [`ExportState::Verified`] on its deliveries carry the story further;
    /// see [`DeliveryState`](super::DeliveryState).
    pub enum ExportState {
        /// Listed; uid and raw JSON are durable.
        Recorded = "recorded",
        /// Attempt `a` is fetching into its part file.
        Downloading = "downloading",
        /// Complete, hashed, synced and under its own name in the archive.
        Verified = "verified",
        /// A fetch failed; it is tried again by itself at a known time.
        RetryWait = "retry_wait",
        /// Waits for the operator's word.
        Held = "held",
        /// Its listing could not be understood; the raw JSON is kept.
        Quarantined = "quarantined",
        /// The source no longer has the file.
        Expired = "expired",
        /// The operator gave it up.
        Cancelled = "cancelled",
        /// Already handled before this ledger began.
        Baseline = "baseline",
        /// Fetched and kept, but the endpoint's `file_types` leave it out.
        Skipped = "skipped",
    }
}

impl ExportState {
    /// Whether the arrow `self → next` exists.
    pub fn may_become(self, next: Self) -> bool {
        use ExportState as S;
        matches!(
            (self, next),
            (S::Recorded | S::RetryWait, S::Downloading)
                // A restart goes on with the same part file, or begins anew.
                | (S::Downloading, S::Downloading | S::Verified | S::Skipped | S::RetryWait | S::Held | S::Expired)
                // The archived file is missing or different: fetch it again.
                | (S::Verified | S::Skipped, S::Recorded)
                | (S::Recorded | S::RetryWait, S::Held | S::Cancelled)
                | (S::RetryWait, S::Recorded)
                // Stopped by the operator in the middle of a fetch.
                | (S::Downloading, S::Cancelled | S::Recorded)
                // The operator's word: fetch it after all, or leave it.
                | (S::Held | S::Baseline | S::Expired | S::Cancelled, S::Recorded)
                | (S::Held, S::Cancelled | S::Baseline)
                | (S::Quarantined, S::Cancelled)
                // "Send it all the same."
                | (S::Skipped, S::Verified)
        )
    }

    /// Whether a sync still has work to do on it without anybody's word.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Recorded | Self::Downloading | Self::RetryWait)
    }
}

/// One element of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The source's id; `None` marks an element of unknown shape.
    pub uid: Option<String>,
    /// The file's name, where the list already tells it, as it was given.
    pub name: Option<String>,
    /// The file's size in bytes, where the list already tells it.
    pub size: Option<u64>,
    /// The element as it came, as JSON text.
    pub raw: String,
}

/// What reconcile does with exports that the source calls delivered and the
/// ledger has never seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ReconcileMode {
    /// Book them as held: the operator decides.
    #[default]
    Hold,
    /// Fetch and deliver them.
    Fetch,
    /// Book them as handled already.
    Adopt,
}
