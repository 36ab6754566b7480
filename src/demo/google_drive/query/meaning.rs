//! Which items a [`Query`] means.

use jiff::Timestamp;

use super::{Flag, Match, Order, Query, Role, Term, Which};
use crate::demo::google_drive::tree::{Home, Kind, Place, Tree};

/// An item, and who asks.
#[derive(Clone, Copy)]
pub(in crate::demo::google_drive) struct Asked<'a> {
    /// The drives.
    pub(in crate::demo::google_drive) tree: &'a Tree,
    /// Who asks.
    pub(in crate::demo::google_drive) user: &'a str,
    /// The item.
    pub(in crate::demo::google_drive) place: Place,
}

impl Query {
    /// Whether this item is meant.
    pub(in crate::demo::google_drive) fn means(&self, asked: Asked<'_>) -> bool {
        match self {
            Self::Or(a, b) => a.means(asked) || b.means(asked),
            Self::And(a, b) => a.means(asked) && b.means(asked),
            Self::Not(inner) => !inner.means(asked),
            Self::Term(term) => term.means(asked),
        }
    }
}

impl Term {
    fn means(&self, asked: Asked<'_>) -> bool {
        let Asked { tree, user, place } = asked;
        let item = tree.item(place);
        match self {
            Self::InParents(id) => {
                let parent = tree.seen_parent(user, place);
                parent.is_some_and(|parent| {
                    parent.id == *id || (id == "root" && Some(parent.id.as_str()) == root(asked))
                })
            }
            Self::In(role, who) => has(asked, *role, who),
            Self::Name(how, text) => named(&item.name, *how, text),
            Self::MimeType(Match::Is, text) => item.mime() == text,
            Self::MimeType(Match::IsNot, text) => item.mime() != text,
            Self::MimeType(Match::Contains, text) => item.mime().starts_with(text.as_str()),
            Self::Target(how, id) => match &item.kind {
                Kind::Shortcut { target, .. } => (target == id) == (*how == Match::Is),
                _ => false,
            },
            Self::Time(which, order, at) => {
                let moment = match which {
                    Which::Modified => Some(item.modified),
                    Which::Created => Some(item.created),
                    Which::ViewedByMe => item.viewed.get(user).copied(),
                };
                moment.is_some_and(|moment| compared(moment, *order, *at))
            }
            Self::Flag(Flag::Trashed, wanted) => tree.is_trashed(place) == *wanted,
            Self::Flag(Flag::Starred, wanted) => !*wanted,
            Self::Flag(Flag::SharedWithMe, wanted) => {
                tree.shared_since(user, place).is_some() == *wanted
            }
        }
    }
}

fn root(asked: Asked<'_>) -> Option<&str> {
    let root = asked.tree.root_of(asked.user)?;
    Some(&asked.tree.item(root).id)
}

fn has(asked: Asked<'_>, role: Role, who: &str) -> bool {
    let who = if who == "me" { asked.user } else { who };
    let owner = matches!(&asked.tree.item(asked.place).home, Home::My(owner) if owner == who);
    match role {
        Role::Owners => owner,
        // Everything here is shared for reading; an owner may do all.
        Role::Writers => owner,
        Role::Readers => owner || asked.tree.sees(who, asked.place),
    }
}

/// `=` ignores case. `contains` only finds beginnings of words (guide, "contains").
fn named(name: &str, how: Match, text: &str) -> bool {
    let (name, text) = (name.to_lowercase(), text.to_lowercase());
    match how {
        Match::Is => name == text,
        Match::IsNot => name != text,
        Match::Contains => {
            let starts = |at: usize| {
                at == 0 || name[..at].chars().next_back().is_some_and(|c| !c.is_alphanumeric())
            };
            !text.is_empty() && name.match_indices(&text).any(|(at, _)| starts(at))
        }
    }
}

fn compared(moment: Timestamp, order: Order, at: Timestamp) -> bool {
    match order {
        Order::Before => moment < at,
        Order::NotAfter => moment <= at,
        Order::At => moment == at,
        Order::NotAt => moment != at,
        Order::NotBefore => moment >= at,
        Order::After => moment > at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_found_from_the_beginning_of_words() {
        for (name, how, text, expected) in [
            ("Report.CSV", Match::Is, "report.csv", true),
            ("Report.CSV", Match::IsNot, "report.csv", false),
            ("Report.csv", Match::Is, "Report", false),
            ("HelloWorld", Match::Contains, "hello", true),
            ("HelloWorld", Match::Contains, "World", false),
            ("Hello World", Match::Contains, "world", true),
            ("a_report.csv", Match::Contains, "report.c", true),
            ("Über", Match::Contains, "ü", true),
            ("anything", Match::Contains, "", false),
        ] {
            assert_eq!(named(name, how, text), expected, "{name} {how:?} {text}");
        }
    }
}
