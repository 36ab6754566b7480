//! What the stand-ins are to be like.

use std::path::PathBuf;
use std::time::Duration;

use super::autodesk::AutodeskOptions;
use super::consumer::{Consumer, Pickup};
use super::encoura::AuthScheme;
use super::fault::Arming;
use super::feed::FeedOptions;
use super::google_drive::DriveOptions;
use super::sftp::Extensions;
use super::world::{Flips, NewExport};

/// What the stand-ins are to be like. [`Options::new`] gives the usual ones.
#[derive(Clone, Debug)]
pub struct Options {
    /// A folder of their own; the receiver's folders are created in it.
    pub dir: PathBuf,
    /// Port of the Encoura API; 0 for a free one, as below.
    pub encoura_port: u16,
    /// Port of the object store.
    pub store_port: u16,
    /// Port of the SFTP server.
    pub sftp_port: u16,
    /// Port of the control URL.
    pub control_port: u16,
    /// What Autodesk Platform Services are to be like.
    pub autodesk: AutodeskOptions,
    /// What takes an export out of the NotDelivered list.
    pub flips: Flips,
    /// How calls of the API are authorised.
    pub auth_scheme: AuthScheme,
    /// How long a download URL is good.
    pub url_life: Duration,
    /// Public keys, as in `authorized_keys`, that may sign in beside the password.
    pub authorized_keys: Vec<String>,
    /// The extensions that the SFTP server offers.
    pub extensions: Extensions,
    /// When the receiver takes files.
    pub consumer: Consumer,
    /// What the receiver does with them.
    pub pickup: Pickup,
    /// Exports that are there from the beginning.
    pub exports: Vec<NewExport>,
    /// Faults armed from the beginning.
    pub faults: Vec<Arming>,
    /// Port of Google Drive.
    pub google_drive_port: u16,
    /// What Google Drive is to be like.
    pub google_drive: DriveOptions,
    /// What the partner's feed is to be like. None: the SFTP server lets nobody in but
    /// the receiver's own user.
    pub feed: Option<FeedOptions>,
}

impl Options {
    /// Free ports, lists that flip, an eager receiver, all extensions, no
    /// exports, no feed and no faults.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            encoura_port: 0,
            store_port: 0,
            sftp_port: 0,
            control_port: 0,
            autodesk: AutodeskOptions::default(),
            flips: Flips::default(),
            auth_scheme: AuthScheme::default(),
            url_life: Duration::from_secs(60),
            authorized_keys: Vec::new(),
            extensions: Extensions::default(),
            consumer: Consumer::default(),
            pickup: Pickup::default(),
            exports: Vec::new(),
            faults: Vec::new(),
            google_drive_port: 0,
            google_drive: DriveOptions::default(),
            feed: None,
        }
    }
}
