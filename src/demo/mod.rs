//! Stand-ins for all services, for `demo`, `sim` and the tests.
//!
//! One [`World`] holds what is true: the exports, the receiver's folders, what
//! the consumer took, what is to go wrong. The stand-ins show it to clients, as
//! strict and as nasty as the real services:
//!
//! ```text
//!            ┌─ encoura   login, lists that flip, pre-signed URLs
//! World ─────┼─ store     another origin: refuses a second authentication
//!            ├─ autodesk  sign-in, a construction account, signed URLs
//!            ├─ sftp      SSH, a jailed folder, renames of every kind ── consumer
//!            ├─ feed      a partner's folder on the same server, any user may read it
//!            ├─ google_drive  token endpoint, files, changes, shared drives
//!            └─ control   the world as JSON, faults and exports to add
//! ```
//!
//! [`Oracle`] judges: which export arrived never, once, twice or in part.

mod access;
mod arrivals;
mod autodesk;
mod configuration;
mod consumer;
mod control;
mod encoura;
mod fault;
mod feed;
mod google_drive;
mod net;
mod options;
mod samples;
mod sftp;
mod stand_ins;
mod world;

pub use access::{EncouraAccess, SftpAccess, sim_json, variables};
pub use arrivals::{arrivals, changes, days};
pub use autodesk::{
    AutodeskAccess, AutodeskOptions, Content as AutodeskContent, HOSTILE_NAMES,
    Limits as AutodeskLimits, Operation as AutodeskOperation, Place as AutodeskPlace,
    ServiceAccount, TrueFile as AutodeskFile, TrueProject as AutodeskProject,
    Truth as AutodeskTruth,
};
pub use configuration::configuration;
pub use consumer::{Consumer, Pickup};
pub use encoura::AuthScheme;
pub use fault::{Arming, Fault};
pub use feed::{
    Book as FeedBook, CategorySales, Day as FeedDay, Dirt, Feed, FeedAccess, FeedOptions,
    Made as FeedFile, Operation as FeedOperation, Product, SetAside, Truth as FeedTruth,
};
pub use google_drive::{
    Drive, DriveOptions, GoogleDriveAccess, NewFile as NewDriveFile, NewFolder as NewDriveFolder,
    Operation as DriveOperation, Row as DriveRow, Truth as DriveTruth, Violation as DriveViolation,
};
pub use options::Options;
pub use samples::{Samples, sample_exports};
pub use sftp::Extensions;
pub use stand_ins::StandIns;
pub use world::{
    Call, Export, Fate, Flips, Haul, NewExport, Offence, Oracle, Planted, Sample, Service, Status,
    Totals, Verdict, World,
};
