//! The short names under which operators speak of things: `x17`, `d17`, `r4`, `f9`, `l3`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What an [`Id`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An export: one item of a source.
    Export,
    /// A delivery: one export on its way to one destination.
    Delivery,
    /// A run: one pass over some endpoints.
    Run,
    /// A poll: one list asked of a source.
    Poll,
    /// A file in a register.
    File,
    /// A file that landed, to be taken into a dataset. It is no row of the ledger.
    Landed,
}

impl Kind {
    fn letter(self) -> char {
        match self {
            Self::Export => 'x',
            Self::Delivery => 'd',
            Self::Run => 'r',
            Self::Poll => 'p',
            Self::File => 'f',
            Self::Landed => 'l',
        }
    }
}

/// A row of the ledger, as typed and shown: a letter for the kind, then a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// What it names.
    pub kind: Kind,
    /// Its number within the kind.
    pub number: i64,
}

impl Id {
    /// The id of export `number`.
    pub fn export(number: i64) -> Self {
        Self { kind: Kind::Export, number }
    }

    /// The id of delivery `number`.
    pub fn delivery(number: i64) -> Self {
        Self { kind: Kind::Delivery, number }
    }

    /// The id of run `number`.
    pub fn run(number: i64) -> Self {
        Self { kind: Kind::Run, number }
    }

    /// The id of poll `number`.
    pub fn poll(number: i64) -> Self {
        Self { kind: Kind::Poll, number }
    }

    /// The id of registered file `number`.
    pub fn file(number: i64) -> Self {
        Self { kind: Kind::File, number }
    }

    /// The id of landed file `number`.
    pub fn landed(number: i64) -> Self {
        Self { kind: Kind::Landed, number }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}{}", self.kind.letter(), self.number))
    }
}

/// The text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is x, d, r, p or f and a number, as in x17")]
pub struct IdError;

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let mut chars = text.chars();
        let kind = match chars.next() {
            Some('x') => Kind::Export,
            Some('d') => Kind::Delivery,
            Some('r') => Kind::Run,
            Some('p') => Kind::Poll,
            Some('f') => Kind::File,
            Some('l') => Kind::Landed,
            _ => return Err(IdError),
        };
        let number = chars.as_str();
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IdError);
        }
        Ok(Self { kind, number: number.parse().map_err(|_| IdError)? })
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_and_nothing_else_does() {
        let one_of_each =
            [Id::export(1), Id::delivery(42), Id::run(i64::MAX), Id::poll(7), Id::file(9)];
        for id in one_of_each.into_iter().chain([Id::landed(3)]) {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["", "x", "17", "x-1", "x+1", "q1", "x1 ", "x99999999999999999999"] {
            assert_eq!(text.parse::<Id>(), Err(IdError), "{text:?}");
        }
    }
}
