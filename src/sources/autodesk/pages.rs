//! Lists that come in pages.
//!
//! A page may be short or empty in the middle: only a missing `links.next` is the end.
//! Of that link nothing is taken but its query: the next page is asked for where the
//! last one was, so that the token never goes to another place.

use std::collections::HashSet;

use percent_encoding::percent_decode_str;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::api::Api;
use super::document::{Document, Resource};
use super::limiter::CallClass;
use crate::model::{Failure, FailureClass};
use crate::transport::http::place;

/// Longer lists are not believed: two million entries.
const MAX_PAGES: usize = 10_000;

/// The query of a list's first page, at the vendor's largest. The brackets are encoded.
pub(super) const FIRST_PAGE: &str = "page%5Bnumber%5D=0&page%5Blimit%5D=200";

/// A page that can be asked for, and those of the same list that were.
#[derive(Clone, Debug)]
pub(super) struct PageUrl {
    url: Url,
    asked: HashSet<String>,
}

impl PageUrl {
    /// The first page of the list at `url`.
    pub(super) fn first(mut url: Url) -> Self {
        url.set_query(Some(FIRST_PAGE));
        Self { asked: HashSet::from([FIRST_PAGE.to_owned()]), url }
    }

    /// A list that has no pages by its contract, but may get some.
    pub(super) fn only(url: Url) -> Self {
        Self { asked: url.query().map(ToOwned::to_owned).into_iter().collect(), url }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The page that `link` names.
    pub(super) fn next(mut self, doing: &str, link: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            Failure::new(FailureClass::Protocol, doing, place(&self.url))
                .said(format!("the link to the next page {why}"))
        };
        let next = self.url.join(link).map_err(|_| wrong("is no address"))?;
        let path = |url: &Url| percent_decode_str(url.path()).collect::<Vec<u8>>();
        // A gateway in between may put something before the path.
        let same = path(&self.url).ends_with(&path(&next)) && next.path().len() > 1;
        let query = next.query().filter(|query| same && !query.is_empty());
        let query = query.ok_or_else(|| wrong("leads to another list"))?.to_owned();
        if self.asked.len() >= MAX_PAGES {
            return Err(wrong("never comes to an end"));
        }
        if !self.asked.insert(query.clone()) {
            return Err(wrong("leads back to a page that was read"));
        }
        self.url.set_query(Some(&query));
        Ok(self)
    }
}

impl Api {
    /// Reads one document.
    pub(super) async fn document(
        &self,
        class: CallClass,
        doing: &str,
        url: &Url,
        cancel: &CancellationToken,
    ) -> Result<Document, Failure> {
        let body = self.get(class, doing, url, cancel).await?;
        Document::read(doing, &place(url), &body, self.account.secrets())
    }

    /// Reads all pages of a list that is known to be short.
    pub(super) async fn list(
        &self,
        class: CallClass,
        doing: &str,
        mut page: PageUrl,
        cancel: &CancellationToken,
    ) -> Result<Document, Failure> {
        let mut all = Document::default();
        loop {
            let document = self.document(class, doing, page.url(), cancel).await?;
            all.data.extend(document.data);
            all.warnings.extend(document.warnings);
            all.odd += document.odd;
            let Some(link) = document.next else { break };
            page = page.next(doing, &link)?;
        }
        if all.odd > 0 {
            return Err(Failure::new(FailureClass::Protocol, doing, place(page.url()))
                .said(format!("{} entries cannot be read", all.odd)));
        }
        Ok(all)
    }

    /// Reads one resource.
    pub(super) async fn resource(
        &self,
        class: CallClass,
        doing: &str,
        url: &Url,
        cancel: &CancellationToken,
    ) -> Result<Resource, Failure> {
        self.document(class, doing, url, cancel).await?.only(doing, &place(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> PageUrl {
        let url = "http://127.0.0.1:9/data/v1/projects/b.1/folders/urn%3Aadsk%3Aco.a/contents";
        PageUrl::first(Url::parse(url).unwrap())
    }

    #[test]
    fn the_next_page_is_where_the_last_one_was() {
        let path = "/data/v1/projects/b.1/folders/urn%3Aadsk%3Aco.a/contents";
        let plain = "/data/v1/projects/b.1/folders/urn:adsk:co.a/contents";
        let query = "page%5Bnumber%5D=1";
        for (link, query) in [
            (format!("{path}?{query}"), Some(query)),
            (format!("{plain}?{query}"), Some(query)),
            (format!("?{query}"), Some(query)),
            (format!("http://127.0.0.1:9{path}?{query}"), Some(query)),
            // The same list elsewhere: asked for here.
            (format!("https://developer.api.autodesk.com{plain}?{query}"), Some(query)),
            (format!("https://evil.example{path}?{query}"), Some(query)),
            (format!("//evil.example{path}?{query}"), Some(query)),
            (format!("{plain}?page[number]=2"), Some("page[number]=2")),
            // Other lists.
            (format!("/data/v1/projects/b.2/folders/urn%3Aadsk%3Aco.a/contents?{query}"), None),
            (format!("https://evil.example/steal?{query}"), None),
            (format!("https://evil.example/?{query}"), None),
            ("https://evil.example".to_owned(), None),
            (path.to_owned(), None),
            (format!("{path}?"), None),
            ("http://[".to_owned(), None),
            // Round in a circle.
            (format!("{path}?{FIRST_PAGE}"), None),
        ] {
            let next = page().next("listing", &link);
            assert_eq!(next.as_ref().ok().and_then(|p| p.url().query()), query, "{link}");
            if let Ok(next) = next {
                assert_eq!(next.url().host_str(), Some("127.0.0.1"));
                assert_eq!(next.url().path(), page().url().path());
            }
        }
    }

    #[test]
    fn a_list_without_an_end_is_left() {
        let mut at = page();
        for n in 1..MAX_PAGES {
            at = at.next("listing", &format!("?page%5Bnumber%5D={n}")).unwrap();
        }
        let failure = at.next("listing", "?page%5Bnumber%5D=x").unwrap_err();
        assert_eq!(failure.class, FailureClass::Protocol);
    }
}
