//! Which folders are asked for in one query, and which are asked for again.
//!
//! A query for the children of many folders saves calls, but **it may silently
//! miss those of some**, so that a folder without a hit in it is not known to be
//! empty. Such folders are looked at together once more, in other company, for as
//! long as that brings something for anybody, and then each alone: only that tells
//! that a folder is empty. Where a second look in company hardly ever brings
//! anything (all are empty, or it is always the same ones that are lost), there is
//! none.
//!
//! No I/O: the walk asks what is next and tells how it ended.

use std::collections::VecDeque;

use super::query::{MAX_PARENTS, fitting};

/// Queries for several folders at the same time. Each may bring a full page, so
/// this bounds memory.
const GROUPS: usize = 32;

/// Queries at the same time, with those for one folder, which bring little or nothing.
const ALL: usize = 128;

/// A query should bring about as much as fits on one page: the next page can be
/// asked for only when this one is there.
const PAGE: f64 = 1000.0;

/// A folder is looked at so often in company, before it is looked at alone.
const ROUNDS: u32 = 3;

/// With so many queries under way, one that would not fill its page waits for more
/// folders: it costs as much as a full one.
const BUSY: usize = 16;

/// One query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// The folders whose children are asked for.
    pub(super) parents: Vec<String>,
    /// For which of them something came.
    hit: Vec<bool>,
    /// How much came.
    items: usize,
    /// Something came that cannot be told whose child it is.
    stray: bool,
    round: u32,
    /// The page to go on with.
    pub(super) page: Option<String>,
    /// It was begun anew because its page token was refused.
    pub(super) restarted: bool,
    /// Pages in a row that were empty.
    pub(super) empty_pages: u32,
}

impl Look {
    fn new(parents: Vec<String>, round: u32) -> Self {
        Self {
            hit: vec![false; parents.len()],
            parents,
            items: 0,
            stray: false,
            round,
            page: None,
            restarted: false,
            empty_pages: 0,
        }
    }

    /// Whether it is for one folder.
    pub(super) fn is_alone(&self) -> bool {
        self.parents.len() == 1
    }

    /// Books an item with these parents. Returns the first folder of this look that
    /// it lies in; none if that cannot be told.
    pub(super) fn book(&mut self, parents: &[String]) -> Option<&str> {
        self.items += 1;
        // Who asked for one folder knows whose children came, whatever they say.
        if self.is_alone() {
            self.hit[0] = true;
            return Some(&self.parents[0]);
        }
        let mut first = None;
        for (n, own) in self.parents.iter().enumerate() {
            if parents.contains(own) {
                self.hit[n] = true;
                first = first.or(Some(n));
            }
        }
        self.stray |= first.is_none();
        first.map(|n| self.parents[n].as_str())
    }
}

/// What is still to be looked at.
#[derive(Debug)]
pub(super) struct Looks {
    fresh: VecDeque<String>,
    /// Without a hit so far, with the round they are due for.
    again: VecDeque<(String, u32)>,
    alone: VecDeque<String>,
    /// Halves of queries that were too much.
    halves: Vec<Look>,
    /// Items that a folder has, lately and on average.
    per_folder: f64,
    /// Folders that one query may ask for.
    most: usize,
    /// Folders that were looked at in company again, and those of them with a hit then.
    tried_again: usize,
    found_again: usize,
    groups_under_way: usize,
    under_way: usize,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            fresh: VecDeque::new(),
            again: VecDeque::new(),
            alone: VecDeque::new(),
            halves: Vec::new(),
            per_folder: PAGE / MAX_PARENTS as f64,
            most: MAX_PARENTS,
            tried_again: 0,
            found_again: 0,
            groups_under_way: 0,
            under_way: 0,
        }
    }
}

impl Looks {
    /// More folders to look at.
    pub(super) fn add(&mut self, folders: impl IntoIterator<Item = String>) {
        self.fresh.extend(folders);
    }

    /// The next query that may be sent now. Whoever takes one gives it back with
    /// [`Looks::ended`], [`Looks::halve`] or [`Looks::failed`].
    pub(super) fn next(&mut self) -> Option<Look> {
        let look = self.choose()?;
        self.under_way += 1;
        self.groups_under_way += usize::from(!look.is_alone());
        Some(look)
    }

    fn choose(&mut self) -> Option<Look> {
        let room_for_groups = self.groups_under_way < GROUPS;
        if self.under_way >= ALL {
            return None;
        }
        if room_for_groups {
            if let Some(half) = self.halves.pop() {
                return Some(half);
            }
            // What leads deeper comes first: it is what the others wait for.
            let number = fitting(self.fresh.iter(), self.group());
            let is_full = self.fresh.len() > number || number >= self.group();
            if !self.fresh.is_empty() && (is_full || self.under_way < BUSY) {
                return Some(Look::new(self.fresh.drain(..number).collect(), 1));
            }
        }
        if let Some(folder) = self.alone.pop_front() {
            return Some(Look::new(vec![folder], ROUNDS + 1));
        }
        // Gathered, unless nothing more can come.
        let due = self.again.len() >= self.most || self.groups_under_way == 0;
        if !room_for_groups || self.again.is_empty() || !due {
            return None;
        }
        let number = fitting(self.again.iter().map(|(folder, _)| folder), self.most);
        let taken: Vec<(String, u32)> = self.again.drain(..number).collect();
        let round = taken.iter().map(|(_, round)| *round).max().unwrap_or(ROUNDS);
        // In another order than before: what is lost may depend on the place.
        Some(Look::new(taken.into_iter().rev().map(|(folder, _)| folder).collect(), round))
    }

    /// As many folders as fill a page.
    fn group(&self) -> usize {
        let number = PAGE / self.per_folder.max(PAGE / MAX_PARENTS as f64);
        (number as usize).clamp(1, self.most)
    }

    /// A query has brought its last page. Returns the folders that are done.
    pub(super) fn ended(&mut self, look: Look) -> Vec<String> {
        self.given_back(&look);
        if look.is_alone() {
            return look.parents;
        }
        let fruitful = look.hit.contains(&true);
        let average = look.items as f64 / look.parents.len() as f64;
        self.per_folder = 0.75 * self.per_folder + 0.25 * average;
        if look.round > 1 {
            self.tried_again += look.hit.len();
            self.found_again += look.hit.iter().filter(|hit| **hit).count();
        }
        let in_company = match look.round {
            1 => self.tried_again < MAX_PARENTS || self.found_again * 10 >= self.tried_again,
            round => fruitful && round < ROUNDS,
        };
        let mut done = Vec::new();
        for (folder, hit) in look.parents.into_iter().zip(look.hit) {
            match (hit && !look.stray, in_company && !look.stray) {
                (true, _) => done.push(folder),
                (false, true) => self.again.push_back((folder, look.round + 1)),
                (false, false) => self.alone.push_back(folder),
            }
        }
        done
    }

    /// A query was too much, or one of its folders spoilt it for all: two halves
    /// are tried. None for a single folder: that is given back.
    pub(super) fn halve(&mut self, look: Look, too_much: bool) -> Option<Look> {
        self.given_back(&look);
        if look.is_alone() {
            return Some(look);
        }
        let middle = look.parents.len() / 2;
        if too_much {
            self.most = self.most.min(middle.max(1));
        }
        let (left, right) = look.parents.split_at(middle);
        self.halves.extend([left, right].map(|half| Look::new(half.to_vec(), look.round)));
        None
    }

    /// A query has failed for good; its folders are not looked at.
    pub(super) fn failed(&mut self, look: &Look) {
        self.given_back(look);
    }

    fn given_back(&mut self, look: &Look) {
        self.under_way -= 1;
        self.groups_under_way -= usize::from(!look.is_alone());
    }
}

#[cfg(test)]
#[path = "looks_tests.rs"]
mod tests;
