//! Folders: the highest ones of a project, one, the one above, and a search.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use serde_json::{Value, json};

use super::list::{links, slice};
use super::query::Query;
use super::show::document;
use super::{Api, DataError, Site, error, reply};
use crate::demo::autodesk::tree::{Node, Tree};
use crate::demo::fault::Fault;

/// A search ends with this page, whatever is left.
const LAST_SEARCH_PAGE: usize = 49;

pub(super) async fn top_folders(
    State(api): State<Arc<Api>>,
    Path((hub, id)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    let top = || -> Result<Value, DataError> {
        let query = Query::of(&uri);
        let no_deleted = query.flag("excludeDeleted")?;
        let no_system = query.flag("projectFilesOnly")?;
        let site = Site::enter(&api)?;
        let project = site.project_in(&hub, &id)?;
        let mut folders = site.tree.top_folders(project);
        if api.strikes(Fault::ApsTopFoldersNested) {
            let nested = folders.iter().find_map(|at| first_folder_in(&site.tree, *at));
            folders.extend(nested);
        }
        folders.retain(|at| {
            let folder = &site.tree.folders[*at];
            !(no_deleted && folder.hidden || no_system && folder.system)
        });
        let show = site.show();
        let shown = folders.iter().map(|at| show.folder(*at, true)).collect();
        let own = format!("{}{}", super::list::base(&api), uri.path());
        Ok(document(json!({ "self": { "href": own } }), shown))
    };
    reply(&api, top())
}

fn first_folder_in(tree: &Tree, folder: usize) -> Option<usize> {
    tree.folders[folder].children.iter().find_map(|node| match *node {
        Node::Folder(child) => Some(child),
        Node::File(_) => None,
    })
}

pub(super) async fn folder(
    State(api): State<Arc<Api>>,
    Path((project, id)): Path<(String, String)>,
) -> Response {
    let folder = || -> Result<Value, DataError> {
        let site = Site::enter(&api)?;
        let at = site.folder(&project, &id)?;
        Ok(one(&site, at))
    };
    reply(&api, folder())
}

pub(super) async fn parent(
    State(api): State<Arc<Api>>,
    Path((project, id)): Path<(String, String)>,
) -> Response {
    let parent = || -> Result<Value, DataError> {
        let site = Site::enter(&api)?;
        let at = site.folder(&project, &id)?;
        let parent = site.tree.folders[at].parent.ok_or_else(|| error::not_found("folder"))?;
        if site.tree.allowed(parent) { Ok(one(&site, parent)) } else { Err(error::no_permission()) }
    };
    reply(&api, parent())
}

/// A document of one folder.
pub(super) fn one(site: &Site<'_>, at: usize) -> Value {
    let show = site.show();
    let own = show.folder_path(&site.tree.folders[at]);
    document(json!({ "self": show.href(&own) }), show.folder(at, true))
}

/// Tip versions below a folder; `filter[fileType]` and `filter[name]` alone.
pub(super) async fn search(
    State(api): State<Arc<Api>>,
    Path((project, id)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    let found = || -> Result<Value, DataError> {
        let query = Query::of(&uri);
        let mut page = query.page()?;
        page.limit = 200;
        if page.number > LAST_SEARCH_PAGE {
            return Err(error::bad_input("page[number] must be between 0 and 49."));
        }
        let (types, names) = (query.filter("fileType"), query.filter("name"));
        let site = Site::enter(&api)?;
        let at = site.folder(&project, &id)?;
        let mut files = Vec::new();
        below(&site.tree, at, &mut files);
        files.retain(|file| {
            let tip = site.tree.files[*file].tip();
            let kind = crate::demo::autodesk::tree::type_of(&tip.name).unwrap_or_default();
            let typed = types.is_empty() || types.contains(&kind.as_str());
            typed && (names.is_empty() || names.contains(&tip.name.as_str()))
        });
        let part = slice(&api, page, files.len());
        let more = part.more && page.number < LAST_SEARCH_PAGE;
        let show = site.show();
        let files = files[part.elements].iter().map(|file| &site.tree.files[*file]);
        let (mut tips, mut items) = (Vec::new(), Vec::new());
        for file in files {
            tips.push(show.version(file, file.tip()));
            items.push(show.item(file));
        }
        let mut list = document(links(&api, &uri, page, more), tips.into());
        list["included"] = items.into();
        Ok(list)
    };
    reply(&api, found())
}

/// Every file at and below a folder that the caller may see.
fn below(tree: &Tree, folder: usize, files: &mut Vec<usize>) {
    for node in tree.folders[folder].children.iter().filter(|node| !tree.hidden(**node)) {
        match *node {
            Node::Folder(child) if tree.allowed(child) => below(tree, child, files),
            Node::Folder(_) => {}
            Node::File(file) => files.push(file),
        }
    }
}
