//! Files of a dataset without a key: versions, repeats, bad rows, refusals.

use transship::silver::LandedState as S;
use transship::silver::SetBack;

use super::stand::{PRODUCTS, SALES, Stand, dataset, sales, seed, whole};
use transship::model::{Column, ColumnKind};

fn notes() -> Vec<transship::model::Dataset> {
    vec![dataset("notes", vec![Column::text("word"), super::stand::column("n", whole())])]
}

const HEAD: &str = "word,n\n";

fn notes_of(stand: &Stand) -> Vec<String> {
    stand
        .rows("SELECT note_id / 1000000000, note_id % 1000000000, word, n FROM notes ORDER BY 1, 2")
}

#[tokio::test]
async fn the_seeds_files_become_its_tables() {
    let mut stand = Stand::new(seed());
    stand.land("products.csv", 1, PRODUCTS).await;
    let sold = format!("{SALES}P1,2026-05-04,2,1.50\nP2,2026-05-04,1,10.00\nP1,,3,0.99\n");
    let file = stand.arrive("sales.csv", 2, &sold).await;
    assert_eq!((file.state, file.rows_good, file.rows_bad), (S::Ingested, 3, 0), "{file:?}");
    assert_eq!(
        stand.sales(),
        ["P1|2026-05-04|2|150|Home", "P2|2026-05-04|1|1000|Books", "P1|-|3|99|Home"]
    );
    assert_eq!(stand.products(), ["P1|Lamp|Home|1|2", "P2|Novel|Books|1|3"]);
    // Every row knows its file and line.
    assert_eq!(
        stand.rows("SELECT sale_id, price FROM sales"),
        ["2000000002|1.5", "2000000003|10", "2000000004|0.99"]
    );
    assert_eq!(stand.rows("SELECT * FROM sales_daily_count"), ["|1", "2026-05-04|2"]);
    let sums = "SELECT category_name, count, total FROM sales_category_sales
        JOIN categories USING (category_id) ORDER BY 1";
    assert_eq!(stand.rows(sums), ["Books|1|1000", "Home|2|597"]);
}

#[tokio::test]
async fn a_newer_version_takes_the_place_of_an_older_one() {
    let mut stand = Stand::new(notes());
    stand.arrive("in/notes.csv", 10, &format!("{HEAD}a,1\nb,2\n")).await;
    stand.arrive("other/notes.csv", 10, &format!("{HEAD}z,9\n")).await;
    let newer = stand.arrive("in/notes.csv", 20, &format!("{HEAD}a,1\nc,3\nd,4\n")).await;
    assert_eq!(newer.state, S::Ingested);
    assert_eq!(notes_of(&stand), ["2|2|z|9", "3|2|a|1", "3|3|c|3", "3|4|d|4"]);
    // One between the two comes late.
    let late = stand.arrive("in/notes.csv", 15, &format!("{HEAD}late,0\n")).await;
    assert_eq!((late.state, late.rows_good), (S::Superseded, 0));
    assert_eq!(stand.states(), ["superseded", "ingested", "ingested", "superseded"]);
    assert_eq!(notes_of(&stand).len(), 4);
}

#[tokio::test]
async fn the_same_bytes_go_in_once_under_whatever_name() {
    let mut stand = Stand::new(notes());
    let text = format!("{HEAD}a,1\n");
    stand.arrive("notes-1.csv", 1, &text).await;
    for (path, changed) in [("notes-2.csv", 2), ("notes-1.csv", 3), ("x/notes-1.csv", 0)] {
        assert_eq!(stand.arrive(path, changed, &text).await.state, S::Repeated, "{path}");
    }
    assert_eq!(notes_of(&stand), ["1|2|a|1"]);
    // The first name gets other bytes: those that repeated them are the first again.
    let told = {
        stand.land("notes-1.csv", 9, &format!("{HEAD}b,2\n")).await;
        stand.ingest().await
    };
    assert_eq!(told.len(), 3, "{told:#?}");
    assert_eq!(stand.states(), ["superseded", "repeated", "superseded", "ingested", "ingested"]);
    assert_eq!(notes_of(&stand), ["4|2|a|1", "5|2|b|2"]);
}

#[tokio::test]
async fn bad_rows_are_set_aside_and_too_many_refuse_the_file() {
    let mut stand = Stand::new(notes());
    let mut columns = notes();
    columns[0].columns[1].required = true;
    stand.reopen(columns);
    let file = stand.arrive("notes-1.csv", 1, &format!("{HEAD}a,1\nb,x\n")).await;
    assert_eq!((file.state, file.rows_good, file.rows_bad), (S::Ingested, 1, 1));
    let listed = "SELECT file, line, dataset, column_name, value, raw FROM quarantine";
    assert_eq!(stand.rows(listed), ["1|3|notes|n|x|b,x"]);

    let file = stand.arrive("notes-2.csv", 1, &format!("{HEAD}a,1\nb,x\nc,y\n")).await;
    assert_eq!((file.state, file.rows_good, file.rows_bad), (S::Refused, 1, 2));
    let why = file.error.unwrap();
    assert!(why.contains("2 of 3 rows are bad, and 50 percent may be"), "{why}");
    assert_eq!(notes_of(&stand), ["1|2|a|1"]);
    assert_eq!(stand.rows(listed).len(), 3);
    assert_eq!(stand.silver.refused("partner").await.unwrap(), 1);
    assert_eq!(stand.silver.refused("somebody else").await.unwrap(), 0);

    // It is taken as it is.
    assert_eq!(stand.again(SetBack::File { id: 2, accept: true }).await, 1);
    let file = stand.ingest().await.remove(0);
    assert_eq!((file.state, file.rows_good, file.rows_bad), (S::Ingested, 1, 2));
    assert_eq!(notes_of(&stand), ["1|2|a|1", "2|2|a|1"]);
    assert_eq!(stand.silver.refused("partner").await.unwrap(), 0);
    assert_eq!(stand.again(SetBack::File { id: 77, accept: true }).await, 0);
}

#[tokio::test]
async fn a_refused_file_gives_way_to_its_newer_version_only() {
    let mut stand = Stand::new(notes());
    let mut columns = notes();
    columns[0].columns[1].required = true;
    stand.reopen(columns);
    stand.arrive("notes.csv", 1, &format!("{HEAD}a,1\n")).await;
    stand.arrive("notes.csv", 2, &format!("{HEAD}b,x\n")).await;
    assert_eq!(stand.states(), ["ingested", "refused"]);
    assert_eq!(notes_of(&stand), ["1|2|a|1"]);
    stand.arrive("notes.csv", 3, &format!("{HEAD}c,3\n")).await;
    assert_eq!(stand.states(), ["superseded", "superseded", "ingested"]);
    assert_eq!(notes_of(&stand), ["3|2|c|3"]);
    assert_eq!(stand.rows("SELECT * FROM quarantine"), Vec::<String>::new());
    // A refused one that comes late is nobody's business any more.
    stand.arrive("notes.csv", 2, &format!("{HEAD}d,y\n")).await;
    assert_eq!(stand.states()[3], "superseded");
}

#[tokio::test]
async fn a_corrected_copy_takes_the_files_place() {
    let mut stand = Stand::new(notes());
    let mut columns = notes();
    columns[0].columns[1].required = true;
    stand.reopen(columns);
    stand.arrive("notes.csv", 1, &format!("{HEAD}b,x\n")).await;
    let copy = stand.bronze("whoever", "wherever.txt", 99, format!("{HEAD}b,2\n").as_bytes());
    let id = stand.silver.correct(1, copy).await.unwrap();
    // Nothing changes until it is taken in.
    assert_eq!(stand.states(), ["refused", "landed"]);
    stand.ingest().await;
    assert_eq!(stand.states(), ["superseded", "ingested"]);
    assert_eq!(notes_of(&stand), [format!("{id}|2|b|2")]);
    assert_eq!(
        stand.rows("SELECT export, corrects, endpoint, path, name FROM landed WHERE id = 2"),
        ["-|1|partner|notes.csv|notes.csv"]
    );
    // The corrected one, and then a copy of the copy; the partner's next version wins.
    assert_eq!(stand.again(SetBack::File { id: 1, accept: true }).await, 1);
    assert_eq!(stand.ingest().await[0].state, S::Superseded);
    let copy = stand.bronze("", "", 0, format!("{HEAD}b,3\n").as_bytes());
    stand.silver.correct(2, copy).await.unwrap();
    stand.ingest().await;
    assert_eq!(notes_of(&stand), ["3|2|b|3"]);
    stand.arrive("notes.csv", 2, &format!("{HEAD}c,4\n")).await;
    assert_eq!(notes_of(&stand), ["4|2|c|4"]);
    let copy = stand.bronze("", "", 0, b"");
    let missing = stand.silver.correct(77, copy).await.unwrap_err();
    assert!(missing.to_string().contains("no file that landed has this number"), "{missing}");
}

#[tokio::test]
async fn what_landed_lands_once() {
    let mut stand = Stand::new(notes());
    let file = stand.bronze("partner", "notes.csv", 1, b"word,n\na,1\n");
    let other = stand.bronze("other", "notes.csv", 1, b"word,n\nb,1\n");
    assert_eq!(stand.silver.land(vec![file.clone(), file.clone()]).await.unwrap(), 1);
    assert_eq!(stand.silver.land(vec![other, file]).await.unwrap(), 1);
    assert_eq!(stand.silver.landed_exports("partner").await.unwrap(), [1].into());
    // Only one endpoint's files are taken in.
    let (totals, told) = stand.try_ingest(&["other"]).await;
    assert_eq!((totals.unwrap().ingested, told[0].endpoint.as_str()), (1, "other"));
    assert_eq!(stand.states(), ["landed", "ingested"]);
}

#[tokio::test]
async fn everything_again_changes_nothing() {
    let mut stand = Stand::new(seed());
    stand.arrive("products.csv", 1, PRODUCTS).await;
    stand.arrive("sales-1.csv", 2, &format!("{SALES}P1,2026-05-04,2,1.50\nP9,,,\n")).await;
    stand.arrive("sales-2.csv", 2, &format!("{SALES}P2,2026-05-05,2,1.50\n")).await;
    let before = (stand.sales(), stand.products(), stand.rows("SELECT * FROM quarantine"));
    for which in [SetBack::All, SetBack::Endpoint("partner".into())] {
        assert_eq!(stand.again(which).await, 3);
        stand.check();
        assert_eq!(stand.ingest().await.len(), 3);
        let after = (stand.sales(), stand.products(), stand.rows("SELECT * FROM quarantine"));
        assert_eq!(before, after);
    }
    assert_eq!(stand.again(SetBack::Endpoint("nobody".into())).await, 0);
}

#[tokio::test]
async fn a_sum_that_is_too_large_refuses_the_file() {
    let mut datasets = seed();
    datasets[0].columns[3].kind = ColumnKind::Decimal { scale: 0, min: None, max: None };
    let mut stand = Stand::new(datasets);
    stand.arrive("products.csv", 1, PRODUCTS).await;
    let most = i64::MAX;
    let good = stand.arrive("sales-1.csv", 2, &format!("{SALES}P1,2026-05-04,1,{most}\n")).await;
    assert_eq!(good.state, S::Ingested);
    for row in ["P1,2026-05-04,1,1", &format!("P2,2026-05-04,2,{most}")] {
        let file = stand.arrive("sales-2.csv", 2, &format!("{SALES}{row}\n")).await;
        assert_eq!(file.state, S::Refused, "{row}");
        assert!(file.error.unwrap().contains("64 bits"));
    }
    assert_eq!(stand.one::<i64>("SELECT count(*) FROM sales"), 1);
}

#[tokio::test]
async fn a_file_that_no_dataset_takes_waits_for_one() {
    let mut stand = Stand::new(notes());
    let file = stand.arrive("sales.csv", 1, SALES).await;
    assert_eq!((file.state, file.dataset), (S::Unmatched, None));
    stand.reopen(vec![super::stand::products(), sales()]);
    assert_eq!(stand.states(), ["landed"]);
    assert_eq!(stand.ingest().await[0].state, S::Ingested);
}
