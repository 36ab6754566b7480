//! `endpoint_details`, whose keys depend on the endpoint's type.

use serde_json::Value as Json;

use crate::model::{EndpointType, Scope};

use super::endpoints::{file_types, is_credential};
use super::json::to_json;
use super::problems::Place;
use super::reader::Reader;
use super::schema::Ask;
use super::section::Section;
use super::yaml::{Node, Value};
use super::{autodesk, feed, google_drive, secrets};

const ENCOURA: &[&str] = &["product_keys", "file_types"];

/// What `endpoint_details` says.
pub(super) struct Details {
    pub product_keys: Vec<String>,
    pub file_types: Option<Vec<String>>,
    /// What it looks at; none if that is wrong.
    pub scope: Option<Scope>,
    /// Everything else as JSON, without credentials: it goes into the books.
    pub rest: Json,
}

/// `outer_types` are the `file_types` that stand beside `endpoint_details`; `brought`
/// says whether its credentials are those of its client, and were read with it.
pub(super) fn details(
    r: &mut Reader,
    endpoint: &Section,
    endpoint_type: EndpointType,
    outer_types: Option<Vec<String>>,
    brought: bool,
) -> Details {
    let keys = match endpoint_type {
        EndpointType::Encoura => ENCOURA,
        EndpointType::AutodeskConstructionCloud => autodesk::DETAILS,
        EndpointType::GoogleDrive => google_drive::DETAILS,
        EndpointType::Sftp => feed::DETAILS,
    };
    let nothing = Node { place: Place { width: 0, ..endpoint.place }, value: Value::Null };
    let path = endpoint.path_of("endpoint_details");
    let node = endpoint.node("endpoint_details").unwrap_or(&nothing);
    let mut details = Details {
        product_keys: vec![],
        file_types: None,
        scope: None,
        rest: serde_json::json!({}),
    };
    r.note(|| (path.clone(), Ask::Variant(endpoint_type.as_str())));
    let Some(section) = r.section(node, path, keys) else { return details };
    for key in keys.iter().filter(|key| secrets::KEYS.contains(key)) {
        section.note(r, key, || Ask::Secret);
        section.note(r, &format!("{key}_file"), || Ask::Path);
    }
    let products = section.texts(r, "product_keys").unwrap_or_default();
    details.product_keys = products.into_iter().map(|t| t.value).collect();
    details.file_types = file_types(r, &section).or(outer_types);
    let types = details.file_types.as_deref().unwrap_or_default();
    details.scope = match endpoint_type {
        EndpointType::Encoura => Some(Scope::Exports),
        EndpointType::Sftp => Some(Scope::Sftp(feed::scope(r, &section, types))),
        EndpointType::AutodeskConstructionCloud => {
            autodesk::scope(r, &section, types).map(Scope::Autodesk)
        }
        EndpointType::GoogleDrive => {
            google_drive::scope(r, &section, types).map(Scope::GoogleDrive)
        }
    };
    for (key, node) in section.entries() {
        let path = section.path_of(&key.name);
        match key.name.as_str() {
            "product_keys" | "file_types" => {}
            name if is_credential(name) && brought => {}
            name if is_credential(name) => {
                section.secret(r, name.trim_end_matches("_file"));
                let words = "credentials belong below clients.autodesk; here they have no effect";
                r.warn(key.place, format!("{path}: {words}"));
            }
            name => details.rest[name] = to_json(r, node, &path),
        }
    }
    details
}
