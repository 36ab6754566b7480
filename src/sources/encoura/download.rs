//! One export's content.
//!
//! The URL is asked for immediately before its GET and is a secret: it is never
//! shown with its query. The GET carries none of the API's headers.

use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderMap, HeaderValue, IF_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};
use url::Url;

use super::{ContentSink, Encoura};
use crate::model::{Failure, FailureClass, Shown};
use crate::sources::Resume;
use crate::sources::content::{self, Content};
use crate::transport::http::{
    self, SendFailure, chunk, or_cancelled, pause, place, refusal, retrying, unexpected,
};

const ASKING: &str = "asking for the download of";
const FETCHING: &str = "fetching";

/// How often one fetch goes on after its content broke off.
const MAX_BREAKS: u32 = 4;

/// What can come of one GET, beside a failure that trying again cannot mend.
enum Opened {
    /// Content, from some offset on.
    Content(Response, Content),
    /// The URL has expired or is not good (any more).
    Expired(Failure),
    /// What is here cannot be continued: begin anew.
    Anew,
    /// Trying again may help.
    Passing(Failure),
}

/// How pouring the content into the sink ended before its end.
enum Broken {
    /// The other side or the network stopped.
    Cut(Failure),
    /// We stop: the sink failed, or the operator said so.
    Stop(Failure),
}

impl Encoura {
    /// Fetches the content of `uid` into `sink`.
    pub(super) async fn download(
        &self,
        uid: &str,
        sink: &mut dyn ContentSink,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        let mut resume = sink.resume().filter(|r| r.offset > 0);
        let (mut breaks, mut renewed) = (0, false);
        loop {
            let url = or_cancelled(cancel, FETCHING, uid, self.download_url(uid)).await?;
            let opened = self.open(&url, resume.as_ref());
            let cut = match or_cancelled(cancel, FETCHING, uid, opened).await? {
                Opened::Content(reply, content) => {
                    sink.begin(content.head(file_name(&url))).await?;
                    let mut at = content.offset;
                    match pour(uid, reply, &content, &mut at, sink, cancel).await {
                        Ok(()) => return Ok(()),
                        Err(Broken::Stop(failure)) => return Err(failure),
                        Err(Broken::Cut(failure)) => {
                            // Without a validator the rest might be another file's.
                            let Some(etag) = content.etag else { return Err(failure) };
                            resume = (at > 0).then_some(Resume { offset: at, etag });
                            failure
                        }
                    }
                }
                Opened::Expired(failure) if renewed => return Err(failure),
                Opened::Expired(_) => {
                    debug!(uid = %Shown::new(uid), "the URL is not good any more, asking for a new one");
                    renewed = true;
                    continue;
                }
                Opened::Anew => {
                    // Cannot happen again: the next GET asks for no range.
                    resume = None;
                    continue;
                }
                Opened::Passing(failure) => failure,
            };
            breaks += 1;
            if breaks > MAX_BREAKS {
                return Err(cut);
            }
            info!(uid = %Shown::new(uid), failure = %cut, "the content broke off, going on");
            let wait = async {
                tokio::time::sleep(pause(breaks)).await;
                Ok(())
            };
            or_cancelled(cancel, FETCHING, uid, wait).await?;
        }
    }

    /// Asks for the pre-signed URL of `uid`, and checks it.
    async fn download_url(&self, uid: &str) -> Result<Url, Failure> {
        let ask = self.url(&["datacenter", "exports", uid, "download"]);
        let reply: Value = retrying(|| async {
            let reply = self.call(ASKING, &ask, true).await?;
            Ok::<_, SendFailure>(http::json(ASKING, reply, &self.secrets).await?)
        })
        .await?;
        let Some(text) = reply.get("downloadUrl").and_then(Value::as_str) else {
            let said = reply.get("message").and_then(Value::as_str).unwrap_or_default();
            let what = "the reply holds no downloadUrl";
            return Err(unexpected(ASKING, &place(&ask), what, said.as_bytes(), &self.secrets));
        };
        self.store.guard().checked_url(ASKING, text)
    }

    /// One GET of the pre-signed URL, from where an earlier attempt ended.
    async fn open(&self, url: &Url, resume: Option<&Resume>) -> Result<Opened, Failure> {
        let mut headers = HeaderMap::new();
        // A validator that cannot be sent cannot be compared: then anew.
        let resume = resume.and_then(|r| Some((r, HeaderValue::from_str(&r.etag).ok()?)));
        if let Some((resume, etag)) = &resume {
            let range = HeaderValue::from_str(&format!("bytes={}-", resume.offset));
            headers.extend(range.ok().map(|range| (RANGE, range)));
            headers.insert(IF_RANGE, etag.clone());
        }
        let resume = resume.map(|(resume, _)| resume);
        let reply = match self.store.get(FETCHING, url, headers).await {
            Ok(reply) => reply,
            Err(failed) if failed.failure.class == FailureClass::Network => {
                return Ok(Opened::Passing(failed.failure));
            }
            Err(failed) => return Err(failed.failure),
        };
        let status = reply.status();
        match status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => {
                let content = match resume {
                    Some(resume) if status == StatusCode::PARTIAL_CONTENT => {
                        content::rest(reply.headers(), resume)
                    }
                    _ => Some(content::whole(FETCHING, &place(url), status, reply.headers())?),
                };
                Ok(match content {
                    Some(content) => Opened::Content(reply, content),
                    None => Opened::Anew,
                })
            }
            StatusCode::RANGE_NOT_SATISFIABLE if resume.is_some() => Ok(Opened::Anew),
            _ => refused(refusal(FETCHING, reply, &self.secrets).await, status),
        }
    }
}

/// What a store's refusal means for the URL it was asked with.
fn refused(failure: Failure, status: StatusCode) -> Result<Opened, Failure> {
    let expired = match status.as_u16() {
        401 | 403 => true,
        400 => failure.said.as_ref().is_some_and(|said| {
            ["AccessDenied", "Expired", "RequestTimeTooSkewed", "AuthenticationFailed"]
                .iter()
                .any(|code| said.as_str().contains(code))
        }),
        _ => false,
    };
    if expired {
        let clock = "the download address was refused twice: check this machine's clock";
        return Ok(Opened::Expired(match failure.advice {
            None => failure.advice(clock),
            Some(_) => failure,
        }));
    }
    match failure.class {
        FailureClass::Unavailable => Ok(Opened::Passing(failure)),
        _ => Err(failure),
    }
}

/// Writes the content into the sink, up to its end; `at` is how far it came.
async fn pour(
    uid: &str,
    mut reply: Response,
    content: &Content,
    at: &mut u64,
    sink: &mut dyn ContentSink,
    cancel: &CancellationToken,
) -> Result<(), Broken> {
    let place = place(reply.url());
    loop {
        let next = or_cancelled(cancel, FETCHING, uid, chunk(FETCHING, &mut reply)).await;
        let bytes = match next {
            Ok(Some(bytes)) => bytes,
            Ok(None) => break,
            Err(failure) if failure.class == FailureClass::Cancelled => {
                return Err(Broken::Stop(failure));
            }
            Err(failure) => return Err(Broken::Cut(short(failure, *at, content.total))),
        };
        let end = *at + bytes.len() as u64;
        if content.end.is_some_and(|announced| end > announced) {
            return Err(Broken::Stop(
                Failure::new(FailureClass::Damaged, FETCHING, &place)
                    .said("more bytes arrived than were announced"),
            ));
        }
        // Not raced against the token: the sink's books must match its file.
        sink.write(bytes).await.map_err(Broken::Stop)?;
        *at = end;
    }
    if content.total.is_some_and(|total| *at < total) {
        let failure =
            Failure::new(FailureClass::Damaged, FETCHING, &place).said("the content ended");
        return Err(Broken::Cut(short(failure, *at, content.total)));
    }
    Ok(())
}

/// Adds how much arrived.
fn short(failure: Failure, at: u64, total: Option<u64>) -> Failure {
    let total = total.map_or_else(|| "an unknown number of".to_owned(), |total| total.to_string());
    let said = failure.said.as_ref().map(Shown::to_string).unwrap_or_default();
    failure.said(format!("{said} ({at} of {total} bytes arrived)"))
}

/// The last segment of the URL's path, percent-decoded.
fn file_name(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back().filter(|last| !last.is_empty())?;
    Some(percent_decode_str(last).decode_utf8_lossy().into_owned())
}
