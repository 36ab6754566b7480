//! What is asked of `files.list`: search queries, their limits, and the URL.

use jiff::Timestamp;
use url::Url;

use super::account::Account;
use super::item::{FIELDS, FOLDER};

/// The most parents of one query: 129 were refused.
pub(super) const MAX_PARENTS: usize = 50;

/// A longer URL is refused by some proxy on the way, and turned into a POST by the
/// vendor's own clients. In bytes; everything but the parents takes about 900.
const MAX_PARENT_BYTES: usize = 4_500;

/// What one more parent adds to an encoded query, beside its id.
const PER_PARENT: usize = "+or+%27%27+in+parents".len();

/// A longer id is not one; the vendor's have up to 44 characters.
const MAX_ID: usize = 256;

/// Whether `id` may go into a query.
pub(super) fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// How many of `ids`, in their order, one query may ask for; at least one.
pub(super) fn fitting<'a>(ids: impl Iterator<Item = &'a String>, most: usize) -> usize {
    let mut bytes = 0;
    let fits = |id: &&String| {
        bytes += id.len() + PER_PARENT;
        bytes <= MAX_PARENT_BYTES
    };
    ids.take(most.min(MAX_PARENTS)).take_while(fits).count().max(1)
}

/// `text` as a value in a query.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// What a list of everything holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Folders.
    Folders,
    /// Everything else.
    Files,
}

/// What was made in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slice {
    /// At this moment or later.
    pub(super) from: Option<Timestamp>,
    /// Before this moment.
    pub(super) to: Option<Timestamp>,
}

/// A search query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query(String);

impl Query {
    /// What lies in any of these folders.
    pub(super) fn children(parents: &[String], trashed_too: bool) -> Self {
        let parent = |id: &String| format!("{} in parents", quoted(id));
        let any: Vec<String> = parents.iter().map(parent).collect();
        match any.as_slice() {
            [only] => Self::of(only, trashed_too),
            _ => Self::of(&format!("({})", any.join(" or ")), trashed_too),
        }
    }

    /// Everything of a kind, or a slice of it.
    pub(super) fn all(which: Which, slice: Option<Slice>, trashed_too: bool) -> Self {
        let mut condition = match which {
            Which::Folders => format!("mimeType = {}", quoted(FOLDER)),
            Which::Files => format!("mimeType != {}", quoted(FOLDER)),
        };
        let Slice { from, to } = slice.unwrap_or_default();
        for (order, moment) in [(">=", from), ("<", to)] {
            if let Some(moment) = moment {
                condition += &format!(" and createdTime {order} {}", quoted(&moment.to_string()));
            }
        }
        Self::of(&condition, trashed_too)
    }

    /// What others have shared with the account.
    pub(super) fn shared_with_me(trashed_too: bool) -> Self {
        Self::of("sharedWithMe = true", trashed_too)
    }

    fn of(condition: &str, trashed_too: bool) -> Self {
        // With these spaces: the vendor's own examples have them, and some replies
        // were different without.
        Self(match trashed_too {
            false => format!("{condition} and trashed = false"),
            true => condition.to_owned(),
        })
    }
}

/// One page of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing<'a> {
    pub(super) query: &'a Query,
    /// The shared drive that is searched, if it is one.
    pub(super) drive: Option<&'a str>,
    pub(super) page_size: usize,
    pub(super) page: Option<&'a str>,
}

/// Without this shared drives do not exist for the API.
pub(super) const ALL_DRIVES: (&str, &str) = ("supportsAllDrives", "true");

/// The same, for lists.
pub(super) const FROM_ALL_DRIVES: (&str, &str) = ("includeItemsFromAllDrives", "true");

/// The URL of a page of `files.list`. Every page of a list has the same query and flags.
pub(super) fn list_url(account: &Account, listing: Listing<'_>) -> Url {
    let fields = format!("nextPageToken,incompleteSearch,files({FIELDS})");
    let page_size = listing.page_size.to_string();
    let mut parameters = vec![
        ("q", listing.query.0.as_str()),
        ("pageSize", &page_size),
        ("fields", &fields),
        ("spaces", "drive"),
        ALL_DRIVES,
        FROM_ALL_DRIVES,
    ];
    if let Some(drive) = listing.drive {
        parameters.extend([("corpora", "drive"), ("driveId", drive)]);
    }
    parameters.extend(listing.page.map(|page| ("pageToken", page)));
    account.url(&["files"], parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_go_into_queries() {
        for (id, good) in [
            ("1AbC_-9", true),
            ("root", true),
            ("", false),
            ("a'b", false),
            ("a b", false),
            ("a\\", false),
            ("ä", false),
            ("a/b", false),
        ] {
            assert_eq!(is_id(id), good, "{id}");
        }
        assert!(is_id(&"a".repeat(MAX_ID)) && !is_id(&"a".repeat(MAX_ID + 1)));
        assert_eq!(quoted(r"it's \ here"), r"'it\'s \\ here'");
    }

    #[test]
    fn queries_are_the_vendor_s() {
        let ids = |n: usize| (0..n).map(|n| format!("id{n}")).collect::<Vec<_>>();
        let slice = Slice {
            from: Some("2026-01-31T08:00:00.5Z".parse().unwrap()),
            to: Some("2026-02-01T00:00:00Z".parse().unwrap()),
        };
        for (query, text) in [
            (Query::children(&ids(1), false), "'id0' in parents and trashed = false"),
            (
                Query::children(&ids(2), false),
                "('id0' in parents or 'id1' in parents) and trashed = false",
            ),
            (Query::children(&ids(1), true), "'id0' in parents"),
            (
                Query::all(Which::Folders, None, false),
                "mimeType = 'application/vnd.google-apps.folder' and trashed = false",
            ),
            (
                Query::all(Which::Files, Some(slice), true),
                "mimeType != 'application/vnd.google-apps.folder' and createdTime >= \
                 '2026-01-31T08:00:00.5Z' and createdTime < '2026-02-01T00:00:00Z'",
            ),
        ] {
            assert_eq!(query.0, text);
        }
    }

    #[test]
    fn a_query_stays_below_six_thousand_bytes() {
        for (length, number) in [(33, 50), (44, 50), (1, 50), (200, 20), (MAX_ID, 16)] {
            let ids: Vec<String> = (0..200).map(|_| "x".repeat(length)).collect();
            let fit = fitting(ids.iter(), usize::MAX);
            assert_eq!(fit, number, "{length}");
            let query = Query::children(&ids[..fit], false);
            let encoded: String =
                url::form_urlencoded::byte_serialize(query.0.as_bytes()).collect();
            assert!(encoded.len() < 5_000, "{length}: {}", encoded.len());
        }
        assert_eq!(fitting(["x".to_owned()].iter(), 0), 1, "never nothing");
    }
}
