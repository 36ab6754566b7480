//! Files of a dataset with a key: the last file wins, whatever the order of arrival.

use std::fmt::Write as _;

use transship::silver::LandedState as S;
use transship::silver::SetBack;

use super::stand::{Stand, prices};

const HEAD: &str = "article,shop,amount\n";

fn prices_of(stand: &Stand) -> Vec<String> {
    stand.rows("SELECT article, shop, amount, file, line FROM prices ORDER BY 1, 2")
}

#[tokio::test]
async fn the_highest_file_wins_and_within_it_the_last_line() {
    let mut stand = Stand::new(vec![prices()]);
    stand.arrive("prices-20260502.csv", 1, &format!("{HEAD}b,1,20\na,1,10\nb,1,21\n")).await;
    assert_eq!(prices_of(&stand), ["a|1|10|1|3", "b|1|21|1|4"]);
    stand.arrive("prices-20260503.csv", 1, &format!("{HEAD}a,1,11\nc,1,30\n")).await;
    // Late: only what nobody else has.
    let late = stand.arrive("prices-20260501.csv", 9, &format!("{HEAD}a,1,9\nz,1,\n")).await;
    assert_eq!((late.state, late.rows_good), (S::Ingested, 2));
    assert_eq!(prices_of(&stand), ["a|1|11|2|2", "b|1|21|1|4", "c|1|30|2|3", "z|1|-|3|3"]);
}

#[tokio::test]
async fn the_same_bytes_again_count_only_if_they_are_the_higher_ones() {
    let mut stand = Stand::new(vec![prices()]);
    let first = format!("{HEAD}a,1,1\n");
    stand.arrive("prices.csv", 5, &first).await;
    stand.arrive("prices.csv", 6, &format!("{HEAD}a,1,2\n")).await;
    assert_eq!(stand.arrive("prices.csv", 4, &first).await.state, S::Repeated);
    assert_eq!(prices_of(&stand), ["a|1|2|2|2"]);
    assert_eq!(stand.arrive("prices.csv", 7, &first).await.state, S::Ingested);
    assert_eq!(prices_of(&stand), ["a|1|1|4|2"]);
}

#[tokio::test]
async fn a_correction_gives_back_what_the_file_had_hidden() {
    let mut stand = Stand::new(vec![prices()]);
    stand.arrive("prices-20260501.csv", 1, &format!("{HEAD}a,1,1\nb,1,1\n")).await;
    stand.arrive("prices-20260502.csv", 1, &format!("{HEAD}a,1,2\nb,1,2\nc,1,2\n")).await;
    let copy = stand.bronze("", "", 0, format!("{HEAD}b,1,3\n").as_bytes());
    stand.silver.correct(2, copy).await.unwrap();
    let told = stand.ingest().await;
    assert_eq!(told.len(), 2, "the first file is taken in again: {told:#?}");
    assert_eq!(prices_of(&stand), ["a|1|1|1|2", "b|1|3|3|2"]);
    assert_eq!(stand.states(), ["ingested", "superseded", "ingested"]);
}

#[tokio::test]
async fn a_row_without_its_key_is_a_bad_one() {
    let mut dataset = prices();
    dataset.columns.iter_mut().for_each(|column| column.required = false);
    let mut stand = Stand::new(vec![dataset]);
    let file = stand.arrive("prices.csv", 1, &format!("{HEAD},1,5\na,,5\nb,1,\nc,1,7\n")).await;
    assert_eq!((file.state, file.rows_good, file.rows_bad), (S::Ingested, 2, 2));
    assert_eq!(prices_of(&stand), ["b|1|-|1|4", "c|1|7|1|5"]);
    let listed = "SELECT line, column_name, reason FROM quarantine ORDER BY line";
    assert_eq!(stand.rows(listed), ["2|article|it has no value", "3|shop|it has no value"]);
}

#[tokio::test]
async fn a_file_that_is_refused_now_leaves_no_row_behind() {
    let mut stand = Stand::new(vec![prices()]);
    stand.arrive("prices-20260501.csv", 1, &format!("{HEAD}a,1,1\n")).await;
    stand.arrive("prices-20260502.csv", 1, &format!("{HEAD}a,1,2\nb,x,2\n")).await;
    assert_eq!(prices_of(&stand), ["a|1|2|2|2"]);
    let mut strict = prices();
    strict.max_bad_percent = 10;
    stand.reopen(vec![strict]);
    assert_eq!(stand.again(SetBack::File { id: 2, accept: false }).await, 1);
    stand.ingest().await;
    assert_eq!(stand.states(), ["ingested", "refused"]);
    assert_eq!(prices_of(&stand), ["a|1|1|1|2"]);
    // A limit that is raised again lets it in by itself.
    stand.reopen(vec![prices()]);
    stand.ingest().await;
    assert_eq!(prices_of(&stand), ["a|1|2|2|2"]);
}

#[tokio::test]
async fn keys_in_no_order_end_as_in_order() {
    let mut stand = Stand::new(vec![prices()]);
    // The last day's file, which wins, is small and in order.
    stand.arrive("prices-20260502.csv", 1, &format!("{HEAD}k0,1,-1\nk9,1,-9\n")).await;
    let (mut text, mut expected) = (HEAD.to_owned(), std::collections::BTreeMap::new());
    for line in 0..70_000_u64 {
        let key = line.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50;
        writeln!(text, "k{key},1,{line}").unwrap();
        expected.insert(format!("k{key}"), format!("{line}|2|{}", line + 2));
    }
    expected.insert("k0".into(), "-1|1|2".into());
    expected.insert("k9".into(), "-9|1|3".into());
    let file = stand.arrive("prices-20260501.csv", 1, &text).await;
    assert_eq!((file.state, file.rows_good), (S::Ingested, 70_000));
    let expected: Vec<String> =
        expected.iter().map(|(key, rest)| format!("{key}|1|{rest}")).collect();
    // Not shown: it is long.
    assert!(prices_of(&stand) == expected);
    // Refused, it leaves nothing that the next one would stumble over.
    let mut strict = prices();
    strict.max_bad_percent = 0;
    stand.reopen(vec![strict]);
    let file = stand.arrive("prices-20260503.csv", 1, &format!("{text}x,x,x\n")).await;
    assert_eq!(file.state, S::Refused);
    stand.again(SetBack::All).await;
    stand.ingest().await;
    assert!(prices_of(&stand) == expected);
}
