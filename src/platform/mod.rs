//! What one system does otherwise than another, in one place: rights of files, syncing of
//! folders, signals, names of variables. Everybody else asks here and knows no system.
//!
//! (Two exceptions: what systemd is told is in `cli::supervisor`, and how the proof kills
//! the process in `crash`.)

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

#[cfg(unix)]
use unix as system;
#[cfg(unix)]
pub(crate) use unix::{
    Signals, create_private_folder, folded_variable, is_one_name, make_private, mode, real_path,
    stop_process, write_protect,
};
#[cfg(windows)]
use windows as system;
#[cfg(windows)]
pub(crate) use windows::{
    Signals, create_private_folder, folded_variable, is_one_name, make_private, mode, real_path,
    stop_process, write_protect,
};

/// What the system, or somebody at the keyboard, wants of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// A service manager's, or a shutdown's, demand to end.
    Terminate,
    /// The terminal is gone, or the configuration is to be read again. Unix has it alone.
    #[cfg_attr(windows, expect(dead_code, reason = "Windows has none"))]
    Hangup,
}

/// Options for a file of which only its owner is to know: 0600 where it is made and there are
/// such modes. On Windows it takes over the rights of its folder.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    system::set_private(&mut options);
    options
}

/// Makes the names in `folder` durable; the empty path is the current one. Windows has no
/// such call: there the file system's journal sees to names.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    system::sync_folder(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}
