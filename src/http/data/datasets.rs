//! `/datasets`: the datasets themselves.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::catalog::EXPORTED;
use super::query::{self, Query};
use super::reply::{Asker, Reply};
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::model::{Dataset, Sha256, steerless};
use crate::silver::lists::Stand;
use crate::silver::pages::{Filter, Listing, NameCursor, NoCursor};

#[derive(Serialize)]
struct Page<'c> {
    rows: Vec<Row<'c>>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Row<'c> {
    name: &'c str,
    columns: Vec<Column<'c>>,
    key: &'c [String],
    filters: Vec<&'c str>,
    row_count: u64,
    bad_count: u64,
    /// Those whose rows are in.
    file_count: u64,
    last_ingested_at: Option<String>,
    links: Links,
}

#[derive(Serialize)]
struct Column<'c> {
    name: &'c str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<u32>,
    nullable: bool,
}

#[derive(Serialize)]
struct Links {
    rows: String,
    export: String,
}

/// Answers with a page of them, in the order of their names.
pub(in crate::http) async fn answer(app: Arc<App>, request: Parts) -> Response {
    match page(&app, &request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn page(app: &App, request: &Parts) -> Result<Response, Problem> {
    let mut query = Query::parse(request.uri.query())?;
    let limit = query.limit()?;
    let after = query.take("cursor").map(|text| NameCursor::open(&text)).transpose();
    let after = after.map_err(|NoCursor| query::no_cursor())?;
    query.nothing_else(&["limit", "cursor"])?;
    let catalog = app.data.catalog();
    let is_after = |dataset: &&Dataset| after.as_ref().is_none_or(|after| dataset.name > *after);
    let mut rest = catalog.datasets.iter().filter(is_after);
    let shown: Vec<&Dataset> = rest.by_ref().take(limit as usize).collect();
    let next_cursor = match (rest.next(), shown.last()) {
        (Some(_), Some(last)) => Some(NameCursor::seal(&last.name)),
        _ => None,
    };
    let names: Vec<String> = shown.iter().map(|dataset| dataset.name.clone()).collect();
    let stands = app.data.read(move |session| {
        names.iter().map(|name| session.stand(name)).collect::<rusqlite::Result<Vec<_>>>()
    });
    let stands = stands.await?.unwrap_or_default();
    let rows = shown.into_iter().enumerate().map(|(n, dataset)| {
        let path = format!("/datasets/{}", dataset.name);
        let listing = catalog.at(&path).map(|served| &served.listing);
        row(dataset, path, listing, stands.get(n).cloned().unwrap_or_default())
    });
    let page = Page { rows: rows.collect(), next_cursor };
    let body = serde_json::to_string(&page).map_err(|error| {
        tracing::error!("http: an answer cannot be written as JSON: {error}");
        Problem::unavailable("the answer cannot be written; the log says why")
    })?;
    let body = steerless(&body) + "\n";
    let mut reply = Reply::json(Sha256::of(body.as_bytes())[..16].to_owned());
    reply.link = page
        .next_cursor
        .map(|next| format!("</datasets?limit={limit}&cursor={next}>; rel=\"next\""));
    Ok(reply.or_same(body, &Asker::new(&request.headers, true)))
}

fn row<'c>(
    dataset: &'c Dataset,
    path: String,
    listing: Option<&'c Listing>,
    stand: Stand,
) -> Row<'c> {
    let fields = listing.map(|listing| listing.fields.as_slice()).unwrap_or_default();
    let filters = listing.map(|listing| listing.filters.as_slice()).unwrap_or_default();
    let column = |field: &'c crate::silver::pages::Field| Column {
        name: &field.name,
        kind: field.kind.as_str(),
        scale: field.kind.scale(),
        nullable: field.nullable,
    };
    Row {
        name: &dataset.name,
        columns: fields.iter().map(column).collect(),
        key: &dataset.key,
        filters: filters.iter().map(|filter: &Filter| filter.name.as_str()).collect(),
        row_count: stand.rows,
        bad_count: stand.bad,
        file_count: stand.files,
        last_ingested_at: stand.last_ingested_at,
        links: Links { export: format!("{path}{EXPORTED}"), rows: path },
    }
}
