//! Bytes on their way to a destination.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use transship::demo::{Arming, AutodeskOperation as Aps, DriveOperation as Drive, Fault};
use transship::engine::Command;
use transship::ledger::{Books as _, Filter, Reader};
use transship::model::Outcome;

use crate::desk::{Desk, Service};

/// How often which content is meant, by SHA-256; and how many exports of native
/// documents there are besides, whose bytes only the service knows.
pub fn wanted(desk: &Desk) -> (BTreeMap<String, usize>, usize) {
    let left_out = desk.table().left_out;
    let (mut wanted, mut exports) = (BTreeMap::new(), 0);
    match desk.service {
        Service::Autodesk => {
            for id in desk.truth().files.keys().filter(|id| !left_out.contains_key(*id)) {
                let bytes = desk.world().autodesk_content(id).unwrap();
                *wanted.entry(sha256(&bytes)).or_default() += 1;
            }
        }
        _ => {
            for file in desk.world().google_drive().truth(desk.root()).unwrap().files {
                if left_out.contains_key(&file.id) {
                    assert!(file.md5.is_none() || !file.can_download, "{file:?}: {left_out:?}");
                    continue;
                }
                match file.sha256 {
                    Some(sum) => *wanted.entry(sum).or_default() += 1,
                    None => exports += 1,
                }
            }
        }
    }
    (wanted, exports)
}

/// What has arrived, by SHA-256.
pub fn arrived(desk: &Desk) -> BTreeMap<String, usize> {
    let mut arrived = BTreeMap::new();
    for file in desk.site.oracle().foreign {
        *arrived.entry(file.sha256).or_default() += 1;
    }
    arrived
}

/// Everything has arrived, each once, and nothing else.
#[track_caller]
pub fn assert_all_once(desk: &Desk, when: &str) {
    let ((wanted, exports), arrived) = (wanted(desk), arrived(desk));
    let mut more = 0;
    for (sum, count) in &arrived {
        let meant = wanted.get(sum).copied().unwrap_or(0);
        assert!(meant == 0 || *count == meant, "{when}: {sum} arrived {count} times, not {meant}");
        more += if meant == 0 { *count } else { 0 };
    }
    for sum in wanted.keys() {
        assert!(arrived.contains_key(sum), "{when}: {sum} never arrived");
    }
    assert_eq!(more, exports, "{when}: exports of native documents");
    assert_eq!(desk.site.oracle().temporaries, Vec::<String>::new(), "{when}");
}

fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Syncs until nothing is on its way.
async fn until_quiet(desk: &Desk, when: &str) {
    let mut said = Vec::new();
    for _ in 0..8 {
        let result = desk.sync(false).await;
        let pending = Filter { pending: true, ..Filter::default() };
        let open = Reader::open(&desk.site.database()).unwrap().exports(&pending).unwrap();
        if matches!(result.outcome, Outcome::NothingNew | Outcome::Done) && open.is_empty() {
            return;
        }
        // Now, and not when its time has come.
        desk.ask(Command::Retry(open.iter().map(|row| row.id).collect())).await;
        said.push((result, open));
    }
    panic!("{when}: not quiet: {said:#?}");
}

#[tokio::test]
async fn bytes_arrive_once_and_only_new_ones_again() {
    for service in [Service::Autodesk, Service::Folder, Service::Drive] {
        let desk = Desk::delivering(service).await;
        let when = format!("{service:?}");
        Desk::well(&desk.sync(false).await, &when);
        desk.assert_true(&when);
        assert_all_once(&desk, &when);
        let before = arrived(&desk);

        // A rename and a move send nothing.
        let (id, row) = some(&desk);
        let other = desk.truth().files.values().find(|r| r.folder != row.folder).unwrap().clone();
        if service == Service::Autodesk {
            let (what, name) = (id.clone().into(), "renamed.txt".into());
            desk.world().autodesk(Aps::Rename { what, name, in_place: true }).unwrap();
            let (what, to) = (id.clone().into(), other.folder.into());
            desk.world().autodesk(Aps::Move { what, to }).unwrap();
        } else {
            let drive = desk.world().google_drive();
            drive.apply(Drive::rename(&id, "renamed.txt")).unwrap();
            drive.apply(Drive::move_to(&id, other.folder)).unwrap();
        }
        let result = desk.sync(false).await;
        Desk::well(&result, &when);
        desk.assert_true(&when);
        assert_eq!((result.delivered, arrived(&desk) == before), (0, true), "{when}: {result:#?}");

        // A new version is a new delivery.
        if service == Service::Autodesk {
            desk.world()
                .autodesk(Aps::AddVersion { file: id.clone().into(), content: None })
                .unwrap();
        } else {
            desk.world().google_drive().apply(Drive::content(&id, "something else")).unwrap();
        }
        let result = desk.sync(false).await;
        Desk::well(&result, &when);
        desk.assert_true(&when);
        assert_eq!(result.delivered, 1, "{when}: {result:#?}");
        let after: usize = arrived(&desk).values().sum();
        assert_eq!(after, before.values().sum::<usize>() + 1);
    }
}

/// A file with bytes of its own.
fn some(desk: &Desk) -> (String, crate::desk::Row) {
    let table = desk.table();
    let own = |(id, row): &(String, crate::desk::Row)| {
        !table.left_out.contains_key(id)
            && row.version != "native"
            && row.size.is_some_and(|size| size > 0)
    };
    table.present.clone().into_iter().find(own).unwrap()
}

#[tokio::test]
async fn view_only_files_are_told() {
    for service in [Service::Autodesk, Service::Folder] {
        let desk = Desk::delivering(service).await;
        desk.sync(false).await;
        let (id, _) = some(&desk);
        if service == Service::Autodesk {
            desk.world().autodesk(Aps::ViewOnly { file: id.clone().into(), value: true }).unwrap();
            desk.world()
                .autodesk(Aps::AddVersion { file: id.clone().into(), content: None })
                .unwrap();
        } else {
            let drive = desk.world().google_drive();
            drive.apply(Drive::content(&id, "never seen")).unwrap();
            drive.apply(Drive::Restrict { id: id.clone(), can_download: false }).unwrap();
        }
        let result = desk.sync(false).await;
        assert_eq!(result.delivered, 0, "{service:?}: {result:#?}");
        desk.sync(false).await;
        desk.assert_true("view-only");
        let why = desk.table().left_out.get(&id).cloned().unwrap_or_default();
        let (refused, known) = ("metadata only: not allowed", "view-only");
        assert!(why.contains(refused) || why.contains(known), "{service:?}: {why:?}");
        Desk::well(&desk.sync(false).await, "it is not tried again and again");
        if service == Service::Autodesk {
            // A right that is given leaves no trace: the full walk tries.
            desk.world().autodesk(Aps::ViewOnly { file: id.clone().into(), value: false }).unwrap();
            assert_eq!(desk.sync(false).await.delivered, 0);
            assert_eq!(desk.sync(true).await.delivered, 1);
            assert!(!desk.table().left_out.contains_key(&id));
        }
    }
}

/// Faults that downloads meet.
const OF_DOWNLOADS: &[Fault] = &[
    Fault::ApsDownload403,
    Fault::ApsUrlExpired,
    Fault::ApsChunked,
    Fault::ApsFallback,
    Fault::ApsWrongSha1,
    Fault::ApsStore503,
    Fault::ApsStoreCut,
    Fault::ApsBodyCut,
    Fault::ApsBodySlow,
    Fault::ApsDamaged,
    Fault::DriveDownloadCut,
    Fault::DriveDownloadWrong,
    Fault::DriveDownloadQuota,
    Fault::DriveDownloadChanged,
    Fault::DriveDownloadSlow,
    Fault::DriveTokenRevoked,
    Fault::Drive503,
];

#[tokio::test]
async fn a_fault_in_a_download_delivers_nothing_wrong_and_nothing_twice() {
    let one = |fault: Fault| async move {
        let autodesk = fault.name().starts_with("aps_");
        let service = if autodesk { Service::Autodesk } else { Service::Folder };
        let desk = Desk::delivering(service).await;
        let when = fault.name();
        // Past the calls that only list, where the fault is one of every call.
        let after = if fault.name().contains("download") || autodesk { 1 } else { 12 };
        let slow = fault.lasts().then_some(1 << 20);
        desk.world().arm(Arming { value: slow, ..Arming::from(fault).after(after) });
        let result = desk.sync(false).await;
        let struck = desk.world().struck(fault);
        assert!(struck > 0, "{when} never struck: {result:#?}");
        desk.world().disarm();
        until_quiet(&desk, when).await;
        Desk::well(&desk.sync(true).await, when);
        desk.assert_true(when);
        desk.assert_no_offences(when);
        assert_all_once(&desk, when);
    };
    futures::stream::iter(OF_DOWNLOADS.iter().copied())
        .map(one)
        .buffer_unordered(4)
        .collect::<Vec<()>>()
        .await;
}
