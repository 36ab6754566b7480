//! What is true of one file of the feed, booked while its rows are made.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::dirt::Dirt;

/// A file with a larger share of bad rows is refused, percent; the default of datasets.
const MAX_BAD_PERCENT: u64 = 50;

/// What is true of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Book {
    /// Below the feed's folder.
    pub name: String,
    /// `sales` or `products`.
    pub dataset: &'static str,
    /// The day that it tells of.
    pub day: Date,
    /// How many rows are good.
    pub good: u64,
    /// The rows that are not, in order.
    pub bad: Vec<SetAside>,
    /// Columns that the definition does not know.
    pub unknown_columns: Vec<&'static str>,
    /// The file whose bytes these are, too.
    pub repeats: Option<String>,
    /// Too many rows are bad: none goes in.
    pub refused: bool,
    /// What was sold: per product, from its number.
    #[serde(skip)]
    pub(super) sold: BTreeMap<usize, Sold>,
}

/// A row to be set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// The line, from 1, the header's included; of JSON the element, from 1.
    pub line: u64,
    /// Why.
    pub why: Dirt,
}

/// What was sold of one product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sold {
    pub(super) count: u64,
    /// Quantity times price, hundredths.
    pub(super) total: i64,
}

impl Book {
    pub(super) fn new(name: &str, dataset: &'static str, day: Date) -> Self {
        Self {
            name: name.to_owned(),
            dataset,
            day,
            good: 0,
            bad: Vec::new(),
            unknown_columns: Vec::new(),
            repeats: None,
            refused: false,
            sold: BTreeMap::new(),
        }
    }

    /// A good sale.
    pub(super) fn sale(&mut self, product: usize, total: i64) {
        self.good += 1;
        let sold = self.sold.entry(product).or_default();
        sold.count += 1;
        sold.total += total;
    }

    /// Judges when all rows are booked.
    pub(super) fn close(&mut self) {
        let bad = self.bad.len() as u64;
        self.refused = bad * 100 > MAX_BAD_PERCENT * (bad + self.good);
    }

    /// The same bytes under another name.
    pub(super) fn repeated(&self, name: &str) -> Self {
        Self { name: name.to_owned(), repeats: Some(self.name.clone()), ..self.clone() }
    }

    /// Whether its rows are among those of the tables.
    pub fn counts(&self) -> bool {
        self.repeats.is_none() && !self.refused
    }
}
