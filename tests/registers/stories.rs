//! The `files` table equals the truth, whatever has happened.

use transship::demo::AutodeskOperation as Aps;

use crate::desk::{ALL, Desk, Service};
use crate::worlds::{May, Teller};

/// After every sync, the cheap ones too.
async fn after_every_sync(service: Service, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let desk = Desk::new(service).await;
        let mut teller = Teller::new(&desk, seed);
        for step in 0..10 {
            let when = format!("{service:?}, seed {seed}, step {step}");
            Desk::well(&desk.sync(false).await, &when);
            desk.assert_true(&when);
            desk.assert_nothing_removed_wrongly(&when);
            teller.tell(&desk, May::Change, 1 + step % 5);
        }
        Desk::well(&desk.sync(true).await, "full");
        desk.assert_true(&format!("{service:?}, seed {seed}, full"));
        desk.assert_no_offences("at the end");
    }
}

#[tokio::test]
async fn autodesk_after_every_sync() {
    after_every_sync(Service::Autodesk, 0..8).await;
}

#[tokio::test]
async fn a_drive_folder_after_every_sync() {
    after_every_sync(Service::Folder, 0..8).await;
}

#[tokio::test]
async fn a_shared_drive_after_every_sync() {
    after_every_sync(Service::Drive, 0..8).await;
}

/// Where the service's change detectors hide moves, renames and deletions, the full walk
/// finds them; what the cheap ones do in between removes nothing that is there.
#[tokio::test]
async fn hidden_moves_are_found_by_the_full_walk() {
    let mut hidden = 0;
    for seed in 0..8 {
        let desk = Desk::new(Service::Autodesk).await;
        desk.world().autodesk(Aps::StructuralRollup { value: false }).unwrap();
        let mut teller = Teller::new(&desk, 100 + seed);
        for step in 0..6 {
            let when = format!("seed {seed}, step {step}");
            // A file that went to a place that shows no change is taken for removed
            // until then.
            Desk::well(&desk.sync(false).await, &when);
            hidden += usize::from(desk.differs().is_some());
            Desk::well(&desk.sync(true).await, &when);
            desk.assert_true(&format!("{when}, full"));
            desk.assert_nothing_removed_wrongly(&when);
            teller.tell(&desk, May::Change, 4);
        }
    }
    assert!(hidden > 0, "the detectors hid nothing: this proves nothing");
}

/// What may no longer be seen is kept as lost, and comes back.
#[tokio::test]
async fn access_comes_and_goes() {
    for seed in 0..8 {
        let desk = Desk::new(Service::Autodesk).await;
        let mut teller = Teller::new(&desk, 200 + seed);
        for step in 0..8 {
            let when = format!("seed {seed}, step {step}");
            let result = desk.sync(step % 2 == 0).await;
            desk.assert_nothing_removed_wrongly(&format!("{when} {result:?}"));
            let result = desk.sync(true).await;
            desk.assert_true(&format!("{when}, full, {result:?}"));
            teller.tell(&desk, May::ChangeAndForbid, 3);
        }
    }
}

/// A control: a register that nobody walks again does not equal a world that went on.
#[tokio::test]
async fn without_a_sync_the_difference_is_seen() {
    for service in ALL {
        let desk = Desk::new(service).await;
        Desk::well(&desk.sync(false).await, "first");
        let mut teller = Teller::new(&desk, 7);
        let mut seen = 0;
        for _ in 0..10 {
            teller.tell(&desk, May::Change, 3);
            seen += usize::from(desk.differs().is_some());
        }
        assert!(seen > 5, "{service:?}");
    }
}
