//! When an endpoint runs next, as a function of its schedule and the time.

use chrono::{Datelike as _, Timelike as _};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::model::Schedule;

/// The first run strictly after `after`; none for manual endpoints.
///
/// Cron expressions mean the wall clock of their time zone. A time that a clock
/// change leaves out is run as much later; one that comes twice is run once, at
/// the first.
pub(super) fn next_after(schedule: &Schedule, after: Timestamp) -> Option<Timestamp> {
    match schedule {
        Schedule::Manual => None,
        Schedule::Interval { minutes } => {
            after.checked_add(SignedDuration::from_mins(i64::from(*minutes))).ok()
        }
        Schedule::Cron { cron, timezone } => {
            let zone = match timezone {
                Some(name) => TimeZone::get(name).ok()?,
                None => TimeZone::system(),
            };
            let cron: croner::Cron = cron.parse().ok()?;
            let mut wall = to_chrono(zone.to_datetime(after))?;
            // Once more if a clock change made the next wall time an earlier instant.
            for _ in 0..4 {
                wall = cron.find_next_occurrence(&wall, false).ok()?;
                let next = zone.to_timestamp(to_civil(wall)?).ok()?;
                if next > after {
                    return Some(next);
                }
            }
            None
        }
    }
}

/// croner wants an instant; a wall clock posing as UTC has no clock changes of
/// its own, and the real zone's are dealt with on the way back.
fn to_chrono(wall: jiff::civil::DateTime) -> Option<chrono::DateTime<chrono::Utc>> {
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

fn to_civil(wall: chrono::DateTime<chrono::Utc>) -> Option<jiff::civil::DateTime> {
    let small = |n: u32| i8::try_from(n).ok();
    jiff::civil::DateTime::new(
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
    use super::*;

    fn cron(cron: &str, timezone: &str) -> Schedule {
        Schedule::Cron { cron: cron.into(), timezone: Some(timezone.into()) }
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
            (Schedule::Interval { minutes: 5 }, "2026-11-23T12:00:00Z", "2026-11-23T12:05:00Z"),
        ] {
            let found = next_after(&schedule, after.parse().unwrap()).unwrap();
            assert_eq!(found, next.parse::<Timestamp>().unwrap(), "{schedule:?} after {after}");
        }
        assert_eq!(next_after(&Schedule::Manual, Timestamp::now()), None);
    }
}
