//! What must never be told.

use super::*;

/// Replies that repeat every secret they know, in the forms that services do.
fn chatty() -> String {
    format!(
        "key {API_KEY} of {PASSWORD} with JWT {TOKEN}; see \
         https://files.example/a.csv?X-Amz-Signature={SIGNATURE}&x=1"
    )
}

#[tokio::test]
async fn no_failure_tells_a_secret() {
    let json = serde_json::json!({ "message": chatty() }).to_string();
    let xml = format!("<Error><Code>Odd</Code><Message>{}</Message></Error>", chatty());
    let html = format!("<html>{}</html>", chatty());
    let evil = format!(r#"{{"downloadUrl":"http://files.example/a?X-Amz-Signature={SIGNATURE}"}}"#);
    let mut answers = vec![Answer::Raw(vec![]), Answer::Raw(chatty().into_bytes()), Answer::Hang];
    for body in [json, xml, html, chatty(), evil] {
        for status in [200, 400, 401, 403, 404, 416, 429, 500] {
            answers.push(reply(status, &body));
        }
        answers.push(reply_with(
            302,
            &[("Location", &format!("http://x.example/?{SIGNATURE}"))],
            &body,
        ));
    }
    let mut paths = Vec::new();
    for answer in answers {
        let places: [fn(&Request) -> bool; 4] =
            [Request::is_login, Request::is_list, Request::is_ask, Request::is_store];
        paths.extend(places.map(|place| failures_of(answer.clone(), place)));
    }
    let failures = futures::future::join_all(paths).await.concat();
    assert!(failures.len() > 300, "the paths were walked: {}", failures.len());
    for failure in failures {
        let told = format!("{failure} {failure:?} {}", serde_json::to_string(&failure).unwrap());
        assert!(!told.contains("canary"), "{told}");
    }
}

/// Every failure that a source has to tell when one place answers like this.
async fn failures_of(answer: Answer, place: fn(&Request) -> bool) -> Vec<Failure> {
    let stub = Stub::service(move |r| place(r).then(|| answer.clone())).await;
    let source = stub.hasty(500);
    let mut failures = Vec::new();
    for kind in [ListKind::NotDelivered, ListKind::Delivered] {
        match list(&source, kind).await {
            Ok(body) => failures.extend(source.parse(&body).err()),
            Err(failed) => failures.push(failed.failure),
        }
    }
    failures.extend(fetch(&source, &mut Memory::default()).await.err());
    assert!(!format!("{source:?}").contains("canary"));
    failures
}
