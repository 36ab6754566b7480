//! Bodies that stream, crawl or break off.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt as _, stream};

use crate::demo::fault::{Fault, Strike};
use crate::demo::world::World;

/// Bytes in a piece of a body.
const PIECE: usize = 64 * 1024;

/// Pieces a second of a slow body.
const PIECES_PER_SECOND: u64 = 20;

/// Bytes a second of a slow body, unless it was armed with another number.
const SLOW: u64 = 64 * 1024;

/// Sends `content`, or does with it what is armed.
pub(super) fn body(world: &World, content: Bytes) -> Response {
    if let Some(strike) = world.strike(Fault::BodyCut) {
        return cut_body(content, strike);
    }
    match world.strike(Fault::BodySlow) {
        Some(strike) => slow_body(content, strike),
        None => whole_body(content),
    }
}

/// Sends all of `content`.
pub(in crate::demo) fn whole_body(content: Bytes) -> Response {
    announced(content.len(), Body::from_stream(pieces(content, PIECE)))
}

/// Sends all of `content`, so many bytes a second.
pub(in crate::demo) fn slow_body(content: Bytes, strike: Strike) -> Response {
    let piece = (strike.value.unwrap_or(SLOW) / PIECES_PER_SECOND).max(1);
    let length = content.len();
    let pieces = pieces(content, piece as usize).then(|piece| async {
        tokio::time::sleep(Duration::from_millis(1000 / PIECES_PER_SECOND)).await;
        piece
    });
    announced(length, Body::from_stream(pieces))
}

/// Announces all of `content`, sends as much as the strike says (half of it),
/// and cuts the connection.
pub(in crate::demo) fn cut_body(content: Bytes, strike: Strike) -> Response {
    let length = content.len();
    let sent = strike.value.map_or(length / 2, |bytes| bytes as usize).min(length);
    let breaks = stream::once(async {
        // Gives the server the turn in which it sends what it has.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    let pieces = pieces(content.slice(..sent), PIECE).chain(breaks);
    announced(length, Body::from_stream(pieces))
}

fn pieces(content: Bytes, size: usize) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(content, move |mut rest| async move {
        (!rest.is_empty()).then(|| {
            let piece = rest.split_to(size.min(rest.len()));
            (Ok(piece), rest)
        })
    })
}

fn announced(length: usize, body: Body) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}
