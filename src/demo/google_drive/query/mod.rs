//! The `q` language of `files.list`: what it says, and which items it means.
//!
//! Source: the vendor's guides "Search for files and folders" and "Search query
//! terms and operators". Terms that no register needs (`fullText`, `visibility`,
//! `properties`, labels) are refused like mistakes.

mod lexer;
mod meaning;
mod parser;

use jiff::Timestamp;

pub(super) use meaning::Asked;
pub(super) use parser::{Mistake, parse};

/// A query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Query {
    /// One of both.
    Or(Box<Self>, Box<Self>),
    /// Both.
    And(Box<Self>, Box<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// One comparison.
    Term(Term),
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// `'id' in parents`.
    InParents(String),
    /// `'address' in owners`, `writers` or `readers`.
    In(Role, String),
    /// `name`; upper and lower case are alike.
    Name(Match, String),
    /// `mimeType`.
    MimeType(Match, String),
    /// `shortcutDetails.targetId`; only [`Match::Is`] and [`Match::IsNot`].
    Target(Match, String),
    /// `modifiedTime`, `createdTime` or `viewedByMeTime`.
    Time(Which, Order, Timestamp),
    /// `trashed`, `starred` or `sharedWithMe`.
    Flag(Flag, bool),
}

/// Of whose access `in` speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Owners,
    Writers,
    Readers,
}

/// How texts are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// `=`
    Is,
    /// `!=`
    IsNot,
    /// `contains`: only from the beginning of a word.
    Contains,
}

/// Which moment of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Modified,
    Created,
    ViewedByMe,
}

/// How moments are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Before,
    NotAfter,
    At,
    NotAt,
    NotBefore,
    After,
}

/// What is true or false of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    Trashed,
    Starred,
    SharedWithMe,
}

impl Query {
    /// The only folders that what is meant can lie in, if the query says so.
    pub(super) fn pinned(&self) -> Option<Vec<&str>> {
        match self {
            Self::Term(Term::InParents(id)) => Some(vec![id]),
            Self::Or(a, b) => {
                let mut all = a.pinned()?;
                all.extend(b.pinned()?);
                Some(all)
            }
            Self::And(a, b) => a.pinned().or_else(|| b.pinned()),
            Self::Not(_) | Self::Term(_) => None,
        }
    }

    /// Every folder that it names.
    pub(super) fn parents(&self) -> Vec<&str> {
        match self {
            Self::Term(Term::InParents(id)) => vec![id],
            Self::Or(a, b) | Self::And(a, b) => {
                let mut all = a.parents();
                all.extend(b.parents());
                all
            }
            Self::Not(inner) => inner.parents(),
            Self::Term(_) => Vec::new(),
        }
    }
}
