//! Unix: modes, folders that are synced, signals.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use super::Signal;

pub(super) fn set_private(options: &mut OpenOptions) {
    options.mode(0o600);
}

pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Creates `folder` and what is missing above it; what is new is 0700.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Where the file is, without links on the way.
pub(crate) fn real_path(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

/// The permission bits: owner, group, others.
pub(crate) fn mode(metadata: &Metadata) -> Option<u32> {
    Some(metadata.permissions().mode() & 0o777)
}

/// Closes an open file to everybody but its owner.
pub(crate) fn make_private(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o600))
}

/// Nobody writes into the file again, by mistake. It is synced with its new mode.
pub(crate) fn write_protect(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(0o400))?;
    File::open(path)?.sync_all()
}

/// A variable's name as the system compares it.
pub(crate) fn folded_variable(name: &str) -> String {
    name.to_owned()
}

/// Whether a name without `/` is one part of a path, and no way to somewhere else.
pub(crate) fn is_one_name(name: &str) -> bool {
    !name.contains('\0')
}

/// Stops this process until the shell lets it go on.
pub(crate) fn stop_process() -> io::Result<()> {
    signal_hook::low_level::raise(signal_hook::consts::SIGTSTP)
}

/// The signals from its making on.
pub(crate) struct Signals(Option<[Stream; 3]>);

impl Signals {
    pub(crate) fn listen() -> Self {
        let open = |kind| signal(kind).ok();
        let all = || {
            Some([
                open(SignalKind::interrupt())?,
                open(SignalKind::terminate())?,
                open(SignalKind::hangup())?,
            ])
        };
        Self(all())
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Signal {
        let Some([interrupt, terminate, hangup]) = &mut self.0 else {
            // Without handlers the signals do what they always do.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => Signal::Interrupt,
            _ = terminate.recv() => Signal::Terminate,
            _ = hangup.recv() => Signal::Hangup,
        }
    }
}
