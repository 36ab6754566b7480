//! Windows: files take over the rights of their folder, and ends come through the console.
//!
//! `assets/docs/windows.md` tells operators what that means for them.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
};

use super::Signal;

/// Rights are lists here, of which the standard library knows nothing.
pub(super) fn set_private(_: &mut OpenOptions) {}

/// A folder cannot be opened for syncing.
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Creates `folder` and what is missing above it, with the rights of the one above.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

/// There are no permission bits.
pub(crate) fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// Left to the rights of the folder.
pub(crate) fn make_private(_: &File) -> io::Result<()> {
    Ok(())
}

/// Left out: a file that is marked read-only cannot be replaced or removed here.
pub(crate) fn write_protect(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A variable's name as the system compares it: upper and lower case are the same.
pub(crate) fn folded_variable(name: &str) -> String {
    name.to_uppercase()
}

/// Whether a name without `/` is one part of a path, and no way to another folder, drive,
/// stream or device.
pub(crate) fn is_one_name(name: &str) -> bool {
    !name.contains(['\\', ':', '\0'])
}

/// There is nothing like it.
pub(crate) fn stop_process() -> io::Result<()> {
    Ok(())
}

/// Ctrl-C and Ctrl-Break, the console's window closed, a shutdown. A service wrapper sends
/// one of the first two.
pub(crate) struct Signals(Option<Controls>);

struct Controls {
    c: CtrlC,
    pause: CtrlBreak,
    close: CtrlClose,
    shutdown: CtrlShutdown,
}

impl Signals {
    pub(crate) fn listen() -> Self {
        let all = || {
            Some(Controls {
                c: ctrl_c().ok()?,
                pause: ctrl_break().ok()?,
                close: ctrl_close().ok()?,
                shutdown: ctrl_shutdown().ok()?,
            })
        };
        Self(all())
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Signal {
        let Some(Controls { c, pause, close, shutdown }) = &mut self.0 else {
            // Without handlers they end the process, as they always do.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = c.recv() => Signal::Interrupt,
            _ = pause.recv() => Signal::Interrupt,
            _ = close.recv() => Signal::Terminate,
            _ = shutdown.recv() => Signal::Terminate,
        }
    }
}
