//! What the books answer to those who decide by it: how much waits, for whom,
//! since when, until when.

use jiff::{SignedDuration, Timestamp};
use transship::ledger::{Arrival, Books as _, Delivery, Export};
use transship::model::{
    DeliveryState as D, ExportState as X, Failure, FailureClass, ReconcileMode, Retry,
};

use crate::{Desk, endpoint, to_slate};

impl Desk {
    async fn to(
        &self,
        before: &Delivery,
        states: &[D],
        change: impl Fn(&mut Delivery),
    ) -> Delivery {
        let mut now = before.clone();
        for state in states {
            let mut after = now.clone();
            after.state = *state;
            change(&mut after);
            self.ledger.move_delivery(&now, &after).await.unwrap();
            now = after;
        }
        now
    }

    async fn export_to(
        &self,
        before: &Export,
        states: &[X],
        change: impl Fn(&mut Export),
    ) -> Export {
        let mut now = before.clone();
        for state in states {
            let mut after = now.clone();
            after.state = *state;
            change(&mut after);
            self.ledger.move_export(&now, &after, None).await.unwrap();
            now = after;
        }
        now
    }

    async fn counts(&self) -> (u64, u64) {
        let number = self.number;
        (
            self.ledger.backlog(number).await.unwrap(),
            self.ledger.needing_operator(number).await.unwrap(),
        )
    }
}

fn by_hand() -> Failure {
    Failure::cancelled("held by the operator:", "a")
}

fn doubt() -> Failure {
    Failure::new(FailureClass::Doubt, "testing", "a")
}

#[tokio::test]
async fn a_delivery_waits_for_the_receiver_for_a_person_or_not_at_all() {
    for (states, failure, counts) in [
        (&[][..], None, (1, 0)),
        (&[D::Uploading], None, (1, 0)),
        (&[D::Uploading, D::RetryWait], Some(doubt()), (1, 0)),
        (&[D::Uploading, D::Staged, D::Publishing], None, (1, 0)),
        (&[D::Uploading, D::Staged, D::Publishing, D::Fencing], None, (1, 0)),
        (&[D::Uploading, D::Staged, D::Publishing, D::Published], None, (0, 0)),
        (&[D::Uploading, D::Staged, D::Publishing, D::Published, D::Confirmed], None, (0, 0)),
        (&[D::Held], Some(doubt()), (0, 1)),
        (&[D::Held], None, (0, 1)),
        // Whoever put it there knows.
        (&[D::Held], Some(by_hand()), (0, 0)),
        (&[D::Uploading, D::Staged, D::Publishing, D::InDoubt], Some(doubt()), (0, 1)),
        (&[D::Cancelled], None, (0, 0)),
    ] {
        let desk = Desk::new().await;
        let (_, first) = desk.verified("a", "a.csv").await;
        desk.to(&first, states, |d| d.failure = failure.clone()).await;
        assert_eq!(desk.counts().await, counts, "{states:?}");
        let waits = desk.ledger.waiting_since(desk.number).await.unwrap();
        assert_eq!(waits.is_some(), counts.0 > 0, "{states:?}");
        if let Some(since) = waits {
            assert!(Timestamp::now().duration_since(since).as_secs().abs() < 60);
        }
        // Of another endpoint nothing is known.
        assert_eq!(desk.ledger.backlog(99).await.unwrap(), 0);
        assert_eq!(desk.ledger.needing_operator(99).await.unwrap(), 0);
        assert_eq!(desk.ledger.waiting_since(99).await.unwrap(), None);
    }
}

#[tokio::test]
async fn so_does_an_export() {
    for (states, failure, counts) in [
        (&[][..], None, (1, 0)),
        (&[X::Downloading], None, (1, 0)),
        (&[X::Downloading, X::RetryWait], Some(doubt()), (1, 0)),
        (&[X::Downloading, X::Expired], None, (0, 1)),
        (&[X::Held], Some(doubt()), (0, 1)),
        (&[X::Held], Some(by_hand()), (0, 0)),
        (&[X::Cancelled], None, (0, 0)),
    ] {
        let desk = Desk::new().await;
        desk.announce(&[Some("a")]).await;
        let first = desk.ledger.open_exports(desk.number).await.unwrap().remove(0);
        desk.export_to(&first, states, |x| x.failure = failure.clone()).await;
        assert_eq!(desk.counts().await, counts, "{states:?}");
    }
    let desk = Desk::new().await;
    desk.announce(&[None, None]).await;
    assert_eq!(desk.counts().await, (0, 1), "quarantined, and equal texts are one");
}

#[tokio::test]
async fn the_next_try_is_the_earliest_that_comes_by_itself() {
    let desk = Desk::new().await;
    let next = async || desk.ledger.next_attempt(desk.number).await.unwrap();
    assert_eq!(next().await, None);
    let (_, first) = desk.verified("a", "a.csv").await;
    let now = Timestamp::now().round(jiff::Unit::Second).unwrap();
    let in_hours = |hours| Some(now + SignedDuration::from_hours(hours));
    // Without a time it is due at once.
    assert!(next().await.unwrap() <= Timestamp::now());
    let later = in_hours(3);
    let states = [D::Uploading, D::RetryWait];
    let waits = desk.to(&first, &states, |d| d.next_attempt_at = later).await;
    assert_eq!(next().await, later);
    // An export that is due earlier comes first, one that is due later does not.
    desk.announce(&[Some("b")]).await;
    let b = desk.ledger.open_exports(desk.number).await.unwrap().remove(0);
    let states = [X::Downloading, X::RetryWait];
    let b = desk.export_to(&b, &states, |x| x.next_attempt_at = in_hours(1)).await;
    assert_eq!(next().await, in_hours(1));
    desk.export_to(&b, &[X::RetryWait], |x| x.next_attempt_at = in_hours(5)).await;
    assert_eq!(next().await, later);
    // What only a person can mend is not tried by itself.
    let never = Failure::new(FailureClass::SignIn, "testing", "a").retry(Retry::Never);
    desk.to(&waits, &[D::RetryWait], |d| {
        d.failure = Some(never.clone());
        d.next_attempt_at = None;
    })
    .await;
    assert_eq!(next().await, in_hours(5));
    assert_eq!(desk.ledger.next_attempt(99).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_open_is_what_somebody_has_to_work_on() {
    let desk = Desk::new().await;
    let (_, a) = desk.verified("a", "a.csv").await;
    let (_, b) = desk.verified("b", "b.csv").await;
    desk.announce(&[Some("c"), Some("d")]).await;
    let exports = desk.ledger.open_exports(desk.number).await.unwrap();
    assert_eq!(exports.iter().map(|x| x.uid.as_str()).collect::<Vec<_>>(), ["c", "d"]);
    assert_eq!(desk.ledger.export(exports[0].id).await.unwrap().as_ref(), Some(&exports[0]));
    desk.to(&a, &[D::Held], |_| {}).await;
    assert_eq!(desk.ledger.open_deliveries(desk.number).await.unwrap(), std::slice::from_ref(&b));
    assert_eq!(desk.ledger.newest_delivery(b.export).await.unwrap(), Some(b.clone()));
    assert_eq!(desk.ledger.newest_delivery(exports[0].id).await.unwrap(), None);
    // A cancelled one is asked for as long as something of it may be left.
    let due = Some("2026-01-02T03:04:05Z".parse().unwrap());
    let left = desk.to(&b, &[D::Cancelled], |d| d.next_attempt_at = due).await;
    let leftovers = async || desk.ledger.cancelled_with_leftovers(desk.number).await.unwrap();
    assert_eq!(leftovers().await, std::slice::from_ref(&left));
    desk.to(&left, &[D::Cancelled], |d| d.next_attempt_at = None).await;
    assert_eq!(leftovers().await, []);
}

/// What is known to be synced, and nothing else, is resumed after a restart.
#[tokio::test]
async fn a_checkpoint_counts_for_the_attempt_that_made_it() {
    let desk = Desk::new().await;
    desk.announce(&[Some("a")]).await;
    let first = desk.ledger.open_exports(desk.number).await.unwrap().remove(0);
    let now = desk.export_to(&first, &[X::Downloading], |x| x.attempt = 1).await;
    let durable = async || desk.ledger.export(now.id).await.unwrap().unwrap().durable;
    desk.ledger.checkpoint_part(now.id, now.attempt, 4096).await.unwrap();
    assert_eq!(durable().await, Some(4096));
    let stale = Export { attempt: 7, ..now.clone() };
    desk.ledger.checkpoint_part(stale.id, stale.attempt, 9999).await.unwrap();
    assert_eq!(durable().await, Some(4096));
}

#[tokio::test]
async fn a_renamed_endpoint_s_open_things_change_hands() {
    let desk = Desk::new().await;
    desk.verified("a", "a.csv").await;
    desk.announce(&[Some("b")]).await;
    let poll = desk.ledger.intend_poll(desk.arrival(), None, std::path::Path::new("p")).await;
    desk.ledger.register_endpoints(vec![endpoint("f")]).await.unwrap();
    let number = desk.ledger.endpoint("f").await.unwrap().number;
    assert_ne!(number, desk.number);
    let take = async |account: &str| {
        desk.ledger.take_over(number, "encoura", account.to_owned()).await.unwrap()
    };
    assert_eq!(take("another account").await, 0);
    assert_eq!(take("org").await, 2);
    assert_eq!(take("org").await, 0, "once");
    assert_eq!(desk.ledger.open_exports(number).await.unwrap().len(), 1);
    assert_eq!(desk.ledger.open_deliveries(number).await.unwrap().len(), 1);
    assert_eq!(desk.ledger.open_polls(number).await.unwrap(), [poll.unwrap()]);
    assert_eq!(desk.ledger.backlog(desk.number).await.unwrap(), 0);
}

#[tokio::test]
async fn the_past_is_known_by_account_and_product() {
    let desk = Desk::new().await;
    let of = desk.arrival();
    let other = Arrival { account: "another".into(), ..of.clone() };
    let known = async |of: &Arrival, key| desk.ledger.has_baseline(of, key).await.unwrap();
    assert!(!known(&of, None).await);
    assert_eq!(desk.ledger.endpoint("e").await.unwrap().reconciled_at, None);
    desk.delivered(&[], ReconcileMode::Adopt).await;
    assert!(known(&of, None).await);
    assert!(!known(&of, Some("aos")).await && !known(&other, None).await);
    let reconciled = desk.ledger.endpoint("e").await.unwrap().reconciled_at.unwrap();
    assert!(Timestamp::now().duration_since(reconciled).as_secs().abs() < 60);
    assert!(desk.ledger.endpoint("nobody").await.is_err());
}

#[tokio::test]
async fn generations_count_up() {
    let desk = Desk::new().await;
    let (export, _) = desk.verified("a", "a.csv").await;
    for generation in 2..5 {
        let id = desk.ledger.create_generation(&export, to_slate()).await.unwrap();
        assert_eq!(desk.ledger.delivery(id).await.unwrap().unwrap().generation, generation);
    }
}

#[tokio::test]
async fn the_next_run_is_shown_as_it_was_planned() {
    let desk = Desk::new().await;
    let planned = || desk.ledger.reader().unwrap().endpoints().unwrap()[0].next_run;
    assert_eq!(planned(), None);
    let at = Some("2026-01-02T03:04:05Z".parse().unwrap());
    desk.ledger.schedule_run(desk.number, at).await.unwrap();
    assert_eq!(planned(), at);
    desk.ledger.schedule_run(desk.number, None).await.unwrap();
    assert_eq!(planned(), None);
}
