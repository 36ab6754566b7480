//! Google Drive: the client's section, and what an endpoint looks at.

use std::collections::BTreeMap;

use jiff::Timestamp;

use serde_json::Value as Json;

use crate::model::{DriveScope, EndpointType, GoogleAccount};

use super::Client;
use super::clients::{url, usual_name};
use super::reader::Reader;
use super::register::pick;
use super::section::Section;

/// The vendor's present address.
const BASE_URL: &str = "https://www.googleapis.com";

/// The vendor's limit for one account since May 2026.
const UNITS_PER_MINUTE: u32 = 325_000;

/// The keys of the client's section.
pub(super) const CLIENT: &[&str] =
    &["type", "credentials_path", "application_name", "base_url", "subject", "units_per_minute"];

/// The keys of `endpoint_details`.
pub(super) const DETAILS: &[&str] = &[
    "folder_id",
    "drive_id",
    "include_shared",
    "include_subfolders",
    "include_trashed",
    "follow_shortcuts",
    "modified_after",
    "modified_before",
    "export_as",
    "file_types",
    "exclude_patterns",
    "max_results",
    "max_file_size_mb",
    "credentials_path",
];

/// The client called `name`.
pub(super) fn client(r: &mut Reader, name: &str, section: &Section) -> Option<GoogleAccount> {
    let base_url = match section.text(r, "base_url") {
        Some(text) => url(r, section, "base_url", text),
        None => Some(BASE_URL.to_owned()),
    };
    let expected = "the service account's key file";
    let credentials = section.required(r, "credentials_path", expected);
    let subject = section.text(r, "subject").map(|t| t.value);
    let application_name = section.text(r, "application_name").map(|t| t.value);
    let units = section.number(r, "units_per_minute", 1_000..=10_000_000);
    Some(GoogleAccount {
        name: name.to_owned(),
        base_url: base_url?,
        credentials_path: r.resolve(&credentials?.value),
        subject,
        application_name,
        units_per_minute: units.unwrap_or(UNITS_PER_MINUTE),
    })
}

/// The client of an endpoint that uses the one called `chosen`, if there is one
/// `written` below `clients`. The file connector has none there: the key file stands in
/// each `endpoint_details`, and makes one; endpoints with one key file share it.
pub(super) fn client_of_endpoint(
    r: &mut Reader,
    endpoint: &Section,
    chosen: String,
    details: &Json,
    written: Option<Option<&Client>>,
    made: &mut BTreeMap<String, Client>,
) -> String {
    let path = format!("{}.credentials_path", endpoint.path_of("endpoint_details"));
    let given = details.get("credentials_path").and_then(Json::as_str);
    let given = given.filter(|path| !path.trim().is_empty()).map(|given| r.resolve(given));
    let key_of = |client: &Client| match client {
        Client::GoogleDrive(account) => Some(account.credentials_path.clone()),
        _ => None,
    };
    match (written, given) {
        (Some(client), Some(given)) => {
            if client.and_then(key_of).is_some_and(|used| used != given) {
                let words = format!("has no effect: the key file of clients.{chosen} is used");
                r.warn(endpoint.place, format!("{path}: {words}"));
            }
            chosen
        }
        (Some(_), None) => chosen,
        (None, Some(given)) => {
            let same = made.iter().find(|(_, client)| key_of(client).as_ref() == Some(&given));
            if let Some((name, _)) = same {
                return name.clone();
            }
            let usual = usual_name(EndpointType::GoogleDrive);
            let name = match made.len() {
                0 => usual.to_owned(),
                n => format!("{usual}_{}", n + 1),
            };
            let account = GoogleAccount {
                name: name.clone(),
                base_url: BASE_URL.to_owned(),
                credentials_path: given,
                subject: None,
                application_name: None,
                units_per_minute: UNITS_PER_MINUTE,
            };
            made.insert(name.clone(), Client::GoogleDrive(account));
            name
        }
        (None, None) => {
            let words = "there is no client to sign in with, so it cannot be synced: add \
                         clients.google_drive with credentials_path, the service account's key \
                         file";
            r.warn(endpoint.place, format!("{}: {words}", endpoint.path));
            chosen
        }
    }
}

/// What an endpoint looks at. Without a folder or a drive: the user's own drive.
pub(super) fn scope(
    r: &mut Reader,
    details: &Section,
    file_types: &[String],
) -> Option<DriveScope> {
    let folder_id = id(r, details, "folder_id");
    let drive_id = id(r, details, "drive_id");
    let include_shared = details.flag(r, "include_shared").unwrap_or(false);
    let include_subfolders = details.flag(r, "include_subfolders").unwrap_or(true);
    let include_trashed = details.flag(r, "include_trashed").unwrap_or(false);
    let follow_shortcuts = details.flag(r, "follow_shortcuts").unwrap_or(false);
    let modified_after = moment(r, details, "modified_after");
    let modified_before = moment(r, details, "modified_before");
    let export_as = export_as(r, details);
    let pick = pick(r, details, file_types);
    Some(DriveScope {
        folder_id,
        drive_id,
        include_shared,
        include_subfolders,
        follow_shortcuts,
        include_trashed,
        modified_after,
        modified_before,
        export_as,
        pick,
    })
}

/// An id goes into queries: nothing else may.
fn id(r: &mut Reader, details: &Section, key: &str) -> Option<String> {
    let text = details.text(r, key)?;
    let safe = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if text.value.is_empty() || !text.value.chars().all(safe) {
        let (path, found) = (details.path_of(key), text.shown());
        let expected = "expected an id, as at the end of the folder's address in the browser";
        r.error(text.place, format!("{path}: {expected}, found {found}"));
        return None;
    }
    Some(text.value)
}

fn moment(r: &mut Reader, details: &Section, key: &str) -> Option<Timestamp> {
    let text = details.text(r, key)?;
    let day = || {
        let date: jiff::civil::Date = text.value.trim().parse().ok()?;
        date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp())
    };
    let moment = text.value.trim().parse().ok().or_else(day);
    if moment.is_none() {
        let (path, found) = (details.path_of(key), text.shown());
        let expected = "expected a day or a moment, as in 2026-01-31 or 2026-01-31T08:00:00Z";
        r.error(text.place, format!("{path}: {expected}, found {found}"));
    }
    moment
}

/// The kinds of native documents that can be exported, and the forms of each.
const FORMS: &[(&str, &[&str])] = &[
    ("document", &["docx", "pdf", "odt", "rtf", "txt", "html", "epub", "md"]),
    ("spreadsheet", &["xlsx", "csv", "tsv", "pdf", "ods"]),
    ("presentation", &["pptx", "pdf", "odp", "txt"]),
    ("drawing", &["pdf", "png", "jpg", "svg"]),
];

fn export_as(r: &mut Reader, details: &Section) -> BTreeMap<String, String> {
    let mut forms: BTreeMap<String, String> =
        FORMS.iter().map(|(kind, forms)| ((*kind).to_owned(), forms[0].to_owned())).collect();
    let kinds: Vec<&str> = FORMS.iter().map(|(kind, _)| *kind).collect();
    let path = details.path_of("export_as");
    let section = details.node("export_as").and_then(|node| r.section(node, path, &kinds));
    for (kind, known) in FORMS {
        let choices: Vec<(&str, &str)> = known.iter().map(|form| (*form, *form)).collect();
        let chosen = section.as_ref().and_then(|s| s.choice(r, kind, &choices));
        if let Some(form) = chosen {
            forms.insert((*kind).to_owned(), form.to_owned());
        }
    }
    forms
}
