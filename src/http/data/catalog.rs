//! Which paths there are, and what each lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::seeds::{self, SEEDS};
use crate::model::Dataset;
use crate::silver::pages::Listing;

/// What is listed under a path.
#[derive(Debug)]
pub(in crate::http) struct Served {
    /// The route of the table that it belongs to.
    pub(in crate::http) route: &'static str,
    /// The name of the list in the answer.
    pub(super) key: &'static str,
    /// What it is called in a description of operations.
    pub(super) operation: String,
    /// What it lists, in words.
    pub(super) words: String,
    pub(super) listing: Listing,
}

/// Everything that is listed, by path.
#[derive(Debug)]
pub(in crate::http) struct Catalog {
    /// In the order of their names.
    pub(super) datasets: Vec<Dataset>,
    served: BTreeMap<String, Arc<Served>>,
}

/// The route of any dataset's rows.
pub(in crate::http) const ROWS: &str = "/datasets/{name}";

/// The route of any dataset's export.
pub(in crate::http) const EXPORT: &str = "/datasets/{name}/export";

/// What follows the path of a dataset where everything is wanted.
pub(super) const EXPORTED: &str = "/export";

impl Catalog {
    pub(super) fn new(mut datasets: Vec<Dataset>) -> Self {
        let mut served: BTreeMap<String, Arc<Served>> = BTreeMap::new();
        for seed in SEEDS {
            if let Some(listing) = (seed.listing)(&datasets) {
                let (route, key) = (seed.route, seed.key);
                let (operation, words) = (key.to_owned(), seeds::words(route).to_owned());
                let seed = Served { route, key, operation, words, listing };
                served.insert(route.to_owned(), Arc::new(seed));
            }
        }
        for dataset in &datasets {
            let listing = Listing::rows(dataset);
            let operation = format!("dataset_{}", dataset.name);
            let words = format!("the rows of the dataset {}", dataset.name);
            let path = format!("/datasets/{}", dataset.name);
            let rows = Served { route: ROWS, key: "rows", operation, words, listing };
            served.insert(path, Arc::new(rows));
        }
        datasets.sort_by(|a, b| a.name.cmp(&b.name));
        datasets.dedup_by(|a, b| a.name == b.name);
        Self { datasets, served }
    }

    /// What is listed under this path.
    pub(super) fn at(&self, path: &str) -> Option<&Arc<Served>> {
        self.served.get(path)
    }

    /// All paths, and what is listed there.
    pub(in crate::http) fn all(&self) -> impl Iterator<Item = (&str, &Served)> {
        self.served.iter().map(|(path, served)| (path.as_str(), served.as_ref()))
    }
}

impl Served {
    /// Its filters: names, and what each expects.
    pub(in crate::http) fn filters(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.listing.filters.iter().map(|filter| (filter.name.as_str(), filter.expects()))
    }
}
