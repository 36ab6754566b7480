//! A first look for people: a few names, and the drives that there are.

use std::collections::VecDeque;

use super::api::{Api, Ask};
use super::item::{DriveList, FIELDS};
use super::pace::Cost;
use super::pages::{PAGE_SIZE, list};
use super::query::{Listing, Query};
use super::root::{self, OWN};
use super::row::row;
use super::token::Reach;
use crate::model::{DriveScope, Failure, FailureClass, Project};

/// Folders that are looked into for a few names.
const MAX_LOOKS: usize = 10;

/// Pages of drives that are read: a hundred have ten thousand drives.
const MAX_PAGES: usize = 100;

/// A few names in the scope: of the root, and if it holds none, of its folders.
pub(super) async fn peek(
    api: &Api,
    scope: &DriveScope,
    limit: usize,
) -> Result<Vec<String>, Failure> {
    let root = root::find(api, scope).await?;
    let drive = root.drive.as_deref();
    let mut names = Vec::new();
    let mut ahead = VecDeque::from([root.id.clone()]);
    for _ in 0..MAX_LOOKS {
        let Some(folder) = ahead.pop_front().filter(|_| names.len() < limit) else { break };
        let query = Query::children(std::slice::from_ref(&folder), scope.include_trashed);
        let page_size = limit.saturating_mul(4).clamp(1, PAGE_SIZE);
        let listing = Listing { query: &query, drive, page_size, page: None };
        let list = list(api, listing).await.map_err(|refusal| refusal.failure)?;
        let room = limit - names.len();
        let rows = list.files.iter().filter(|item| !item.is_folder());
        names.extend(rows.filter_map(|item| row(item, &folder, scope)).take(room).map(|f| f.name));
        if scope.include_subfolders {
            let folders = list.files.into_iter().filter(|item| item.is_folder());
            ahead.extend(folders.map(|item| item.id).filter(|id| super::query::is_id(id)));
        }
    }
    Ok(names)
}

/// The account's own drive, and the shared drives that it is a member of.
pub(super) async fn projects(api: &Api) -> Result<Vec<Project>, Failure> {
    let identity = api.account().identity().await?;
    let mut projects = Vec::new();
    match root::get(api, "looking at", OWN, FIELDS).await {
        Ok(own) => projects.push(Project {
            id: own.id,
            name: own.name,
            belongs_to: Some(identity.address().to_owned()),
        }),
        // Not everybody has one.
        Err(refusal) if refusal.is_about_object() => {}
        Err(refusal) => return Err(refusal.failure),
    }
    let mut page: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let list = drives(api, page.as_deref()).await?;
        let shared = |drive: super::item::Drive| Project {
            id: drive.id,
            name: drive.name,
            belongs_to: Some("shared drives".to_owned()),
        };
        projects.extend(list.drives.into_iter().map(shared));
        match list.next_page_token.filter(|token| !token.is_empty()) {
            None => return Ok(projects),
            next if next == page => break,
            next => page = next,
        }
    }
    Err(Failure::new(FailureClass::Protocol, "listing", "the shared drives")
        .said("the list does not end"))
}

async fn drives(api: &Api, page: Option<&str>) -> Result<DriveList, Failure> {
    let fields = ("fields", "nextPageToken,drives(id,name)");
    let parameters = [("pageSize", "100"), fields].into_iter();
    let url =
        api.account().url(&["drives"], parameters.chain(page.map(|page| ("pageToken", page))));
    // The scope for metadata does not reach here, says the discovery document.
    let ask = Ask { reach: Reach::Contents, ..Ask::new("listing", url, Cost::List) };
    api.json(&ask).await.map_err(|refusal| refusal.failure)
}
