//! The JSON schema of `connector.yaml`, for editors.
//!
//! The reader itself knows which keys there are and what may stand there: it reads
//! `probe.yaml`, which leads it everywhere, and what it asks for on its way is the schema
//! (`tree`, `draw`). What a key is for, and what it is where nothing is said, stands in
//! `words`, and tests hold both against the reader.
//!
//! The schema knows less than the reader: which keys go together, and what the names in the
//! file refer to, is said by `transship check` alone. Whatever the reader takes, it takes.

mod ask;
mod draw;
mod tree;
mod words;

use std::ffi::OsString;

use serde_json::Value as Json;

use super::environment::Environment;
use super::load;

pub(super) use ask::Ask;

const PROBE: &str = include_str!("probe.yaml");

/// A fingerprint as good as any.
const PIN: &str = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";

/// The schema (draft 7, the one that editors know best).
pub fn schema() -> Json {
    draw::schema(&tree())
}

fn tree() -> tree::Tree {
    // What only a variable makes optional is found by reading once with it.
    let reads = [&[][..], &[("CONNECTOR_AUTODESK_CLIENT_ID", "x")]];
    let reads = reads.map(|variables| load::asked(PROBE, &environment(variables)));
    tree::Tree::of(reads)
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables = variables.iter().chain(&[("PIN", PIN)]);
    Environment {
        variables: variables.map(|(name, value)| ((*name).into(), OsString::from(value))).collect(),
        ..Environment::default()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn load(text: &str) -> Result<Config, String> {
        let path = Path::new("/srv/t/connector.yaml");
        Config::from_text(text, path, &environment(&[])).map_err(|errors| errors.to_string())
    }

    /// What the configuration says, a line each.
    fn lines(mut config: Config) -> Vec<String> {
        // Where things stand, and a copy of what was written for the books.
        config.warnings.clear();
        config.endpoints.iter_mut().for_each(|endpoint| endpoint.details = Json::Null);
        format!("{config:#?}").lines().map(str::to_owned).collect()
    }

    /// Kept for the books as it is; the reader looks at it there.
    const UNASKED: &[&str] = &["endpoints[].endpoint_details<google_drive>.credentials_path"];

    /// A mistake would end a branch before all of its keys are asked for.
    #[test]
    fn the_probe_is_a_good_configuration() {
        load(PROBE).unwrap();
    }

    #[test]
    fn every_key_is_asked_for_and_has_its_words() {
        let mut wrong = Vec::new();
        let (tree, mut known) = (tree(), words::paths());
        for (path, node) in tree.nodes() {
            for key in node.keys.iter().flatten() {
                let at = tree::join(&path, key);
                known.retain(|known| *known != at);
                let ignored = words::is_ignored(&path, key);
                if !node.children.contains_key(key) && !ignored && !UNASKED.contains(&&*at) {
                    wrong.push(format!("{at}: nobody asks for it while probe.yaml is read"));
                }
                if words::of(&path, key).is_none() && !ignored {
                    wrong.push(format!("{at}: has no words in words.rs"));
                }
            }
        }
        wrong.extend(known.iter().map(|path| format!("{path}: has words, and does not exist")));
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// What the words call the usual value is what the reader takes where nothing is said.
    #[test]
    fn what_is_usual_is_what_the_reader_takes() {
        // As JSON, like the others: its mappings are sorted.
        let usual = lines(load(&probe_as_json().to_string()).unwrap());
        let values = words::usual_values();
        assert!(values.len() > 50, "{}", values.len());
        for (path, value) in values {
            // Some columns and files may not say it; one at least may.
            let said = with(&probe_as_json(), &path, &value);
            let mut refused = Vec::new();
            for file in &said {
                match load(&file.to_string()) {
                    Ok(config) => {
                        let found = lines(config);
                        let other = found.iter().zip(&usual).find(|(found, usual)| found != usual);
                        assert!(other.is_none(), "{path} is not {value}: {other:?}");
                    }
                    Err(why) => refused.push(why),
                }
            }
            assert!(refused.len() < said.len(), "{path}: {value}: {said:?} {refused:?}");
        }
    }

    fn probe_as_json() -> Json {
        serde_saphyr::from_str(PROBE).unwrap()
    }

    /// `file` with `value` at every place that `path` means and that says nothing.
    fn with(file: &Json, path: &str, value: &Json) -> Vec<Json> {
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let Some(rest) = rest else {
            let mut said = file.clone();
            let there = said.as_object_mut().filter(|map| !map.contains_key(first));
            return match there.map(|map| map.insert(first.to_owned(), value.clone())) {
                Some(_) => vec![said],
                None => vec![],
            };
        };
        let (name, variant) = match first.split_once('<') {
            Some((name, variant)) => (name, variant.strip_suffix('>')),
            None => (first, None),
        };
        let bare = name.strip_suffix("[]").unwrap_or(name);
        let keys: Vec<String> = match file.as_object() {
            Some(map) if bare == "*" => map.keys().cloned().collect(),
            Some(map) if map.contains_key(bare) => vec![bare.to_owned()],
            _ => vec![],
        };
        let mut all = Vec::new();
        for key in keys {
            let inner = &file[&key];
            let fits = |v: &str| {
                let its = file["endpoint_type"].as_str().or(inner["type"].as_str());
                its.is_some_and(|its| v.starts_with(its))
            };
            if variant.is_some_and(|v| !fits(v)) {
                continue;
            }
            if let Some(items) = inner.as_array().filter(|_| name.ends_with("[]")) {
                for (n, item) in items.iter().enumerate() {
                    for said in with(item, rest, value) {
                        let mut file = file.clone();
                        file[&key][n] = said;
                        all.push(file);
                    }
                }
                continue;
            }
            for said in with(inner, rest, value) {
                let mut file = file.clone();
                file[&key] = said;
                all.push(file);
            }
        }
        all
    }
}
