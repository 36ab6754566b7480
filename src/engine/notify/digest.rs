//! When a digest is due: once a day, at the first look after its time.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Level, channel, words};
use crate::config::DigestTime;
use crate::engine::context::Context;
use crate::model::Failure;

/// Makes the digest if it is due, and returns when the next one is; none: never.
pub(super) async fn if_due(context: &Context, now: Timestamp) -> Option<Timestamp> {
    let time = context.notifier.settings.digest.as_ref()?;
    if let Err(failure) = make(context, time, now).await {
        context.notice(Level::Error, failure.to_string());
    }
    Some(next(time, now))
}

async fn make(context: &Context, time: &DigestTime, now: Timestamp) -> Result<(), Failure> {
    if context.ledger.last_digest(now).await? >= last(time, now) {
        return Ok(());
    }
    let secrets = channel::secrets(&context.config);
    let write = move |period: &_| words::of_period(period, now, &secrets);
    context.ledger.digest(now, context.notifier.routes(), write).await
}

fn zone(time: &DigestTime) -> TimeZone {
    let named = time.timezone.as_deref().and_then(|name| TimeZone::get(name).ok());
    named.unwrap_or_else(TimeZone::system)
}

/// The last time that it was that time of day.
fn last(time: &DigestTime, now: Timestamp) -> Timestamp {
    let zone = zone(time);
    let today = now.to_zoned(zone.clone()).date();
    let at = |date: jiff::civil::Date| {
        // A day without that hour has a later one; a date at the end of time has none.
        date.to_datetime(time.at).to_zoned(zone.clone()).map_or(now, |at| at.timestamp())
    };
    let (today, yesterday) = (at(today), today.yesterday().map_or(now, at));
    if today <= now { today } else { yesterday }
}

/// The next time that it is that time of day; a look an hour too early does no harm.
fn next(time: &DigestTime, now: Timestamp) -> Timestamp {
    let next = last(time, now) + SignedDuration::from_hours(24);
    if next > now { next } else { now + SignedDuration::from_hours(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_the_time_on_the_wall_there() {
        let time = DigestTime {
            at: jiff::civil::time(7, 0, 0, 0),
            timezone: Some("America/Chicago".into()),
        };
        for (now, expected) in [
            ("2026-01-10T12:59:59Z", "2026-01-09T13:00:00Z"),
            ("2026-01-10T13:00:00Z", "2026-01-10T13:00:00Z"),
            ("2026-07-10T12:30:00Z", "2026-07-10T12:00:00Z"),
            // The night in which the clocks are set.
            ("2026-03-08T12:00:00Z", "2026-03-08T12:00:00Z"),
        ] {
            let now: Timestamp = now.parse().unwrap();
            assert_eq!(last(&time, now), expected.parse().unwrap(), "{now}");
            assert!(next(&time, now) > now);
        }
    }
}
