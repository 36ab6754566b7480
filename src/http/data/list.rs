//! One page of whatever is listed under a path.

use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};

use super::gzip;
use super::query;
use super::reply::{Asker, Reply};
use crate::http::app::{App, VERSION};
use crate::http::problem::Problem;
use crate::silver::pages::Page;

/// What was found.
enum Found {
    /// A page, and whether it is compressed.
    Page(Page, bool),
    /// The asker has it.
    Same,
    /// The cursor is none for this.
    NoCursor,
}

/// Answers with a page.
pub(in crate::http) async fn answer(app: Arc<App>, request: Parts) -> Response {
    match page(&app, &request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn page(app: &App, request: &Parts) -> Result<Response, Problem> {
    let path = request.uri.path();
    let question = request.uri.path_and_query().map_or(path, |asked| asked.as_str()).to_owned();
    let served = app.data.catalog().at(path).ok_or_else(Problem::no_dataset)?.clone();
    let ask = query::page(&served, request.uri.query())?;
    let (limit, filters, first) = (ask.limit, ask.asked.clone(), ask.cursor.is_none());
    let (key, asker) = (served.key, Asker::new(&request.headers, first));
    let read = app.data.read_few(limit, move |session| {
        let mark = served.listing.mark(session, &[VERSION, &question])?;
        if asker.has(&mark) {
            return Ok((Found::Same, mark));
        }
        let Ok(mut page) = served.listing.page(session, &ask, served.key)? else {
            return Ok((Found::NoCursor, mark));
        };
        let smaller = if asker.gzip { gzip::of(&page.body) } else { None };
        let gzipped = smaller.is_some();
        page.body = smaller.unwrap_or(page.body);
        Ok((Found::Page(page, gzipped), mark))
    });
    let (found, mark) = match read.await? {
        Some(read) => read,
        None if first => (Found::Page(Page::empty(key), false), "nothing".to_owned()),
        None => (Found::NoCursor, String::new()),
    };
    let mut reply = Reply::json(mark);
    match found {
        Found::Same => Ok(reply.not_modified()),
        Found::NoCursor => Err(query::no_cursor()),
        Found::Page(page, gzipped) => {
            reply.gzipped = gzipped;
            reply.link = page
                .next
                .map(|next| format!("<{path}?{filters}limit={limit}&cursor={next}>; rel=\"next\""));
            Ok(reply.with(Body::from(page.body)))
        }
    }
}
