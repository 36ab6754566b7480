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

    /// These items in order.
    pub(super) fn sorted(&self, tree: &Tree, mut items: Vec<Place>) -> Vec<Place> {
        items.sort_by(|a, b| {
            let (a, b) = (tree.item(*a), tree.item(*b));
            let by_keys = self.0.iter().map(|(key, descending)| {
                let order = compared(*key, a, b);
                if *descending { order.reverse() } else { order }
            });
            by_keys.fold(Ordering::Equal, Ordering::then).then_with(|| a.id.cmp(&b.id))
        });
        items
    }

    /// What a page token remembers of a page that ends before `end`.
    pub(super) fn position(&self, tree: &Tree, items: &[Place], end: usize) -> String {
        match items[..end].last() {
            // Items that come and go before it move nothing.
            Some(last) if self.0.is_empty() => tree.item(*last).id.clone(),
            _ => format!("#{end}"),
        }
    }

    /// Where the page after that begins.
    pub(super) fn resume(&self, tree: &Tree, items: &[Place], position: &str) -> usize {
        match position.strip_prefix('#') {
            Some(number) => number.parse().unwrap_or(0).min(items.len()),
            None => items.partition_point(|place| *tree.item(*place).id <= *position),
        }
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
