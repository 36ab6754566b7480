//! Channels that do not work, in passes as from cron.

use transship::ledger::{Reader, Undelivered};
use transship::model::Outcome;

use crate::receiver::{Receiver, TOKEN, morning, pass};
use crate::scripted::{Answer, reply, reply_with};
use crate::support::clock::SetClock;
use crate::support::desk::Desk;

fn undelivered(desk: &Desk) -> Vec<Undelivered> {
    Reader::open(&desk.config.database).unwrap().undelivered().unwrap()
}

/// What nobody was told is on record, until the channel takes something again.
#[tokio::test]
async fn what_is_not_told_is_known_with_its_reason_until_something_is() {
    let receiver = Receiver::start().await;
    let mut desk = Desk::new().await;
    desk.config.notifications = receiver.alone();
    let clock = SetClock::at(morning());
    desk.arm("auth_refused");
    receiver.answers(reply(403, "invalid_token"));
    pass(&desk, &clock).await;
    let late = undelivered(&desk);
    let [one] = late.as_slice() else { panic!("{late:?}") };
    assert_eq!((one.channel.as_str(), one.waiting, one.given_up), ("webhook ops", 1, 0));
    assert!(one.has_failed() && one.next.is_some() && one.tries == 1, "{one:?}");
    assert!(one.said.as_ref().unwrap().contains("403"), "{one:?}");
    assert!(!one.said.as_ref().unwrap().contains(TOKEN), "{one:?}");

    // A day later it is given up: that is on record too.
    clock.pass(25 * 60);
    desk.stand_ins.world().disarm();
    pass(&desk, &clock).await;
    let late = undelivered(&desk);
    assert_eq!(late[0].words(), "1 message waits, 1 is given up", "{late:?}");

    // And over with the first message that gets through.
    receiver.answers(reply(200, "ok"));
    pass(&desk, &clock).await;
    assert_eq!(undelivered(&desk), []);
}

#[tokio::test]
async fn what_a_pass_cannot_send_the_next_one_does_once_and_in_order() {
    let receiver = Receiver::start().await;
    let mut desk = Desk::new().await;
    desk.config.notifications = receiver.alone();
    let clock = SetClock::at(morning());
    let without = async |outcome| {
        let report = pass(&desk, &clock).await;
        assert_eq!(report.outcome, outcome, "as without a dead webhook");
    };
    desk.arm("auth_refused");
    let busy = reply_with(429, &[("Retry-After", "3600")], "");
    for answer in [reply(500, "oops"), busy, Answer::Raw(vec![]), reply(404, "no_service")] {
        receiver.answers(answer);
        without(Outcome::NeedsOperator).await;
    }
    // One message, one try a pass.
    assert_eq!(receiver.events(), ["failure sign_in"; 4]);
    desk.stand_ins.world().disarm();
    without(Outcome::Done).await;
    assert_eq!(receiver.events(), ["failure sign_in"; 5], "the second one waits behind it");

    receiver.answers(reply(204, ""));
    without(Outcome::NothingNew).await;
    assert_eq!(receiver.events()[5..], ["failure sign_in", "recovered sign_in"]);
    without(Outcome::NothingNew).await;
    assert_eq!(receiver.requests().len(), 7);
}

#[tokio::test]
async fn a_message_is_given_up_after_a_day_and_one_that_is_not_understood_sooner() {
    let receiver = Receiver::start().await;
    let mut desk = Desk::new().await;
    desk.config.notifications = receiver.alone();
    desk.config.notifications.remind_every = None;
    let clock = SetClock::at(morning());
    desk.arm("auth_refused");
    receiver.answers(reply(503, ""));
    pass(&desk, &clock).await;
    clock.pass(24 * 60);
    pass(&desk, &clock).await;
    assert_eq!(receiver.requests().len(), 2);
    pass(&desk, &clock).await;
    assert_eq!(receiver.requests().len(), 2, "nobody wants it any more");

    // This one is refused for what it is: what is behind it gets through.
    desk.stand_ins.world().disarm();
    receiver.answers(reply(400, "invalid_payload"));
    for _ in 0..5 {
        pass(&desk, &clock).await;
    }
    assert_eq!(receiver.events()[2..], ["recovered sign_in"; 5]);
    pass(&desk, &clock).await;
    assert_eq!(receiver.requests().len(), 7);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_channel_that_is_gone_not_waited_for() {
    let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
    let mut desk = Desk::new().await;
    desk.config.notifications = receiver.alone();
    let clock = SetClock::at(morning());
    desk.arm("auth_refused");
    receiver.answers(reply_with(307, &[("Location", &elsewhere.url())], ""));
    pass(&desk, &clock).await;
    assert_eq!(receiver.requests().len(), 1);
    assert_eq!(elsewhere.requests().len(), 0);
    let body = &receiver.requests()[0].body;
    assert!(!body.contains(TOKEN), "{body}");

    // Another channel has nothing to do with what the first one missed.
    desk.config.notifications.webhooks =
        vec![transship::config::Webhook { name: "new".into(), ..elsewhere.webhook() }];
    pass(&desk, &clock).await;
    assert_eq!((receiver.requests().len(), elsewhere.requests().len()), (1, 0));
    desk.stand_ins.world().disarm();
    pass(&desk, &clock).await;
    assert_eq!(elsewhere.events(), ["recovered sign_in"]);
    assert_eq!(receiver.requests().len(), 1);
}
