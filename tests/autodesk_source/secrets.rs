//! What must never be told.

use futures::StreamExt as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use transship::model::{AutodeskGrant, Failure};
use transship::sources::RegisterSource;
use transship::sources::autodesk::{Account, AutodeskSource};

use super::books::Books;
use super::service::*;
use super::walk::sample;

/// A reply that repeats every secret that came with the request, in the forms that
/// services do.
fn chatty(request: &Request, shape: usize, status: u16) -> Answer {
    let form = form(request);
    let words = format!(
        "{} {} {:?} for {CLIENT_SECRET} and canary-refresh-3; see \
         https://files.example/a?X-Amz-Signature={SIGNATURE}&x=1",
        request.body,
        request.header("authorization").unwrap_or_default(),
        form.values().collect::<Vec<_>>(),
    );
    match shape {
        0 => reply(status, json!({"developerMessage": words}).to_string()),
        1 => reply(status, json!({"errors": [{"code": "C", "detail": words}]}).to_string()),
        2 => {
            reply(status, json!({"error": "invalid_grant", "error_description": words}).to_string())
        }
        3 => reply(status, format!("<Error><Code>Odd</Code><Message>{words}</Message></Error>")),
        4 => reply(status, words),
        5 => reply(
            status,
            json!({"data": [], "meta": {"warnings": [
                {"ErrorCode": "BIM360DM_ERROR", "Title": words, "Detail": words}
            ]}})
            .to_string(),
        ),
        // An address, whose path is a secret where one was asked for.
        6 => {
            let path = if request.is_ask() && status == 200 { "canary-signed" } else { "x" };
            let url = format!("http://10.0.0.1/{path}?{SIGNATURE}");
            reply(status, json!({"status": "complete", "size": 20, "url": url}).to_string())
        }
        _ => Answer::Raw(words.into_bytes()),
    }
}

#[tokio::test]
async fn no_failure_tells_a_secret() {
    let places: [fn(&Request) -> bool; 7] = [
        Request::is_token,
        Request::is_hubs,
        Request::is_tops,
        Request::is_contents,
        Request::is_ask,
        Request::is_store,
        |_| true,
    ];
    let mut cases = Vec::new();
    for place in places {
        for shape in 0..8 {
            let statuses = [200, 400, 401, 403, 404];
            cases.extend(statuses.map(|status| failures_of(place, shape, status)));
        }
    }
    let failures: Vec<_> = futures::stream::iter(cases).buffer_unordered(48).collect().await;
    let failures = failures.concat();
    for failure in &failures {
        let words = format!("{failure} {failure:?} {}", serde_json::to_string(failure).unwrap());
        assert!(!words.contains("canary"), "{words}");
    }
    let told = failures.len();
    assert!(told > 300, "the paths were walked: {told}");
}

/// Every failure that a source has to tell when one place answers like this.
async fn failures_of(place: fn(&Request) -> bool, shape: usize, status: u16) -> Vec<Failure> {
    let service =
        Service::with(sample(), move |r| place(r).then(|| chatty(r, shape, status))).await;
    // The token call is made only where it is what fails.
    service.signed_in(5000);
    let source = service.source();
    let mut failures = Vec::new();
    let mut books = Books::default();
    match books.walk(&source).await {
        Ok(walked) => {
            failures.extend(walked.failures);
            failures.extend(walked.lost.into_iter().map(|(_, failure)| failure));
            assert!(!walked.memory.to_string().contains("canary"));
        }
        Err(failure) => failures.push(failure),
    }
    let content = json!({"bucket": "wip.dm.prod", "key": "k", "size": 20, "version": "v"});
    let fetched = source.fetch(&content, &mut Memory::default(), &CancellationToken::new()).await;
    failures.extend(fetched.err());
    failures.extend(source.sign_in().await.err());
    failures.extend(source.peek(1).await.err());
    assert!(!format!("{source:?}").contains("canary"));
    failures
}

#[tokio::test]
async fn the_address_of_a_fallback_is_not_told() {
    // OSS's own addresses carry their permission in the path.
    let service = Service::with(sample(), |r| {
        let url = |r: &Request| store_url(r, "/store/canary-signed-resource");
        match (r.is_ask(), r.is_store()) {
            (true, _) => Some(reply(
                200,
                json!({"status": "fallback", "url": url(r), "size": 20}).to_string(),
            )),
            (_, true) => Some(reply(404, format!("no such thing: {}", r.path))),
            _ => None,
        }
    })
    .await;
    let content = json!({"bucket": "wip.dm.prod", "key": "k", "size": 20, "version": "v"});
    let source = service.source();
    let fetched = source.fetch(&content, &mut Memory::default(), &CancellationToken::new()).await;
    let failure = fetched.unwrap_err();
    assert!(!format!("{failure:?}").contains("canary"), "{failure}");
    assert!(failure.to_string().contains("wip.dm.prod/k at 127.0.0.1"), "{failure}");
}

#[tokio::test]
async fn an_assertion_is_not_told() {
    let service = Service::with(sample(), |r| {
        r.is_token().then(|| reply(400, format!("bad assertion {}", form(r)["assertion"])))
    })
    .await;
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> =
        aws_lc_rs::encoding::AsDer::as_der(&pair).unwrap();
    let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der.as_ref());
    let grant = AutodeskGrant::ServiceAccount {
        account_id: "robot".into(),
        key_id: "k".into(),
        private_key: transship::model::Secret::new(format!(
            "-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"
        )),
    };
    let settings = transship::model::AutodeskAccount { grant, ..service.settings() };
    let source = AutodeskSource::new(Account::new(settings).unwrap(), scope());
    let failure = source.sign_in().await.unwrap_err();
    let assertion = form(&service.server.seen()[0])["assertion"].clone();
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    for part in [signed, signature] {
        assert!(!failure.to_string().contains(part), "{failure}");
    }
}
