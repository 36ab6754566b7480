//! What each request does.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;

use super::attributes::{attributes, entries, status};
use super::handles::{MAX_HANDLES, Open};
use super::jail::{Place, resolve, resolve_followed};
use super::rename::Kind;
use super::session::Session;
use crate::demo::fault::Fault;
use crate::demo::world::Service;
use crate::transport::sftp::wire::extension::{
    FSYNC, LIMITS, Limits, POSIX_RENAME, STATVFS, StatVfs, read_one_string, read_two_paths,
};
use crate::transport::sftp::wire::{
    Attrs, MAX_PACKET, NameEntry, OpenFlags, Reply, Request, Status, StatusCode, VERSION,
};

/// Most bytes in one read or write; with its head it fits a packet.
const MAX_DATA: usize = 255 * 1024;

/// Most entries in one answer to READDIR.
const MAX_ENTRIES: usize = 100;

/// A reply, or the status of a refusal.
pub(super) type Answer = Result<Reply, StatusCode>;

/// The plain yes.
pub(super) fn done() -> Answer {
    Ok(Reply::Status(Status::new(StatusCode::OK)))
}

impl Session {
    /// Executes a request and books it, if it names or changes anything.
    pub(super) fn execute(&mut self, request: Request) -> Reply {
        let world = std::sync::Arc::clone(&self.house.world);
        let place =
            worth_booking(&request).map(|(method, path)| world.called(Service::Sftp, method, path));
        let reply =
            self.answer(request).unwrap_or_else(|refused| Reply::Status(Status::new(refused)));
        if let Some(place) = place {
            let code = match &reply {
                Reply::Status(status) => status.code,
                _ => StatusCode::OK,
            };
            world.answered(place, code.0);
        }
        reply
    }

    fn answer(&mut self, request: Request) -> Answer {
        match request {
            Request::Init { .. } => Ok(self.introduction()),
            Request::Open { path, flags, attrs: _ } => self.open(&path, flags),
            Request::Close { handle } => self.close(&handle),
            Request::Read { handle, offset, length } => self.read(&handle, offset, length),
            Request::Write { handle, offset, data } => self.write(&handle, offset, &data),
            Request::Lstat { path } => self.stat(&self.visible(&path)?),
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
                let entries = entries(&place.disk).map_err(|error| status(&error))?;
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

    fn open(&mut self, path: &[u8], flags: OpenFlags) -> Answer {
        let place = self.visible_followed(path)?;
        let has = |flag| flags.contains(flag);
        let writable = has(OpenFlags::WRITE);
        if writable || has(OpenFlags::CREATE) {
            self.check_change()?;
        }
        if place.disk.is_dir() {
            return Err(StatusCode::FAILURE);
        }
        let create = has(OpenFlags::CREATE);
        let file = OpenOptions::new()
            .read(has(OpenFlags::READ))
            .write(writable)
            .truncate(writable && has(OpenFlags::TRUNCATE))
            .create(create && writable)
            .create_new(create && writable && has(OpenFlags::EXCLUSIVE))
            .open(&place.disk)
            .map_err(|error| status(&error))?;
        let exposed = self.is_exposed(&place.disk);
        let append = has(OpenFlags::APPEND);
        self.opened(Open::File { file, writable, append, exposed })
    }

    fn opened(&mut self, open: Open) -> Answer {
        self.handles.add(open).map(Reply::Handle).ok_or(StatusCode::FAILURE)
    }

    fn close(&mut self, handle: &[u8]) -> Answer {
        let open = self.handles.close(handle).ok_or(StatusCode::FAILURE)?;
        let exposed = open.is_exposed_write();
        drop(open);
        if exposed {
            self.expose();
        }
        done()
    }

    fn read(&mut self, handle: &[u8], offset: u64, length: u32) -> Answer {
        let file = self.file(handle)?;
        let mut data = vec![0; (length as usize).min(MAX_DATA)];
        let mut filled = 0;
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| {
            while filled < data.len() {
                match file.read(&mut data[filled..])? {
                    0 => break,
                    read => filled += read,
                }
            }
            Ok(())
        });
        read.map_err(|error| status(&error))?;
        if filled == 0 && length > 0 {
            return Err(StatusCode::EOF);
        }
        data.truncate(filled);
        Ok(Reply::Data(data.into()))
    }

    fn write(&mut self, handle: &[u8], offset: u64, data: &[u8]) -> Answer {
        if data.len() > MAX_DATA {
            return Err(StatusCode::BAD_MESSAGE);
        }
        let world = &self.house.world;
        if let Some(strike) = world.strike(Fault::NoSpace)
            && world.grounds().used() + data.len() as u64 > strike.value.unwrap_or(0)
        {
            // OpenSSH has no better word for a full disk.
            return Err(StatusCode::FAILURE);
        }
        let Some(Open::File { file, writable: true, append, .. }) = self.handles.get(handle) else {
            return Err(StatusCode::FAILURE);
        };
        let place = if *append { SeekFrom::End(0) } else { SeekFrom::Start(offset) };
        let written = file.seek(place).and_then(|_| file.write_all(data));
        written.map_err(|error| status(&error))?;
        done()
    }

    fn stat(&self, place: &Place) -> Answer {
        if self.is_exposed(&place.disk) {
            self.plant_if_armed(&place.disk);
        }
        let data = fs::symlink_metadata(&place.disk).map_err(|error| status(&error))?;
        Ok(Reply::Attrs(attributes(&data)))
    }

    fn space(&self, path: &[u8]) -> Answer {
        let place = self.visible_followed(path)?;
        let space = |of: fn(&std::path::Path) -> io::Result<u64>| {
            of(&place.disk).map_err(|error| status(&error))
        };
        let (total, mut free) =
            (space(|at| fs4::total_space(at))?, space(|at| fs4::available_space(at))?);
        let world = &self.house.world;
        if let Some(strike) = world.strike(Fault::NoSpace) {
            free = strike.value.unwrap_or(0).saturating_sub(world.grounds().used());
        }
        const BLOCK: u64 = 4096;
        let blocks_free = free / BLOCK;
        Ok(Reply::Extended(
            StatVfs {
                fragment_size: BLOCK,
                blocks: total / BLOCK,
                blocks_free,
                blocks_available: blocks_free,
            }
            .encode(),
        ))
    }

    fn change(&self, path: &[u8], change: impl FnOnce(&Place) -> io::Result<()>) -> Answer {
        let place = self.visible(path)?;
        self.check_change()?;
        change(&place).map_err(|error| status(&error))?;
        done()
    }

    /// Whether anything may be created, renamed or removed now.
    pub(super) fn check_change(&self) -> Result<(), StatusCode> {
        let denied = self.house.world.strike(Fault::PermissionDenied).is_some();
        if denied { Err(StatusCode::PERMISSION_DENIED) } else { Ok(()) }
    }

    fn visible(&self, path: &[u8]) -> Result<Place, StatusCode> {
        self.check_visible(resolve(&self.house.world.grounds().root, path)?)
    }

    fn visible_followed(&self, path: &[u8]) -> Result<Place, StatusCode> {
        self.check_visible(resolve_followed(&self.house.world.grounds().root, path)?)
    }

    fn check_visible(&self, place: Place) -> Result<Place, StatusCode> {
        let world = &self.house.world;
        let processed = place.disk.starts_with(&world.grounds().processed);
        if processed && world.strike(Fault::ProcessedHidden).is_some() {
            return Err(StatusCode::PERMISSION_DENIED);
        }
        Ok(place)
    }

    fn file(&mut self, handle: &[u8]) -> Result<&mut File, StatusCode> {
        match self.handles.get(handle) {
            Some(Open::File { file, .. }) => Ok(file),
            _ => Err(StatusCode::FAILURE),
        }
    }
}

/// What of a request goes into the journal.
fn worth_booking(request: &Request) -> Option<(&'static str, String)> {
    let text = |path: &Bytes| String::from_utf8_lossy(path).into_owned();
    let pair = |from: &Bytes, to: &Bytes| format!("{} -> {}", text(from), text(to));
    match request {
        Request::Open { path, .. } => Some(("open", text(path))),
        Request::Stat { path } => Some(("stat", text(path))),
        Request::Lstat { path } => Some(("lstat", text(path))),
        Request::Opendir { path } => Some(("opendir", text(path))),
        Request::Remove { path } => Some(("remove", text(path))),
        Request::Mkdir { path, .. } => Some(("mkdir", text(path))),
        Request::Rmdir { path } => Some(("rmdir", text(path))),
        Request::Rename { from, to } => Some(("rename", pair(from, to))),
        Request::Extended { name, data } if name == POSIX_RENAME => {
            let (from, to) = read_two_paths(data.clone()).ok()?;
            Some(("posix-rename", pair(&from, &to)))
        }
        _ => None,
    }
}

fn set_attributes(file: &File, attrs: &Attrs) -> Answer {
    if attrs.owner.is_some() {
        return Err(StatusCode::PERMISSION_DENIED);
    }
    let set = || -> io::Result<()> {
        if let Some(size) = attrs.size {
            file.set_len(size)?;
        }
        if let Some((accessed, modified)) = attrs.times {
            let at = |seconds: u32| UNIX_EPOCH + Duration::from_secs(seconds.into());
            let times = FileTimes::new().set_accessed(at(accessed)).set_modified(at(modified));
            file.set_times(times)?;
        }
        if let Some(mode) = attrs.permissions {
            let mut permissions = file.metadata()?.permissions();
            // Of the mode only this much exists on every system.
            permissions.set_readonly(mode & 0o200 == 0);
            file.set_permissions(permissions)?;
        }
        Ok(())
    };
    set().map_err(|error| status(&error))?;
    done()
}

fn next_entries(rest: &mut Vec<NameEntry>) -> Answer {
    if rest.is_empty() {
        return Err(StatusCode::EOF);
    }
    let batch = rest.drain(..rest.len().min(MAX_ENTRIES)).collect();
    Ok(Reply::Name(batch))
}

fn one_name(place: &Place) -> Reply {
    let name = Bytes::from(place.shown.clone());
    Reply::Name(vec![NameEntry { long_name: name.clone(), name, attrs: Attrs::default() }])
}
