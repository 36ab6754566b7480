//! Content over HTTP: from where its service says it is, into a sink, going on
//! where it broke off.

use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderValue, IF_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};
use url::Url;

use super::content::{self, Content};
use super::pour::{Broken, FETCHING, MAX_BREAKS, pour, short};
use super::{ContentHead, ContentSink, Resume};
use crate::model::{Failure, FailureClass, Shown};
use crate::transport::http::{Client, Secrets, or_cancelled, pause, place, refusal};

/// Where content is at this moment.
pub(crate) struct Located {
    /// Its address, checked. It may be a secret.
    pub(crate) url: Url,
    /// What goes with the request.
    pub(crate) headers: HeaderMap,
    /// What the address is called in messages.
    pub(crate) place: String,
    /// The file's name, where only the address tells it.
    pub(crate) name: Option<String>,
    /// How much of the content is there.
    pub(crate) extent: Extent,
}

impl Located {
    /// All of it is at `url`, whose path may be shown.
    pub(crate) fn whole(url: Url) -> Self {
        let (headers, place) = (HeaderMap::new(), place(&url));
        Self { url, headers, place, name: None, extent: Extent::Whole(None) }
    }
}

/// How much of the content is at one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it; so many bytes, where the service says.
    Whole(Option<u64>),
    /// From `start` to `end` (exclusive) of `total` bytes.
    Piece { start: u64, end: u64, total: u64 },
}

impl Extent {
    fn start(self) -> u64 {
        match self {
            Self::Whole(_) => 0,
            Self::Piece { start, .. } => start,
        }
    }

    fn is_piece(self) -> bool {
        matches!(self, Self::Piece { .. })
    }
}

/// Tells where content is.
#[async_trait]
pub(crate) trait Locate: Sync {
    /// Where the bytes from `offset` on are. Asked immediately before each GET,
    /// because addresses expire.
    async fn locate(&self, offset: u64) -> Result<Located, Failure>;
}

/// One file's way over HTTP.
pub(crate) struct Download<'a> {
    /// What GETs the addresses.
    pub(crate) store: &'a Client,
    /// What must not be shown.
    pub(crate) secrets: &'a Secrets,
    /// The file, in messages.
    pub(crate) object: &'a str,
}

/// How far the sink's bytes go, and what they are a part of.
#[derive(Default)]
struct Here {
    at: u64,
    /// The validator of what is at the address that `at` lies in.
    etag: Option<String>,
    /// The validator is that of a piece.
    of_piece: bool,
    /// The sink was told of this offset already.
    begun: bool,
}

impl Here {
    /// What to ask for at `located`: all of it, or the rest; `None` if what is here
    /// cannot be continued from there.
    fn wanted(&self, extent: Extent) -> Option<Option<Resume>> {
        let offset = self.at.checked_sub(extent.start())?;
        if offset == 0 {
            return Some(None);
        }
        let etag = self.etag.clone().filter(|_| self.of_piece == extent.is_piece())?;
        Some(Some(Resume { offset, etag }))
    }
}

/// What can come of one GET, beside a failure that trying again cannot mend.
enum Opened {
    /// Content, from some offset of the address on.
    Content(Response, Content),
    /// The URL has expired or is not good (any more).
    Expired(Failure),
    /// What is here cannot be continued: begin anew.
    Anew,
    /// Trying again may help.
    Passing(Failure),
}

impl Download<'_> {
    /// Brings all of the content that `source` locates into `sink`.
    pub(crate) async fn run(
        &self,
        source: &dyn Locate,
        sink: &mut dyn ContentSink,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        let earlier = sink.resume().filter(|r| r.offset > 0);
        let mut here = earlier.map_or_else(Here::default, |r| Here {
            at: r.offset,
            etag: Some(r.etag),
            ..Here::default()
        });
        let (mut breaks, mut renewed) = (0, false);
        loop {
            let located = source.locate(here.at);
            let located = or_cancelled(cancel, FETCHING, self.object, located).await?;
            if located.extent == Extent::Whole(Some(0)) {
                // Nothing to ask for; some services have no address for it either.
                let head = ContentHead { name: located.name, total: Some(0), ..Default::default() };
                return sink.begin(head).await;
            }
            let Some(resume) = here.wanted(located.extent) else {
                // Cannot happen twice in a row: nothing can always be continued.
                here = Here::default();
                continue;
            };
            let opened = self.open(&located, resume.as_ref());
            let cut = match or_cancelled(cancel, FETCHING, self.object, opened).await? {
                Opened::Content(reply, content) => {
                    renewed = false;
                    match self.take(&located, reply, content, &mut here, sink, cancel).await {
                        Ok(true) => return Ok(()),
                        Ok(false) => continue,
                        Err(Broken::Stop(failure)) => return Err(failure),
                        Err(Broken::Cut(failure)) => failure,
                    }
                }
                Opened::Expired(failure) if renewed => return Err(failure),
                Opened::Expired(_) => {
                    debug!(object = %Shown::new(self.object), "the URL is not good any more, asking for a new one");
                    renewed = true;
                    continue;
                }
                Opened::Anew => {
                    // Cannot happen again: the next GET asks for no range.
                    here = Here::default();
                    continue;
                }
                Opened::Passing(failure) => failure,
            };
            breaks += 1;
            if breaks > MAX_BREAKS {
                return Err(cut);
            }
            info!(object = %Shown::new(self.object), failure = %cut, "the content broke off, going on");
            let wait = async {
                tokio::time::sleep(pause(breaks)).await;
                Ok(())
            };
            or_cancelled(cancel, FETCHING, self.object, wait).await?;
        }
    }

    /// Takes one reply's content; `true` when it was the last of the file.
    async fn take(
        &self,
        located: &Located,
        reply: Response,
        content: Content,
        here: &mut Here,
        sink: &mut dyn ContentSink,
        cancel: &CancellationToken,
    ) -> Result<bool, Broken> {
        let start = located.extent.start();
        let (end, total) = self.ends(located, &content).map_err(Broken::Stop)?;
        let offset = start + content.offset;
        if offset != here.at && offset != 0 {
            // A piece that came whole instead of its rest: the sink cannot go back to there.
            *here = Here::default();
            return Err(Broken::Cut(
                Failure::new(FailureClass::Damaged, FETCHING, &located.place)
                    .said("a piece changed while it was fetched"),
            ));
        }
        if !(here.begun && offset == here.at) {
            // A piece's validator says nothing about the file.
            let etag = content.etag.clone().filter(|_| !located.extent.is_piece());
            let head = ContentHead { name: located.name.clone(), total, etag, offset };
            sink.begin(head).await.map_err(Broken::Stop)?;
        }
        *here = Here {
            at: offset,
            etag: content.etag,
            of_piece: located.extent.is_piece(),
            begun: false,
        };
        let (object, place) = (self.object, &located.place);
        let poured = pour(object, place, reply, end, &mut here.at, sink, cancel).await;
        match poured {
            Ok(()) => {}
            // Without a validator the rest might be another file's.
            Err(Broken::Cut(failure)) if here.etag.is_none() && here.at > start => {
                return Err(Broken::Stop(short(failure, here.at, total)));
            }
            Err(Broken::Cut(failure)) => return Err(Broken::Cut(short(failure, here.at, total))),
            Err(stop) => return Err(stop),
        }
        here.begun = true;
        Ok(match located.extent {
            Extent::Whole(_) => true,
            Extent::Piece { total, .. } => here.at >= total,
        })
    }

    /// Where in the file this reply's content ends, and the size of the file, as far
    /// as the reply and the service tell. They must not contradict each other.
    fn ends(
        &self,
        located: &Located,
        content: &Content,
    ) -> Result<(Option<u64>, Option<u64>), Failure> {
        let start = located.extent.start();
        let (end, total) = match located.extent {
            Extent::Whole(total) => (total, total),
            Extent::Piece { end, total, .. } => (Some(end), Some(total)),
        };
        let told = content.total.map(|there| start + there);
        match (told, end) {
            (Some(told), Some(end)) if told != end => {
                Err(Failure::new(FailureClass::Damaged, FETCHING, &located.place).said(format!(
                    "the store has {} bytes, the service says {}",
                    told - start,
                    end - start
                )))
            }
            _ => {
                let end = end.or(content.end.map(|there| start + there));
                Ok((end, total.or(content.total)))
            }
        }
    }

    /// One GET of an address, from where an earlier one ended.
    async fn open(&self, located: &Located, resume: Option<&Resume>) -> Result<Opened, Failure> {
        let mut headers = located.headers.clone();
        // A validator that cannot be sent cannot be compared: then anew.
        let resume = resume.and_then(|r| Some((r, HeaderValue::from_str(&r.etag).ok()?)));
        if let Some((resume, etag)) = &resume {
            let range = HeaderValue::from_str(&format!("bytes={}-", resume.offset));
            headers.extend(range.ok().map(|range| (RANGE, range)));
            headers.insert(IF_RANGE, etag.clone());
        }
        let resume = resume.map(|(resume, _)| resume);
        let reply = match self.store.get(FETCHING, &located.url, headers).await {
            Ok(reply) => reply,
            Err(failed) if failed.failure.class == FailureClass::Network => {
                return Ok(Opened::Passing(failed.failure.about(&located.place)));
            }
            Err(failed) => return Err(failed.failure.about(&located.place)),
        };
        let status = reply.status();
        match status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => {
                let content = match resume {
                    Some(resume) if status == StatusCode::PARTIAL_CONTENT => {
                        content::rest(reply.headers(), resume)
                    }
                    _ => Some(content::whole(FETCHING, &located.place, status, reply.headers())?),
                };
                Ok(match content {
                    Some(content) => Opened::Content(reply, content),
                    None => Opened::Anew,
                })
            }
            StatusCode::RANGE_NOT_SATISFIABLE if resume.is_some() => Ok(Opened::Anew),
            _ => {
                let failure = refusal(FETCHING, reply, self.secrets).await;
                refused(failure.about(&located.place), status)
            }
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
