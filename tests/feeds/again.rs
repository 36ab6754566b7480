//! Bad rows, refused files, and taking in again.

use std::fs;

use transship::engine::{Again, Command, Event, Reply, TakenIn};
use transship::model::{Failure, FailureClass, Outcome};

use crate::desk::{Desk, FEED, product_file, sales_file};

async fn again(desk: &Desk, which: Again) -> Result<TakenIn, Failure> {
    match desk.ask(Command::TakeInAgain(which)).await.0 {
        Reply::TakenIn(taken) => Ok(taken),
        Reply::Failed(failure) => Err(failure),
        other => panic!("{other:?}"),
    }
}

/// Five good sales and so many bad ones.
fn dirty(bad: usize) -> String {
    sales_file("2026-05-01", 0..5) + &"P1,2026-02-30,1,1.00\n".repeat(bad)
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_set_aside_and_told() {
    let desk = Desk::new();
    desk.put("product_info_1.json", &product_file(0..10), 100);
    desk.put("sales_data_1.csv", &dirty(2), 100);
    desk.put(
        "sales_data_2.csv",
        "product_id,sale_date,quantity,price,colour\nP1,2026-05-09,1,1.00,red\n",
        90,
    );
    let (result, events) = desk.pass().await;
    assert_eq!((result.outcome, &result.error), (Outcome::Done, &None), "{result:#?}");
    assert_eq!((desk.sales(), desk.number("SELECT count(*) FROM quarantine")), (6, 2));
    let said: Vec<&str> = events
        .iter()
        .filter_map(|e| match e {
            Event::Notice { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert!(
        said.iter().any(|s| s.contains("5 rows of sales_data_1.csv are in sales, 2 are set aside")),
        "{said:?}"
    );
    assert!(
        said.iter()
            .any(|s| s
                .contains("sales_data_2.csv has columns that its dataset does not name: colour")),
        "{said:?}"
    );
    assert!(!said.iter().any(|s| s.contains("2026-02-30")), "no row's content is told: {said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_file_needs_the_operator_until_it_is_mended() {
    let desk = Desk::new();
    desk.put("product_info_1.json", &product_file(0..10), 100);
    desk.put("sales_data_1.csv", &dirty(9), 100);
    for pass in 0..2 {
        let result = desk.sync().await;
        assert_eq!(result.outcome, Outcome::NeedsOperator, "pass {pass}: {result:#?}");
        assert!(result.error.unwrap().contains("1 file is refused"));
        assert_eq!((desk.sales(), desk.number("SELECT count(*) FROM quarantine")), (0, 9));
    }
    let refused = desk.landed().into_iter().find(|row| row.state == "refused").unwrap();

    // As it is, it is refused again; a corrected copy takes its place.
    let file = |accept, replace| Again::File { id: refused.id, accept, replace };
    assert_eq!(again(&desk, file(false, None)).await.unwrap().totals.refused, 1);
    let mended = desk.folder().join("mended.csv");
    fs::write(&mended, dirty(1)).unwrap();
    let taken = again(&desk, file(false, Some(mended))).await.unwrap();
    assert_eq!((taken.set_back, taken.totals.ingested, taken.totals.rows_good), (1, 1, 5));
    assert_eq!(desk.sales(), 5);
    assert_eq!(desk.sync().await.outcome, Outcome::NothingNew);
    assert_eq!(desk.bronze().len(), 3, "the copy is kept as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_file_may_be_accepted() {
    let desk = Desk::new();
    desk.put("product_info_1.json", &product_file(0..10), 100);
    desk.put("sales_data_1.csv", &dirty(9), 100);
    desk.sync().await;
    let refused = desk.landed().into_iter().find(|row| row.state == "refused").unwrap();
    let accept = Again::File { id: refused.id, accept: true, replace: None };
    assert_eq!(again(&desk, accept).await.unwrap().totals.rows_good, 5);
    assert_eq!(desk.sales(), 5);
    assert_eq!(desk.sync().await.outcome, Outcome::NothingNew);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_taken_in_again_without_the_partner() {
    let mut desk = Desk::new();
    for n in 1..=3 {
        desk.put(&format!("product_info_{n}.json"), &product_file(0..10 * n), 100);
        let day = format!("2026-05-0{n}");
        desk.put(&format!("sales_data_{day}.csv"), &sales_file(&day, 0..5), 100);
    }
    desk.sync_well().await;
    let before = (desk.sales(), desk.number("SELECT count(*) FROM products"));
    desk.sshd.stop();
    for which in [vec![], vec![FEED.to_owned()]] {
        let taken = again(&desk, Again::Endpoints(which)).await.unwrap();
        assert_eq!((taken.set_back, taken.totals.ingested), (6, 6));
        assert_eq!((desk.sales(), desk.number("SELECT count(*) FROM products")), before);
    }
    for which in [vec!["Shop fed".to_owned()], vec!["nobody".to_owned()]] {
        let failure = again(&desk, Again::Endpoints(which)).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Misconfigured, "{failure}");
    }
    let nobody = Again::File { id: 4711, accept: false, replace: None };
    assert_eq!(again(&desk, nobody).await.unwrap_err().class, FailureClass::NotFound);
    let nowhere = Again::File { id: 1, accept: false, replace: Some("/nowhere".into()) };
    assert_eq!(again(&desk, nowhere).await.unwrap_err().class, FailureClass::Local);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_definition_takes_everything_in_again_from_bronze() {
    let mut desk = Desk::new();
    desk.put("product_info_1.json", &product_file(0..10), 100);
    desk.put("sales_data_1.csv", &dirty(1), 100);
    desk.sync_well().await;
    assert_eq!(desk.sales(), 5);
    // The date is a text from now on: the bad row is a good one.
    let column = &mut desk.config.endpoints[0].datasets[1].columns[1];
    column.kind = transship::model::ColumnKind::Text { max_length: None };
    let result = desk.sync_well().await;
    assert_eq!(result.fetched, 0);
    assert_eq!(desk.sales(), 6);
}
