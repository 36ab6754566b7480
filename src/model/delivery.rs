//! The states of a delivery and the arrows between them.

use serde::{Deserialize, Serialize};

/// Declares an enum whose variants have one fixed name in the ledger, in JSON
/// and on the screen.
macro_rules! state_names {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every value, in the order of the design.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The fixed name, as stored and shown.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value with this fixed name.
            pub fn from_name(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use state_names;

state_names! {
    /// Where one delivery (export × destination × generation) stands.
    pub enum DeliveryState {
        /// The file is safe here; nothing was sent yet.
        Verified = "verified",
        /// Attempt `k` writes its temporary file over there.
        Uploading = "uploading",
        /// The temporary file of attempt `k` is complete: its size was read back.
        Staged = "staged",
        /// The rename to the final name may be on the wire.
        Publishing = "publishing",
        /// Whether rename `k` happened is being settled by the fence.
        Fencing = "fencing",
        /// The file has its final name: acknowledged, or proved by the fence.
        Published = "published",
        /// The other side was seen to have it; the evidence says how.
        Confirmed = "confirmed",
        /// Our leftovers over there are removed. The end.
        Cleaned = "cleaned",
        /// An upload failed; it is tried again by itself at a known time.
        RetryWait = "retry_wait",
        /// Waits for the operator's word.
        Held = "held",
        /// Whether it arrived cannot be told; a person must look.
        InDoubt = "in_doubt",
        /// The operator gave it up.
        Cancelled = "cancelled",
    }
}

impl DeliveryState {
    /// Whether the arrow `self → next` exists.
    pub fn may_become(self, next: Self) -> bool {
        use DeliveryState as S;
        matches!(
            (self, next),
            (S::Verified | S::RetryWait, S::Uploading)
                // After a restart: a fresh temporary name, attempt k+1.
                | (S::Uploading, S::Uploading | S::Staged | S::RetryWait | S::Held)
                | (S::Staged, S::Publishing | S::RetryWait)
                | (S::Publishing, S::Published | S::Fencing)
                | (S::Fencing, S::Staged | S::Published | S::InDoubt)
                | (S::Published, S::Confirmed)
                | (S::Confirmed, S::Cleaned)
                // Direct mode has no temporary file: it writes under the final name.
                | (S::Verified | S::RetryWait, S::Publishing)
                | (S::Publishing, S::RetryWait | S::InDoubt)
                // The operator's words.
                | (S::Verified | S::RetryWait | S::Staged, S::Held)
                | (S::Uploading, S::Cancelled)
                | (S::RetryWait, S::Verified)
                | (S::Held | S::Cancelled, S::Verified)
                | (S::Verified | S::RetryWait | S::Staged | S::Held | S::InDoubt, S::Cancelled)
                | (S::InDoubt, S::Fencing)
        )
    }

    /// Whether the engine still has work to do on it without anybody's word.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Held | Self::InDoubt | Self::Cancelled | Self::Cleaned)
    }

    /// Whether the file has reached its final name over there.
    pub fn is_delivered(self) -> bool {
        matches!(self, Self::Published | Self::Confirmed | Self::Cleaned)
    }
}

/// How well it is proved that the other side has the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Evidence {
    /// The rename was acknowledged, or proved by the fence.
    E0,
    /// The final name was seen with an equal size.
    E1,
    /// The final name is gone from the folder: somebody took it.
    E2,
    /// Seen in the receiver's `processed` folder with an equal size.
    E3,
}

impl Evidence {
    /// The fixed name, as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::E0 => "E0",
            Self::E1 => "E1",
            Self::E2 => "E2",
            Self::E3 => "E3",
        }
    }

    /// The evidence with this name.
    pub fn from_name(text: &str) -> Option<Self> {
        [Self::E0, Self::E1, Self::E2, Self::E3].into_iter().find(|e| e.as_str() == text)
    }

    /// In the operator's words.
    pub fn words(self) -> &'static str {
        match self {
            Self::E0 => "rename acknowledged",
            Self::E1 => "seen under its final name",
            Self::E2 => "taken by the receiver",
            Self::E3 => "seen in processed",
        }
    }
}
