//! Who may see what, and how often.

use std::path::Path;

use serde_json::{Value, json};
use transship::demo::{AutodeskLimits as Limits, AutodeskOperation as Operation, Fault, Offence};
use transship::model::AutodeskGrant;

use super::{Aps, array, text};
use crate::Stage;

#[test]
fn an_application_that_is_no_custom_integration_sees_nothing_and_is_warned() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let hubs = aps.get("/project/v1/hubs").json();
    assert_eq!(array(&hubs["data"]).len(), 3);
    let warned = |hubs: &Value| -> Vec<String> {
        array(&hubs["meta"]["warnings"]).iter().map(|warning| text(&warning["Title"])).collect()
    };
    assert_eq!(warned(&hubs).len(), 6, "of regions where the account is not: that is normal");

    aps.happen(Operation::Provision { value: false });
    let reply = aps.get("/project/v1/hubs");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["data"], json!([]));
    assert_eq!(warned(&reply.json()).len(), 8);
    let warning = &reply.json()["meta"]["warnings"][0];
    assert_eq!(warning["ErrorCode"], "BIM360DM_ERROR");
    assert_eq!(warning["HttpStatusCode"], "403");
    assert_eq!(warning["Detail"], "You don't have permission to access this API");
    assert_eq!(aps.top_folders("").status, 403);
    let folder = &aps.truth().files[0].folder_id;
    assert_eq!(aps.get(&aps.folder(folder, "/contents")).status, 403);
    aps.happen(Operation::Provision { value: true });
    assert_eq!(aps.top_folders("").status, 200);
}

#[test]
fn archived_projects_are_not_listed_and_refuse() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let projects = || {
        let path = format!("/project/v1/hubs/{}/projects", aps.access().hub_id);
        array(&aps.get(&path).json()["data"]).len()
    };
    assert_eq!(projects(), 2);
    let project = aps.access().project_id.clone();
    aps.happen(Operation::Activate { project: project.clone(), value: false });
    assert_eq!(projects(), 1);
    let refused = aps.top_folders("");
    assert_eq!(refused.status, 403);
    let error = &refused.json()["errors"][0];
    assert_eq!(error["detail"], format!("Project is not active: {project}"));
    assert!(!aps.truth().active);
}

#[test]
fn a_forbidden_folder_is_not_named_or_named_and_refused() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let place = "Project Files/01 Drawings";
    let (before, lost) = (aps.truth().files.len(), 4);
    let id = aps.happen(Operation::Forbid { folder: place.into(), listed: false });
    let names = || {
        let top = text(&aps.top_folders("?projectFilesOnly=true").json()["data"][0]["id"]);
        let page = aps.get(&aps.folder(&top, "/contents")).json();
        let folders = array(&page["data"]);
        folders.iter().map(|folder| text(&folder["id"])).collect::<Vec<_>>()
    };
    assert!(!names().contains(&id));
    let refused = aps.get(&aps.folder(&id, "/contents"));
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["errors"][0]["status"], "403");
    let truth = aps.truth();
    assert_eq!((truth.files.len(), truth.lost.len()), (before - lost, lost));
    super::assert_same(&aps.walk(), &super::rows(&truth), "forbidden");

    aps.happen(Operation::Forbid { folder: place.into(), listed: true });
    assert!(names().contains(&id), "now it is named");
    assert_eq!(aps.get(&aps.folder(&id, "")).status, 403);
    super::assert_same(&aps.walk(), &super::rows(&aps.truth()), "named");

    // Below it one may be allowed again: it is one of the highest then.
    aps.happen(Operation::Forbid { folder: "Project Files".into(), listed: false });
    let inner = aps.happen(Operation::Allow { folder: format!("{place}/Structure").into() });
    let top = aps.top_folders("?projectFilesOnly=true").json();
    let top: Vec<String> = array(&top["data"]).iter().map(|folder| text(&folder["id"])).collect();
    assert!(top.contains(&inner) && !top.contains(&id), "{top:?}");
    let inside = aps.get(&aps.folder(&inner, "/contents")).json();
    assert_eq!(array(&inside["included"]).len(), 1);
    assert_eq!(aps.truth().files.len(), 2);

    aps.happen(Operation::Allow { folder: "Project Files".into() });
    aps.happen(Operation::Allow { folder: place.into() });
    assert_eq!(aps.truth().files.len(), before);
}

#[test]
fn more_calls_than_the_limit_are_refused_for_as_long_as_it_says() {
    let stage = Stage::with(|options| options.autodesk.limits = Limits::Times(0.1));
    let aps = Aps::sign_in(&stage);
    for _ in 0..5 {
        assert_eq!(aps.get("/project/v1/hubs").status, 200);
    }
    let refused = aps.get("/project/v1/hubs");
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json(), json!({ "developerMessage": "Quota limit exceeded." }));
    let pause: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((50..=60).contains(&pause), "{pause}");
    let hub = aps.access().hub_id.clone();
    let other = format!("/project/v1/hubs/{hub}/projects");
    assert_eq!(aps.get(&other).status, 200, "another kind of call has a limit of its own");

    // Whoever goes on asking does what no client may do.
    while stage.world().offences().is_empty() {
        assert_eq!(aps.get("/project/v1/hubs").status, 429);
    }
    let offence = stage.world().offences().remove(0);
    assert_eq!(offence.offence, Some(Offence::InsideRetryAfter));
    assert_eq!((offence.status, &*offence.path), (Some(429), "/project/v1/hubs"));
    // Another client id has buckets of its own.
    let public = aps.access().public_account("p", Path::new("tokens.json"));
    assert_ne!(public.client_id, aps.access().client_id);

    let free = Stage::with(|options| options.autodesk.limits = Limits::Off);
    let aps = Aps::sign_in(&free);
    assert!((0..60).all(|_| aps.get("/project/v1/hubs").status == 200));
    free.world().arm(Fault::Aps429);
    let refused = aps.get("/project/v1/hubs");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    assert_eq!(aps.get("/project/v1/hubs").status, 429, "not over yet");
}

#[test]
fn accounts_are_as_the_configuration_would_make_them() {
    let stage = Stage::new();
    let access = stage.stand_ins.autodesk();
    let path = Path::new("tokens.json");
    let account = access.account("autodesk", path);
    assert_eq!((account.name.as_str(), &account.base_url), ("autodesk", &access.base_url));
    assert_eq!(account.client_secret.as_ref(), Some(&access.client_secret));
    assert_eq!(account.callback_url, "http://localhost:8081/oauth/callback");
    assert_eq!(account.grant, AutodeskGrant::ThreeLegged);
    assert_eq!(access.public_account("a", path).client_secret, None);
    let two_legged = access.two_legged_account("a", path).grant;
    assert_eq!(two_legged, AutodeskGrant::TwoLegged { user_id: None });
    let service = access.service_account_account("a", path).unwrap();
    assert!(matches!(service.grant, AutodeskGrant::ServiceAccount { .. }));

    let printed = transship::demo::sim_json(&stage.stand_ins);
    let printed = &printed["autodesk"];
    for (name, value) in [
        ("base_url", &access.base_url),
        ("client_id", &access.client_id),
        ("public_client_id", &access.public_client_id),
        ("callback_url", &access.callback_url),
        ("hub_id", &access.hub_id),
        ("project_id", &access.project_id),
    ] {
        assert_eq!(printed[name], *value.as_str());
    }
    assert_eq!(printed["client_secret"], access.client_secret.expose());
    let pem = text(&printed["service_account"]["private_key"]);
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----"));

    // None of it is in the journal, or in what a debugger prints.
    let aps = Aps::sign_in(&stage);
    aps.walk();
    aps.refresh(&aps.refresh_token);
    let journal = serde_json::to_string(&stage.world().journal()).unwrap();
    let written = journal + &format!("{:?} {access:?}", stage.stand_ins);
    let secret = access.client_secret.expose();
    for secret in [secret, &aps.token, &aps.refresh_token, &pem] {
        assert!(!written.contains(secret));
    }
}
