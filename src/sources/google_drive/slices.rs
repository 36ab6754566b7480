//! A long list, several pages at a time.
//!
//! The next page of a list can be asked for only when this one is there, so a long
//! list takes as many times a reply as it has pages. It is cut into slices by the
//! time at which the files were made, which never changes, and whose halves `<` and
//! `>=` hold every file between them. Where to cut tells the first page.
//!
//! Should the service not understand that, or should the slices not hold again what
//! the first page held, the list is read to its end as it is.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tracing::{debug, warn};

use super::api::Api;
use super::item::{FileList, Item};
use super::pages::Pages;
use super::query::{Query, Slice, Which};
use super::refusal::{Refusal, Verdict};

/// Slices that are read at the same time.
const AT_ONCE: usize = 16;

/// Slices that the first page is cut into.
const PARTS: usize = 8;

/// Slices before everything on the first page, each twice as long as the one after
/// it: a page may hold the newest files alone.
const EARLIER: u32 = 8;

/// A page, or why there are no more.
pub(super) type Answer = Result<FileList, Refusal>;

/// Reads every page of the list of `which` things in `drive` into `out`, some more
/// than once, as far ahead as there is room. It ends early when nobody listens.
pub(super) async fn read(
    api: &Api,
    which: Which,
    drive: &str,
    trashed_too: bool,
    out: mpsc::Sender<Answer>,
) {
    let list = List { api, which, drive, trashed_too, out };
    // Nobody listens any more: then nobody wants to know why it ended either.
    let _ = list.read().await;
}

/// Whoever listened is gone, or has been told why there is no more.
struct Over;

struct List<'a> {
    api: &'a Api,
    which: Which,
    drive: &'a str,
    trashed_too: bool,
    out: mpsc::Sender<Answer>,
}

impl List<'_> {
    async fn read(&self) -> Result<(), Over> {
        let mut whole = self.pages(None);
        let mut sample = Vec::new();
        while sample.is_empty() {
            let Some(page) = self.next(&mut whole).await? else { return Ok(()) };
            sample.clone_from(&page.files);
            self.hand_on(Ok(page)).await?;
        }
        let slices = slices(&sample);
        if !whole.is_over() && slices.len() > 2 && self.in_slices(slices, &sample).await? {
            return Ok(());
        }
        while let Some(page) = self.next(&mut whole).await? {
            self.hand_on(Ok(page)).await?;
        }
        Ok(())
    }

    /// Reads all slices. False if they cannot be relied upon.
    async fn in_slices(&self, slices: Vec<Slice>, sample: &[Item]) -> Result<bool, Over> {
        let missing: HashSet<&str> = sample.iter().map(|item| item.id.as_str()).collect();
        let missing = Mutex::new(missing);
        let mut reading = futures::stream::iter(slices)
            .map(|slice| self.slice(slice, &missing))
            .buffer_unordered(AT_ONCE);
        while let Some(understood) = reading.next().await {
            if !understood? {
                debug!("lists are not cut by time here");
                return Ok(false);
            }
        }
        drop(reading);
        let missing = missing.into_inner().unwrap_or_else(PoisonError::into_inner).len();
        if missing > 0 {
            warn!(missing, "lists cut by time do not hold everything, reading the whole one");
        }
        Ok(missing == 0)
    }

    /// Reads one slice. False if the service does not understand it.
    async fn slice(&self, slice: Slice, missing: &Mutex<HashSet<&str>>) -> Result<bool, Over> {
        let mut pages = self.pages(Some(slice));
        loop {
            let page = match pages.next().await {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(true),
                Err(refusal) if refusal.verdict == Verdict::Wrong => return Ok(false),
                Err(refusal) => return self.hand_on(Err(refusal)).await.map(|()| false),
            };
            {
                let mut missing = missing.lock().unwrap_or_else(PoisonError::into_inner);
                for item in &page.files {
                    missing.remove(item.id.as_str());
                }
            }
            self.hand_on(Ok(page)).await?;
        }
    }

    fn pages(&self, slice: Option<Slice>) -> Pages<'_> {
        let query = Query::all(self.which, slice, self.trashed_too);
        Pages::new(self.api, query, Some(self.drive))
    }

    async fn next(&self, pages: &mut Pages<'_>) -> Result<Option<FileList>, Over> {
        match pages.next().await {
            Ok(page) => Ok(page),
            Err(refusal) => {
                self.hand_on(Err(refusal)).await?;
                Err(Over)
            }
        }
    }

    async fn hand_on(&self, answer: Answer) -> Result<(), Over> {
        let last = answer.is_err();
        self.out.send(answer).await.map_err(|_| Over)?;
        if last { Err(Over) } else { Ok(()) }
    }
}

/// Where to cut, by what a first page holds: into equal parts of it, and before it
/// into longer and longer ones. None for less than two different times.
fn slices(sample: &[Item]) -> Vec<Slice> {
    let mut times: Vec<Timestamp> =
        sample.iter().filter_map(|item| item.created_time.as_deref()?.parse().ok()).collect();
    times.sort_unstable();
    let (Some(first), Some(last)) = (times.first().copied(), times.last().copied()) else {
        return Vec::new();
    };
    let mut cuts: Vec<Timestamp> =
        (0..PARTS).map(|part| times[part * times.len() / PARTS]).collect();
    let span = last.duration_since(first).max(SignedDuration::from_hours(1));
    let before = (0..EARLIER).map(|n| span.saturating_mul((1 << (n + 1)) - 1));
    cuts.extend(before.filter_map(|span| first.checked_sub(span).ok()));
    cuts.sort_unstable();
    cuts.dedup();
    if first == last {
        return Vec::new();
    }
    let from = std::iter::once(None).chain(cuts.iter().copied().map(Some));
    let to = cuts.iter().copied().map(Some).chain(std::iter::once(None));
    from.zip(to).map(|(from, to)| Slice { from, to }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made_at(second: i64) -> Item {
        let at = Timestamp::from_second(second).unwrap();
        Item { created_time: Some(at.to_string()), ..Item::default() }
    }

    proptest! {
        #[test]
        fn every_moment_lies_in_exactly_one_slice(
            sample in prop::collection::vec(0_i64..2_000_000_000, 0..200),
            moment in -1_000_000_000_i64..3_000_000_000,
        ) {
            let items: Vec<Item> = sample.iter().copied().map(made_at).collect();
            let slices = slices(&items);
            if sample.iter().collect::<HashSet<_>>().len() < 2 {
                prop_assert!(slices.is_empty());
                return Ok(());
            }
            let at = Timestamp::from_second(moment).unwrap();
            let holds = |slice: &&Slice| {
                slice.from.is_none_or(|from| at >= from) && slice.to.is_none_or(|to| at < to)
            };
            prop_assert_eq!(slices.iter().filter(holds).count(), 1);
            prop_assert!(slices.len() <= PARTS + EARLIER as usize + 1);
        }
    }

    #[test]
    fn a_page_is_cut_into_equal_parts() {
        let items: Vec<Item> = (0..800).map(|n| made_at(1_700_000_000 + n)).collect();
        let slices = slices(&items);
        let within = |slice: &Slice| {
            let holds = |item: &&Item| {
                let at: Timestamp = item.created_time.as_ref().unwrap().parse().unwrap();
                slice.from.is_none_or(|from| at >= from) && slice.to.is_none_or(|to| at < to)
            };
            items.iter().filter(holds).count()
        };
        let counts: Vec<usize> = slices.iter().map(within).filter(|n| *n > 0).collect();
        assert_eq!(counts, [100; PARTS]);
    }
}
