//! Signing in where a person and a browser are needed, one sign-in an endpoint.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::{Event, Reply};
use crate::model::{Failure, FailureClass};
use crate::sources::Source;

/// The sign-ins that wait for a browser, by their endpoint.
#[derive(Debug, Default)]
pub(super) struct SignIns(Mutex<HashMap<String, CancellationToken>>);

impl SignIns {
    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Signs in for `endpoint`: tells everybody the address, and waits for the browser.
pub(super) async fn sign_in(context: &Context, endpoint: &str) -> Result<Reply, Failure> {
    let names = [endpoint.to_owned()];
    let lane = context.lanes_called(&names)?.into_iter().next().ok_or_else(|| no_need(endpoint))?;
    let Source::Register(source) = &lane.source else { return Err(no_need(endpoint)) };
    // The port that the browser comes to is taken from here on: a second sign-in of the
    // account is refused.
    let pending = source.begin_sign_in()?.ok_or_else(|| no_need(endpoint))?;
    let cancel = context.stop.child_token();
    context.sign_ins.waiting().insert(endpoint.to_owned(), cancel.clone());
    let tell = |url: Option<&str>| {
        let (endpoint, url) = (endpoint.to_owned(), url.map(str::to_owned));
        context.handle.publish(Event::SignIn { endpoint, url });
    };
    tell(Some(pending.url()));
    tracing::info!(endpoint, "waiting for a person to sign in with a browser");
    let signed_in = pending.wait(&cancel).await;
    tell(None);
    context.sign_ins.waiting().remove(endpoint);
    let identity = signed_in?.identity;
    tracing::info!(endpoint, %identity, "signed in");
    lane.changed.notify_one();
    Ok(Reply::SignedIn { endpoint: endpoint.to_owned(), identity })
}

/// Gives a sign-in up that waits for the browser; the one who asked for it hears it.
pub(super) fn cancel(context: &Context, endpoint: &str) -> Reply {
    match context.sign_ins.waiting().get(endpoint) {
        Some(waiting) => {
            waiting.cancel();
            Reply::Done
        }
        None => Reply::Failed(
            Failure::new(FailureClass::NotFound, "giving up the sign-in of", endpoint)
                .said("none is waiting"),
        ),
    }
}

fn no_need(endpoint: &str) -> Failure {
    Failure::new(FailureClass::Misconfigured, "signing in for", endpoint)
        .said("its account signs in by itself: there is nothing for a person to do")
}
