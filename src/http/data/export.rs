//! A whole dataset, piece by piece: memory is bounded whatever its size, and all of it
//! is of one moment.

use std::io::{self, Write as _};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use flate2::write::GzEncoder;
use tokio::sync::{mpsc, oneshot};

use super::catalog::{EXPORTED, Served};
use super::query::Query;
use super::reply::{Asker, Reply};
use super::{PATIENCE, gzip, late, unreadable};
use crate::http::app::{App, VERSION};
use crate::http::problem::Problem;
use crate::model::Failure;
use crate::silver::pages::{Form, Sink, Wanted};
use crate::silver::reader::Reader;

/// Pieces that wait to be sent: so much is read ahead of a slow asker.
const AHEAD: usize = 4;

/// Answers with all rows.
pub(in crate::http) async fn answer(app: Arc<App>, request: Parts) -> Response {
    match export(&app, &request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn export(app: &App, request: &Parts) -> Result<Response, Problem> {
    let path = request.uri.path().strip_suffix(EXPORTED).unwrap_or_default();
    let served = app.data.catalog().at(path).ok_or_else(Problem::no_dataset)?.clone();
    let mut query = Query::parse(request.uri.query())?;
    let form = form(query.take("format").as_deref(), &request.headers)?;
    let (wanted, _) = query.filters(&served, &["format"])?;
    let place = app.data.exports.clone().acquire_owned();
    let Ok(Ok(place)) = tokio::time::timeout(PATIENCE, place).await else {
        return Err(Problem::busy("other exports are under way; try again in a few seconds"));
    };
    let asker = Asker::new(&request.headers, true);
    let (gzip, name) = (asker.gzip, path.rsplit('/').next().unwrap_or_default().to_owned());
    let (begun, begins) = oneshot::channel();
    let (sender, pieces) = mpsc::channel(AHEAD);
    let work = Work {
        question: format!("{} {form:?}", request.uri),
        served,
        wanted,
        form,
        asker,
        begun,
        pieces: sender,
    };
    let reader = app.data.reader.clone();
    tokio::task::spawn_blocking(move || {
        work.run(&reader);
        drop(place);
    });
    let begun = begins.await.map_err(|_| late())?.map_err(|failure| unreadable(&failure))?;
    let mut reply = Reply::json(begun.mark);
    reply.vary = "accept, accept-encoding";
    if begun.same {
        return Ok(reply.not_modified());
    }
    reply.gzipped = gzip;
    let extension = match form {
        Form::Ndjson => "ndjson",
        Form::Csv => "csv",
    };
    reply.kind = kind(form);
    let body = futures::stream::unfold(pieces, |mut pieces| async {
        pieces.recv().await.map(|piece| (piece, pieces))
    });
    let mut response = reply.with(Body::from_stream(body));
    let name = format!("attachment; filename=\"{name}.{extension}\"");
    if let Ok(name) = HeaderValue::try_from(name) {
        response.headers_mut().insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// What a form is called.
pub(super) fn kind(form: Form) -> &'static str {
    match form {
        Form::Ndjson => "application/x-ndjson",
        Form::Csv => "text/csv; charset=utf-8",
    }
}

fn form(named: Option<&str>, headers: &HeaderMap) -> Result<Form, Problem> {
    match named {
        Some("ndjson") => Ok(Form::Ndjson),
        Some("csv") => Ok(Form::Csv),
        Some(_) => Err(Problem::bad_request("format expects ndjson or csv")),
        None => {
            let lists = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
            let mut kinds = lists.flat_map(|list| list.split([',', ';']).map(str::trim));
            let named = kinds.find_map(|kind| match kind.to_ascii_lowercase().as_str() {
                "text/csv" => Some(Form::Csv),
                "application/x-ndjson" | "application/ndjson" => Some(Form::Ndjson),
                _ => None,
            });
            Ok(named.unwrap_or(Form::Ndjson))
        }
    }
}

/// How it begins, as soon as the moment is settled whose rows are sent.
struct Begun {
    mark: String,
    /// The asker has it.
    same: bool,
}

/// What the reading thread does.
struct Work {
    question: String,
    served: Arc<Served>,
    wanted: Vec<(usize, Wanted)>,
    form: Form,
    asker: Asker,
    begun: oneshot::Sender<Result<Begun, Failure>>,
    pieces: mpsc::Sender<io::Result<Bytes>>,
}

impl Work {
    fn run(self, reader: &Reader) {
        let Self { question, served, wanted, form, asker, begun, pieces } = self;
        // Whoever went away while nothing was found must not be searched for on and on.
        let gone = pieces.clone();
        let mut begun = Some(begun);
        let begin = &mut begun;
        let mut sink = Pipe { to: pieces.clone(), gzip: asker.gzip.then(gzip::encoder) };
        let listing = &served.listing;
        let read = reader.read(
            "exporting a dataset",
            move || !gone.is_closed(),
            |session| {
                let mark = listing.mark(session, &[VERSION, &question])?;
                let same = asker.has(&mark);
                let is_heard =
                    begin.take().is_some_and(|b| b.send(Ok(Begun { mark, same })).is_ok());
                if same || !is_heard {
                    return Ok(());
                }
                listing.stream(session, &wanted, form, &mut sink)
            },
        );
        match (read, begun) {
            (Ok(Some(())), _) => sink.finish(),
            (Ok(None), Some(begun)) => {
                let _ = begun.send(Ok(Begun { mark: "nothing".to_owned(), same: false }));
                let mut beginning = Vec::new();
                listing.push_beginning(&mut beginning, form);
                sink.take(&mut beginning);
                sink.finish();
            }
            (Err(failure), Some(begun)) => {
                let _ = begun.send(Err(failure));
            }
            // The answer is under way: breaking it off is the only way to say so.
            (Err(failure), None) => {
                if !pieces.is_closed() {
                    tracing::warn!("http: {failure}");
                }
                let _ = pieces.blocking_send(Err(io::Error::other("the export broke off")));
            }
            (Ok(None), None) => {}
        }
    }
}

/// Hands the pieces over, compressed if that is wanted.
struct Pipe {
    to: mpsc::Sender<io::Result<Bytes>>,
    gzip: Option<GzEncoder<Vec<u8>>>,
}

impl Sink for Pipe {
    fn take(&mut self, piece: &mut Vec<u8>) -> bool {
        let ready = match &mut self.gzip {
            // Memory takes everything.
            Some(encoder) => {
                let _ = encoder.write_all(piece);
                std::mem::take(encoder.get_mut())
            }
            None => piece.clone(),
        };
        piece.clear();
        ready.is_empty() || self.to.blocking_send(Ok(ready.into())).is_ok()
    }
}

impl Pipe {
    fn finish(self) {
        if let Some(encoder) = self.gzip
            && let Ok(rest) = encoder.finish()
        {
            let _ = self.to.blocking_send(Ok(rest.into()));
        }
    }
}
