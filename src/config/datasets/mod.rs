//! `datasets:`, what a partner's files hold: at top level, and at the endpoints.
//!
//! ```yaml
//! datasets:
//!   products:
//!     files: "product_info_*.json"
//!     format: json                     # csv, json or ndjson; left out: by the pattern
//!     key: [product_id]
//!     columns: { product_id: text!, product_name: text, category: text }
//! ```
//!
//! A column is a type, with `!` where a value is required, or a mapping that says more. The
//! types are `text`, `integer`, `decimal` (`scale`: places after the point, 2 unless it is
//! said), `real`, `boolean`, `date` and `timestamp`.
//!
//! What is known without being said (see `usual`): a keyed dataset's text column `category`
//! is kept in the dictionary `categories`; a dataset that references it carries its category
//! along; and sales — a date, a reference, `quantity` and `price` — are summed up by day, by
//! day and product, and by category.
//!
//! Whoever reads files decides what can be read: encodings, formats and defaults are checked
//! by [`able`](crate::silver::read::able).

mod column;
mod definition;
mod kind;
mod names;
mod overlap;
mod relations;
mod rollups;
mod usual;

use crate::model::{Dataset, Endpoint, EndpointType};

use super::problems::Place;
use super::reader::{Reader, Text};
use super::section::Section;
use super::yaml::Value;
use definition::definition;

/// A definition as it stands in the file.
struct Draft {
    dataset: Dataset,
    /// The keys that lead to it, with dots between, and its name's place.
    path: String,
    place: Place,
    /// Where its patterns stand.
    files: Place,
    key: Vec<Text>,
    /// As long as the dataset's columns.
    columns: Vec<At>,
    /// None: it says nothing about rollups.
    rollups: Option<Vec<rollups::At>>,
}

/// Where a column's parts stand.
#[derive(Clone)]
struct At {
    path: String,
    place: Place,
    /// Whether the type was said.
    typed: bool,
    references: Option<Text>,
    via: Option<Text>,
    carried: Option<Text>,
    dictionary: Option<Place>,
}

/// All definitions of a file.
pub(super) struct Book {
    drafts: Vec<Draft>,
    /// The names at top level, and those at endpoints: those of wrong definitions too, so
    /// that one mistake is told once.
    top: Vec<String>,
    own: Vec<String>,
    /// Whether all is right so far.
    right: bool,
}

impl Book {
    /// Those at top level.
    pub fn of(r: &mut Reader, file: &Section) -> Self {
        let mut book = Self { drafts: vec![], top: vec![], own: vec![], right: true };
        let before = r.mistakes();
        if let Some(node) = file.node("datasets") {
            let section = r.names(node, "datasets");
            for (key, node) in section.iter().flat_map(|s| s.entries()) {
                book.top.push(key.name.clone());
                let path = format!("datasets.{}", key.name);
                book.drafts.extend(definition(r, key, node, path));
            }
        }
        book.right = r.mistakes() == before;
        book
    }

    /// An endpoint's: its own, or by the names of those at top level. They are not complete
    /// before [`Book::complete`].
    pub fn of_endpoint(
        &mut self,
        r: &mut Reader,
        section: &Section,
        endpoint_type: EndpointType,
    ) -> Vec<Dataset> {
        let Some(node) = section.node("datasets") else { return vec![] };
        let path = section.path_of("datasets");
        if endpoint_type != EndpointType::Sftp {
            r.warn(node.place, format!("{path}: has no effect: only sftp endpoints have datasets"));
        }
        let before = r.mistakes();
        let mut found: Vec<(Dataset, Place)> = Vec::new();
        if let Value::Map(_) = node.value {
            let own = r.names(node, path.clone());
            for (key, node) in own.iter().flat_map(Section::entries) {
                self.own.push(key.name.clone());
                let path = format!("{path}.{}", key.name);
                let Some(draft) = definition(r, key, node, path) else { continue };
                found.push((draft.dataset.clone(), draft.files));
                self.add(r, draft);
            }
        } else {
            for text in section.texts(r, "datasets").unwrap_or_default() {
                let draft = self.drafts.iter().find(|draft| draft.dataset.name == text.value);
                match draft {
                    Some(draft) => found.push((draft.dataset.clone(), text.place)),
                    None if self.top.contains(&text.value) => {}
                    None => {
                        let names: Vec<&str> = self.top.iter().map(String::as_str).collect();
                        super::endpoints::unresolved(r, &path, &text, "datasets", &names);
                    }
                }
            }
        }
        overlap::warn(r, &path, &found);
        self.right &= r.mistakes() == before;
        found.into_iter().map(|(dataset, _)| dataset).collect()
    }

    /// One name, one definition: the same once more is fine.
    fn add(&mut self, r: &mut Reader, draft: Draft) {
        let name = &draft.dataset.name;
        let same = self.drafts.iter().find(|other| other.dataset.name.eq_ignore_ascii_case(name));
        match same {
            None => self.drafts.push(draft),
            Some(first)
                if first.dataset == draft.dataset
                    && rollups::same(first.rollups.as_deref(), draft.rollups.as_deref()) => {}
            Some(first) => {
                let words = "another definition of this name stands in line";
                let line = first.place.line;
                r.error(draft.place, format!("{}: {words} {line} already", draft.path));
            }
        }
    }

    /// Fills in what the definitions say about each other, in all endpoints.
    pub fn complete(mut self, r: &mut Reader, endpoints: &mut [Endpoint]) {
        let before = r.mistakes();
        let written: Vec<&String> = self.top.iter().chain(&self.own).collect();
        relations::resolve(r, &self.drafts, &written);
        if !self.right || r.mistakes() > before {
            return;
        }
        let Some(order) = relations::order(r, &self.drafts) else { return };
        for at in order {
            usual::dictionary(&mut self.drafts, at);
            usual::carried(&mut self.drafts, at);
            relations::carry(r, &mut self.drafts, at);
            usual::rollups(&mut self.drafts[at]);
            rollups::check(r, &mut self.drafts[at]);
            relations::index(&mut self.drafts[at].dataset);
        }
        names::check(r, &self.drafts);
        for dataset in endpoints.iter_mut().flat_map(|e| &mut e.datasets) {
            if let Some(draft) = self.drafts.iter().find(|d| d.dataset.name == dataset.name) {
                *dataset = draft.dataset.clone();
            }
        }
    }
}
