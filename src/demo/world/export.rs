//! The exports and how they change hands.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::World;

/// Which list an export is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Not handed out yet.
    NotDelivered,
    /// Handed out, by whatever the service takes for that.
    Delivered,
}

/// An export to be announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExport {
    /// The file's name, as hostile as it may be.
    pub name: String,
    /// The product it belongs to, e.g. `score-reporter`.
    pub product_key: String,
    /// The file.
    pub content: Bytes,
    /// [`Status::Delivered`] for one that was handed out before the story begins.
    pub status: Status,
}

/// An export of the service.
#[derive(Clone, Debug)]
pub struct Export {
    /// The service's id.
    pub uid: String,
    /// The file's name.
    pub name: String,
    /// The product it belongs to.
    pub product_key: String,
    /// The file.
    pub content: Bytes,
    /// Lower-case hex SHA-256 of the file.
    pub sha256: String,
    /// Which list it is in now.
    pub status: Status,
    /// Whether it was handed out before the story began.
    pub old: bool,
    /// When it was announced.
    pub created_at: Timestamp,
    /// How often it was in a list.
    pub listed: u32,
    /// How often its file was asked for at the store, ranges included.
    pub downloaded: u32,
    /// How often the store has written the object anew.
    pub version: u32,
}

impl From<NewExport> for Export {
    fn from(new: NewExport) -> Self {
        Self {
            uid: random_uid(),
            name: new.name,
            product_key: new.product_key,
            sha256: sha256(&new.content),
            content: new.content,
            status: new.status,
            old: new.status == Status::Delivered,
            created_at: Timestamp::now(),
            listed: 0,
            downloaded: 0,
            version: 1,
        }
    }
}

impl Export {
    /// The store's validator: of these bytes, as written this time.
    pub(crate) fn etag(&self) -> String {
        format!("\"{}-{}\"", &self.sha256[..32], self.version)
    }
}

/// What the service takes for delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Flips {
    /// Being in a NotDelivered list.
    #[default]
    OnList,
    /// Being asked for its download URL.
    OnDownload,
}

impl World {
    /// The exports of one list, oldest first and at most `limit`; with
    /// [`Flips::OnList`] they have been handed out by it.
    pub(in crate::demo) fn list(
        &self,
        status: Status,
        product_key: Option<&str>,
        limit: usize,
        flips: Flips,
    ) -> Vec<Export> {
        self.change(|state| {
            let wanted = |export: &&mut Export| {
                export.status == status && product_key.is_none_or(|key| key == export.product_key)
            };
            let mut list = Vec::new();
            for export in state.exports.iter_mut().filter(wanted).take(limit) {
                export.listed += 1;
                // The list shows it as it was when it was asked for.
                list.push(export.clone());
                if flips == Flips::OnList {
                    export.status = Status::Delivered;
                }
            }
            list
        })
    }

    /// The export with this uid, about to be handed out.
    pub(in crate::demo) fn hand_out(&self, uid: &str, flips: Flips) -> Option<Export> {
        self.change(|state| {
            let export = state.exports.iter_mut().find(|export| export.uid == uid)?;
            if flips == Flips::OnDownload {
                export.status = Status::Delivered;
            }
            Some(export.clone())
        })
    }

    /// The export with this uid, about to be read from the store.
    pub(in crate::demo) fn read(&self, uid: &str, written_anew: bool) -> Option<Export> {
        self.change(|state| {
            let export = state.exports.iter_mut().find(|export| export.uid == uid)?;
            export.downloaded += 1;
            export.version += u32::from(written_anew);
            Some(export.clone())
        })
    }
}

/// Lower-case hex SHA-256.
pub(in crate::demo) fn sha256(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

/// As lower-case hex.
pub(in crate::demo) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A random id in the form of a UUID, version 4.
pub(in crate::demo) fn random_uid() -> String {
    uuid(rand::random())
}

/// A UUID, version 4, of these random bits.
pub(in crate::demo) fn uuid(random: u128) -> String {
    let (high, low) = ((random >> 64) as u64, random as u64);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        (low >> 48) & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff,
    )
}
