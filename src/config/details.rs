//! `endpoint_details`, whose keys depend on the endpoint's type.

use serde_json::Value as Json;

use crate::model::EndpointType;

use super::endpoints::{file_types, is_credential};
use super::json::to_json;
use super::problems::Place;
use super::reader::Reader;
use super::section::Section;
use super::yaml::{Node, Value};

const ENCOURA: &[&str] = &["product_keys", "file_types"];

const AUTODESK: &[&str] = &[
    "project_id",
    "hub_id",
    "folder_id",
    "include_subfolders",
    "include_versions",
    "file_types",
    "exclude_patterns",
    "max_results",
    "max_file_size_mb",
    "client_id",
    "client_secret",
    "client_secret_file",
];

const GOOGLE: &[&str] = &[
    "folder_id",
    "drive_id",
    "include_shared",
    "include_subfolders",
    "follow_shortcuts",
    "file_types",
    "exclude_patterns",
    "max_results",
    "max_file_size_mb",
    "credentials_path",
];

const SFTP: &[&str] = &["directory", "pattern", "include_subfolders", "file_types"];

/// What `endpoint_details` says.
pub(super) struct Details {
    pub product_keys: Vec<String>,
    pub file_types: Option<Vec<String>>,
    /// Everything else as JSON, without credentials: it goes into the books.
    pub rest: Json,
}

pub(super) fn details(r: &mut Reader, endpoint: &Section, endpoint_type: EndpointType) -> Details {
    let keys = match endpoint_type {
        EndpointType::Encoura => ENCOURA,
        EndpointType::AutodeskConstructionCloud => AUTODESK,
        EndpointType::GoogleDrive => GOOGLE,
        EndpointType::Sftp => SFTP,
    };
    let nothing = Node { place: Place { width: 0, ..endpoint.place }, value: Value::Null };
    let path = endpoint.path_of("endpoint_details");
    let node = endpoint.node("endpoint_details").unwrap_or(&nothing);
    let mut details =
        Details { product_keys: vec![], file_types: None, rest: serde_json::json!({}) };
    let Some(section) = r.section(node, path, keys) else { return details };
    if endpoint_type == EndpointType::AutodeskConstructionCloud {
        section.required(r, "project_id", "the project's id, as in \"b.6c2cffb0-…\"");
    }
    let products = section.texts(r, "product_keys").unwrap_or_default();
    details.product_keys = products.into_iter().map(|t| t.value).collect();
    details.file_types = file_types(r, &section);
    for (key, node) in section.entries() {
        let path = section.path_of(&key.name);
        match key.name.as_str() {
            "product_keys" | "file_types" => {}
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
