//! The loop: its input and its screen belong to the test.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use futures::channel::mpsc;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio_util::sync::CancellationToken;

use super::sample::{self, SampleBooks};
use crate::console::driver::{Behind, EXPORTS, drive, snapshot};
use crate::console::message::Snapshot;
use crate::console::state::State;
use crate::console::terminal::{Inputs, Tty};
use crate::engine::{Command, Event, Handle, Level, Phase, Reply};
use crate::model::{Failure, FailureClass};
use crate::silver::reader::Reader as Silver;

/// A terminal whose both ends are here. Ratatui hides or moves the cursor once
/// per drawing; that is how drawings are counted.
struct FakeTty {
    terminal: Terminal<TestBackend>,
    inputs: Vec<mpsc::UnboundedReceiver<io::Result<Input>>>,
    draws: Arc<AtomicUsize>,
    said: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Tty for FakeTty {
    type Backend = TestBackend;
    fn terminal(&mut self) -> &mut Terminal<TestBackend> {
        self.draws.fetch_add(1, Ordering::SeqCst);
        &mut self.terminal
    }
    fn inputs(&mut self) -> Inputs {
        Box::pin(self.inputs.pop().expect("one stream at a time"))
    }
    fn suspend(&mut self) -> io::Result<()> {
        self.said.lock().unwrap().push("suspended".to_owned());
        Ok(())
    }
    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.said.lock().unwrap().push(text.to_owned());
        Ok(())
    }
    fn mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }
}

/// A running console, driven by a test.
struct Rig {
    keys: mpsc::UnboundedSender<io::Result<Input>>,
    /// Where keys go after ctrl-z and fg.
    later_keys: mpsc::UnboundedSender<io::Result<Input>>,
    handle: Handle,
    requests: tokio::sync::mpsc::UnboundedReceiver<crate::engine::Request>,
    wishes: tokio::sync::mpsc::Receiver<crate::console::Wish>,
    books: Arc<SampleBooks>,
    draws: Arc<AtomicUsize>,
    said: Arc<std::sync::Mutex<Vec<String>>>,
    stop: CancellationToken,
    console: tokio::task::JoinHandle<(Result<(), Failure>, String)>,
}

fn rig() -> Rig {
    sample::fill_log();
    let (keys, first) = mpsc::unbounded();
    let (later_keys, second) = mpsc::unbounded();
    let draws = Arc::new(AtomicUsize::new(0));
    let said = Arc::default();
    let mut tty = FakeTty {
        terminal: Terminal::new(TestBackend::new(80, 24)).unwrap(),
        inputs: vec![second, first],
        draws: draws.clone(),
        said: Arc::clone(&said),
    };
    let (handle, requests) = Handle::pair();
    let (reload, wishes) = tokio::sync::mpsc::channel(1);
    let books = Arc::new(SampleBooks::default());
    let stop = CancellationToken::new();
    let (engine, read, stopped) = (handle.clone(), books.clone(), stop.clone());
    let console = tokio::spawn(async move {
        let mut state = State::new(&sample::options(), jiff::tz::TimeZone::UTC);
        let silver = Arc::new(Silver::nothing());
        let behind = Behind { handle: engine, books: read, silver, reload: Some(reload) };
        let ended = drive(&mut tty, &mut state, behind, stopped).await;
        (ended, tty.terminal.backend().to_string())
    });
    Rig { keys, later_keys, handle, requests, wishes, books, draws, said, stop, console }
}

fn stroke(c: char, modifiers: KeyModifiers) -> io::Result<Input> {
    Ok(Input::Key(KeyEvent::new(KeyCode::Char(c), modifiers)))
}

impl Rig {
    fn press(&self, keys: &str) {
        for c in keys.chars() {
            self.keys.unbounded_send(stroke(c, KeyModifiers::NONE)).unwrap();
        }
    }

    async fn until(&self, what: &str, reached: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !reached(self) {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), pin!(waiting)).await;
        assert!(waited.is_ok(), "waited in vain: {what}");
    }

    fn reads(&self) -> usize {
        self.books.reads.load(Ordering::SeqCst)
    }

    fn draws(&self) -> usize {
        self.draws.load(Ordering::SeqCst)
    }

    async fn end(self) -> (Result<(), Failure>, String) {
        tokio::time::timeout(Duration::from_secs(20), self.console).await.expect("it ends").unwrap()
    }
}

#[tokio::test]
async fn a_key_asks_the_engine_and_the_answer_is_on_the_screen() {
    let mut rig = rig();
    rig.until("the books are on the screen", |r| r.reads() == 1 && r.draws() >= 2).await;
    rig.press("s");
    let (command, answer) = rig.requests.recv().await.unwrap();
    assert!(matches!(command, Command::Sync { endpoints, .. } if endpoints == ["Encoura exports"]));
    let failure =
        Failure::new(FailureClass::Network, "signing in", "api.example").said("timed out");
    answer.send(Reply::Failed(failure)).unwrap();
    // An answer makes the books read again, after it was drawn.
    rig.until("the answer is on the screen", |r| r.reads() >= 2).await;
    rig.stop.cancel();
    let (ended, screen) = rig.end().await;
    assert_eq!(ended, Ok(()));
    assert!(screen.contains("signing in api.example: timed out"), "{screen}");
}

#[tokio::test]
async fn a_thousand_events_cost_few_drawings_and_few_readings() {
    let rig = rig();
    rig.until("the books are on the screen", |r| r.reads() == 1 && r.draws() >= 2).await;
    let before = rig.draws();
    rig.handle.publish(Event::Endpoint {
        endpoint: "Encoura exports".to_owned(),
        phase: Phase::Braked("the disk is low".to_owned()),
    });
    for n in 0..1000 {
        let event = match n % 2 {
            0 => Event::Scheduled { endpoint: format!("e{n}"), at: None },
            _ => Event::Notice { level: Level::Info, text: format!("notice {n}") },
        };
        rig.handle.publish(event);
    }
    rig.until("they were taken in and the books read again", |r| r.reads() >= 2).await;
    rig.press("q");
    let (draws, reads) = (rig.draws.clone(), rig.books.clone());
    let (ended, screen) = rig.end().await;
    assert_eq!(ended, Ok(()));
    assert!(screen.contains("1 not listing"), "{screen}");
    let drawn = draws.load(Ordering::SeqCst) - before;
    assert!(drawn <= 20, "{drawn} drawings");
    assert!(reads.reads.load(Ordering::SeqCst) <= 4);
}

#[tokio::test]
async fn silence_costs_nothing() {
    let rig = rig();
    rig.until("the books are on the screen", |r| r.reads() == 1 && r.draws() >= 2).await;
    let before = rig.draws();
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(rig.draws(), before, "nothing moves, nothing is drawn");
    assert_eq!(rig.reads(), 1);
    rig.stop.cancel();
    assert_eq!(rig.end().await.0, Ok(()));
}

#[test]
fn the_clock_is_looked_at_only_while_something_depends_on_it() {
    let mut state = State::new(&sample::options(), jiff::tz::TimeZone::UTC);
    assert_eq!(state.next_tick(), None, "an empty console sleeps for good");
    state.books = sample::snapshot();
    assert_eq!(state.next_tick(), Some(Duration::from_secs(60)), "ages are in minutes");
    state.say(Level::Info, "done");
    assert_eq!(state.next_tick(), Some(Duration::from_secs(4)), "a toast goes away");
    assert_eq!(sample::state().next_tick(), Some(Duration::from_millis(500)), "rates move");
}

#[tokio::test]
async fn suspended_and_back_it_reads_the_terminal_anew() {
    let rig = rig();
    rig.until("the books are on the screen", |r| r.reads() == 1 && r.draws() >= 2).await;
    rig.keys.unbounded_send(stroke('z', KeyModifiers::CONTROL)).unwrap();
    rig.until("it was suspended", |r| *r.said.lock().unwrap() == ["suspended"]).await;
    for c in ['y', 'q'] {
        rig.later_keys.unbounded_send(stroke(c, KeyModifiers::NONE)).unwrap();
    }
    let said = rig.said.clone();
    assert_eq!(rig.end().await.0, Ok(()));
    assert_eq!(*said.lock().unwrap(), ["suspended", "Encoura exports"]);
}

#[tokio::test]
async fn a_terminal_that_is_gone_ends_it_with_a_failure() {
    let rig = rig();
    rig.keys.unbounded_send(Err(io::Error::other("input/output error"))).unwrap();
    let failure = rig.end().await.0.unwrap_err();
    assert_eq!(failure.class, FailureClass::Local);
    assert!(failure.to_string().contains("input/output error"));
}

#[test]
fn what_needs_a_person_does_not_drown() {
    let books = SampleBooks { backlog: i64::from(EXPORTS) + 500, ..SampleBooks::default() };
    let read = snapshot(&books, &Silver::nothing(), sample::now(), None).unwrap();
    let count = |state: &str| read.pending.iter().filter(|x| x.state == state).count();
    assert_eq!((count("held"), count("in_doubt")), (1, 1));
    assert!(read.pending.len() <= EXPORTS as usize + 3, "bounded all the same");
}

#[tokio::test]
async fn books_that_cannot_be_read_are_no_empty_books() {
    let rig = rig();
    rig.until("the books are on the screen", |r| r.reads() == 1 && r.draws() >= 2).await;
    let failure = Failure::new(FailureClass::Local, "reading", "the ledger").said("disk I/O error");
    *rig.books.failure.lock().unwrap() = Some(failure);
    rig.handle.publish(Event::Scheduled { endpoint: "x".to_owned(), at: None });
    rig.until("they were read again", |r| r.reads() >= 2).await;
    // The next reading begins only after what the one before it found was drawn.
    rig.handle.publish(Event::Scheduled { endpoint: "x".to_owned(), at: None });
    rig.until("they were read once more", |r| r.reads() >= 3).await;
    rig.press("q");
    let (ended, screen) = rig.end().await;
    assert_eq!(ended, Ok(()));
    assert!(screen.contains("reading the ledger: disk I/O error"), "{screen}");
}

#[test]
fn tables_that_cannot_be_read_hide_nothing_else() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("silver.db");
    std::fs::write(&path, "no database at all, and longer than a header").unwrap();
    let read = snapshot(&SampleBooks::default(), &Silver::at(&path), sample::now(), None).unwrap();
    assert_eq!(read.endpoints, sample::snapshot().endpoints);
    assert!(read.landed.is_empty() && read.landed_failure.is_some());
    let mut state = State::new(&sample::options(), jiff::tz::TimeZone::UTC);
    state.books = Snapshot { endpoints: sample::feeds().books.endpoints, ..read };
    state.loaded = true;
    super::screens::press(&mut state, "d");
    let screen = super::screens::screen(&mut state, (80, 24)).backend().to_string();
    assert!(screen.contains("what landed cannot be read") && screen.contains("Shop feed"));
}

#[tokio::test]
async fn the_configuration_is_read_again_and_what_came_of_it_is_shown() {
    let mut rig = rig();
    rig.until("the books are on the screen", |r| r.reads() == 1 && r.draws() >= 2).await;
    rig.press("C");
    let wish = rig.wishes.recv().await.unwrap();
    // It is being done: a second wish is none.
    rig.press("C");
    let lines = [
        (Level::Error, "connector.yaml:7:3: unknown key \"max_backlgo\""),
        (Level::Error, "the new configuration has a mistake and is refused: the old one stays"),
    ];
    let lines = lines.map(|(level, words)| (level, words.to_owned())).to_vec();
    wish.send(crate::console::Reread { lines }).unwrap();
    let drawn = rig.draws();
    rig.until("the answer is on the screen", |r| r.draws() > drawn).await;
    assert!(rig.wishes.try_recv().is_err(), "asked for twice");
    rig.stop.cancel();
    let (ended, screen) = rig.end().await;
    ended.unwrap();
    for words in ["configuration", "max_backlgo", "refused: the old one stays"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
}
