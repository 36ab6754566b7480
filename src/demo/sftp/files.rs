//! Files: opened, read, written, described.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;

use super::attributes::{attributes, status};
use super::execute::{Answer, MAX_DATA, done};
use super::handles::Open;
use super::jail::Place;
use super::session::Session;
use crate::demo::fault::Fault;
use crate::transport::sftp::wire::extension::StatVfs;
use crate::transport::sftp::wire::{Attrs, NameEntry, OpenFlags, Reply, StatusCode};

/// Most entries in one answer to READDIR.
const MAX_ENTRIES: usize = 100;

impl Session {
    pub(super) fn open(&mut self, path: &[u8], flags: OpenFlags) -> Answer {
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

    pub(super) fn opened(&mut self, open: Open) -> Answer {
        self.handles.add(open).map(Reply::Handle).ok_or(StatusCode::FAILURE)
    }

    pub(super) fn close(&mut self, handle: &[u8]) -> Answer {
        let open = self.handles.close(handle).ok_or(StatusCode::FAILURE)?;
        let exposed = open.is_exposed_write();
        drop(open);
        if exposed {
            self.expose();
        }
        done()
    }

    pub(super) fn read(&mut self, handle: &[u8], offset: u64, length: u32) -> Answer {
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

    pub(super) fn write(&mut self, handle: &[u8], offset: u64, data: &[u8]) -> Answer {
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
        let torn = usize::from(world.strike(Fault::WriteTorn).is_some());
        let kept = &data[..data.len().saturating_sub(torn)];
        let written = file.seek(place).and_then(|_| file.write_all(kept));
        written.map_err(|error| status(&error))?;
        done()
    }

    pub(super) fn stat(&self, place: &Place) -> Answer {
        if self.is_exposed(&place.disk) {
            self.plant_if_armed(&place.disk);
        }
        let data = fs::symlink_metadata(&place.disk).map_err(|error| status(&error))?;
        Ok(Reply::Attrs(attributes(&data)))
    }

    pub(super) fn space(&self, path: &[u8]) -> Answer {
        let place = self.visible_followed(path)?;
        let space =
            |of: fn(&Path) -> io::Result<u64>| of(&place.disk).map_err(|error| status(&error));
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

    pub(super) fn file(&mut self, handle: &[u8]) -> Result<&mut File, StatusCode> {
        match self.handles.get(handle) {
            Some(Open::File { file, .. }) => Ok(file),
            _ => Err(StatusCode::FAILURE),
        }
    }
}

pub(super) fn set_attributes(file: &File, attrs: &Attrs) -> Answer {
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
            // Of the mode only this much exists on every system.
            if mode & 0o200 == 0 {
                let mut permissions = file.metadata()?.permissions();
                permissions.set_readonly(true);
                file.set_permissions(permissions)?;
            }
        }
        Ok(())
    };
    set().map_err(|error| status(&error))?;
    done()
}

pub(super) fn next_entries(rest: &mut Vec<NameEntry>) -> Answer {
    if rest.is_empty() {
        return Err(StatusCode::EOF);
    }
    let batch = rest.drain(..rest.len().min(MAX_ENTRIES)).collect();
    Ok(Reply::Name(batch))
}

pub(super) fn one_name(place: &Place) -> Reply {
    let name = Bytes::from(place.shown.clone());
    Reply::Name(vec![NameEntry { long_name: name.clone(), name, attrs: Attrs::default() }])
}
