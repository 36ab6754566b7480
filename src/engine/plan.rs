//! What a schedule says of now: to wait, to run, or to make up for what was missed.
//! Pure: the time and the chance come from outside.

use jiff::{SignedDuration, Timestamp};

use super::schedule::next_after;
use crate::ledger::Missed;
use crate::model::Schedule;

/// A run that begins this late is not missed: the clock is looked at once a minute,
/// and a restart takes a moment.
const GRACE: SignedDuration = SignedDuration::from_mins(2);

/// A plan older than this says nothing of today (a clock that was wrong, a ledger put
/// back, a machine out of use): what was missed is booked, and not made up for.
const HORIZON: SignedDuration = SignedDuration::from_hours(31 * 24);

/// Missed runs of a cron expression that are counted one by one.
const MOST_COUNTED: u64 = 1000;

/// Where nothing else is configured, runs by interval begin up to so much later, and
/// never more than a tenth of the interval, so that many do not begin together.
const USUAL_JITTER: SignedDuration = SignedDuration::from_secs(30);

/// A schedule, and by how much its starts may be spread.
#[derive(Clone, Debug)]
pub(super) struct Timetable {
    schedule: Schedule,
    jitter: Option<SignedDuration>,
}

/// What a planned time means now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// There is none, or it cannot be this schedule's: plan anew.
    Void,
    /// It is still to come.
    Ahead(Timestamp),
    /// It has just come.
    Due,
    /// It went by, perhaps with others after it.
    Missed(Gap),
}

/// Planned times that went by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The first of them.
    pub(super) first: Timestamp,
    /// The last of them that was counted.
    pub(super) last: Timestamp,
    /// How many.
    pub(super) runs: u64,
    /// Whether there may be more than were counted.
    pub(super) more: bool,
    /// Whether one run now makes up for all of them.
    pub(super) catch_up: bool,
}

impl Timetable {
    /// The timetable of `schedule`; `jitter` in seconds, as configured.
    pub(super) fn new(schedule: Schedule, jitter: Option<u32>) -> Self {
        Self { schedule, jitter: jitter.map(|s| SignedDuration::from_secs(s.into())) }
    }

    /// The next run after `now`, put off by `share` (0 to 1) of what is allowed.
    pub(super) fn next(&self, now: Timestamp, share: f64) -> Option<Timestamp> {
        let next = next_after(&self.schedule, now)?;
        // The ledger keeps milliseconds.
        let put_off = self.most_jitter(next).as_millis() as f64 * share.clamp(0.0, 1.0);
        next.checked_add(SignedDuration::from_millis(put_off as i64)).ok()
    }

    /// By how much the run of `slot` may be put off.
    fn most_jitter(&self, slot: Timestamp) -> SignedDuration {
        match &self.schedule {
            Schedule::Manual => SignedDuration::ZERO,
            Schedule::Interval { minutes } => {
                let tenth = SignedDuration::from_secs(i64::from(*minutes) * 6);
                tenth.min(self.jitter.unwrap_or(USUAL_JITTER))
            }
            // Said to the minute, meant to the minute, unless somebody wants otherwise;
            // and never past the next one.
            Schedule::Cron { .. } => match self.jitter {
                None | Some(SignedDuration::ZERO) => SignedDuration::ZERO,
                Some(jitter) => {
                    let next = next_after(&self.schedule, slot).unwrap_or(slot);
                    jitter.min(next.duration_since(slot) / 2)
                }
            },
        }
    }

    /// What the `planned` time means at `now`.
    pub(super) fn standing(&self, planned: Option<Timestamp>, now: Timestamp) -> Standing {
        let Some(planned) = planned.filter(|_| self.schedule != Schedule::Manual) else {
            return Standing::Void;
        };
        if planned > now {
            // Planned while the clock was ahead: nobody waits for a wrong time to come.
            return match self.next(now, 1.0) {
                Some(latest) if planned <= latest => Standing::Ahead(planned),
                _ => Standing::Void,
            };
        }
        if now.duration_since(planned) <= GRACE {
            return Standing::Due;
        }
        Standing::Missed(self.gap(planned, now))
    }

    /// The planned times from `first` to `now`.
    fn gap(&self, first: Timestamp, now: Timestamp) -> Gap {
        let catch_up = now.duration_since(first) <= HORIZON;
        let mut gap = Gap { first, last: first, runs: 1, more: false, catch_up };
        if let Schedule::Interval { minutes } = &self.schedule {
            // However long it was, this costs nothing.
            let every = i64::from(*minutes) * 60;
            let further = now.duration_since(first).as_secs() / every.max(1);
            gap.runs += further.unsigned_abs();
            let later = SignedDuration::from_secs(further.saturating_mul(every));
            gap.last = first.checked_add(later).unwrap_or(now);
            return gap;
        }
        while let Some(next) = next_after(&self.schedule, gap.last).filter(|next| *next <= now) {
            if gap.runs == MOST_COUNTED {
                gap.more = true;
                break;
            }
            gap.runs += 1;
            gap.last = next;
        }
        gap
    }
}

impl Gap {
    /// For the books and for people; `why` is why nobody was there.
    pub(super) fn missed(&self, why: &str) -> Missed {
        let Self { first, last, runs, more, .. } = self;
        let words = match (runs, more) {
            (1, _) => format!("the run planned for {first:.0} was missed: {why}"),
            (_, false) => {
                format!("{runs} runs planned from {first:.0} to {last:.0} were missed: {why}")
            }
            (_, true) => {
                format!("more than {runs} runs, planned from {first:.0} on, were missed: {why}")
            }
        };
        Missed { first: *first, last: *last, runs: *runs, words }
    }
}

/// A chance for [`Timetable::next`].
pub(super) fn chance() -> f64 {
    rand::random_range(0.0..=1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn every(minutes: u32) -> Timetable {
        Timetable::new(Schedule::Interval { minutes }, None)
    }

    fn cron(cron: &str, jitter: Option<u32>) -> Timetable {
        let timezone = Some("America/Chicago".into());
        Timetable::new(Schedule::Cron { cron: cron.into(), timezone }, jitter)
    }

    fn seconds(duration: SignedDuration) -> i64 {
        duration.as_secs()
    }

    #[test]
    fn starts_are_spread_within_bounds() {
        let slot = at("2026-05-04T11:00:00Z");
        for (timetable, most) in [
            (every(1), 6),
            (every(5), 30),
            (every(60), 30),
            (Timetable::new(Schedule::Interval { minutes: 60 }, Some(600)), 360),
            (Timetable::new(Schedule::Interval { minutes: 60 }, Some(7)), 7),
            (Timetable::new(Schedule::Interval { minutes: 60 }, Some(0)), 0),
            (cron("0 6 * * *", None), 0),
            (cron("0 6 * * *", Some(0)), 0),
            (cron("0 6 * * *", Some(90)), 90),
            // Never past the next one.
            (cron("* * * * *", Some(90)), 30),
        ] {
            assert_eq!(seconds(timetable.most_jitter(slot)), most, "{timetable:?}");
        }
        let (first, last) = (every(5).next(slot, 0.0), every(5).next(slot, 1.0));
        assert_eq!(first, Some(at("2026-05-04T11:05:00Z")));
        assert_eq!(last, Some(at("2026-05-04T11:05:30Z")));
        assert_eq!(Timetable::new(Schedule::Manual, Some(9)).next(slot, 1.0), None);
    }

    #[test]
    fn a_planned_time_means_one_of_four_things() {
        let daily = cron("0 6 * * *", None);
        let six = at("2026-05-04T11:00:00Z");
        let gap = |runs, last: &str, catch_up| {
            Standing::Missed(Gap { first: six, last: at(last), runs, more: false, catch_up })
        };
        for (now, standing) in [
            ("2026-05-03T20:00:00Z", Standing::Ahead(six)),
            ("2026-05-04T10:59:59.999Z", Standing::Ahead(six)),
            ("2026-05-04T11:00:00Z", Standing::Due),
            ("2026-05-04T11:02:00Z", Standing::Due),
            ("2026-05-04T11:02:01Z", gap(1, "2026-05-04T11:00:00Z", true)),
            ("2026-05-05T10:59:59Z", gap(1, "2026-05-04T11:00:00Z", true)),
            ("2026-05-05T11:00:00Z", gap(2, "2026-05-05T11:00:00Z", true)),
            ("2026-06-04T10:00:00Z", gap(31, "2026-06-03T11:00:00Z", true)),
            // Too long ago to be made up for.
            ("2026-06-05T10:00:00Z", gap(32, "2026-06-04T11:00:00Z", false)),
            // The clock was a day ahead when this was planned.
            ("2026-05-02T20:00:00Z", Standing::Void),
        ] {
            assert_eq!(daily.standing(Some(six), at(now)), standing, "at {now}");
        }
        assert_eq!(daily.standing(None, six), Standing::Void);
        let manual = Timetable::new(Schedule::Manual, None);
        assert_eq!(manual.standing(Some(six), six), Standing::Void);
    }

    #[test]
    fn an_interval_s_gap_is_counted_in_intervals() {
        let planned = at("2026-05-04T11:00:20Z");
        let Standing::Missed(gap) = every(5).standing(Some(planned), at("2026-05-04T14:01:00Z"))
        else {
            panic!("nothing missed")
        };
        assert_eq!((gap.runs, gap.last), (37, at("2026-05-04T14:00:20Z")));
        let words = gap.missed("the program did not run").words;
        assert_eq!(
            words,
            "37 runs planned from 2026-05-04T11:00:20Z to 2026-05-04T14:00:20Z were missed: \
             the program did not run"
        );
    }

    #[test]
    fn a_long_gap_of_many_runs_is_not_counted_to_its_end() {
        let planned = at("2026-05-01T11:00:00Z");
        let gap = cron("* * * * *", None).gap(planned, at("2026-05-04T11:00:00Z"));
        assert_eq!((gap.runs, gap.more), (MOST_COUNTED, true));
        assert!(gap.missed("x").words.starts_with("more than 1000 runs"));
    }

    proptest! {
        /// Whatever was planned by a schedule is ahead until it comes, and then due.
        #[test]
        fn a_plan_holds_until_its_time(
            minutes in 1u32..600, jitter in proptest::option::of(0u32..3600),
            share in 0.0f64..=1.0, now in 1_700_000_000i64..1_800_000_000, part in 0.0f64..1.0,
            kind in 0usize..4,
        ) {
            let timetable = match kind {
                0 => Timetable::new(Schedule::Interval { minutes }, jitter),
                1 => cron("0 6 * * MON-FRI", jitter),
                2 => cron("*/10 * * * *", jitter),
                _ => cron("30 1,2 * * *", jitter),
            };
            let now = Timestamp::from_second(now).unwrap();
            let planned = timetable.next(now, share).unwrap();
            prop_assert!(planned > now);
            let wait = planned.duration_since(now).as_millis() as f64;
            let between = now + SignedDuration::from_millis((wait * part) as i64);
            if between < planned {
                prop_assert_eq!(
                    timetable.standing(Some(planned), between), Standing::Ahead(planned)
                );
            }
            prop_assert_eq!(timetable.standing(Some(planned), planned), Standing::Due);
        }

        /// However long nobody was there: as many are missed as were planned.
        #[test]
        fn every_missed_run_is_counted_once(
            first in 1_700_000_000i64..1_800_000_000, hours in 1i64..700, kind in 0usize..3,
        ) {
            let expression = ["30 * * * *", "30 1,2,3 * * *", "0 6 * * MON-FRI"][kind];
            let timetable = cron(expression, None);
            let first = timetable.next(Timestamp::from_second(first).unwrap(), 0.0).unwrap();
            let now = first + SignedDuration::from_hours(hours);
            let Standing::Missed(gap) = timetable.standing(Some(first), now) else {
                panic!("not missed")
            };
            let mut slots = vec![first];
            while let Some(next) = timetable.next(slots[slots.len() - 1], 0.0)
                && next <= now
            {
                slots.push(next);
            }
            prop_assert_eq!(gap.runs, slots.len() as u64);
            prop_assert_eq!(Some(&gap.last), slots.last());
        }
    }
}
