//! The work: commands in, events out.
//!
//! | file | what it is for |
//! |---|---|
//! | `handle`, `command`, `event` | how everybody else speaks with the engine |
//! | `run`, `pass` | one run over endpoints; one pass of one endpoint |
//! | `listing`, `brakes`, `reconcile` | the lists, and when none is sent |
//! | `register`, `contents` | a register's walk into the books; its files' bytes |
//! | `accounts`, `lane` | sources and destinations, shared where they are the same |
//! | `look` | test and dry run: what is there, with nothing changed |
//! | `restored` | a ledger that was put back from a backup |
//! | `walk`, `fetch`, `part`, `archive` | an item's way in a pass; its bytes into the archive |
//! | `bronze`, `ingest`, `parting` | a partner's files as they came, into silver; what becomes of them over there |
//! | `proposal` | definitions for files that no dataset takes |
//! | `delivery`, `fence`, `direct`, `confirm` | the bytes to their final name, exactly once |
//! | `leftovers` | temporary files of what was cancelled |
//! | `operator` | hold, release, retry, send again, fetch, cancel |
//! | `sign_in` | a person and a browser |
//! | `notify` | who is told of what goes wrong, while nobody looks |
//! | `schedule`, `plan`, `clock` | when an endpoint runs next, and what went by; the time |
//! | `scheduler`, `due`, `rest`, `agenda` | what happens by itself, and its pauses |
//! | `restart` | another configuration, on the same books |
//! | `retry`, `claims`, `tally`, `progress` | when again; who works on what; counts; bars |

mod accounts;
mod agenda;
mod archive;
mod brakes;
mod bronze;
mod claims;
mod clock;
pub mod command;
mod confirm;
mod contents;
mod context;
mod delivery;
mod direct;
mod doctor;
mod due;
pub mod event;
mod fence;
mod fetch;
mod halt;
mod handle;
mod ingest;
mod lane;
mod leftovers;
mod listing;
mod look;
mod nightly;
mod notify;
mod operator;
mod part;
mod parting;
mod pass;
mod pen;
mod plan;
mod progress;
mod proposal;
mod purge;
mod reconcile;
mod register;
mod rest;
mod restart;
mod restored;
mod retry;
mod run;
mod schedule;
mod scheduler;
mod sign_in;
mod tally;
mod walk;
#[cfg(feature = "crash-points")]
mod wrong_recovery;

use std::sync::Arc;
use std::time::Duration;

pub use accounts::{Accounts, Sources};
pub use clock::{Clock, SystemClock};
pub use command::{
    Acted, Again, Command, ReconcileMode, Reply, Rescheduled, Stopped, TakenIn, Vitals,
};
pub use doctor::{Finding, Online, Verdict, offline, online};
pub use event::{Event, Level, Phase, Transfer, Walk};
pub use handle::{Handle, Request};
pub use look::{Look, Told, dry_run, look, test};
pub use notify::{Heartbeat, Tried, test_notifications};
pub use purge::{Purged, purge};
pub use tally::overall;
use tokio::sync::{Semaphore, broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::ledger::{self, EndpointRow, Ledger, Reader, create_private_folder};
use crate::model::{Endpoint, Failure, Schedule};
use context::Context;
use lane::{Lane, Outlets};
use operator::Word;
use restart::Books;
use walk::Pick;

/// The engine at work. Dropping it without [`Engine::stop`] leaves its tasks to
/// the end of the runtime; the books are safe either way.
pub struct Engine {
    context: Arc<Context>,
    handle: Handle,
    tasks: TaskTracker,
    /// Takes commands; gives the end at which they arrive back when everything stops.
    serving: JoinHandle<mpsc::UnboundedReceiver<Request>>,
    // Subscribed before anything happened.
    events: broadcast::Receiver<Event>,
}

/// Whether the engine does things by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedules {
    /// Schedules run and due items are tried again: the console and `--no-tui`.
    On,
    /// Only what is asked for: one-shot commands.
    Off,
}

impl Engine {
    /// Registers the endpoints of `config` in `ledger` and starts to work.
    pub async fn start(
        config: Config,
        ledger: Ledger,
        schedules: Schedules,
    ) -> Result<Self, Failure> {
        Self::start_by(config, ledger, schedules, Arc::new(SystemClock)).await
    }

    /// The same, with schedules that go by `clock`.
    pub async fn start_by(
        config: Config,
        ledger: Ledger,
        schedules: Schedules,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let books = Books { ledger: Arc::new(ledger), schedules, clock };
        Self::start_as(config, books, &mut Accounts::default()).await
    }

    /// The same, with sources of the caller's making.
    pub async fn start_with(
        config: Config,
        ledger: Ledger,
        schedules: Schedules,
        sources: &mut dyn Sources,
    ) -> Result<Self, Failure> {
        let books = Books { ledger: Arc::new(ledger), schedules, clock: Arc::new(SystemClock) };
        Self::start_as(config, books, sources).await
    }

    async fn start_as(
        config: Config,
        books: Books,
        sources: &mut dyn Sources,
    ) -> Result<Self, Failure> {
        let (handle, requests) = Handle::pair();
        let events = handle.subscribe();
        let context = open(config, books, handle, sources).await?;
        Ok(Self::at_work(context, requests, events))
    }

    fn at_work(
        context: Context,
        requests: mpsc::UnboundedReceiver<Request>,
        events: broadcast::Receiver<Event>,
    ) -> Self {
        let (handle, context) = (context.handle.clone(), Arc::new(context));
        let tasks = TaskTracker::new();
        let serving = tasks.spawn(serve(context.clone(), requests, tasks.clone()));
        if context.schedules == Schedules::On {
            for lane in &context.lanes {
                tasks.spawn(due::look_after(context.clone(), lane.clone()));
                tasks.spawn(scheduler::keep(context.clone(), lane.clone()));
            }
            tasks.spawn(nightly::keep(context.clone()));
            tasks.spawn(notify::keep(context.clone()));
        }
        Self { context, handle, tasks, serving, events }
    }

    /// The events from the start on: what a restart settles by itself may be over
    /// before anybody could ask the handle. Asked again: from the last asking on.
    pub fn events(&mut self) -> broadcast::Receiver<Event> {
        let later = self.events.resubscribe();
        std::mem::replace(&mut self.events, later)
    }

    /// A way in for others.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// The ledger's read side, for whoever shows it.
    pub fn reader(&self) -> Result<Reader, Failure> {
        self.context.ledger.reader()
    }

    /// Whether the ledger takes what a start writes into it; tried.
    ///
    /// # Errors
    /// If it does not.
    pub async fn prove_ledger(&self) -> Result<(), Failure> {
        self.context.ledger.prove().await
    }

    /// Tells everything to come to a safe point, without waiting for it.
    pub fn begin_to_stop(&self) {
        self.context.stop.cancel();
    }

    /// Brings everything to a safe point and stops: transfers break off where
    /// they can be continued, a publication under way is brought to its end.
    /// Waits for that as long as `patience`; what is cut off after it is settled
    /// by the next start.
    pub async fn stop(self, patience: Duration) {
        self.context.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::warn!("stopping without waiting any longer; the next start settles the rest");
        }
        self.leave().await;
    }

    /// The last things, when nothing runs any more.
    async fn leave(&self) {
        self.context.mark.catch_up(&self.context.ledger).await;
        for outlet in &self.context.outlets {
            outlet.destination.close().await;
        }
    }
}

/// When an endpoint of the configuration runs next by itself: as it is planned in
/// the books, else as its schedule says from now on; none for paused and manual ones.
pub fn next_run(endpoint: &Endpoint, row: &EndpointRow) -> Option<jiff::Timestamp> {
    if row.paused || !endpoint.is_active {
        return None;
    }
    let now = ledger::now();
    // A plan of the past is that of a program that does not run any more.
    let planned = row.next_run.filter(|at| *at > now);
    let planned = planned.filter(|_| row.schedule.as_ref() == Some(&endpoint.schedule));
    planned.or_else(|| schedule::next_after(&endpoint.schedule, now))
}

/// The `count` times after `after` at which `schedule` runs; none for manual ones.
pub fn runs_after(
    schedule: &Schedule,
    after: jiff::Timestamp,
    count: usize,
) -> Vec<jiff::Timestamp> {
    std::iter::successors(schedule::next_after(schedule, after), |at| {
        schedule::next_after(schedule, *at)
    })
    .take(count)
    .collect()
}

/// Makes everything ready to work by `config`.
async fn open(
    config: Config,
    Books { ledger, schedules, clock }: Books,
    handle: Handle,
    sources: &mut dyn Sources,
) -> Result<Context, Failure> {
    for folder in ["parts", "polls", "archive", "bronze"] {
        create_private_folder(&config.data_dir.join(folder))?;
    }
    archive::sync_folder(&config.data_dir)?;
    let mut outlets = Outlets::default();
    outlets.open_all(&config)?;
    ledger.register_endpoints(config.endpoints.clone()).await?;
    // Before anything else is booked: the events are what is compared.
    let (mark, told) = restored::look(&config.data_dir, &ledger).await?;
    ledger.close_interrupted_runs().await?;
    let mut lanes = Vec::new();
    for endpoint in &config.endpoints {
        let number = ledger.endpoint(&endpoint.name).await?.number;
        match Lane::build(&config, endpoint, number, sources, &mut outlets) {
            Ok(lane) => lanes.push(Arc::new(lane)),
            // The others work; a sync that names this one says why not.
            Err(failure) => tracing::warn!("{failure}"),
        }
    }
    let silver = ingest::open(&config).await;
    let stop = CancellationToken::new();
    let context = Context {
        silver,
        agenda: agenda::Agenda::new(clock, &lanes),
        transfers: Semaphore::new(config.scheduling.max_transfers),
        syncs: Semaphore::new(config.scheduling.max_concurrent_syncs),
        notifier: notify::Notifier::new(&config),
        claims: claims::Claims::new(halt::Halt::new(stop.clone())),
        sign_ins: sign_in::SignIns::default(),
        outlets: outlets.into_inner(),
        config,
        ledger,
        handle,
        mark,
        schedules,
        lanes,
        stop,
    };
    if let Some(words) = told {
        context.notice(Level::Error, words);
    }
    Ok(context)
}

/// Takes commands until everything stops; those that come later are left where they
/// arrive. Each is a task of its own.
async fn serve(
    context: Arc<Context>,
    mut requests: mpsc::UnboundedReceiver<Request>,
    tasks: TaskTracker,
) -> mpsc::UnboundedReceiver<Request> {
    loop {
        let (command, answer) = tokio::select! {
            () = context.stop.cancelled() => return requests,
            request = requests.recv() => match request {
                Some(request) => request,
                None => return requests,
            },
        };
        let (context, inner) = (context.clone(), tasks.clone());
        tasks.spawn(async move {
            let reply = carry_out(&context, &inner, command).await;
            // Nobody waiting for the answer any more is fine.
            let _ = answer.send(reply);
        });
    }
}

async fn carry_out(context: &Arc<Context>, tasks: &TaskTracker, command: Command) -> Reply {
    let done = match command {
        Command::Sync { endpoints, trigger, full } => {
            sync(context, &endpoints, trigger, full).await
        }
        Command::Reconcile { endpoints, mode } => reconcile(context, tasks, &endpoints, mode).await,
        Command::CarryOn { endpoints } => carry_on(context, &endpoints).await,
        Command::Retry(ids) => Ok(act(context, tasks, Word::Retry, ids).await),
        Command::Hold(ids) => Ok(act(context, tasks, Word::Hold, ids).await),
        Command::Release(ids) => Ok(act(context, tasks, Word::Release, ids).await),
        Command::SendAgain(ids) => Ok(act(context, tasks, Word::SendAgain, ids).await),
        Command::Fetch(ids) => Ok(act(context, tasks, Word::Fetch, ids).await),
        Command::Cancel(ids) => Ok(act(context, tasks, Word::Cancel, ids).await),
        Command::SignIn { endpoint } => sign_in::sign_in(context, &endpoint).await,
        Command::CancelSignIn { endpoint } => Ok(sign_in::cancel(context, &endpoint)),
        Command::Pause { endpoints } => rest::set(context, &endpoints, true).await,
        Command::Resume { endpoints } => rest::set(context, &endpoints, false).await,
        Command::StopAll => rest::stop_all(context).await,
        Command::TakeInAgain(again) => ingest::again(context, again).await.map(Reply::TakenIn),
        Command::Vitals => Ok(rest::vitals(context).await),
    };
    done.unwrap_or_else(Reply::Failed)
}

async fn sync(
    context: &Arc<Context>,
    endpoints: &[String],
    trigger: crate::model::Trigger,
    full: bool,
) -> Result<Reply, Failure> {
    let lanes = context.lanes_called(endpoints)?;
    let ran = run::run_with(context, lanes, trigger, full).await;
    if context.schedules == Schedules::Off {
        nightly::if_due(context).await;
        notify::settle(context).await;
    }
    ran.map(Reply::Run)
}

async fn reconcile(
    context: &Arc<Context>,
    tasks: &TaskTracker,
    endpoints: &[String],
    mode: ReconcileMode,
) -> Result<Reply, Failure> {
    let mut reconciled = Vec::new();
    let mut lanes = context.lanes_called(endpoints)?;
    if endpoints.is_empty() {
        // Not by name: then those that have a Delivered list are meant.
        lanes.retain(|lane| lane.lists().is_ok());
    }
    for lane in lanes {
        reconciled.push(reconcile::reconcile(context, &lane, mode).await);
        carry_on_beside(context, tasks, lane);
    }
    Ok(Reply::Reconciled(reconciled))
}

async fn carry_on(context: &Arc<Context>, endpoints: &[String]) -> Result<Reply, Failure> {
    // Without names: all, also those that syncs leave out.
    let lanes = match endpoints {
        [] => context.lanes.clone(),
        names => context.lanes_called(names)?,
    };
    let passes = lanes.iter().map(|lane| pass::carry_on(context, lane, Pick::All));
    Ok(Reply::CarriedOn(futures::future::join_all(passes).await))
}

async fn act(
    context: &Arc<Context>,
    tasks: &TaskTracker,
    word: Word,
    ids: Vec<crate::model::Id>,
) -> Reply {
    let (acted, lanes) = operator::act(context, word, ids).await;
    for lane in lanes {
        lane.wake();
        carry_on_beside(context, tasks, lane);
    }
    Reply::Acted(acted)
}

/// Works on what is due now without keeping anybody waiting, where things are
/// done by themselves at all.
fn carry_on_beside(context: &Arc<Context>, tasks: &TaskTracker, lane: Arc<Lane>) {
    if context.schedules == Schedules::Off {
        return;
    }
    let context = context.clone();
    tasks.spawn(async move {
        pass::carry_on(&context, &lane, Pick::Due).await;
        lane.changed.notify_one();
    });
}
