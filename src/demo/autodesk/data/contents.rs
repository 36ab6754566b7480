//! The contents of a folder, page by page.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use serde_json::Value;

use super::list::{links, slice};
use super::query::Query;
use super::show::document;
use super::{Api, DataError, Site, error, reply};
use crate::demo::autodesk::tree::{Node, Tree};
use crate::demo::fault::Fault;

pub(super) async fn contents(
    State(api): State<Arc<Api>>,
    Path((project, id)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    reply(&api, listing(&api, &project, &id, &uri))
}

fn listing(api: &Api, project: &str, id: &str, uri: &Uri) -> Result<Value, DataError> {
    let query = Query::of(uri);
    let page = query.page()?;
    let wanted = Wanted::of(&query)?;
    if api.strikes(Fault::ApsContents403) {
        return Err(error::no_permission());
    }
    if api.strikes(Fault::ApsContents404) {
        return Err(error::not_found("folder"));
    }
    let mut site = Site::enter(api)?;
    let folder = site.folder(project, id)?;
    if api.strikes(Fault::ApsHostileNames) {
        site.tree.plant_hostile_names(folder);
    }
    let tree = &site.tree;
    let children = tree.folders[folder].children.iter().copied();
    let mut listed: Vec<Node> = children.filter(|node| wanted.takes(tree, *node)).collect();
    if api.strikes(Fault::ApsFolderLoop) {
        // The folder lies in itself, and what it lies in as well; never the root,
        // which nobody came from.
        let above = tree.way_up(folder).take(2);
        let above = above.filter(|at| tree.folders[*at].parent.is_some());
        listed.extend(above.map(Node::Folder));
    }
    let part = slice(api, page, listed.len());
    let show = site.show();
    let (mut data, mut tips) = (Vec::new(), Vec::new());
    for node in &listed[part.elements] {
        match *node {
            Node::Folder(at) => data.push(show.folder(at, false)),
            Node::File(file) => {
                let file = &tree.files[file];
                data.push(show.item(file));
                tips.push(show.version(file, file.tip()));
            }
        }
    }
    let mut list = document(links(api, uri, page, part.more), data.into());
    // An empty folder has no `included` either.
    if !tips.is_empty() && !api.strikes(Fault::ApsNoIncluded) {
        list["included"] = tips.into();
    }
    Ok(list)
}

/// Which children are asked for.
struct Wanted<'a> {
    types: Vec<&'a str>,
    ids: Vec<&'a str>,
    extensions: Vec<&'a str>,
    rollups: Vec<&'a str>,
    hidden: bool,
}

impl<'a> Wanted<'a> {
    fn of(query: &'a Query) -> Result<Self, DataError> {
        let types = query.filter("type");
        if types.iter().any(|kind| *kind != "folders" && *kind != "items") {
            return Err(error::bad_input("filter[type] must be folders or items."));
        }
        Ok(Self {
            types,
            ids: query.filter("id"),
            extensions: query.filter("extension.type"),
            rollups: query.filter("lastModifiedTimeRollup"),
            hidden: query.flag("includeHidden")?,
        })
    }

    fn takes(&self, tree: &Tree, node: Node) -> bool {
        let (kind, extension, id) = match node {
            Node::Folder(at) => ("folders", "folders:autodesk.bim360:Folder", &tree.folders[at].id),
            Node::File(at) => ("items", "items:autodesk.bim360:File", &tree.files[at].id),
        };
        let one_of = |list: &[&str], value: &str| list.is_empty() || list.contains(&value);
        // A bare value means "equals": files have no rollup, and are not filtered.
        let rolled = match node {
            Node::Folder(at) => one_of(&self.rollups, &tree.rollup(at)),
            Node::File(_) => true,
        };
        let visible = tree.listed(node) && (self.hidden || !tree.hidden(node));
        visible
            && rolled
            && one_of(&self.types, kind)
            && one_of(&self.extensions, extension)
            && one_of(&self.ids, id)
    }
}
