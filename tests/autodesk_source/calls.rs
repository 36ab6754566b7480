//! One call: limits, retries, cancellation.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use transship::model::{FailureClass as C, Known, Retry};
use transship::sources::RegisterSource;

use super::books::Books;
use super::counted;
use super::service::*;
use super::walk::sample;

#[tokio::test]
async fn no_call_of_the_class_within_a_pause_that_was_asked_for() {
    let mut world = sample();
    for n in 0..12 {
        world.put_dir(&format!("d{n}"), "files", "Folder");
    }
    let service = Service::with(
        world,
        counted(Request::is_contents, |_, n| {
            (n == 1).then(|| {
                reply_with(
                    429,
                    &[("Retry-After", "2")],
                    r#"{"developerMessage":"Quota limit exceeded."}"#,
                )
            })
        }),
    )
    .await;
    // Two endpoints of one application, with clients of their own.
    let (first, second) = (service.source(), service.source());
    let (mut one, mut two) = (Books::default(), Books::default());
    let watch = async {
        while first.throttled_until().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(second.throttled_until().is_some(), "everybody waits");
    };
    let (a, b, ()) = tokio::join!(one.walk(&first), two.walk(&second), watch);
    assert!(a.unwrap().failures.is_empty() && b.unwrap().failures.is_empty());
    assert_eq!(one.truth(), service.world().truth(ROOT));
    assert_eq!(two.truth(), service.world().truth(ROOT));
    let calls: Vec<_> = service.server.seen().into_iter().filter(Request::is_contents).collect();
    let asked = calls[1].at;
    // What was on its way already cannot be called back; nothing follows it.
    let within = calls[2..].iter().map(|r| r.at.duration_since(asked).as_millis());
    let late: Vec<_> = within.filter(|ms| (200..1990).contains(ms)).collect();
    assert_eq!(late, [0; 0]);
    assert!(calls.iter().any(|r| r.at.duration_since(asked).as_millis() >= 2000));
    assert_eq!(first.throttled_until(), None);
}

#[tokio::test]
async fn a_long_pause_ends_the_call_and_is_told() {
    let service = Service::with(sample(), |r| {
        r.is_tops().then(|| reply_with(429, &[("Retry-After", "3600")], ""))
    })
    .await;
    let source = service.source();
    let failure = Books::default().walk(&source).await.unwrap_err();
    assert_eq!(failure.class, C::Throttled);
    assert!(matches!(failure.retry, Retry::After(pause) if pause > Duration::from_secs(3000)));
    let calls = service.calls();
    // The next one does not even ask.
    let failure = Books::default().walk(&source).await.unwrap_err();
    assert_eq!(failure.class, C::Throttled);
    assert_eq!(service.server.count(Request::is_tops), 1, "{calls}");
    assert!(source.throttled_until().is_some());
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for bad in [Answer::Raw(vec![]), reply(503, "busy"), reply(502, "<html>bad gateway</html>")] {
        for which in
            [Request::is_tops as fn(&Request) -> bool, Request::is_contents, Request::is_hubs]
        {
            let bad = bad.clone();
            let service =
                Service::with(sample(), counted(which, move |_, n| (n == 0).then(|| bad.clone())))
                    .await;
            let mut books = Books::default();
            let walked = books.walk(&service.source()).await.unwrap();
            assert_eq!(walked.failures, []);
            assert_eq!(books.truth(), service.world().truth(ROOT));
        }
    }
}

#[tokio::test]
async fn a_page_that_breaks_off_is_read_again() {
    let service = Service::with(
        sample(),
        counted(
            |r: &Request| r.is_contents_of("a1"),
            |_, n| (n == 0).then(|| cut(5000, "\"x\"", br#"{"data":["#)),
        ),
    )
    .await;
    let mut books = Books::default();
    assert_eq!(books.walk(&service.source()).await.unwrap().failures, []);
    assert_eq!(books.truth(), service.world().truth(ROOT));
}

#[tokio::test]
async fn a_page_that_is_too_long_is_not_read() {
    let long = "x".repeat(9 << 20);
    let service =
        Service::with(sample(), move |r| r.is_contents_of("a1").then(|| reply(200, &long))).await;
    let walked = Books::default().walk(&service.source()).await.unwrap();
    assert_eq!(walked.failures[0].class, C::Protocol);
}

#[tokio::test]
async fn a_service_that_is_down_is_not_asked_for_every_folder() {
    let mut world = World::new();
    for n in 0..300 {
        world.put_dir(&format!("d{n}"), "files", "Folder");
    }
    let service = Service::with(world, |r| {
        (r.is_contents() && !r.is_contents_of("files")).then(|| reply(400, "no"))
    })
    .await;
    let walked = Books::default().walk(&service.source()).await.unwrap();
    assert!(walked.failures.len() <= 21);
    assert!(walked.failures.last().unwrap().to_string().contains("more failed"), "{walked:?}");
    let asked = service.server.count(Request::is_contents);
    assert!(asked > 48, "negative control: it had begun: {asked}");
    // Each is put back once before it counts.
    assert!(asked < 1 + 300 + 80, "{asked}");
}

#[tokio::test]
async fn stop_means_stop() {
    let service = Service::with(sample(), |r| r.is_contents().then_some(Answer::Hang)).await;
    let source = service.source();
    let cancel = CancellationToken::new();
    let books = Books::default();
    let known = Known::default();
    let walk = source.walk(&known, false, &books, &cancel);
    let stop = async {
        while service.server.count(Request::is_contents) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cancel.cancel();
    };
    let (walked, ()) = tokio::join!(walk, stop);
    assert_eq!(walked.unwrap_err().class, C::Cancelled);
}

#[tokio::test]
async fn books_that_cannot_be_written_end_the_walk() {
    let service = Service::new(sample()).await;
    let failure = Books::failing().walk(&service.source()).await.unwrap_err();
    assert_eq!((failure.class, failure.doing.as_str()), (C::Full, "writing"));
    assert_eq!(service.server.count(Request::is_contents), 0);
}
