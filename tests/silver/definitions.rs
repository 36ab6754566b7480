//! Definitions that change, and files that other programs wrote.

use transship::model::{Column, Dataset, FailureClass};
use transship::silver::{Feeds, LandedState as S, SetBack, Silver};

use super::stand::{PRODUCTS, SALES, Stand, column, dataset, prices, products, sales, seed, whole};

#[tokio::test]
async fn a_changed_definition_takes_all_files_in_again() {
    let mut stand = Stand::new(seed());
    stand.arrive("products.csv", 1, PRODUCTS).await;
    stand.arrive("sales-1.csv", 1, &format!("{SALES}P1,2026-05-04,1,1.00\nP1,,x,\n")).await;
    stand.arrive("sales-1.csv", 2, &format!("{SALES}P1,2026-05-04,2,1.00\n")).await;
    let mut changed = seed();
    changed[0].rollups.pop();
    changed[0].columns[2].name = "pieces".into();
    let version: i64 = stand.one("SELECT version FROM datasets WHERE name = 'sales'");
    stand.reopen(changed.clone());
    stand.check();
    assert_eq!(stand.states(), ["ingested", "landed", "landed"]);
    assert_eq!(stand.one::<i64>("SELECT count(*) FROM sales"), 0);
    stand.ingest().await;
    assert_eq!(stand.states(), ["ingested", "superseded", "ingested"]);
    assert_eq!(stand.rows("SELECT pieces FROM sales"), ["2"]);
    assert!(stand.one::<i64>("SELECT version FROM datasets WHERE name = 'sales'") > version + 1);
    // The same again is no change, nor are other patterns.
    changed[0].files.push("more*".into());
    stand.reopen(changed);
    assert_eq!(stand.states(), ["ingested", "superseded", "ingested"]);
    assert_eq!(stand.ingest().await, []);
}

#[tokio::test]
async fn an_endpoints_files_belong_to_its_own_datasets() {
    let feeds: Feeds = {
        let endpoint = |name: &str, datasets: Vec<Dataset>| transship::model::Endpoint {
            name: name.into(),
            endpoint_type: transship::model::EndpointType::Sftp,
            project_id: String::new(),
            user_id: String::new(),
            description: None,
            client: String::new(),
            product_keys: Vec::new(),
            file_types: Vec::new(),
            scope: transship::model::Scope::Exports,
            details: serde_json::Value::Null,
            datasets,
            deliver_to: None,
            bandwidth: transship::model::Bandwidth::default(),
            schedule: transship::model::Schedule::Manual,
            quiet_days: None,
            is_active: true,
        };
        Feeds::of(&[
            endpoint("maker", vec![products()]),
            endpoint("shop", vec![sales(), products()]),
        ])
    };
    assert_eq!(feeds.datasets().len(), 2);
    let of = |endpoint: &str, file: &str| feeds.takes(endpoint, file).map(|d| d.name.clone());
    assert_eq!(of("shop", "SALES.csv").as_deref(), Some("sales"));
    assert_eq!(of("shop", "products.csv").as_deref(), Some("products"));
    assert_eq!(of("maker", "sales.csv"), None);
    assert_eq!(of("nobody", "sales.csv"), None);
    let mut stand = Stand::new(feeds);
    for (endpoint, path) in [("maker", "sales.csv"), ("shop", "products.csv")] {
        let file = stand.bronze(endpoint, path, 1, PRODUCTS.as_bytes());
        stand.silver.land(vec![file]).await.unwrap();
    }
    stand.ingest().await;
    assert_eq!(stand.states(), ["unmatched", "ingested"]);
}

#[tokio::test]
async fn a_file_with_other_indexes_gets_those_of_this_version_and_keeps_its_rows() {
    let mut stand = Stand::new(seed());
    stand.arrive("products.csv", 1, PRODUCTS).await;
    stand.arrive("sales-1.csv", 1, &format!("{SALES}P1,2026-05-04,1,1.00\n")).await;
    let indexes = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name";
    let (before, rows) = (stand.rows(indexes), stand.sales());
    assert!(before.iter().any(|index| index.contains("sales.product_id.sale_date")), "{before:?}");
    let other = rusqlite::Connection::open(stand.path()).unwrap();
    other
        .execute_batch(
            "DROP INDEX \"sales.product_id.sale_date\";
             DROP INDEX sales_product_id; CREATE INDEX sales_product_id ON sales (quantity);
             CREATE INDEX sales_quantity ON sales (quantity);",
        )
        .unwrap();
    drop(other);
    assert_ne!(stand.rows(indexes), before);
    stand.reopen(seed());
    assert_eq!(stand.rows(indexes), before);
    assert_eq!(stand.sales(), rows);
    assert_eq!(stand.states(), ["ingested", "ingested"]);
    stand.check();
}

#[tokio::test]
async fn hostile_names_stay_names() {
    let mut odd = dataset(
        "select",
        vec![Column::text("a\"b); DROP TABLE landed; --"), column("order", whole())],
    );
    odd.columns[0].indexed = true;
    odd.columns[1].dictionary = Some("group".into());
    odd.rollups.push(transship::model::Rollup {
        name: "by \"it\"".into(),
        by: vec![odd.columns[0].name.clone(), "order".into()],
        sum: Vec::new(),
    });
    let mut stand = Stand::new(vec![odd]);
    stand.arrive("select.csv", 1, "\"a\"\"b); DROP TABLE landed; --\",order\nx,5\nx,5\n").await;
    assert_eq!(stand.rows("SELECT * FROM \"group\""), ["1|5"]);
    assert_eq!(stand.rows("SELECT * FROM \"select_by \"\"it\"\"\""), ["x|1|2"]);
}

#[tokio::test]
async fn definitions_that_cannot_be_tables_are_refused() {
    let named = |name: &str| dataset(name, vec![Column::text("a")]);
    let clash = |columns: Vec<Column>| dataset("a", columns);
    let mut rollup_and_index = sales();
    rollup_and_index.rollups[0].name = "sale_date".into();
    let dictionary = Column { dictionary: Some("Landed".into()), ..Column::text("a") };
    let mut key = prices();
    key.columns[2].name = "LINE".into();
    let summed = |by: &[&str], sum: &[&str]| {
        let mut dataset = prices();
        dataset.rollups[0].by = by.iter().map(ToString::to_string).collect();
        dataset.rollups[0].sum = sum.iter().map(ToString::to_string).collect();
        vec![dataset]
    };
    let mut nowhere = prices();
    nowhere.key.push("nowhere".into());
    for datasets in [
        vec![nowhere],
        summed(&[], &["amount"]),
        summed(&["nowhere"], &["amount"]),
        summed(&["shop", "nowhere"], &["amount"]),
        summed(&["shop"], &["article"]),
        summed(&["shop"], &["nowhere"]),
        vec![named("landed")],
        vec![named("sqlite_thing")],
        vec![named("A"), named("a")],
        vec![clash(vec![Column::text("x"), Column::text("X")])],
        vec![clash(vec![Column::text("row_id"), Column::text("a_id")])],
        vec![clash(vec![dictionary])],
        vec![rollup_and_index, products()],
        vec![key],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silver.db");
        let failure = Silver::open(&path, folder.path(), datasets).unwrap_err();
        assert_eq!(failure.class, FailureClass::Misconfigured, "{failure}");
        assert!(!path.exists(), "{failure}");
    }
}

#[tokio::test]
async fn a_newer_programs_file_is_left_alone() {
    let stand = Stand::new(seed());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| {
            let path = stand.folder.path().join(name);
            std::fs::metadata(path).unwrap().permissions().mode() & 0o777
        };
        assert_eq!((mode("silver.db"), mode("silver.db-wal")), (0o600, 0o600));
    }
    assert_eq!(stand.one::<Vec<u8>>("SELECT value FROM meta WHERE key = 'cursor_key'").len(), 32);
    stand.read().execute("UPDATE meta SET value = 99 WHERE key = 'version'", []).unwrap();
    let failure = Silver::open(&stand.path(), stand.folder.path(), seed()).unwrap_err();
    assert_eq!(failure.class, FailureClass::Misconfigured);
    assert!(failure.to_string().contains("a newer transship (tables of version 99"), "{failure}");
    assert_eq!(stand.silver.refused("a").await.unwrap_err().class, FailureClass::Misconfigured);
    assert_eq!(stand.one::<i64>("SELECT value FROM meta WHERE key = 'version'"), 99);
}

#[tokio::test]
async fn a_dataset_that_is_not_configured_any_more_keeps_its_rows() {
    let mut stand = Stand::new(vec![prices(), products()]);
    stand.arrive("products.csv", 1, PRODUCTS).await;
    stand.reopen(vec![prices()]);
    assert_eq!(stand.products().len(), 2);
    let file = stand.arrive("products-2.csv", 1, PRODUCTS).await;
    assert_eq!(file.state, S::Unmatched);
    stand.reopen(vec![prices(), products()]);
    assert_eq!(stand.states(), ["ingested", "landed"]);
    assert_eq!(stand.ingest().await[0].state, S::Ingested);
    // Set back, they go, since nothing says how they would be read; and come again.
    stand.reopen(vec![prices()]);
    stand.again(SetBack::All).await;
    stand.ingest().await;
    assert_eq!(stand.states(), ["unmatched", "unmatched"]);
    assert_eq!(stand.products().len(), 0);
    stand.reopen(vec![prices(), products()]);
    stand.ingest().await;
    assert_eq!(stand.products().len(), 2);
}
