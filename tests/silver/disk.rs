//! Bronze that is not what landed, passes that are stopped.

use tokio_util::sync::CancellationToken;
use transship::model::{Failure, FailureClass};

use super::stand::{Stand, prices};

const HEAD: &str = "article,shop,amount\n";

async fn waits(stand: &Stand, class: FailureClass) -> Failure {
    let (result, told) = stand.try_ingest(&[]).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.class, class, "{failure}");
    assert_eq!(told.len(), 1, "the other file goes in: {told:?}");
    assert_eq!(stand.states(), ["landed", "ingested"]);
    let said: String = stand.one("SELECT error FROM landed WHERE id = 1");
    assert_eq!(said, failure.to_string());
    stand.check();
    failure
}

#[tokio::test]
async fn damaged_bytes_do_not_go_in_and_hold_nobody_up() {
    for (text, damaged) in [
        // As good a row as the other; a bad one; more; less; nothing.
        ("a,1,1\n", "a,1,2\n"),
        ("a,1,1\n", "a,x,1\n"),
        ("a,1,1\n", "a,1,1\nb,1,1\n"),
        ("a,1,1\nb,1,1\n", "a,1,1\n"),
        ("a,1,1\n", ""),
    ] {
        let mut stand = Stand::new(vec![prices()]);
        stand.land("prices-20260501.csv", 1, &format!("{HEAD}{text}")).await;
        stand.land("prices-20260502.csv", 1, &format!("{HEAD}z,1,1\n")).await;
        let bronze: String = stand.one("SELECT bronze FROM landed WHERE id = 1");
        let bronze = stand.folder.path().join(bronze);
        std::fs::write(&bronze, format!("{HEAD}{damaged}")).unwrap();
        waits(&stand, FailureClass::Damaged).await;
        // Put right, it goes in.
        std::fs::write(&bronze, format!("{HEAD}{text}")).unwrap();
        stand.ingest().await;
        assert_eq!(stand.states(), ["ingested", "ingested"]);
        assert_eq!(stand.rows("SELECT error FROM landed WHERE id = 1"), ["-"]);
    }
}

#[tokio::test]
async fn a_missing_file_holds_nobody_up() {
    let mut stand = Stand::new(vec![prices()]);
    stand.land("prices-20260501.csv", 1, &format!("{HEAD}a,1,1\n")).await;
    stand.land("prices-20260502.csv", 1, &format!("{HEAD}z,1,1\n")).await;
    let bronze: String = stand.one("SELECT bronze FROM landed WHERE id = 1");
    std::fs::remove_file(stand.folder.path().join(bronze)).unwrap();
    waits(&stand, FailureClass::NotFound).await;
}

#[tokio::test]
async fn a_stopped_pass_leaves_its_file_as_it_was() {
    let mut stand = Stand::new(vec![prices()]);
    stand.land("prices.csv", 1, &format!("{HEAD}a,1,1\n")).await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    let failure = stand.silver.ingest(&[], |_| {}, cancel).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Cancelled);
    assert_eq!(stand.states(), ["landed"]);
    stand.check();
    assert_eq!(stand.one::<i64>("SELECT count(*) FROM prices"), 0);
    stand.ingest().await;
    assert_eq!(stand.one::<i64>("SELECT count(*) FROM prices"), 1);
}
