//! Which items a list is about: `corpora`, `driveId` and the two flags for shared
//! drives.

use super::params::Params;
use super::refusal::Refusal;
use crate::demo::google_drive::tree::{Home, Place, Tree};

/// `corpora`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Corpora {
    /// The caller's own and what is shared with them.
    User,
    /// What is shared with their whole domain: nothing is.
    Domain,
    /// One shared drive.
    Drive(String),
    /// Everything.
    AllDrives,
}

/// Which items a list is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Corpus {
    pub(super) corpora: Corpora,
    /// Both `supportsAllDrives` and `includeItemsFromAllDrives`: else there are no
    /// shared drives.
    pub(super) all_drives: bool,
}

impl Corpus {
    pub(super) fn of(params: &Params) -> Result<Self, Refusal> {
        // The deprecated names still count.
        let supports = params.flag("supportsAllDrives")? || params.flag("supportsTeamDrives")?;
        let includes =
            params.flag("includeItemsFromAllDrives")? || params.flag("includeTeamDriveItems")?;
        let drive = params.get("driveId").or_else(|| params.get("teamDriveId"));
        let corpora = match (params.get("corpora"), params.get("corpus"), drive) {
            (Some("drive"), None, Some(id)) => Corpora::Drive(id.to_owned()),
            (Some("drive"), ..) | (_, _, Some(_)) => {
                return Err(Refusal::forbidden(
                    "teamDriveIdRequiresTeamDriveCorpora",
                    "The driveId parameter must be specified if and only if corpora is set to \
                     drive.",
                ));
            }
            (None | Some("user"), None | Some("user"), _) => Corpora::User,
            (Some("domain"), None, _) | (None, Some("domain"), _) => Corpora::Domain,
            (Some("allDrives"), None, _) => Corpora::AllDrives,
            (_, Some(_), _) => return Err(Refusal::invalid("corpus")),
            (Some(_), ..) => return Err(Refusal::invalid("corpora")),
        };
        if matches!(corpora, Corpora::Drive(_) | Corpora::AllDrives) {
            both(supports, includes)?;
        }
        Ok(Self { corpora, all_drives: supports && includes })
    }

    /// Whether an item that the caller may see belongs here. What lies in shared
    /// drives is in the caller's own corpus only as far as they have opened it, so
    /// without a folder (`pinned`) none of it: such a scan is not complete.
    pub(super) fn has(&self, tree: &Tree, place: Place, pinned: bool) -> bool {
        match (&tree.item(place).home, &self.corpora) {
            (Home::My(_), Corpora::User | Corpora::AllDrives) => true,
            (Home::My(_), _) => false,
            (Home::Shared(drive), Corpora::Drive(id)) => tree.item(*drive).id == *id,
            (Home::Shared(_), Corpora::AllDrives) => true,
            (Home::Shared(_), Corpora::User) => self.all_drives && pinned,
            (Home::Shared(_), Corpora::Domain) => false,
        }
    }

    /// Whether a folder can be named in a query here.
    pub(super) fn knows(&self, tree: &Tree, place: Place) -> bool {
        self.all_drives || matches!(tree.item(place).home, Home::My(_))
    }
}

/// Both flags, or the refusal of a call that is about a shared drive without them.
pub(super) fn both(supports: bool, includes: bool) -> Result<(), Refusal> {
    if !includes {
        return Err(Refusal::forbidden(
            "includeTeamDriveItemsRequired",
            "The includeItemsFromAllDrives parameter must be set to true when driveId is \
             specified or corpora contains drive or allDrives.",
        ));
    }
    if !supports {
        return Err(Refusal::forbidden(
            "teamDrivesParameterRequired",
            "The supportsAllDrives parameter must be set to true when items from shared drives \
             are included.",
        ));
    }
    Ok(())
}
