//! What a row shows.

use crate::model::{Column, ColumnKind};

/// One field of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name in answers.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be missing: null.
    pub nullable: bool,
    /// What SQL reads it with.
    pub(super) sql: String,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// An exact number with so many places after the point, kept as an integer.
    Decimal {
        /// Places after the point.
        scale: u32,
    },
    /// A floating-point number.
    Real,
    /// True or false, kept as 1 and 0.
    Boolean,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A moment in UTC, as in RFC 3339.
    Timestamp,
}

impl Kind {
    /// The kind of a column's values.
    pub(super) fn of(column: &Column) -> Self {
        match &column.kind {
            ColumnKind::Text { .. } => Self::Text,
            ColumnKind::Integer { .. } => Self::Integer,
            ColumnKind::Decimal { scale, .. } => Self::Decimal { scale: u32::from(*scale) },
            ColumnKind::Real { .. } => Self::Real,
            ColumnKind::Boolean { .. } => Self::Boolean,
            ColumnKind::Date { .. } => Self::Date,
            ColumnKind::Timestamp { .. } => Self::Timestamp,
        }
    }

    /// Places after the point, where it has that many always.
    pub fn scale(self) -> Option<u32> {
        match self {
            Self::Decimal { scale } => Some(scale),
            _ => None,
        }
    }

    /// Its name for people and programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal { .. } => "decimal",
            Self::Real => "real",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
        }
    }
}
