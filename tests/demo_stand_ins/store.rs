//! Download URLs and the object store behind them.

use std::time::{Duration, Instant};

use reqwest::Method;
use transship::demo::{Arming, Fault, Service};

use crate::encoura::Caller;
use crate::{Stage, export};

const CONTENT: &str = "id,score\r\n0007,36\r\n0008,01\r\n";

/// One export, and the means to ask for it.
struct Shop<'a> {
    caller: Caller<'a>,
    uid: String,
}

impl<'a> Shop<'a> {
    fn open(stage: &'a Stage, name: &str) -> Self {
        let uid = stage.world().add(export(name, CONTENT));
        Self { caller: Caller::sign_in(stage), uid }
    }

    fn url(&self) -> String {
        self.caller.download_url(&self.uid)
    }

    fn fetch(&self, headers: &[(&str, &str)]) -> Result<(u16, String), reqwest::Error> {
        let mut request = self.caller.http.get(self.url());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.caller.ask(request)
    }
}

#[test]
fn the_url_brings_the_file_and_its_name() {
    let stage = Stage::new();
    for name in ["a.csv", "Fall Search 50%.csv", "../../etc/passwd", "Ünï?#&/x.csv", "\u{202e}vsc"]
    {
        let shop = Shop::open(&stage, name);
        let url = shop.url();
        let last = url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
        let decoded = percent_encoding::percent_decode_str(&last).decode_utf8().unwrap();
        assert_eq!(decoded, name);
        assert_eq!(shop.fetch(&[]).unwrap(), (200, CONTENT.to_owned()), "{name}");
    }
}

#[test]
fn the_store_refuses_what_a_real_one_refuses() {
    let stage = Stage::new();
    let shop = Shop::open(&stage, "a.csv");
    for header in ["Authorization", "x-api-key", "Organization"] {
        let (status, body) = shop.fetch(&[(header, "anything")]).unwrap();
        assert_eq!(status, 400, "{header}");
        assert!(body.contains("<Code>InvalidArgument</Code>"), "{body}");
    }

    let url = shop.url();
    let ask = |method: Method, url: String| {
        shop.caller.ask(shop.caller.http.request(method, url)).unwrap()
    };
    for (what, changed) in [
        ("no query", url.split('?').next().unwrap().to_owned()),
        ("another name", url.replace("a.csv", "b.csv")),
        ("a longer life", url.replace("X-Expires=", "X-Expires=9")),
        ("another signature", url.replace("X-Signature=", "X-Signature=x")),
    ] {
        assert_eq!(ask(Method::GET, changed).0, 403, "{what}");
    }
    assert_eq!(ask(Method::HEAD, url.clone()).0, 403, "signed for GET");
    assert_eq!(ask(Method::GET, url), (200, CONTENT.to_owned()), "the control");

    stage.world().arm(Fault::UrlExpired);
    let (status, body) = shop.fetch(&[]).unwrap();
    assert_eq!(status, 403);
    assert!(body.contains("AccessDenied") && body.contains("Request has expired"), "{body}");

    let short = Stage::with(|options| options.url_life = Duration::ZERO);
    assert_eq!(Shop::open(&short, "a.csv").fetch(&[]).unwrap().0, 403);
    assert!(
        stage
            .world()
            .journal()
            .iter()
            .all(|call| { call.service != Service::Store || !call.path.contains("X-Signature") })
    );
}

#[test]
fn a_download_can_be_resumed_as_long_as_the_object_is_the_same() {
    let stage = Stage::new();
    let shop = Shop::open(&stage, "a.csv");
    let reply = stage.send(shop.caller.http.get(shop.url())).unwrap();
    let etag = reply.headers()["etag"].to_str().unwrap().to_owned();
    let rest = |etag: &str| shop.fetch(&[("Range", "bytes=10-"), ("If-Range", etag)]).unwrap();

    assert_eq!(rest(&etag), (206, CONTENT[10..].to_owned()));
    assert_eq!(rest("\"another\""), (200, CONTENT.to_owned()));
    assert_eq!(shop.fetch(&[("Range", "bytes=3-4")]).unwrap(), (206, CONTENT[3..=4].to_owned()));
    assert_eq!(shop.fetch(&[("Range", "bytes=9999-")]).unwrap().0, 416);
    stage.world().arm(Fault::EtagChanged);
    assert_eq!(rest(&etag), (200, CONTENT.to_owned()), "written anew: the old validator is void");
    assert_eq!(rest(&etag), (200, CONTENT.to_owned()), "and stays void");
}

#[test]
fn download_and_store_faults_do_what_they_say() {
    let stage = Stage::new();
    let shop = Shop::open(&stage, "a.csv");
    let path = format!("/datacenter/exports/{}/download", shop.uid);
    let download = || shop.caller.ask(shop.caller.get(&path)).unwrap();
    stage.world().arm(Fault::DownloadNoUrl);
    let (status, body) = download();
    assert_eq!((status, body.contains("downloadUrl")), (200, false));
    stage.world().arm(Fault::Download404);
    assert_eq!(download().0, 404);
    let unknown = shop.caller.get("/datacenter/exports/unknown/download");
    assert_eq!(shop.caller.ask(unknown).unwrap().0, 404);

    stage.world().arm(Fault::Store503);
    let (status, body) = shop.fetch(&[]).unwrap();
    assert_eq!((status, body.contains("SlowDown")), (503, true));

    stage.world().arm(Arming::from(Fault::BodySlow).value(CONTENT.len() as u64 * 2).count(1));
    let start = Instant::now();
    assert_eq!(shop.fetch(&[]).unwrap(), (200, CONTENT.to_owned()));
    assert!(start.elapsed() > Duration::from_millis(400), "half a second's worth");

    for sent in [0, 1, 10, CONTENT.len() as u64 - 1] {
        stage.world().arm(Arming::from(Fault::BodyCut).value(sent));
        let mut reply = stage.send(shop.caller.http.get(shop.url())).unwrap();
        assert_eq!(reply.content_length(), Some(CONTENT.len() as u64));
        let mut got = Vec::new();
        let end = loop {
            match stage.wait(reply.chunk()) {
                Ok(Some(chunk)) => got.extend(chunk),
                other => break other,
            }
        };
        assert!(end.is_err(), "a short body is no whole one");
        assert_eq!(got, &CONTENT.as_bytes()[..sent as usize]);
    }
    assert_eq!(shop.fetch(&[]).unwrap(), (200, CONTENT.to_owned()), "the control");
}
