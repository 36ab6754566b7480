//! A call as it came: which method of the API, on what, with what.

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method as Verb, StatusCode, header};
use percent_encoding::percent_decode_str;

use super::params::Params;
use super::refusal::Refusal;
use super::sessions::Needs;
use super::{changes, drives, get, list};

/// Where the links in `exportLinks` lead.
pub(in crate::demo::google_drive) const EXPORT_LINK: &str =
    "/feeds/download/documents/export/Export";

/// The path of the API.
const API: &str = "/drive/v3/";

const TOO_LONG: &str = "<!DOCTYPE html>\n<html lang=en><title>Error 413 (Request Entity Too \
    Large)!!1</title><p><b>413.</b> <ins>That's an error.</ins><p>Your client issued a request \
    that was too large. <ins>That's all we know.</ins></html>\n";

const NOT_FOUND: &str = "<!DOCTYPE html>\n<html lang=en><title>Error 404 (Not Found)!!1</title>\
    <p><b>404.</b> <ins>That's an error.</ins><p>The requested URL was not found on this server. \
    <ins>That's all we know.</ins></html>\n";

/// A method of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Method {
    About,
    FilesList,
    FilesGet(String),
    FilesMedia(String),
    FilesExport(String),
    ExportLink,
    ChangesStart,
    ChangesList,
    DrivesList,
    DrivesGet(String),
}

impl Method {
    /// Quota units (the vendor's list of May 2026).
    pub(super) fn units(&self) -> u32 {
        match self {
            Self::FilesList | Self::ChangesList | Self::DrivesList => 100,
            Self::FilesMedia(_) | Self::FilesExport(_) | Self::ExportLink => 200,
            Self::About | Self::FilesGet(_) | Self::ChangesStart | Self::DrivesGet(_) => 5,
        }
    }

    /// What the access token must be good for (discovery document, `scopes`): shared
    /// drives as such take more than what lies in them.
    pub(super) fn needs(&self) -> Needs {
        match self {
            Self::FilesMedia(_)
            | Self::FilesExport(_)
            | Self::ExportLink
            | Self::DrivesList
            | Self::DrivesGet(_) => Needs::Contents,
            _ => Needs::Metadata,
        }
    }

    /// What it takes beside what all methods take.
    pub(super) fn params(&self) -> &'static [&'static str] {
        match self {
            Self::About => &[],
            Self::FilesList => list::PARAMS,
            Self::FilesGet(_) | Self::FilesMedia(_) => get::PARAMS,
            Self::FilesExport(_) => get::EXPORT_PARAMS,
            Self::ExportLink => get::LINK_PARAMS,
            Self::ChangesStart => changes::START_PARAMS,
            Self::ChangesList => changes::PARAMS,
            Self::DrivesList => drives::PARAMS,
            Self::DrivesGet(_) => drives::GET_PARAMS,
        }
    }

    fn of(path: &str, params: &Params) -> Option<Self> {
        if path == EXPORT_LINK {
            return Some(Self::ExportLink);
        }
        let segments: Vec<&str> = path.strip_prefix(API)?.split('/').collect();
        let decoded = |id: &str| percent_decode_str(id).decode_utf8_lossy().into_owned();
        Some(match *segments {
            ["about"] => Self::About,
            ["files"] => Self::FilesList,
            ["files", id] if params.get("alt") == Some("media") => Self::FilesMedia(decoded(id)),
            ["files", id] if !id.is_empty() => Self::FilesGet(decoded(id)),
            ["files", id, "export"] => Self::FilesExport(decoded(id)),
            ["changes", "startPageToken"] => Self::ChangesStart,
            ["changes"] => Self::ChangesList,
            ["drives"] => Self::DrivesList,
            ["drives", id] if !id.is_empty() => Self::DrivesGet(decoded(id)),
            _ => return None,
        })
    }
}

/// A call as it came.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Result<Method, Refusal>,
    pub(super) params: Params,
    pub(super) headers: HeaderMap,
    /// Path and query, as the journal has them.
    pub(super) shown: String,
}

impl Call {
    /// Reads a request. A `POST` that says it means a `GET` is one, with its
    /// parameters in the body: so clients avoid URLs that are too long.
    pub(super) fn read(parts: Parts, body: &Bytes, longest: usize) -> Self {
        let path = parts.uri.path().to_owned();
        let query = parts.uri.query().unwrap_or_default();
        let mut params = Params::parse(query.as_bytes());
        let too_long = parts.uri.path_and_query().is_some_and(|u| u.as_str().len() > longest);
        let said = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let overridden = parts.method == Verb::POST
            && said("x-http-method-override").is_some_and(|verb| verb.eq_ignore_ascii_case("GET"));
        let form = said(header::CONTENT_TYPE.as_str())
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if overridden && form {
            params.extend(Params::parse(body));
        }
        let method = if too_long {
            Err(Refusal::html(StatusCode::PAYLOAD_TOO_LARGE, TOO_LONG))
        } else if parts.method == Verb::GET || overridden {
            Method::of(&path, &params).ok_or(Refusal::html(StatusCode::NOT_FOUND, NOT_FOUND))
        } else {
            // Nothing can be changed from here; the vendor knows more verbs.
            Err(Refusal::html(StatusCode::NOT_FOUND, NOT_FOUND))
        };
        let shown = match params.shown() {
            query if query.is_empty() => path,
            query => format!("{path}?{query}"),
        };
        Self { method, params, headers: parts.headers, shown }
    }

    /// Whether the reply is to be packed: only for callers who also say `gzip` in
    /// their `User-Agent` (guide "Improve performance").
    pub(super) fn takes_gzip(&self) -> bool {
        let says = |name: header::HeaderName| {
            let value = self.headers.get(name).and_then(|value| value.to_str().ok());
            value.is_some_and(|value| value.to_ascii_lowercase().contains("gzip"))
        };
        says(header::ACCEPT_ENCODING) && says(header::USER_AGENT)
    }
}
