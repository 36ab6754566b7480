//! What happens to the feed over time: in process and by the control URL.

use std::fs;

use serde_json::{Value, json};
use transship::demo::{FeedOperation, sim_json};

use super::stage;
use crate::Stage;

fn post(stage: &Stage, body: &Value) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/feed/files", stage.stand_ins.control_url());
    let reply = stage.send(http.post(url).json(body)).unwrap();
    (reply.status().as_u16(), stage.wait(reply.json()).unwrap())
}

fn content(stage: &Stage, name: &str) -> Option<Vec<u8>> {
    fs::read(stage.world().feed().folder().join(name)).ok()
}

#[test]
fn days_land_one_after_the_other_or_late() {
    let stage = stage(3);
    let feed = stage.world().feed();
    let before = feed.truth();
    let (status, done) = post(&stage, &json!({ "op": "add_day" }));
    let expected = ["product_info_2025-01-04.json", "sales_data_2025-01-04.csv"];
    assert_eq!((status, done), (200, json!({ "names": expected })));
    let late = FeedOperation::AddDay { ruined: false, late: true };
    let names = feed.apply(late).unwrap();
    assert_eq!(names, ["product_info_2024-12-31.json", "sales_data_2024-12-31.csv"]);
    let ruined = FeedOperation::AddDay { ruined: true, late: false };
    assert_eq!(feed.apply(ruined).unwrap()[1], "sales_data_2025-01-05.csv");

    let after = feed.truth();
    let days: Vec<&String> = after.daily_count.keys().collect();
    assert_eq!(days.len(), before.daily_count.len() + 2, "the ruined one counts for nothing");
    assert_eq!(days[0], "2024-12-31");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/feed/truth", stage.stand_ins.control_url());
    let reply = stage.send(http.get(url)).unwrap();
    let told: Value = stage.wait(reply.json()).unwrap();
    assert_eq!(told, serde_json::to_value(&after).unwrap());
}

#[test]
fn files_are_put_grow_and_go() {
    let stage = stage(1);
    let sales = "sales_data_2025-01-01.csv";
    let there = content(&stage, sales).unwrap();
    let operations = json!([
        { "op": "put", "name": "sub/a.csv", "content": "one" },
        { "op": "append", "name": "sub/a.csv", "content_base64": "/w==" },
        { "op": "copy", "name": sales, "to": "sales_data_2025-01-01_again.csv" },
        { "op": "append", "name": "growing.csv", "content": "half" },
        { "op": "rename", "name": "growing.csv", "to": "grown.csv" },
        { "op": "remove", "name": "product_info_2025-01-01.json" },
    ]);
    assert_eq!(post(&stage, &operations).0, 200);
    assert_eq!(content(&stage, "sub/a.csv").unwrap(), b"one\xff");
    assert_eq!(content(&stage, "sales_data_2025-01-01_again.csv").unwrap(), there);
    assert_eq!(content(&stage, "grown.csv").unwrap(), b"half");
    assert_eq!(content(&stage, "product_info_2025-01-01.json"), None);
    let truth = stage.world().feed().truth();
    assert_eq!(truth.foreign, ["sub/a.csv", "grown.csv"]);
    let again = truth.files.iter().find(|book| book.name.ends_with("_again.csv")).unwrap();
    assert_eq!(again.repeats.as_deref(), Some(sales));
    assert_eq!(truth.daily_count["2025-01-01"], truth.sales, "and counts once");

    // What somebody else changes is not in the books any more.
    assert_eq!(post(&stage, &json!({ "op": "append", "name": sales, "content": "x" })).0, 200);
    let truth = stage.world().feed().truth();
    assert!(truth.foreign.iter().any(|name| name == sales));
    assert!(truth.files.iter().all(|book| book.name != sales));
}

#[test]
fn what_cannot_be_is_refused() {
    let stage = stage(1);
    let outside = stage.scratch().join("outside");
    for body in [
        json!({ "op": "put", "name": "../outside", "content": "x" }),
        json!({ "op": "put", "name": "a/../../outside", "content": "x" }),
        json!({ "op": "put", "name": outside.to_string_lossy(), "content": "x" }),
        json!({ "op": "put", "name": "", "content": "x" }),
        json!({ "op": "put", "name": "a", "content_base64": "!" }),
        json!({ "op": "remove", "name": "missing" }),
        json!({ "op": "rename", "name": "missing", "to": "there" }),
        json!({ "op": "no_such" }),
        json!({ "op": "put", "nmae": "x" }),
    ] {
        let (status, said) = post(&stage, &body);
        assert_eq!(status, 400, "{body}");
        assert!(said["error"].is_string());
    }
    assert!(!outside.exists());
}

#[test]
fn the_way_to_the_feed_is_printed() {
    let stage = stage(1);
    let printed = sim_json(&stage.stand_ins);
    let keys: Vec<&String> = printed["feed"].as_object().unwrap().keys().collect();
    let expected = ["directory", "host", "host_key", "password", "port", "username"];
    assert_eq!(keys, expected);
    assert_eq!(printed["feed"]["directory"], "/outgoing");
    assert_eq!(printed["feed"]["port"], printed["sftp"]["port"]);
    assert_ne!(printed["feed"]["username"], printed["sftp"]["username"]);
    assert_eq!(sim_json(&Stage::new().stand_ins).get("feed"), None, "nothing is promised in vain");
}
