//! SIGKILL in the middle of a walk and of deliveries.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use transship::demo::{Arming, DriveOperation as Drive, Fault};

use crate::contents::assert_all_once;
use crate::desk::{Desk, Service};
use crate::worlds::{May, Teller};

async fn killed_anywhere(service: Service, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let desk = Desk::with(service, 1, true, |options| {
            options.autodesk.large = Some((12, 6));
        })
        .await;
        if service != Service::Autodesk {
            let grow = Drive::Grow { parent: desk.root().to_owned(), seed, folders: 30, files: 60 };
            desk.world().google_drive().apply(grow).unwrap();
        }
        // So that there are moments in between.
        desk.world().arm(Arming::from(Fault::ApsSlow).value(4));
        desk.world().arm(Arming::from(Fault::DriveSlow).value(4));
        let mut random = StdRng::seed_from_u64(seed);
        let mut teller = Teller::new(&desk, 300 + seed);
        let mut kills = 0;
        for step in 0..5 {
            let when = format!("{service:?}, seed {seed}, kill {step}");
            let calls = desk.world().journal().len() + random.random_range(1..120);
            let full = if random.random() { &["sync", "--full"][..] } else { &["sync"] };
            let mut running = desk.site.start(full);
            let begun = std::time::Instant::now();
            let mut ended = false;
            while desk.world().journal().len() < calls && !ended {
                ended = running.ends_within(Duration::from_millis(2)).await;
                assert!(begun.elapsed().as_secs() < 60, "{when}: neither so many calls nor an end");
            }
            if !ended {
                running.kill().await;
                kills += 1;
            }
            desk.assert_nothing_removed_wrongly(&when);
            teller.tell(&desk, May::MoveAndAdd, 2);
        }
        let when = format!("{service:?}, seed {seed}");
        assert!(kills > 1, "{when}: it was never killed: this proves nothing");
        desk.site.sync_until_quiet(10).await;
        desk.assert_true(&when);
        desk.site.run(&["sync", "--full"]).await.expect(0);
        desk.assert_true(&format!("{when}, full"));
        assert_all_once(&desk, &when);
        desk.assert_no_offences(&when);
    }
}

#[tokio::test]
async fn autodesk_killed_anywhere() {
    killed_anywhere(Service::Autodesk, 0..3).await;
}

#[tokio::test]
async fn a_drive_folder_killed_anywhere() {
    killed_anywhere(Service::Folder, 0..3).await;
}

#[tokio::test]
async fn a_shared_drive_killed_anywhere() {
    killed_anywhere(Service::Drive, 0..2).await;
}
