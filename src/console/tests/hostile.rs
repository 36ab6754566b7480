//! Nothing from outside reaches a cell as it came, and no size of the screen is too odd.

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::sample::{self, happen, transfer};
use super::screens::{press, screen};
use crate::console::message::Message;
use crate::console::state::State;
use crate::console::update::update;
use crate::engine::{Event, Level, Phase};
use crate::model::{Failure, FailureClass, Id, steers};

/// Text with everything in it that could draw, ring, retitle, paste or reorder.
fn hostile() -> impl Strategy<Value = String> {
    let bits = prop_oneof![
        3 => "\\PC{1,8}",
        1 => Just("\u{1b}[2J\u{1b}[1;1H".to_owned()),
        1 => Just("\u{1b}]0;owned\u{7}".to_owned()),
        1 => Just("\u{1b}]52;c;cm0gLXJmIC8=\u{1b}\\".to_owned()),
        1 => Just("\u{9b}31m\u{9d}0;x\u{9c}".to_owned()),
        1 => Just("\u{202e}gpj.\u{2066}exe".to_owned()),
        1 => Just("\u{200b}\u{200d}\u{feff}\u{ad}".to_owned()),
        1 => Just("a\r\nb\tc\u{0}\u{7f}\u{8}".to_owned()),
        1 => Just("e\u{301}\u{301}\u{301}文件👩‍👩‍👧\u{fe0f}".to_owned()),
        1 => any::<char>().prop_map(String::from),
        1 => Just("x".repeat(3_000)),
    ];
    prop::collection::vec(bits, 1..5).prop_map(|bits| bits.concat())
}

/// A console in which everything that can come from outside is `text`.
fn owned_by(text: &str) -> State {
    let owned = || text.to_owned();
    let mut state = sample::feeds();
    let mut books = state.books.clone();
    books.pending = sample::snapshot().pending;
    books.recent = sample::snapshot().recent;
    for e in &mut books.endpoints {
        (e.name, e.last_error) = (owned(), Some(owned()));
    }
    sample::change(&mut books, |rows| {
        for x in rows {
            (x.name, x.endpoint, x.uid, x.error) = (owned(), owned(), owned(), Some(owned()));
            x.remote_name = Some(owned());
        }
    });
    for d in &mut books.recent {
        (d.name, d.endpoint, d.error) = (owned(), owned(), Some(owned()));
        d.remote_name = Some(owned());
    }
    for file in &mut books.landed {
        (file.path, file.name, file.endpoint) = (owned(), owned(), owned());
        (file.dataset, file.error, file.drift) = (Some(owned()), Some(owned()), Some(owned()));
    }
    update(&mut state, Message::Books(Box::new(Ok(books))));
    happen(&mut state, 0, transfer(Id::export(5), text, 10, None));
    happen(&mut state, 0, Event::Endpoint { endpoint: owned(), phase: Phase::Braked(owned()) });
    state
}

fn no_steering(state: &mut State, size: (u16, u16)) -> Result<(), TestCaseError> {
    let terminal = screen(state, size);
    for cell in terminal.backend().buffer().content() {
        prop_assert!(!cell.symbol().contains(steers), "{:?} at {size:?}", cell.symbol());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_text_from_outside_steers_the_terminal(text in hostile(), wide in 40u16..140, high in 10u16..50) {
        for keys in ["1", "2", "3", "4", "5", "6", "7", "8", "!", "2f", "3w", "1<enter>", "2y", "5<enter>"] {
            let mut state = owned_by(&text);
            press(&mut state, keys);
            if keys == "5<enter>" {
                for file in 0..10 {
                    update(&mut state, Message::SetAside(file, Ok(sample::set_aside(file))));
                }
            }
            no_steering(&mut state, (wide, high))?;
        }
        // A timeline, a failure of the books, a notice, a paste.
        let id = Id::export(6);
        let mut state = owned_by(&text);
        press(&mut state, "2<enter>");
        let mut timeline = sample::timeline(id);
        for (label, value) in &mut timeline.facts {
            (*label, *value) = (text.clone(), text.clone());
        }
        for event in &mut timeline.events {
            (event.kind, event.detail) = (text.clone(), Some(text.clone()));
            event.to_state = Some(text.clone());
        }
        update(&mut state, Message::Timeline(id, Ok(Some((timeline, 0)))));
        no_steering(&mut state, (wide, high))?;
        let mut state = owned_by(&text);
        happen(&mut state, 0, Event::Notice { level: Level::Error, text: text.clone() });
        no_steering(&mut state, (wide, high))?;
        state.toast = None;
        let failure = Failure::new(FailureClass::Local, "reading", &text).said(&text);
        update(&mut state, Message::Books(Box::new(Err(failure))));
        no_steering(&mut state, (wide, high))?;
        for keys in ["2/", ":"] {
            let mut state = owned_by(&text);
            press(&mut state, keys);
            update(&mut state, Message::Input(crossterm::event::Event::Paste(text.clone())));
            no_steering(&mut state, (wide, high))?;
        }
        let url = Some(text.clone());
        happen(&mut state, 0, Event::SignIn { endpoint: text.clone(), url });
        no_steering(&mut state, (wide, high))?;
    }
}

#[test]
fn no_size_is_too_odd() {
    sample::fill_log();
    for keys in
        ["1", "2", "3", "4", "5", "6", "7", "8", "!", "2f", "2?", "2:", "1<enter>", "3jjjA", "q"]
    {
        let mut state = sample::state();
        press(&mut state, keys);
        for width in (1..=9).chain((10..200).step_by(9)) {
            for height in (1..=24).chain([40, 60]) {
                let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
                let mut log = crate::console::log::LogView::new(state.theme, state.zone.clone());
                terminal
                    .draw(|frame| crate::console::view::draw(frame, &mut state, &mut log))
                    .unwrap();
                let at = terminal.get_cursor_position().unwrap();
                assert!(at.x < width.max(1) && at.y < height.max(1), "{keys}: {width}x{height}");
            }
        }
    }
}
