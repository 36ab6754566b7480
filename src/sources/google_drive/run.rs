//! The course of a walk: by the log of changes if there is one to go by, else by
//! looking everywhere.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::account::Identity;
use super::api::Api;
use super::feed::{self, Reading};
use super::memory::Memory;
use super::root::{self, OWN, Root, written};
use super::tree::{Tree, are_listed};
use super::walk::{Stop, Walk};
use crate::model::{DriveScope, Failure, Known, Page, Walked};
use crate::sources::RegisterSink;
use crate::transport::http::or_cancelled;

const WALKING: &str = "walking through";

/// Pages that may wait for the sink. A slow sink slows the walk down.
const WAITING: usize = 4;

/// Walks through `scope` and hands each page to `sink`, one at a time and in order.
pub(super) async fn run(
    api: &Api,
    scope: &DriveScope,
    known: &Known,
    full: bool,
    sink: &dyn RegisterSink,
    cancel: &CancellationToken,
) -> Result<Walked, Failure> {
    let stop = cancel.child_token();
    let (out, pages) = mpsc::channel(WAITING);
    let looking = look(api, scope, known, full, out);
    let looking = or_cancelled(&stop, WALKING, written(scope), looking);
    let (looked, poured) = tokio::join!(looking, pour(pages, sink, &stop));
    poured?;
    looked
}

/// Hands on what is looked at. A page that was begun is not abandoned: the books
/// finish what they are at.
async fn pour(
    mut pages: mpsc::Receiver<Page>,
    sink: &dyn RegisterSink,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    while let Some(page) = pages.recv().await {
        if let Err(failure) = sink.page(page).await {
            stop.cancel();
            return Err(failure);
        }
    }
    Ok(())
}

async fn look(
    api: &Api,
    scope: &DriveScope,
    known: &Known,
    full: bool,
    out: mpsc::Sender<Page>,
) -> Result<Walked, Failure> {
    let identity = api.account().identity().await?;
    if !full
        && let Some(memory) = Memory::read(&known.memory, &identity, scope)
        && let Some(walked) = changes(api, scope, known, &memory, out.clone()).await?
    {
        return Ok(walked);
    }
    everything(api, scope, known, &identity, out).await
}

/// Reads what has changed since the last walk. None if everything must be looked at.
async fn changes(
    api: &Api,
    scope: &DriveScope,
    known: &Known,
    memory: &Memory,
    out: mpsc::Sender<Page>,
) -> Result<Option<Walked>, Failure> {
    let drive = memory.drive.clone();
    let reading = feed::read(api, drive.as_deref(), &memory.token).await;
    let (entries, token) = match reading.map_err(|refusal| refusal.failure)? {
        Reading::Changes(entries, token) => (entries, token),
        Reading::Useless(failure) => {
            info!(%failure, "the log of changes is of no use, looking everywhere");
            return Ok(None);
        }
    };
    if entries.is_empty() && are_listed(known, &memory.root) {
        return Ok(Some(Walked { memory: memory.at(token).json(), ..Walked::default() }));
    }
    // A shortcut may lead to a folder of which the log, read by ancestors, knows nothing:
    // only if nothing at all has changed there is nothing to look at.
    if follows(scope) {
        return Ok(None);
    }
    let Some(tree) = Tree::of_known(&memory.root, known) else {
        info!("the books hold no whole tree of folders, looking everywhere");
        return Ok(None);
    };
    let name = known.folders.get(&memory.root).map(|folder| folder.name.clone());
    let root = Root {
        id: memory.root.clone(),
        name: name.unwrap_or_default(),
        drive,
        own: written(scope) == OWN,
        trashed: false,
    };
    let mut walk = Walk::new(api, scope, root, tree, out);
    walk.succeeded();
    let stopped = match walk.replay(&entries).await {
        Ok(true) => None,
        Ok(false) => return Ok(None),
        Err(stop) => Some(stop),
    };
    let complete = stopped.is_none() && walk.is_complete();
    let memory = if complete { memory.at(token) } else { memory.clone() };
    let walked = walk.end(known, stopped)?;
    Ok(Some(Walked { memory: memory.json(), ..walked }))
}

/// Looks everywhere, and then at what has changed meanwhile.
async fn everything(
    api: &Api,
    scope: &DriveScope,
    known: &Known,
    identity: &Identity,
    out: mpsc::Sender<Page>,
) -> Result<Walked, Failure> {
    let mut root = root::find(api, scope).await?;
    if root.trashed && !scope.include_trashed {
        warn!(folder = %written(scope), "the endpoint's folder is in the trash");
    }
    let mut token = log_end(api, &mut root).await?;
    let tree = Tree::new(&root.id);
    let mut walk = Walk::new(api, scope, root.clone(), tree, out);
    let mut stopped = match walk.everywhere().await {
        Ok(true) => None,
        Ok(false) => {
            token = None;
            None
        }
        Err(stop) => Some(stop),
    };
    if stopped.is_none()
        && walk.is_complete()
        && !follows(scope)
        && let Some(start) = token.take()
    {
        token = Some(match walk.catch_up(&start).await {
            Ok(token) => token.unwrap_or(start),
            Err(stop) => {
                stopped = Some(stop);
                start
            }
        });
    }
    let complete = stopped.is_none() && walk.is_complete();
    if complete && walk.is_empty() {
        walk.say_that_nothing_is_seen(identity);
    }
    let memory = match token {
        Some(token) if complete => Memory::new(token, &root, identity, scope).json(),
        None if complete => serde_json::Value::Null,
        // What it was before still holds.
        _ => known.memory.clone(),
    };
    let walked = walk.end(known, stopped)?;
    Ok(Walked { absence_counts: complete, memory, ..walked })
}

/// Where the root's log of changes ends now; none if there is no log.
///
/// Who was given a folder of a shared drive, and is no member of the drive, may ask
/// neither for its log nor for lists of it; the account's own log and lists show the
/// folder all the same.
async fn log_end(api: &Api, root: &mut Root) -> Result<Option<String>, Failure> {
    loop {
        match feed::start(api, root.drive.as_deref()).await {
            Ok(token) => return Ok(Some(token)),
            Err(refusal) if refusal.is_about_object() => {
                if root.drive.is_some() && !root.is_whole_drive() {
                    info!("not a member of the folder's shared drive, going by the own log");
                    root.drive = None;
                    continue;
                }
                let failure = refusal.failure;
                warn!(%failure, "there is no log of changes: every walk is a full one");
                return Ok(None);
            }
            Err(refusal) => return Err(refusal.failure),
        }
    }
}

/// Whether folders that shortcuts lead to belong to the scope.
fn follows(scope: &DriveScope) -> bool {
    scope.follow_shortcuts && scope.include_subfolders
}

impl Walk<'_> {
    /// Lists all of the scope. False if the root's log of changes does not reach all
    /// of it.
    async fn everywhere(&mut self) -> Result<bool, Stop> {
        let (id, name) = (self.root.id.clone(), self.root.name.clone());
        self.book_root(&name).await?;
        if self.root.is_whole_drive() && self.scope.include_subfolders {
            self.flat().await?;
        } else {
            let drive = self.root.drive.clone();
            self.folders(vec![id], drive.as_deref()).await?;
        }
        if self.root.own && self.scope.include_shared {
            self.shared_with_me().await?;
        }
        if follows(self.scope) { self.follow().await } else { Ok(true) }
    }

    /// Reads what has changed while everything was looked at: what was moved from
    /// where the walk had not been to where it had, it cannot have seen. Returns where
    /// to go on next time, if that is further on.
    async fn catch_up(&mut self, start: &str) -> Result<Option<String>, Stop> {
        let drive = self.root.drive.clone();
        match feed::read(self.api, drive.as_deref(), start).await {
            Ok(Reading::Changes(entries, token)) => {
                Ok(self.replay(&entries).await?.then_some(token))
            }
            // The next walk reads it, or looks everywhere again.
            Ok(Reading::Useless(failure)) => {
                warn!(%failure, "the log of changes is of no use");
                Ok(None)
            }
            Err(refusal) => {
                self.failed(refusal.failure);
                Ok(None)
            }
        }
    }
}
