//! Once per incident, again while it lasts, and when it is over. Each pass is a start of its
//! own: nothing is remembered but in the books.

use transship::model::{NotificationEvent, Outcome};

use crate::receiver::{Receiver, morning, pass};
use crate::support::clock::SetClock;
use crate::support::desk::{Desk, ENDPOINT};

/// A desk that tells `receiver` alone.
async fn desk(receiver: &Receiver) -> Desk {
    let mut desk = Desk::new().await;
    desk.config.notifications = receiver.alone();
    desk
}

#[tokio::test]
async fn a_failure_is_told_once_then_reminded_of_then_over() {
    let receiver = Receiver::start().await;
    let desk = desk(&receiver).await;
    let clock = SetClock::at(morning());
    desk.arm("auth_refused");
    assert_eq!(pass(&desk, &clock).await.outcome, Outcome::NeedsOperator);
    assert_eq!(receiver.events(), ["failure sign_in"]);
    let told = &receiver.told()[0];
    let text = told["text"].as_str().unwrap();
    assert!(text.starts_with("transship on desk: Encoura exports: sign-in refused"), "{text}");
    assert!(text.contains("What to do:"), "{text}");
    assert_eq!(told["endpoint"], ENDPOINT);
    assert_eq!(told["source"], "transship");
    assert_eq!(told["since"].as_str().unwrap(), told["at"].as_str().unwrap());

    // Restarts in between, and more of the same.
    for _ in 0..3 {
        clock.pass(60);
        pass(&desk, &clock).await;
    }
    assert_eq!(receiver.events().len(), 1, "{:#?}", receiver.told());
    clock.pass(24 * 60);
    pass(&desk, &clock).await;
    pass(&desk, &clock).await;
    assert_eq!(receiver.events(), ["failure sign_in", "reminder sign_in"]);
    assert_eq!(receiver.told()[1]["since"], told["since"], "since when it began");

    desk.stand_ins.world().disarm();
    clock.pass(60);
    pass(&desk, &clock).await;
    assert_eq!(receiver.events()[2..], ["recovered sign_in"]);
    let over = receiver.told()[2]["text"].as_str().unwrap().to_owned();
    assert!(over.contains("It lasted 1 d 4 h"), "{over}");
    pass(&desk, &clock).await;
    pass(&desk, &clock).await;
    assert_eq!(receiver.events().len(), 3);

    // The same cause later is another incident.
    desk.arm("auth_refused");
    desk.stand_ins.world().add(later());
    pass(&desk, &clock).await;
    assert_eq!(receiver.events()[3..], ["failure sign_in"]);
}

#[tokio::test]
async fn what_waits_for_a_person_is_told_and_over_when_it_is_decided() {
    let receiver = Receiver::start().await;
    let desk = desk(&receiver).await;
    let clock = SetClock::at(morning());
    pass(&desk, &clock).await;
    assert_eq!(receiver.events(), [""; 0], "nothing is wrong");
    desk.stand_ins.world().add(later());
    desk.arm("list_item_without_uid");
    pass(&desk, &clock).await;
    assert_eq!(receiver.events(), ["failure quarantined"]);
    assert_eq!(receiver.told()[0]["files"], 1);
    let ids = desk.ids("quarantined");
    desk.act(transship::engine::Command::Cancel(ids)).await.unwrap();
    pass(&desk, &clock).await;
    assert_eq!(receiver.events(), ["failure quarantined", "recovered quarantined"]);
}

#[tokio::test]
async fn what_heals_by_itself_in_time_is_not_told() {
    let receiver = Receiver::start().await;
    let mut desk = desk(&receiver).await;
    desk.config.notifications.after = jiff::SignedDuration::from_mins(30);
    let clock = SetClock::at(morning());
    let source = desk.config.clone();
    desk.config.clients = nowhere(&desk);
    pass(&desk, &clock).await;
    clock.pass(29);
    pass(&desk, &clock).await;
    assert_eq!(receiver.events(), [""; 0]);
    let away = std::mem::replace(&mut desk.config.clients, source.clients.clone());
    pass(&desk, &clock).await;
    assert_eq!(receiver.events(), [""; 0], "nothing was said, and nothing is over");

    desk.config.clients = away;
    pass(&desk, &clock).await;
    clock.pass(30);
    pass(&desk, &clock).await;
    assert_eq!(receiver.events(), ["failure unreachable"]);
    desk.config.clients = source.clients;
    pass(&desk, &clock).await;
    assert_eq!(receiver.events(), ["failure unreachable", "recovered unreachable"]);
}

#[tokio::test]
async fn an_endpoint_from_which_nothing_comes_is_told_of() {
    let receiver = Receiver::start().await;
    let mut desk = desk(&receiver).await;
    desk.config.endpoints[0].quiet_days = Some(3);
    let clock = SetClock::at(morning());
    pass(&desk, &clock).await;
    clock.pass(71 * 60);
    pass(&desk, &clock).await;
    assert_eq!(receiver.events(), [""; 0]);
    clock.pass(2 * 60);
    let report = pass(&desk, &clock).await;
    assert_eq!(report.outcome, Outcome::NothingNew, "it is no failure of the run");
    assert_eq!(receiver.events(), ["failure quiet"]);
    let text = receiver.told()[0]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("nothing came") && text.contains("nothing new since"), "{text}");
}

#[tokio::test]
async fn a_channel_gets_what_it_asks_for() {
    let receiver = Receiver::start().await;
    let mut desk = desk(&receiver).await;
    desk.config.notifications.webhooks[0].events = vec![NotificationEvent::Recovered];
    let clock = SetClock::at(morning());
    desk.arm("auth_refused");
    pass(&desk, &clock).await;
    desk.stand_ins.world().disarm();
    pass(&desk, &clock).await;
    assert_eq!(receiver.events(), ["recovered sign_in"]);
}

/// The clients, with a source where nobody listens.
pub fn nowhere(desk: &Desk) -> std::collections::BTreeMap<String, transship::config::Client> {
    let mut clients = desk.config.clients.clone();
    for client in clients.values_mut() {
        if let transship::config::Client::Encoura(account) = client {
            account.base_url = "http://127.0.0.1:1".into();
        }
    }
    clients
}

/// One more export.
pub fn later() -> transship::demo::NewExport {
    transship::demo::Samples::new(7).report("later", 3)
}
