//! Hubs and projects: where an endpoint's project is, and what may be seen at all.

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::api::Api;
use super::document::{Document, Resource};
use super::limiter::CallClass;
use super::pages::PageUrl;
use crate::model::{AutodeskScope, Failure, FailureClass, Project, Retry, Shown};

const HUBS: &str = "listing the hubs at";
const PROJECTS: &str = "listing the projects of";
const FINDING: &str = "looking for the project";

/// The vendor's word for "this application may not do that here".
const DENIED: &str = "BIM360DM_ERROR";

/// Where a project is. Found once and remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Home {
    pub(super) hub: String,
    pub(super) project: String,
    #[serde(default)]
    pub(super) region: Option<String>,
    #[serde(default)]
    pub(super) root_folder: Option<String>,
}

impl Home {
    fn new(hub: &str, region: Option<&str>, project: &Resource) -> Self {
        let root = project.text("/relationships/rootFolder/data/id");
        Self {
            hub: hub.to_owned(),
            project: project.id.clone(),
            region: region.map(ToOwned::to_owned),
            root_folder: root.map(ToOwned::to_owned),
        }
    }

    /// Whether it is about this scope's project: the configuration may have changed.
    pub(super) fn fits(&self, scope: &AutodeskScope) -> bool {
        self.project == scope.project_id && scope.hub_id.as_ref().is_none_or(|h| *h == self.hub)
    }
}

impl Api {
    /// Finds the hub of the project in `scope`.
    pub(super) async fn home(
        &self,
        scope: &AutodeskScope,
        cancel: &CancellationToken,
    ) -> Result<Home, Failure> {
        if let Some(hub) = &scope.hub_id {
            let project = self.project(hub, &scope.project_id, cancel).await;
            let project = project.map_err(|failure| match failure.class {
                FailureClass::NotFound | FailureClass::Refused => failure
                    .advice(format!("check hub_id and project_id; {}", self.custom_integration())),
                _ => failure,
            })?;
            return Ok(Home::new(hub, None, &project));
        }
        let mut refused = None;
        let hubs = self.hubs(cancel).await?;
        for hub in &hubs {
            match self.project(&hub.id, &scope.project_id, cancel).await {
                Ok(project) => {
                    let region = hub.text("/attributes/region");
                    return Ok(Home::new(&hub.id, region, &project));
                }
                Err(failure) if is_elsewhere(&failure) => refused = Some(failure),
                Err(failure) => return Err(failure),
            }
        }
        let said = refused.and_then(|f| f.said).map(|said| format!("; the last said {said}"));
        Err(Failure::new(FailureClass::NotFound, FINDING, &scope.project_id)
            .said(format!(
                "none of the {} hubs that this account sees shows it{}",
                hubs.len(),
                said.unwrap_or_default()
            ))
            .advice(
                "see `transship test --list-projects`; the account must be a member of the project",
            )
            .retry(Retry::Never))
    }

    /// The hubs that the account sees: at least one.
    async fn hubs(&self, cancel: &CancellationToken) -> Result<Vec<Resource>, Failure> {
        let url = self.account.url(&["project", "v1", "hubs"]);
        let list = self.list(CallClass::Projects, HUBS, PageUrl::only(url), cancel).await;
        let list = list.map_err(|failure| match failure.class {
            FailureClass::Refused => failure.advice(self.custom_integration()),
            _ => failure,
        })?;
        // Warnings beside hubs are about other regions and mean nothing.
        if list.data.is_empty() { Err(self.no_hub(&list)) } else { Ok(list.data) }
    }

    async fn project(
        &self,
        hub: &str,
        project: &str,
        cancel: &CancellationToken,
    ) -> Result<Resource, Failure> {
        let url = self.account.url(&["project", "v1", "hubs", hub, "projects", project]);
        self.resource(CallClass::Projects, FINDING, &url, cancel).await
    }

    /// Everything that `test --list-projects` shows.
    pub(super) async fn projects(
        &self,
        cancel: &CancellationToken,
    ) -> Result<Vec<Project>, Failure> {
        let (mut projects, mut refused) = (Vec::new(), None);
        for hub in self.hubs(cancel).await? {
            let url = self.account.url(&["project", "v1", "hubs", &hub.id, "projects"]);
            let page = PageUrl::first(url);
            let list = match self.list(CallClass::Projects, PROJECTS, page, cancel).await {
                Ok(list) => list,
                // One hub that keeps its projects to itself does not hide the others'.
                Err(failure) if is_elsewhere(&failure) => {
                    refused = Some(failure);
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            let name = hub.text("/attributes/name").unwrap_or(&hub.id);
            let belongs_to = match hub.text("/attributes/region") {
                Some(region) => format!("{name} ({region})"),
                None => name.to_owned(),
            };
            projects.extend(list.data.into_iter().map(|project| Project {
                name: project.text("/attributes/name").unwrap_or(&project.id).to_owned(),
                id: project.id,
                belongs_to: Some(belongs_to.clone()),
            }));
        }
        match refused {
            Some(failure) if projects.is_empty() => Err(failure),
            _ => Ok(projects),
        }
    }

    /// The account is signed in and sees no hub: nearly always because nobody has let
    /// the application in, which the service answers with 200 and a warning a region.
    fn no_hub(&self, list: &Document) -> Failure {
        let failure =
            Failure::new(FailureClass::Refused, HUBS, format!("clients.{}", self.account.name()))
                .retry(Retry::Never);
        match list.warnings.iter().find(|warning| warning.code == DENIED) {
            Some(warning) => failure
                .said(format!(
                    "not provisioned as a Custom Integration: {DENIED}: {}",
                    Shown::limited(self.account.secrets().redact(&warning.words), 200)
                ))
                .advice(self.custom_integration()),
            None => failure.said("the account is a member of no hub").advice(format!(
                "let somebody invite this user to a project; {}",
                self.custom_integration()
            )),
        }
    }

    /// What an account admin has to do before an application sees anything.
    pub(super) fn custom_integration(&self) -> String {
        format!(
            "an account admin of Autodesk Construction Cloud must add the client id {} under \
             Account Admin → Settings → Custom Integrations; signing in alone is not enough",
            self.account.settings().client_id
        )
    }
}

/// Whether a hub says that a project is not its own: the vendor uses 400 for ids of
/// another kind of hub, 403 and 404.
fn is_elsewhere(failure: &Failure) -> bool {
    let bad_request = || failure.said.as_ref().is_some_and(|said| said.as_str().starts_with("400"));
    matches!(failure.class, FailureClass::NotFound | FailureClass::Refused)
        || failure.class == FailureClass::Protocol && bad_request()
}
