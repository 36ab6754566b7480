//! Another configuration, on the same books: what runs comes to rest, and the engine
//! begins anew within the same process. The ledger's lock is never let go of, and whoever
//! has a handle keeps it.

use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::{Accounts, Clock, Engine, Schedules, open};
use crate::config::Config;
use crate::ledger::Ledger;
use crate::model::{Failure, FailureClass};

/// What stays while a configuration comes and goes.
#[derive(Clone)]
pub(super) struct Books {
    pub(super) ledger: Arc<Ledger>,
    pub(super) schedules: Schedules,
    pub(super) clock: Arc<dyn Clock>,
}

impl Books {
    fn of(context: &Context) -> Self {
        let (ledger, clock) = (context.ledger.clone(), context.agenda.clock.clone());
        Self { ledger, schedules: context.schedules, clock }
    }
}

impl Engine {
    /// Lets what runs come to its end for as long as `grace`, then brings the rest to a
    /// safe point, and waits until nothing runs any more: however long, since it is to go
    /// on here. Commands wait from then on. Nothing is lost if it is dropped before its
    /// end.
    pub async fn rest(&self, grace: Duration) {
        // What begins in that very moment comes to a safe point like all the rest.
        let _ = tokio::time::timeout(grace, self.context.claims.idle()).await;
        self.context.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Goes on with another `config` after [`Engine::rest`]: with the same books, which
    /// are never let go of, and for the same handles. Where that cannot begin, it goes on
    /// as before, and says why not.
    ///
    /// # Errors
    /// If it cannot go on as before either.
    pub async fn restart(self, config: Config) -> Result<(Self, Result<(), Failure>), Failure> {
        self.context.stop.cancel();
        self.leave().await;
        let Self { context, handle, serving, events, .. } = self;
        let requests = serving
            .await
            .map_err(|e| Failure::new(FailureClass::Bug, "taking commands over", "").said(e))?;
        let (books, before) = (Books::of(&context), context.config.clone());
        // Its tables and sessions are closed before they are opened anew.
        drop(context);
        let opened = open(config, books.clone(), handle.clone(), &mut Accounts::default()).await;
        let (context, taken) = match opened {
            Ok(context) => (context, Ok(())),
            Err(failure) => {
                (open(before, books, handle, &mut Accounts::default()).await?, Err(failure))
            }
        };
        Ok((Self::at_work(context, requests, events), taken))
    }
}
