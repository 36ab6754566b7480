//! `orderBy`, and where a page begins.

use std::cmp::Ordering;

use super::refusal::Refusal;
use crate::demo::google_drive::tree::{Item, Place, Tree};

/// What a list can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Created,
    Folder,
    Modified,
    Name,
    Size,
    /// Accepted, and the same for all items here.
    Nothing,
}

/// How a list is sorted. Without a wish by id: to a client that is any order, folders
/// after what lies in them included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sorting(Vec<(Key, bool)>);

impl Sorting {
    pub(super) fn of(text: Option<&str>) -> Result<Self, Refusal> {
        let text = text.unwrap_or_default();
        let keys = text.split(',').filter(|_| !text.is_empty()).map(|part| {
            let (name, descending) = match part.trim().split_once(' ') {
                Some((name, "desc")) => (name, true),
                Some(_) => return Err(Refusal::invalid("orderBy")),
                None => (part.trim(), false),
            };
            let key = match name {
                "createdTime" => Key::Created,
                "folder" => Key::Folder,
                "modifiedTime" | "recency" => Key::Modified,
                "name" | "name_natural" => Key::Name,
                "quotaBytesUsed" => Key::Size,
                "modifiedByMeTime" | "sharedWithMeTime" | "starred" | "viewedByMeTime" => {
                    Key::Nothing
                }
                _ => return Err(Refusal::invalid("orderBy")),
            };
            Ok((key, descending))
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// One page of `size` items out of `candidates`, which come by id: those that are
    /// `meant`, from `position` on; and the position of the page after it, if there
    /// is one.
    pub(super) fn page(
        &self,
        tree: &Tree,
        candidates: impl Iterator<Item = Place>,
        meant: impl Fn(&Place) -> bool,
        position: &str,
        size: usize,
    ) -> (Vec<Place>, Option<String>) {
        if self.0.is_empty() {
            // After an id, not after so many: items that come and go before it move nothing.
            let rest = candidates.skip_while(|place| *tree.item(*place).id <= *position);
            let mut page: Vec<Place> = rest.filter(meant).take(size + 1).collect();
            let more = page.len() > size;
            page.truncate(size);
            let next = page.last().filter(|_| more).map(|last| tree.item(*last).id.clone());
            return (page, next);
        }
        let mut all: Vec<Place> = candidates.filter(meant).collect();
        all.sort_by(|a, b| self.compared(tree.item(*a), tree.item(*b)));
        let start = position.parse().unwrap_or(0).min(all.len());
        let end = all.len().min(start + size);
        let next = (end < all.len()).then(|| end.to_string());
        (all[start..end].to_vec(), next)
    }

    fn compared(&self, a: &Item, b: &Item) -> Ordering {
        let by_keys = self.0.iter().map(|(key, descending)| {
            let order = compared(*key, a, b);
            if *descending { order.reverse() } else { order }
        });
        by_keys.fold(Ordering::Equal, Ordering::then).then_with(|| a.id.cmp(&b.id))
    }
}

fn compared(key: Key, a: &Item, b: &Item) -> Ordering {
    match key {
        Key::Created => a.created.cmp(&b.created),
        Key::Folder => b.is_folder().cmp(&a.is_folder()),
        Key::Modified => a.modified.cmp(&b.modified),
        Key::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
        Key::Size => a.size().unwrap_or(0).cmp(&b.size().unwrap_or(0)),
        Key::Nothing => Ordering::Equal,
    }
}
