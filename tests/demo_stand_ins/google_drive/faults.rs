//! Every fault of the Drive strikes, and does what it says.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::header;
use transship::demo::{Arming, DriveOperation as Op, Fault};

use super::{Account, Caller, METADATA, refusal, rows, text, truth, with_samples};

const MEDIA: [(&str, &str); 1] = [("alt", "media")];

/// Arms, looks, disarms, and looks whether it did strike.
fn with(
    caller: &Caller<'_>,
    seen: &mut BTreeSet<&'static str>,
    arming: impl Into<Arming>,
    look: impl FnOnce(),
) {
    let arming = arming.into();
    let fault = arming.name;
    let world = caller.stage.world();
    let before = world.struck(fault);
    world.arm(arming);
    look();
    assert!(world.struck(fault) > before, "{} did not strike", fault.name());
    world.disarm();
    seen.insert(fault.name());
}

#[test]
fn every_fault_strikes() {
    let stage = with_samples();
    let caller = &Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let file = caller.apply(Op::file(root, "file.csv", "0123456789".repeat(100)));
    let path = &*format!("files/{file}");
    let in_root = &*format!("'{root}' in parents");
    let seen = &mut BTreeSet::new();
    let ok = || assert_eq!(caller.ask("files", &[]).0, 200);
    let refused = |reason: &str, status: u16| {
        assert_eq!(caller.refused("files", &[]), (status, reason.into(), "".into()));
        ok();
    };

    let account = Account::new(&stage);
    let exchange = || account.exchange_claims(&account.claims(METADATA));
    with(caller, seen, Fault::DriveSignInRefused, || {
        for _ in 0..2 {
            let (status, reply) = exchange();
            assert_eq!((status, &*text(&reply["error"])), (400, "invalid_grant"));
        }
    });
    with(caller, seen, Fault::DriveSignIn503, || assert_eq!(exchange().0, 503));
    assert_eq!(exchange().0, 200, "the control");

    with(caller, seen, Arming::from(Fault::Drive429).value(0), || {
        refused("rateLimitExceeded", 429)
    });
    with(caller, seen, Fault::Drive403Rate, || refused("userRateLimitExceeded", 403));
    with(caller, seen, Fault::Drive500, || refused("internalError", 500));
    with(caller, seen, Fault::Drive503, || refused("backendError", 503));
    for (arming, expected) in
        [(Arming::from(Fault::DriveHtml), 502), (Arming::from(Fault::DriveHtml).value(200), 200)]
    {
        with(caller, seen, arming, || {
            let (status, headers, body) = caller.fetch(caller.request("files", &[]));
            assert_eq!(status, expected);
            assert!(headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
            assert!(body.starts_with(b"<html>"));
            ok();
        });
    }
    with(caller, seen, Fault::DriveCutBefore, || {
        assert!(stage.send(caller.request("files", &[])).is_err());
        ok();
    });
    for cut in [Arming::from(Fault::DriveCutBody), Arming::from(Fault::DriveCutBody).value(1)] {
        with(caller, seen, cut, || {
            let reply = caller.send(caller.request("files", &[]));
            assert_eq!(reply.status(), 200);
            assert!(stage.wait(reply.bytes()).is_err(), "a short body is no whole one");
            ok();
        });
    }
    with(caller, seen, Arming::from(Fault::DriveSlow).value(120), || {
        let started = Instant::now();
        ok();
        ok();
        assert!(started.elapsed() > Duration::from_millis(240));
    });

    with(caller, seen, Fault::DriveIncompleteSearch, || {
        let query = [("q", in_root), ("pageSize", "1000")];
        let (partial, whole) = (caller.get("files", &query), caller.get("files", &query));
        let count = |page: &serde_json::Value| page["files"].as_array().unwrap().len();
        assert_eq!(
            (&partial["incompleteSearch"], &whole["incompleteSearch"]),
            (&true.into(), &false.into())
        );
        assert_eq!(count(&partial), count(&whole) / 2);
    });
    let expected = truth(caller.drive(), root);
    with(caller, seen, Arming::from(Fault::DriveShortPages).value(2), || {
        let (files, pages) = caller.all(&[("q", in_root), ("pageSize", "1000")]);
        assert_eq!(pages, files.len().div_ceil(2));
        assert_eq!(rows(caller.walk(root, 50).values()), expected);
    });
    with(caller, seen, Arming::from(Fault::DriveEmptyPage).count(3), || {
        let (files, pages) = caller.all(&[("q", in_root), ("pageSize", "1000")]);
        assert_eq!(pages, 4, "three without files, one with all");
        assert!(files.len() > 5);
    });
    with(caller, seen, Fault::DrivePageTokenRejected, || {
        let first = caller.get("files", &[("pageSize", "2")]);
        let token = text(&first["nextPageToken"]);
        let next = [("pageSize", "2"), ("pageToken", &*token)];
        assert_eq!(caller.refused("files", &next), (400, "invalid".into(), "pageToken".into()));
        caller.get("files", &next);
    });
    with(caller, seen, Arming::from(Fault::DriveQueryTooComplex).value(2), || {
        let of = |terms: usize| vec![in_root; terms].join(" or ");
        caller.get("files", &[("q", &of(2))]);
        let (status, body) = caller.ask("files", &[("q", &of(3))]);
        assert_eq!(refusal(status, &body).2, "q");
        assert_eq!(body["error"]["message"], "The query is too complex.");
    });
    with(caller, seen, Fault::DriveFolder404, || {
        caller.get("files", &[]);
        let query = [("q", in_root)];
        assert_eq!(caller.refused("files", &query), (404, "notFound".into(), "fileId".into()));
        caller.get("files", &query);
    });

    let token = text(&caller.get("changes/startPageToken", &[])["startPageToken"]);
    for (arming, status) in [
        (Arming::from(Fault::DriveChangesTokenGone), 410),
        (Arming::from(Fault::DriveChangesTokenGone).value(404), 404),
        (Arming::from(Fault::DriveChangesTokenGone).value(400), 400),
    ] {
        with(caller, seen, arming, || {
            assert_eq!(caller.refused("changes", &[("pageToken", &token)]).0, status);
            caller.get("changes", &[("pageToken", &token)]);
        });
    }

    let content = "0123456789".repeat(100).into_bytes();
    let download = || caller.fetch(caller.request(path, &MEDIA));
    with(caller, seen, Fault::DriveDownloadWrong, || {
        let (status, _, bytes) = download();
        assert_eq!((status, bytes.len()), (200, content.len()));
        assert_ne!(bytes, content);
        assert_eq!(download().2, content);
    });
    with(caller, seen, Fault::DriveDownloadQuota, || {
        let (status, _, body) = download();
        let body = serde_json::from_slice(&body).unwrap();
        assert_eq!(refusal(status, &body).1, "downloadQuotaExceeded");
        assert_eq!(download().0, 200);
    });
    with(caller, seen, Fault::DriveDownloadRefused, || {
        let can = || caller.get(path, &[("fields", "capabilities/canDownload")]);
        assert_eq!(can()["capabilities"]["canDownload"], false);
        assert_eq!(download().0, 403);
        assert_eq!(can()["capabilities"]["canDownload"], false, "it lasts");
    });
    with(caller, seen, Arming::from(Fault::DriveDownloadSlow).value(2000), || {
        let started = Instant::now();
        assert_eq!(download().2, content);
        assert!(started.elapsed() > Duration::from_millis(400), "half a second's worth");
    });
    for sent in [0, 1, 999] {
        with(caller, seen, Arming::from(Fault::DriveDownloadCut).value(sent), || {
            assert_eq!(broken_off(caller, path, None), content[..sent as usize]);
        });
    }
    with(caller, seen, Arming::from(Fault::DriveDownloadChanged).value(300), || {
        let before = caller.get(path, &[("fields", "md5Checksum")]);
        let first = broken_off(caller, path, None);
        assert_eq!(first, content[..300]);
        let rest = caller.fetch(caller.request(path, &MEDIA).header("Range", "bytes=300-")).2;
        let md5 = |bytes: &[u8]| format!("{:x}", md5::compute(bytes));
        let after = caller.get(path, &[("fields", "md5Checksum")]);
        assert_ne!(before, after, "another file by now");
        assert_ne!(
            md5(&[first, rest].concat()),
            text(&after["md5Checksum"]),
            "and no mixture is it"
        );
        assert_eq!(md5(&download().2), text(&after["md5Checksum"]));
    });

    with(caller, seen, Fault::DriveGroupLoss, || {
        assert_eq!(
            rows(caller.walk(root, 1).values()),
            expected_now(caller),
            "alone nothing is lost"
        );
        let lost: Vec<usize> = (0..4)
            .map(|seed| {
                stage.world().disarm();
                stage.world().arm(Arming::from(Fault::DriveGroupLoss).value(seed));
                let found = rows(caller.walk(root, 50).values());
                assert_eq!(
                    found,
                    rows(caller.walk(root, 50).values()),
                    "the same seed, the same loss"
                );
                let whole = expected_now(caller);
                assert!(found.iter().all(|(id, row)| whole[id] == *row), "nothing is made up");
                whole.len() - found.len()
            })
            .collect();
        assert!(lost.iter().any(|lost| *lost > 0), "{lost:?}");
    });

    // At last, because nothing works afterwards.
    with(caller, seen, Fault::DriveTokenRevoked, || {
        assert_eq!(caller.refused("files", &[]).0, 401);
        assert_eq!(caller.refused("files", &[]).0, 401);
    });

    let all: BTreeSet<&str> = Fault::ALL
        .iter()
        .map(|fault| fault.name())
        .filter(|name| name.starts_with("drive_"))
        .collect();
    assert_eq!(*seen, all, "a fault that no test has seen is none");
}

fn expected_now(caller: &Caller<'_>) -> super::Rows {
    truth(caller.drive(), caller.drive().root_folder_id())
}

/// What came of a download that broke off.
fn broken_off(caller: &Caller<'_>, path: &str, range: Option<&str>) -> Vec<u8> {
    let mut request = caller.request(path, &MEDIA);
    if let Some(range) = range {
        request = request.header(header::RANGE, range);
    }
    let mut reply = caller.send(request);
    let mut got = Vec::new();
    loop {
        match caller.stage.wait(reply.chunk()) {
            Ok(Some(chunk)) => got.extend(chunk),
            Ok(None) => panic!("a short body is no whole one"),
            Err(_) => return got,
        }
    }
}

#[test]
fn a_group_that_lost_parents_still_has_the_others_whole() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let truth = caller.drive().truth(root).unwrap();
    let folders: Vec<&str> = truth.folders.iter().map(|row| &*row.id).collect();
    let parents: Vec<String> = folders.iter().map(|id| format!("'{id}' in parents")).collect();
    let q = format!("({}) and trashed = false", parents.join(" or "));
    stage.world().arm(Arming::from(Fault::DriveGroupLoss).value(3));
    let (files, _) = caller.all(&[("q", &q)]);
    let count = |folder: &str| files.iter().filter(|file| file["parents"][0] == folder).count();
    let expected = |folder: &str| {
        truth.files.iter().chain(&truth.folders).filter(|row| row.folder == folder).count()
    };
    let mut lost = 0;
    for folder in folders {
        // All or nothing: so a parent without a hit is worth asking for alone.
        assert!([0, expected(folder)].contains(&count(folder)), "{folder}");
        lost += usize::from(count(folder) < expected(folder));
    }
    assert!(lost > 0, "the fault did strike");
}
