//! The first rows of a table: its indexes are made after them, and nobody notices.

use transship::silver::LandedState as S;

use super::stand::{PRODUCTS, SALES, Stand, rows, seed};

const INDEXES: &str = "SELECT name, sql FROM sqlite_schema
    WHERE type = 'index' AND tbl_name = 'sales' AND sql IS NOT NULL ORDER BY name";
const OF_A_DAY: &str = "SELECT count(*) FROM sales WHERE sale_date = '2026-05-01'";

#[tokio::test]
async fn whoever_reads_meanwhile_sees_the_table_as_it_was_and_then_as_it_is() {
    let mut stand = Stand::new(seed());
    let indexes = stand.rows(INDEXES);
    assert!(!indexes.is_empty());
    let reader = stand.read();
    let mut of_a_day = reader.prepare(OF_A_DAY).unwrap();
    let mut count = || of_a_day.query_row([], |row| row.get::<_, i64>(0)).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(), 0);
    stand.arrive("products.csv", 1, PRODUCTS).await;
    let sales =
        format!("{SALES}P1,2026-05-01,1,2.00\nP2,2026-05-01,2,3.00\nP1,2026-05-02,3,4.00\n");
    assert_eq!(stand.arrive("sales.csv", 1, &sales).await.state, S::Ingested);
    assert_eq!(count(), 0);
    assert_eq!(rows(&reader, INDEXES), indexes);
    reader.execute_batch("COMMIT").unwrap();
    // The same statement, over indexes that are new.
    assert_eq!(count(), 2);
    assert_eq!(stand.rows(INDEXES), indexes);
    let plan = stand.rows(&format!("EXPLAIN QUERY PLAN {OF_A_DAY}"));
    assert!(plan[0].contains("INDEX sales_sale_date"), "{plan:?}");
}

#[tokio::test]
async fn a_first_file_that_is_refused_leaves_the_indexes() {
    let mut stand = Stand::new(seed());
    let indexes = stand.rows(INDEXES);
    let sales = format!("{SALES}P1,2026-05-01,x,2.00\n");
    assert_eq!(stand.arrive("sales.csv", 1, &sales).await.state, S::Refused);
    assert_eq!(stand.rows(INDEXES), indexes);
}
