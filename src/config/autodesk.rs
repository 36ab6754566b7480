//! Autodesk: the client's section, and what an endpoint looks at.

use crate::model::{AutodeskAccount, AutodeskGrant, AutodeskScope, EndpointType, Secret};

use super::clients::url;
use super::reader::Reader;
use super::register::pick;
use super::section::Section;
use super::yaml::{Node, Value};

/// The vendor's present address.
const BASE_URL: &str = "https://developer.api.autodesk.com";

/// What the file connector's applications registered.
const CALLBACK: &str = "http://localhost:8081/oauth/callback";

const TOKENS: &str = "tokens/autodesk_tokens.json";

/// Listing and fetching need no more.
const SCOPE: &str = "data:read";

/// The keys of the client's section.
pub(super) const CLIENT: &[&str] = &[
    "type",
    "client_id",
    "client_secret",
    "client_secret_file",
    "base_url",
    "callback_url",
    "token_path",
    "scopes",
    "grant",
    "user_id",
    "service_account_id",
    "service_account_key_id",
    "private_key",
    "private_key_file",
];

/// The keys of `endpoint_details`.
pub(super) const DETAILS: &[&str] = &[
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

#[derive(Clone, Copy)]
enum Grant {
    ThreeLegged,
    TwoLegged,
    ServiceAccount,
}

/// The client called `name`; `CONNECTOR_AUTODESK_CLIENT_ID` and `…_SECRET` replace
/// what its section says, or stand for it.
pub(super) fn client(r: &mut Reader, name: &str, section: &Section) -> Option<AutodeskAccount> {
    let base_url = match section.text(r, "base_url") {
        Some(text) => url(r, section, "base_url", text),
        None => Some(BASE_URL.to_owned()),
    };
    let callback_url = match section.text(r, "callback_url") {
        Some(text) => url(r, section, "callback_url", text),
        None => Some(CALLBACK.to_owned()),
    };
    let (outer_id, outer_secret) = from_environment(r);
    let client_id = match outer_id {
        Some(id) => Some(id),
        None => section.required(r, "client_id", "the application's client id").map(|t| t.value),
    };
    let client_secret = outer_secret.or_else(|| section.secret(r, "client_secret"));
    let scopes = section.texts(r, "scopes").map(|texts| texts.into_iter().map(|t| t.value));
    let token_path = section.path(r, "token_path").unwrap_or_else(|| r.resolve(TOKENS));
    let grant = grant(r, section);
    Some(AutodeskAccount {
        name: name.to_owned(),
        base_url: base_url?,
        client_id: client_id?,
        client_secret: client_secret.filter(|s| !s.is_empty()),
        callback_url: callback_url?,
        token_path,
        scopes: scopes.map_or_else(|| vec![SCOPE.to_owned()], Iterator::collect),
        grant: grant?,
    })
}

fn grant(r: &mut Reader, section: &Section) -> Option<AutodeskGrant> {
    let choices = [
        ("three_legged", Grant::ThreeLegged),
        ("two_legged", Grant::TwoLegged),
        ("service_account", Grant::ServiceAccount),
    ];
    let chosen = match section.node("grant") {
        None => Grant::ThreeLegged,
        Some(_) => section.choice(r, "grant", &choices)?,
    };
    let user_id = section.text(r, "user_id").map(|t| t.value);
    Some(match chosen {
        Grant::ThreeLegged => AutodeskGrant::ThreeLegged,
        Grant::TwoLegged => AutodeskGrant::TwoLegged { user_id },
        Grant::ServiceAccount => {
            let account = section.required(r, "service_account_id", "the service account's id");
            let key = section.required(r, "service_account_key_id", "the id of its key");
            let private_key = section.required_secret(r, "private_key", "its private key (PEM)");
            AutodeskGrant::ServiceAccount {
                account_id: account?.value,
                key_id: key?.value,
                private_key: private_key?,
            }
        }
    })
}

/// The applications that endpoints of the file connector's own files bring along: one
/// for each client id, in the order of the file.
pub(super) fn of_endpoints(r: &mut Reader, file: &Section) -> Vec<AutodeskAccount> {
    let Some(Value::List(items)) = file.node("endpoints").map(|node| &node.value) else {
        return vec![];
    };
    let mut accounts: Vec<AutodeskAccount> = Vec::new();
    for (n, item) in items.iter().enumerate() {
        let Some(details) = own_details(r, n, item) else { continue };
        let Some(id) = details.text(r, "client_id").map(|text| text.value) else { continue };
        // Read even where it is known already: for what is to be said about it.
        let secret = details.secret(r, "client_secret").filter(|s| !s.is_empty());
        if accounts.iter().any(|account| account.client_id == id) {
            continue;
        }
        let (name, token_path) = match accounts.is_empty() {
            true => ("autodesk".to_owned(), TOKENS.to_owned()),
            // Two sessions in one file would end each other.
            false => {
                let part = id.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
                (format!("autodesk {id}"), format!("tokens/autodesk_tokens-{part}.json"))
            }
        };
        accounts.push(AutodeskAccount {
            name,
            base_url: BASE_URL.to_owned(),
            client_id: id,
            client_secret: secret,
            callback_url: CALLBACK.to_owned(),
            token_path: r.resolve(&token_path),
            scopes: vec![SCOPE.to_owned()],
            grant: AutodeskGrant::ThreeLegged,
        });
    }
    accounts
}

/// `endpoint_details` of an endpoint of this type that names no client.
fn own_details<'n>(r: &mut Reader, n: usize, item: &'n Node) -> Option<Section<'n>> {
    let Value::Map(entries) = &item.value else { return None };
    let endpoint = Section::new(format!("endpoints[{n}]"), item.place, entries);
    let its_type = endpoint.scalar(r, "endpoint_type")?;
    let ours = EndpointType::AutodeskConstructionCloud.as_str();
    if !its_type.value.trim().eq_ignore_ascii_case(ours) || endpoint.node("client").is_some() {
        return None;
    }
    let node = endpoint.node("endpoint_details")?;
    let Value::Map(entries) = &node.value else { return None };
    Some(Section::new(endpoint.path_of("endpoint_details"), node.place, entries))
}

/// The client id that an endpoint names itself.
pub(super) fn own_client_id(r: &mut Reader, endpoint: &Section) -> Option<String> {
    let Value::Map(entries) = &endpoint.node("endpoint_details")?.value else { return None };
    let path = endpoint.path_of("endpoint_details");
    let details = Section::new(path, endpoint.place, entries);
    details.text(r, "client_id").map(|text| text.value)
}

/// Whether the environment alone makes a client.
pub(super) fn in_environment(r: &mut Reader) -> bool {
    from_environment(r).0.is_some()
}

fn from_environment(r: &mut Reader) -> (Option<String>, Option<Secret>) {
    let id = r.outside("CONNECTOR_AUTODESK_CLIENT_ID");
    let secret = r.outside("CONNECTOR_AUTODESK_CLIENT_SECRET");
    (id, secret.map(Secret::new))
}

/// What an endpoint looks at.
pub(super) fn scope(
    r: &mut Reader,
    details: &Section,
    file_types: &[String],
) -> Option<AutodeskScope> {
    let project = details.required(r, "project_id", "the project's id, as in \"b.6c2cffb0-…\"");
    let hub_id = details.text(r, "hub_id").map(|t| t.value);
    let folder_id = details.text(r, "folder_id").map(|t| t.value);
    let include_subfolders = details.flag(r, "include_subfolders").unwrap_or(true);
    let pick = pick(r, details, file_types);
    Some(AutodeskScope { project_id: project?.value, hub_id, folder_id, include_subfolders, pick })
}
