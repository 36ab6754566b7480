//! How many bytes a second may travel, and when.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

/// A limit in bytes a second by the time of day; none at all by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bandwidth {
    /// Entries in no order; each holds until the next one begins.
    pub changes: Vec<LimitChange>,
    /// The time zone of their times; the machine's if none is named.
    pub timezone: Option<String>,
}

/// From a time of the week, or of each day, on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitChange {
    /// Its day; every day if none is named.
    pub weekday: Option<Weekday>,
    /// Minutes since midnight.
    pub minute: u16,
    /// Bytes a second; no limit if there is none.
    pub limit: Option<u64>,
}

const DAY: u32 = 24 * 60;

impl Bandwidth {
    /// The same limit at all times.
    pub fn always(limit: u64) -> Self {
        let change = LimitChange { weekday: None, minute: 0, limit: Some(limit) };
        Self { changes: vec![change], timezone: None }
    }

    /// Whether there is a limit at any time.
    pub fn is_limited(&self) -> bool {
        self.changes.iter().any(|change| change.limit.is_some())
    }

    /// The limit at this moment, in bytes a second.
    pub fn at(&self, now: Timestamp) -> Option<u64> {
        let zone = self.timezone.as_deref().and_then(|name| TimeZone::get(name).ok());
        let now = now.to_zoned(zone.unwrap_or_else(TimeZone::system));
        let minute =
            u32::from(now.hour().unsigned_abs()) * 60 + u32::from(now.minute().unsigned_abs());
        // The one that began last, however long ago; a day's own before every day's.
        let ago =
            |change: &&LimitChange| (change.ago(now.weekday(), minute), change.weekday.is_none());
        self.changes.iter().min_by_key(ago).and_then(|change| change.limit)
    }
}

impl LimitChange {
    /// How many minutes before this one of the week it began last.
    fn ago(&self, weekday: Weekday, minute: u32) -> u32 {
        let on_that_day = minute + DAY - u32::from(self.minute);
        match self.weekday {
            None => on_that_day % DAY,
            Some(day) => {
                let days = u32::from(day.until(weekday).unsigned_abs());
                (days * DAY + on_that_day + 6 * DAY) % (7 * DAY)
            }
        }
    }
}

/// A limit as it is written in the configuration: `512k`.
pub fn limit_words(limit: u64) -> String {
    for (unit, letter) in [(1 << 30, 'G'), (1 << 20, 'M'), (1 << 10, 'k')] {
        if limit >= unit {
            let tenths = limit * 10 / unit;
            return match tenths % 10 {
                0 => format!("{}{letter}", tenths / 10),
                tenth => format!("{}.{tenth}{letter}", tenths / 10),
            };
        }
    }
    format!("{limit}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(weekday: Option<Weekday>, hour: u16, limit: Option<u64>) -> LimitChange {
        LimitChange { weekday, minute: hour * 60, limit }
    }

    #[track_caller]
    fn assert_limits(bandwidth: &Bandwidth, expected: &[(&str, Option<u64>)]) {
        for (at, limit) in expected {
            assert_eq!(bandwidth.at(at.parse().unwrap()), *limit, "{at}");
        }
    }

    #[test]
    fn a_limit_holds_until_the_next_one_also_over_midnight() {
        let changes =
            vec![change(None, 19, None), change(None, 8, Some(512)), change(None, 12, Some(1024))];
        let mut bandwidth = Bandwidth { changes, timezone: Some("America/Chicago".into()) };
        assert!(bandwidth.is_limited());
        // Chicago is six hours behind in winter.
        let day = [
            ("2026-01-14T13:59:59Z", None),
            ("2026-01-14T14:00:00Z", Some(512)),
            ("2026-01-14T17:59:59Z", Some(512)),
            ("2026-01-14T18:00:00Z", Some(1024)),
            ("2026-01-15T00:59:59Z", Some(1024)),
            ("2026-01-15T01:00:00Z", None),
            ("2026-01-15T06:30:00Z", None),
        ];
        assert_limits(&bandwidth, &day);
        // And five in summer: the times are those of the clock on the wall.
        assert_limits(&bandwidth, &[("2026-07-14T13:00:00Z", Some(512))]);
        bandwidth.timezone = Some("UTC".into());
        assert_limits(
            &bandwidth,
            &[("2026-07-14T07:59:00Z", None), ("2026-07-14T08:00:00Z", Some(512))],
        );
    }

    #[test]
    fn a_day_s_own_limit_holds_until_the_next_one_of_the_week() {
        let (friday, monday) = (Some(Weekday::Friday), Some(Weekday::Monday));
        let changes = vec![change(friday, 18, None), change(monday, 6, Some(7))];
        let bandwidth = Bandwidth { changes, timezone: Some("UTC".into()) };
        // 2026-01-16 is a Friday.
        let week = [
            ("2026-01-16T17:59:00Z", Some(7)),
            ("2026-01-16T18:00:00Z", None),
            ("2026-01-18T23:59:00Z", None),
            ("2026-01-19T05:59:00Z", None),
            ("2026-01-19T06:00:00Z", Some(7)),
            ("2026-01-23T00:00:00Z", Some(7)),
        ];
        assert_limits(&bandwidth, &week);
    }

    #[test]
    fn without_entries_there_is_no_limit_and_one_entry_holds_always() {
        let now = "2026-01-16T17:59:00Z".parse().unwrap();
        assert_eq!(Bandwidth::default().at(now), None);
        assert!(!Bandwidth::default().is_limited());
        assert_eq!(Bandwidth::always(9).at(now), Some(9));
    }

    #[test]
    fn limits_are_shown_as_they_are_written() {
        for (limit, words) in
            [(700, "700B"), (512 << 10, "512k"), (10 << 20, "10M"), (3 << 29, "1.5G")]
        {
            assert_eq!(limit_words(limit), words);
        }
    }
}
