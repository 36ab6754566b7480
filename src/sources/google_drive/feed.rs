//! The log of changes
//! (<https://developers.google.com/workspace/drive/api/guides/manage-changes>).
//!
//! It has no search: entries come for everything that the account may see, and
//! those of the scope are told by their ancestors. An entry shows how a file is now,
//! not what happened to it; moving a folder makes no entries for what lies in it.

use std::collections::BTreeMap;

use url::Url;

use super::api::{Api, Ask};
use super::item::{Change, ChangeList, FIELDS, Item, StartPageToken};
use super::pace::Cost;
use super::pages::MAX_EMPTY_PAGES;
use super::query::{ALL_DRIVES, FROM_ALL_DRIVES};
use super::refusal::{Refusal, Verdict};
use crate::model::{Failure, FailureClass};

pub(super) const READING: &str = "reading the changes of";

/// With more entries than this a full walk is the shorter way, and takes less memory.
const MAX_ENTRIES: usize = 50_000;

/// What became of one file or folder.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// It is gone, or not for us any more.
    Gone,
    /// How it is now.
    Is(Box<Item>),
}

/// What a reading of the log brought.
#[derive(Debug)]
pub(super) enum Reading {
    /// Everything up to now: what changed, by id, and where to go on next time.
    Changes(BTreeMap<String, Entry>, String),
    /// The log cannot tell: everything must be looked at.
    Useless(Failure),
}

/// Where the log ends now. It is asked for *before* a full walk begins, so that what
/// changes during the walk is read afterwards.
pub(super) async fn start(api: &Api, drive: Option<&str>) -> Result<String, Refusal> {
    let of_drive = drive.map(|drive| ("driveId", drive));
    let parameters = [ALL_DRIVES].into_iter().chain(of_drive);
    let url = api.account().url(&["changes", "startPageToken"], parameters);
    let reply: StartPageToken = api.json(&Ask::new(READING, url, Cost::Get)).await?;
    Ok(reply.start_page_token)
}

/// Reads the log of `drive`, or the account's own, from `token` on.
pub(super) async fn read(api: &Api, drive: Option<&str>, token: &str) -> Result<Reading, Refusal> {
    let mut entries = BTreeMap::new();
    let mut token = token.to_owned();
    let mut empty_pages = 0;
    loop {
        let ask = Ask::new(READING, changes_url(api, drive, &token), Cost::List);
        let list: ChangeList = match api.json(&ask).await {
            Ok(list) => list,
            // Tokens do not expire, says the vendor; one that is refused all the same
            // is of no use.
            Err(refusal) if is_stale(&refusal) => return Ok(Reading::Useless(refusal.failure)),
            Err(refusal) => return Err(refusal),
        };
        empty_pages = if list.changes.is_empty() { empty_pages + 1 } else { 0 };
        if empty_pages > MAX_EMPTY_PAGES {
            return Ok(useless("too many pages in a row are empty"));
        }
        for change in list.changes {
            if let Err(why) = enter(&mut entries, change, drive) {
                return Ok(useless(why));
            }
        }
        if entries.len() > MAX_ENTRIES {
            return Ok(useless("there are too many"));
        }
        match (list.next_page_token, list.new_start_page_token) {
            (Some(next), _) if next == token => return Ok(useless("a page names itself as next")),
            (Some(next), _) => token = next,
            (None, Some(start)) => return Ok(Reading::Changes(entries, start)),
            (None, None) => return Ok(useless("the last page does not say where to go on")),
        }
    }
}

fn changes_url(api: &Api, drive: Option<&str>, token: &str) -> Url {
    let entry = format!("changeType,removed,fileId,driveId,file({FIELDS})");
    let fields = format!("nextPageToken,newStartPageToken,changes({entry})");
    let mut parameters = vec![
        ("pageToken", token),
        ("pageSize", "1000"),
        ("fields", &fields),
        ("includeRemoved", "true"),
        ("spaces", "drive"),
        ALL_DRIVES,
        FROM_ALL_DRIVES,
    ];
    parameters.extend(drive.map(|drive| ("driveId", drive)));
    api.account().url(&["changes"], parameters)
}

/// Books one change; the last one of a file counts. Fails if the log cannot be used.
fn enter(
    entries: &mut BTreeMap<String, Entry>,
    change: Change,
    drive: Option<&str>,
) -> Result<(), &'static str> {
    let removed = change.removed == Some(true);
    if change.change_type.as_deref() == Some("drive") {
        let ours = drive.is_some() && change.drive_id.as_deref() == drive;
        return if removed && ours { Err("the shared drive is gone") } else { Ok(()) };
    }
    let id = change.file_id.or_else(|| change.file.as_ref().map(|file| file.id.clone()));
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return Err("an entry names no file");
    };
    let entry = match change.file {
        _ if removed => Entry::Gone,
        Some(item) if item.id == id => Entry::Is(Box::new(item)),
        _ => return Err("an entry does not show its file"),
    };
    entries.insert(id, entry);
    Ok(())
}

fn is_stale(refusal: &Refusal) -> bool {
    let status = refusal.status.map(|status| status.as_u16());
    // 403 and 404: the drive itself; the full walk will say what is the matter.
    let about = refusal.is_about_object() || refusal.verdict == Verdict::Wrong;
    about && matches!(status, Some(400 | 403 | 404 | 410))
}

fn useless(why: &str) -> Reading {
    Reading::Useless(Failure::new(FailureClass::Protocol, READING, "the drive").said(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: &str) -> Change {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_last_entry_of_a_file_counts() {
        let mut entries = BTreeMap::new();
        for json in [
            r#"{"changeType":"file","fileId":"a","file":{"id":"a","name":"old"}}"#,
            r#"{"changeType":"file","fileId":"b","removed":true}"#,
            r#"{"fileId":"a","removed":false,"file":{"id":"a","name":"new"}}"#,
            r#"{"changeType":"drive","driveId":"d","drive":{"id":"d"}}"#,
            r#"{"changeType":"drive","driveId":"other","removed":true}"#,
        ] {
            enter(&mut entries, change(json), Some("d")).unwrap();
        }
        let is = |id: &str, name: &str| {
            Entry::Is(Box::new(Item { id: id.into(), name: name.into(), ..Item::default() }))
        };
        assert_eq!(
            entries.into_iter().collect::<Vec<_>>(),
            [("a".to_owned(), is("a", "new")), ("b".to_owned(), Entry::Gone)]
        );
    }

    #[test]
    fn an_entry_that_says_nothing_is_no_change() {
        for json in [
            r#"{}"#,
            r#"{"fileId":""}"#,
            r#"{"fileId":"a"}"#,
            r#"{"fileId":"a","file":{"id":"b"}}"#,
            r#"{"changeType":"drive","driveId":"d","removed":true}"#,
        ] {
            assert!(enter(&mut BTreeMap::new(), change(json), Some("d")).is_err(), "{json}");
        }
    }
}
