//! Scheduled runs: each endpoint's plan is in the books, and this looks after it.
//!
//! The next run is booked before it is waited for, and what was planned is booked as
//! begun before it runs. So a restart finds the plan where it was, sees which planned
//! times went by without anybody there, and repeats a run that did not come to its end.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::agenda::Entry;
use super::context::Context;
use super::lane::Lane;
use super::plan::{Gap, Standing, Timetable, chance};
use super::{Event, Level, run};
use crate::ledger::{BeginSlot, Planned, SlotBegun};
use crate::model::{Failure, Trigger};

/// Why planned times went by, as far as can be told.
const DOWN: &str = "the program did not run";
const ASLEEP: &str = "the machine slept, or its clock was set";

/// The pause after the books could not be read or written.
const BOOKS_PAUSE: Duration = Duration::from_secs(60);

/// Keeps the schedule of one endpoint until everything stops.
pub(super) async fn keep(context: Arc<Context>, lane: Arc<Lane>) {
    let name = &lane.endpoint.name;
    let _watched = context.agenda.watched(name, &context.stop);
    let Some(entry) = context.agenda.of(lane.number) else { return };
    let jitter = context.config.scheduling.jitter_seconds;
    let timetable = Timetable::new(lane.endpoint.schedule.clone(), jitter);
    let mut keeper =
        Keeper { context: &context, lane: &lane, timetable, entry, told: None, waited: false };
    while !context.stop.is_cancelled() {
        if let Err(failure) = keeper.step().await {
            context.notice(Level::Error, format!("{name}: {failure}"));
            tokio::select! {
                () = context.stop.cancelled() => {}
                () = tokio::time::sleep(BOOKS_PAUSE) => {}
            }
        }
    }
}

struct Keeper<'a> {
    context: &'a Arc<Context>,
    lane: &'a Arc<Lane>,
    timetable: Timetable,
    entry: &'a Entry,
    /// What everybody was last told of the next run.
    told: Option<Option<Timestamp>>,
    /// Whether this process has waited for a planned time already: what went by before
    /// that, went by while it did not run.
    waited: bool,
}

impl Keeper<'_> {
    /// Looks at the plan and does what it says.
    async fn step(&mut self) -> Result<(), Failure> {
        let planned = self.context.ledger.planned(self.lane.number).await?;
        if planned.paused || !self.lane.endpoint.is_active {
            return self.wait(None).await;
        }
        let now = self.context.agenda.clock.now();
        match (planned.slot, self.timetable.standing(planned.next, now)) {
            (None, Standing::Void) => {
                let next = self.timetable.next(now, chance());
                self.context.ledger.schedule_run(self.lane.number, next).await?;
                // Nothing to wait for: nothing is looked at before somebody says so.
                if next.is_none() { self.wait(None).await } else { Ok(()) }
            }
            (None, Standing::Ahead(at)) => self.wait(Some(at)).await,
            (None, Standing::Due) => self.run(now, planned.next, None).await,
            (_, Standing::Missed(gap)) => self.make_up(now, planned, gap).await,
            // A run that did not come to its end: once more, and no second time, lest
            // one that ends the process does so for ever.
            (Some(slot), _) => {
                let words = format!("the run planned for {slot:.0} was interrupted; once more");
                self.say(Level::Info, &words);
                self.run(now, None, None).await
            }
        }
    }

    /// Waits for `at`, a look at the clock, or news of the plan.
    async fn wait(&mut self, at: Option<Timestamp>) -> Result<(), Failure> {
        self.tell(at);
        self.waited = true;
        let clock = &self.context.agenda.clock;
        let come = async {
            match at {
                Some(at) => clock.wait(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.context.stop.cancelled() => {}
            () = self.entry.replanned.notified() => {}
            () = come => {}
        }
        Ok(())
    }

    /// Books what was missed, and runs once for all of it.
    async fn make_up(&mut self, now: Timestamp, planned: Planned, gap: Gap) -> Result<(), Failure> {
        let catch_up = gap.catch_up;
        let slot = (catch_up && planned.slot.is_none()).then_some(gap.last);
        self.run(now, slot, Some(gap)).await
    }

    /// Runs, unless the schedule was paused a moment ago. `slot` is repeated after a
    /// restart if this run does not come to its end.
    async fn run(
        &mut self,
        now: Timestamp,
        slot: Option<Timestamp>,
        gap: Option<Gap>,
    ) -> Result<(), Failure> {
        let (context, number) = (self.context, self.lane.number);
        let why = if self.waited { ASLEEP } else { DOWN };
        let missed = gap.as_ref().map(|gap| gap.missed(why));
        let next = self.timetable.next(now, chance());
        let begin = BeginSlot { slot, next, missed: missed.clone() };
        if context.ledger.begin_slot(number, begin).await? == SlotBegun::Paused {
            return Ok(());
        }
        let runs_now = gap.is_none_or(|gap| gap.catch_up);
        if let Some(missed) = missed {
            let then =
                if runs_now { "one run now makes up for it" } else { "too long ago for one now" };
            self.say(Level::Warning, &format!("{}; {then}", missed.words));
        }
        if !runs_now {
            return Ok(());
        }
        let ran = run::run(context, vec![self.lane.clone()], Trigger::Schedule).await;
        if context.stop.is_cancelled() {
            // However far it came: the next start repeats it.
            return ran.map(drop);
        }
        // From the end of the run on. Said of the books even where the run failed.
        let next = self.timetable.next(context.agenda.clock.now(), chance());
        context.ledger.schedule_run(number, next).await?;
        ran.map(drop)
    }

    fn say(&self, level: Level, words: &str) {
        self.context.notice(level, format!("{}: {words}", self.lane.endpoint.name));
    }

    /// Tells everybody when it runs next, if that is news.
    fn tell(&mut self, at: Option<Timestamp>) {
        if self.told != Some(at) {
            self.told = Some(at);
            let endpoint = self.lane.endpoint.name.clone();
            self.context.handle.publish(Event::Scheduled { endpoint, at });
        }
    }
}
