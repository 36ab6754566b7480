//! The words of the house: plain data that every other room speaks in. No I/O.
//!
//! Nothing in here knows a database, a socket or a terminal, so everything in
//! here can be read, tested and trusted on its own.

mod bandwidth;
mod dataset;
mod delivery;
mod endpoint;
mod export;
mod failure;
mod hash;
mod id;
pub mod name;
mod notification;
pub mod pattern;
mod register;
mod run;
mod secret;
mod server;
mod service;
mod shown;

pub use bandwidth::{Bandwidth, LimitChange, limit_words};
pub use dataset::{Carried, Column, ColumnKind, Dataset, Dialect, Format, Rollup};
pub(crate) use delivery::state_names;
pub use delivery::{DeliveryState, Evidence};
pub use endpoint::{Endpoint, EndpointType, Schedule};
pub use export::{ExportState, Listed, ReconcileMode};
pub use failure::{Failure, FailureClass, Retry};
pub use hash::Sha256;
pub use id::{Id, IdError, Kind};
pub use name::temporary_name;
pub use notification::{Notification, NotificationEvent};
pub use register::{Content, Known, KnownFolder, Page, Project, RemoteFile, RemoteFolder, Walked};
pub use run::{EndpointResult, Outcome, RunReport, Trigger};
pub use secret::Secret;
pub use server::{
    DestinationSettings, DoubtPolicy, EncouraAccount, FinalNames, HostKeyPolicy, PublishMode,
    SshAuth, SshServer,
};
pub use service::{
    AfterFetch, AutodeskAccount, AutodeskGrant, AutodeskScope, DriveScope, FeedScope,
    GoogleAccount, Pick, Scope,
};
pub(crate) use shown::steers;
pub use shown::{Shown, steerless};
