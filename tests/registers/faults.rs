//! A fault in every call: either the table equals the truth afterwards, or the run says
//! why not; nothing is removed that is there; the next sync is right.

use futures::StreamExt as _;
use transship::demo::{Arming, Fault};
use transship::model::Outcome;

use crate::desk::{Desk, Service};
use crate::worlds::{May, Teller};

/// With these the service tells untruths, which only a full walk is sure to take back.
const UNTRUE: &[Fault] = &[
    Fault::ApsSizeMissing,
    Fault::ApsStorageMissing,
    Fault::ApsFolderLoop,
    Fault::ApsTopFoldersNested,
];

/// After these a person must sign in again.
const ENDS_SESSION: &[Fault] = &[Fault::ApsRefreshReplyLost, Fault::ApsSessionLost];

/// Those of tokens: the token has expired, so that one is asked for.
const OF_TOKENS: &[Fault] =
    &[Fault::ApsToken500, Fault::ApsRefreshReplyLost, Fault::ApsSessionLost];

/// Never met by a walk: signing in with a browser, fetching, the object store.
fn is_met_elsewhere(fault: Fault) -> bool {
    let name = fault.name();
    let store = ["store", "download", "body_slow", "body_cut", "damaged", "sha1", "url", "chunked"];
    let other = ["consent", "wrong_state", "fallback", "hang"];
    store.iter().chain(&other).any(|word| name.contains(word))
}

fn of(prefix: &str) -> Vec<Fault> {
    let all = Fault::ALL.iter().copied();
    all.filter(|f| f.name().starts_with(prefix) && !is_met_elsewhere(*f)).collect()
}

/// Arms `fault` at the k-th occasion, lets something happen, syncs; then once more
/// without the fault. How often it struck.
async fn at(desk: &Desk, teller: &mut Teller, fault: Fault, k: u32) -> u32 {
    let when = format!("{:?}: {} at {k}", desk.service, fault.name());
    let arm = |arming: Arming| desk.world().arm(arming);
    teller.tell(desk, May::Change, 4);
    if OF_TOKENS.contains(&fault) {
        desk.expire();
    }
    // Links to pages are followed where there are pages, errors shown where there are some.
    match fault {
        Fault::DrivePageTokenRejected => arm(Arming::from(Fault::DriveShortPages).value(1)),
        Fault::ApsNextElsewhere => arm(Arming::from(Fault::ApsShortPages).value(2)),
        Fault::ApsPlainErrors => arm(Arming::from(Fault::ApsContents404)),
        _ => {}
    }
    // Small enough to matter here.
    let value = (fault == Fault::DriveQueryTooComplex).then_some(2);
    let after = if fault == Fault::ApsPlainErrors { 0 } else { k };
    arm(Arming { value, ..Arming::from(fault).after(after) });
    let result = desk.sync(k % 2 == 1).await;
    let struck = desk.world().struck(fault);
    desk.world().disarm();
    desk.assert_nothing_removed_wrongly(&when);
    let untrue = UNTRUE.contains(&fault);
    if let Some(told) = desk.differs()
        && !untrue
    {
        let said =
            matches!(result.outcome, Outcome::Partial | Outcome::Failed | Outcome::NeedsOperator);
        let named = result.error.as_deref().is_some_and(|error| error.len() > 20);
        assert!(said && named, "{when}: {told}\n{result:#?}");
    }
    if ENDS_SESSION.contains(&fault) && struck > 0 {
        desk.sign_in().await;
    }
    let result = desk.sync(untrue).await;
    Desk::well(&result, &format!("{when}, then without it"));
    desk.assert_true(&format!("{when}, then without it"));
    desk.assert_nothing_removed_wrongly(&when);
    desk.assert_no_offences(&when);
    struck
}

async fn everywhere(service: Service, faults: Vec<Fault>, seed: u64) {
    let one = |fault: Fault| async move {
        let desk = Desk::new(service).await;
        let mut teller = Teller::new(&desk, seed);
        // The first walk and later ones, early and late in them.
        let mut struck = 0;
        // Without a Retry-After a minute is waited: once is enough.
        let occasions = if fault == Fault::Aps429Bare { &[2][..] } else { &[2, 0, 1, 5] };
        for k in occasions.iter().copied() {
            struck = at(&desk, &mut teller, fault, k).await;
        }
        (fault, struck)
    };
    let struck: Vec<(Fault, u32)> =
        futures::stream::iter(faults).map(one).buffer_unordered(8).collect().await;
    let never: Vec<_> = struck.iter().filter(|(_, n)| *n == 0).map(|(f, _)| f.name()).collect();
    println!("{service:?}: never struck: {never:?}");
    let possible = match service {
        // A whole drive is never asked for by parents.
        Service::Drive => &["drive_group_loss", "drive_folder_404", "drive_query_too_complex"][..],
        _ => &[],
    };
    assert!(never.iter().all(|name| possible.contains(name)), "{never:?}");
}

#[tokio::test]
async fn autodesk_with_a_fault_in_any_call() {
    everywhere(Service::Autodesk, of("aps_"), 1).await;
}

#[tokio::test]
async fn a_drive_folder_with_a_fault_in_any_call() {
    everywhere(Service::Folder, of("drive_"), 2).await;
}

#[tokio::test]
async fn a_shared_drive_with_a_fault_in_any_call() {
    everywhere(Service::Drive, of("drive_"), 3).await;
}
