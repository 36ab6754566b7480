//! `/openapi.json`: the routes and the configured datasets, described for programs.
//!
//! <https://spec.openapis.org/oas/v3.1.0>

use std::sync::Arc;

use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::catalog::{EXPORTED, ROWS, Served};
use super::reply::{Asker, Reply};
use super::schemas;
use crate::http::app::{App, VERSION};
use crate::http::routes::{Body, Route, TABLE};
use crate::model::steerless;

/// Answers with the description.
pub(in crate::http) async fn answer(app: Arc<App>, request: Parts) -> Response {
    // It can be large, and programs ask for it at each start.
    let body = steerless(&document(&app).to_string()) + "\n";
    Reply::whole(body, &Asker::new(&request.headers, true))
}

fn document(app: &App) -> Value {
    let locked = app.login.is_some();
    let mut paths = Map::new();
    for route in TABLE {
        match route.body {
            Body::Page => {
                let served = app.data.catalog().all().filter(|(_, s)| s.route == route.path);
                for (path, served) in served {
                    paths.insert(path.to_owned(), json!({ "get": listed(route, served, locked) }));
                }
            }
            Body::Export => {
                let served = app.data.catalog().all().filter(|(_, s)| s.route == ROWS);
                for (path, served) in served {
                    let operation = exported(route, served, locked);
                    paths.insert(format!("{path}{EXPORTED}"), json!({ "get": operation }));
                }
            }
            _ => {
                paths.insert(route.path.to_owned(), json!({ "get": plain(route, locked) }));
            }
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "transship",
            "version": VERSION,
            "description": "How the program is, and what the partners' files became.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": components(),
    })
}

fn components() -> Value {
    let refused = |words: &str, more: &[(&str, &str)]| {
        let mut headers = counted();
        for (name, words) in more {
            headers.insert((*name).into(), header(words, "string"));
        }
        json!({
            "description": words,
            "headers": headers,
            "content": {
                "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } },
            },
        })
    };
    json!({
        "schemas": { "Problem": schemas::problem() },
        "securitySchemes": { "basic": { "type": "http", "scheme": "basic" } },
        "responses": {
            "NotModified": {
                "description": "It is still what bears the mark in If-None-Match.",
                "headers": marked(),
            },
            "400": refused("A parameter is unknown, given twice or wrong.", &[]),
            "401": refused(
                "The user name and password of the configuration are required.",
                &[("WWW-Authenticate", "Basic, realm Login Required")],
            ),
            "404": refused("There is no such thing here.", &[]),
            "405": refused("Everything here is only read.", &[("Allow", "GET,HEAD")]),
            "413": refused("Nothing here takes a body.", &[]),
            "421": refused("The Host header names another machine.", &[]),
            "429": refused(
                "This address has asked too often.",
                &[("Retry-After", "seconds to wait")],
            ),
            "503": refused(
                "It cannot be read now.",
                &[("Retry-After", "seconds to wait, where that is known")],
            ),
        },
    })
}

fn header(words: &str, kind: &str) -> Value {
    json!({ "description": words, "schema": { "type": kind } })
}

/// Headers of everything that is counted.
fn counted() -> Map<String, Value> {
    let all = [
        ("RateLimit-Limit", "requests a minute and address"),
        ("RateLimit-Remaining", "how many are left"),
        ("RateLimit-Reset", "seconds until they begin anew"),
    ];
    all.map(|(name, words)| (name.to_owned(), header(words, "integer"))).into_iter().collect()
}

/// Headers of everything that bears a mark.
fn marked() -> Map<String, Value> {
    let mut headers = counted();
    let more = [
        ("ETag", "the mark of this state, for If-None-Match"),
        ("Vary", "what it depends on"),
        ("Cache-Control", "it may be kept, and is asked for again each time"),
    ];
    headers.extend(more.map(|(name, words)| (name.to_owned(), header(words, "string"))));
    headers
}

/// An operation with its answer of 200, and everything that may go wrong.
fn operation(route: &Route, id: &str, words: &str, ok: Value, locked: bool) -> Value {
    let mut responses = Map::new();
    responses.insert("200".into(), ok);
    let mut codes = vec!["400", "405", "413", "421"];
    if !route.open {
        codes.extend(["401", "429"]);
    }
    for code in codes {
        let response = json!({ "$ref": format!("#/components/responses/{code}") });
        responses.insert(code.into(), response);
    }
    let security = if locked && !route.open { json!([{ "basic": [] }]) } else { json!([]) };
    json!({
        "operationId": id, "summary": words, "security": security, "responses": responses,
    })
}

fn plain(route: &Route, locked: bool) -> Value {
    let id = route.path.trim_matches('/').replace(['/', '.'], "_");
    let (kind, schema) = schemas::plain(route.body);
    let ok = json!({ "description": route.description, "content": { kind: { "schema": schema } } });
    let mut operation = operation(route, &id, route.description, ok, locked);
    if route.body == Body::Datasets {
        operation["responses"]["200"]["headers"] = paged().into();
        operation["parameters"] = json!([schemas::limit(), schemas::cursor()]);
        may_fail(&mut operation, &["503"]);
    } else if route.path == "/openapi.json" {
        operation["responses"]["200"]["headers"] = marked().into();
        may_fail(&mut operation, &[]);
    } else if route.open {
        // Not a failure to answer, but the answer: it is not well.
        operation["responses"]["503"] = operation["responses"]["200"].clone();
    }
    operation
}

fn listed(route: &Route, served: &Served, locked: bool) -> Value {
    let schema = schemas::page(served.key, &schemas::row(&served.listing));
    let ok = json!({
        "description": served.words,
        "headers": paged(),
        "content": { "application/json": { "schema": schema } },
    });
    let mut operation = operation(route, &served.operation, &served.words, ok, locked);
    let mut parameters = vec![schemas::limit(), schemas::cursor()];
    parameters.extend(served.listing.filters.iter().map(schemas::filter));
    operation["parameters"] = parameters.into();
    may_fail(&mut operation, &["404", "503"]);
    operation
}

fn exported(route: &Route, served: &Served, locked: bool) -> Value {
    let ok = json!({
        "description": "all rows, of one moment",
        "headers": marked(),
        "content": {
            "application/x-ndjson": { "schema": { "type": "string" } },
            "text/csv": { "schema": { "type": "string" } },
        },
    });
    let id = format!("{}_export", served.operation);
    let mut operation = operation(route, &id, "all rows of the dataset", ok, locked);
    let mut parameters = vec![schemas::format()];
    parameters.extend(served.listing.filters.iter().map(schemas::filter));
    operation["parameters"] = parameters.into();
    may_fail(&mut operation, &["404", "503"]);
    operation
}

/// Adds what can only be refused where datasets are read, and the answer without a body.
fn may_fail(operation: &mut Value, codes: &[&str]) {
    operation["responses"]["304"] = json!({ "$ref": "#/components/responses/NotModified" });
    for code in codes {
        operation["responses"][*code] = json!({ "$ref": format!("#/components/responses/{code}") });
    }
}

fn paged() -> Map<String, Value> {
    let mut headers = marked();
    headers.insert("Link".into(), header("the next page, rel=\"next\"", "string"));
    headers
}
