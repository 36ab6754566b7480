//! Which datasets there are, and whose files belong to which.

use std::collections::BTreeMap;

use crate::model::{Dataset, Endpoint, pattern};

/// The datasets, and which of them each endpoint's files may belong to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feeds {
    datasets: Vec<Dataset>,
    /// Names of datasets by endpoint; none: every endpoint's files may belong to any.
    of: Option<BTreeMap<String, Vec<String>>>,
}

impl From<Vec<Dataset>> for Feeds {
    fn from(datasets: Vec<Dataset>) -> Self {
        Self { datasets, of: None }
    }
}

impl Feeds {
    /// As the endpoints are configured.
    pub fn of(endpoints: &[Endpoint]) -> Self {
        let mut feeds = Self { datasets: Vec::new(), of: Some(BTreeMap::new()) };
        for endpoint in endpoints {
            for dataset in &endpoint.datasets {
                if feeds.dataset(&dataset.name).is_none() {
                    feeds.datasets.push(dataset.clone());
                }
            }
            let names = endpoint.datasets.iter().map(|dataset| dataset.name.clone()).collect();
            if let Some(of) = &mut feeds.of {
                of.insert(endpoint.name.clone(), names);
            }
        }
        feeds
    }

    /// All of them, in the order of the configuration.
    pub fn datasets(&self) -> &[Dataset] {
        &self.datasets
    }

    /// The dataset of this name.
    pub fn dataset(&self, name: &str) -> Option<&Dataset> {
        self.datasets.iter().find(|dataset| dataset.name == name)
    }

    /// The dataset that a file belongs to: the first of the endpoint's whose patterns fit.
    pub fn takes(&self, endpoint: &str, file: &str) -> Option<&Dataset> {
        let fits = |dataset: &&Dataset| {
            dataset.files.iter().any(|pattern| pattern::matches(pattern, file))
        };
        match &self.of {
            None => self.datasets.iter().find(fits),
            Some(of) => {
                let own = of.get(endpoint)?;
                own.iter().filter_map(|name| self.dataset(name)).find(fits)
            }
        }
    }

    /// Names of datasets, each after those that it references; otherwise, and within a
    /// circle, in the order of the configuration.
    pub fn referenced_first(&self) -> Vec<&str> {
        let mut order = Vec::new();
        let mut seen = Vec::new();
        for dataset in &self.datasets {
            self.visit(dataset, &mut seen, &mut order);
        }
        order
    }

    fn visit<'a>(
        &'a self,
        dataset: &'a Dataset,
        seen: &mut Vec<&'a str>,
        order: &mut Vec<&'a str>,
    ) {
        if seen.contains(&dataset.name.as_str()) {
            return;
        }
        seen.push(&dataset.name);
        for column in &dataset.columns {
            if let Some(referenced) = column.references.as_ref().and_then(|n| self.dataset(n)) {
                self.visit(referenced, seen, order);
            }
        }
        order.push(&dataset.name);
    }
}
