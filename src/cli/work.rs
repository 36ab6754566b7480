//! The commands that need the engine or the ledger.

use super::{DemoArgs, Exit, Global, ListArgs, ReconcileArgs, SimArgs, SyncArgs, TestArgs, print};
use crate::model::{Failure, FailureClass, Id};

/// What an operator does to exports and deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Retry,
    Hold,
    Release,
    SendAgain,
    Fetch,
    Cancel,
}

/// The console, or headless where there is no terminal or none is wanted.
pub(super) async fn stay(_global: &Global, _no_tui: bool) -> Exit {
    not_wired("running")
}

pub(super) async fn sync(_global: &Global, _args: &SyncArgs) -> Exit {
    not_wired("syncing")
}

pub(super) async fn endpoints(_global: &Global) -> Exit {
    not_wired("listing endpoints")
}

pub(super) async fn exports(_global: &Global, _args: &ListArgs) -> Exit {
    not_wired("listing exports")
}

pub(super) async fn transfers(_global: &Global, _args: &ListArgs) -> Exit {
    not_wired("listing transfers")
}

pub(super) async fn runs(_global: &Global, _args: &ListArgs) -> Exit {
    not_wired("listing runs")
}

pub(super) async fn events(_global: &Global, _args: &ListArgs) -> Exit {
    not_wired("listing events")
}

pub(super) async fn show(_global: &Global, id: Id) -> Exit {
    not_wired(&format!("showing {id}"))
}

pub(super) async fn act(_global: &Global, action: Action, _ids: &[Id]) -> Exit {
    not_wired(&format!("{action:?}"))
}

pub(super) async fn reconcile(_global: &Global, _args: &ReconcileArgs) -> Exit {
    not_wired("reconciling")
}

pub(super) async fn test(_global: &Global, _args: &TestArgs) -> Exit {
    not_wired("testing")
}

/// `no_tui` may stand before or after the word `demo`.
pub(super) async fn demo(_global: &Global, _args: &DemoArgs, _no_tui: bool) -> Exit {
    not_wired("running the demo")
}

pub(super) async fn sim(_global: &Global, _args: &SimArgs) -> Exit {
    not_wired("running the stand-ins")
}

/// The one place that says that the engine is not connected to the command line.
fn not_wired(doing: &str) -> Exit {
    print::failure(&Failure::new(FailureClass::Bug, doing, "").said("engine not wired yet"))
}
