//! The SQL of a listing.
//!
//! One index leads, and the rows come in its order and the key's, so that nothing is
//! ever sorted. What else is asked for is tested row by row: the `+` before a column
//! keeps SQLite from taking its index instead.
//!
//! A stretch of time is in the order of time. Where its rows go on after a place, they
//! are read in two legs: what is left of that moment, and what is later. SQLite would
//! look for such a place by the time alone, and read up to it.

use std::fmt::{Arguments, Write as _};
use std::sync::Arc;

use rusqlite::types::{Value, ValueRef};

use super::field::Kind;
use super::filter::{Filter, Matches, Part, Wanted};
use super::listing::Listing;
use crate::silver::reader::Session;

/// What is wanted: filters, by their number in the listing, and their values.
pub(super) type Asked<'l> = [(usize, &'l Filter, Wanted)];

/// How rows that match are found: what leads, and in which order they come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'l> {
    listing: &'l Listing,
    asked: &'l Asked<'l>,
    leaders: Leaders,
}

/// What is served by an index, by its number in what is asked.
#[derive(Clone, Copy, Debug, Default)]
struct Leaders {
    first: Option<usize>,
    /// Beside it in the same index.
    second: Option<usize>,
}

/// Which rows of those that match.
#[derive(Clone, Copy, Debug)]
pub(super) enum Leg<'v> {
    /// All.
    All,
    /// Those after this place in the order.
    After(&'v [Value]),
    /// Those of this very time that come after this place in the key's order.
    SameTime(&'v Value, &'v [Value]),
    /// Those of a later time than this.
    Later(&'v Value),
}

impl Listing {
    /// How rows that match are found.
    pub(super) fn way<'l>(&'l self, asked: &'l Asked<'l>) -> Way<'l> {
        Way { listing: self, asked, leaders: leaders(asked) }
    }
}

impl<'l> Way<'l> {
    /// How many columns after the fields tell where a row is in the order.
    pub(super) fn width(&self) -> usize {
        usize::from(self.stretch().is_some()) + self.key().len()
    }

    /// What is to be read for the rows after a place, in this order.
    pub(super) fn legs<'v>(&self, after: Option<&'v [Value]>) -> [Option<Leg<'v>>; 2] {
        match (after, self.stretch()) {
            (None, _) => [Some(Leg::All), None],
            (Some(place), None) => [Some(Leg::After(place)), None],
            (Some(place), Some(_)) => match place.split_first() {
                Some((time, key)) => [Some(Leg::SameTime(time, key)), Some(Leg::Later(time))],
                None => [None, None],
            },
        }
    }

    /// The statement for a leg, at the most `limit` rows of it, and what it is given.
    pub(super) fn statement<'v>(
        &self,
        session: &Session,
        leg: Leg<'v>,
        limit: Option<u32>,
    ) -> (Arc<str>, Vec<ValueRef<'v>>)
    where
        'l: 'v,
    {
        let mut params = Vec::with_capacity(8);
        let sql = session.sql(self.shape(leg, limit), || {
            let mut sql = self.select();
            self.conditions(leg, limit, &mut Vec::new(), &mut |part| {
                let _ = sql.write_fmt(part);
            });
            sql
        });
        self.conditions(leg, limit, &mut params, &mut |_| {});
        (sql, params)
    }

    /// What tells its SQL from all other.
    fn shape(&self, leg: Leg<'_>, limit: Option<u32>) -> Vec<u8> {
        let mut shape = Vec::with_capacity(32);
        shape.extend_from_slice(&self.listing.number.to_ne_bytes());
        let leg = match leg {
            Leg::All => 0,
            Leg::After(_) => 1,
            Leg::SameTime(..) => 2,
            Leg::Later(_) => 3,
        };
        shape.push(leg << 1 | u8::from(limit.is_some()));
        for (number, _, wanted) in self.asked {
            shape.extend_from_slice(&number.to_ne_bytes());
            shape.push(match wanted {
                Wanted::Is(_) => 0,
                Wanted::Within(..) => 1,
                Wanted::Entry(_) => 2,
            });
        }
        shape
    }

    /// The fields, and what tells where a row is in the order.
    fn select(&self) -> String {
        let listing = self.listing;
        let mut sql = match listing.with.is_empty() {
            true => String::new(),
            false => format!("WITH {} ", listing.with.join(", ")),
        };
        let fields = listing.fields.iter().map(|field| field.sql.as_str());
        let shown: Vec<&str> = fields.chain(self.order()).collect();
        let _ = write!(sql, "SELECT {} FROM {}", shown.join(", "), listing.from);
        sql
    }

    /// Which rows, and how many: the values in the order of their places in the text.
    fn conditions<'v>(
        &self,
        leg: Leg<'v>,
        limit: Option<u32>,
        values: &mut Vec<ValueRef<'v>>,
        text: &mut impl FnMut(Arguments<'_>),
    ) where
        'l: 'v,
    {
        let mut joint = "WHERE";
        let mut joint = || std::mem::replace(&mut joint, "AND");
        for (n, (_, filter, wanted)) in self.asked.iter().enumerate() {
            let leads = [self.leaders.first, self.leaders.second].contains(&Some(n));
            let sign = if leads { "" } else { "+" };
            let column = &filter.column;
            let mut test = |is: &str, value| {
                text(format_args!(" {} {sign}{column} {is} ?", joint()));
                values.push(value);
            };
            match (wanted, leg) {
                (Wanted::Is(value), _) => test("=", value.into()),
                (Wanted::Within(..), Leg::SameTime(time, _)) if leads => test("=", time.into()),
                (Wanted::Within(from, below), leg) => {
                    // One bound each way: of two, SQLite might go by the wrong one.
                    match leg {
                        Leg::Later(time) if leads => test(">", time.into()),
                        Leg::After(_) if leads => {}
                        _ => test(">=", from.as_str().into()),
                    }
                    test("<", below.as_str().into());
                }
                // The number that it stands for was looked for before, and there is none.
                (Wanted::Entry(_), _) => text(format_args!(" {} 0", joint())),
            }
        }
        let (columns, place) = match leg {
            Leg::All | Leg::Later(_) => (&[][..], &[][..]),
            Leg::After(place) | Leg::SameTime(_, place) => (self.key(), place),
        };
        match columns {
            [] => {}
            [one] => text(format_args!(" {} {one} > ?", joint())),
            [first, rest @ ..] => {
                text(format_args!(" {} ({first}", joint()));
                rest.iter().for_each(|column| text(format_args!(", {column}")));
                text(format_args!(") > (?{})", ", ?".repeat(rest.len())));
            }
        }
        values.extend(place.iter().map(ValueRef::from));
        for (n, column) in self.order().enumerate() {
            text(format_args!("{}{column}", if n == 0 { " ORDER BY " } else { ", " }));
        }
        if let Some(limit) = limit {
            text(format_args!(" LIMIT ?"));
            values.push(ValueRef::Integer(limit.into()));
        }
    }

    fn order(&self) -> impl Iterator<Item = &'l str> {
        self.stretch().into_iter().chain(self.key().iter().map(String::as_str))
    }

    /// The column of a stretch of time that leads: rows are in its order first.
    fn stretch(&self) -> Option<&'l str> {
        let leaders = [self.leaders.first, self.leaders.second].into_iter().flatten();
        let mut leaders = leaders.map(|n| &self.asked[n]);
        let (_, filter, _) = leaders.find(|(_, filter, wanted)| {
            filter.part != Part::Key && matches!(wanted, Wanted::Within(..))
        })?;
        Some(&filter.column)
    }

    /// What is left of the key: what is fixed is in no order.
    fn key(&self) -> &'l [String] {
        let order = &self.listing.order;
        let first = self.leaders.first.map(|n| &self.asked[n]);
        let is_fixed = first.is_some_and(|(_, filter, wanted)| {
            filter.part == Part::Key && matches!(wanted, Wanted::Is(_))
        });
        if is_fixed && order.len() > 1 { &order[1..] } else { order }
    }
}

/// The filters that are served by an index: those with the fewest rows, as far as their
/// nature tells.
fn leaders(asked: &Asked<'_>) -> Leaders {
    let rank = |n: usize| match (&asked[n].2, &asked[n].1.matches, asked[n].1.part) {
        (Wanted::Is(_), _, Part::Key) => 0,
        (Wanted::Is(_), Matches::Value(Kind::Date | Kind::Timestamp), _) => 1,
        (Wanted::Is(_), Matches::Value(Kind::Boolean), _) => 5,
        (Wanted::Is(_), Matches::Value(_), _) => 2,
        (Wanted::Within(..), ..) => 3,
        // Few words stand for many rows each.
        (Wanted::Is(_) | Wanted::Entry(_), ..) => 4,
    };
    let first = (0..asked.len()).min_by_key(|n| rank(*n));
    let place = |part| asked.iter().position(|(_, filter, _)| filter.part == part);
    match (place(Part::Value), place(Part::Time)) {
        (Some(value), Some(time)) if first.is_some_and(|first| rank(first) > 0) => {
            Leaders { first: Some(value), second: Some(time) }
        }
        _ => Leaders { first, second: None },
    }
}
