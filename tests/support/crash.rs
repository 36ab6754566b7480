//! A story with a crash in it, told with the program that has crash points.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use transship::demo::{Consumer, Samples};

use super::program::{Ran, Site};

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
}

/// Three exports of two products, so that every list is asked for twice in a pass.
pub async fn three_exports(consumer: Consumer) -> Site {
    let mut site = Site::with(|options| {
        options.consumer = consumer;
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
