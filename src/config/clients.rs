//! `clients:`, the services to sign in to.

use std::collections::BTreeMap;

use crate::model::{EncouraAccount, EndpointType};

use super::problems::Place;
use super::reader::{Reader, Text};
use super::schema::Ask;
use super::section::Section;
use super::settings::is_loopback;
use super::yaml::{Key, Node};
use super::{Client, autodesk, google_drive, ssh};

/// The vendor's present address.
const ENCOURA: &str = "https://api-datalab.encoura.org/v1";

const ENCOURA_KEYS: &[&str] = &[
    "type",
    "base_url",
    "api_key",
    "api_key_file",
    "organization_uid",
    "username",
    "password",
    "password_file",
    "auth_scheme",
];

/// The names by which a client's type is written.
pub(super) const TYPES: &[(&str, EndpointType)] = &[
    ("encoura", EndpointType::Encoura),
    ("autodesk", EndpointType::AutodeskConstructionCloud),
    ("autodesk_construction_cloud", EndpointType::AutodeskConstructionCloud),
    ("google_drive", EndpointType::GoogleDrive),
    ("sftp", EndpointType::Sftp),
];

/// The entry of `clients` that an endpoint of this type uses if it names none.
pub(super) fn usual_name(endpoint_type: EndpointType) -> &'static str {
    match endpoint_type {
        EndpointType::Encoura => "encoura",
        EndpointType::AutodeskConstructionCloud => "autodesk",
        EndpointType::GoogleDrive => "google_drive",
        EndpointType::Sftp => "feed",
    }
}

/// The entries as they stand in the file, with the type that could be made out.
pub(super) type Written<'n> = Vec<(&'n str, Option<EndpointType>)>;

/// What there is to sign in with.
pub(super) struct Clients<'n> {
    /// Every client by name.
    pub clients: BTreeMap<String, Client>,
    /// The names of all that were written, the wrong ones too.
    pub written: Written<'n>,
    /// The names of those that endpoints brought along.
    pub brought: Vec<String>,
}

/// Every client.
pub(super) fn clients<'n>(r: &mut Reader, file: &Section<'n>) -> Clients<'n> {
    let section = file.node("clients").and_then(|node| r.names(node, "clients"));
    let mut clients = BTreeMap::new();
    let mut written = Vec::new();
    for (key, node) in section.iter().flat_map(|s| s.entries()) {
        let endpoint_type = type_of(r, key, node);
        written.push((key.name.as_str(), endpoint_type));
        if let Some(client) = endpoint_type.and_then(|t| client(r, &key.name, node, t)) {
            clients.insert(key.name.clone(), client);
        }
    }
    // The file connector's own files have no clients: its variables stand for one, or
    // what its endpoints say.
    let usual = usual_name(EndpointType::AutodeskConstructionCloud);
    let mut brought = Vec::new();
    if !written.iter().any(|(name, _)| *name == usual) {
        if autodesk::in_environment(r) {
            let nothing = Section::new(format!("clients.{usual}"), file.place, &[]);
            if let Some(account) = autodesk::client(r, usual, &nothing) {
                clients.insert(usual.to_owned(), Client::Autodesk(account));
            }
        } else {
            for account in autodesk::of_endpoints(r, file) {
                brought.push(account.name.clone());
                clients.insert(account.name.clone(), Client::Autodesk(account));
            }
        }
    }
    Clients { clients, written, brought }
}

/// What kind of client an entry is: its `type`, else what its name says.
fn type_of(r: &mut Reader, key: &Key, node: &Node) -> Option<EndpointType> {
    let path = format!("clients.{}", key.name);
    let section = r.mapping(node, path.clone())?;
    if section.node("type").is_some() {
        return section.choice(r, "type", TYPES);
    }
    let by_name = TYPES.iter().find(|(name, _)| *name == key.name);
    if by_name.is_none() {
        let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
        let message = format!("{path}: \"type\" is missing: expected one of: {}", names.join(", "));
        r.misspelled(key.place, message, &key.name, &names);
    }
    by_name.map(|(_, endpoint_type)| *endpoint_type)
}

fn client(r: &mut Reader, name: &str, node: &Node, endpoint_type: EndpointType) -> Option<Client> {
    let path = format!("clients.{name}");
    r.note(|| (path.clone(), Ask::Variant(endpoint_type.as_str())));
    match endpoint_type {
        EndpointType::Encoura => {
            let section = r.section(node, path, ENCOURA_KEYS)?;
            encoura(r, name, &section).map(Client::Encoura)
        }
        EndpointType::Sftp => {
            let section = r.section(node, path, ssh::KEYS)?;
            ssh::server(r, &section).map(Client::Sftp)
        }
        EndpointType::AutodeskConstructionCloud => {
            let section = r.section(node, path, autodesk::CLIENT)?;
            autodesk::client(r, name, &section).map(Client::Autodesk)
        }
        EndpointType::GoogleDrive => {
            let section = r.section(node, path, google_drive::CLIENT)?;
            google_drive::client(r, name, &section).map(Client::GoogleDrive)
        }
    }
}

fn encoura(r: &mut Reader, name: &str, section: &Section) -> Option<EncouraAccount> {
    let given = section.text(r, "base_url");
    let base_url = match given {
        Some(text) => url(r, section, "base_url", text),
        None => Some(ENCOURA.to_owned()),
    };
    let api_key = section.required_secret(r, "api_key", "the x-api-key that Encoura gave out");
    let username = section.required(r, "username", "the name to sign in with");
    let password = section.required_secret(r, "password", "the password to sign in with");
    let organization_uid = section.text(r, "organization_uid").map(|t| t.value);
    let auth_scheme = section.choice(r, "auth_scheme", &[("JWT", "JWT"), ("Bearer", "Bearer")]);
    Some(EncouraAccount {
        name: name.to_owned(),
        base_url: base_url?,
        api_key: api_key?,
        organization_uid,
        username: username?.value,
        password: password?,
        auth_scheme: auth_scheme.unwrap_or("JWT").to_owned(),
    })
}

/// A base URL without its trailing slash. Only https; http where nothing leaves
/// this machine. What it says is never shown: it may hold a password.
pub(super) fn url(r: &mut Reader, section: &Section, key: &str, text: Text) -> Option<String> {
    let value = text.value.trim();
    let wrong = match url::Url::parse(value) {
        Err(_) => Some("expected a URL, as in \"https://host/path\""),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Some("a user or password does not belong into the URL")
        }
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            Some("expected a URL without \"?\" and \"#\"")
        }
        Ok(url) => match (url.scheme(), url.host_str()) {
            ("https", Some(_)) => None,
            ("http", Some(host)) if is_loopback(host) => None,
            ("http", Some(_)) => Some("expected https://; http:// is for this machine alone"),
            _ => Some("expected a URL that begins with https://"),
        },
    };
    if let Some(wrong) = wrong {
        r.error(Place { width: 0, ..text.place }, format!("{}: {wrong}", section.path_of(key)));
        return None;
    }
    Some(value.trim_end_matches('/').to_owned())
}
