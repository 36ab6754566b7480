//! What a day came to, once a day.

use jiff::civil::time;
use jiff::{SignedDuration, Timestamp};
use transship::config::DigestTime;

use crate::incidents::nowhere;
use crate::receiver::{Receiver, pass};
use crate::support::clock::SetClock;
use crate::support::desk::Desk;

#[tokio::test]
async fn a_digest_tells_what_was_done_what_failed_and_why_and_only_once() {
    let receiver = Receiver::start().await;
    let mut desk = Desk::new().await;
    desk.config.notifications = receiver.alone();
    desk.config.notifications.webhooks[0].events =
        vec![transship::model::NotificationEvent::Digest];
    let at = time(7, 0, 0, 0);
    desk.config.notifications.digest = Some(DigestTime { at, timezone: Some("UTC".into()) });
    // Eight in the morning of a day to come.
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let today = today.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let clock = SetClock::at(today + SignedDuration::from_hours(32));

    pass(&desk, &clock).await;
    assert_eq!(receiver.requests().len(), 0, "there is nothing to tell of the time before");
    let up = desk.config.clients.clone();
    desk.config.clients = nowhere(&desk);
    for _ in 0..2 {
        clock.pass(60);
        pass(&desk, &clock).await;
    }
    assert_eq!(receiver.requests().len(), 0, "it is not seven yet");
    clock.pass(22 * 60);
    pass(&desk, &clock).await;
    let told = receiver.told();
    assert_eq!(receiver.events(), ["digest"]);
    let counts = told[0]["counts"].as_object().unwrap();
    assert_eq!(counts["failed"], 3, "{counts:?}");
    assert!(!counts.contains_key("done"), "that was before: {counts:?}");
    let text = told[0]["text"].as_str().unwrap();
    for words in [
        "digest: 3 failed",
        "Encoura exports: 3 failed",
        "the other side is out of reach: 3 runs of Encoura exports",
        "Open: Encoura exports: the other side is out of reach, since",
    ] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    pass(&desk, &clock).await;
    assert_eq!(receiver.requests().len(), 1, "once a day");

    desk.config.clients = up;
    desk.stand_ins.world().add(crate::incidents::later());
    clock.pass(60);
    pass(&desk, &clock).await;
    pass(&desk, &clock).await;
    clock.pass(3 * 24 * 60);
    pass(&desk, &clock).await;
    let second = &receiver.told()[1];
    let text = second["text"].as_str().unwrap();
    assert_eq!(second["counts"]["done"], 1, "{text}");
    assert_eq!(second["counts"]["delivered"], 1, "{text}");
    assert!(text.contains("1 done, 1 failed, 2 empty"), "the rest of that day is in it: {text}");
    assert!(text.contains("Nothing waits for you."), "{text}");
    assert_eq!(receiver.requests().len(), 2, "one for three days nobody looked");
}
