//! The cut sweep: a small job again and again, cut at the next point each time,
//! until the point does not come any more.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use transship::demo::{Consumer, Fault, Options, Pickup, Samples};

use super::judge::Broken;
use super::program::Site;
use super::proxy::{Cut, Proxy, Way};
use super::sshd::Sshd;

/// More cuts than a small job has packets or chunks.
pub const MOST: usize = 200;

/// Jobs side by side: most of their time they wait before they try again.
pub const SIDE_BY_SIDE: usize = 8;

/// The job. A receiver that removes what it takes: nothing over there tells what
/// arrived.
pub async fn two_exports(change: impl FnOnce(&mut Options)) -> Site {
    let mut site = Site::with(|options| {
        let mut samples = Samples::new(4);
        options.exports = vec![samples.report("a.csv", 2), samples.report("a.csv", 400)];
        options.pickup = Pickup::Remove;
        change(options);
    })
    .await;
    // A cut that nobody tells of is noticed in a test's time.
    site.set("T_SFTP_TIMEOUT", "2");
    site
}

/// Everything arrives once all the same.
async fn survives(site: &Site) -> Result<(), Broken> {
    site.sync_until_quiet(8).await;
    site.all_once()
}

/// Cuts at 0, 1, 2 … until one does not come any more; gives how many did.
async fn sweep<F>(cut: impl Fn(u32) -> F) -> Result<usize, Broken>
where
    F: Future<Output = Result<bool, Broken>> + Send + 'static,
{
    futures::stream::iter(0..MOST as u32)
        .map(|at| {
            let job = tokio::spawn(cut(at));
            async move { job.await.unwrap_or_else(|_| panic!("no end after cut {at}")) }
        })
        .buffered(SIDE_BY_SIDE)
        .try_take_while(|struck| std::future::ready(Ok(*struck)))
        .try_fold(0, async |count, _| Ok(count + 1))
        .await
}

/// Every packet of the job in turn meets `cut`, in the program that is wrong in
/// this way; `beside` goes wrong in every one of the jobs.
pub async fn every_packet(
    cut: Fault,
    beside: Option<&'static str>,
    wrong: Option<&'static str>,
) -> Result<usize, Broken> {
    sweep(move |at| async move {
        let mut site = two_exports(|_| {}).await;
        site.set_wrong(wrong);
        site.arm(&format!("{}@{at}", cut.name()));
        if let Some(fault) = beside {
            site.arm(fault);
        }
        survives(&site).await?;
        Ok(site.world().struck(cut) > 0)
    })
    .await
}

/// Every chunk of the stream between us and a real server, cut in this way.
pub async fn every_chunk(way: Way) -> Result<usize, Broken> {
    let sshd = Arc::new(Sshd::start());
    sweep(|at| {
        let sshd = sshd.clone();
        async move {
            let proxy = Proxy::start(sshd.port(), Cut { at, way }).await;
            let look = Consumer::Every(Duration::from_millis(3));
            let mut site = two_exports(|options| options.consumer = look).await;
            site.point_at(&sshd);
            site.set("T_SFTP_PORT", &proxy.port().to_string());
            site.set("T_SFTP_TIMEOUT", "5");
            survives(&site).await?;
            Ok(proxy.struck())
        }
    })
    .await
}

/// The reply to the destructive list ends after `bytes` of its body. Gives what
/// came of it; none where not even its head came through.
pub async fn list_cut(bytes: usize, wrong: Option<&str>) -> Result<Option<Vec<u8>>, Broken> {
    let mut site = two_exports(|_| {}).await;
    site.set_wrong(wrong);
    site.arm(&format!("list_cut_body={bytes}"));
    survives(&site).await?;
    Ok(raw_lists(site.folder(), ".partial").pop())
}

/// The raw replies to destructive lists that are kept below `folder`, whole or not.
pub fn raw_lists(folder: &Path, ending: &str) -> Vec<Vec<u8>> {
    let folder = std::fs::read_dir(folder.join("data/polls")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let kept = paths.filter(|path| path.to_string_lossy().ends_with(ending));
    kept.map(|path| std::fs::read(path).unwrap()).collect()
}
