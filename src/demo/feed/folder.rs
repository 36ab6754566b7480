//! The feed's folder on this disk, and the book of what lies in it.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use super::book::Book;
use super::catalogue::Catalogue;
use super::day::{Day, Made};
use super::operation::{Operation, bytes};
use super::options::FeedOptions;
use super::truth::Truth;
use crate::model::{Failure, FailureClass};

/// The partner's folder. It is empty until it is filled.
#[derive(Debug)]
pub struct Feed {
    folder: PathBuf,
    /// Outside of what clients see; on the same disk, so that a rename lands a file whole.
    spool: PathBuf,
    state: Mutex<State>,
    revision: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    options: FeedOptions,
    books: Vec<Book>,
    /// Files that are not, or no longer, as they were made.
    foreign: Vec<String>,
    /// The number of the day that lands next.
    next: i32,
    /// The number of the first day.
    first: i32,
}

impl Feed {
    pub(in crate::demo) fn new(
        folder: PathBuf,
        spool: PathBuf,
        revision: watch::Sender<u64>,
    ) -> Self {
        Self { folder, spool, state: Mutex::default(), revision }
    }

    /// Lays the days of `options` into the folder.
    pub(in crate::demo) fn fill(&self, options: FeedOptions) -> Result<(), Failure> {
        let mut state = self.state();
        let days = options.days;
        state.options = options;
        for _ in 0..days {
            let day = Day::number(state.next);
            self.land(&mut state, day, false).map_err(|error| failed(&self.folder, &error))?;
        }
        drop(state);
        self.touch();
        Ok(())
    }

    /// Lets something happen to the feed. The result is the names of the files that it
    /// happened to.
    ///
    /// # Errors
    /// It cannot be: no such file, a name that leads elsewhere, a full disk.
    pub fn apply(&self, operation: Operation) -> Result<Vec<String>, Failure> {
        let mut state = self.state();
        let done =
            self.perform(&mut state, operation).map_err(|error| failed(&self.folder, &error));
        drop(state);
        self.touch();
        done
    }

    /// What the tables must say once everything is taken in.
    pub fn truth(&self) -> Truth {
        let state = self.state();
        let first = state.options.first_day;
        let number = |book: &Book| first.until(book.day).map_or(0, |span| span.get_days());
        let catalogue = Catalogue::new(state.options.seed);
        Truth::of(&catalogue, &state.books, number, state.foreign.clone())
    }

    /// The folder on this disk.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn perform(&self, state: &mut State, operation: Operation) -> io::Result<Vec<String>> {
        let wrong = |said: String| io::Error::new(io::ErrorKind::InvalidInput, said);
        match operation {
            Operation::AddDay { ruined, late } => {
                let number = if late { state.first - 1 } else { state.next };
                self.land(state, Day { number, ruined }, true)
            }
            Operation::Put { name, content, content_base64 } => {
                let content = bytes(content, content_base64.as_deref()).map_err(wrong)?;
                self.write(&name, &content, Timestamp::now())?;
                Ok(state.estranged(name))
            }
            Operation::Append { name, content, content_base64 } => {
                let content = bytes(content, content_base64.as_deref()).map_err(wrong)?;
                let path = self.place(&name)?;
                let mut file = OpenOptions::new().create(true).append(true).open(path)?;
                file.write_all(&content)?;
                Ok(state.estranged(name))
            }
            Operation::Copy { name, to } => {
                self.write(&to, &fs::read(self.place(&name)?)?, Timestamp::now())?;
                let copy = state.books.iter().find(|book| book.name == name);
                match copy.map(|book| book.repeated(&to)) {
                    Some(copy) => {
                        state.forget(&to);
                        state.books.push(copy);
                        Ok(vec![to])
                    }
                    None => Ok(state.estranged(to)),
                }
            }
            Operation::Rename { name, to } => {
                fs::rename(self.place(&name)?, self.place(&to)?)?;
                state.forget(&to);
                for book in &mut state.books {
                    if book.name == name {
                        book.name.clone_from(&to);
                    }
                }
                for foreign in &mut state.foreign {
                    if *foreign == name {
                        foreign.clone_from(&to);
                    }
                }
                Ok(vec![to])
            }
            Operation::Remove { name } => {
                fs::remove_file(self.place(&name)?)?;
                Ok(vec![name])
            }
        }
    }

    /// Lands the files of a day, made in the past or just `now`.
    fn land(&self, state: &mut State, day: Day, now: bool) -> io::Result<Vec<String>> {
        let made = day.make(&state.options)?;
        let names = made.iter().map(|made| made.book.name.clone()).collect();
        for Made { content, modified, book } in made {
            self.write(&book.name, &content, if now { Timestamp::now() } else { modified })?;
            state.forget(&book.name);
            state.books.push(book);
        }
        state.next = state.next.max(day.number + 1);
        state.first = state.first.min(day.number);
        Ok(names)
    }

    /// Writes a file elsewhere and moves it in, so that nobody sees half of it.
    fn write(&self, name: &str, content: &[u8], modified: Timestamp) -> io::Result<()> {
        let place = self.place(name)?;
        let beside = self.spool.join(format!("feed-{:016x}", rand::random::<u64>()));
        let mut file = File::create_new(&beside)?;
        file.write_all(content)?;
        file.set_times(FileTimes::new().set_modified(modified.into()))?;
        drop(file);
        fs::rename(&beside, place)
    }

    /// Where a file lies; the folders above it are made.
    fn place(&self, name: &str) -> io::Result<PathBuf> {
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if name.is_empty() || name.contains(['\0', '\\']) || !inside {
            let said = format!("no name of a file below the feed's folder: {name:?}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, said));
        }
        let place = self.folder.join(name);
        place.parent().map_or(Ok(()), fs::create_dir_all)?;
        Ok(place)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves plain data behind, nothing half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }
}

impl State {
    /// Nothing is known of `name` any more.
    fn forget(&mut self, name: &str) {
        self.books.retain(|book| book.name != name);
        self.foreign.retain(|foreign| foreign != name);
    }

    /// Of `name` only the bytes are known from now on.
    fn estranged(&mut self, name: String) -> Vec<String> {
        self.forget(&name);
        self.foreign.push(name.clone());
        vec![name]
    }
}

fn failed(folder: &Path, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::InvalidInput => {
            Failure::new(FailureClass::Misconfigured, "changing", "the feed").said(error)
        }
        _ => Failure::io("changing the feed in", folder.to_string_lossy(), error),
    }
}
