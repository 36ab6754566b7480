//! From a reply's body into the sink.

use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use tokio_util::sync::CancellationToken;

use crate::model::{Failure, FailureClass, Retry, Shown};
use crate::sources::ContentSink;
use crate::transport::http::{chunk, or_cancelled, place};

pub(super) const FETCHING: &str = "fetching";

/// How often one fetch goes on after its content broke off.
pub(super) const MAX_BREAKS: u32 = 4;

/// How pouring ended before the end of the content.
#[derive(Debug)]
pub(super) enum Broken {
    /// The other side or the network stopped.
    Cut(Failure),
    /// We stop: the sink failed, the content is wrong, or the operator said so.
    Stop(Failure),
}

/// Writes a body into the sink, up to `end` if that is known; `at` is how far it came.
pub(super) async fn pour(
    object: &str,
    mut reply: Response,
    end: Option<u64>,
    at: &mut u64,
    sink: &mut dyn ContentSink,
    cancel: &CancellationToken,
) -> Result<(), Broken> {
    let place = place(reply.url());
    loop {
        let next = or_cancelled(cancel, FETCHING, object, chunk(FETCHING, &mut reply)).await;
        let bytes = match next {
            Ok(Some(bytes)) => bytes,
            Ok(None) => break,
            Err(failure) if failure.class == FailureClass::Cancelled => {
                return Err(Broken::Stop(failure));
            }
            Err(failure) => return Err(Broken::Cut(short(failure, *at, end))),
        };
        let reached = *at + bytes.len() as u64;
        if end.is_some_and(|end| reached > end) {
            return Err(Broken::Stop(
                Failure::new(FailureClass::Damaged, FETCHING, &place)
                    .said("more bytes arrived than were announced"),
            ));
        }
        // Not raced against the token: the sink's books must match its file.
        sink.write(bytes).await.map_err(Broken::Stop)?;
        *at = reached;
    }
    if end.is_some_and(|end| *at < end) {
        let failure =
            Failure::new(FailureClass::Damaged, FETCHING, &place).said("the content ended");
        return Err(Broken::Cut(short(failure, *at, end)));
    }
    Ok(())
}

/// Refuses content that did not come as it is.
pub(super) fn as_it_is(headers: &HeaderMap, object: &str) -> Result<(), Failure> {
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes()).unwrap_or_default();
    if encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity") {
        return Ok(());
    }
    Err(Failure::new(FailureClass::Protocol, FETCHING, object)
        .said(format!("the content is encoded: {}", Shown::from_bytes(encoding)))
        .advice("it was asked for as it is; delivering it encoded would be no use")
        .retry(Retry::Never))
}

/// Adds how much arrived.
fn short(failure: Failure, at: u64, end: Option<u64>) -> Failure {
    let end = end.map_or_else(|| "an unknown number of".to_owned(), |end| end.to_string());
    let said = failure.said.as_ref().map(Shown::to_string).unwrap_or_default();
    failure.said(format!("{said} ({at} of {end} bytes arrived)"))
}
