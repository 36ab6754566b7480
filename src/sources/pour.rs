//! From a reply's body into the sink.

use reqwest::Response;
use tokio_util::sync::CancellationToken;

use super::ContentSink;
use crate::model::{Failure, FailureClass, Shown};
use crate::transport::http::{chunk, or_cancelled};

/// What is being done, in messages.
pub(crate) const FETCHING: &str = "fetching";

/// How often one fetch goes on after its content broke off.
pub(crate) const MAX_BREAKS: u32 = 4;

/// How pouring ended before the end of the content.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The other side or the network stopped.
    Cut(Failure),
    /// We stop: the sink failed, the content is wrong, or the operator said so.
    Stop(Failure),
}

/// Writes the body of `object`, which lies at `place`, into the sink, up to `end` if
/// that is known; `at` is how far it came.
pub(crate) async fn pour(
    object: &str,
    place: &str,
    mut reply: Response,
    end: Option<u64>,
    at: &mut u64,
    sink: &mut dyn ContentSink,
    cancel: &CancellationToken,
) -> Result<(), Broken> {
    let pace = sink.pace();
    loop {
        let next = or_cancelled(cancel, FETCHING, object, chunk(FETCHING, &mut reply)).await;
        let bytes = match next {
            Ok(Some(bytes)) => bytes,
            Ok(None) => break,
            Err(failure) if failure.class == FailureClass::Cancelled => {
                return Err(Broken::Stop(failure));
            }
            Err(failure) => return Err(Broken::Cut(failure.about(place))),
        };
        let reached = *at + bytes.len() as u64;
        if end.is_some_and(|end| reached > end) {
            return Err(Broken::Stop(
                Failure::new(FailureClass::Damaged, FETCHING, place)
                    .said("more bytes arrived than were announced"),
            ));
        }
        // What is not read is not sent: the connection's window is full soon.
        let may_come = async {
            pace.take(bytes.len() as u64).await;
            Ok(())
        };
        let may_come = or_cancelled(cancel, FETCHING, object, may_come).await;
        may_come.map_err(Broken::Stop)?;
        // Not raced against the token: the sink's books must match its file.
        sink.write(bytes).await.map_err(Broken::Stop)?;
        *at = reached;
    }
    if end.is_some_and(|end| *at < end) {
        return Err(Broken::Cut(
            Failure::new(FailureClass::Damaged, FETCHING, place).said("the content ended"),
        ));
    }
    Ok(())
}

/// Adds how much arrived.
pub(crate) fn short(failure: Failure, at: u64, total: Option<u64>) -> Failure {
    let total = total.map_or_else(|| "an unknown number of".to_owned(), |total| total.to_string());
    let said = failure.said.as_ref().map(Shown::to_string).unwrap_or_default();
    failure.said(format!("{said} ({at} of {total} bytes arrived)"))
}
