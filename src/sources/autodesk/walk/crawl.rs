//! Looks into folders, breadth first, several at a time.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::super::api::Api;
use super::super::folders::Contents;
use super::super::pages::PageUrl;
use super::tree::{State, Taken, Tree};
use crate::model::{AutodeskScope, Failure, FailureClass, Page, Shown};
use crate::sources::RegisterSink;

/// Pages in flight: at the vendor's 300 a minute one may take three seconds. Each may
/// take some megabytes while it is read.
const IN_FLIGHT: usize = 16;

/// So many folders failing in a row mean that the others will fail as well.
const HOPELESS: usize = 3 * IN_FLIGHT;

/// Failures that are told one by one.
const MAX_TOLD: usize = 20;

/// One page to be read.
#[derive(Debug)]
pub(super) struct Job {
    folder: String,
    page: PageUrl,
    tries: u32,
    /// The folder was lost: it is booked only if it can be read again.
    probe: bool,
}

/// One walk at work.
pub(super) struct Crawl<'a> {
    pub(super) api: &'a Api,
    pub(super) scope: &'a AutodeskScope,
    pub(super) sink: &'a dyn RegisterSink,
    pub(super) cancel: &'a CancellationToken,
    /// The project's root folder: it is always there, if only to be refused.
    root_folder: Option<String>,
    tree: Mutex<Tree<'a>>,
    notes: Mutex<Notes>,
}

/// What went wrong, and what was done.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// What could not be looked at, the first of it.
    pub(super) failures: Vec<Failure>,
    /// How much more could not.
    pub(super) more: usize,
    /// What may not be seen.
    pub(super) lost: Vec<(String, Failure)>,
    /// Pages that were read.
    pub(super) pages: u64,
    /// Folders that failed since the last that did not.
    in_a_row: usize,
}

impl<'a> Crawl<'a> {
    pub(super) fn new(
        api: &'a Api,
        scope: &'a AutodeskScope,
        sink: &'a dyn RegisterSink,
        cancel: &'a CancellationToken,
        root_folder: Option<String>,
        tree: Tree<'a>,
    ) -> Self {
        let (tree, notes) = (Mutex::new(tree), Mutex::default());
        Self { api, scope, sink, cancel, root_folder, tree, notes }
    }

    pub(super) fn tree(&self) -> MutexGuard<'_, Tree<'a>> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Books what was taken; the jobs that follow from it.
    pub(super) async fn book(&self, taken: Taken) -> Result<Vec<Job>, Failure> {
        if taken.page != Page::default() {
            self.sink.page(taken.page).await?;
        }
        Ok(taken.enter.into_iter().map(|folder| self.job(folder, false)).collect())
    }

    fn job(&self, folder: String, probe: bool) -> Job {
        let page = self.api.first_page(&self.scope.project_id, &folder);
        Job { folder, page, tries: 0, probe }
    }

    /// Tries to read a folder that was lost.
    pub(super) async fn probe(&self, folder: String) -> Result<(), Failure> {
        let job = self.job(folder, true);
        self.run(vec![job]).await
    }

    /// Does these jobs and all that follow from them.
    ///
    /// # Errors
    /// Only what ends the walk: the sink failed, there is no session, it was cancelled.
    pub(super) async fn run(&self, jobs: Vec<Job>) -> Result<(), Failure> {
        let mut queue = VecDeque::from(jobs);
        let mut flying = FuturesUnordered::new();
        let mut stop = None;
        loop {
            while stop.is_none() && flying.len() < IN_FLIGHT && !self.is_hopeless() {
                let Some(job) = queue.pop_front() else { break };
                flying.push(self.visit(job));
            }
            match flying.next().await {
                Some(Ok(more)) => queue.extend(more),
                // The others come to their end: a page that is being booked is booked.
                Some(Err(failure)) => stop = stop.or(Some(failure)),
                None => break,
            }
        }
        if let Some(failure) = stop {
            return Err(failure);
        }
        for job in queue {
            let failure = Failure::new(FailureClass::Network, "listing the folder", &job.folder)
                .said("not tried: too many others before it have failed");
            self.failed(&job.folder, failure);
        }
        Ok(())
    }

    fn is_hopeless(&self) -> bool {
        self.notes().in_a_row >= HOPELESS
    }

    /// Reads one page and books it; what is to be read next.
    async fn visit(&self, job: Job) -> Result<Vec<Job>, Failure> {
        let Job { folder, page, tries, probe } = job;
        let again = page.clone();
        match self.api.contents(self.scope, &folder, page, self.cancel).await {
            Ok(contents) => self.take(folder, contents, probe).await,
            Err(failure) => {
                let passing = matches!(
                    failure.class,
                    FailureClass::Network | FailureClass::Unavailable | FailureClass::Protocol
                );
                if passing && tries == 0 {
                    // Once more, when the others are through.
                    debug!(%failure, "a folder is put back");
                    return Ok(vec![Job { folder, page: again, tries: 1, probe }]);
                }
                self.not_listed(&folder, failure).await
            }
        }
    }

    async fn take(
        &self,
        folder: String,
        contents: Contents,
        probe: bool,
    ) -> Result<Vec<Job>, Failure> {
        let Contents { folders, files, next, odd } = contents;
        {
            let mut notes = self.notes();
            notes.pages += 1;
            notes.in_a_row = 0;
        }
        let taken = {
            let mut tree = self.tree();
            let mut found = Taken::default();
            if probe
                && let Some((parent, itself)) = tree.booked(&folder)
                && let parent = parent.map(ToOwned::to_owned)
            {
                tree.take_folder(parent.as_deref(), &itself, &mut found);
            }
            let mut taken = tree.take(&folder, &folders, files);
            taken.page.folders.splice(0..0, found.page.folders);
            taken
        };
        let mut jobs = self.book(taken).await?;
        if odd > 0 {
            let failure = Failure::new(FailureClass::Protocol, "listing the folder", &folder)
                .said(format!("{odd} entries cannot be read"));
            self.failed(&folder, failure);
        }
        match next {
            Some(page) => jobs.push(Job { folder, page, tries: 0, probe: false }),
            None => self.tree().listed(&folder),
        }
        Ok(jobs)
    }

    /// Finds out why a folder could not be listed.
    async fn not_listed(&self, folder: &str, failure: Failure) -> Result<Vec<Job>, Failure> {
        match failure.class {
            class if ends_the_walk(class) => return Err(failure),
            FailureClass::Refused => self.lost(folder, failure),
            FailureClass::NotFound => self.look_for(folder, failure).await?,
            _ => self.failed(folder, failure),
        }
        Ok(vec![])
    }

    /// A folder that was listed a moment ago and is not there: deleted meanwhile, or not.
    async fn look_for(&self, folder: &str, failure: Failure) -> Result<(), Failure> {
        match self.api.folder(&self.scope.project_id, folder, self.cancel).await {
            Ok(found) if found.hidden => self.gone(folder).await,
            Ok(_) => {
                self.failed(folder, failure);
                Ok(())
            }
            Err(failure) => match failure.class {
                class if ends_the_walk(class) => Err(failure),
                FailureClass::NotFound if self.answers_for(folder).await? => {
                    self.gone(folder).await
                }
                FailureClass::Refused => {
                    self.lost(folder, failure);
                    Ok(())
                }
                _ => {
                    self.failed(folder, failure);
                    Ok(())
                }
            },
        }
    }

    /// Whether the service still knows any folder above this one: one that knows none
    /// is out of order, and what it calls missing is not.
    async fn answers_for(&self, folder: &str) -> Result<bool, Failure> {
        let above = self.tree().above(folder);
        for id in above.iter().chain(&self.root_folder) {
            match self.api.folder(&self.scope.project_id, id, self.cancel).await {
                Ok(_) => return Ok(true),
                Err(failure) => match failure.class {
                    class if ends_the_walk(class) => return Err(failure),
                    FailureClass::Refused => return Ok(true),
                    // Deleted together with what is below it.
                    FailureClass::NotFound => {}
                    _ => return Ok(false),
                },
            }
        }
        Ok(false)
    }

    /// Books that a folder is deleted, with all that is not seen elsewhere.
    pub(super) async fn gone(&self, folder: &str) -> Result<(), Failure> {
        let known = {
            let mut tree = self.tree();
            tree.settle(folder, State::Gone);
            tree.is_known(folder)
        };
        debug!(folder = %Shown::new(folder), "a folder is gone");
        // Its parent may be one that was not looked into.
        if known {
            let removed = vec![folder.to_owned()];
            self.sink.page(Page { removed, ..Page::default() }).await?;
        }
        Ok(())
    }

    pub(super) fn lost(&self, folder: &str, failure: Failure) {
        self.tree().settle(folder, State::Lost);
        self.notes().lost.push((folder.to_owned(), failure));
    }

    pub(super) fn failed(&self, folder: &str, failure: Failure) {
        self.tree().settle(folder, State::Failed);
        let mut notes = self.notes();
        notes.in_a_row += 1;
        notes.note(failure);
    }

    /// The tree and the notes, when all is done.
    pub(super) fn finish(self) -> (Tree<'a>, Notes) {
        let tree = self.tree.into_inner().unwrap_or_else(PoisonError::into_inner);
        (tree, self.notes.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Notes {
    pub(super) fn note(&mut self, failure: Failure) {
        if self.failures.len() < MAX_TOLD {
            self.failures.push(failure);
        } else {
            self.more += 1;
        }
    }

    /// All that could not be looked at, in a bounded number of failures.
    pub(super) fn told(self) -> Vec<Failure> {
        let Self { mut failures, more, .. } = self;
        if more > 0 {
            let class = failures.last().map_or(FailureClass::Network, |last| last.class);
            failures.push(
                Failure::new(class, "listing", "other folders").said(format!("{more} more failed")),
            );
        }
        failures
    }
}

/// Failures after which no other call can do better.
pub(super) fn ends_the_walk(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::Cancelled
            | FailureClass::SignIn
            | FailureClass::Misconfigured
            | FailureClass::HostKey
            | FailureClass::Bug
    )
}
