//! The commands that need the engine or the ledger.

use super::{DemoArgs, Exit, Global, ListArgs, ReconcileArgs, SimArgs, SyncArgs, TestArgs};
use super::{check, print};
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
pub(super) async fn stay(global: &Global, _no_tui: bool) -> Exit {
    configured(global, "running")
}

pub(super) async fn sync(global: &Global, _args: &SyncArgs) -> Exit {
    configured(global, "syncing")
}

pub(super) async fn endpoints(global: &Global) -> Exit {
    configured(global, "listing endpoints")
}

pub(super) async fn exports(global: &Global, _args: &ListArgs) -> Exit {
    configured(global, "listing exports")
}

pub(super) async fn transfers(global: &Global, _args: &ListArgs) -> Exit {
    configured(global, "listing transfers")
}

pub(super) async fn runs(global: &Global, _args: &ListArgs) -> Exit {
    configured(global, "listing runs")
}

pub(super) async fn events(global: &Global, _args: &ListArgs) -> Exit {
    configured(global, "listing events")
}

pub(super) async fn show(global: &Global, id: Id) -> Exit {
    configured(global, &format!("showing {id}"))
}

pub(super) async fn act(global: &Global, action: Action, _ids: &[Id]) -> Exit {
    configured(global, &format!("{action:?}"))
}

pub(super) async fn reconcile(global: &Global, _args: &ReconcileArgs) -> Exit {
    configured(global, "reconciling")
}

pub(super) async fn test(global: &Global, _args: &TestArgs) -> Exit {
    configured(global, "testing")
}

/// `no_tui` may stand before or after the word `demo`.
pub(super) async fn demo(_global: &Global, _args: &DemoArgs, _no_tui: bool) -> Exit {
    not_wired("running the demo")
}

pub(super) async fn sim(_global: &Global, _args: &SimArgs) -> Exit {
    not_wired("running the stand-ins")
}

/// Every command that works needs a configuration first.
fn configured(global: &Global, doing: &str) -> Exit {
    match check::load(global) {
        Ok(_config) => not_wired(doing),
        Err(exit) => exit,
    }
}

/// The one place that says that the engine is not connected to the command line.
fn not_wired(doing: &str) -> Exit {
    print::failure(&Failure::new(FailureClass::Bug, doing, "").said("engine not wired yet"))
}
