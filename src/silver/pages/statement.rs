//! The SQL of a listing.
//!
//! One index leads, and the rows come in its order and the key's, so that nothing is
//! ever sorted. What else is asked for is tested row by row: the `+` before a column
//! keeps SQLite from taking its index instead.

use rusqlite::types::Value;

use super::field::Kind;
use super::filter::{Filter, Matches, Wanted};
use super::listing::Listing;

/// A statement, and what it is given.
#[derive(Debug, PartialEq)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) params: Vec<Value>,
    /// How many columns after the fields tell where a row is in the order.
    pub(super) order: usize,
}

impl Listing {
    /// The statement for the rows that match `wanted` and come `after` a place, at the
    /// most `limit` of them.
    pub(super) fn statement(
        &self,
        wanted: &[(&Filter, Wanted)],
        after: Option<Vec<Value>>,
        limit: Option<u32>,
    ) -> Statement {
        let leader = leader(wanted);
        let order = self.order_of(wanted, leader);
        let mut tests = Vec::new();
        let mut params = Vec::new();
        for (n, (filter, wanted)) in wanted.iter().enumerate() {
            let sign = if Some(n) == leader { "" } else { "+" };
            let column = &filter.column;
            match wanted {
                Wanted::Is(value) => {
                    tests.push(format!("{sign}{column} = ?"));
                    params.push(value.clone());
                }
                Wanted::Within(from, below) => {
                    tests.push(format!("{sign}{column} >= ? AND {sign}{column} < ?"));
                    params.extend([from.clone().into(), below.clone().into()]);
                }
                // The number that it stands for was looked for before, and there is none.
                Wanted::Entry(_) => tests.push("0".to_owned()),
            }
        }
        if let Some(after) = after {
            tests.push(match order.as_slice() {
                [one] => format!("{one} > ?"),
                all => format!("({}) > ({})", all.join(", "), vec!["?"; all.len()].join(", ")),
            });
            params.extend(after);
        }
        let fields = self.fields.iter().map(|field| field.sql.as_str());
        let shown: Vec<&str> = fields.chain(order.iter().copied()).collect();
        let mut sql = match self.with.is_empty() {
            true => String::new(),
            false => format!("WITH {} ", self.with.join(", ")),
        };
        sql += &format!("SELECT {} FROM {}", shown.join(", "), self.from);
        if !tests.is_empty() {
            sql += &format!(" WHERE {}", tests.join(" AND "));
        }
        sql += &format!(" ORDER BY {}", order.join(", "));
        if let Some(limit) = limit {
            sql += " LIMIT ?";
            params.push(limit.into());
        }
        Statement { sql, params, order: order.len() }
    }

    /// A stretch of an index is in the order of its column first, and what is fixed is in
    /// no order; everything else is in the order of the key.
    fn order_of<'l>(
        &'l self,
        wanted: &'l [(&Filter, Wanted)],
        leader: Option<usize>,
    ) -> Vec<&'l str> {
        let mut order: Vec<&str> = self.order.iter().map(String::as_str).collect();
        match leader.map(|n| &wanted[n]) {
            Some((filter, Wanted::Within(..))) if !filter.leads => order.insert(0, &filter.column),
            Some((filter, Wanted::Is(_))) if filter.leads && order.len() > 1 => {
                order.remove(0);
            }
            _ => {}
        }
        order
    }
}

/// The filter that is served by its index: one with the fewest rows, as far as its
/// nature tells.
fn leader(wanted: &[(&Filter, Wanted)]) -> Option<usize> {
    let rank = |(filter, wanted): &(&Filter, Wanted)| match (wanted, &filter.matches) {
        (Wanted::Is(_), _) if filter.leads => 0,
        (Wanted::Is(_), Matches::Value(Kind::Date | Kind::Timestamp)) => 1,
        (Wanted::Is(_), Matches::Value(Kind::Boolean)) => 4,
        (Wanted::Is(_), Matches::Value(_)) => 2,
        (Wanted::Is(_) | Wanted::Entry(_), Matches::Entry { .. }) => 3,
        _ => 5,
    };
    (0..wanted.len()).min_by_key(|n| rank(&wanted[*n]))
}
