//! A file's bytes: of exactly the version that was listed, continued where an earlier
//! attempt broke off.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use tokio_util::sync::CancellationToken;

use super::SftpSource;
use super::place::Place;
use super::row::Fetchable;
use crate::model::{Failure, FailureClass, Retry};
use crate::sources::{ContentHead, ContentSink};
use crate::transport::http::or_cancelled;
use crate::transport::pace::Pace;
use crate::transport::sftp::wire::{Attrs, OpenFlags};
use crate::transport::sftp::{Download, Pour, RemoteFile, SessionUser, SftpError, SftpSession};

const FETCHING: &str = "fetching";

/// Sessions over which a file is opened at once.
const AT_ONCE: usize = 16;

/// A file that has changed is not fetched again before a pass had the time to list it.
const NEXT_PASS: Retry = Retry::After(Duration::from_secs(5 * 60));

/// Fetches what `content` describes into `sink`.
pub(super) async fn fetch(
    source: &SftpSource,
    content: &serde_json::Value,
    sink: &mut dyn ContentSink,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let (wanted, place) = Fetchable::read(content)?;
    let path = place.shown();
    let failed = |error: SftpError| error.into_failure(FETCHING, &path);
    let session = source.account.session();
    let session = or_cancelled(cancel, FETCHING, &path, session).await?;
    source.called();
    let opened = async {
        let file =
            RemoteFile::open(&session, place.request(), OpenFlags::READ, Attrs::default()).await?;
        let attrs = file.stat().await?;
        Ok((file, attrs))
    };
    let opened = async { opened.await.map_err(failed) };
    let (file, attrs) = or_cancelled(cancel, FETCHING, &path, opened).await?;
    same(&wanted, attrs, &path)?;
    // The validator is the version: of the same file, size and time.
    let resume = sink.resume().filter(|r| r.etag == wanted.version() && r.offset <= wanted.size);
    let offset = resume.map_or(0, |resume| resume.offset);
    let etag = Some(wanted.version());
    sink.begin(ContentHead { name: None, total: Some(wanted.size), etag, offset }).await?;
    let pace = sink.pace();
    let others = others(source, &session, &wanted, &place, wanted.size - offset, &pace);
    let mut poured = Poured { sink, left: wanted.size - offset, path: &path };
    let download = Download { offset, size: wanted.size, pace: &pace, cancel };
    let arrived = file.download_with(others, &download, &mut poured).await;
    let left = poured.left;
    let (_, others) = arrived.map_err(|error| error.into_failure(FETCHING, &path))?;
    // Of all who fetched: each of them may have had another file.
    let end = async {
        let all = others.iter().chain([&file]).map(RemoteFile::stat);
        futures::future::try_join_all(all).await.map_err(failed)
    };
    let checked = or_cancelled(cancel, FETCHING, &path, end).await;
    let checked =
        checked.and_then(|all| all.into_iter().try_for_each(|attrs| same(&wanted, attrs, &path)));
    let checked = checked.and(match left {
        0 => Ok(()),
        left => Err(changed(&path, format!("{left} bytes less than it had are there"))),
    });
    if checked.as_ref().is_err_and(|failure| failure.class == FailureClass::Damaged) {
        discard(sink, wanted.size).await?;
    }
    checked?;
    // What it says now is of no interest: every byte is here.
    let _ = file.close().await;
    Ok(())
}

/// The same file, open over the other sessions, as each is ready; none where they are not
/// worth it. One that finds another version there is not heard.
fn others<'a>(
    source: &SftpSource,
    first: &SftpSession,
    wanted: &'a Fetchable,
    place: &Place,
    left: u64,
    pace: &Pace,
) -> impl Stream<Item = RemoteFile> + Send + use<'a> {
    let pays = source.spread.pays(first, left, pace);
    let request = place.request();
    let open = move |user: SessionUser| {
        let request = request.clone();
        async move {
            let file = RemoteFile::open_over(user, request, OpenFlags::READ).await.ok()?;
            let attrs = file.stat().await.ok()?;
            same(wanted, attrs, "").is_ok().then_some(file)
        }
    };
    let sessions = pays.then(|| source.account.others(first));
    let opening = futures::stream::iter(sessions).flatten().map(open);
    opening.buffer_unordered(AT_ONCE).filter_map(std::future::ready)
}

/// Throws away what is here: it is not all of one version.
async fn discard(sink: &mut dyn ContentSink, size: u64) -> Result<(), Failure> {
    sink.begin(ContentHead { name: None, total: Some(size), etag: None, offset: 0 }).await
}

/// Fails unless the open file is the version that was listed.
fn same(wanted: &Fetchable, attrs: Attrs, path: &str) -> Result<(), Failure> {
    let (Some(size), Some((_, at))) = (attrs.size, attrs.times) else {
        return Err(Failure::new(FailureClass::Protocol, FETCHING, path)
            .said("the server does not tell the open file's size and time"));
    };
    match (size == wanted.size, at == wanted.changed) {
        (true, true) => Ok(()),
        (false, _) => Err(changed(path, format!("it has {size} bytes, and not {}", wanted.size))),
        (true, false) => Err(changed(path, "its time is another one".to_owned())),
    }
}

fn changed(path: &str, how: String) -> Failure {
    Failure::new(FailureClass::Damaged, FETCHING, path)
        .said(format!("it changed while it was fetched: {how}"))
        .advice("the next pass takes it as it is then, once it is complete")
        .retry(NEXT_PASS)
}

/// Gives a file's bytes to the sink, and no more of them than it had.
struct Poured<'a> {
    sink: &'a mut dyn ContentSink,
    left: u64,
    path: &'a str,
}

#[async_trait]
impl Pour for Poured<'_> {
    async fn pour(&mut self, data: Bytes) -> Result<(), Failure> {
        let length = data.len() as u64;
        let Some(left) = self.left.checked_sub(length) else {
            return Err(changed(self.path, "it has grown".to_owned()));
        };
        self.sink.write(data).await?;
        self.left = left;
        Ok(())
    }
}
