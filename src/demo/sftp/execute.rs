//! What each request does.

use std::fs::{self, OpenOptions};
use std::io;

use bytes::Bytes;

use super::attributes::{attributes, entries, status};
use super::files::{next_entries, one_name, set_attributes};
use super::handles::{MAX_HANDLES, Open};
use super::jail::{Place, resolve, resolve_followed};
use super::rename::Kind;
use super::session::Session;
use crate::demo::fault::Fault;
use crate::transport::sftp::wire::extension::{
    FSYNC, LIMITS, Limits, POSIX_RENAME, STATVFS, read_one_string,
};
use crate::transport::sftp::wire::{MAX_PACKET, Reply, Request, Status, StatusCode, VERSION};

/// Most bytes in one read or write; with its head it fits a packet.
pub(super) const MAX_DATA: usize = 255 * 1024;

/// A reply, or the status of a refusal.
pub(super) type Answer = Result<Reply, StatusCode>;

/// The plain yes.
pub(super) fn done() -> Answer {
    Ok(Reply::Status(Status::new(StatusCode::OK)))
}

impl Session {
    /// Executes a request. Blocks on the disk.
    pub(super) fn execute(&mut self, request: Request) -> Answer {
        match request {
            Request::Init { .. } => Ok(self.introduction()),
            Request::Open { path, flags, attrs: _ } => self.open(&path, flags),
            Request::Close { handle } => self.close(&handle),
            Request::Read { handle, offset, length } => self.read(&handle, offset, length),
            Request::Write { handle, offset, data } => self.write(&handle, offset, &data),
            Request::Lstat { path } => {
                let place = self.visible(&path)?;
                let shown = self.is_exposed(&place.disk) && place.disk.exists();
                if shown && self.house.world.strike(Fault::LookRefused).is_some() {
                    return Err(StatusCode::PERMISSION_DENIED);
                }
                self.stat(&place)
            }
            Request::Stat { path } => self.stat(&self.visible_followed(&path)?),
            Request::Fstat { handle } => {
                let data = self.file(&handle)?.metadata().map_err(|error| status(&error))?;
                Ok(Reply::Attrs(attributes(&data)))
            }
            Request::Setstat { path, attrs } => {
                self.check_change()?;
                let place = self.visible_followed(&path)?;
                let file = OpenOptions::new().write(true).open(place.disk);
                set_attributes(&file.map_err(|error| status(&error))?, &attrs)
            }
            Request::Fsetstat { handle, attrs } => set_attributes(self.file(&handle)?, &attrs),
            Request::Opendir { path } => {
                let place = self.visible_followed(&path)?;
                let mut entries = entries(&place.disk).map_err(|error| status(&error))?;
                entries.retain(|entry| self.lists(&place, &entry.name));
                self.opened(Open::Folder(entries))
            }
            Request::Readdir { handle } => match self.handles.get(&handle) {
                Some(Open::Folder(rest)) => next_entries(rest),
                _ => Err(StatusCode::FAILURE),
            },
            Request::Remove { path } => self.change(&path, |place| fs::remove_file(&place.disk)),
            Request::Mkdir { path, .. } => self.change(&path, |place| fs::create_dir(&place.disk)),
            Request::Rmdir { path } => self.change(&path, |place| fs::remove_dir(&place.disk)),
            Request::Realpath { path } => Ok(one_name(&self.visible(&path)?)),
            Request::Rename { from, to } => self.rename(&from, &to, Kind::Plain),
            Request::Extended { name, data } => self.extended(&name, data),
        }
    }

    /// Whether a folder's listing shows this entry.
    fn lists(&self, folder: &Place, name: &[u8]) -> bool {
        let dots = name == b"." || name == b"..";
        dots || resolve(&folder.disk, name).is_ok_and(|entry| self.login.sees(&self.house, &entry))
    }

    fn introduction(&self) -> Reply {
        let offered = self.offered().into_iter().filter(|(_, offered, _)| *offered);
        let extensions =
            offered.map(|(name, _, version)| (Bytes::from(name), Bytes::from(version))).collect();
        Reply::Version { version: VERSION, extensions }
    }

    /// Each extension: its name, whether it is offered, its version.
    fn offered(&self) -> [(&'static str, bool, &'static str); 4] {
        let offers = self.house.extensions;
        [
            (POSIX_RENAME, offers.posix_rename, "1"),
            (STATVFS, offers.statvfs, "2"),
            (FSYNC, offers.fsync, "1"),
            (LIMITS, offers.limits, "1"),
        ]
    }

    fn extended(&mut self, name: &Bytes, data: Bytes) -> Answer {
        let offered = self.offered();
        let known = offered.iter().find(|(known, offered, _)| *offered && known.as_bytes() == name);
        match known.map(|(name, ..)| *name) {
            Some(POSIX_RENAME) => self.posix_rename(data),
            Some(FSYNC) => {
                let handle = read_one_string(data).map_err(|_| StatusCode::BAD_MESSAGE)?;
                self.file(&handle)?.sync_all().map_err(|error| status(&error))?;
                done()
            }
            Some(STATVFS) => {
                let path = read_one_string(data).map_err(|_| StatusCode::BAD_MESSAGE)?;
                self.space(&path)
            }
            Some(LIMITS) => Ok(Reply::Extended(
                Limits {
                    packet: MAX_PACKET as u64,
                    read: MAX_DATA as u64,
                    write: MAX_DATA as u64,
                    handles: MAX_HANDLES as u64,
                }
                .encode(),
            )),
            _ => Err(StatusCode::OP_UNSUPPORTED),
        }
    }

    fn change(&self, path: &[u8], change: impl FnOnce(&Place) -> io::Result<()>) -> Answer {
        let place = self.changeable(path)?;
        self.check_change()?;
        change(&place).map_err(|error| status(&error))?;
        done()
    }

    /// Whether anything may be created, renamed or removed now.
    pub(super) fn check_change(&self) -> Result<(), StatusCode> {
        let denied = self.house.world.strike(Fault::PermissionDenied).is_some();
        if denied { Err(StatusCode::PERMISSION_DENIED) } else { Ok(()) }
    }

    pub(super) fn visible(&self, path: &[u8]) -> Result<Place, StatusCode> {
        self.check_visible(resolve(&self.house.world.grounds().root, path)?)
    }

    /// The same of a place where something is to be renamed, removed or replaced.
    pub(super) fn changeable(&self, path: &[u8]) -> Result<Place, StatusCode> {
        let place = self.visible(path)?;
        let may = self.login.may_change(&self.house, &place);
        if may { Ok(place) } else { Err(StatusCode::PERMISSION_DENIED) }
    }

    pub(super) fn visible_followed(&self, path: &[u8]) -> Result<Place, StatusCode> {
        self.check_visible(resolve_followed(&self.house.world.grounds().root, path)?)
    }

    fn check_visible(&self, place: Place) -> Result<Place, StatusCode> {
        if !self.login.sees(&self.house, &place) {
            return Err(StatusCode::NO_SUCH_FILE);
        }
        let world = &self.house.world;
        let processed = place.disk.starts_with(&world.grounds().processed);
        if processed && world.strike(Fault::ProcessedHidden).is_some() {
            return Err(StatusCode::PERMISSION_DENIED);
        }
        Ok(place)
    }
}
