//! Items and their versions.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use serde_json::{Value, json};

use super::folders::one;
use super::list::{links, slice};
use super::query::Query;
use super::show::document;
use super::{Api, DataError, Site, error, reply};

pub(super) async fn item(
    State(api): State<Arc<Api>>,
    Path((project, id)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    let item = || -> Result<Value, DataError> {
        let with_path = Query::of(&uri).flag("includePathInProject")?;
        let site = Site::enter(&api)?;
        let file = &site.tree.files[site.file(&project, &id)?];
        let show = site.show();
        let own = show.item_path(file);
        let mut shown = show.item(file);
        if with_path {
            let mut above: Vec<&str> = site
                .tree
                .way_up(file.folder)
                .map(|at| site.tree.folders[at].name.as_str())
                .collect();
            above.pop();
            above.reverse();
            shown["attributes"]["pathInProject"] = format!("/{}", above.join("/")).into();
        }
        let mut list = document(json!({ "self": show.href(&own) }), shown);
        list["included"] = json!([show.version(file, file.tip())]);
        Ok(list)
    };
    reply(&api, item())
}

pub(super) async fn parent(
    State(api): State<Arc<Api>>,
    Path((project, id)): Path<(String, String)>,
) -> Response {
    let parent = || -> Result<Value, DataError> {
        let site = Site::enter(&api)?;
        let file = site.file(&project, &id)?;
        Ok(one(&site, site.tree.files[file].folder))
    };
    reply(&api, parent())
}

pub(super) async fn tip(
    State(api): State<Arc<Api>>,
    Path((project, id)): Path<(String, String)>,
) -> Response {
    let tip = || -> Result<Value, DataError> {
        let site = Site::enter(&api)?;
        let file = &site.tree.files[site.file(&project, &id)?];
        let show = site.show();
        let own = format!("{}/tip", show.item_path(file));
        // The contract's schema wants a bare link here, its example one to itself.
        let own = show.href(&own);
        let links = json!({ "self": own, "href": own["href"] });
        Ok(document(links, show.version(file, file.tip())))
    };
    reply(&api, tip())
}

pub(super) async fn versions(
    State(api): State<Arc<Api>>,
    Path((project, id)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    let versions = || -> Result<Value, DataError> {
        let query = Query::of(&uri);
        let page = query.page()?;
        let numbers = query.filter("versionNumber");
        let site = Site::enter(&api)?;
        let file = &site.tree.files[site.file(&project, &id)?];
        // The newest first.
        let all: Vec<_> = file
            .versions
            .iter()
            .rev()
            .filter(|v| numbers.is_empty() || numbers.contains(&v.number.to_string().as_str()))
            .collect();
        let part = slice(&api, page, all.len());
        let show = site.show();
        let shown = all[part.elements].iter().map(|version| show.version(file, version));
        Ok(document(links(&api, &uri, page, part.more), shown.collect()))
    };
    reply(&api, versions())
}

pub(super) async fn version(
    State(api): State<Arc<Api>>,
    Path((project, id)): Path<(String, String)>,
) -> Response {
    let version = || -> Result<Value, DataError> {
        let site = Site::enter(&api)?;
        let (file, version) = site.tree.version(&id).ok_or_else(|| error::not_found("version"))?;
        site.file(&project, &file.id)?;
        let shown = site.show().version(file, version);
        Ok(document(json!({ "self": shown["links"]["self"] }), shown))
    };
    reply(&api, version())
}

pub(super) async fn version_item(
    State(api): State<Arc<Api>>,
    Path((project, id)): Path<(String, String)>,
) -> Response {
    let item = || -> Result<Value, DataError> {
        let site = Site::enter(&api)?;
        let (file, _) = site.tree.version(&id).ok_or_else(|| error::not_found("version"))?;
        site.file(&project, &file.id)?;
        let show = site.show();
        let own = show.item_path(file);
        let mut list = document(json!({ "self": show.href(&own) }), show.item(file));
        list["included"] = json!([show.version(file, file.tip())]);
        Ok(list)
    };
    reply(&api, item())
}
