//! The table of keys, help and footer cannot contradict each other.

use super::sample;
use crate::console::keymap::Keymap;
use crate::console::keys::{TABLE, binding};
use crate::console::possible::possible;
use crate::console::state::Pane;
use crate::console::view::{footer, help};

#[test]
fn within_a_pane_no_key_stands_twice() {
    for pane in Pane::ALL {
        for row in TABLE.iter().filter(|b| b.panes.contains(&pane)) {
            for key in row.keys {
                let found = Keymap::default().lookup(*key, pane).unwrap();
                assert_eq!(found.action, row.action, "{key} in {pane:?} does {:?}", found.action);
            }
        }
    }
}

#[test]
fn every_action_is_in_the_table_once_and_has_words() {
    for row in TABLE {
        assert_eq!(binding(row.action).unwrap().name, row.name, "{:?} stands twice", row.action);
        assert!(!row.keys.is_empty() && !row.says.is_empty() && !row.panes.is_empty());
    }
}

#[test]
fn no_key_that_navigates_somewhere_changes_something_elsewhere() {
    for row in TABLE.iter().filter(|b| b.action.changes_something()) {
        for key in row.keys {
            for other in
                Pane::ALL.into_iter().filter_map(|pane| Keymap::default().lookup(*key, pane))
            {
                assert_eq!(other.action, row.action, "{key}");
            }
        }
    }
}

#[test]
fn help_has_every_key_and_read_only_removes_the_dangerous_ones() {
    for read_only in [false, true] {
        let options = crate::console::Options { read_only, ..sample::options() };
        let mut state = sample::with(&options);
        for pane in Pane::ALL {
            state.focus = pane;
            let lines: Vec<String> = help::lines(&state).iter().map(ToString::to_string).collect();
            for row in TABLE.iter().filter(|b| b.panes.contains(&pane)) {
                let listed = lines.iter().any(|l| l.contains(row.says));
                let hidden = read_only && row.action.changes_something();
                assert_eq!(listed, !hidden, "{:?} in {pane:?}", row.action);
            }
            let shown = footer::shown(&state, 200);
            assert!(shown.iter().all(|b| !(read_only && b.action.changes_something())));
        }
    }
}

#[test]
fn the_footer_always_tells_how_to_get_help_and_out() {
    let mut state = sample::state();
    for pane in Pane::ALL {
        state.focus = pane;
        for width in [60, 80, 120] {
            let names: Vec<_> = footer::shown(&state, width - 1).iter().map(|b| b.name).collect();
            assert!(names.contains(&"help") && names.contains(&"quit"), "{width}: {names:?}");
        }
    }
}

#[test]
fn an_impossible_action_has_a_reason() {
    let mut state = sample::state();
    for pane in Pane::ALL {
        state.focus = pane;
        for row in TABLE.iter().filter(|b| b.panes.contains(&pane)) {
            if let Err(reason) = possible(row.action, &state) {
                assert!(reason.len() > 5, "{:?}", row.action);
            }
        }
    }
}
