//! What goes wrong with lists when it is told to. The faults of sign-in and of
//! downloads are in their own files.

use std::time::Duration;

use serde_json::Value;
use transship::demo::{Arming, AutodeskOperation as Operation, Fault, Offence};

use super::{Aps, array, assert_same, rows, text};
use crate::Stage;

/// Longest wait for a reply that may never come.
const PATIENCE: Duration = Duration::from_millis(700);

fn top(aps: &Aps<'_>) -> String {
    text(&aps.top_folders("?projectFilesOnly=true").json()["data"][0]["id"])
}

#[test]
fn replies_are_late_refused_broken_or_missing() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let contents = aps.folder(&top(&aps), "/contents");
    // The fault, the status of the reply (none: it does not come through), and
    // what its body begins with.
    let table: &[(Arming, Option<u16>, &str)] = &[
        (Fault::Aps429Bare.into(), Some(429), "{\"developerMessage\":\"Quota limit"),
        (Fault::Aps500.into(), Some(500), "{\"developerMessage\""),
        (Fault::ApsHtml502.into(), Some(502), "<html>"),
        (Fault::ApsCutBefore.into(), None, ""),
        (Fault::ApsCutBody.into(), None, ""),
        (Arming::from(Fault::ApsCutBody).value(0), None, ""),
        (Fault::ApsHang.into(), None, ""),
        (Fault::ApsTokenExpired.into(), Some(401), "{\"developerMessage\""),
        (Fault::ApsContents403.into(), Some(403), "{\"errors\""),
        (Fault::ApsContents404.into(), Some(404), "{\"errors\""),
    ];
    for (arming, status, body) in table {
        let name = arming.name.name();
        let aps = Aps::sign_in(&stage);
        stage.world().arm(arming.clone());
        let request = aps.http.get(aps.url(&contents)).bearer_auth(&aps.token).timeout(PATIENCE);
        match (aps.send(request), status) {
            (Ok(reply), Some(status)) => {
                assert_eq!(reply.status, *status, "{name}");
                assert!(reply.text.starts_with(body), "{name}: {}", reply.text);
                assert_eq!(reply.header("retry-after"), None, "{name}");
            }
            (Err(_), None) => {}
            (reply, _) => panic!("{name}: {reply:?}"),
        }
        assert!(stage.world().armed().is_empty(), "{name} has struck");
        // And the next list is a list again.
        assert_eq!(Aps::sign_in(&stage).get(&contents).status, 200, "{name}");
    }
    stage.world().arm(Arming::from(Fault::ApsSlow).value(300));
    let request = aps.http.get(aps.url(&contents)).bearer_auth(&aps.token);
    assert!(aps.send(request.timeout(Duration::from_millis(100))).is_err(), "it is late");
}

#[test]
fn faults_strike_in_the_middle_of_a_walk() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    stage.world().arm(Arming::from(Fault::ApsTokenExpired).after(4));
    let contents = aps.folder(&top(&aps), "/contents");
    let statuses: Vec<u16> = (0..5).map(|_| aps.get(&contents).status).collect();
    assert_eq!(statuses, [200, 200, 200, 401, 401]);
}

#[test]
fn errors_may_be_plain_text() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    stage.world().arm(Fault::ApsPlainErrors);
    let reply = aps.get("/project/v1/hubs/b.nothing");
    assert_eq!((reply.status, reply.text.as_str()), (404, "The requested hub does not exist."));
    assert!(reply.header("content-type").unwrap().starts_with("text/plain"));
}

#[test]
fn a_pause_that_was_asked_for_is_watched() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let contents = aps.folder(&top(&aps), "/contents");
    stage.world().arm(Arming::from(Fault::Aps429).value(2));
    let refused = aps.get(&contents);
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("2")));
    assert_eq!(aps.get("/project/v1/hubs").status, 200, "a call of another kind");
    while stage.world().offences().is_empty() {
        assert_eq!(aps.get(&contents).status, 429);
    }
    assert_eq!(stage.world().offences()[0].offence, Some(Offence::InsideRetryAfter));
    // And over it is.
    while aps.get(&contents).status == 429 {}
}

/// Faults that a client with eyes does not fall over.
#[test]
fn a_careful_walk_survives_how_lists_are_cut_up() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    for faults in [
        vec![Arming::from(Fault::ApsShortPages)],
        vec![Arming::from(Fault::ApsShortPages).value(1)],
        vec![Arming::from(Fault::ApsShortPages), Fault::ApsEmptyPages.into()],
        vec![Fault::ApsRelativeLinks.into(), Fault::ApsShortPages.into()],
        vec![Fault::ApsTopFoldersNested.into()],
        vec![Fault::ApsFolderLoop.into()],
    ] {
        let names: Vec<&str> = faults.iter().map(|fault| fault.name.name()).collect();
        for fault in &faults {
            stage.world().arm(fault.clone());
        }
        let mut seen = aps.walk();
        let truth = rows(&aps.truth());
        if names.contains(&"aps_top_folders_nested") {
            // The path depends on where one came from; the rest does not.
            seen.iter_mut().for_each(|(id, row)| row.path.clone_from(&truth[id].path));
        }
        assert_same(&seen, &truth, &format!("{names:?}"));
        for fault in &faults {
            assert!(stage.world().struck(fault.name) > 0, "{names:?}");
        }
        stage.world().disarm();
    }
}

#[test]
fn pages_are_short_empty_or_lead_astray() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let folder = top(&aps);
    let first = |query: &str| aps.get(&aps.folder(&folder, &format!("/contents{query}"))).json();
    let count = |page: &Value| array(&page["data"]).len();
    let next = |page: &Value| page["links"]["next"]["href"].as_str().map(str::to_owned);

    stage.world().arm(Arming::from(Fault::ApsShortPages).value(2));
    assert_eq!(count(&first("")), 2);
    assert!(next(&first("")).is_some());
    stage.world().arm(Fault::ApsEmptyPages);
    let empty = first("?page%5Bnumber%5D=1");
    assert_eq!(count(&empty), 0);
    assert!(next(&empty).is_some(), "an empty page in the middle");
    stage.world().arm(Fault::ApsRelativeLinks);
    assert!(next(&empty).unwrap().starts_with("http"));
    assert!(next(&first("")).unwrap().starts_with("/data/v1/"));
    stage.world().disarm();

    stage.world().arm(Fault::ApsNextLoops);
    let page = first("?page%5Blimit%5D=2");
    assert_eq!(next(&page), next(&aps.get(&next(&page).unwrap()).json()), "again and again");
    assert!(next(&page).unwrap().contains("page%5Bnumber%5D=0"));
    stage.world().disarm();

    stage.world().arm(Fault::ApsNextElsewhere);
    let bait = next(&first("?page%5Blimit%5D=2")).unwrap();
    assert!(!bait.starts_with(&aps.access().base_url));
    let page = aps.plain(&bait);
    assert_eq!((page.status, count(&page.json())), (200, 0));
    assert!(stage.world().offences().is_empty(), "without the token it is only foolish");
    aps.get(&bait);
    assert_eq!(stage.world().offences()[0].offence, Some(Offence::TokenSentElsewhere));
}

#[test]
fn contents_may_lack_what_a_register_needs() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let letter = aps.truth().file("Project Files/05 Correspondence/Letter.docx").unwrap().clone();
    let contents = aps.folder(&letter.folder_id, "/contents");
    let tip = || aps.get(&contents).json()["included"][0].clone();
    assert!(tip()["attributes"]["storageSize"].is_u64());
    stage.world().arm(Fault::ApsSizeMissing);
    assert_eq!(tip()["attributes"].get("storageSize"), None);
    stage.world().disarm();
    stage.world().arm(Fault::ApsStorageMissing);
    assert_eq!(tip()["relationships"].get("storage"), None);
    stage.world().disarm();
    stage.world().arm(Fault::ApsNoIncluded);
    let page = aps.get(&contents).json();
    assert_eq!((page.get("included"), array(&page["data"]).len()), (None, 2));
    assert!(tip().is_object(), "once");

    stage.world().arm(Fault::ApsFolderLoop);
    let page = aps.get(&contents).json();
    let ids: Vec<String> = array(&page["data"]).iter().map(|entry| text(&entry["id"])).collect();
    assert!(ids.contains(&letter.folder_id), "the folder lies in itself");
    stage.world().disarm();

    let before = aps.truth().files.len();
    stage.world().arm(Fault::ApsHostileNames);
    aps.get(&contents);
    let after = aps.truth();
    assert_eq!(after.files.len(), before + transship::demo::HOSTILE_NAMES.len());
    assert!(after.file("Project Files/05 Correspondence/../../etc/passwd").is_some());
    assert_same(&aps.walk(), &rows(&after), "hostile names");
    aps.happen(Operation::StructuralRollup { value: true });
}
