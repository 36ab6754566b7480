//! Crash points: the moments at which the proof breaks the program off, to see
//! what a restart makes of it. Only with the feature `crash-points`, which no
//! release has; without it a point is nothing at all.
//!
//! `TRANSSHIP_CRASH=point:hit:how` arms one: `how` is `abort`, `kill` (as by
//! `kill -9`) or `error` (the step fails there).

macro_rules! points {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// A moment in a file's way.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Point { $($(#[doc = $doc])+ $variant,)+ }

        /// The name of every point, in the order of a file's way.
        #[cfg(feature = "crash-points")]
        pub const POINTS: &[&str] = &[$($name),+];

        #[cfg(feature = "crash-points")]
        impl Point {
            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

points! {
    /// A group of writes is carried out and not committed.
    LedgerCommitting = "ledger_committing",
    /// A group of writes is durable, and nobody was told.
    LedgerCommitted = "ledger_committed",
    /// The Delivered list is here.
    DeliveredReceived = "delivered_received",
    /// What it holds is in the books.
    DeliveredRecorded = "delivered_recorded",
    /// It is booked that a destructive list is about to be asked for.
    PollIntended = "poll_intended",
    /// Its body is on the disk.
    PollAnswered = "poll_answered",
    /// It is booked that its body is on the disk.
    PollReceived = "poll_received",
    /// Its elements are in the books.
    PollRecorded = "poll_recorded",
    /// It is booked that its reply was lost.
    PollLost = "poll_lost",
    /// It is booked that a fetch begins.
    Downloading = "downloading",
    /// The part file is open, its validator is booked.
    PartOpened = "part_opened",
    /// Some bytes were written to the part file.
    PartWritten = "part_written",
    /// All bytes are in the part file and not synced.
    PartWhole = "part_whole",
    /// The part file is synced.
    PartSynced = "part_synced",
    /// The part file has its place in the archive, its folder is not synced.
    Archived = "archived",
    /// The archive's folder is synced.
    ArchiveSynced = "archive_synced",
    /// The export is booked as verified, with its delivery.
    Verified = "verified",
    /// It is booked that an upload begins.
    Uploading = "uploading",
    /// The temporary file is whole over there.
    StagedThere = "staged_there",
    /// It is booked as staged.
    Staged = "staged",
    /// It is booked that the rename is about to be sent.
    Publishing = "publishing",
    /// The rename is acknowledged.
    Renamed = "renamed",
    /// It is booked as published.
    Published = "published",
    /// What became of the rename is unknown, and nothing is booked.
    Doubted = "doubted",
    /// It is booked that the fence is about to be sent.
    Fencing = "fencing",
    /// The fence is answered.
    Fenced = "fenced",
    /// The answer is booked: staged anew, or published.
    Settled = "settled",
    /// The published file was looked for.
    Sighted = "sighted",
    /// It is booked as confirmed.
    Confirmed = "confirmed",
    /// A temporary file of an earlier attempt is removed.
    Removed = "removed",
    /// It is booked as cleaned.
    Cleaned = "cleaned",
    /// A feed: what was fetched is booked in silver as landed.
    FeedLanded = "feed_landed",
    /// A feed: what landed is taken in, and nobody was told.
    FeedIngested = "feed_ingested",
    /// A feed: a file was moved or deleted over there, and nothing is booked.
    FeedParted = "feed_parted",
    /// Direct mode: it is booked that the file is about to be written.
    DirectPublishing = "direct_publishing",
    /// Direct mode: the file is whole over there.
    DirectWritten = "direct_written",
}

/// Breaks off here if this point is armed and the time has come.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub(crate) fn at(_: Point) -> Result<(), crate::model::Failure> {
    Ok(())
}

#[cfg(feature = "crash-points")]
pub(crate) use armed::at;

#[cfg(feature = "crash-points")]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::{POINTS, Point};
    use crate::model::{Failure, FailureClass};

    /// The variable that arms a point.
    const VARIABLE: &str = "TRANSSHIP_CRASH";

    static ARMED: LazyLock<Result<Option<Armed>, Failure>> =
        LazyLock::new(|| std::env::var(VARIABLE).ok().map(|text| Armed::read(&text)).transpose());

    struct Armed {
        point: &'static str,
        hits_left: AtomicU32,
        how: How,
    }

    #[derive(Clone, Copy)]
    enum How {
        Abort,
        Kill,
        Error,
    }

    impl Armed {
        fn read(text: &str) -> Result<Self, Failure> {
            let mut words = text.split(':');
            let mut word = || words.next().unwrap_or_default();
            let (point, hit, how) = (word(), word().parse(), word());
            let point = POINTS.iter().copied().find(|name| *name == point);
            let how = match how {
                "abort" => Some(How::Abort),
                "kill" => Some(How::Kill),
                "error" => Some(How::Error),
                _ => None,
            };
            match (point, hit, how, words.next()) {
                (Some(point), Ok(hit @ 1..), Some(how), None) => {
                    Ok(Self { point, hits_left: AtomicU32::new(hit), how })
                }
                // Ignored, it would make a proof that proves nothing.
                _ => Err(Failure::new(FailureClass::Misconfigured, "reading", VARIABLE)
                    .said(text)
                    .advice("write point:hit:how, e.g. renamed:1:kill")),
            }
        }
    }

    pub(crate) fn at(point: Point) -> Result<(), Failure> {
        let Some(armed) = ARMED.as_ref().map_err(Clone::clone)? else { return Ok(()) };
        if armed.point != point.name() || armed.hits_left.fetch_sub(1, Ordering::AcqRel) != 1 {
            return Ok(());
        }
        eprintln!("crash point {} hit", armed.point);
        match armed.how {
            How::Abort => std::process::abort(),
            How::Kill => kill(),
            How::Error => {}
        }
        Err(Failure::new(FailureClass::Local, "crossing the crash point", armed.point))
    }

    #[cfg(unix)]
    fn kill() {
        let _ = signal_hook::low_level::raise(9);
        // It may be delivered to another thread first: nothing more is done here.
        std::process::abort()
    }

    #[cfg(not(unix))]
    fn kill() {
        std::process::abort()
    }
}
