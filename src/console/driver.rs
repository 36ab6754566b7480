//! The loop: one queue in, one screen out.
//!
//! Whatever happens becomes a [`Message`] in one queue. The screen is drawn
//! after messages and only once the queue is empty, so a thousand events cost
//! few drawings and silence costs none.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::effect::Effect;
use super::fields::Field;
use super::log::{self, LogView};
use super::message::{Message, Snapshot};
use super::pending::Pending;
use super::reread::Wish;
use super::state::{Pane, State};
use super::terminal::{Tty, clear, on_screen};
use super::update::update;
use super::view;
use crate::engine::{Handle, Level};
use crate::ledger::{Books, Filter, Timeline, Undelivered};
use crate::model::{Failure, FailureClass, Id};
use crate::silver::lists::{LandedFilter, LandedRow};
use crate::silver::reader::Reader as Silver;

/// Messages that wait before those who send them have to.
const QUEUE: usize = 1024;
/// Messages taken in before the screen is drawn all the same.
const BATCH: usize = 1024;
/// Rows of a list that the console keeps.
pub(super) const ROWS: u32 = 500;
/// Exports that are not at their end and that the console keeps: enough to filter among all
/// of a bad day, and bounded all the same.
pub(super) const EXPORTS: u32 = 100_000;
/// Runs that are shown; of one a minute, those of a night.
pub(super) const RUNS: u32 = 1_000;
/// Rows of a landed file that are set aside, as many as its details show.
pub(super) const BAD_ROWS: u32 = 200;
/// Events of one thing that its details show.
const EVENTS: usize = 1_000;
/// The hour at which people have gone home, and the night begins.
pub(super) const EVENING: i8 = 18;
/// The shortest time between two readings of the books.
const READ_PAUSE: Duration = Duration::from_millis(100);
/// The pause after a reading is so many times as long as the reading took.
const READ_REST: u32 = 3;
/// The shortest time between two drawings for the log's sake.
const LOG_PAUSE: Duration = Duration::from_millis(50);

/// What is behind the console.
pub(super) struct Behind {
    /// Does what is asked for.
    pub(super) handle: Handle,
    /// What is shown.
    pub(super) books: Arc<dyn Books>,
    /// What is shown of partners' files.
    pub(super) silver: Arc<Silver>,
    /// Reads the configuration again.
    pub(super) reload: Option<Sender<Wish>>,
}

/// Runs the console on `tty` until the operator leaves or `stop` is cancelled.
pub(super) async fn drive<T: Tty>(
    tty: &mut T,
    state: &mut State,
    behind: Behind,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let (queue, mut messages) = mpsc::channel(QUEUE);
    let mut looper = Looper {
        log: LogView::new(state.theme, state.zone.clone()),
        zone: state.zone.clone(),
        tasks: JoinSet::new(),
        input: None,
        reading: Reading::default(),
        behind,
        queue,
    };
    looper.start(tty, state);
    looper.draw(tty, state)?;
    loop {
        let mut next = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            message = wait(&mut messages, state.next_tick()) => message,
        };
        state.now = Timestamp::now();
        for _ in 0..BATCH {
            match &next {
                Message::Books(_) => looper.was_read(state),
                Message::InputFailed(error) => return Err(unreadable(error)),
                _ => {}
            }
            for effect in on_screen(|| update(state, next)) {
                if looper.perform(tty, state, effect).await? == Flow::Leave {
                    return Ok(());
                }
            }
            match messages.try_recv() {
                Ok(message) => next = message,
                Err(_) => break,
            }
        }
        looper.draw(tty, state)?;
    }
}

/// The next message, or a tick when the screen changes by itself before one comes.
async fn wait(messages: &mut Receiver<Message>, tick: Option<Duration>) -> Message {
    let silence = async {
        match tick {
            Some(pause) => tokio::time::sleep(pause).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        Some(message) = messages.recv() => message,
        () = silence => Message::Tick,
    }
}

#[derive(PartialEq, Eq)]
enum Flow {
    Stay,
    Leave,
}

/// Whether the books are being read, and whether they have to be once more.
#[derive(Default)]
struct Reading {
    running: bool,
    again: bool,
    /// When it began, its pause left out; set by the reading itself.
    began: Arc<OnceLock<Instant>>,
    /// Before when no further one begins.
    rest: Option<Instant>,
}

/// What the loop holds besides the state.
struct Looper {
    log: LogView,
    zone: TimeZone,
    /// Everything that sends messages; it ends with the loop.
    tasks: JoinSet<()>,
    input: Option<AbortOnDropHandle<()>>,
    reading: Reading,
    behind: Behind,
    queue: Sender<Message>,
}

impl Looper {
    fn start<T: Tty>(&mut self, tty: &mut T, state: &State) {
        self.listen(tty);
        let mut events = self.behind.handle.subscribe();
        let queue = self.queue.clone();
        self.tasks.spawn(async move {
            loop {
                let message = match events.recv().await {
                    Ok(event) => Message::Engine(Box::new(event)),
                    Err(RecvError::Lagged(missed)) => Message::Missed(missed),
                    Err(RecvError::Closed) => return,
                };
                if queue.send(message).await.is_err() {
                    return;
                }
            }
        });
        let queue = self.queue.clone();
        self.tasks.spawn(async move {
            loop {
                log::new_lines().await;
                if queue.send(Message::Logged).await.is_err() {
                    return;
                }
                tokio::time::sleep(LOG_PAUSE).await;
            }
        });
        self.read(state);
    }

    fn listen<T: Tty>(&mut self, tty: &mut T) {
        let mut inputs = tty.inputs();
        let queue = self.queue.clone();
        self.input = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            while let Some(input) = inputs.next().await {
                let message = match input {
                    Ok(input) => Message::Input(input),
                    Err(error) => Message::InputFailed(error.to_string()),
                };
                if queue.send(message).await.is_err() {
                    return;
                }
            }
            let _ = queue.send(Message::InputFailed("it is gone".to_owned())).await;
        })));
    }

    /// Draws everything from the state.
    fn draw<T: Tty>(&mut self, tty: &mut T, state: &mut State) -> Result<(), Failure> {
        let log = &mut self.log;
        on_screen(|| tty.terminal().draw(|frame| view::draw(frame, state, log)).map(|_| ()))
            .map_err(|error| screen_failure("drawing on", &error))
    }

    async fn perform<T: Tty>(
        &mut self,
        tty: &mut T,
        state: &mut State,
        effect: Effect,
    ) -> Result<Flow, Failure> {
        match effect {
            Effect::Quit => return Ok(Flow::Leave),
            Effect::Send(command) => {
                let (handle, queue) = (self.behind.handle.clone(), self.queue.clone());
                self.tasks.spawn(async move {
                    let reply = handle.request(command.clone()).await;
                    let _ = queue.send(Message::Replied(command, reply)).await;
                });
            }
            Effect::Reload => self.read(state),
            Effect::Reread => self.reread(),
            Effect::Show(id) => self.show(id),
            Effect::SetAside(file) => self.set_aside(file),
            Effect::Runs(of) => self.runs(of),
            Effect::Copy(text) => tty.copy(&text).map_err(|e| screen_failure("writing to", &e))?,
            Effect::Mouse(on) => tty.mouse(on).map_err(|e| screen_failure("writing to", &e))?,
            Effect::Redraw => clear(tty.terminal()).map_err(|e| screen_failure("clearing", &e))?,
            Effect::Log(step) => {
                if !self.log.go(step) {
                    state.say(Level::Warning, "no further line has it");
                }
            }
            Effect::Suspend => {
                // Two readers of one terminal would share its keys with the shell.
                if let Some(input) = self.input.take() {
                    input.abort();
                    let _ = input.await;
                }
                tty.suspend().map_err(|e| screen_failure("suspending", &e))?;
                self.listen(tty);
            }
        }
        while self.tasks.try_join_next().is_some() {}
        Ok(Flow::Stay)
    }

    /// Reads the books in the background, one reading at a time.
    fn read(&mut self, state: &State) {
        if self.reading.running {
            self.reading.again = true;
            return;
        }
        let began = Arc::new(OnceLock::new());
        let rest = self.reading.rest;
        self.reading = Reading { running: true, again: false, began: began.clone(), rest };
        let (books, silver) = (self.behind.books.clone(), self.behind.silver.clone());
        let queue = self.queue.clone();
        let (evening, order) = (evening(&self.zone), state.list(Pane::Pending).sort);
        self.tasks.spawn(async move {
            if let Some(rest) = rest {
                tokio::time::sleep_until(rest).await;
            }
            let _ = began.set(Instant::now());
            let read = blocking(move || snapshot(&*books, &silver, evening, order)).await;
            let _ = queue.send(Message::Books(Box::new(read))).await;
        });
    }

    fn was_read(&mut self, state: &State) {
        self.reading.running = false;
        let took = self.reading.began.get().map_or(Duration::ZERO, Instant::elapsed);
        self.reading.rest = Some(Instant::now() + READ_PAUSE.max(took * READ_REST));
        if self.reading.again {
            self.read(state);
        }
    }

    /// Has the configuration read again.
    fn reread(&mut self) {
        let (reload, queue) = (self.behind.reload.clone(), self.queue.clone());
        self.tasks.spawn(async move {
            let (wish, answer) = oneshot::channel();
            let asked = match reload {
                Some(reload) => reload.send(wish).await.is_ok(),
                None => false,
            };
            let reread = if asked { answer.await.ok() } else { None };
            let _ = queue.send(Message::Reread(reread)).await;
        });
    }

    fn show(&mut self, id: Id) {
        let (books, queue) = (self.behind.books.clone(), self.queue.clone());
        self.tasks.spawn(async move {
            let read = blocking(move || Ok(books.show(id)?.map(newest))).await;
            let _ = queue.send(Message::Timeline(id, read)).await;
        });
    }

    fn runs(&mut self, of: Option<String>) {
        let (books, queue) = (self.behind.books.clone(), self.queue.clone());
        let filter = Filter { endpoint: of.clone(), limit: Some(RUNS), ..Filter::default() };
        self.tasks.spawn(async move {
            let read = blocking(move || books.runs(&filter)).await;
            let _ = queue.send(Message::Runs(of, read)).await;
        });
    }

    fn set_aside(&mut self, file: i64) {
        let (silver, queue) = (self.behind.silver.clone(), self.queue.clone());
        self.tasks.spawn(async move {
            let read = blocking(move || silver.quarantine(file, Some(BAD_ROWS))).await;
            let _ = queue.send(Message::SetAside(file, read)).await;
        });
    }
}

/// Runs `read` where it may block.
async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => read,
        Err(error) => Err(Failure::new(FailureClass::Bug, "reading", "the ledger").said(error)),
    }
}

/// A timeline with as many of its newest events as one can read; how many were left out.
fn newest(mut timeline: Timeline) -> (Timeline, usize) {
    let left_out = timeline.events.len().saturating_sub(EVENTS);
    timeline.events.drain(..left_out);
    (timeline, left_out)
}

/// Yesterday evening: what came after it, the operator has not seen.
fn evening(zone: &TimeZone) -> Timestamp {
    let now = Timestamp::now();
    let yesterday = zone.to_datetime(now).date().yesterday();
    let at = yesterday.map(|day| day.at(EVENING, 0, 0, 0)).and_then(|at| zone.to_timestamp(at));
    at.unwrap_or(now)
}

/// The rows that the panes show, the pending exports sorted by `order`. One more than are
/// shown, to know that there are more.
pub(super) fn snapshot(
    books: &dyn Books,
    silver: &Silver,
    evening: Timestamp,
    order: Option<(Field, bool)>,
) -> Result<Snapshot, Failure> {
    let open = Filter { pending: true, limit: Some(EXPORTS + 1), ..Filter::default() };
    let mut pending = books.exports(&open)?;
    if pending.len() > EXPORTS as usize {
        // What waits for a person must not drown in a long list of what does not.
        let known: BTreeSet<Id> = pending.iter().map(|x| x.id).collect();
        for state in ["held", "in_doubt", "quarantined"] {
            let rows = books.exports(&Filter { state: Some(state.to_owned()), ..open.clone() })?;
            pending.extend(rows.into_iter().filter(|x| !known.contains(&x.id)));
        }
    }
    let pending = Pending::new(pending, order);
    let recent = books.transfers(&Filter { limit: Some(ROWS), ..Filter::default() })?;
    let (landed, landed_failure) = match landed(silver) {
        Ok(rows) => (rows, None),
        Err(failure) => (Vec::new(), Some(failure)),
    };
    let datasets = silver.datasets().unwrap_or_default();
    let (endpoints, night) = (books.endpoints()?, books.outcomes(evening)?);
    let mut undelivered = books.undelivered()?;
    // What is on its way only is nobody's concern.
    undelivered.retain(Undelivered::has_failed);
    Ok(Snapshot {
        endpoints,
        pending,
        recent,
        night,
        undelivered,
        datasets,
        landed,
        landed_failure,
    })
}

/// The files that landed, those that were refused first.
fn landed(silver: &Silver) -> Result<Vec<LandedRow>, Failure> {
    let newest = LandedFilter { limit: Some(ROWS), ..LandedFilter::default() };
    let refused = LandedFilter { state: Some("refused".to_owned()), ..newest.clone() };
    let mut rows = silver.landed(&refused)?;
    let others = silver.landed(&newest)?;
    rows.extend(others.into_iter().filter(|row| row.state != "refused"));
    Ok(rows)
}

fn screen_failure(doing: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(FailureClass::Local, doing, "the terminal").said(error)
}

fn unreadable(error: &str) -> Failure {
    Failure::new(FailureClass::Local, "reading", "the terminal").said(error)
}
