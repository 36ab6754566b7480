//! Listing by folders: many queries for the children of many folders, at once.

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tracing::debug;

use super::api::Api;
use super::item::FileList;
use super::looks::{Look, Looks};
use super::pages::{LISTING, PAGE_SIZE, is_stale_page, list, next_page};
use super::query::{Listing, Query};
use super::refusal::{Refusal, Verdict};
use super::walk::{Stop, Walk};
use crate::model::{Failure, FailureClass, Page};

impl Walk<'_> {
    /// Looks into `folders` and into everything that is found below them. `drive` is
    /// the shared drive that they lie in.
    pub(super) async fn folders(
        &mut self,
        folders: Vec<String>,
        drive: Option<&str>,
    ) -> Result<(), Stop> {
        let (api, trashed_too) = (self.api, self.scope.include_trashed);
        let mut looks = Looks::default();
        looks.add(folders);
        let mut under_way = FuturesUnordered::new();
        loop {
            while let Some(look) = looks.next() {
                under_way.push(ask(api, look, drive, trashed_too));
            }
            let Some((look, answer)) = under_way.next().await else { return Ok(()) };
            match answer {
                Ok(list) => {
                    self.succeeded();
                    if let Some(more) = self.take(look, list, &mut looks).await? {
                        under_way.push(ask(api, more, drive, trashed_too));
                    }
                }
                Err(refusal) => {
                    if let Some(again) = self.refused(look, refusal, &mut looks)? {
                        under_way.push(ask(api, again, drive, trashed_too));
                    }
                }
            }
        }
    }

    /// Books one page of a look. Returns the look if there are more pages of it.
    async fn take(
        &mut self,
        mut look: Look,
        list: FileList,
        looks: &mut Looks,
    ) -> Result<Option<Look>, Stop> {
        let mut page = Page::default();
        let mut found = Vec::new();
        for item in &list.files {
            let Some(folder) = look.book(&item.parents) else { continue };
            let folder = self.tree.home(&item.parents).unwrap_or(folder).to_owned();
            found.extend(self.sort(item, &folder, &mut page));
        }
        self.book(page).await?;
        looks.add(found);
        self.check_complete(&list, || shown(&look));
        match next_page(&list, look.page.as_deref(), &mut look.empty_pages) {
            Ok(Some(token)) => {
                look.page = Some(token);
                Ok(Some(look))
            }
            Ok(None) => {
                for folder in looks.ended(look) {
                    self.tree.set_listed(&folder);
                }
                Ok(None)
            }
            Err(failure) => {
                looks.failed(&look);
                self.failed(failure.about(shown(&look)));
                Ok(None)
            }
        }
    }

    /// A search that says itself that it missed something.
    pub(super) fn check_complete(&mut self, list: &FileList, about: impl Fn() -> String) {
        if list.incomplete_search == Some(true) {
            self.failed(
                Failure::new(FailureClass::Unavailable, LISTING, about())
                    .said("the service says that its search was incomplete"),
            );
        }
    }

    /// Decides about a look that was refused. Returns it if it begins anew.
    fn refused(
        &mut self,
        mut look: Look,
        refusal: Refusal,
        looks: &mut Looks,
    ) -> Result<Option<Look>, Stop> {
        if is_stale_page(&refusal, look.page.as_deref()) && !look.restarted {
            debug!("a page token is refused, listing from the beginning");
            look.page = None;
            look.restarted = true;
            return Ok(Some(look));
        }
        let too_much = refusal.verdict == Verdict::AskLess;
        if too_much || refusal.is_about_object() || refusal.verdict == Verdict::Wrong {
            // One of many folders may spoil a query for all.
            let Some(alone) = looks.halve(look, too_much) else { return Ok(None) };
            let folder = alone.parents.into_iter().next().unwrap_or_default();
            if refusal.is_about_object() && folder != self.root.id {
                self.succeeded();
                self.lost(folder, refusal.failure);
                return Ok(None);
            }
            self.given_up(refusal, &folder)?;
            return Ok(None);
        }
        looks.failed(&look);
        let about = shown(&look);
        self.given_up(refusal, &about)?;
        Ok(None)
    }
}

/// What a look is for, in a message.
fn shown(look: &Look) -> String {
    match look.parents.as_slice() {
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} and {} other folders", rest.len()),
        [] => String::new(),
    }
}

/// Asks for the next page of a look.
async fn ask(
    api: &Api,
    look: Look,
    drive: Option<&str>,
    trashed_too: bool,
) -> (Look, Result<FileList, Refusal>) {
    let query = Query::children(&look.parents, trashed_too);
    let page = look.page.as_deref();
    let listing = Listing { query: &query, drive, page_size: PAGE_SIZE, page };
    let answer = list(api, listing).await;
    (look, answer)
}
