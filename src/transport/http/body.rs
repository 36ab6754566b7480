//! Bodies, bounded.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;
use serde::de::DeserializeOwned;

use super::{Secrets, failure, place, unexpected};
use crate::model::{Failure, FailureClass};

/// The most that a small JSON reply may have, in bytes.
const MAX_JSON: usize = 1024 * 1024;

/// How long the body of an error reply is worth waiting for.
const EXCERPT_WAIT: Duration = Duration::from_secs(5);

/// The next bytes of a body; `None` at its end. A body that is shorter than
/// announced is a failure.
pub(crate) async fn chunk(doing: &str, reply: &mut Response) -> Result<Option<Bytes>, Failure> {
    match reply.chunk().await {
        Ok(chunk) => Ok(chunk),
        Err(error) => Err(failure::of_error(doing, &place(reply.url()), &error)),
    }
}

/// A whole body of at most `cap` bytes.
pub(crate) async fn bytes(
    doing: &str,
    mut reply: Response,
    cap: usize,
) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(bytes) = chunk(doing, &mut reply).await? {
        if body.len() + bytes.len() > cap {
            return Err(too_long(doing, &place(reply.url()), cap));
        }
        body.extend_from_slice(&bytes);
    }
    Ok(body)
}

/// A small JSON reply, read whole.
pub(crate) async fn json<T: DeserializeOwned>(
    doing: &str,
    reply: Response,
    secrets: &Secrets,
) -> Result<T, Failure> {
    let place = place(reply.url());
    let body = bytes(doing, reply, MAX_JSON).await?;
    serde_json::from_slice(&body).map_err(|_| {
        unexpected(doing, &place, "the reply is not the JSON expected", &body, secrets)
    })
}

/// A reply with more bytes than it may have.
pub(super) fn too_long(doing: &str, place: &str, cap: usize) -> Failure {
    Failure::new(FailureClass::Protocol, doing, place)
        .said(format!("the reply is longer than {cap} bytes"))
}

/// The beginning of an error reply's body, as far as it comes.
pub(super) async fn excerpt(mut reply: Response, cap: usize) -> Vec<u8> {
    let mut body = Vec::new();
    let reading = async {
        while body.len() < cap {
            // The status is the news; a body that breaks off adds nothing to it.
            let Ok(Some(bytes)) = reply.chunk().await else { break };
            body.extend_from_slice(&bytes[..bytes.len().min(cap - body.len())]);
        }
    };
    let _ = tokio::time::timeout(EXCERPT_WAIT, reading).await;
    body
}
