//! Folders that are not where they were: deleted, out of sight, or moved?
//!
//! All three look alike in a list: the folder is not in it. Each is asked for by its
//! id, because only the first may cost anybody a row.

use futures::StreamExt as _;

use super::super::folders::Folder;
use super::super::hubs::Home;
use super::crawl::{Crawl, Job, ends_the_walk};
use super::tree::{State, Taken};
use crate::model::{Failure, FailureClass};

/// Folders asked for at a time.
const AT_A_TIME: usize = 8;

/// The deepest that a tree is believed to be.
const MAX_DEPTH: usize = 64;

/// Where a folder that is still there belongs now.
enum Place {
    /// In this folder; what is to be entered there is the folder, or one above it that
    /// was not known.
    Under(String, Folder),
    /// Nowhere below another that may be seen.
    Root(Folder),
    /// In a deleted folder, or outside of the endpoint's scope.
    Outside,
}

impl Crawl<'_> {
    /// Finds out about everything that vanished, and looks into what has moved.
    pub(super) async fn settle_vanished(&self, home: Option<&Home>) -> Result<(), Failure> {
        let whole_project = self.scope.folder_id.is_none();
        loop {
            let vanished = self.tree().vanished(whole_project);
            if vanished.is_empty() {
                return Ok(());
            }
            let looks = vanished
                .clone()
                .into_iter()
                .map(|id| async move { self.settle_one(&id, home).await });
            let mut looks = futures::stream::iter(looks).buffer_unordered(AT_A_TIME);
            let mut jobs = Vec::new();
            while let Some(more) = looks.next().await {
                jobs.extend(more?);
            }
            self.run(jobs).await?;
            for id in &vanished {
                // It is somewhere below what was entered, and did not turn up there.
                if self.tree().state(id).is_none() {
                    let failure =
                        Failure::new(FailureClass::Protocol, "looking for the folder", id)
                            .said("it is there, but no list holds it");
                    self.failed(id, failure);
                }
            }
        }
    }

    async fn settle_one(&self, id: &str, home: Option<&Home>) -> Result<Vec<Job>, Failure> {
        let found = match self.api.folder(&self.scope.project_id, id, self.cancel).await {
            Ok(folder) if !folder.hidden => self.place_of(folder, home).await,
            Ok(_) => Ok(Place::Outside),
            Err(failure) => Err(failure),
        };
        let mut taken = Taken::default();
        match found {
            Ok(Place::Outside) => self.gone(id).await?,
            Ok(Place::Under(parent, folder)) => {
                self.tree().take_folder(Some(&parent), &folder, &mut taken);
            }
            Ok(Place::Root(folder)) => self.tree().take_folder(None, &folder, &mut taken),
            Err(failure) => match failure.class {
                class if ends_the_walk(class) => return Err(failure),
                FailureClass::NotFound => self.gone(id).await?,
                FailureClass::Refused => self.lost(id, failure),
                _ => self.failed(id, failure),
            },
        }
        self.book(taken).await
    }

    /// Goes up from a folder that is still there, until somewhere known.
    async fn place_of(&self, folder: Folder, home: Option<&Home>) -> Result<Place, Failure> {
        let whole_project = self.scope.folder_id.is_none();
        let as_root = |folder| if whole_project { Place::Root(folder) } else { Place::Outside };
        let root_folder = home.and_then(|home| home.root_folder.as_deref());
        let mut at = folder;
        for _ in 0..MAX_DEPTH {
            let Some(parent) = at.parent.clone().filter(|p| Some(p.as_str()) != root_folder) else {
                return Ok(as_root(at));
            };
            let state = {
                let tree = self.tree();
                match tree.state(&parent) {
                    // One that the books have in a part that was not looked into.
                    None => tree.nearest(&parent).filter(|s| *s == State::Untouched),
                    state => state,
                }
            };
            match state {
                Some(State::Gone) => return Ok(Place::Outside),
                Some(_) => return Ok(Place::Under(parent, at)),
                None => {}
            }
            match self.api.folder(&self.scope.project_id, &parent, self.cancel).await {
                Ok(above) if above.hidden => return Ok(Place::Outside),
                Ok(above) => at = above,
                Err(failure) if failure.class == FailureClass::NotFound => {
                    return Ok(Place::Outside);
                }
                // The highest folder that may be seen.
                Err(failure) if failure.class == FailureClass::Refused => {
                    return Ok(as_root(at));
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::new(FailureClass::Protocol, "looking for the folder", &at.id)
            .said("the folders above it never come to an end"))
    }
}
