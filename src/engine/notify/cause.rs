//! From what the books say to causes: one incident for each at an endpoint.

use jiff::{SignedDuration, Timestamp};

use crate::ledger::{Alike, Found, Trouble};
use crate::model::{FailureClass, Outcome};

/// The names of causes. They are booked and sent: scripts may read them.
pub(super) mod name {
    pub const UNREACHABLE: &str = "unreachable";
    pub const SIGN_IN: &str = "sign_in";
    pub const HOST_KEY: &str = "host_key";
    pub const NOT_ALLOWED: &str = "not_allowed";
    pub const UNEXPECTED: &str = "unexpected";
    pub const FULL: &str = "full";
    pub const LOCAL: &str = "local";
    pub const CONFIGURATION: &str = "configuration";
    pub const DEFECT: &str = "defect";
    pub const HELD: &str = "held";
    pub const IN_DOUBT: &str = "in_doubt";
    pub const QUARANTINED: &str = "quarantined";
    pub const EXPIRED: &str = "expired";
    pub const REFUSED: &str = "refused";
    pub const NEEDS_YOU: &str = "needs_you";
    pub const QUIET: &str = "quiet";
    pub const BACKUP: &str = "backup";
}

/// Everything that does not work at an endpoint, each cause once.
pub(super) fn causes(
    trouble: &Trouble,
    refused: u64,
    quiet_days: Option<u32>,
    now: Timestamp,
) -> Vec<Found> {
    let mut all = Vec::new();
    let waiting: Vec<Found> = trouble.items.iter().filter_map(of_items).collect();
    let for_a_person = refused > 0 || waiting.iter().any(|found| found.begins);
    if let Some(run) = of_run(trouble, for_a_person) {
        join(&mut all, run);
    }
    for found in waiting {
        join(&mut all, found);
    }
    if refused > 0 {
        let words = format!("{refused} files of which nothing was taken in");
        join(&mut all, Found { files: refused, ..begins(name::REFUSED, words) });
    }
    if let Some(quiet) = quiet_days.and_then(|days| quiet(trouble, days, now)) {
        join(&mut all, quiet);
    }
    all
}

/// One cause twice is one: the run's words, and the files' count.
fn join(all: &mut Vec<Found>, found: Found) {
    let Some(known) = all.iter_mut().find(|known| known.cause == found.cause) else {
        all.push(found);
        return;
    };
    known.files += found.files;
    known.begins |= found.begins;
    known.may_pass &= found.may_pass;
}

/// Why the last run did not do everything.
fn of_run(trouble: &Trouble, for_a_person: bool) -> Option<Found> {
    let words = trouble.words.clone().unwrap_or_default();
    match (trouble.outcome?, trouble.class) {
        (Outcome::Done | Outcome::NothingNew | Outcome::Missed, _) => None,
        (_, Some(class)) => {
            Some(Found { may_pass: passes(class), ..begins(of_class(class), words) })
        }
        // Its files are told of themselves.
        (Outcome::NeedsOperator, None) if for_a_person => None,
        (Outcome::NeedsOperator, None) => Some(begins(name::NEEDS_YOU, words)),
        // Of a run before the class was booked: what it was shows the next one.
        (Outcome::Partial | Outcome::Failed, None) => None,
    }
}

/// Files that do not go on. Those that are tried again by themselves begin nothing: the run
/// in which they failed did.
fn of_items(alike: &Alike) -> Option<Found> {
    let words = alike.failure.as_ref().map(ToString::to_string);
    let cause = match alike.state.as_str() {
        "retry_wait" => of_class(alike.class?),
        "held" => name::HELD,
        "in_doubt" => name::IN_DOUBT,
        "quarantined" => name::QUARANTINED,
        "expired" => name::EXPIRED,
        _ => return None,
    };
    let again = alike.state == "retry_wait";
    let words = words.unwrap_or_else(|| "they wait for a decision".to_owned());
    let found = Found { files: alike.files, ..begins(cause, words) };
    Some(Found { begins: !again, may_pass: again, ..found })
}

fn quiet(trouble: &Trouble, days: u32, now: Timestamp) -> Option<Found> {
    let since = now.duration_since(trouble.last_new_at);
    let words = || format!("nothing new since {:.0}", trouble.last_new_at);
    (since >= SignedDuration::from_hours(24 * i64::from(days)))
        .then(|| begins(name::QUIET, words()))
}

fn begins(cause: &'static str, words: String) -> Found {
    Found { cause, words, files: 0, begins: true, may_pass: false }
}

/// What is one trouble for the operator is one cause, by whatever name it shows itself: a
/// partner that is down refuses connections, then answers 503, then asks for patience.
fn of_class(class: FailureClass) -> &'static str {
    use FailureClass as C;
    match class {
        C::Network | C::Unavailable | C::Throttled => name::UNREACHABLE,
        C::SignIn => name::SIGN_IN,
        C::HostKey => name::HOST_KEY,
        C::Refused => name::NOT_ALLOWED,
        C::NotFound | C::Damaged | C::Protocol => name::UNEXPECTED,
        C::Full => name::FULL,
        C::Local => name::LOCAL,
        C::Misconfigured => name::CONFIGURATION,
        C::Doubt => name::IN_DOUBT,
        C::Cancelled | C::Bug => name::DEFECT,
    }
}

/// The cause of a class's name in the books.
pub(super) fn of_class_name(class: &str) -> &'static str {
    let class: Option<FailureClass> = serde_json::from_value(class.into()).ok();
    class.map_or(name::DEFECT, of_class)
}

fn passes(class: FailureClass) -> bool {
    use FailureClass as C;
    matches!(class, C::Network | C::Unavailable | C::Throttled | C::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Failure;

    fn now() -> Timestamp {
        "2026-03-02T06:00:00Z".parse().unwrap()
    }

    fn trouble(outcome: Outcome, class: Option<FailureClass>, items: Vec<Alike>) -> Trouble {
        let words = Some("words".to_owned());
        Trouble { outcome: Some(outcome), class, words, items, last_new_at: now() }
    }

    fn alike(state: &str, class: FailureClass, files: u64) -> Alike {
        let failure = Some(Failure::new(class, "uploading", "a.csv"));
        Alike { state: state.into(), class: Some(class), files, failure }
    }

    fn found(trouble: &Trouble) -> Vec<(&'static str, u64, bool)> {
        let found = causes(trouble, 0, None, now());
        found.iter().map(|found| (found.cause, found.files, found.begins)).collect()
    }

    #[test]
    fn a_partner_that_is_down_is_one_cause_however_it_shows() {
        use FailureClass as C;
        for class in [C::Network, C::Unavailable, C::Throttled] {
            let items =
                vec![alike("retry_wait", C::Network, 3), alike("retry_wait", C::Unavailable, 2)];
            let failed = trouble(Outcome::Failed, Some(class), items);
            assert_eq!(found(&failed), [("unreachable", 5, true)], "{class:?}");
        }
    }

    #[test]
    fn files_that_are_tried_again_keep_an_incident_open_and_begin_none() {
        let items = vec![alike("retry_wait", FailureClass::Network, 3)];
        let done = trouble(Outcome::Done, None, items);
        assert_eq!(found(&done), [("unreachable", 3, false)]);
        assert_eq!(found(&trouble(Outcome::Done, None, vec![])), []);
    }

    #[test]
    fn what_waits_for_a_person_is_told_by_what_it_is() {
        use FailureClass as C;
        let items = vec![alike("held", C::Doubt, 2), alike("in_doubt", C::Doubt, 1)];
        let needs = trouble(Outcome::NeedsOperator, None, items);
        assert_eq!(found(&needs), [("held", 2, true), ("in_doubt", 1, true)]);
        let braked = trouble(Outcome::NeedsOperator, None, vec![]);
        assert_eq!(found(&braked), [("needs_you", 0, true)]);
        let signed_out = trouble(Outcome::NeedsOperator, Some(C::SignIn), vec![]);
        assert_eq!(found(&signed_out), [("sign_in", 0, true)]);
    }

    #[test]
    fn nothing_came_for_so_many_days() {
        let quiet = |hours: i64| {
            let last = now() - SignedDuration::from_hours(hours);
            let trouble =
                Trouble { last_new_at: last, ..trouble(Outcome::NothingNew, None, vec![]) };
            causes(&trouble, 0, Some(3), now()).len()
        };
        assert_eq!((quiet(71), quiet(72)), (0, 1));
    }
}
