//! Rows that refer to rows of another dataset.

use transship::model::{Carried, Column};
use transship::silver::LandedState as S;

use super::stand::{PRODUCTS, SALES, Stand, dataset, seed};

#[tokio::test]
async fn what_is_referenced_goes_first() {
    let mut stand = Stand::new(seed());
    stand.land("sales.csv", 1, &format!("{SALES}P1,2026-05-04,2,1.50\n")).await;
    stand.land("products.csv", 2, PRODUCTS).await;
    let told = stand.ingest().await;
    assert_eq!(told.iter().map(|file| file.file).collect::<Vec<_>>(), [2, 1]);
    assert!(told.iter().all(|file| file.state == S::Ingested && file.rows_bad == 0));
}

#[tokio::test]
async fn what_comes_late_brings_its_rows_in() {
    let mut stand = Stand::new(seed());
    stand.arrive("products-1.csv", 1, PRODUCTS).await;
    let sold = format!("{SALES}P1,2026-05-04,1,1.00\nP3,2026-05-04,2,1.50\n");
    assert_eq!(stand.arrive("sales-1.csv", 1, &sold).await.rows_bad, 1);
    let sold = format!("{SALES}P1,2026-05-04,3,1.00\nP4,2026-05-04,2,1.50\n");
    assert_eq!(stand.arrive("sales-2.csv", 1, &sold).await.rows_bad, 1);
    // All its rows refer to nothing.
    let sold = format!("{SALES}P3,2026-05-05,1,1.00\nP4,2026-05-05,1,1.00\nP3,2026-05-05,1,1.00\n");
    let refused = stand.arrive("sales-3.csv", 1, &sold).await;
    assert_eq!((refused.state, refused.rows_bad), (S::Refused, 3));
    let listed = "SELECT file, line, column_name, reason, value, missing, raw FROM quarantine";
    assert_eq!(
        stand.rows(listed)[0],
        "2|3|product_id|there is no such row in products|P3|products|\
         {\"product_id\":\"P3\",\"sale_date\":\"2026-05-04\",\"quantity\":2,\"price\":1.50,\
         \"category\":null}"
    );

    stand.land("products-2.csv", 1, "product_id,product_name,category\nP3,Pen,Office\n").await;
    let told = stand.ingest().await;
    let seen: Vec<_> = told.iter().map(|file| (file.file, file.state, file.rows_bad)).collect();
    // Only those files whose rows came.
    assert_eq!(seen, [(5, S::Ingested, 0), (2, S::Ingested, 0), (4, S::Ingested, 1)]);
    assert_eq!(
        stand.sales(),
        [
            "P1|2026-05-04|1|100|Home",
            "P3|2026-05-04|2|150|Office",
            "P1|2026-05-04|3|100|Home",
            "P3|2026-05-05|1|100|Office",
            "P3|2026-05-05|1|100|Office",
        ]
    );
}

#[tokio::test]
async fn files_of_other_endpoints_come_in_with_what_they_waited_for() {
    let mut stand = Stand::new(seed());
    let sold = stand.bronze("shop", "sales.csv", 1, format!("{SALES}P1,,1,1.00\n").as_bytes());
    let goods = stand.bronze("maker", "products.csv", 1, PRODUCTS.as_bytes());
    stand.silver.land(vec![sold, goods]).await.unwrap();
    assert_eq!(stand.try_ingest(&["shop"]).await.1[0].state, S::Refused);
    let (totals, told) = stand.try_ingest(&["maker"]).await;
    assert_eq!((totals.unwrap().ingested, told[1].endpoint.as_str()), (2, "shop"));
    assert_eq!(stand.sales(), ["P1|-|1|100|Home"]);
}

#[tokio::test]
async fn a_carried_value_is_that_of_the_moment() {
    let mut stand = Stand::new(seed());
    stand.arrive("products.csv", 1, PRODUCTS).await;
    stand.arrive("sales-1.csv", 1, &format!("{SALES}P1,2026-05-04,1,1.00\n")).await;
    stand.arrive("products.csv", 2, "product_id,product_name,category\nP1,Lamp,\n").await;
    stand.arrive("sales-2.csv", 1, &format!("{SALES}P1,2026-05-05,1,1.00\n")).await;
    assert_eq!(stand.sales(), ["P1|2026-05-04|1|100|Home", "P1|2026-05-05|1|100|-"]);
    stand.again(transship::silver::SetBack::All).await;
    stand.ingest().await;
    assert_eq!(stand.sales(), ["P1|2026-05-04|1|100|-", "P1|2026-05-05|1|100|-"]);
}

#[tokio::test]
async fn texts_are_carried_too_and_a_value_that_must_be_there_is() {
    let plain = Column { dictionary: None, required: true, ..seed()[0].columns[4].clone() };
    let mut datasets = seed();
    datasets[1].columns[2] = Column::text("category");
    datasets[0].columns[4] = plain;
    datasets[0].rollups.truncate(2);
    let mut stand = Stand::new(datasets);
    stand.arrive("products.csv", 1, &format!("{PRODUCTS}P3,Thing,\n")).await;
    let sold = format!("{SALES}P1,,1,1.00\nP3,,2,1.00\nP2,,3,1.00\nP1,,4,1.00\n");
    let file = stand.arrive("sales.csv", 1, &sold).await;
    assert_eq!((file.rows_good, file.rows_bad), (3, 1));
    assert_eq!(stand.rows("SELECT quantity, category FROM sales"), ["1|Home", "3|Books", "4|Home"]);
}

#[tokio::test]
async fn what_is_carried_over_takes_no_more_memory_than_there_is() {
    let mut datasets = seed();
    datasets[1].columns[2].dictionary = None;
    datasets[0].columns[4].dictionary = None;
    let mut stand = Stand::new(datasets);
    let long = "x".repeat(20_000);
    let products = format!("product_id,product_name,category\nP1,Lamp,{long}\n");
    stand.arrive("products.csv", 1, &products).await;
    let sold = |count| format!("{SALES}{}", "P1,,1,1.00\n".repeat(count));
    assert_eq!(stand.arrive("sales-1.csv", 1, &sold(1_000)).await.state, S::Ingested);
    let file = stand.arrive("sales-2.csv", 1, &sold(3_000)).await;
    assert_eq!(file.state, S::Refused);
    assert!(file.error.unwrap().contains("more text than there is room for"));
}

#[tokio::test]
async fn a_dataset_may_refer_to_itself() {
    let id = Column { required: true, ..Column::text("id") };
    let parent = Column { references: Some("parts".into()), ..Column::text("parent") };
    let carried = Carried { via: "parent".into(), column: "id".into() };
    let above = Column { carried: Some(carried), ..Column::text("above") };
    let mut parts = dataset("parts", vec![id, parent, above]);
    parts.key = vec!["id".into()];
    parts.max_bad_percent = 100;
    let mut stand = Stand::new(vec![parts]);
    let told = {
        stand.land("parts.csv", 1, "id,parent\nb,a\nc,b\na,\nd,x\n").await;
        stand.ingest().await
    };
    assert!(told.len() > 1, "taken in again until no more comes of it: {told:#?}");
    assert_eq!(stand.rows("SELECT id, parent, above FROM parts"), ["a|-|-", "b|a|a", "c|b|b"]);
    assert_eq!(stand.rows("SELECT value FROM quarantine"), ["x"]);
}
