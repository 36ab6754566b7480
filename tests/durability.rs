//! The order of durability, of the real program on the real disk, as `strace`
//! sees it:
//!
//! ```text
//! list booked as intended and synced < asked for
//! its raw reply written < synced < renamed < its folder synced < booked as received
//! part file written < synced < renamed into the archive < its folder synced < "verified" booked
//! "publishing" booked and synced < rename sent < rename at the server < "published" booked
//! ```
//!
//! An arrow counts as booked when the ledger's write-ahead log is written with
//! the event of it (its two states stand side by side there), and as durable
//! when that log is synced after. The session is encrypted, so that a rename
//! cannot be told from other packets on its socket: between the booking of
//! "publishing" and its sync nothing at all is sent there, and the server, which
//! has the same clock, has the rename only after that sync.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(target_os = "linux")]

mod support;

use support::order::{Call, Record, can_record, record};

#[tokio::test]
async fn nothing_is_booked_before_it_is_durable_and_nothing_sent_before_it_is_booked() {
    if !can_record() {
        println!("SKIPPED: this machine lets no process watch another (ptrace): NOTHING IS PROVED");
        return;
    }
    let record = record(None).await;
    record.check().unwrap_or_else(|broken| panic!("not kept: {broken}\n{:#?}", record.calls));

    // The judge itself: the same story with one step left out or out of turn.
    let part_sync = |c: &Call| c.syncs("/parts/");
    let archiving = |c: &Call| c.renames("/parts/", "/archive/");
    let folder_sync = |c: &Call| c.syncs("/archive/0>");
    let archive_sync = |c: &Call| c.syncs("/archive>");
    let data_sync = |c: &Call| c.syncs("/data>");
    let list_sync = |c: &Call| c.syncs(".json.partial");
    let lists_sync = |c: &Call| c.syncs("/polls>");
    let wal_sync = |c: &Call| c.syncs("connector.db-wal");
    for (mistake, broken) in [
        ("no part sync", record.without(part_sync)),
        ("part sync too early", record.with_first(part_sync)),
        ("never archived", record.without(archiving)),
        ("archived before it is whole", record.with_first(archiving)),
        ("no folder sync", record.without(folder_sync)),
        ("folder sync too early", record.with_first(folder_sync)),
        ("no sync of the folder that it may be new in", record.without(archive_sync)),
        ("no sync of the data folder", record.without(data_sync)),
        ("no sync of the ledger", record.without(wal_sync)),
        ("all syncs of the ledger too early", record.with_first(wal_sync)),
        ("no sync of the list", record.without(list_sync)),
        ("no sync of its folder", record.without(lists_sync)),
        ("its folder synced too early", record.with_first(lists_sync)),
        ("listed before anything was booked", Record { listed: 0, ..record.clone() }),
        ("renamed before anything was booked", Record { renamed: 0, ..record.clone() }),
    ] {
        assert!(broken.check().is_err(), "{mistake}: goes unnoticed");
    }
}

/// What breaks the program is not in the program that is given away.
#[cfg(not(feature = "crash-points"))]
#[test]
fn the_ordinary_program_has_no_crash_points() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_transship")).unwrap();
    let contains = |text: &[u8]| program.windows(text.len()).any(|window| window == text);
    assert!(contains(b"TRANSSHIP_DATA_DIR"), "its variables can be seen in it");
    assert!(!contains(b"TRANSSHIP_CRASH") && !contains(b"TRANSSHIP_WRONG"));
}
