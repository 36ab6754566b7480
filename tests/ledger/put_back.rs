//! What a ledger that was put back from a backup does to what it has open.

use transship::ledger::{Books as _, Filter, NewDelivery};
use transship::model::{DeliveryState as D, ExportState as X, FailureClass, FinalNames};

use crate::Desk;

/// Brings a delivery of its own to the end of `states`.
async fn delivery(desk: &Desk, uid: &str, states: &[D]) {
    let (_, mut now) = desk.verified(uid, &format!("{uid}.csv")).await;
    for state in states {
        let mut after = now.clone();
        after.state = *state;
        desk.ledger.move_delivery(&now, &after).await.unwrap();
        now = after;
    }
}

#[tokio::test]
async fn nothing_that_could_be_sent_stays_open() {
    use D::{Confirmed, Fencing, Publishing, RetryWait, Staged, Uploading};
    let desk = Desk::new().await;
    let to_publishing = [Uploading, Staged, Publishing];
    let then = |states: &[D]| [&to_publishing[..], states].concat();
    for (uid, states) in [
        ("verified", vec![]),
        ("retry", vec![Uploading, RetryWait]),
        ("staged", vec![Uploading, Staged]),
        ("publishing", then(&[])),
        ("fencing", then(&[Fencing])),
        ("published", then(&[D::Published])),
        ("confirmed", then(&[D::Published, Confirmed])),
        ("held", vec![D::Held]),
        ("cancelled", vec![D::Cancelled]),
    ] {
        delivery(&desk, uid, &states).await;
    }
    desk.announce(&[Some("recorded"), Some("fetching"), None]).await;
    let fetching = desk.ledger.open_exports(desk.number).await.unwrap();
    let before = fetching.into_iter().find(|x| x.uid == "fetching").unwrap();
    let mut after = before.clone();
    after.state = X::Downloading;
    desk.ledger.move_export(&before, &after, None).await.unwrap();

    assert!(!desk.ledger.is_distrusted(desk.number).await.unwrap());
    let before = desk.ledger.mark().await.unwrap();
    // Five deliveries and two exports.
    assert_eq!(desk.ledger.distrust("it is older".into()).await.unwrap(), 7);
    assert!(desk.ledger.is_distrusted(desk.number).await.unwrap());
    let now = desk.ledger.mark().await.unwrap();
    assert_ne!(now.ledger, before.ledger, "another identity");
    assert_eq!(now.event, before.event + 7);

    for row in desk.ledger.reader().unwrap().exports(&Filter::default()).unwrap() {
        let held = match row.uid.as_str() {
            "verified" | "retry" | "staged" | "recorded" | "fetching" => Some("held"),
            "publishing" | "fencing" => Some("in_doubt"),
            _ => None,
        };
        match held {
            Some(state) => {
                assert_eq!(row.state, state, "{}", row.uid);
                let why = row.error.unwrap();
                assert!(why.contains("put back from a backup (it is older)"), "{why}");
            }
            None if row.uid.starts_with('?') => assert_eq!(row.state, "quarantined"),
            None => assert_eq!(row.state, row.uid),
        }
    }
    let open = desk.ledger.open_deliveries(desk.number).await.unwrap();
    let states: Vec<_> = open.iter().map(|d| d.state).collect();
    assert_eq!(states, [D::Published, Confirmed], "these are over there already");
    for delivery in open {
        assert_eq!(delivery.failure, None);
    }
    desk.ledger.trust_again(desk.number).await.unwrap();
    assert!(!desk.ledger.is_distrusted(desk.number).await.unwrap());
}

/// Held in doubt: the words are those for what a person must decide.
#[tokio::test]
async fn what_is_held_says_that_it_may_be_delivered() {
    let desk = Desk::new().await;
    let (_, first) = desk.verified("a", "a.csv").await;
    desk.ledger.distrust("why".into()).await.unwrap();
    let held = desk.ledger.delivery(first.id).await.unwrap().unwrap();
    let failure = held.failure.unwrap();
    assert_eq!(failure.class, FailureClass::Doubt);
    assert!(failure.needs_operator());
    let new = NewDelivery {
        destination: "slate".into(),
        target: "t".into(),
        names: FinalNames::Original,
    };
    // The next generation is not touched by it.
    let export = desk.ledger.export(first.export).await.unwrap().unwrap();
    let id = desk.ledger.create_generation(&export, new).await.unwrap();
    assert_eq!(desk.ledger.delivery(id).await.unwrap().unwrap().final_name, "a.csv");
}
