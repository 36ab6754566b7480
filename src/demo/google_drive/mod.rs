//! Google Drive, version 3, as strict as its documentation and as nasty as its users
//! report (facts marked D: the vendor's documentation and discovery document,
//! revision 20261106; U: reports; everything else is assumed, on the strict side).
//!
//! ```text
//!             ┌─ api      token endpoint, files, changes, drives, about
//! Drive ──────┼─ query    the `q` language
//!  (tree)     └─ control  operations, truth, violations
//! ```

mod access;
mod api;
mod control;
mod drive;
mod forest;
mod key;
mod options;
mod query;
mod samples;
mod tree;

pub use access::GoogleDriveAccess;
pub(super) use api::{Api, router};
pub(super) use control::routes;
pub use drive::{Drive, Violation};
pub(super) use key::ServiceKey;
pub use options::DriveOptions;
pub use tree::{NewFile, NewFolder, Operation, Row, Truth};

/// The service account's address.
pub(super) const SERVICE_ACCOUNT: &str = "transship@demo-school.iam.gserviceaccount.com";

/// The person who shares a folder with the service account, and for whom it may act.
pub(super) const OWNER: &str = "registrar@school.example";

/// Somebody who has nothing to do with it.
pub(super) const STRANGER: &str = "bursar@school.example";

/// The id of the folder that is shared with the service account.
pub(super) const ROOT: &str = "1AdmissionsFolderOfTheDemoSchool-_";

/// The id of the shared drive that the service account is a member of.
pub(super) const SHARED_DRIVE: &str = "0APlansDemo_1Uk9PVA";
