//! Contents of native documents.

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::sink::Memory;
use super::*;

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

fn one_document() -> World {
    let mut world = grove(0);
    let content = vec![0; 1000];
    world.put("doc", Item { name: "Plan".into(), mime_type: DOC.into(), content, ..file(&["r"]) });
    world
}

fn wanted() -> Value {
    json!({"id": "doc", "export": {"form": "docx", "name": "Plan"}})
}

async fn fetch(stand: &Stand, sink: &mut Memory) -> Result<(), Failure> {
    stand.source(scope("r")).fetch(&wanted(), sink, &CancellationToken::new()).await
}

#[tokio::test]
async fn a_document_is_exported_in_the_form_that_is_asked_for() {
    let stand = Stand::of(one_document()).await;
    let (register, source) = (Register::default(), stand.source(scope("r")));
    register.walk(&source, false).await.unwrap();
    let file = register.file("doc");
    assert_eq!(file.content, Content::Fetchable(wanted()));
    assert_eq!((file.size, file.file_type.as_deref()), (Some(1000), Some("gdoc")));
    let mut sink = Memory::default();
    fetch(&stand, &mut sink).await.unwrap();
    assert_eq!(sink.bytes, format!("Plan as {DOCX}").as_bytes());
    let head = &sink.heads[0];
    assert_eq!((head.name.as_deref(), head.etag.as_ref()), (Some("Plan.docx"), None));
    let request = stand.server.seen().into_iter().find(Request::is_export).unwrap();
    assert_eq!((request.param("mimeType"), request.header("range")), (Some(DOCX), None));
}

#[tokio::test]
async fn an_export_that_breaks_off_begins_anew() {
    let over = counted(Request::is_export, |_, n| {
        (n == 0).then(|| Answer::Cut(200, vec![], 99, b"half".to_vec()))
    });
    let stand = Stand::with(one_document(), Manners::default(), over).await;
    // Whatever an earlier attempt left is of another export.
    let mut sink = Memory::holding(b"Plan as", "md5:1");
    fetch(&stand, &mut sink).await.unwrap();
    assert_eq!(sink.offsets(), [0, 0]);
    assert_eq!(sink.bytes, format!("Plan as {DOCX}").as_bytes());
}

#[tokio::test]
async fn a_large_document_comes_by_its_link() {
    let over = |r: &Request| match r.path.as_str() {
        "/drive/v3/files/doc/export" => {
            Some(error(403, "exportSizeLimitExceeded", "This file is too large to be exported."))
        }
        "/links/doc" => {
            assert!(r.header("authorization").is_some(), "it is the service itself");
            Some(reply(200, "large"))
        }
        _ => None,
    };
    let stand = Stand::with(one_document(), Manners::default(), over).await;
    let mut sink = Memory::default();
    fetch(&stand, &mut sink).await.unwrap();
    assert_eq!(sink.bytes, b"large");
}

#[tokio::test]
async fn a_link_to_anybody_else_is_not_followed() {
    // Another server of this machine: the guard lets it pass, the vendor's it is not.
    let other = Server::start(std::time::Duration::ZERO, |_| reply(200, "not the document")).await;
    let elsewhere = format!("{}/x", other.origin);
    for link in [
        elsewhere.as_str(),
        "https://example.org/x",
        "http://docs.google.com/x",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
    ] {
        let body = json!({"id": "doc", "exportLinks": {DOCX: link}}).to_string();
        let stand = Stand::with(one_document(), Manners::default(), move |r| {
            if r.is_export() {
                return Some(error(403, "exportSizeLimitExceeded", "too large"));
            }
            r.is_get().then(|| reply(200, &body))
        })
        .await;
        let failure = fetch(&stand, &mut Memory::default()).await.unwrap_err();
        assert_eq!(failure.class, C::Refused, "{link}: {failure}");
    }
    assert_eq!(other.seen().len(), 0);

    let stand = Stand::with(one_document(), Manners::default(), |r| {
        if r.is_export() {
            return Some(error(403, "exportSizeLimitExceeded", "too large"));
        }
        r.is_get().then(|| reply(200, r#"{"id":"doc"}"#))
    })
    .await;
    let failure = fetch(&stand, &mut Memory::default()).await.unwrap_err();
    assert!(failure.to_string().contains("choose another form"), "{failure}");
    assert_eq!(failure.retry, Retry::Never);
}

#[tokio::test]
async fn a_page_in_place_of_a_document_is_none() {
    let stand = Stand::with(one_document(), Manners::default(), |r| {
        let html = [("content-type", "text/html; charset=utf-8")];
        r.is_export().then(|| reply_with(200, &html, "<html>sign in</html>"))
    })
    .await;
    let mut sink = Memory::default();
    let failure = fetch(&stand, &mut sink).await.unwrap_err();
    assert_eq!(failure.class, C::Protocol, "{failure}");
    assert!(sink.heads.is_empty());
}
