//! Who signed in, and what they can see and change.

use super::House;
use super::jail::Place;
use crate::demo::world::Service;

/// Who signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// The receiver's own user: sees every folder.
    Receiver,
    /// Anybody else, where there is a feed: sees the partner's folder and nothing beside
    /// it.
    Feed,
}

impl Login {
    /// Under which name the journal books the calls.
    pub(super) fn service(self) -> Service {
        match self {
            Self::Receiver => Service::Sftp,
            Self::Feed => Service::Feed,
        }
    }

    /// Whether the place exists for this user.
    pub(super) fn sees(self, house: &House, place: &Place) -> bool {
        let grounds = house.world.grounds();
        match self {
            Self::Receiver => true,
            Self::Feed => place.disk == grounds.root || place.disk.starts_with(&grounds.outgoing),
        }
    }

    /// Whether what lies at the place may be renamed, removed or replaced: the partner's
    /// folder itself is none of its clients' business.
    pub(super) fn may_change(self, house: &House, place: &Place) -> bool {
        let grounds = house.world.grounds();
        self == Self::Receiver || (place.disk != grounds.root && place.disk != grounds.outgoing)
    }
}
