//! What the operator sees, at three sizes.

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use super::sample;
use crate::console::effect::LogMove;
use crate::console::log::LogView;
use crate::console::message::Message;
use crate::console::state::{Pane, State};
use crate::console::update::update;
use crate::console::view;
use crate::engine::{Event, Level};
use crate::model::{Failure, FailureClass, Id};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 15)];

pub(super) fn screen(state: &mut State, (width, height): (u16, u16)) -> Terminal<TestBackend> {
    sample::fill_log();
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut log = LogView::new(state.theme, state.zone.clone());
    terminal.draw(|frame| view::draw(frame, state, &mut log)).unwrap();
    terminal
}

/// Types `keys`: one character each, `<name>` for the others.
pub(super) fn press(state: &mut State, keys: &str) {
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        let (code, used) = match rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
            Some((name, _)) => (named(name), name.len() + 2),
            None => (KeyCode::Char(c), c.len_utf8()),
        };
        update(state, Message::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))));
        rest = &rest[used..];
    }
}

fn named(name: &str) -> KeyCode {
    match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "back" => KeyCode::Backspace,
        "down" => KeyCode::Down,
        other => panic!("no key is called {other}"),
    }
}

fn show(name: &str, make: impl Fn() -> State) {
    for size in SIZES {
        let mut state = make();
        let terminal = screen(&mut state, size);
        let text = without_times(&terminal.backend().to_string());
        insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), text);
    }
}

/// The log's lines have the time at which the test ran.
fn without_times(screen: &str) -> String {
    const PLACE: &str = "hh:mm:ss";
    let line = |line: &str| {
        let digits = line.get(3..5).is_some_and(|hour| hour.bytes().all(|b| b.is_ascii_digit()));
        let hidden =
            |(n, c): (usize, char)| match n.checked_sub(3).and_then(|n| PLACE.chars().nth(n)) {
                Some(letter) if digits && c.is_ascii_digit() => letter,
                _ => c,
            };
        line.chars().enumerate().map(hidden).collect::<String>()
    };
    screen.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn after(keys: &'static str) -> impl Fn() -> State {
    move || {
        let mut state = sample::state();
        press(&mut state, keys);
        state
    }
}

#[test]
fn panes() {
    show("endpoints", after("1"));
    show("pending", after("2j"));
    show("transfers", after("3"));
    show("log", after("4"));
    show("pending-full", after("2f"));
    show("endpoints-full", after("f"));
    show("needs", after("0j"));
    show("needs-full", after("0fw"));
    show("schedules", after("8j"));
    show("pending-sorted", after("2ooO"));
    show("runs", || sample::with_history("7"));
    show("runs-failed", || sample::with_history("7/state:failed<enter>"));
    show("nothing-needed", || {
        let mut state = sample::state();
        let mut books = sample::snapshot();
        sample::change(&mut books, Vec::clear);
        books.endpoints.remove(0);
        update(&mut state, Message::Books(Box::new(Ok(books))));
        state
    });
    show("transfers-full", after("3f"));
}

#[test]
fn transfers_that_wait_say_why_and_until_when() {
    let waiting = || {
        let mut state = after("3")();
        update(&mut state, Message::Missed(12));
        let goes_on = sample::transfer(Id::delivery(44), "goes on.csv", 100, Some(1000));
        sample::happen(&mut state, 0, goes_on);
        for (id, step, until) in [(42, "throttled", Some(150)), (43, "reconnecting 3/4", None)] {
            let Event::Transfer(mut transfer) =
                sample::transfer(Id::delivery(id), "waits.csv", 100, Some(1000))
            else {
                unreachable!()
            };
            transfer.step = step.to_owned();
            transfer.throttled_until =
                until.map(|seconds| sample::now() + jiff::SignedDuration::from_secs(seconds));
            sample::happen(&mut state, 0, Event::Transfer(transfer));
        }
        state.books.endpoints[0].paused = true;
        state
    };
    show("transfers-waiting", waiting);
}

#[test]
fn popups() {
    show("help", after("2?"));
    show("endpoint-details", after("<enter>"));
    show("send-again", after("3jjjA"));
    show("cancel-several", after("2  x<tab>"));
    show("quit", after("q"));
    show("stop-all", after("X"));
    show("filter-error", after("2/colour:red"));
    show("filter-hint", after("2/state:"));
    show("palette-argument", after(":sync enc"));
    show("marked-range", after("2vjj"));
    show("endpoint-runs", || {
        let mut state = after("1<enter>")();
        let of = Some("Encoura exports".to_owned());
        update(&mut state, Message::Runs(of, Ok(sample::history())));
        state
    });
    show("run-details", || {
        let mut state = sample::with_history("7");
        press(&mut state, "<enter>");
        let id = Id::run(8);
        let mut timeline = sample::timeline(id);
        timeline.facts.clear();
        update(&mut state, Message::Timeline(id, Ok(Some((timeline, 1_200)))));
        state
    });
    show("palette", after("2:re"));
    show("filter", after("2/midwest"));
    show("details", || {
        let mut state = after("2<enter>")();
        let id = Id::export(6);
        update(&mut state, Message::Timeline(id, Ok(Some((sample::timeline(id), 0)))));
        state
    });
}

#[test]
fn registers() {
    show("registers", sample::registers);
    show("registers-full", || {
        let mut state = sample::registers();
        press(&mut state, "fjj");
        state
    });
    show("register-details", || {
        let mut state = sample::registers();
        press(&mut state, "jj<enter>");
        state
    });
    show("sign-in", sample::asked_to_sign_in);
}

#[test]
fn landed_files() {
    show("feeds", sample::feeds);
    show("feeds-endpoints", || {
        let mut state = sample::feeds();
        press(&mut state, "1");
        state
    });
    for (name, keys, file) in
        [("feed-details", "jjjj<enter>", 5), ("feed-details-refused", "<enter>", 6)]
    {
        show(name, || {
            let mut state = sample::feeds();
            press(&mut state, keys);
            update(&mut state, Message::SetAside(file, Ok(sample::set_aside(file))));
            state
        });
    }
    show("datasets", || {
        let mut state = sample::feeds();
        press(&mut state, "6");
        state
    });
    show("needs-refused", || {
        let mut state = sample::feeds();
        press(&mut state, "0");
        state
    });
    show("no-feeds", || {
        let mut state = sample::state();
        press(&mut state, "d");
        state
    });
}

#[test]
fn the_log_scrolls_searches_and_follows_again() {
    sample::fill_log();
    let mut log = LogView::new(sample::state().theme, jiff::tz::TimeZone::UTC);
    let area = ratatui::layout::Rect::new(0, 0, 60, 6);
    let page = |log: &mut LogView| {
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        log.render(area, &mut buffer);
        let text: Vec<String> = buffer
            .content()
            .chunks(60)
            .map(|row| row.iter().map(|c| c.symbol()).collect())
            .collect();
        text.join("\n")
    };
    let end = page(&mut log);
    assert!(end.contains("line 40"), "{end}");
    assert_eq!(log.about(), "following");
    log.go(LogMove::Up(1));
    let up = page(&mut log);
    let rows = |page: &str| page.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rows(&up)[1..], rows(&end)[..5], "one line up is one line");
    assert_eq!(log.about(), "scrolled");
    log.go(LogMove::Up(3));
    assert_eq!(rows(&page(&mut log))[4], rows(&end)[0]);
    log.go(LogMove::Down(2));
    assert_eq!(rows(&page(&mut log))[2], rows(&end)[0]);
    log.go(LogMove::Down(2));
    assert_eq!((page(&mut log), log.about().as_str()), (end.clone(), "following"));
    log.go(LogMove::Down(1));
    assert_eq!(page(&mut log), end, "there is nothing below the end");
    log.go(LogMove::Top);
    let top = page(&mut log);
    assert!(rows(&top)[0].contains("line 1 "), "{top}");
    log.go(LogMove::Up(1));
    assert_eq!(page(&mut log), top, "there is nothing above the top");
    log.go(LogMove::Down(1));
    assert!(rows(&page(&mut log))[0].contains("line 2 "));
    log.go(LogMove::Search("line 23".to_owned()));
    assert!(log.go(LogMove::Newer));
    assert!(page(&mut log).contains("line 23"));
    assert!(!log.go(LogMove::Newer), "there is one");
    assert!(page(&mut log).contains("line 23"), "stays where it was");
    log.go(LogMove::Follow);
    assert_eq!(page(&mut log), end);
    assert!(log.go(LogMove::Older));
    assert!(page(&mut log).contains("line 23"));
    log.go(LogMove::Search("nowhere".to_owned()));
    let before = page(&mut log);
    assert!(!log.go(LogMove::Older));
    assert_eq!(page(&mut log), before, "stays where it was");
    log.go(LogMove::Follow);
    assert!(!log.go(LogMove::Older));
    assert_eq!(page(&mut log), end);
    // The newest line, too, can be the one that is searched for.
    assert!(log.go(LogMove::LinesOf(vec![Id::delivery(43)])));
    assert!(page(&mut log).contains("d43 published"));
    assert!(!log.go(LogMove::LinesOf(vec![Id::delivery(4)])), "d4 is not d43");
    // By level.
    log.go(LogMove::Level);
    let warnings = page(&mut log);
    assert!(warnings.contains("WARN") && warnings.contains("ERROR") && !warnings.contains("INFO"));
    assert_eq!(log.about(), "following · warnings and errors");
    log.go(LogMove::Level);
    let errors = page(&mut log);
    assert!(errors.contains("ERROR") && !errors.contains("WARN"));
    log.go(LogMove::Level);
    assert_eq!(page(&mut log), end);
    // Long lines whole.
    log.go(LogMove::Wrap);
    assert!(page(&mut log).contains("2J.csv"), "the end of a long line");
    assert!(!end.contains("2J.csv"));
}

#[test]
fn moments() {
    show("nothing-yet", || {
        let mut state = State::new(&sample::options(), jiff::tz::TimeZone::UTC);
        state.now = sample::now();
        state
    });
    show("read-only-ascii", || {
        let options = crate::console::Options {
            read_only: true,
            ascii: true,
            color: false,
            ..sample::options()
        };
        let mut state = sample::with(&options);
        press(&mut state, "3");
        state
    });
    show("toast", || {
        let mut state = sample::state();
        let text = "the disk is almost full".to_owned();
        sample::happen(&mut state, 0, Event::Notice { level: Level::Error, text });
        state
    });
    show("books-failed", || {
        let mut state = sample::state();
        let failure =
            Failure::new(FailureClass::Local, "reading", "the ledger").said("disk I/O error");
        update(&mut state, Message::Books(Box::new(Err(failure))));
        state
    });
}

#[test]
fn nothing_from_outside_reaches_the_terminal_as_it_came() {
    for keys in ["", "2j", "3", "2<enter>", "2x", "2f", "3f", "2y"] {
        let mut state = after(keys)();
        if let Some(id) = keys.contains("enter").then_some(Id::export(6)) {
            update(&mut state, Message::Timeline(id, Ok(Some((sample::timeline(id), 0)))));
        }
        for size in SIZES {
            let terminal = screen(&mut state, size);
            for cell in terminal.backend().buffer().content() {
                let hostile = |c: char| c.is_control() || "\u{202e}\u{200b}\u{9b}".contains(c);
                assert!(!cell.symbol().contains(hostile), "{keys}: {:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn nothing_of_a_partners_file_reaches_the_terminal_as_it_came() {
    for keys in ["", "j", "jjjj", "j<enter>", "jjjj<enter>", "jy"] {
        let mut state = sample::feeds();
        press(&mut state, keys);
        for file in [5, 9] {
            update(&mut state, Message::SetAside(file, Ok(sample::set_aside(file))));
        }
        for size in SIZES {
            let terminal = screen(&mut state, size);
            for cell in terminal.backend().buffer().content() {
                let hostile = |c: char| c.is_control() || "\u{202e}\u{200b}\u{9b}".contains(c);
                assert!(!cell.symbol().contains(hostile), "{keys}: {:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn the_selected_row_is_reversed_and_has_the_cursor() {
    for keys in ["", "j", "2", "2jjj", "3", "3j", "2f"] {
        let mut state = after(keys)();
        let mut terminal = screen(&mut state, (80, 24));
        let at = terminal.get_cursor_position().unwrap();
        let buffer = terminal.backend().buffer();
        let reversed =
            |y: u16| (0..80).all(|x| buffer[(x, y)].modifier.contains(Modifier::REVERSED));
        let rows: Vec<u16> = (0..24).filter(|y| reversed(*y)).collect();
        assert_eq!(rows, [at.y], "after {keys:?}");
    }
}

#[test]
fn without_colour_there_is_none_and_the_words_are_the_same() {
    let plain = crate::console::Options { color: false, ..sample::options() };
    let text = |terminal: &Terminal<TestBackend>| terminal.backend().to_string();
    for pane in Pane::ALL {
        let (mut bright, mut dull) = (sample::state(), sample::with(&plain));
        (bright.focus, dull.focus) = (pane, pane);
        let (bright, dull) = (screen(&mut bright, (80, 24)), screen(&mut dull, (80, 24)));
        assert_eq!(text(&bright), text(&dull));
        let colours = |t: &Terminal<TestBackend>| {
            t.backend().buffer().content().iter().filter(|c| c.fg != Color::Reset).count()
        };
        assert!(colours(&bright) > 0);
        assert_eq!(colours(&dull), 0);
    }
}

#[test]
fn what_needs_a_person_is_red() {
    let mut state = sample::state();
    let terminal = screen(&mut state, (80, 24));
    let buffer = terminal.backend().buffer();
    let first: String = (0..80).map(|x| buffer[(x, 0)].symbol()).collect();
    let at = first.find("needs you (2)").expect("the first line says so");
    let at = first[..at].chars().count() as u16;
    assert_eq!(buffer[(at, 0)].fg, Color::Red);
}
