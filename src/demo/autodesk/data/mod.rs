//! Data Management (the official OpenAPI, `datamanagement.yaml`), as far as it
//! reads: hubs, projects, folders, items, versions.

mod contents;
mod folders;
mod hubs;
mod items;
mod list;
mod query;
mod show;

use std::sync::{Arc, MutexGuard};

use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;

use super::error::{self, DataError};
use super::tree::{Node, Project, Tree};
use super::{Api, encoded};
use crate::demo::fault::Fault;
pub(super) use show::Show;

/// The routes below `/project/v1` and `/data/v1`.
pub(super) fn router() -> Router<Arc<Api>> {
    const PROJECT: &str = "/project/v1/hubs/{hub}/projects/{project}";
    const FOLDER: &str = "/data/v1/projects/{project}/folders/{folder}";
    const ITEM: &str = "/data/v1/projects/{project}/items/{item}";
    const VERSION: &str = "/data/v1/projects/{project}/versions/{version}";
    let below = |base: &str, rest: &str| format!("{base}/{rest}");
    Router::new()
        .route("/project/v1/hubs", get(hubs::hubs))
        .route("/project/v1/hubs/{hub}", get(hubs::hub))
        .route("/project/v1/hubs/{hub}/projects", get(hubs::projects))
        .route(PROJECT, get(hubs::project))
        .route(&below(PROJECT, "hub"), get(hubs::project_hub))
        .route(&below(PROJECT, "topFolders"), get(folders::top_folders))
        .route(FOLDER, get(folders::folder))
        .route(&below(FOLDER, "parent"), get(folders::parent))
        .route(&below(FOLDER, "contents"), get(contents::contents))
        .route(&below(FOLDER, "search"), get(folders::search))
        .route(ITEM, get(items::item))
        .route(&below(ITEM, "parent"), get(items::parent))
        .route(&below(ITEM, "tip"), get(items::tip))
        .route(&below(ITEM, "versions"), get(items::versions))
        .route(VERSION, get(items::version))
        .route(&below(VERSION, "item"), get(items::version_item))
}

/// A reply, or an error in the form that is armed.
fn reply(api: &Api, outcome: Result<Value, DataError>) -> Response {
    match outcome {
        Ok(document) => ([(header::CACHE_CONTROL, "no-store")], Json(document)).into_response(),
        Err(error) if api.strikes(Fault::ApsPlainErrors) => error.plain(),
        Err(error) => error.into_response(),
    }
}

/// The account as this caller may see it.
struct Site<'a> {
    api: &'a Api,
    tree: MutexGuard<'a, Tree>,
}

impl<'a> Site<'a> {
    /// The account, unless the application is no Custom Integration of it.
    fn enter(api: &'a Api) -> Result<Self, DataError> {
        let site = Self::look(api);
        if site.tree.provisioned { Ok(site) } else { Err(error::not_provisioned()) }
    }

    /// The account, provisioned or not.
    fn look(api: &'a Api) -> Self {
        Self { api, tree: api.world.autodesk_tree() }
    }

    fn hub(&self, id: &str) -> Result<usize, DataError> {
        let at = self.tree.hubs.iter().position(|hub| hub.id == id);
        at.ok_or_else(|| error::not_found("hub"))
    }

    /// A project that is not archived.
    fn project(&self, id: &str) -> Result<(usize, &Project), DataError> {
        let found = self.tree.project(id).ok_or_else(|| error::not_found("project"))?;
        if found.1.active { Ok(found) } else { Err(error::not_active(id)) }
    }

    /// A project of a hub.
    fn project_in(&self, hub: &str, id: &str) -> Result<usize, DataError> {
        let hub = self.hub(hub)?;
        let (at, project) = self.project(id)?;
        if project.hub == hub { Ok(at) } else { Err(error::not_found("project")) }
    }

    /// A folder of a project that the caller may see.
    fn folder(&self, project: &str, id: &str) -> Result<usize, DataError> {
        let (project, _) = self.project(project)?;
        match self.tree.node(id) {
            Some(Node::Folder(folder)) if self.tree.folders[folder].project == project => {
                if self.tree.allowed(folder) { Ok(folder) } else { Err(error::no_permission()) }
            }
            _ => Err(error::not_found("folder")),
        }
    }

    /// A file of a project that the caller may see.
    fn file(&self, project: &str, id: &str) -> Result<usize, DataError> {
        let (project, _) = self.project(project)?;
        let Some(Node::File(file)) = self.tree.node(id) else {
            return Err(error::not_found("item"));
        };
        let folder = self.tree.files[file].folder;
        if self.tree.folders[folder].project != project {
            return Err(error::not_found("item"));
        }
        if self.tree.allowed(folder) { Ok(file) } else { Err(error::no_permission()) }
    }

    /// How things are shown now.
    fn show(&self) -> Show<'_> {
        Show {
            tree: &self.tree,
            base: &self.api.access.base_url,
            without_size: self.api.strikes(Fault::ApsSizeMissing),
            without_storage: self.api.strikes(Fault::ApsStorageMissing),
        }
    }
}
