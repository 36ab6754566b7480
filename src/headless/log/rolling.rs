//! A log file for every day, readable by its owner alone. A day whose file becomes too
//! large has several, and only so many files stay.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::trouble::Trouble;
use crate::config::LogKeep;
use crate::model::Failure;
use crate::platform;

/// Writes to `name.2026-11-23.log`, then `name.2026-11-23.1.log` where that becomes too
/// large, and to another file from midnight on.
pub(super) struct Daily {
    path: PathBuf,
    keep: LogKeep,
    part: Part,
    file: File,
    size: u64,
    today: fn() -> Date,
    trouble: Arc<Trouble>,
}

/// One of the files. In the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    day: Date,
    /// The how manieth of its day, from 0.
    number: u32,
}

impl Daily {
    /// Opens today's file beside `path`; a missing folder is made.
    pub fn open(path: &Path, keep: LogKeep) -> Result<Self, Failure> {
        Self::open_at(path, keep, || jiff::Zoned::now().date())
    }

    fn open_at(path: &Path, keep: LogKeep, today: fn() -> Date) -> Result<Self, Failure> {
        let failed = |e| Failure::io("opening", path.display().to_string(), &e);
        if let Some(folder) = path.parent() {
            platform::create_private_folder(folder).map_err(failed)?;
        }
        let part = latest_of(path, today());
        let (file, size) = open(&part.path(path)).map_err(failed)?;
        let (path, trouble) = (path.to_owned(), Arc::default());
        let log = Self { path, keep, part, file, size, today, trouble };
        log.clear_up();
        Ok(log)
    }

    /// What is known of records that could not be written.
    pub fn trouble(&self) -> Arc<Trouble> {
        self.trouble.clone()
    }

    /// Goes over to the file that a record of this length belongs into.
    fn turn(&mut self, length: u64) {
        let day = (self.today)();
        let part = match day == self.part.day {
            false => latest_of(&self.path, day),
            true if self.size > 0 && self.size.saturating_add(length) > self.keep.max_bytes => {
                Part { day, number: self.part.number.saturating_add(1) }
            }
            true => return,
        };
        // A file that cannot be opened must not cost the records: they go on into the old
        // one, and the next record tries again.
        if let Ok((file, size)) = open(&part.path(&self.path)) {
            (self.file, self.size, self.part) = (file, size, part);
            self.clear_up();
        }
    }

    /// Removes the files that are too many or too old, and never the one that is written.
    /// One that cannot be removed is tried again when the next file is begun.
    fn clear_up(&self) {
        let oldest = self.keep.days.and_then(|days| {
            (self.today)().checked_sub(i64::from(days).saturating_sub(1).days()).ok()
        });
        let mut parts = parts(&self.path);
        parts.retain(|part| *part != self.part);
        parts.sort_unstable_by(|one, other| other.cmp(one));
        for (n, part) in parts.into_iter().enumerate() {
            // With the one that is written.
            let too_many = n + 1 >= self.keep.files;
            if too_many || oldest.is_some_and(|oldest| part.day < oldest) {
                let _ = std::fs::remove_file(part.path(&self.path));
            }
        }
    }
}

impl Write for Daily {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.turn(bytes.len() as u64);
        let written = self.file.write(bytes).inspect_err(|error| self.trouble.failed(error))?;
        self.size += written as u64;
        self.trouble.worked();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The file, and how large it is already.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = platform::private_file().append(true).create(true).open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// The last file of that day, else its first one to be.
fn latest_of(path: &Path, day: Date) -> Part {
    let of_day = parts(path).into_iter().filter(|part| part.day == day);
    of_day.max().unwrap_or(Part { day, number: 0 })
}

/// The files of this log that are there; whatever else lies there is left alone.
fn parts(path: &Path) -> Vec<Part> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Ok(entries) = std::fs::read_dir(folder.unwrap_or(Path::new("."))) else {
        return Vec::new();
    };
    let files = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|t| t.is_file()));
    files.filter_map(|entry| Part::named(entry.file_name().to_str()?, path)).collect()
}

impl Part {
    /// `path` with the day, and the number of a later one, before its extension.
    fn path(self, path: &Path) -> PathBuf {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let number = if self.number > 0 { format!(".{}", self.number) } else { String::new() };
        let name = match path.extension() {
            Some(extension) => {
                format!("{stem}.{}{number}.{}", self.day, extension.to_string_lossy())
            }
            None => format!("{stem}.{}{number}", self.day),
        };
        path.with_file_name(name)
    }

    /// The one that has this name beside `path`; none if it is none of ours.
    fn named(name: &str, path: &Path) -> Option<Self> {
        let stem = path.file_stem()?.to_str()?;
        let rest = name.strip_prefix(stem)?.strip_prefix('.')?;
        let (day, number) = rest.split_at_checked(10)?;
        let number = number.strip_prefix('.').unwrap_or_default();
        let number = number.split('.').next()?.parse().unwrap_or(0);
        let part = Self { day: day.parse().ok()?, number };
        // Only what it would be called: nothing that merely looks alike.
        (part.path(path).file_name()?.to_str()? == name).then_some(part)
    }
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
        let mut log = Daily::open_at(&path, LogKeep::default(), || TODAY.get()).unwrap();
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
        let failure = Daily::open(&folder.path().join("file/connector.log"), LogKeep::default())
            .err()
            .unwrap();
        assert!(failure.to_string().contains("connector.log"), "{failure}");
    }

    fn names(path: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(path.parent().unwrap()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_large_day_has_several_files_and_a_restart_goes_on_with_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.log");
        let keep = LogKeep { max_bytes: 10, ..LogKeep::default() };
        let open = || Daily::open_at(&path, keep, || Date::constant(2026, 11, 23)).unwrap();
        let mut log = open();
        for record in ["12345\n", "1234\n", "123\n"] {
            log.write_all(record.as_bytes()).unwrap();
        }
        // A record is never cut in two, however large.
        log.write_all(b"12345678901234567890\n").unwrap();
        drop(log);
        open().write_all(b"x\n").unwrap();
        let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(text("connector.2026-11-23.log"), "12345\n");
        assert_eq!(text("connector.2026-11-23.1.log"), "1234\n123\n");
        assert_eq!(text("connector.2026-11-23.2.log"), "12345678901234567890\n");
        assert_eq!(text("connector.2026-11-23.3.log"), "x\n");
    }

    #[test]
    fn old_files_go_by_number_and_by_days_and_nothing_else_does() {
        thread_local! {
            static DAY: Cell<Date> = const { Cell::new(Date::constant(2026, 11, 23)) };
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.log");
        let others = [
            "connector.2020-01-01.txt",
            "connector.20200101.log",
            "connector.2020-01-01.x.log",
            "connector.2020-01-01.01.log",
            "connector.2020-01-01.log.gz",
            "connector.log",
            "other.2020-01-01.log",
        ];
        for name in others {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("connector.2020-01-02.log")).unwrap();
        let mut others: Vec<String> = others.map(str::to_owned).into();
        others.push("connector.2020-01-02.log".into());
        for name in ["2026-11-19", "2026-11-20", "2026-11-20.1", "2026-11-21", "2026-11-22"] {
            std::fs::write(folder.path().join(format!("connector.{name}.log")), "").unwrap();
        }
        let left = |path: &Path| -> Vec<String> {
            names(path).into_iter().filter(|name| !others.contains(name)).collect()
        };
        let keep = LogKeep { files: 4, days: None, ..LogKeep::default() };
        let mut log = Daily::open_at(&path, keep, || DAY.get()).unwrap();
        assert_eq!(
            left(&path),
            [
                "connector.2026-11-20.1.log",
                "connector.2026-11-21.log",
                "connector.2026-11-22.log",
                "connector.2026-11-23.log"
            ]
        );
        // As the days go by.
        DAY.set(Date::constant(2026, 11, 24));
        log.write_all(b"x").unwrap();
        assert_eq!(left(&path).len(), 4);
        drop(log);
        let keep = LogKeep { days: Some(2), ..keep };
        let log = Daily::open_at(&path, keep, || DAY.get()).unwrap();
        assert_eq!(left(&path), ["connector.2026-11-23.log", "connector.2026-11-24.log"]);
        drop(log);
        // The clock goes back: what is written stays, however many there are.
        DAY.set(Date::constant(2026, 11, 1));
        let keep = LogKeep { files: 1, ..keep };
        let _log = Daily::open_at(&path, keep, || DAY.get()).unwrap();
        assert_eq!(left(&path), ["connector.2026-11-01.log"]);
        assert_eq!(names(&path).len(), others.len() + 1, "{:?}", names(&path));
    }
}
