//! How many calls a register takes.

use transship::demo::DriveOperation as Drive;
use transship::model::Outcome;

use crate::desk::{ALL, Desk, Service};

#[tokio::test]
async fn an_unchanged_register_costs_at_most_two_calls() {
    for service in ALL {
        let desk = Desk::new(service).await;
        let first = desk.sync(false).await;
        Desk::well(&first, "first");
        for _ in 0..3 {
            let again = desk.sync(false).await;
            assert_eq!(again.outcome, Outcome::NothingNew, "{again:#?}");
            assert!(again.api_calls <= 2, "{service:?}: {again:#?}");
        }
        assert!(first.api_calls > 2, "{first:#?}");
    }
}

/// A call for each folder, and a few to find the project.
#[tokio::test]
async fn a_first_autodesk_register_costs_a_call_for_each_folder() {
    let desk = Desk::with(Service::Autodesk, 1, false, |o| o.autodesk.large = Some((150, 3))).await;
    let result = desk.sync(false).await;
    Desk::well(&result, "first");
    desk.assert_true("first");
    let truth = desk.world().autodesk_truth();
    let folders = truth.project(&desk.project()).unwrap().folders as u64;
    assert!((folders..folders + 8).contains(&result.api_calls), "{folders} folders: {result:#?}");
}

/// Fifty folders a call; those without a hit are asked for once more.
#[tokio::test]
async fn a_first_drive_register_asks_for_many_folders_at_once() {
    let desk = Desk::with(Service::Folder, 1, false, |o| o.google_drive.samples = false).await;
    let (parent, seed) = (desk.root().to_owned(), 5);
    let grow = Drive::Grow { parent, seed, folders: 500, files: 2_000 };
    desk.world().google_drive().apply(grow).unwrap();
    let result = desk.sync(false).await;
    Desk::well(&result, "first");
    desk.assert_true("first");
    println!("500 folders, 2,000 files: {} calls", result.api_calls);
    assert!(result.api_calls <= 60, "{result:#?}");
}
