//! Renames, the requests on which everything depends.

use std::fs;
use std::io;
use std::path::Path;

use bytes::Bytes;

use super::attributes::status;
use super::execute::{Answer, done};
use super::session::Session;
use crate::demo::fault::Fault;
use crate::demo::world::{Planted, Sample};
use crate::transport::sftp::wire::extension::{POSIX_RENAME, read_two_paths};
use crate::transport::sftp::wire::{Request, StatusCode};

/// Whether the request renames, in either way.
pub(super) fn is_rename(request: &Request) -> bool {
    match request {
        Request::Rename { .. } => true,
        Request::Extended { name, .. } => name == POSIX_RENAME,
        _ => false,
    }
}

/// Which rename is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// SSH_FXP_RENAME: fails on an existing target.
    Plain,
    /// `posix-rename@openssh.com`: replaces its target, at once.
    Posix,
}

impl Session {
    /// `posix-rename@openssh.com`.
    pub(super) fn posix_rename(&self, data: Bytes) -> Answer {
        let (from, to) = read_two_paths(data).map_err(|_| StatusCode::BAD_MESSAGE)?;
        self.rename(&from, &to, Kind::Posix)
    }

    /// Renames, and lets an eager consumer see it before the client hears of it.
    pub(super) fn rename(&self, from: &[u8], to: &[u8], kind: Kind) -> Answer {
        let world = &self.house.world;
        let (from, to) = (self.changeable(from)?, self.changeable(to)?);
        self.check_change()?;
        if world.strike(Fault::RenameRefused).is_some() {
            return Err(StatusCode::PERMISSION_DENIED);
        }
        if self.is_exposed(&to.disk) {
            self.plant_if_armed(&to.disk);
        }
        let by_link = kind == Kind::Plain && world.strike(Fault::RenameLinkUnlink).is_some();
        if by_link {
            self.link_and_unlink(&from.disk, &to.disk).map_err(|error| status(&error))?;
            return done();
        }
        let exists = |path: &Path| path.symlink_metadata().is_ok();
        // Alone: between looking and renaming nothing may come or go. A source that
        // is missing is told first, as by OpenSSH.
        world.alone(|| match kind {
            Kind::Plain if exists(&from.disk) && exists(&to.disk) => Err(StatusCode::FAILURE),
            _ => fs::rename(&from.disk, &to.disk).map_err(|error| status(&error)),
        })?;
        if self.is_exposed(&to.disk) {
            self.expose();
        }
        done()
    }

    /// As OpenSSH's server does it: for a moment the file has both names.
    fn link_and_unlink(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)?;
        if self.is_exposed(to) {
            self.expose();
        }
        fs::remove_file(from)
    }

    /// Puts somebody else's earlier file where a client is about to look or to
    /// write, if that is armed and the place is free.
    pub(super) fn plant_if_armed(&self, path: &Path) {
        let world = &self.house.world;
        if path.exists() || world.strike(Fault::TargetExists).is_none() {
            return;
        }
        let bytes = format!("an earlier file, {}\r\n", jiff::Timestamp::now());
        if fs::write(path, bytes).is_ok()
            && let Ok(file) = Sample::of(path)
        {
            world.book_planted(Planted { file, intact: true });
        }
    }
}
