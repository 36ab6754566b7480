//! When an endpoint runs next, as a function of its schedule and the time.

use chrono::{Datelike as _, Timelike as _};
use croner::Cron;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::model::Schedule;

/// The first run strictly after `after`; none for manual endpoints.
///
/// Cron expressions mean the wall clock of their time zone. A time of day that a
/// clock change leaves out is run as much later; one that comes twice is run once, at
/// the first. An expression for every hour is a rhythm and no time of day: it goes on
/// through the hour that comes twice, and the hour that is left out has no runs.
pub(super) fn next_after(schedule: &Schedule, after: Timestamp) -> Option<Timestamp> {
    match schedule {
        Schedule::Manual => None,
        Schedule::Interval { minutes } => {
            after.checked_add(SignedDuration::from_mins(i64::from(*minutes))).ok()
        }
        Schedule::Cron { cron: expression, timezone } => {
            let zone = match timezone {
                Some(name) => TimeZone::get(name).ok()?,
                None => TimeZone::system(),
            };
            let cron: Cron = expression.parse().ok()?;
            match is_rhythm(expression) {
                true => by_rhythm(&cron, &zone, after),
                false => by_time_of_day(&cron, &zone, after),
            }
        }
    }
}

/// The longest time that a clock change ever left out.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Whether the expression names every hour.
fn is_rhythm(expression: &str) -> bool {
    let hours = expression.split_whitespace().nth(1);
    matches!(hours, Some("*" | "*/1" | "0-23")) || expression.eq_ignore_ascii_case("@hourly")
}

/// The earliest instant after `after` that a time of day stands for.
fn by_time_of_day(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let mut wall = zone.to_datetime(after);
    // Times of day that were left out just now may still be to come: put off as much
    // as was left out, a whole day at the most.
    let changed = zone.preceding(after + SignedDuration::from_secs(1)).next();
    if changed.is_some_and(|change| after.duration_since(change.timestamp()) < A_DAY) {
        wall = wall.checked_sub(A_DAY).ok()?;
    }
    let mut earliest: Option<Timestamp> = None;
    // In an hour that comes twice the next times of day may be earlier instants, and
    // one that is put off may be passed by others.
    loop {
        let Some(next) = next_wall(cron, wall, false) else { return earliest };
        wall = next;
        let at = zone.to_timestamp(wall).ok()?;
        if at > after {
            earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
        }
        if let Some(earliest) = earliest.filter(|at| wall >= zone.to_datetime(*at)) {
            return Some(earliest);
        }
    }
}

/// Between two clock changes a wall clock is as good as time itself.
fn by_rhythm(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let (mut from, mut inclusive) = (after, false);
    loop {
        let offset = zone.to_offset(from);
        let next = offset.to_timestamp(next_wall(cron, offset.to_datetime(from), inclusive)?);
        let next = next.ok()?;
        match zone.following(from).next() {
            Some(change) if change.timestamp() <= next => {
                (from, inclusive) = (change.timestamp(), true);
            }
            _ => return Some(next),
        }
    }
}

/// The next wall time of the expression after `wall`, or from it on.
fn next_wall(cron: &Cron, wall: DateTime, inclusive: bool) -> Option<DateTime> {
    to_civil(cron.find_next_occurrence(&to_chrono(wall)?, inclusive).ok()?)
}

/// croner wants an instant; a wall clock posing as UTC has no clock changes of
/// its own, and the real zone's are dealt with on the way back.
fn to_chrono(wall: DateTime) -> Option<chrono::DateTime<chrono::Utc>> {
    let date = chrono::NaiveDate::from_ymd_opt(
        i32::from(wall.year()),
        u32::try_from(wall.month()).ok()?,
        u32::try_from(wall.day()).ok()?,
    )?;
    let time = date.and_hms_opt(
        u32::try_from(wall.hour()).ok()?,
        u32::try_from(wall.minute()).ok()?,
        u32::try_from(wall.second()).ok()?,
    )?;
    Some(time.and_utc())
}

fn to_civil(wall: chrono::DateTime<chrono::Utc>) -> Option<DateTime> {
    let small = |n: u32| i8::try_from(n).ok();
    DateTime::new(
        i16::try_from(wall.year()).ok()?,
        small(wall.month())?,
        small(wall.day())?,
        small(wall.hour())?,
        small(wall.minute())?,
        small(wall.second())?,
        0,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn cron(cron: &str, timezone: &str) -> Schedule {
        Schedule::Cron { cron: cron.into(), timezone: Some(timezone.into()) }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn runs_come_when_the_wall_clock_says() {
        let chicago = "America/Chicago";
        for (schedule, after, next) in [
            // A Friday evening: Monday at six, Central time.
            (cron("0 6 * * MON-FRI", chicago), "2026-11-20T20:00:00Z", "2026-11-23T12:00:00Z"),
            // Exactly at a run: the next one.
            (cron("0 6 * * *", chicago), "2026-11-23T12:00:00Z", "2026-11-24T12:00:00Z"),
            // 2:30 does not exist on 2026-03-08: run at 3:30 daylight time.
            (cron("30 2 * * *", chicago), "2026-03-08T07:00:00Z", "2026-03-08T08:30:00Z"),
            // 1:30 comes twice on 2026-11-01: run at the first …
            (cron("30 1 * * *", chicago), "2026-11-01T05:00:00Z", "2026-11-01T06:30:00Z"),
            // … and not at the second.
            (cron("30 1 * * *", chicago), "2026-11-01T06:30:00Z", "2026-11-02T07:30:00Z"),
            (cron("30 1 * * *", chicago), "2026-11-01T07:10:00Z", "2026-11-02T07:30:00Z"),
            // Many times of day in the hour that comes twice, seen from its second time.
            (cron("*/10 0-5 * * *", chicago), "2026-11-01T07:05:00Z", "2026-11-01T08:00:00Z"),
            // Every hour goes on through both of them …
            (cron("*/10 * * * *", chicago), "2026-11-01T06:50:00Z", "2026-11-01T07:00:00Z"),
            (cron("*/10 * * * *", chicago), "2026-11-01T07:05:00Z", "2026-11-01T07:10:00Z"),
            (cron("30 * * * *", chicago), "2026-11-01T06:30:00Z", "2026-11-01T07:30:00Z"),
            // … and has no runs in the one that is left out.
            (cron("30 * * * *", chicago), "2026-03-08T07:30:00Z", "2026-03-08T08:30:00Z"),
            (cron("@hourly", chicago), "2026-03-08T07:00:00Z", "2026-03-08T08:00:00Z"),
            // Half an hour back, at 2:00 on 2026-04-05.
            (
                cron("45 1 * * *", "Australia/Lord_Howe"),
                "2026-04-04T14:00:00Z",
                "2026-04-04T14:45:00Z",
            ),
            (
                cron("45 1 * * *", "Australia/Lord_Howe"),
                "2026-04-04T14:45:00Z",
                "2026-04-05T15:15:00Z",
            ),
            (Schedule::Interval { minutes: 5 }, "2026-11-23T12:00:00Z", "2026-11-23T12:05:00Z"),
            // An interval is elapsed time, whatever the clocks do.
            (Schedule::Interval { minutes: 120 }, "2026-03-08T07:00:00Z", "2026-03-08T09:00:00Z"),
        ] {
            let found = next_after(&schedule, at(after)).unwrap();
            assert_eq!(found, at(next), "{schedule:?} after {after}");
        }
        assert_eq!(next_after(&Schedule::Manual, Timestamp::now()), None);
    }

    const ZONES: &[&str] = &[
        "America/Chicago",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "America/St_Johns",
        "Africa/Casablanca",
        "America/Santiago",
        "Pacific/Apia",
        "UTC",
    ];

    /// Minutes, hours and days of the week of an expression, read apart from croner.
    type Fields = (&'static str, fn(i8) -> bool, fn(i8) -> bool, fn(i8) -> bool);

    const TIMES_OF_DAY: &[Fields] = &[
        ("30 2 * * *", |m| m == 30, |h| h == 2, |_| true),
        ("0 0 * * *", |m| m == 0, |h| h == 0, |_| true),
        ("0 6 * * MON-FRI", |m| m == 0, |h| h == 6, |d| d <= 5),
        ("*/20 0-4 * * *", |m| m % 20 == 0, |h| h <= 4, |_| true),
        ("15 */2 * * SUN", |m| m == 15, |h| h % 2 == 0, |d| d == 7),
    ];

    const RHYTHMS: &[Fields] = &[
        ("*/20 * * * *", |m| m % 20 == 0, |_| true, |_| true),
        ("30 * * * *", |m| m == 30, |_| true, |_| true),
        ("0 * * * SUN", |m| m == 0, |_| true, |d| d == 7),
    ];

    fn fits((_, minute, hour, day): &Fields, wall: DateTime) -> bool {
        let weekday = wall.weekday().to_monday_one_offset();
        minute(wall.minute()) && hour(wall.hour()) && day(weekday)
    }

    /// From one planned time to the next, over the year from `from` on.
    fn chain(schedule: &Schedule, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        let mut slots: Vec<Timestamp> = Vec::new();
        let mut after = from;
        while let Some(next) = next_after(schedule, after).filter(|next| *next < to) {
            assert!(next > after, "{schedule:?}: {next} after {after}");
            slots.push(next);
            after = next;
        }
        slots
    }

    #[track_caller]
    fn assert_same(found: &[Timestamp], expected: &[Timestamp], expression: &str, zone: &str) {
        let differs = found.iter().zip(expected).position(|(found, expected)| found != expected);
        let at = differs.unwrap_or(found.len().min(expected.len()));
        let (found, expected) = (found.get(at), expected.get(at));
        assert_eq!(found, expected, "{expression} in {zone}, planned time {at}");
    }

    /// Over a year and in every zone: exactly the times that stand on the wall, each
    /// once. 2011 took a whole day from Apia.
    #[test]
    fn no_time_of_day_is_lost_or_doubled_over_a_year() {
        for (zone, fields) in ZONES.iter().flat_map(|z| TIMES_OF_DAY.iter().map(move |f| (z, f))) {
            let years = if *zone == "Pacific/Apia" { 2011..=2011 } else { 2026..=2026 };
            for year in years {
                let time_zone = TimeZone::get(zone).unwrap();
                let start = |year| time_zone.to_timestamp(date(year, 1, 1).at(0, 0, 0, 0)).unwrap();
                let (from, to) = (start(year), start(year + 1));
                let mut expected = BTreeSet::new();
                let mut wall = date(year, 1, 1).at(0, 0, 0, 0);
                while wall.year() == year {
                    if fits(fields, wall) {
                        expected.insert(time_zone.to_timestamp(wall).unwrap());
                    }
                    wall = wall.checked_add(SignedDuration::from_mins(5)).unwrap();
                }
                expected.remove(&from);
                let found = chain(&cron(fields.0, zone), from, to);
                assert_same(&found, &Vec::from_iter(expected), fields.0, zone);
            }
        }
    }

    /// Every moment of real time whose wall clock fits, and no other.
    #[test]
    fn a_rhythm_goes_through_every_clock_change() {
        for (zone, fields) in ZONES.iter().flat_map(|z| RHYTHMS.iter().map(move |f| (z, f))) {
            // The one with most runs is looked at where the clocks differ most.
            if fields.0.starts_with("*/")
                && !["America/Chicago", "Australia/Lord_Howe"].contains(zone)
            {
                continue;
            }
            let time_zone = TimeZone::get(zone).unwrap();
            let (from, to) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
            let mut expected = Vec::new();
            let mut minute = from;
            while minute < to {
                if minute > from && fits(fields, time_zone.to_datetime(minute)) {
                    expected.push(minute);
                }
                minute += SignedDuration::from_mins(5);
            }
            assert_same(&chain(&cron(fields.0, zone), from, to), &expected, fields.0, zone);
        }
    }

    proptest! {
        /// Later moments have later, or the same, next runs; all of them to come.
        #[test]
        fn next_runs_are_to_come_and_in_order(
            first in 1_200_000_000i64..2_000_000_000, later in 0i64..200_000,
            zone in 0..ZONES.len(), kind in 0..(TIMES_OF_DAY.len() + RHYTHMS.len()),
        ) {
            let fields = TIMES_OF_DAY.iter().chain(RHYTHMS).nth(kind).unwrap();
            let schedule = cron(fields.0, ZONES[zone]);
            let first = Timestamp::from_second(first).unwrap();
            let second = first + SignedDuration::from_secs(later);
            let next = next_after(&schedule, first).unwrap();
            prop_assert!(next > first);
            let after = next_after(&schedule, second).unwrap();
            prop_assert!(after >= next);
            // Nothing lies between a moment and its next run.
            prop_assert!(second >= next || after == next);
        }
    }
}
