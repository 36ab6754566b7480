//! Sums that are kept while rows go in and out.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Statement};

use super::trouble::{Trouble, unexpected};
use crate::model::{Column, ColumnKind, Dataset, Rollup};
use crate::silver::schema;
use crate::silver::sql::quote;

/// Groups, and bytes of them, that are kept in memory before they are written.
const GROUPS: usize = 50_000;
const BYTES: usize = 8 << 20;

/// The rollups of a dataset.
pub(super) struct Rollups<'c>(Vec<Sums<'c>>);

struct Sums<'c> {
    by: Vec<(usize, Kind)>,
    sum: Vec<usize>,
    /// What changed since it was written, by group. The usual hash would be half of what a
    /// sum costs.
    changed: HashMap<Box<[u8]>, Share, RandomState>,
    bytes: usize,
    group: Vec<u8>,
    find: Statement<'c>,
    put: Statement<'c>,
    remove: Statement<'c>,
}

#[derive(Clone, Copy, Default)]
struct Share {
    count: i64,
    total: i128,
}

/// What a column of a group holds, and what stands for no value.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer(i64),
    Real,
}

impl Kind {
    fn of(column: &Column) -> Self {
        match (&column.dictionary, &column.kind) {
            (Some(_), _) | (None, ColumnKind::Boolean { .. }) => Self::Integer(-1),
            (None, ColumnKind::Integer { .. } | ColumnKind::Decimal { .. }) => {
                Self::Integer(i64::MIN)
            }
            (None, ColumnKind::Real { .. }) => Self::Real,
            (None, _) => Self::Text,
        }
    }
}

impl<'c> Rollups<'c> {
    pub(super) fn of(connection: &'c Connection, dataset: &Dataset) -> rusqlite::Result<Self> {
        dataset
            .rollups
            .iter()
            .map(|r| Sums::of(connection, dataset, r))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Columns that are needed of a row, by their place in the definition; ascending.
    pub(super) fn needs(&self) -> Vec<usize> {
        let of = |sums: &Sums<'_>| {
            sums.by.iter().map(|(at, _)| *at).chain(sums.sum.iter().copied()).collect::<Vec<_>>()
        };
        let mut all: Vec<usize> = self.0.iter().flat_map(of).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Counts a row in (`sign` 1) or out (-1).
    pub(super) fn add<'v>(
        &mut self,
        sign: i64,
        value: impl Fn(usize) -> ValueRef<'v>,
    ) -> Result<(), Trouble> {
        for sums in &mut self.0 {
            sums.add(sign, &value)?;
            if sums.changed.len() >= GROUPS || sums.bytes >= BYTES {
                sums.flush()?;
            }
        }
        Ok(())
    }

    /// Writes what changed.
    pub(super) fn flush(&mut self) -> Result<(), Trouble> {
        self.0.iter_mut().try_for_each(Sums::flush)
    }
}

impl<'c> Sums<'c> {
    fn of(
        connection: &'c Connection,
        dataset: &Dataset,
        rollup: &Rollup,
    ) -> rusqlite::Result<Self> {
        let place = |name: &String| dataset.columns.iter().position(|c| c.name == *name);
        let by: Vec<(usize, Kind)> = rollup
            .by
            .iter()
            .filter_map(place)
            .map(|at| (at, Kind::of(&dataset.columns[at])))
            .collect();
        let sum: Vec<usize> = rollup.sum.iter().filter_map(place).collect();
        let table = quote(&schema::rollup_table(dataset, rollup));
        let names = schema::stored_names(dataset, &rollup.by);
        let fits =
            names.iter().map(|n| format!("{} = ?", quote(n))).collect::<Vec<_>>().join(" AND ");
        let (total, marks) = match sum.is_empty() {
            true => ("", names.len() + 1),
            false => (", total", names.len() + 2),
        };
        let marks = vec!["?"; marks].join(", ");
        Ok(Self {
            by,
            sum,
            changed: HashMap::default(),
            bytes: 0,
            group: Vec::new(),
            find: connection.prepare(&format!("SELECT count{total} FROM {table} WHERE {fits}"))?,
            put: connection.prepare(&format!(
                "INSERT OR REPLACE INTO {table} ({}, count{total}) VALUES ({marks})",
                schema::listed(&names)
            ))?,
            remove: connection.prepare(&format!("DELETE FROM {table} WHERE {fits}"))?,
        })
    }

    fn add<'v>(
        &mut self,
        sign: i64,
        value: &impl Fn(usize) -> ValueRef<'v>,
    ) -> Result<(), Trouble> {
        self.group.clear();
        for (at, kind) in &self.by {
            write(&mut self.group, *kind, value(*at));
        }
        let product = match self.sum.is_empty() {
            true => 0,
            false => product(&self.sum, value).ok_or_else(too_large)?,
        };
        let share = match self.changed.get_mut(self.group.as_slice()) {
            Some(share) => share,
            None => {
                self.bytes += self.group.len();
                self.changed.entry(self.group.as_slice().into()).or_default()
            }
        };
        share.count += sign;
        let signed = i128::from(sign) * product;
        share.total = share.total.checked_add(signed).ok_or_else(too_large)?;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Trouble> {
        let mut changed: Vec<_> = self.changed.drain().collect();
        self.bytes = 0;
        changed.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (group, share) in changed {
            self.write(&read(&group, &self.by), share)?;
        }
        Ok(())
    }

    fn write(&mut self, group: &[ToSqlOutput<'_>], share: Share) -> Result<(), Trouble> {
        let sums_up = !self.sum.is_empty();
        let found = self.find.query_row(rusqlite::params_from_iter(group), |row| {
            Ok((row.get::<_, i64>(0)?, if sums_up { row.get::<_, i64>(1)? } else { 0 }))
        });
        let (count, total) = found.optional()?.unwrap_or_default();
        let count = count + share.count;
        if count < 0 {
            return Err(Trouble::Pass(unexpected("a sum counts fewer rows than none")));
        }
        if count == 0 {
            self.remove.execute(rusqlite::params_from_iter(group))?;
            return Ok(());
        }
        let total = share.total.checked_add(i128::from(total));
        let total = total.and_then(|t| i64::try_from(t).ok()).ok_or_else(too_large)?;
        let sums = [ToSqlOutput::from(count), ToSqlOutput::from(total)];
        let sums = &sums[..if sums_up { 2 } else { 1 }];
        self.put.execute(rusqlite::params_from_iter(group.iter().chain(sums)))?;
        Ok(())
    }
}

fn too_large() -> Trouble {
    Trouble::File("a sum over its rows is larger than 64 bits hold".into())
}

/// The product of a row's factors; 0 if one has no value, none if it is too large.
fn product<'v>(columns: &[usize], value: &impl Fn(usize) -> ValueRef<'v>) -> Option<i128> {
    let mut product = 1_i128;
    for at in columns {
        let ValueRef::Integer(n) = value(*at) else { return Some(0) };
        // Numbers of 64 bits mostly do, and are multiplied much faster.
        let short = i64::try_from(product).ok().and_then(|product| product.checked_mul(n));
        product = match short {
            Some(short) => short.into(),
            None => product.checked_mul(n.into())?,
        };
    }
    Some(product)
}

/// A group as bytes, so that looking for it allocates nothing.
fn write(group: &mut Vec<u8>, kind: Kind, value: ValueRef<'_>) {
    match (kind, value) {
        (Kind::Integer(_), ValueRef::Integer(n)) => group.extend(n.to_le_bytes()),
        (Kind::Integer(none), _) => group.extend(none.to_le_bytes()),
        (Kind::Real, ValueRef::Real(n)) => group.extend(n.to_le_bytes()),
        (Kind::Real, ValueRef::Integer(n)) => group.extend((n as f64).to_le_bytes()),
        (Kind::Real, _) => group.extend(f64::MIN.to_le_bytes()),
        (Kind::Text, ValueRef::Text(text)) => {
            group.extend((text.len() as u32).to_le_bytes());
            group.extend(text);
        }
        (Kind::Text, _) => group.extend(0_u32.to_le_bytes()),
    }
}

/// The values of a group that was written so.
fn read<'g>(mut group: &'g [u8], by: &[(usize, Kind)]) -> Vec<ToSqlOutput<'g>> {
    let mut take = |len: usize| {
        let (taken, rest) = group.split_at_checked(len).unwrap_or((group, &[]));
        group = rest;
        taken
    };
    let mut values = Vec::with_capacity(by.len());
    for (_, kind) in by {
        values.push(match kind {
            Kind::Integer(_) => ToSqlOutput::from(i64::from_le_bytes(array(take(8)))),
            Kind::Real => ToSqlOutput::from(f64::from_le_bytes(array(take(8)))),
            Kind::Text => {
                let len = u32::from_le_bytes(array(take(4)));
                ToSqlOutput::Borrowed(ValueRef::Text(take(len as usize)))
            }
        });
    }
    values
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}
