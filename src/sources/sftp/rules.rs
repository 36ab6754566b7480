//! Which of a folder's entries are looked at.

use std::time::Duration;

use jiff::Timestamp;

use super::place::lossy;
use crate::model::pattern::{alternatives, matches};
use crate::model::{FeedScope, name};

/// By these ends the names of files that are still under way are known.
const UNDER_WAY: &[&str] = &[".part", ".tmp", ".filepart", "~"];

/// What a file's size and time say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// It may be taken, once it was looked at twice.
    Ripe,
    /// It was changed too short a time ago.
    Young,
    /// It was changed too long ago.
    Old,
}

/// An endpoint's rules, ready for use.
pub(super) struct Rules<'s> {
    scope: &'s FeedScope,
    /// Its patterns without braces; none for every name.
    patterns: Vec<String>,
}

impl<'s> Rules<'s> {
    pub(super) fn new(scope: &'s FeedScope) -> Self {
        let patterns = scope.patterns.iter().flat_map(|pattern| alternatives(pattern)).collect();
        Self { scope, patterns }
    }

    /// Whether a file of this name is looked at. Hidden names, and names that say that
    /// their file is still under way, only if a pattern says the same.
    pub(super) fn take_file(&self, name: &[u8]) -> bool {
        let name = lossy(name);
        let file_type = name::file_type(&name);
        let by_pattern = match reasons(&name) {
            reasons if self.patterns.is_empty() => reasons.is_empty(),
            reasons => self.patterns.iter().any(|pattern| {
                let said = self::reasons(pattern);
                reasons.iter().all(|reason| said.contains(reason)) && matches(pattern, &name)
            }),
        };
        by_pattern && self.scope.pick.takes(&name, Some(&file_type))
    }

    /// Whether a folder of this name is entered: hidden ones are not.
    pub(super) fn enter_folder(&self, name: &[u8]) -> bool {
        self.scope.include_subfolders && !name.starts_with(b".")
    }

    /// Whether a file of this size is large enough.
    pub(super) fn take_size(&self, size: u64) -> bool {
        size >= self.scope.min_bytes
    }

    /// Whether a file that was last changed at `changed`, in seconds since 1970, is of
    /// the right age.
    pub(super) fn age(&self, changed: u32, now: Timestamp) -> Age {
        let age = now.as_second() - i64::from(changed);
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        if !self.scope.min_age.is_zero() && age < seconds(self.scope.min_age) {
            Age::Young
        } else if self.scope.max_age.is_some_and(|most| age > seconds(most)) {
            Age::Old
        } else {
            Age::Ripe
        }
    }
}

/// Why a file of this name is passed over unless it is asked for.
fn reasons(name: &str) -> Vec<&'static str> {
    let lower = name.to_lowercase();
    let hidden = lower.starts_with('.').then_some(".");
    let under_way = UNDER_WAY.iter().copied().find(|end| lower.ends_with(end));
    hidden.into_iter().chain(under_way).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AfterFetch, Pick};

    fn scope(patterns: &[&str]) -> FeedScope {
        FeedScope {
            directory: ".".into(),
            patterns: patterns.iter().map(|p| (*p).to_owned()).collect(),
            include_subfolders: true,
            min_bytes: 0,
            min_age: Duration::ZERO,
            max_age: None,
            settle: Duration::ZERO,
            after_fetch: AfterFetch::Leave,
            pick: Pick::default(),
        }
    }

    #[test]
    fn names_are_taken_by_patterns() {
        for (patterns, name, taken) in [
            (&[][..], "a.csv", true),
            (&[], "a", true),
            (&[], ".a.csv", false),
            (&[], "a.csv.part", false),
            (&[], "a.csv.FilePart", false),
            (&[], "a.csv~", false),
            (&[], "a.tmp", false),
            (&["*.{csv,json}"], "a.JSON", true),
            (&["*.{csv,json}"], "a.xml", false),
            (&["*"], ".a.csv", false),
            (&["*"], "a.part", false),
            (&[".a*"], ".a.csv", true),
            (&["*.part"], "a.part", true),
            (&["*.part"], ".a.part", false),
            (&["*.{part,csv}"], "a.part", true),
            (&["a.csv", "b.*"], "b.csv", true),
        ] {
            let scope = scope(patterns);
            let found = Rules::new(&scope).take_file(name.as_bytes());
            assert_eq!(found, taken, "{patterns:?} {name}");
        }
    }

    #[test]
    fn names_are_left_out_by_type_and_exclusion() {
        let pick = Pick {
            file_types: vec!["csv".into()],
            exclude_patterns: vec!["*_old.*".into()],
            max_fetch_bytes: None,
        };
        let scope = FeedScope { pick, ..scope(&[]) };
        let rules = Rules::new(&scope);
        for (name, taken) in [("a.csv", true), ("a.json", false), ("a_old.csv", false)] {
            assert_eq!(rules.take_file(name.as_bytes()), taken, "{name}");
        }
        assert!(rules.take_file(b"M\xfcller.csv"), "names in other encodings are names");
    }

    #[test]
    fn ages_go_by_this_machines_clock() {
        let hour = Duration::from_secs(3_600);
        let scope = FeedScope { min_age: hour, max_age: Some(2 * hour), ..scope(&[]) };
        let rules = Rules::new(&scope);
        let now = Timestamp::from_second(1_000_000).unwrap();
        for (ago, age) in [
            (-60, Age::Young),
            (0, Age::Young),
            (3_599, Age::Young),
            (3_600, Age::Ripe),
            (7_200, Age::Ripe),
            (7_201, Age::Old),
        ] {
            assert_eq!(rules.age((1_000_000 - ago) as u32, now), age, "{ago}");
        }
        // Nobody asked for an age: a clock that is ahead over there does no harm.
        let any = self::scope(&[]);
        assert_eq!(Rules::new(&any).age(2_000_000, now), Age::Ripe);
    }
}
