//! Windows: files take over the rights of their folder, and ends come through the console.
//!
//! `assets/docs/windows.md` tells operators what that means for them.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::{Component, Path, PathBuf, Prefix};

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

/// Where the file is, without links on the way, as people write it.
pub(crate) fn real_path(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize().map(|path| as_written(&path))
}

/// `\\?\C:\a` → `C:\a`, the other being for programs. What could mean something else
/// without its prefix, or is too long for it, stays.
fn as_written(path: &Path) -> PathBuf {
    /// MAX_PATH, which counts the NUL at the end.
    const LONGEST: usize = 259;
    let mut components = path.components();
    let Some(Component::Prefix(prefix)) = components.next() else { return path.to_owned() };
    let Prefix::VerbatimDisk(letter) = prefix.kind() else { return path.to_owned() };
    let rest: PathBuf = components.collect();
    let short = Path::new(&format!("{}:", char::from(letter))).join(&rest);
    let same = std::path::absolute(&short).is_ok_and(|found| found == short);
    if same && short.as_os_str().len() <= LONGEST { short } else { path.to_owned() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_as_people_write_them() {
        for (path, written) in [
            (r"\\?\C:\data\connector.db", r"C:\data\connector.db"),
            (r"C:\data\connector.db", r"C:\data\connector.db"),
            (r"\\?\UNC\server\share\a.db", r"\\?\UNC\server\share\a.db"),
            // A device without its prefix.
            (r"\\?\C:\data\nul", r"\\?\C:\data\nul"),
            // Its end would be lost.
            (r"\\?\C:\data\a.", r"\\?\C:\data\a."),
        ] {
            assert_eq!(as_written(Path::new(path)), Path::new(written));
        }
        let long = format!(r"\\?\C:\{}", "a\\".repeat(200));
        assert_eq!(as_written(Path::new(&long)), Path::new(&long));
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        assert!(is_one_name("a b.csv"));
        for name in [r"..\a", r"C:a", "a:stream", "a\0b"] {
            assert!(!is_one_name(name), "{name}");
        }
    }
}
