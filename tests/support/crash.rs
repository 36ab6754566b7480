//! The crash matrix: stories with a crash in them, told with the program that has
//! crash points.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use futures::StreamExt as _;
use transship::demo::{Consumer, Pickup, Samples};

use super::judge::{self, Broken};
use super::program::{Ran, Site};

/// Stories told side by side: most of their time is spent in waiting.
const SIDE_BY_SIDE: usize = 6;

/// One run that is broken off, as `TRANSSHIP_CRASH` wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    pub point: &'static str,
    pub hit: u32,
    pub how: &'static str,
}

impl Crash {
    /// Whether the run came to the point, and then ended as it should.
    #[track_caller]
    pub fn was_hit(&self, ran: &Ran) -> bool {
        let hit = ran.stderr.contains(&format!("crash point {} hit", self.point));
        let expected = match self.how {
            "abort" => Some(128 + 6),
            "kill" => Some(128 + 9),
            _ => None,
        };
        if hit && let Some(code) = expected {
            assert_eq!(ran.code, code, "{self:?}: {ran:#?}");
        }
        hit
    }

    /// Direct mode has points of its own.
    pub fn is_direct(&self) -> bool {
        self.point.starts_with("direct_")
    }

    /// So do partner feeds; see `tests/feeds`.
    pub fn is_of_feeds(&self) -> bool {
        self.point.starts_with("feed_")
    }

    /// What has to go wrong beside the crash so that its point is reached so often.
    fn provoked_by(&self) -> Option<String> {
        match self.point {
            "poll_lost" => Some(format!("list_cut*{}", self.hit)),
            // One cut can spoil what follows another one.
            "doubted" | "fencing" | "fenced" | "settled" | "removed" => {
                Some(format!("rename_cut_before*{}", 2 * self.hit - 1))
            }
            _ => None,
        }
    }
}

/// Three exports of two products, so that every list is asked for twice in a pass.
/// A receiver that removes what it takes: nothing over there tells what arrived.
pub async fn three_exports(consumer: Consumer) -> Site {
    let mut site = Site::with(|options| {
        options.consumer = consumer;
        options.pickup = Pickup::Remove;
        let mut samples = Samples::new(3);
        for (rows, product) in [(1, "score-reporter"), (40, "other"), (400, "other")] {
            let mut export = samples.report("AOS_20260504_1.csv", rows);
            export.product_key = product.into();
            options.exports.push(export);
        }
    })
    .await;
    site.configure(
        "deliver_to: slate",
        "deliver_to: slate\n    endpoint_details: { product_keys: [score-reporter, other] }",
    );
    // A cut that nobody tells of is noticed in a test's time.
    site.set("T_SFTP_TIMEOUT", "3");
    site
}

/// One pass that ends at `crash`; the passes after it are undisturbed.
pub async fn broken_off(site: &mut Site, crash: &Crash) -> Ran {
    let Crash { point, hit, how } = crash;
    site.set("TRANSSHIP_CRASH", &format!("{point}:{hit}:{how}"));
    let ran = site.run(&["sync"]).await;
    site.unset("TRANSSHIP_CRASH");
    site.world().disarm();
    ran
}

/// One story of the matrix, of the program that is wrong in this way: broken off
/// at `crash`, everything has still arrived once in the end. Gives whether the
/// crash came.
pub async fn survives(crash: Crash, wrong: Option<&str>) -> Result<bool, Broken> {
    let mut site = three_exports(Consumer::Eager).await;
    site.set_wrong(wrong);
    if let Some(fault) = crash.provoked_by() {
        site.arm(&fault);
    }
    let ran = broken_off(&mut site, &crash).await;
    judge::nothing_wrong(&site.oracle())?;
    site.sync_until_quiet(8).await;
    site.all_once()?;
    Ok(crash.was_hit(&ran))
}

/// The story, told again until its crash comes: how often a point is reached can
/// hang on which of the requests a cut falls on, and on a slow machine every cut
/// can fall on the same file. One that never comes is a point that nobody reaches.
pub async fn survives_when_hit(crash: Crash) -> Result<bool, Broken> {
    const TRIES: usize = 6;
    for _ in 0..TRIES {
        if survives(crash, None).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the stories of a matrix came to.
#[derive(Debug, Default)]
pub struct Told {
    pub hit: Vec<Crash>,
    /// Those whose crash never came.
    pub missed: Vec<Crash>,
    pub broken: Vec<(Crash, Broken)>,
}

/// Tells all stories; each gives whether its crash came.
pub async fn tell<F>(crashes: impl IntoIterator<Item = Crash>, story: impl Fn(Crash) -> F) -> Told
where
    F: Future<Output = Result<bool, Broken>> + Send + 'static,
{
    let mut told = Told::default();
    let mut stories = futures::stream::iter(crashes)
        .map(|crash| {
            let story = tokio::spawn(story(crash));
            async move { (crash, story.await) }
        })
        .buffer_unordered(SIDE_BY_SIDE);
    while let Some((crash, ended)) = stories.next().await {
        match ended {
            Ok(Ok(true)) => told.hit.push(crash),
            Ok(Ok(false)) => told.missed.push(crash),
            Ok(Err(broken)) => told.broken.push((crash, broken)),
            // Its panic has said why.
            Err(_) => told.broken.push((crash, Broken::default())),
        }
    }
    told
}

impl Told {
    /// Every promise was kept.
    #[track_caller]
    pub fn assert_kept(&self) {
        let at: Vec<_> = self.broken.iter().map(|(crash, _)| crash).collect();
        let first = self.broken.first().map(|(_, broken)| broken.to_string());
        assert!(at.is_empty(), "not kept at {at:#?}, first: {}", first.unwrap_or_default());
    }

    /// And every crash came.
    #[track_caller]
    pub fn assert_all_hit(&self) {
        self.assert_kept();
        assert!(self.missed.is_empty(), "never hit: {:#?}", self.missed);
    }
}
