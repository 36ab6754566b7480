//! A few names, without a wait and without books.

use std::collections::VecDeque;

use super::SftpSource;
use super::entry::Entry;
use super::listing::Listing;
use super::place::lossy;
use super::rules::Rules;
use super::walk::LISTING;
use crate::model::Failure;

/// Folders that are looked into at the most: the first ones may hold no file.
const FOLDERS: usize = 20;

/// The names of a few files in the endpoint's scope; at most `limit`.
pub(super) async fn peek(source: &SftpSource, limit: usize) -> Result<Vec<String>, Failure> {
    let session = source.account.session().await?;
    let root = source.root(&session).await?;
    let rules = Rules::new(&source.scope);
    let calls = || source.called();
    let (mut names, mut folders) = (Vec::new(), VecDeque::from([root.clone()]));
    for _ in 0..FOLDERS {
        let Some(place) = folders.pop_front() else { break };
        let failed = |e: crate::transport::sftp::SftpError| e.into_failure(LISTING, place.shown());
        let mut listing = Listing::open(&session, &place, &calls).await.map_err(failed)?;
        while let Some(entries) = listing.next(&rules).await.map_err(failed)? {
            for entry in entries {
                match entry {
                    Entry::File(file) if names.len() < limit => {
                        let file = place.inside(&file.name);
                        names.push(lossy(file.below(&root).unwrap_or(file.name())));
                    }
                    Entry::Folder(name) if folders.len() < FOLDERS => {
                        folders.push_back(place.inside(&name));
                    }
                    _ => {}
                }
            }
            if names.len() >= limit {
                return Ok(names);
            }
        }
    }
    Ok(names)
}
