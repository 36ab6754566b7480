//! A log file for every day, readable by its owner alone.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::model::Failure;

/// Writes to `name.2026-11-23.log`, and to another file from midnight on.
pub(super) struct Daily {
    path: PathBuf,
    day: Date,
    file: File,
    today: fn() -> Date,
}

impl Daily {
    /// Opens today's file beside `path`; a missing folder is made.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        Self::open_at(path, || jiff::Zoned::now().date())
    }

    fn open_at(path: &Path, today: fn() -> Date) -> Result<Self, Failure> {
        let failed = |e| Failure::io("opening", path.display().to_string(), &e);
        if let Some(folder) = path.parent() {
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(folder).map_err(failed)?;
        }
        let day = today();
        let file = open(&dated(path, day)).map_err(failed)?;
        Ok(Self { path: path.to_owned(), day, file, today })
    }
}

impl Write for Daily {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let day = (self.today)();
        if day != self.day {
            // A new day's file that cannot be opened must not cost the records:
            // they go on into the old one, and the next record tries again.
            if let Ok(file) = open(&dated(&self.path, day)) {
                self.file = file;
                self.day = day;
            }
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// `path` with the day before its extension.
fn dated(path: &Path, day: Date) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(extension) => format!("{stem}.{day}.{}", extension.to_string_lossy()),
        None => format!("{stem}.{day}"),
    };
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static TODAY: Cell<Date> = const { Cell::new(Date::constant(2026, 11, 23)) };
    }

    #[test]
    fn every_day_has_a_private_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/connector.log");
        let mut log = Daily::open_at(&path, || TODAY.get()).unwrap();
        log.write_all(b"one\n").unwrap();
        TODAY.set(Date::constant(2026, 11, 24));
        log.write_all(b"two\n").unwrap();
        for (day, text) in [("2026-11-23", "one\n"), ("2026-11-24", "two\n")] {
            let file = path.with_file_name(format!("connector.{day}.log"));
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
                assert_eq!(mode(&file), 0o600);
                assert_eq!(mode(path.parent().unwrap()), 0o700);
            }
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_a_failure_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let failure = Daily::open(&folder.path().join("file/connector.log")).err().unwrap();
        assert!(failure.to_string().contains("connector.log"), "{failure}");
    }
}
