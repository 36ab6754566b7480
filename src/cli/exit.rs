//! Exit codes: what scripts, cron jobs and task schedulers read.

use crate::engine;
use crate::model::{EndpointResult, Failure, FailureClass, Outcome, RunReport};

/// How the program ended. The numbers are fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, also when nothing was new.
    Done = 0,
    /// Something that should not happen.
    Unexpected = 1,
    /// The command line was wrong.
    Usage = 2,
    /// Some failed and will be tried again.
    Partial = 3,
    /// All failed.
    Failed = 4,
    /// Something waits for the operator: held, in doubt, sign in again.
    NeedsOperator = 5,
    /// Nothing was new, and `--fail-if-empty` asked to be told.
    NothingNew = 9,
    /// The configuration is invalid.
    Misconfigured = 64,
    /// Another instance holds the ledger.
    Locked = 75,
    /// The credentials or the host key were refused.
    Refused = 77,
    /// Ended by Ctrl-C (SIGINT).
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What a run means for whoever started it.
    pub fn of_run(report: &RunReport, fail_if_empty: bool) -> Self {
        match report.outcome {
            Outcome::NothingNew if fail_if_empty => Self::NothingNew,
            _ => Self::of_results(&report.endpoints),
        }
    }

    /// What endpoints' results mean for whoever asked for them.
    pub fn of_results(endpoints: &[EndpointResult]) -> Self {
        let failures = || endpoints.iter().filter_map(|e| e.failure.as_ref());
        match engine::overall(endpoints) {
            Outcome::Done | Outcome::NothingNew | Outcome::Missed => Self::Done,
            Outcome::Partial => Self::Partial,
            Outcome::Failed | Outcome::NeedsOperator
                if failures().next().is_some() && failures().all(refused) =>
            {
                Self::Refused
            }
            Outcome::Failed => Self::Failed,
            Outcome::NeedsOperator => Self::NeedsOperator,
        }
    }

    /// What a failure of the command itself means.
    pub fn of_failure(failure: &Failure) -> Self {
        match failure.class {
            FailureClass::SignIn | FailureClass::HostKey => Self::Refused,
            FailureClass::Misconfigured => Self::Misconfigured,
            FailureClass::Cancelled => Self::Interrupted,
            FailureClass::Bug | FailureClass::Local => Self::Unexpected,
            _ if failure.needs_operator() => Self::NeedsOperator,
            _ => Self::Failed,
        }
    }
}

fn refused(failure: &Failure) -> bool {
    matches!(failure.class, FailureClass::SignIn | FailureClass::HostKey)
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EndpointType, Id, Retry};

    fn run(outcome: Outcome, failures: &[FailureClass]) -> RunReport {
        let endpoint = |failure: Option<Failure>| EndpointResult {
            outcome,
            failure,
            ..EndpointResult::new("a", EndpointType::Encoura)
        };
        let mut endpoints: Vec<_> = failures
            .iter()
            .map(|class| endpoint(Some(Failure::new(*class, "listing", "here"))))
            .collect();
        if endpoints.is_empty() {
            endpoints.push(endpoint(None));
        }
        RunReport {
            run_id: Id::run(1),
            started_at: jiff::Timestamp::UNIX_EPOCH,
            ended_at: jiff::Timestamp::UNIX_EPOCH,
            outcome,
            endpoints,
        }
    }

    #[test]
    fn runs_end_with_the_codes_of_the_surface() {
        use FailureClass::{HostKey, Network, SignIn};
        for (outcome, failures, fail_if_empty, code) in [
            (Outcome::Done, &[][..], true, 0),
            (Outcome::NothingNew, &[], false, 0),
            (Outcome::NothingNew, &[], true, 9),
            (Outcome::Partial, &[SignIn], false, 3),
            (Outcome::Failed, &[Network], false, 4),
            (Outcome::Failed, &[], false, 4),
            (Outcome::Failed, &[SignIn], false, 77),
            (Outcome::NeedsOperator, &[], false, 5),
            (Outcome::NeedsOperator, &[HostKey, SignIn], false, 77),
            (Outcome::NeedsOperator, &[HostKey, Network], false, 5),
        ] {
            let exit = Exit::of_run(&run(outcome, failures), fail_if_empty);
            assert_eq!(exit.code(), code, "{outcome} {failures:?} {fail_if_empty}");
        }
    }

    #[test]
    fn failures_end_with_the_codes_of_the_surface() {
        for (class, code) in [
            (FailureClass::SignIn, 77),
            (FailureClass::HostKey, 77),
            (FailureClass::Misconfigured, 64),
            (FailureClass::Cancelled, 130),
            (FailureClass::Bug, 1),
            (FailureClass::Doubt, 5),
            (FailureClass::Network, 4),
            (FailureClass::Throttled, 4),
        ] {
            assert_eq!(Exit::of_failure(&Failure::new(class, "x", "y")).code(), code, "{class:?}");
        }
        let waits = Failure::new(FailureClass::Refused, "x", "y").retry(Retry::Never);
        assert_eq!(Exit::of_failure(&waits), Exit::NeedsOperator);
    }
}
