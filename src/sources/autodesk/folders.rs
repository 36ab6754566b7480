//! Folders and what is in them, one call each.

use std::collections::HashMap;

use tokio_util::sync::CancellationToken;

use super::api::Api;
use super::document::Resource;
use super::file::{is_hidden, remote_file, tip};
use super::hubs::Home;
use super::limiter::CallClass;
use super::pages::PageUrl;
use crate::model::{AutodeskScope, Failure, FailureClass, RemoteFile};
use crate::transport::http::place;

const TOP: &str = "listing the top folders of";
const FOLDER: &str = "looking at the folder";
const LISTING: &str = "listing the folder";
const ITEM: &str = "looking at the item";

/// A folder as the service shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) id: String,
    pub(super) name: String,
    /// The folder it lies in, as far as the service tells.
    pub(super) parent: Option<String>,
    /// The folders above it that the service names, in no order.
    pub(super) above: Vec<String>,
    /// `lastModifiedTimeRollup`: the change detector of everything below it.
    pub(super) stamp: Option<String>,
    /// Deleted: it is shown no more.
    pub(super) hidden: bool,
}

/// What one page of a folder holds.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) folders: Vec<Folder>,
    pub(super) files: Vec<RemoteFile>,
    /// The next page, unless this is the last.
    pub(super) next: Option<PageUrl>,
    /// Entries that could not be read.
    pub(super) odd: usize,
}

impl Folder {
    fn new(resource: &Resource) -> Self {
        let name =
            resource.text("/attributes/name").or_else(|| resource.text("/attributes/displayName"));
        let urn = |above: &serde_json::Value| Some(above.get("urn")?.as_str()?.to_owned());
        let above = resource.list("/attributes/extension/data/folderParents");
        Self {
            id: resource.id.clone(),
            name: name.unwrap_or_default().to_owned(),
            parent: resource.text("/relationships/parent/data/id").map(ToOwned::to_owned),
            above: above.iter().filter_map(urn).collect(),
            stamp: resource.text("/attributes/lastModifiedTimeRollup").map(ToOwned::to_owned),
            hidden: is_hidden(resource),
        }
    }
}

impl Api {
    /// The highest folders of a project that the account may see.
    pub(super) async fn top_folders(
        &self,
        home: &Home,
        project: &str,
        cancel: &CancellationToken,
    ) -> Result<Vec<Folder>, Failure> {
        let segments = ["project", "v1", "hubs", &home.hub, "projects", project, "topFolders"];
        let mut url = self.account.url(&segments);
        url.set_query(Some("excludeDeleted=true"));
        let list = self.list(CallClass::TopFolders, TOP, PageUrl::only(url), cancel).await?;
        let folders = list.data.iter().filter(|r| r.kind == "folders").map(Folder::new);
        Ok(folders.filter(|folder| !folder.hidden).collect())
    }

    /// One folder.
    pub(super) async fn folder(
        &self,
        project: &str,
        id: &str,
        cancel: &CancellationToken,
    ) -> Result<Folder, Failure> {
        let url = self.account.url(&["data", "v1", "projects", project, "folders", id]);
        let folder = self.resource(CallClass::Folder, FOLDER, &url, cancel).await?;
        if folder.id != id {
            return Err(Failure::new(FailureClass::Protocol, FOLDER, place(&url))
                .said("the reply is about another folder"));
        }
        Ok(Folder::new(&folder))
    }

    /// The first page of what is in a folder.
    pub(super) fn first_page(&self, project: &str, folder: &str) -> PageUrl {
        let segments = ["data", "v1", "projects", project, "folders", folder, "contents"];
        PageUrl::first(self.account.url(&segments))
    }

    /// One page of what is in the folder `id`: files with their tip versions, folders.
    pub(super) async fn contents(
        &self,
        scope: &AutodeskScope,
        id: &str,
        page: PageUrl,
        cancel: &CancellationToken,
    ) -> Result<Contents, Failure> {
        let document = self.document(CallClass::Contents, LISTING, page.url(), cancel).await?;
        let next = match &document.next {
            Some(link) => Some(page.next(LISTING, link)?),
            None => None,
        };
        let versions: HashMap<&str, &Resource> =
            document.included.iter().map(|version| (version.id.as_str(), version)).collect();
        let (mut folders, mut files, mut odd) = (Vec::new(), Vec::new(), document.odd);
        for entry in &document.data {
            match entry.kind.as_str() {
                "folders" => folders.push(Folder::new(entry)),
                "items" if is_hidden(entry) => {}
                "items" => match tip(entry).and_then(|tip| versions.get(tip)) {
                    Some(version) => files.extend(remote_file(id, entry, version, &scope.pick)),
                    None => match self.item(scope, id, entry, cancel).await {
                        Ok(file) => files.extend(file),
                        Err(failure) if is_of_its_own(&failure) => odd += 1,
                        Err(failure) => return Err(failure),
                    },
                },
                _ => {}
            }
        }
        Ok(Contents { folders, files, next, odd })
    }

    /// An item whose tip version did not come with it. `None` if it is not picked, or
    /// gone meanwhile.
    async fn item(
        &self,
        scope: &AutodeskScope,
        folder: &str,
        listed: &Resource,
        cancel: &CancellationToken,
    ) -> Result<Option<RemoteFile>, Failure> {
        let segments = ["data", "v1", "projects", &scope.project_id, "items", &listed.id];
        let url = self.account.url(&segments);
        let document = match self.document(CallClass::Item, ITEM, &url, cancel).await {
            Err(failure) if failure.class == FailureClass::NotFound => return Ok(None),
            document => document?,
        };
        let versions = document.included;
        let item = document.data.first().unwrap_or(listed);
        let version = versions.iter().find(|version| tip(item) == Some(version.id.as_str()));
        let version = version.ok_or_else(|| {
            Failure::new(FailureClass::Protocol, ITEM, place(&url))
                .said("its tip version is neither in the folder's page nor beside the item")
        })?;
        Ok(remote_file(folder, listed, version, &scope.pick))
    }
}

/// Whether a failure is about one item, and its folder can be read all the same.
fn is_of_its_own(failure: &Failure) -> bool {
    matches!(failure.class, FailureClass::Protocol | FailureClass::Refused)
}
