//! The nightly backup of the ledger, and how many of them stay; after it the purge.
//!
//! One a night: whoever runs all the time makes it at [`AT`], and whoever is called from
//! cron at the end of the first pass after that. A backup that fails is told, and never
//! fails anything else.

use std::path::{Path, PathBuf};

use jiff::civil::{Time, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Level;
use super::archive::blocking;
use super::context::Context;
use super::notify;
use super::purge::purge;
use crate::config::{Backups, Retention};
use crate::ledger::{self, Backup, create_private_folder};
use crate::model::Failure;

/// When, by the machine's clock and zone: before most schedules of a morning.
const AT: Time = time(3, 0, 0, 0);

/// How long after one that failed it is tried again.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);

const PREFIX: &str = "connector-";
const SUFFIX: &str = ".db";
/// UTC, so that names sort by age whatever the zone.
const FORM: &str = "%Y%m%dT%H%M%SZ";

/// Makes a backup every night until everything stops.
pub(super) async fn keep(context: std::sync::Arc<Context>) {
    let (clock, backups) = (&context.agenda.clock, &context.config.backups);
    if backups.is_none() && context.config.retention == Retention::default() {
        return;
    }
    while !context.stop.is_cancelled() {
        let now = clock.now();
        let failed = match backups {
            Some(backups) => due(&context, backups, now).await,
            None => false,
        };
        // What is purged is in the backup's books.
        if !failed {
            retain(&context, now).await;
        }
        let next = if failed { now + PAUSE } else { next_night(now, &TimeZone::system()) };
        while clock.now() < next && !context.stop.is_cancelled() {
            tokio::select! {
                () = context.stop.cancelled() => return,
                () = clock.wait(next) => {}
            }
        }
    }
}

/// Removes what has outlived the retention.
async fn retain(context: &Context, now: Timestamp) {
    let retention = context.config.retention;
    match purge(&context.ledger, &context.config.data_dir, retention, now, false).await {
        Ok(purged) if purged.files == 0 => {}
        Ok(purged) => {
            let words = format!("{} files purged that outlived the retention", purged.files);
            context.notice(Level::Info, words);
        }
        Err(failure) => context.notice(Level::Error, failure.to_string()),
    }
}

/// Makes the backup of this night, if it was not made yet, and removes what has outlived
/// the retention.
pub(super) async fn if_due(context: &Context) {
    let now = context.agenda.clock.now();
    let failed = match &context.config.backups {
        Some(backups) => due(context, backups, now).await,
        None => false,
    };
    if !failed {
        retain(context, now).await;
    }
}

/// Makes the backup if it is due; whether it is due still.
async fn due(context: &Context, backups: &Backups, now: Timestamp) -> bool {
    let (database, backups) = (context.config.database.clone(), backups.clone());
    let made = blocking(move || make_if_due(&database, &backups, now, &TimeZone::system())).await;
    match made {
        Ok(None) => false,
        Ok(Some(backup)) => {
            let path = backup.path.display();
            let words = format!("ledger backed up to {path}, up to event {}", backup.last_event);
            context.notice(Level::Info, words);
            notify::about_program(context, notify::BACKUP, None).await;
            false
        }
        Err(failure) => {
            context.notice(Level::Error, format!("no backup of the ledger: {failure}"));
            notify::about_program(context, notify::BACKUP, Some(failure.to_string())).await;
            true
        }
    }
}

fn make_if_due(
    database: &Path,
    backups: &Backups,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Option<Backup>, Failure> {
    create_private_folder(&backups.folder)?;
    let before = made(&backups.folder)?;
    // One of the future is no reason to make none: a clock was wrong.
    let newest = before.iter().map(|(at, _)| *at).filter(|at| *at <= now).max();
    if newest.is_some_and(|newest| newest >= last_night(now, zone)) {
        return Ok(None);
    }
    let name = format!("{PREFIX}{}{SUFFIX}", now.strftime(FORM));
    let backup = ledger::back_up(database, &backups.folder.join(name))?;
    // Only now: the old ones stay where a new one cannot be made.
    let mut all = made(&backups.folder)?;
    all.sort();
    for (_, old) in all.iter().take(all.len().saturating_sub(backups.keep)) {
        if *old != backup.path {
            std::fs::remove_file(old)
                .map_err(|e| Failure::io("removing the backup", old.to_string_lossy(), &e))?;
        }
    }
    Ok(Some(backup))
}

/// When the newest of ours in `folder` was made; none if there is none.
pub(super) fn newest(folder: &Path) -> Result<Option<Timestamp>, Failure> {
    if !folder.exists() {
        return Ok(None);
    }
    Ok(made(folder)?.into_iter().map(|(at, _)| at).max())
}

/// The backups of ours in `folder`; whatever else lies there is left alone.
fn made(folder: &Path) -> Result<Vec<(Timestamp, PathBuf)>, Failure> {
    let io = |e| Failure::io("looking for backups in", folder.to_string_lossy(), &e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let at = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
        let at = at.and_then(|at| jiff::civil::DateTime::strptime(FORM, at).ok());
        if let Some(at) = at.and_then(|at| at.to_zoned(TimeZone::UTC).ok()) {
            found.push((at.timestamp(), path));
        }
    }
    Ok(found)
}

/// The last time that it was [`AT`].
fn last_night(now: Timestamp, zone: &TimeZone) -> Timestamp {
    let today = now.to_zoned(zone.clone()).date();
    let at = |date: jiff::civil::Date| {
        // A day without that hour has a later one; a date at the end of time has none.
        date.to_datetime(AT).to_zoned(zone.clone()).map_or(now, |at| at.timestamp())
    };
    let (today, yesterday) = (at(today), today.yesterday().map_or(now, at));
    if today <= now { today } else { yesterday }
}

/// The next time that it is [`AT`].
fn next_night(now: Timestamp, zone: &TimeZone) -> Timestamp {
    let next = last_night(now, zone) + SignedDuration::from_hours(24);
    // Days of 23 and 25 hours: a look too early or an hour late does no harm.
    if next > now { next } else { now + SignedDuration::from_hours(1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    fn utc(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_night_ends_at_three_by_the_clock_on_the_wall() {
        for (now, last, next) in [
            ("2026-01-10T01:59:59Z", "2026-01-09T02:00:00Z", "2026-01-10T02:00:00Z"),
            ("2026-01-10T02:00:00Z", "2026-01-10T02:00:00Z", "2026-01-11T02:00:00Z"),
            ("2026-07-10T12:00:00Z", "2026-07-10T01:00:00Z", "2026-07-11T01:00:00Z"),
            // The nights in which the clocks are set.
            ("2026-03-29T00:30:00Z", "2026-03-28T02:00:00Z", "2026-03-29T02:00:00Z"),
            ("2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"),
        ] {
            let now = utc(now);
            assert_eq!(last_night(now, &zone()), utc(last), "{now}");
            assert_eq!(next_night(now, &zone()), utc(next), "{now}");
        }
    }

    #[test]
    fn there_is_one_a_night_and_so_many_stay() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("connector.db");
        let _ledger = Ledger::open(&database, "test").unwrap();
        let backups = Backups { folder: folder.path().join("backups"), keep: 2 };
        let names = || {
            let mut names: Vec<String> = std::fs::read_dir(&backups.folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        let make = |now| make_if_due(&database, &backups, utc(now), &zone()).unwrap().is_some();
        assert!(make("2026-01-09T12:00:00Z"), "the first one at once");
        assert!(!make("2026-01-10T01:59:00Z"));
        // A stranger's file is nobody's backup, and stays.
        std::fs::write(backups.folder.join("connector-mine.db"), "").unwrap();
        assert!(make("2026-01-10T02:00:00Z"));
        assert!(!make("2026-01-10T23:00:00Z"));
        assert!(make("2026-01-12T09:00:00Z"), "a night was slept through");
        let kept = ["connector-20260110T020000Z.db", "connector-20260112T090000Z.db"];
        assert_eq!(names(), [&kept[..], &["connector-mine.db"]].concat());
        // The clock was wrong for a while: a backup is made all the same.
        assert!(make("2026-01-11T02:00:00Z"));
    }

    #[test]
    fn where_none_can_be_made_the_old_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let backups = Backups { folder: folder.path().into(), keep: 1 };
        let old = folder.path().join("connector-20260110T020000Z.db");
        std::fs::write(&old, "").unwrap();
        let missing = folder.path().join("connector.db");
        make_if_due(&missing, &backups, utc("2026-01-12T09:00:00Z"), &zone()).unwrap_err();
        assert!(old.exists());
    }
}
