//! Final names and temporary names: each delivery's own.

use std::collections::{HashMap, HashSet};

use transship::model::Sha256;

use crate::Desk;

/// Two uids whose keys have the same first eight hex digits of their digest. Few
/// enough have to be tried: any two of them may meet.
fn uids_that_meet() -> [String; 2] {
    let mut seen = HashMap::new();
    for number in 0.. {
        let uid = format!("u{number}");
        let digest = Sha256::of(format!("encoura\norg\n{uid}\n").as_bytes());
        if let Some(earlier) = seen.insert(digest[..8].to_owned(), uid.clone()) {
            return [earlier, uid];
        }
    }
    unreachable!()
}

#[tokio::test]
async fn a_name_that_is_taken_gets_more_digits() {
    let desk = Desk::new().await;
    let [first, second] = uids_that_meet();
    let (a, first) = desk.verified(&first, "Same Name.csv").await;
    let (b, second) = desk.verified(&second, "Same Name.csv").await;
    assert_eq!(a.digest[..8], b.digest[..8]);
    assert_eq!(first.final_name, format!("Same_Name_{}.csv", &a.digest[..8]));
    assert_eq!(second.final_name, format!("Same_Name_{}.csv", &b.digest[..12]));
}

#[tokio::test]
async fn temporary_names_are_of_one_delivery_and_one_attempt() {
    let desk = Desk::new().await;
    let mut names = HashSet::new();
    for number in 0..20 {
        let (_, delivery) = desk.verified(&format!("u{number}"), "n.csv").await;
        assert_eq!(delivery.token.len(), 8);
        for attempt in 1..4 {
            let name = delivery.temporary_name(attempt);
            assert_eq!(name, format!(".tmp-{}-{attempt}.part", delivery.token));
            assert!(names.insert(name));
        }
    }
}
