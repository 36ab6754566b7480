//! The control URL, the printed access data, the end.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use transship::demo::{Options, StandIns, arrivals, sample_exports, sim_json};

use crate::encoura::Caller;
use crate::{Stage, export};

#[test]
fn the_world_can_be_seen_and_changed_over_http() {
    let stage = Stage::new();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = |method: &str, path: &str, body: Value| {
        let url = format!("{}{path}", stage.stand_ins.control_url());
        let mut request = http.request(method.parse().unwrap(), url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let reply = stage.send(request).unwrap();
        (reply.status().as_u16(), stage.wait(reply.json::<Value>()).unwrap())
    };

    let (_, added) = call("POST", "/exports", json!({ "count": 3 }));
    assert_eq!(added["uids"].as_array().unwrap().len(), 3);
    let explicit = json!({ "name": "x.pdf", "content_base64": "/wD/", "product_key": "aos" });
    assert_eq!(call("POST", "/exports", explicit).0, 200);
    let old = json!({ "name": "old.csv", "content": "old", "status": "Delivered" });
    assert_eq!(call("POST", "/exports", old).0, 200);
    assert_eq!(call("POST", "/exports", json!({ "nmae": "x" })).0, 400);
    assert_eq!(call("POST", "/exports", json!({ "name": "x", "content_base64": "!" })).0, 400);

    let (_, world) = call("GET", "/world", Value::Null);
    assert_eq!(world["totals"]["waiting"], 4);
    assert_eq!(world["totals"]["old"], 1);
    assert_eq!(world["exports"][3]["bytes"], 3);
    assert_eq!(world["exports"][3]["product_key"], "aos");

    let fault = json!({ "name": "list_cut", "count": 2 });
    assert_eq!(call("POST", "/faults", fault).0, 200);
    let (_, armed) = call("GET", "/faults", Value::Null);
    assert_eq!(armed, json!([{ "name": "list_cut", "value": null, "count": 2, "after": 0 }]));
    assert_eq!(call("POST", "/faults", json!({ "name": "no_such_fault" })).0, 400);
    assert_eq!(call("DELETE", "/faults", Value::Null), (200, json!([])));
}

#[test]
fn the_journal_tells_every_call_and_no_secret() {
    let stage = Stage::new();
    let uid = stage.world().add(export("a.csv", "a"));
    let caller = Caller::sign_in(&stage);
    caller.uids("status=NotDelivered");
    let url = caller.download_url(&uid);
    stage.send(caller.http.get(&url)).unwrap();

    let journal = stage.world().journal();
    let calls: Vec<(&str, &str, Option<u32>)> =
        journal.iter().map(|call| (&*call.method, &*call.path, call.status)).collect();
    let object = format!("/store/{uid}/a.csv");
    let download = format!("/v1/datacenter/exports/{uid}/download");
    let expected = [
        ("POST", "/v1/login", Some(200)),
        ("GET", "/v1/datacenter/exports?status=NotDelivered", Some(200)),
        ("GET", &download, Some(200)),
        ("GET", &object, Some(200)),
    ];
    assert_eq!(calls, expected);

    let access = stage.stand_ins.encoura();
    let written = serde_json::to_string(&journal).unwrap() + &format!("{:?}", stage.stand_ins);
    let signature = url.split("X-Signature=").nth(1).unwrap();
    let password = stage.stand_ins.sftp().password.expose();
    for secret in
        [&caller.token, access.password.expose(), access.api_key.expose(), signature, password]
    {
        assert!(!written.contains(secret));
    }
}

#[test]
fn sim_prints_how_to_reach_each_service() {
    let stage = Stage::new();
    let printed = sim_json(&stage.stand_ins);
    let (encoura, sftp) = (stage.stand_ins.encoura(), stage.stand_ins.sftp());
    assert!(printed["encoura"]["base_url"].as_str().unwrap().ends_with("/v1"));
    for (value, expected) in [
        (&printed["encoura"]["api_key"], encoura.api_key.expose()),
        (&printed["encoura"]["password"], encoura.password.expose()),
        (&printed["encoura"]["organization_uid"], &*encoura.organization_uid),
        (&printed["sftp"]["host"], "127.0.0.1"),
        (&printed["sftp"]["username"], "sftp@school.example"),
        (&printed["sftp"]["password"], sftp.password.expose()),
        (&printed["sftp"]["host_key"], &*sftp.host_key),
        (&printed["sftp"]["directory"], "/incoming/Encoura API Uploads/"),
        (&printed["sftp"]["processed"], "/incoming/processed/"),
        (&printed["google_drive"]["base_url"], &*stage.stand_ins.google_drive().base_url),
        (&printed["google_drive"]["root_folder_id"], stage.world().google_drive().root_folder_id()),
        (&printed["control_url"], stage.stand_ins.control_url()),
    ] {
        assert_eq!(value, expected);
    }
    assert_eq!(printed["sftp"]["port"], sftp.port);
    let services: Vec<&String> = printed.as_object().unwrap().keys().collect();
    assert_eq!(
        services,
        ["autodesk", "control_url", "encoura", "google_drive", "sftp"],
        "no service is promised that is not there"
    );
}

#[test]
fn exports_arrive_over_time_until_somebody_says_stop() {
    let stage = Stage::new();
    let cancel = CancellationToken::new();
    let arriving = arrivals(Arc::clone(stage.stand_ins.world()), cancel.clone());
    let arriving = stage.runtime.spawn(arriving);
    stage.until(|world| world.oracle().unwrap().totals.waiting > 0);
    cancel.cancel();
    stage.wait(arriving).unwrap();
}

#[test]
fn given_ports_are_used_taken_ones_named_and_freed_at_the_end() {
    let Stage { stand_ins, runtime, dir } =
        Stage::with(|options| options.exports = sample_exports());
    let port = stand_ins.sftp().port;
    let again = |dir: &std::path::Path| {
        let mut options = Options::new(dir);
        options.sftp_port = port;
        runtime.block_on(StandIns::start(options))
    };
    let failure = again(dir.path()).expect_err("the port is taken");
    assert!(failure.to_string().contains(&port.to_string()), "{failure}");
    runtime.block_on(stand_ins.stop());
    let second = again(dir.path()).expect("the port is free again");
    assert_eq!(second.sftp().port, port);
    runtime.block_on(second.stop());
}
