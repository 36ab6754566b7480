//! Downloads: the signed URL, and the store that it leads to.

use reqwest::header::{ACCEPT_RANGES, ETAG};
use serde_json::Value;
use transship::demo::{AutodeskFile, AutodeskOperation as Operation, Fault, Offence, Service};

use super::{Aps, enc, text};
use crate::Stage;

const PLAN: &str = "Project Files/01 Drawings/Architecture/A-101 Floor plan.pdf";

fn address(file: &AutodeskFile, rest: &str) -> String {
    let id = file.storage_id.as_ref().unwrap();
    let (bucket, key) =
        id.strip_prefix("urn:adsk.objects:os.object:").unwrap().split_once('/').unwrap();
    format!("/oss/v2/buckets/{bucket}/objects/{}/{rest}", enc(key))
}

fn signed(aps: &Aps<'_>, query: &str) -> Value {
    let file = aps.truth().file(PLAN).unwrap().clone();
    let reply = aps.get(&address(&file, &format!("signeds3download{query}")));
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

fn bytes(aps: &Aps<'_>, request: reqwest::RequestBuilder) -> (u16, Vec<u8>) {
    let reply = aps.stage.send(request).unwrap();
    (reply.status().as_u16(), aps.stage.wait(reply.bytes()).unwrap().to_vec())
}

fn plan(aps: &Aps<'_>) -> Vec<u8> {
    let id = aps.truth().file(PLAN).unwrap().id.clone();
    aps.stage.world().autodesk_content(&id).unwrap().to_vec()
}

fn sha1(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_signed_url_brings_the_bytes_and_any_range_of_them() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let (reply, content) = (signed(&aps, ""), plan(&aps));
    assert_eq!(reply["status"], "complete");
    assert_eq!(reply["size"], 180_000);
    assert_eq!(reply["sha1"], sha1(&content));
    let url = text(&reply["url"]);
    assert!(!url.starts_with(&aps.access().base_url), "another origin");
    let whole = stage.send(aps.http.get(&url)).unwrap();
    assert_eq!(whole.headers()[ACCEPT_RANGES], "bytes");
    let etag = whole.headers()[ETAG].clone();
    assert_eq!(stage.wait(whole.bytes()).unwrap(), content);
    let part = aps.http.get(&url).header("Range", "bytes=100000-").header("If-Range", etag);
    assert_eq!(bytes(&aps, part), (206, content[100_000..].to_vec()));
    let changed = aps.http.get(&url).header("Range", "bytes=9-").header("If-Range", "\"x\"");
    assert_eq!(bytes(&aps, changed), (200, content));
    let beyond = aps.http.get(&url).header("Range", "bytes=180000-");
    assert_eq!(bytes(&aps, beyond).0, 416);
}

#[test]
fn the_store_refuses_what_a_store_refuses() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let url = text(&signed(&aps, "")["url"]);
    let get = |url: &str| aps.http.get(url);
    for (request, status, code) in [
        (get(&url).bearer_auth(&aps.token), 400, "InvalidArgument"),
        (get(&url).header("Authorization", ""), 400, "InvalidArgument"),
        (get(&format!("{url}x")), 403, "SignatureDoesNotMatch"),
        (get(&url.replace("X-Amz-Expires=1", "X-Amz-Expires=2")), 403, "SignatureDoesNotMatch"),
        (get(&url.replace("x-chunk=", "x-chunk=0-9")), 403, "SignatureDoesNotMatch"),
        (get(url.split('?').next().unwrap()), 403, "AccessDenied"),
        (aps.http.post(&url), 403, "SignatureDoesNotMatch"),
    ] {
        let (got, body) = bytes(&aps, request);
        let body = String::from_utf8(body).unwrap();
        assert_eq!(got, status, "{body}");
        assert!(body.contains(&format!("<Code>{code}</Code>")), "{body}");
    }
    assert_eq!(bytes(&aps, aps.http.head(&url)).0, 403);
    // A token that was shown to the store is an offence, whatever it answered.
    let offences = stage.world().offences();
    assert_eq!(offences.len(), 2);
    for call in &offences {
        assert_eq!(call.offence, Some(Offence::TokenSentElsewhere));
        assert_eq!(call.service, Service::AutodeskStore);
        assert!(!call.path.contains('?'), "the signature is not in the journal");
    }
}

#[test]
fn objects_are_signed_for_those_who_may_have_them() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let file = aps.truth().file(PLAN).unwrap().clone();
    let ask = |rest: &str| aps.get(&address(&file, rest)).status;
    for (minutes, status) in
        [("1", 200), ("60", 200), ("0", 400), ("61", 400), ("-1", 400), ("two", 400)]
    {
        assert_eq!(ask(&format!("signeds3download?minutesExpiration={minutes}")), status);
    }
    assert_eq!(ask("details"), 200);
    for (path, reason) in [
        ("/oss/v2/buckets/wip.dm.prod/objects/nothing.pdf/signeds3download", "Object not found"),
        ("/oss/v2/buckets/another/objects/nothing.pdf/signeds3download", "Bucket not found"),
    ] {
        let reply = aps.get(path);
        assert_eq!((reply.status, &*text(&reply.json()["reason"])), (404, reason));
    }
    let european = address(&file, "details").replace("wip.dm.prod", "wip.dm.emea.2");
    assert_eq!(aps.get(&european).status, 404, "it is in another bucket");

    aps.happen(Operation::ViewOnly { file: PLAN.into(), value: true });
    assert_eq!(ask("signeds3download"), 403);
    aps.happen(Operation::ViewOnly { file: PLAN.into(), value: false });
    assert_eq!(ask("signeds3download"), 200);
    aps.happen(Operation::Forbid { folder: "Project Files".into(), listed: false });
    assert_eq!(ask("signeds3download"), 403);
    assert_eq!(Aps::stranger(&stage).get(&address(&file, "details")).status, 401);
}

#[test]
fn an_object_may_come_in_chunks_or_from_somewhere_else() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let content = plan(&aps);
    stage.world().arm(Fault::ApsChunked);
    let reply = signed(&aps, "");
    assert_eq!((&reply["status"], &reply["url"]), (&"chunked".into(), &Value::Null));
    let mut chunks: Vec<(usize, Vec<u8>)> = Vec::new();
    for (range, url) in reply["urls"].as_object().unwrap() {
        let (from, to) = range.split_once('-').unwrap();
        let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
        let (status, chunk) = bytes(&aps, aps.http.get(text(url)));
        assert_eq!((status, chunk.len()), (200, to - from + 1));
        chunks.push((from, chunk));
    }
    chunks.sort();
    assert!(chunks.len() > 2);
    let joined: Vec<u8> = chunks.into_iter().flat_map(|(_, chunk)| chunk).collect();
    assert_eq!(joined, content);

    stage.world().arm(Fault::ApsChunked);
    let reply = signed(&aps, "?public-resource-fallback=true");
    assert_eq!(reply["status"], "fallback");
    assert_eq!(bytes(&aps, aps.http.get(text(&reply["url"]))), (200, content));
}

#[test]
fn store_faults_do_what_they_say() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let content = plan(&aps);
    let world = stage.world();
    let fetch = || {
        let reply = stage.send(aps.http.get(text(&signed(&aps, "")["url"])))?;
        let status = reply.status().as_u16();
        Ok::<_, reqwest::Error>((status, stage.wait(reply.bytes())?.to_vec()))
    };
    world.arm(Fault::ApsUrlExpired);
    assert_eq!(fetch().unwrap().0, 403);
    world.arm(Fault::ApsStore503);
    assert_eq!(fetch().unwrap().0, 503);
    for cut in [Fault::ApsStoreCut, Fault::ApsBodyCut] {
        world.arm(cut);
        assert!(fetch().is_err(), "{}", cut.name());
    }
    world.arm(Fault::ApsDamaged);
    let (status, damaged) = fetch().unwrap();
    assert_eq!((status, damaged.len()), (200, content.len()));
    assert_ne!(damaged, content);
    world.arm(transship::demo::Arming::from(Fault::ApsBodySlow).value(2_000_000));
    assert_eq!(fetch().unwrap(), (200, content.clone()));
    assert_eq!(world.struck(Fault::ApsBodySlow), 1);
    world.disarm();

    world.arm(Fault::ApsWrongSha1);
    assert_ne!(signed(&aps, "")["sha1"], sha1(&content));
    world.arm(Fault::ApsFallback);
    assert_eq!(signed(&aps, "")["status"], "fallback");
    world.arm(Fault::ApsDownload403);
    let file = aps.truth().file(PLAN).unwrap().clone();
    assert_eq!(aps.get(&address(&file, "signeds3download")).status, 403);
    assert_eq!(fetch().unwrap(), (200, content));
}
