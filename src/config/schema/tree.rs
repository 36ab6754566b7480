//! What was asked for, put together: one node for every path, whatever its names.

use std::collections::{BTreeMap, BTreeSet};

use super::Ask;

/// What was asked for at one path.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// All that may stand there, in the order in which it was asked for.
    pub asks: Vec<Ask>,
    /// The keys of the section, if it is one.
    pub keys: Option<Vec<String>>,
    /// Those of them that must be there.
    pub required: BTreeSet<String>,
    /// What stands at its keys; `*` for keys that the operator chooses, `[]` for a list's
    /// items, `<kind>` for the kinds of section that it may be.
    pub children: BTreeMap<String, Node>,
}

/// Everything that was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    pub root: Node,
}

/// The path of `key` below `path`.
pub(super) fn join(path: &str, key: &str) -> String {
    match (path, key.starts_with(['<', '['])) {
        ("", _) => key.to_owned(),
        (path, true) => format!("{path}{key}"),
        (path, false) => format!("{path}.{key}"),
    }
}

impl Tree {
    /// Of several reads. A key is required if every section of its kind requires it.
    pub fn of(reads: impl IntoIterator<Item = Vec<(String, Ask)>>) -> Self {
        let mut tree = Self::default();
        for read in reads {
            tree.add(&read);
        }
        tree
    }

    fn add(&mut self, read: &[(String, Ask)]) {
        let mut names = BTreeSet::new();
        let mut kinds = BTreeMap::new();
        let mut required = BTreeSet::new();
        for (path, ask) in read {
            match ask {
                Ask::Names => _ = names.insert(path.as_str()),
                Ask::Variant(kind) => _ = kinds.insert(path.as_str(), *kind),
                Ask::Required => _ = required.insert(path.as_str()),
                _ => {}
            }
        }
        for (path, ask) in read {
            if matches!(ask, Ask::Variant(_) | Ask::Required) {
                continue;
            }
            let node = self.node(&steps(path, &names, &kinds));
            if let Ask::Section(keys) = ask {
                let its = |key: &&String| {
                    required.contains(&*match path.as_str() {
                        "" => (*key).clone(),
                        path => format!("{path}.{key}"),
                    })
                };
                let needed: BTreeSet<String> = keys.iter().filter(its).cloned().collect();
                match &node.keys {
                    Some(_) => node.required = &node.required & &needed,
                    None => node.required = needed,
                }
                node.keys = Some(keys.clone());
            }
            let known = |one: &Ask| match (one, ask) {
                (Ask::Section(_), Ask::Section(_)) => true,
                _ => one == ask,
            };
            if !node.asks.iter().any(known) {
                node.asks.push(ask.clone());
            }
        }
    }

    fn node(&mut self, steps: &[String]) -> &mut Node {
        let mut node = &mut self.root;
        for step in steps {
            node = node.children.entry(step.clone()).or_default();
        }
        node
    }

    /// Every node with its path.
    #[cfg(test)]
    pub fn nodes(&self) -> Vec<(String, &Node)> {
        let mut all = vec![(String::new(), &self.root)];
        let mut at = 0;
        while let Some((path, node)) = all.get(at).cloned() {
            all.extend(node.children.iter().map(|(key, node)| (join(&path, key), node)));
            at += 1;
        }
        all
    }
}

/// The steps of `path`, e.g. `clients`, `*`, `<sftp>`, `host`.
fn steps(path: &str, names: &BTreeSet<&str>, kinds: &BTreeMap<&str, &str>) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut at = 0;
    while at < path.len() {
        let rest = &path[at..];
        let step = rest.trim_start_matches('.');
        let start = at + rest.len() - step.len();
        let end = match step.find(['.', '[']) {
            Some(0) => step.find(']').map_or(step.len(), |end| end + 1),
            Some(end) => end,
            None => step.len(),
        };
        steps.push(match &step[..end] {
            _ if names.contains(&path[..at]) => "*".to_owned(),
            item if item.starts_with('[') => "[]".to_owned(),
            key => key.to_owned(),
        });
        at = start + end;
        if let Some(kind) = kinds.get(&path[..at]) {
            steps.push(format!("<{kind}>"));
        }
    }
    // The datasets of an endpoint are like those at top level.
    let names: Vec<&str> = steps.iter().map(String::as_str).collect();
    if matches!(names[..], ["endpoints", "[]", "datasets", "*", ..]) {
        steps.drain(..2);
    }
    steps
}
