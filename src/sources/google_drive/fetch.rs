//! A file's content: `alt=media`, continued where it broke off, and checked.

use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderValue, RANGE};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::api::{Api, Ask};
use super::as_it_is::as_it_is;
use super::pace::Cost;
use super::query::ALL_DRIVES;
use super::refusal::Refusal;
use super::row::Fetchable;
use super::token::Reach;
use super::{export, root};
use crate::model::{Failure, FailureClass, Retry, Shown};
use crate::sources::checked::{Checked, Checksum};
use crate::sources::content::content_range;
use crate::sources::pour::{Broken, FETCHING, MAX_BREAKS, pour, short};
use crate::sources::{ContentHead, ContentSink};
use crate::transport::http::{or_cancelled, pause, place};

const CHECKING: &str = "checking";

/// A file that has changed is not looked at again before a sync had the time to list it.
const NEXT_SYNC: Retry = Retry::After(Duration::from_secs(5 * 60));

/// Fetches what `content` describes into `sink`.
pub(super) async fn fetch(
    api: &Api,
    content: &Value,
    sink: &mut dyn ContentSink,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let wanted: Fetchable = serde::Deserialize::deserialize(content).map_err(|_| {
        Failure::new(FailureClass::Bug, FETCHING, "a file")
            .said("the books do not hold what Google Drive needs to fetch it")
            .retry(Retry::Never)
    })?;
    match &wanted.export {
        Some(form) => export::fetch(api, &wanted.id, form, sink, cancel).await,
        None => {
            Blob { api, wanted: &wanted, cancel }
                .fetch(&mut Checked::new(sink, Checksum::md5()))
                .await
        }
    }
}

/// A file with content of its own.
struct Blob<'a> {
    api: &'a Api,
    wanted: &'a Fetchable,
    cancel: &'a CancellationToken,
}

impl Blob<'_> {
    async fn fetch(&self, sink: &mut Checked<'_>) -> Result<(), Failure> {
        let size = self.wanted.size;
        let mut at = self.here(sink);
        let mut breaks = 0;
        // If all of it is here already, there is nothing to ask for: only to check.
        if at > 0 && size == Some(at) {
            sink.begin(self.head(size, at)).await?;
            return self.check(sink).await;
        }
        loop {
            let opened = self.open(at);
            let opened = or_cancelled(self.cancel, FETCHING, &self.wanted.id, opened).await?;
            let Some((reply, offset, total)) = opened else {
                // Cannot happen again: the next GET asks for no range.
                at = 0;
                continue;
            };
            if let (Some(total), Some(size)) = (total, size)
                && total != size
            {
                sink.discard().await?;
                return Err(self.changed(&format!("it has {total} bytes, and not {size}")));
            }
            let end = total.or(size);
            at = offset;
            sink.begin(self.head(end, at)).await?;
            let place = place(reply.url());
            let cancel = self.cancel;
            let poured = pour(&self.wanted.id, &place, reply, end, &mut at, sink, cancel).await;
            let cut = match poured {
                Ok(()) => return self.check(sink).await,
                Err(Broken::Stop(failure)) => return Err(failure),
                Err(Broken::Cut(failure)) => short(failure, at, end),
            };
            if self.etag().is_none() {
                // Nothing would tell whether the rest is the same file's.
                at = 0;
            }
            breaks += 1;
            if breaks > MAX_BREAKS {
                return Err(cut);
            }
            info!(id = %Shown::new(&self.wanted.id), failure = %cut, "the content broke off, going on");
            let wait = async {
                tokio::time::sleep(pause(breaks)).await;
                Ok(())
            };
            or_cancelled(self.cancel, FETCHING, &self.wanted.id, wait).await?;
        }
    }

    /// What stands for exactly these bytes. The service's own validator may be
    /// missing; its checksum says as much.
    fn etag(&self) -> Option<String> {
        self.wanted.md5.as_ref().map(|md5| format!("md5:{md5}"))
    }

    fn head(&self, total: Option<u64>, offset: u64) -> ContentHead {
        ContentHead { name: None, total, etag: self.etag(), offset }
    }

    /// How much of these very bytes an earlier attempt left.
    fn here(&self, sink: &Checked<'_>) -> u64 {
        let resume = sink.resume().filter(|resume| Some(&resume.etag) == self.etag().as_ref());
        let fits = |offset: &u64| self.wanted.size.is_none_or(|size| *offset <= size);
        resume.map(|resume| resume.offset).filter(fits).unwrap_or(0)
    }

    /// Asks for the content from `at` on: the reply, where it begins, and the size of
    /// the whole. None if what is here cannot be continued.
    async fn open(&self, at: u64) -> Result<Option<(Response, u64, Option<u64>)>, Failure> {
        let parameters = [("alt", "media"), ALL_DRIVES];
        let url = self.api.account().url(&["files", &self.wanted.id], parameters);
        let mut ask = Ask { reach: Reach::Contents, ..Ask::new(FETCHING, url, Cost::Download) };
        if at > 0 {
            let range = HeaderValue::from_str(&format!("bytes={at}-"));
            ask.headers.extend(range.ok().map(|range| (RANGE, range)));
        }
        let reply = match self.api.open(&ask).await {
            Ok(reply) => reply,
            Err(Refusal { status: Some(StatusCode::RANGE_NOT_SATISFIABLE), .. }) if at > 0 => {
                return Ok(None);
            }
            Err(refusal) => return Err(refusal.about(&self.wanted.id)),
        };
        as_it_is(reply.headers(), &self.wanted.id)?;
        let header = |name| reply.headers().get(name).and_then(|value| value.to_str().ok());
        match reply.status() {
            StatusCode::OK => {
                let total = header(CONTENT_LENGTH).and_then(|length| length.trim().parse().ok());
                Ok(Some((reply, 0, total)))
            }
            StatusCode::PARTIAL_CONTENT if at > 0 => {
                let range = header(CONTENT_RANGE).and_then(content_range);
                // To the end, or it is not what was asked for.
                let fits = range.filter(|(start, end, total)| {
                    *start == at && total.is_none_or(|total| *end == total)
                });
                Ok(fits.map(|(start, end, total)| (reply, start, total.or(Some(end)))))
            }
            status => Err(Failure::new(FailureClass::Protocol, FETCHING, &self.wanted.id)
                .said(format!("{status} although a content was asked for"))),
        }
    }

    /// Whether what is in the sink is what was listed.
    async fn check(&self, sink: &mut Checked<'_>) -> Result<(), Failure> {
        let Some(listed) = &self.wanted.md5 else { return Ok(()) };
        let arrived = sink.hex();
        if arrived.as_ref() == Some(listed) {
            return Ok(());
        }
        let now = root::get(self.api, CHECKING, &self.wanted.id, "id,md5Checksum");
        let now = or_cancelled(self.cancel, CHECKING, &self.wanted.id, async {
            now.await.map_err(|refusal| refusal.about(&self.wanted.id))
        });
        let now = now.await?.md5_checksum.map(|md5| md5.to_lowercase());
        let Some(arrived) = arrived else {
            // What an earlier attempt left cannot be read again. But if the file still
            // is what was listed before that attempt began, both parts are of it.
            if now.as_ref() == Some(listed) {
                return Ok(());
            }
            sink.discard().await?;
            return Err(self.changed("its checksum is another one now"));
        };
        sink.discard().await?;
        if now.as_ref() != Some(listed) {
            return Err(self.changed("its checksum is another one now"));
        }
        Err(Failure::new(FailureClass::Damaged, FETCHING, &self.wanted.id)
            .said(format!("its MD5 is {arrived}, and not {listed} as the service says")))
    }

    fn changed(&self, how: &str) -> Failure {
        Failure::new(FailureClass::Damaged, FETCHING, &self.wanted.id)
            .said(format!("it has changed since it was listed: {how}"))
            .advice("the next sync lists it as it is now, and fetches that")
            .retry(NEXT_SYNC)
    }
}
