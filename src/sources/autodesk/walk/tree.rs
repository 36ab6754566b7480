//! What a walk has seen so far: which folders, where, and what became of each.
//!
//! No I/O: the crawl asks what to enter, and tells how it went.

use std::collections::{HashMap, HashSet};

use super::super::folders::Folder;
use crate::model::{KnownFolder, Page, RemoteFile, RemoteFolder};

/// What became of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is to be looked into.
    Waiting,
    /// Everything directly in it was seen.
    Listed,
    /// Nothing has changed below it.
    Untouched,
    /// It may not be seen.
    Lost,
    /// It is deleted.
    Gone,
    /// It could not be looked into.
    Failed,
}

#[derive(Debug)]
struct Node {
    parent: Option<String>,
    stamp: Option<String>,
    state: State,
    /// The round in which it was last seen.
    round: u32,
    /// How often it was listed.
    listings: u32,
    /// Everything below is to be looked into, whatever the stamps say.
    forced: bool,
}

/// The folders of one walk.
#[derive(Debug)]
pub(super) struct Tree<'k> {
    known: &'k HashMap<String, KnownFolder>,
    nodes: HashMap<String, Node>,
    /// Whether the books' stamps count.
    prune: bool,
    /// Whether folders below the roots are looked into.
    deep: bool,
    round: u32,
    /// Folders that could not be seen before: all below them is looked at anew.
    was_lost: HashSet<String>,
}

/// What to do with a folder that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admission {
    /// Book it and look into it.
    Enter,
    /// Book it: there is nothing new below it, or it was entered already.
    Book,
    /// Leave it: it lies in itself.
    Loop,
}

/// One page of a folder, sorted.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// What is to be booked.
    pub(super) page: Page,
    /// The folders to look into.
    pub(super) enter: Vec<String>,
}

impl<'k> Tree<'k> {
    pub(super) fn new(
        known: &'k HashMap<String, KnownFolder>,
        prune: bool,
        deep: bool,
        was_lost: HashSet<String>,
    ) -> Self {
        Self { known, nodes: HashMap::new(), prune, deep, round: 1, was_lost }
    }

    /// Begins another round: folders whose stamp has moved since are entered again.
    pub(super) fn next_round(&mut self) {
        self.round += 1;
    }

    /// Takes the endpoint's roots.
    pub(super) fn take_roots(&mut self, roots: &[Folder]) -> Taken {
        let mut taken = Taken::default();
        for root in roots {
            self.take_folder(None, root, &mut taken);
        }
        taken
    }

    /// Takes a page of what is in the folder `parent`.
    pub(super) fn take(
        &mut self,
        parent: &str,
        folders: &[Folder],
        files: Vec<RemoteFile>,
    ) -> Taken {
        let mut taken = Taken { page: Page { files, ..Page::default() }, ..Taken::default() };
        if self.deep {
            for folder in folders.iter().filter(|folder| !folder.hidden) {
                self.take_folder(Some(parent), folder, &mut taken);
            }
        }
        taken
    }

    /// Takes one folder that was found in `parent`.
    pub(super) fn take_folder(&mut self, parent: Option<&str>, folder: &Folder, taken: &mut Taken) {
        let admission = self.admit(parent, folder);
        if admission == Admission::Loop {
            tracing::warn!(folder = %crate::model::Shown::new(&folder.id), "a folder lies in itself");
            return;
        }
        taken.page.folders.push(RemoteFolder {
            id: folder.id.clone(),
            parent: parent.map(ToOwned::to_owned),
            name: folder.name.clone(),
        });
        if admission == Admission::Enter {
            taken.enter.push(folder.id.clone());
        }
    }

    fn admit(&mut self, parent: Option<&str>, folder: &Folder) -> Admission {
        if parent.is_some_and(|parent| self.is_within(parent, &folder.id)) {
            return Admission::Loop;
        }
        let inherited = parent.and_then(|p| self.nodes.get(p)).is_some_and(|node| node.forced);
        let round = self.round;
        let Some(node) = self.nodes.get_mut(&folder.id) else {
            let forced = inherited || self.was_lost.contains(&folder.id);
            let known = self.known.get(&folder.id).and_then(|known| known.stamp.as_ref());
            // Compared as texts: that it differs is all that counts.
            let unchanged =
                self.prune && !forced && known.is_some() && known == folder.stamp.as_ref();
            let node = Node {
                parent: parent.map(ToOwned::to_owned),
                stamp: folder.stamp.clone(),
                state: if unchanged { State::Untouched } else { State::Waiting },
                round,
                listings: 0,
                forced,
            };
            self.nodes.insert(folder.id.clone(), node);
            return if unchanged { Admission::Book } else { Admission::Enter };
        };
        node.parent = parent.map(ToOwned::to_owned);
        let seen_before = node.round == round;
        node.round = round;
        let moved = folder.stamp.is_some() && folder.stamp != node.stamp;
        let settled = matches!(node.state, State::Listed | State::Untouched);
        if seen_before || !moved || !settled {
            return Admission::Book;
        }
        node.stamp.clone_from(&folder.stamp);
        node.state = State::Waiting;
        Admission::Enter
    }

    /// Whether `id` is `ancestor` or lies below it.
    fn is_within(&self, id: &str, ancestor: &str) -> bool {
        let mut at = Some(id);
        // The service may have moved folders under our hands: a bound all the same.
        for _ in 0..=self.nodes.len() + self.known.len() {
            at = match at {
                Some(id) if id == ancestor => return true,
                Some(id) => match self.nodes.get(id) {
                    Some(node) => node.parent.as_deref(),
                    None => self.known.get(id).and_then(|known| known.parent.as_deref()),
                },
                None => return false,
            }
        }
        true
    }

    /// Everything directly in the folder was seen.
    pub(super) fn listed(&mut self, id: &str) {
        if let Some(node) = self.nodes.get_mut(id)
            && node.state == State::Waiting
        {
            node.state = State::Listed;
            node.listings += 1;
        }
    }

    /// Says what became of a folder, whether it was seen in a list or not.
    pub(super) fn settle(&mut self, id: &str, state: State) {
        let round = self.round;
        let parent = || self.known.get(id).and_then(|known| known.parent.clone());
        let node = self.nodes.entry(id.to_owned()).or_insert_with(|| Node {
            parent: parent(),
            stamp: None,
            state,
            round,
            listings: 0,
            forced: false,
        });
        node.state = state;
    }

    pub(super) fn state(&self, id: &str) -> Option<State> {
        self.nodes.get(id).map(|node| node.state)
    }

    /// The folders above `id` that this walk has come by, the nearest first.
    pub(super) fn above(&self, id: &str) -> Vec<String> {
        let parent = |id: &str| self.nodes.get(id).and_then(|node| node.parent.clone());
        let way = std::iter::successors(parent(id), |at| parent(at));
        way.take(self.nodes.len()).collect()
    }

    pub(super) fn is_known(&self, id: &str) -> bool {
        self.known.contains_key(id)
    }

    /// A folder as the books have it.
    pub(super) fn booked(&self, id: &str) -> Option<(Option<&str>, Folder)> {
        let known = self.known.get(id)?;
        let folder = Folder { id: id.to_owned(), name: known.name.clone(), ..Folder::default() };
        Some((known.parent.as_deref(), folder))
    }

    /// The state of the nearest folder above `id` in the books, itself included, that
    /// this walk has come by.
    pub(super) fn nearest(&self, id: &str) -> Option<State> {
        let mut at = id;
        for _ in 0..=self.known.len() {
            if let Some(state) = self.state(at) {
                return Some(state);
            }
            at = self.known.get(at)?.parent.as_deref()?;
        }
        None
    }

    /// Folders of the books that are not where they were: their parent was listed
    /// without them. Those below them are not among these. `roots` says whether a
    /// root that is not among the roots counts.
    pub(super) fn vanished(&self, roots: bool) -> Vec<String> {
        let is_vanished = |(id, known): &(&String, &KnownFolder)| {
            let looked = match &known.parent {
                None => roots,
                Some(parent) => self.deep && self.state(parent) == Some(State::Listed),
            };
            looked && !self.nodes.contains_key(id.as_str())
        };
        let mut found: Vec<String> =
            self.known.iter().filter(is_vanished).map(|(id, _)| id.clone()).collect();
        found.sort_unstable();
        found
    }

    /// The folders that were not looked into because nothing changed below them.
    pub(super) fn untouched(&self) -> Vec<String> {
        let untouched = self.nodes.iter().filter(|(_, node)| node.state == State::Untouched);
        untouched.map(|(id, _)| id.clone()).collect()
    }

    /// The stamp of each folder below which everything was seen.
    ///
    /// A folder that was listed twice is not among them, nor what is above it: what was
    /// seen first and not again must be looked for once more. After a walk with
    /// failures, after which nothing counts as gone, only those of folders that are new.
    pub(super) fn stamps(&self, with_failures: bool) -> HashMap<String, String> {
        let mut spoiled: HashSet<&str> = HashSet::new();
        for (id, node) in &self.nodes {
            let unseen = matches!(node.state, State::Failed | State::Waiting);
            let mut at = (unseen || node.listings > 1).then_some(id.as_str());
            while let Some(id) = at.filter(|id| spoiled.insert(id)) {
                at = self.nodes.get(id).and_then(|node| node.parent.as_deref());
            }
        }
        let seen = self.nodes.iter().filter(|(id, node)| {
            matches!(node.state, State::Listed | State::Untouched)
                && !spoiled.contains(id.as_str())
                && !(with_failures && self.known.contains_key(*id))
        });
        seen.filter_map(|(id, node)| Some((id.clone(), node.stamp.clone()?))).collect()
    }
}

#[cfg(test)]
mod tests;
