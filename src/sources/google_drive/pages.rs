//! A list, page by page.

use tracing::debug;

use super::api::{Api, Ask};
use super::item::FileList;
use super::pace::Cost;
use super::query::{Listing, Query, list_url};
use super::refusal::{Refusal, Verdict};
use crate::model::{Failure, FailureClass};

pub(super) const LISTING: &str = "listing";

/// Files on a page.
pub(super) const PAGE_SIZE: usize = 1000;

/// Empty pages in a row after which nothing more is expected of a list.
pub(super) const MAX_EMPTY_PAGES: u32 = 500;

/// The pages of one query.
pub(super) struct Pages<'a> {
    api: &'a Api,
    query: Query,
    drive: Option<&'a str>,
    page: Option<String>,
    empty_pages: u32,
    restarted: bool,
    over: bool,
}

impl<'a> Pages<'a> {
    /// All pages of `query`, in the shared drive `drive` if it is one.
    pub(super) fn new(api: &'a Api, query: Query, drive: Option<&'a str>) -> Self {
        Self { api, query, drive, page: None, empty_pages: 0, restarted: false, over: false }
    }

    /// Whether the last page was there.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// The next page; `None` after the last one. If a page token is refused, the list
    /// begins anew, once.
    pub(super) async fn next(&mut self) -> Result<Option<FileList>, Refusal> {
        if self.over {
            return Ok(None);
        }
        loop {
            let page = self.page.as_deref();
            let listing =
                Listing { query: &self.query, drive: self.drive, page_size: PAGE_SIZE, page };
            let list = match list(self.api, listing).await {
                Ok(list) => list,
                Err(refusal) if is_stale_page(&refusal, page) && !self.restarted => {
                    debug!("a page token is refused, listing from the beginning");
                    (self.page, self.restarted) = (None, true);
                    continue;
                }
                Err(refusal) => return Err(refusal),
            };
            let next = next_page(&list, page, &mut self.empty_pages);
            self.page = next.map_err(Refusal::without_reply)?;
            self.over = self.page.is_none();
            return Ok(Some(list));
        }
    }
}

/// One page of a list.
pub(super) async fn list(api: &Api, listing: Listing<'_>) -> Result<FileList, Refusal> {
    let url = list_url(api.account(), listing);
    api.json(&Ask::new(LISTING, url, Cost::List)).await
}

/// Whether it was the page token that was refused.
pub(super) fn is_stale_page(refusal: &Refusal, page: Option<&str>) -> bool {
    let status = refusal.status.map(|status| status.as_u16());
    page.is_some() && matches!(status, Some(400 | 404 | 410)) && refusal.verdict != Verdict::AskLess
}

/// The token of the page after `list`; short and empty pages are no end.
pub(super) fn next_page(
    list: &FileList,
    this: Option<&str>,
    empty_pages: &mut u32,
) -> Result<Option<String>, Failure> {
    let Some(token) = list.next_page_token.as_deref().filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    *empty_pages = if list.files.is_empty() { *empty_pages + 1 } else { 0 };
    let endless = |said: String| Failure::new(FailureClass::Protocol, LISTING, "").said(said);
    if this == Some(token) {
        return Err(endless("a page names itself as the next one".into()));
    }
    if *empty_pages > MAX_EMPTY_PAGES {
        return Err(endless(format!("{MAX_EMPTY_PAGES} pages in a row were empty")));
    }
    Ok(Some(token.to_owned()))
}
