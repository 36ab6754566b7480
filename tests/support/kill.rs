//! The kill loop: the real program is killed at random moments, while files arrive
//! and things go wrong, and at last everything must have arrived once.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::collections::BTreeMap;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use transship::demo::{NewExport, Samples};

use super::judge::{self, Broken};
use super::program::Site;

/// What chance decides with.
#[derive(Clone, Copy, Debug)]
pub struct Dice<'a> {
    pub seed: u64,
    pub rounds: u64,
    /// What may be wrong in a round beside the kill. None of it needs an operator.
    pub faults: &'a [&'a str],
    /// How often something is, from 0 to 1.
    pub chance: f64,
}

/// One to four exports; the large one is well worth being killed in.
fn arrivals(random: &mut StdRng, samples: &mut Samples) -> Vec<NewExport> {
    let sizes = [0, 3, 40, 400, 12_000];
    (0..random.random_range(1..5))
        .map(|_| {
            let rows = sizes[random.random_range(0..sizes.len())];
            // Equal names now and then, as the vendor makes them; no rows at all
            // would be equal bytes too, which the judge could not tell apart.
            let name = format!("AOS_20260504_{}.csv", random.random_range(0..3));
            samples.report(name, rows + 1)
        })
        .collect()
}

/// Tells the story; gives how often an export was interrupted in which state.
pub async fn story(site: &mut Site, dice: Dice<'_>) -> Result<BTreeMap<String, usize>, Broken> {
    let Dice { seed, rounds, faults, chance } = dice;
    // Shown by the test's harness if anything below fails.
    println!("SEED={seed} ROUNDS={rounds}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut samples = Samples::new(seed);
    // A cut that nobody tells of is noticed in a test's time.
    site.set("T_SFTP_TIMEOUT", "3");

    // An undisturbed pass, to know how long there is something to be killed in.
    let begun = Instant::now();
    site.run(&["sync"]).await.expect(0);
    let mut typical = begun.elapsed();

    let mut caught = BTreeMap::<String, usize>::new();
    for round in 0..rounds {
        for export in arrivals(&mut random, &mut samples) {
            site.world().add(export);
        }
        let fault =
            random.random_bool(chance).then(|| faults[random.random_range(0..faults.len())]);
        if let Some(fault) = fault {
            site.arm(fault);
        }
        let delay = typical.mul_f64(random.random_range(0.0..1.0));
        let politely = random.random_bool(0.2);
        println!("round {round}: {fault:?}, politely: {politely}, after {delay:?}");
        let (mut sync, begun) = (site.start(&["sync"]), Instant::now());
        if sync.ends_within(delay).await {
            typical = begun.elapsed();
        } else if politely {
            sync.terminate();
            let ran = sync.ended().await;
            // It may have been at its end already.
            assert!([143, 0, 3].contains(&ran.code), "round {round}: {ran:#?}");
        } else {
            sync.kill().await;
            // More waits now than a pass of that length can do.
            typical = typical.mul_f64(1.2);
        }
        for row in site.pending() {
            *caught.entry(row.state).or_default() += 1;
        }
        site.world().disarm();
        judge::nothing_wrong(&site.oracle())?;
    }
    println!("interrupted in: {caught:?}");
    site.sync_until_quiet(8).await;
    site.all_once()?;
    published_once(site).await?;
    Ok(caught)
}

/// The events tell the same: every delivery was published once, and none left
/// its end again.
async fn published_once(site: &Site) -> Result<(), Broken> {
    let oracle = site.oracle();
    let events = site.run(&["events", "--json", "--limit", "0"]).await.expect(0).rows();
    let mut published = BTreeMap::<&str, usize>::new();
    for event in &events {
        let (from, to) = (event["from_state"].as_str(), event["to_state"].as_str());
        if from == Some("cleaned") && to.is_some() {
            return Err(Broken::new(&oracle, format!("it left its end: {event:#}")));
        }
        if to == Some("published") && from != to {
            *published.entry(event["subject"].as_str().unwrap()).or_default() += 1;
        }
    }
    let once = published.values().all(|times| *times == 1);
    if !once || published.len() != oracle.exports.len() {
        return Err(Broken::new(&oracle, format!("published by the books: {published:#?}")));
    }
    Ok(())
}
