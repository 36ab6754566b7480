//! The language of filters, typed key by key.

use crossterm::event::{KeyCode, KeyModifiers};
use proptest::prelude::*;

use super::actions::{chord, key, numbers};
use super::sample;
use super::screens::press;
use crate::console::state::{Pane, State};

#[test]
fn the_filter_has_a_language() {
    let shown = |filter: &str| {
        let mut state = sample::state();
        press(&mut state, "2/");
        for c in filter.chars() {
            key(&mut state, c);
        }
        press(&mut state, "<enter>");
        let mut shown = numbers(&state);
        shown.sort_unstable();
        (shown, state.filter(Pane::Pending).error)
    };
    for (filter, numbers) in [
        ("", vec![1, 2, 4, 5, 6, 7]),
        ("state:failed", vec![1, 2, 6]),
        ("state:you", vec![1, 6]),
        ("STATE:held,uploading", vec![4, 6]),
        ("state:\"in doubt\"", vec![1]),
        ("-state:failed", vec![4, 5, 7]),
        ("!prospects", vec![4, 5, 6, 7]),
        ("prospects midwest", vec![2]),
        ("\"upload may\"", vec![1]),
        ("endpoint:encoura state:retry", vec![2]),
        ("endpoint:slate", vec![]),
        ("try:>2", vec![2]),
        ("try:<3 size:>5MB", vec![5, 6, 7]),
        ("since:>1h", vec![]),
        ("since:<1h id:x5", vec![5]),
        ("id:d41", vec![1]),
        ("id:d4", vec![]),
        ("class:\"not allowed\"", vec![2]),
        // Too little yet: nothing is hidden.
        ("state:", vec![1, 2, 4, 5, 6, 7]),
        ("size:>", vec![1, 2, 4, 5, 6, 7]),
    ] {
        assert_eq!(shown(filter), (numbers, None), "{filter}");
    }
    for (filter, says) in [
        ("colour:red", "no field is called colour; there are state"),
        ("size:>3x", "no unit is called x"),
        ("try:>many", "many is no number"),
    ] {
        let (rows, error) = shown(filter);
        assert_eq!(rows.len(), 6, "{filter}");
        assert!(error.as_ref().is_some_and(|e| e.contains(says)), "{filter}: {error:?}");
    }
}

/// What a filter is made of, and what it stumbles over.
const PARTS: &[&str] = &[
    "prospects",
    "midwest",
    "m",
    "x",
    "x1",
    "x41",
    "d4",
    "d42",
    "1",
    "2026",
    "held",
    "failed",
    "fail",
    "you",
    "in doubt",
    "in_doubt",
    "UP",
    "state:",
    "endpoint:",
    "try:",
    "size:",
    "id:",
    ">",
    "<",
    "2",
    "MB",
    ",",
    "-",
    "!",
    "\"",
    " ",
    " ",
    ":",
    "文",
];

fn typing() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PARTS), 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    /// Who looks only through what passed before finds what one finds who looks through all.
    #[test]
    fn typed_or_pasted_the_same_rows_pass(filter in typing(), taken_back in 0..3_usize) {
        let rows = |state: &State| (numbers(state), state.filter(Pane::Pending).error);
        let mut typed = sample::state();
        press(&mut typed, "2/");
        for c in filter.chars() {
            key(&mut typed, c);
        }
        let letters: Vec<char> = filter.chars().collect();
        let kept = letters.len().saturating_sub(taken_back);
        for _ in kept..letters.len() {
            chord(&mut typed, KeyCode::Backspace, KeyModifiers::NONE);
        }
        let left: String = letters[..kept].iter().collect();
        prop_assert_eq!(&typed.list(Pane::Pending).filter, &left);
        let mut at_once = sample::state();
        at_once.list_mut(Pane::Pending).filter = left;
        at_once.changed();
        prop_assert_eq!(rows(&typed), rows(&at_once));
    }
}

#[test]
fn tab_completes_a_filter_with_what_there_is() {
    for (typed, tabs, filter) in [
        ("st", 1, "state:"),
        ("state:ret", 1, "state:retry_wait"),
        ("x -endpoint:sec", 1, "x -endpoint:\"encoura, second organisation\""),
        ("nothing:", 1, "nothing:"),
    ] {
        let mut state = sample::state();
        press(&mut state, &format!("2/{typed}"));
        for _ in 0..tabs {
            press(&mut state, "<tab>");
        }
        assert_eq!(state.list(Pane::Pending).filter, filter);
        assert!(state.typing, "one goes on typing");
    }
}
