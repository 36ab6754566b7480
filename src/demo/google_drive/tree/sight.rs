//! Who may see what.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Tree;
use super::item::{Home, Item, Place};

impl Tree {
    /// The item and the folders it lies in, innermost first.
    pub(in crate::demo) fn upwards(&self, place: Place) -> impl Iterator<Item = &Item> {
        let mut next = Some(place);
        std::iter::from_fn(move || {
            let item = self.item(next?);
            next = item.parent;
            Some(item)
        })
    }

    /// Whether `user` may see this item.
    pub(in crate::demo) fn sees(&self, user: &str, place: Place) -> bool {
        let item = self.item(place);
        if item.gone {
            return false;
        }
        matches!(&item.home, Home::My(owner) if owner == user)
            || self.upwards(place).any(|above| above.shared_with.contains_key(user))
    }

    /// Whether this item lies in a shared drive of which `user` is a member.
    pub(in crate::demo) fn is_member(&self, user: &str, drive: Place) -> bool {
        let top = self.item(drive);
        top.root && !top.gone && top.shared_with.contains_key(user)
    }

    /// Whether the item is in the trash, itself or with a folder above it.
    pub(in crate::demo) fn is_trashed(&self, place: Place) -> bool {
        self.upwards(place).any(|item| item.trashed.is_some())
    }

    /// The folder that `user` sees the item in. What was shared alone, or is the
    /// top of what was shared, seems to lie nowhere.
    pub(in crate::demo) fn seen_parent(&self, user: &str, place: Place) -> Option<&Item> {
        let parent = self.item(place).parent?;
        self.sees(user, parent).then(|| self.item(parent))
    }

    /// Since when the item itself is shared with `user`, if it is.
    pub(in crate::demo) fn shared_since(&self, user: &str, place: Place) -> Option<Timestamp> {
        let item = self.item(place);
        // Membership of a drive is no share.
        if item.root { None } else { item.shared_with.get(user).copied() }
    }

    /// The shared drives of which `user` is a member, by name.
    pub(in crate::demo) fn drives_of(&self, user: &str) -> Vec<&Item> {
        let mut drives: Vec<&Item> = self
            .drives
            .iter()
            .filter(|drive| self.is_member(user, **drive))
            .map(|drive| self.item(*drive))
            .collect();
        drives.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        drives
    }

    /// What each user sees of this item now, by whose log a change of it is booked in.
    pub(super) fn watchers(&self, place: Place) -> BTreeMap<String, bool> {
        let in_my = matches!(self.item(place).home, Home::My(_));
        let seen = |user: &str| in_my && self.sees(user, place);
        self.roots.keys().map(|user| (user.clone(), seen(user))).collect()
    }
}
