//! One walk over an endpoint's folders.
//!
//! | file | what |
//! |---|---|
//! | `tree` | which folders were seen, and what follows from that; no I/O |
//! | `crawl` | looks into folders, several at a time |
//! | `vanished` | folders that are not where they were |
//! | `memory` | what one walk leaves for the next |
//!
//! The roots come with their change detectors: if none has moved, that one call was the
//! walk. Whether deleting, moving and renaming move them is not documented, so a full
//! walk now and then looks everywhere all the same.

mod crawl;
mod memory;
mod tree;
mod vanished;

use std::collections::HashSet;

use tokio_util::sync::CancellationToken;

use self::crawl::Crawl;
use self::memory::{Memory, fingerprint};
use self::tree::{State, Tree};
use super::api::Api;
use super::folders::Folder;
use super::hubs::Home;
use super::roots::highest;
use crate::model::{AutodeskScope, Failure, FailureClass, Known, Retry, Walked};
use crate::sources::RegisterSink;

/// A walk that changes overtake looks again at what has changed, so often at the most.
const MAX_ROUNDS: u32 = 3;

/// What an endpoint's walk begins with.
pub(super) enum Roots {
    /// These folders.
    Folders {
        /// Those that are below none of the others.
        highest: Vec<Folder>,
        /// Those that are, as the service says.
        nested: Vec<Folder>,
    },
    /// The endpoint's own folder is deleted.
    Deleted(Failure),
    /// Nothing may be seen (any more).
    Refused(Failure),
}

/// Looks at everything in `scope`, as [`RegisterSource::walk`] says.
///
/// [`RegisterSource::walk`]: crate::sources::RegisterSource::walk
pub(super) async fn walk(
    api: &Api,
    scope: &AutodeskScope,
    known: &Known,
    full: bool,
    sink: &dyn RegisterSink,
    cancel: &CancellationToken,
) -> Result<Walked, Failure> {
    let memory = Memory::read(&known.memory);
    let mut home = memory.home.clone().filter(|home| home.fits(scope));
    // Without any memory nothing was ever complete: then the stamps are those of folders
    // that a first walk came by.
    let same_scope = memory.scope.is_null() || memory.scope == fingerprint(scope);
    let roots = match roots(api, scope, &mut home, cancel).await? {
        Roots::Folders { highest, nested } => (highest, nested),
        Roots::Deleted(failure) => {
            let is_ours = |id: &String| known.folders.contains_key(id);
            // One that was never seen is a mistake in the configuration.
            return match scope.folder_id.as_ref().is_some_and(is_ours) {
                true => Ok(deleted(memory, home)),
                false => Err(failure),
            };
        }
        Roots::Refused(failure) => return frozen(known, memory, home, failure),
    };
    let was_lost: HashSet<String> = memory.lost.iter().map(|(id, _)| id.clone()).collect();
    let prune = !full && same_scope;
    let tree = Tree::new(&known.folders, prune, scope.include_subfolders, was_lost);
    let root_folder = home.as_ref().and_then(|home| home.root_folder.clone());
    let crawl = Crawl::new(api, scope, sink, cancel, root_folder, tree);
    rounds(&crawl, roots, &mut home, &memory, full).await?;
    finish(crawl, known, memory, home)
}

async fn rounds(
    crawl: &Crawl<'_>,
    (mut roots, nested): (Vec<Folder>, Vec<Folder>),
    home: &mut Option<Home>,
    memory: &Memory,
    full: bool,
) -> Result<(), Failure> {
    for round in 1..=MAX_ROUNDS {
        let pages = crawl.notes().pages;
        let taken = crawl.tree().take_roots(&roots);
        let jobs = crawl.book(taken).await?;
        crawl.run(jobs).await?;
        crawl.settle_vanished(home.as_ref()).await?;
        if round == 1 {
            unreached(crawl, &nested).await?;
            crawl.settle_vanished(home.as_ref()).await?;
            probe(crawl, memory, full).await?;
        }
        let idle = crawl.notes().pages == pages;
        if idle || !crawl.notes().failures.is_empty() || round == MAX_ROUNDS {
            break;
        }
        // A file that was moved from a folder not yet listed into one listed already
        // was seen in neither: what has changed meanwhile is looked at once more.
        let again = self::roots(crawl.api, crawl.scope, home, crawl.cancel).await;
        match again {
            Ok(Roots::Folders { highest, .. }) => roots = highest,
            Ok(Roots::Deleted(failure) | Roots::Refused(failure)) => {
                crawl.notes().note(failure);
                break;
            }
            Err(failure) if crawl::ends_the_walk(failure.class) => return Err(failure),
            Err(failure) => {
                crawl.notes().note(failure);
                break;
            }
        }
        crawl.tree().next_round();
    }
    Ok(())
}

/// Looks into top folders that are below others by what the service says, and did not
/// turn up there: a folder in between may be out of sight.
async fn unreached(crawl: &Crawl<'_>, nested: &[Folder]) -> Result<(), Failure> {
    let (taken, any) = {
        let mut tree = crawl.tree();
        let is_unreached = |folder: &&Folder| {
            matches!(tree.nearest(&folder.id), None | Some(State::Lost | State::Gone))
        };
        let unreached: Vec<Folder> = nested.iter().filter(is_unreached).cloned().collect();
        (tree.take_roots(&unreached), !unreached.is_empty())
    };
    if any {
        let jobs = crawl.book(taken).await?;
        crawl.run(jobs).await?;
    }
    Ok(())
}

/// Tries one of the folders that could not be seen, and in a full walk all of them:
/// access comes back without a trace in any change detector.
async fn probe(crawl: &Crawl<'_>, memory: &Memory, full: bool) -> Result<(), Failure> {
    for (folder, _) in &memory.lost {
        let unseen = {
            let tree = crawl.tree();
            tree.is_known(folder) && tree.state(folder).is_none()
        };
        if unseen {
            crawl.probe(folder.clone()).await?;
            if !full {
                break;
            }
        }
    }
    Ok(())
}

/// The highest folders in `scope`, with their change detectors: one call, if it is
/// known where the project is.
pub(super) async fn roots(
    api: &Api,
    scope: &AutodeskScope,
    home: &mut Option<Home>,
    cancel: &CancellationToken,
) -> Result<Roots, Failure> {
    if let Some(id) = &scope.folder_id {
        return own_folder(api, scope, id, home, cancel).await;
    }
    let remembered = home.is_some();
    let place = match home {
        Some(home) => home.clone(),
        None => home.insert(api.home(scope, cancel).await?).clone(),
    };
    let mut found = api.top_folders(&place, &scope.project_id, cancel).await;
    if remembered && matches!(&found, Err(failure) if failure.class == FailureClass::NotFound) {
        // It may have been moved to another hub.
        let place = home.insert(api.home(scope, cancel).await?);
        found = api.top_folders(place, &scope.project_id, cancel).await;
    }
    match found {
        Ok(folders) if folders.is_empty() => Ok(Roots::Refused(no_folders(scope))),
        Ok(folders) => {
            let (highest, nested) = highest(folders);
            Ok(Roots::Folders { highest, nested })
        }
        Err(failure) if failure.class == FailureClass::Refused => {
            Ok(Roots::Refused(failure.advice(api.custom_integration())))
        }
        Err(failure) => Err(failure),
    }
}

/// The endpoint's own folder.
async fn own_folder(
    api: &Api,
    scope: &AutodeskScope,
    id: &str,
    home: &mut Option<Home>,
    cancel: &CancellationToken,
) -> Result<Roots, Failure> {
    let mut found = api.folder(&scope.project_id, id, cancel).await;
    if matches!(&found, Err(failure) if failure.class == FailureClass::NotFound) {
        // A gateway that knows nothing must not empty a register: only if the project is
        // there, and the folder is still not.
        *home = Some(api.home(scope, cancel).await?);
        found = api.folder(&scope.project_id, id, cancel).await;
    }
    match found {
        Ok(folder) if !folder.hidden => {
            Ok(Roots::Folders { highest: vec![folder], nested: vec![] })
        }
        Ok(_) => Ok(Roots::Deleted(
            Failure::new(FailureClass::NotFound, "looking at the folder", id)
                .said("it is deleted")
                .advice("set another folder_id, or restore it")
                .retry(Retry::Never),
        )),
        Err(failure) => match failure.class {
            FailureClass::NotFound => {
                let advice = "check project_id and folder_id of the endpoint";
                Ok(Roots::Deleted(failure.advice(advice).retry(Retry::Never)))
            }
            FailureClass::Refused => Ok(Roots::Refused(failure.advice(api.custom_integration()))),
            _ => Err(failure),
        },
    }
}

/// Every project has top folders: none means that none may be seen.
fn no_folders(scope: &AutodeskScope) -> Failure {
    Failure::new(FailureClass::Refused, "listing the top folders of", &scope.project_id)
        .said("there is no folder that this account may see")
        .advice("let a project admin give this user, or the application, access to its folders")
        .retry(Retry::Never)
}

/// The endpoint's folder was deleted: so is all that was in it.
fn deleted(memory: Memory, home: Option<Home>) -> Walked {
    let memory = Memory { home, lost: vec![], ..memory };
    Walked { absence_counts: true, memory: memory.to_json(), ..Walked::default() }
}

/// Everything stays as it was, for nothing may be seen.
fn frozen(
    known: &Known,
    memory: Memory,
    home: Option<Home>,
    failure: Failure,
) -> Result<Walked, Failure> {
    let roots = known.folders.iter().filter(|(_, folder)| folder.parent.is_none());
    let lost: Vec<_> = roots.map(|(id, _)| (id.clone(), failure.clone())).collect();
    if lost.is_empty() {
        return Err(failure);
    }
    let memory = Memory {
        home,
        lost: memory.still_lost(|id| !known.folders.contains_key(id), lost.clone()),
        ..memory
    };
    Ok(Walked { lost, failures: vec![failure], memory: memory.to_json(), ..Walked::default() })
}

fn finish(
    crawl: Crawl<'_>,
    known: &Known,
    memory: Memory,
    home: Option<Home>,
) -> Result<Walked, Failure> {
    let scope = fingerprint(crawl.scope);
    let (tree, mut notes) = crawl.finish();
    let lost = std::mem::take(&mut notes.lost);
    let untouched = tree.untouched();
    let nothing_seen = notes.pages == 0 && untouched.is_empty() && lost.is_empty();
    let failures = notes.told();
    match failures.first() {
        Some(failure) if nothing_seen => return Err(failure.clone()),
        _ => {}
    }
    let partial = !failures.is_empty();
    // Seen again, gone, or no more in the books.
    let is_settled =
        |id: &str| !tree.is_known(id) || tree.state(id).is_some_and(|state| state != State::Failed);
    let lost = memory.still_lost(is_settled, lost);
    let memory = Memory {
        // Until everything was seen once, the stamps say nothing about another scope.
        scope: if partial && !known.folders.is_empty() { memory.scope } else { scope },
        home,
        lost: lost.clone(),
    };
    Ok(Walked {
        absence_counts: !partial,
        untouched,
        lost,
        stamps: tree.stamps(partial),
        failures,
        memory: memory.to_json(),
        ..Walked::default()
    })
}
