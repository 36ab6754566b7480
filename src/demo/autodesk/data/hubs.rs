//! `/project/v1`: hubs and projects.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use serde_json::{Value, json};

use super::list::{links, slice};
use super::query::Query;
use super::show::document;
use super::{Api, DataError, Site, encoded, error, reply};

/// The regions that the service looks in.
const REGIONS: &[&str] = &["US", "EMEA", "AUS", "CAN", "DEU", "IND", "JPN", "GBR"];

pub(super) async fn hubs(State(api): State<Arc<Api>>, uri: Uri) -> Response {
    let query = Query::of(&uri);
    let (ids, names) = (query.filter("id"), query.filter("name"));
    let wanted = |list: &[&str], value: &str| list.is_empty() || list.contains(&value);
    let site = Site::look(&api);
    let show = site.show();
    let mut seen = Vec::new();
    let mut data = Vec::new();
    // Without a Custom Integration: success, nothing, and a warning for each region.
    for hub in site.tree.hubs.iter().filter(|_| site.tree.provisioned) {
        seen.push(hub.region);
        if wanted(&ids, &hub.id) && wanted(&names, &hub.name) {
            data.push(show.hub(hub));
        }
    }
    let mut list = document(json!({ "self": show.href("/project/v1/hubs") }), data.into());
    let unseen = REGIONS.iter().filter(|region| !seen.contains(region));
    list["meta"] = json!({ "warnings": unseen.map(|region| warning(region)).collect::<Value>() });
    drop(site);
    reply(&api, Ok(list))
}

fn warning(region: &str) -> Value {
    json!({
        "Id": null,
        "HttpStatusCode": "403",
        "ErrorCode": "BIM360DM_ERROR",
        "Title": format!("Unable to get hubs from BIM360DM {region}."),
        "Detail": "You don't have permission to access this API",
        "AboutLink": null,
        "Source": null,
        "meta": null,
    })
}

pub(super) async fn hub(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Response {
    let hub = || -> Result<Value, DataError> {
        let site = Site::enter(&api)?;
        let hub = &site.tree.hubs[site.hub(&id)?];
        let show = site.show();
        let own = format!("/project/v1/hubs/{}", hub.id);
        Ok(document(json!({ "self": show.href(&own) }), show.hub(hub)))
    };
    reply(&api, hub())
}

pub(super) async fn projects(
    State(api): State<Arc<Api>>,
    Path(hub): Path<String>,
    uri: Uri,
) -> Response {
    let projects = || -> Result<Value, DataError> {
        let query = Query::of(&uri);
        let page = query.page()?;
        let ids = query.filter("id");
        let site = Site::enter(&api)?;
        let hub = site.hub(&hub)?;
        let all: Vec<usize> = (0..site.tree.projects.len())
            .filter(|at| {
                let project = &site.tree.projects[*at];
                let wanted = ids.is_empty() || ids.contains(&project.id.as_str());
                project.hub == hub && project.active && wanted
            })
            .collect();
        let part = slice(&api, page, all.len());
        let show = site.show();
        let shown = all[part.elements].iter().map(|at| show.project(*at, &site.tree.projects[*at]));
        Ok(document(links(&api, &uri, page, part.more), shown.collect()))
    };
    reply(&api, projects())
}

pub(super) async fn project(
    State(api): State<Arc<Api>>,
    Path((hub, id)): Path<(String, String)>,
) -> Response {
    let project = || -> Result<Value, DataError> {
        let site = Site::enter(&api)?;
        let at = site.project_in(&hub, &id)?;
        let show = site.show();
        let own = format!("/project/v1/hubs/{}/projects/{}", encoded(&hub), encoded(&id));
        let shown = show.project(at, &site.tree.projects[at]);
        Ok(document(json!({ "self": show.href(&own) }), shown))
    };
    reply(&api, project())
}

pub(super) async fn project_hub(
    State(api): State<Arc<Api>>,
    Path((hub, id)): Path<(String, String)>,
) -> Response {
    let shown = || -> Result<Value, DataError> {
        let site = Site::enter(&api)?;
        let at = site.project_in(&hub, &id)?;
        let hub = site.tree.hubs.get(site.tree.projects[at].hub);
        let hub = hub.ok_or_else(|| error::not_found("hub"))?;
        let show = site.show();
        let own = format!("/project/v1/hubs/{}", hub.id);
        Ok(document(json!({ "self": show.href(&own) }), show.hub(hub)))
    };
    reply(&api, shown())
}
