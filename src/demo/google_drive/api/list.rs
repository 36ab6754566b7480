//! `GET /drive/v3/files`.

use serde_json::{Value, json};

use super::corpus::{Corpora, Corpus};
use super::mask::Mask;
use super::order::Sorting;
use super::refusal::Refusal;
use super::resource::View;
use super::{Api, Call, schema};
use crate::demo::fault::Fault;
use crate::demo::google_drive::query::{Asked, Mistake, Query, parse};
use crate::demo::google_drive::tree::{Place, Tree};

/// What the method takes beside what all take.
pub(super) const PARAMS: &[&str] = &[
    "corpora",
    "corpus",
    "driveId",
    "includeItemsFromAllDrives",
    "includeLabels",
    "includePermissionsForView",
    "includeTeamDriveItems",
    "orderBy",
    "pageSize",
    "pageToken",
    "q",
    "spaces",
    "supportsAllDrives",
    "supportsTeamDrives",
    "teamDriveId",
];

/// The fields of a reply for which nobody named any.
const USUAL: &str = "kind,incompleteSearch,nextPageToken,\
                     files(kind,id,name,mimeType,driveId,teamDriveId,resourceKey)";

/// Files on a page, unless `pageSize` says otherwise.
const PAGE: usize = 100;

/// Terms of a query that are too many under the fault.
const FEW_TERMS: usize = 10;

pub(super) fn list(api: &Api, call: &Call, user: &str) -> Result<Value, Refusal> {
    let params = &call.params;
    let mask = Mask::of(params.get("fields"), &schema::FILES_LIST, USUAL)?;
    let size = api.page_size(params.page_size(1000, PAGE)?);
    let corpus = Corpus::of(params)?;
    let sorting = Sorting::of(params.get("orderBy"))?;
    if params.get("spaces").is_some_and(|spaces| spaces != "drive") {
        return Err(Refusal::invalid("spaces"));
    }
    let query = query(api, params.get("q"))?;
    let bound = format!("files {user} {}", params.binding());
    let (draw, position) = position(api, &bound, params.get("pageToken"))?;

    let drive = api.drive();
    let tree = drive.tree();
    if let Corpora::Drive(id) = &corpus.corpora {
        let member = |drive: &Place| tree.is_member(user, *drive);
        tree.place(id).filter(member).ok_or_else(|| Refusal::no_drive(id))?;
    }
    folders_are_there(api, &tree, user, &corpus, query.as_ref())?;
    let pinned = query.as_ref().and_then(Query::pinned);
    let candidates: Box<dyn Iterator<Item = Place>> = match &pinned {
        Some(parents) => Box::new(children(api, &tree, user, parents, draw).into_iter()),
        None => Box::new(tree.places()),
    };
    let meant = |place: &Place| {
        let (place, tree) = (*place, &*tree);
        !tree.item(place).root
            && corpus.has(tree, place, pinned.is_some())
            && tree.sees(user, place)
            && query.as_ref().is_none_or(|query| query.means(Asked { tree, user, place }))
    };
    let (mut page, mut next) = sorting.page(&tree, candidates, meant, &position, size);
    let incomplete = api.strikes(Fault::DriveIncompleteSearch);
    if incomplete {
        page.truncate(page.len() / 2);
    }
    if api.strikes(Fault::DriveEmptyPage) {
        (page, next) = (Vec::new(), Some(position));
    }

    let view = View { tree: &tree, user, origin: &api.origin, locked: api.locked() };
    let files = mask.of_field("files").unwrap_or(&Mask::All);
    let page: Vec<Value> = page.into_iter().map(|place| view.file(place, files)).collect();
    let mut reply =
        json!({ "kind": "drive#fileList", "incompleteSearch": incomplete, "files": page });
    if let Some(position) = next {
        reply["nextPageToken"] = api.pages.token(&bound, &format!("{draw}/{position}")).into();
    }
    mask.apply(&mut reply);
    Ok(reply)
}

fn query(api: &Api, text: Option<&str>) -> Result<Option<Query>, Refusal> {
    // An empty `q` is none.
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let refused = |mistake| match mistake {
        Mistake::Invalid => Refusal::invalid("q"),
        Mistake::TooComplex => Refusal::too_complex(),
    };
    let query = parse(text, api.options.query_terms).map_err(refused)?;
    // Only a query over the lower limit is an occasion for the fault.
    let limit = api
        .world
        .armed()
        .iter()
        .find(|armed| armed.name == Fault::DriveQueryTooComplex)
        .map(|armed| armed.value.map_or(FEW_TERMS, |value| value as usize));
    if limit.is_some_and(|limit| parse(text, limit) == Err(Mistake::TooComplex))
        && api.strikes(Fault::DriveQueryTooComplex)
    {
        return Err(Refusal::too_complex());
    }
    Ok(Some(query))
}

/// What was drawn for the list, and where the page begins: nothing for the first one.
/// Every page of a list loses the same.
fn position(api: &Api, bound: &str, token: Option<&str>) -> Result<(u64, String), Refusal> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok((api.world.struck(Fault::DriveGroupLoss).into(), String::new()));
    };
    let rejected = || Refusal::invalid("pageToken");
    if api.strikes(Fault::DrivePageTokenRejected) {
        return Err(rejected());
    }
    let opened = api.pages.open(bound, token).ok_or_else(rejected)?;
    let (draw, position) = opened.split_once('/').ok_or_else(rejected)?;
    Ok((draw.parse().map_err(|_| rejected())?, position.to_owned()))
}

/// Refuses a query for folders that the caller does not see, or not with these flags.
fn folders_are_there(
    api: &Api,
    tree: &Tree,
    user: &str,
    corpus: &Corpus,
    query: Option<&Query>,
) -> Result<(), Refusal> {
    let named = query.map(Query::parents).unwrap_or_default();
    if !named.is_empty() && api.strikes(Fault::DriveFolder404) {
        return Err(Refusal::no_file(""));
    }
    let there = |id: &&str| tree.seen(user, id).is_some_and(|place| corpus.knows(tree, place));
    // The vendor does not say which of them it is that is missing.
    if named.iter().all(there) { Ok(()) } else { Err(Refusal::no_file("")) }
}

/// What lies in these folders, by id; of some nothing, when the fault strikes a group.
fn children(api: &Api, tree: &Tree, user: &str, parents: &[&str], draw: u64) -> Vec<Place> {
    let mut parents: Vec<Place> = parents.iter().filter_map(|id| tree.seen(user, id)).collect();
    parents.sort_unstable();
    parents.dedup();
    if parents.len() > 1
        && let Some(strike) = api.world.strike(Fault::DriveGroupLoss)
    {
        let seed = strike.value.unwrap_or(draw);
        parents.retain(|place| !lost(seed, &tree.item(*place).id));
    }
    let mut children: Vec<Place> =
        parents.iter().flat_map(|place| tree.item(*place).children.iter().copied()).collect();
    children.sort_unstable_by(|a, b| tree.item(*a).id.cmp(&tree.item(*b).id));
    children
}

/// Whether a group misses what lies in this folder: about every third, by the seed.
fn lost(seed: u64, id: &str) -> bool {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = id
        .bytes()
        .fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 32) % 3 == 0
}
