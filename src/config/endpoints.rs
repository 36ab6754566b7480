//! `endpoints:`, what is synced.

use std::collections::BTreeMap;

use crate::model::{Endpoint, EndpointType, Schedule};

use super::clients::usual_name;
use super::datasets::Book;
use super::problems::Place;
use super::reader::{Reader, Text};
use super::schedule::schedule;
use super::schema::Ask;
use super::secrets;
use super::section::Section;
use super::{Client, autodesk, bandwidth, details, google_drive};

const KEYS: &[&str] = &[
    "name",
    "endpoint_type",
    "project_id",
    "user_id",
    "description",
    "client",
    "endpoint_details",
    "deliver_to",
    bandwidth::KEY,
    "schedule",
    "schedule_config",
    "is_active",
    "quiet_days",
    "datasets",
    "file_types",
    // The file connector's own; without a meaning here.
    "max_files_per_sync",
    "tags",
];

pub(super) const TYPES: &[(&str, EndpointType)] = &[
    ("encoura", EndpointType::Encoura),
    ("autodesk_construction_cloud", EndpointType::AutodeskConstructionCloud),
    ("google_drive", EndpointType::GoogleDrive),
    ("sftp", EndpointType::Sftp),
];

/// What endpoints may refer to.
pub(super) struct Known<'k> {
    pub clients: &'k BTreeMap<String, Client>,
    /// Every entry of `clients`, the wrong ones too: a mistake there is told once.
    pub client_names: &'k [(&'k str, Option<EndpointType>)],
    /// The clients that endpoints brought along.
    pub brought: &'k [String],
    pub destination_names: &'k [&'k str],
    pub interval: u32,
    pub schedule: Schedule,
}

/// Every endpoint, in the order of the file; `made` gets the clients that they stand for
/// themselves.
pub(super) fn endpoints(
    r: &mut Reader,
    file: &Section,
    known: &Known,
    made: &mut BTreeMap<String, Client>,
) -> Vec<Endpoint> {
    let items = file.node("endpoints").map(|node| r.list(node, "endpoints")).unwrap_or(&[]);
    let mut endpoints: Vec<Endpoint> = Vec::new();
    let mut names: BTreeMap<String, Place> = BTreeMap::new();
    let mut book = Book::of(r, file);
    let mut places = Vec::new();
    for (n, item) in items.iter().enumerate() {
        let Some(section) = r.section(item, format!("endpoints[{n}]"), KEYS) else { continue };
        if let Some(name) = section.text(r, "name") {
            if let Some(first) = names.get(&name.value) {
                let words =
                    format!("an endpoint of this name stands in line {} already", first.line);
                r.error(name.place, format!("{}: {words}", section.path_of("name")));
            }
            names.entry(name.value).or_insert(name.place);
        }
        if let Some(endpoint) = endpoint(r, &section, known, made, &mut book) {
            places.push(item.place);
            endpoints.push(endpoint);
        }
    }
    if items.is_empty() {
        r.warn(file.place, "endpoints: there are none, so there is nothing to do");
    }
    book.complete(r, &mut endpoints);
    overlaps(r, &endpoints, &places, known);
    endpoints
}

fn endpoint(
    r: &mut Reader,
    section: &Section,
    known: &Known,
    made: &mut BTreeMap<String, Client>,
    book: &mut Book,
) -> Option<Endpoint> {
    let name = section.required(r, "name", "a name for the endpoint");
    section.note(r, "endpoint_type", || Ask::Required);
    if section.node("endpoint_type").is_none() {
        let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
        section.missing(r, "endpoint_type", &format!("one of: {}", names.join(", ")));
    }
    let endpoint_type = section.choice(r, "endpoint_type", TYPES);
    let mut text = |key| section.text(r, key).map(|t| t.value);
    let (project_id, user_id, description) =
        (text("project_id"), text("user_id"), text("description"));
    let is_active = section.flag(r, "is_active").unwrap_or(true);
    let quiet_days = section.number(r, "quiet_days", 1..=3650);
    let schedule = schedule(r, section, known.interval, &known.schedule);
    let bandwidth = bandwidth::of_endpoint(r, section, &schedule);
    let deliver_to = section.text(r, "deliver_to").and_then(|t| deliver_to(r, section, t, known));
    let file_types = file_types(r, section);
    let endpoint_type = endpoint_type?;
    let mut client = client(r, section, endpoint_type, known);
    let brought = client.as_ref().is_some_and(|client| known.brought.contains(client));
    let details = details::details(r, section, endpoint_type, file_types, brought);
    if endpoint_type == EndpointType::GoogleDrive {
        client = client.map(|chosen| {
            let written = known.client_names.iter().any(|(name, _)| *name == chosen);
            let written = written.then(|| known.clients.get(&chosen));
            google_drive::client_of_endpoint(r, section, chosen, &details.rest, written, made)
        });
    }
    let datasets = book.of_endpoint(r, section, endpoint_type);
    Some(Endpoint {
        name: name?.value,
        endpoint_type,
        project_id: project_id.unwrap_or_default(),
        user_id: user_id.unwrap_or_default(),
        description,
        client: client?,
        product_keys: details.product_keys,
        file_types: details.file_types.unwrap_or_default(),
        scope: details.scope?,
        details: details.rest,
        datasets,
        deliver_to,
        bandwidth,
        schedule,
        quiet_days,
        is_active,
    })
}

/// `file_types` of `section`: lower case, without dots, each once.
pub(super) fn file_types(r: &mut Reader, section: &Section) -> Option<Vec<String>> {
    let mut types: Vec<String> = Vec::new();
    for text in section.texts(r, "file_types")? {
        let one = text.value.trim().trim_start_matches('*').trim_start_matches('.').to_lowercase();
        if one.is_empty() || one.contains(['/', '*', '?']) {
            let (path, found) = (section.path_of("file_types"), text.shown());
            r.error(
                text.place,
                format!("{path}: expected an extension, as in \"csv\", found {found}"),
            );
        } else if !types.contains(&one) {
            types.push(one);
        }
    }
    Some(types)
}

fn deliver_to(r: &mut Reader, section: &Section, text: Text, known: &Known) -> Option<String> {
    if !known.destination_names.contains(&text.value.as_str()) {
        unresolved(
            r,
            &section.path_of("deliver_to"),
            &text,
            "destinations",
            known.destination_names,
        );
        return None;
    }
    Some(text.value)
}

/// The client that is named, else the type's usual one, else its only one.
fn client(
    r: &mut Reader,
    section: &Section,
    endpoint_type: EndpointType,
    known: &Known,
) -> Option<String> {
    let names: Vec<&str> = known.client_names.iter().map(|(name, _)| *name).collect();
    if let Some(text) = section.text(r, "client") {
        let path = section.path_of("client");
        let Some((_, its_type)) = known.client_names.iter().find(|(name, _)| *name == text.value)
        else {
            unresolved(r, &path, &text, "clients", &names);
            return None;
        };
        if let Some(its_type) = its_type.filter(|t| *t != endpoint_type) {
            let found = text.shown();
            r.error(
                text.place,
                format!("{path}: {found} is of type {its_type}, not {endpoint_type}"),
            );
            return None;
        }
        return Some(text.value);
    }
    if section.node("client").is_some() {
        return None;
    }
    if endpoint_type == EndpointType::AutodeskConstructionCloud
        && let Some(id) = autodesk::own_client_id(r, section)
        && let Some(name) = with_client_id(&id, known)
    {
        return Some(name);
    }
    let usual = usual_name(endpoint_type);
    let fitting = |name: &&str| {
        known.client_names.iter().any(|(n, t)| n == name && t.is_none_or(|t| t == endpoint_type))
    };
    if names.iter().any(|name| *name == usual && fitting(name)) || known.clients.contains_key(usual)
    {
        return Some(usual.to_owned());
    }
    let of_type: Vec<&str> = known
        .client_names
        .iter()
        .filter(|(_, its_type)| *its_type == Some(endpoint_type))
        .map(|(name, _)| *name)
        .collect();
    match of_type.as_slice() {
        [only] => Some((*only).to_owned()),
        [] if matches!(endpoint_type, EndpointType::Encoura | EndpointType::Sftp) => {
            section.missing(r, "client", &format!("an entry \"{usual}\" below clients"));
            None
        }
        // The file connector's own files have no clients.
        [] => Some(usual.to_owned()),
        several => {
            let names = several.join(", ");
            section.missing(r, "client", &format!("one of the clients of its type: {names}"));
            None
        }
    }
}

/// The Autodesk client with this client id.
fn with_client_id(id: &str, known: &Known) -> Option<String> {
    let found = known
        .clients
        .iter()
        .find(|(_, client)| matches!(client, Client::Autodesk(account) if account.client_id == id));
    found.map(|(name, _)| name.clone())
}

/// Notes that `text` names nothing that stands below `place`.
pub(super) fn unresolved(r: &mut Reader, path: &str, text: &Text, place: &str, names: &[&str]) {
    let known = if names.is_empty() { "nothing".into() } else { names.join(", ") };
    let message = format!("{path}: there is no {} below {place}; there is: {known}", text.shown());
    r.misspelled(text.place, message, if text.referred { "" } else { &text.value }, names);
}

/// Two endpoints must not take each other's exports out of the list.
fn overlaps(r: &mut Reader, endpoints: &[Endpoint], places: &[Place], known: &Known) {
    let account = |e: &Endpoint| match known.clients.get(&e.client) {
        Some(Client::Encoura(account)) => Some(account.key()),
        _ => None,
    };
    for (n, (second, place)) in endpoints.iter().zip(places).enumerate() {
        for first in &endpoints[..n] {
            let all = first.product_keys.is_empty() || second.product_keys.is_empty();
            let common = first.product_keys.iter().any(|k| second.product_keys.contains(k));
            let one = first.name == second.name || account(second).is_none();
            if !one && account(first) == account(second) && (all || common) {
                let words = "ask the same account for the same products: what one lists, the other \
                             never sees";
                let message = format!("\"{}\" and \"{}\" {words}", first.name, second.name);
                if first.is_active && second.is_active {
                    r.error(*place, message);
                } else {
                    r.warn(*place, message);
                }
            }
        }
    }
}

/// Whether a key of `endpoint_details` must not be kept in the books.
pub(super) fn is_credential(key: &str) -> bool {
    secrets::KEYS.contains(&key.trim_end_matches("_file"))
}
