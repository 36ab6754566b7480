//! What keys and events do to the state.

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use jiff::SignedDuration;

use super::sample::{self, happen, transfer};
use super::screens::press;
use crate::console::effect::{Effect, LogMove};
use crate::console::message::Message;
use crate::console::state::{Pane, Popup, RowKey, State};
use crate::console::update::update;
use crate::engine::{Again, Command, Event, ReconcileMode, Reply};
use crate::model::{DeliveryState, ExportState, Failure, FailureClass, Id, Shown, Trigger};
use crate::silver::rows::Drift;
use crate::silver::{Ingested, LandedState};

fn key(state: &mut State, c: char) -> Vec<Effect> {
    chord(state, KeyCode::Char(c), KeyModifiers::NONE)
}

fn chord(state: &mut State, code: KeyCode, modifiers: KeyModifiers) -> Vec<Effect> {
    update(state, Message::Input(Input::Key(KeyEvent::new(code, modifiers))))
}

fn sync(endpoints: &[&str]) -> Effect {
    let endpoints = endpoints.iter().map(|e| (*e).to_owned()).collect();
    Effect::Send(Command::Sync { endpoints, trigger: Trigger::Manual, full: false })
}

#[test]
fn a_sign_in_is_asked_for_shown_copied_and_given_up() {
    let endpoint = "Riverside hospital".to_owned();
    let mut state = sample::registers();
    let sign_in = Command::SignIn { endpoint: endpoint.clone() };
    assert_eq!(key(&mut state, 'a'), [Effect::Send(sign_in.clone())]);
    assert!(state.popup.is_none(), "there is no address yet");

    let mut state = sample::asked_to_sign_in();
    assert_eq!(key(&mut state, 'y'), [Effect::Copy(sample::ADDRESS.to_owned())]);
    assert_eq!(key(&mut state, 'x'), [], "no other key does anything");
    assert!(matches!(state.popup, Some(Popup::SignIn(_))));
    let cancel = Command::CancelSignIn { endpoint: endpoint.clone() };
    assert_eq!(chord(&mut state, KeyCode::Esc, KeyModifiers::NONE), [Effect::Send(cancel)]);
    assert!(state.popup.is_none());
    state.toast = None;
    let given_up = Reply::Failed(Failure::cancelled("signing in", "autodesk"));
    update(&mut state, Message::Replied(sign_in.clone(), given_up));
    assert!(state.toast.is_none(), "that is no news");

    // The browser came back: it closes by itself, and says as whom.
    let mut state = sample::asked_to_sign_in();
    happen(&mut state, 0, Event::SignIn { endpoint: endpoint.clone(), url: None });
    assert!(state.popup.is_none());
    let identity = Shown::new("lee@builder.example");
    let reply = Reply::SignedIn { endpoint, identity };
    update(&mut state, Message::Replied(sign_in, reply));
    assert!(state.toast.unwrap().text.contains("lee@builder.example"));

    // Who signs in by itself is not asked to.
    let mut state = sample::registers();
    press(&mut state, "jj");
    assert_eq!(key(&mut state, 'a'), []);
    assert!(state.toast.unwrap().text.contains("signs in by itself"));
}

/// Where to go first, the key, and what it asks for.
#[test]
fn each_key_asks_for_its_command() {
    let (x, d) = (Id::export, Id::delivery);
    let second = "Encoura, second organisation".to_owned();
    let pause = Command::Pause { endpoints: vec![second.clone()] };
    let reconcile = Command::Reconcile { endpoints: vec![second], mode: ReconcileMode::Hold };
    for (before, c, effects) in [
        ("1j", 's', vec![sync(&["Encoura, second organisation"])]),
        ("1", 'S', vec![sync(&[])]),
        ("4", 'S', vec![sync(&[])]),
        ("1j", 'c', vec![Effect::Send(reconcile)]),
        ("1j", 'p', vec![Effect::Send(pause)]),
        // Needs a person first: x6 held, x1 in doubt; then x2 waits.
        ("2jj", 'r', vec![Effect::Send(Command::Retry(vec![d(42)]))]),
        ("2j", 'r', vec![Effect::Send(Command::Retry(vec![d(41)]))]),
        ("2jj", 'H', vec![Effect::Send(Command::Hold(vec![d(42)]))]),
        ("2", 'R', vec![Effect::Send(Command::Release(vec![x(6)]))]),
        ("2jj", 'F', vec![Effect::Send(Command::Fetch(vec![x(2)]))]),
        ("2", 'y', vec![Effect::Copy(Shown::new(sample::HOSTILE).to_string())]),
        ("2", 'Y', vec![Effect::Copy("x6".to_owned())]),
        ("4", 'k', vec![Effect::Log(LogMove::Up(1))]),
        ("4", 'e', vec![Effect::Log(LogMove::Level)]),
        ("4", 'w', vec![Effect::Log(LogMove::Wrap)]),
        ("2jj", 'L', vec![Effect::Log(LogMove::LinesOf(vec![x(2), d(42)]))]),
        ("3jjj", 'L', vec![Effect::Log(LogMove::LinesOf(vec![x(2), d(2)]))]),
        ("4", 'G', vec![Effect::Log(LogMove::Follow)]),
        // Not possible: nothing is asked.
        ("1", 's', vec![]),
        ("1j", 'P', vec![]),
        ("2", 'r', vec![]),
        ("2jj", 'R', vec![]),
        ("4", 'n', vec![]),
    ] {
        let mut state = sample::state();
        press(&mut state, before);
        assert_eq!(key(&mut state, c), effects, "{before}{c}");
        if effects.is_empty() {
            assert!(state.toast.is_some(), "{before}{c} says why not");
        }
    }
}

#[test]
fn landed_files_are_found_opened_and_followed() {
    let mut state = sample::feeds();
    assert_eq!(state.list(Pane::Feeds).selected, Some(RowKey::Landed(6)), "who is refused first");
    assert_eq!(key(&mut state, 's'), [sync(&["Shop feed"])]);
    press(&mut state, "jjjj");
    assert_eq!(key(&mut state, 'y'), [Effect::Copy("/outgoing/sales_data_2026-05-02.csv".into())]);
    let opened = chord(&mut state, KeyCode::Enter, KeyModifiers::NONE);
    assert_eq!(opened, [Effect::SetAside(5)]);
    let rows = |state: &State| match &state.popup {
        Some(Popup::Details(details)) => details.landed.clone().and_then(|landed| landed.rows),
        _ => None,
    };
    // What was read of another file meanwhile is not this one's.
    update(&mut state, Message::SetAside(6, Ok(sample::set_aside(6))));
    assert_eq!(rows(&state), None);
    update(&mut state, Message::SetAside(5, Ok(sample::set_aside(5))));
    assert_eq!(rows(&state).map(|rows| rows.len()), Some(4));
    // While one looks at it, it is read again whenever something happened.
    let ended = Message::Engine(Box::new(Event::TransferEnded { id: Id::export(1) }));
    assert_eq!(update(&mut state, ended), [Effect::Reload, Effect::SetAside(5)]);
    let failure = Failure::new(FailureClass::Local, "listing rows that are set aside", "silver.db");
    update(&mut state, Message::SetAside(5, Err(failure)));
    assert!(state.toast.as_ref().is_some_and(|toast| toast.text.contains("silver.db")));
    assert_eq!(rows(&state).map(|rows| rows.len()), Some(4), "what was read stays");
    chord(&mut state, KeyCode::Esc, KeyModifiers::NONE);
    press(&mut state, "/refused<enter>");
    assert_eq!(state.rows(Pane::Feeds), [RowKey::Landed(6)]);
}

#[test]
fn a_landed_file_is_taken_in_again_or_accepted() {
    let again = |id, accept| {
        vec![Effect::Send(Command::TakeInAgain(Again::File { id, accept, replace: None }))]
    };
    let mut state = sample::feeds();
    assert_eq!(key(&mut state, 'Y'), [Effect::Copy("l6".to_owned())]);
    assert_eq!(key(&mut state, 'i'), again(6, false));
    assert_eq!(key(&mut state, 'I'), [], "it asks first");
    assert_eq!(chord(&mut state, KeyCode::Enter, KeyModifiers::NONE), [], "no is the default");
    press(&mut state, "I");
    assert_eq!(key(&mut state, 'y'), again(6, true));
    for (steps, c, says) in [("jjjj", 'I', "accept is for"), ("jjjjj", 'i', "another file has")] {
        let mut state = sample::feeds();
        press(&mut state, steps);
        assert_eq!(key(&mut state, c), []);
        assert!(state.toast.unwrap().text.contains(says), "{steps}{c}");
    }
}

#[test]
fn rows_taken_in_are_counted_by_run() {
    let mut state = sample::feeds();
    let file = |file, state, rows_good, rows_bad| {
        Event::Ingested(Ingested {
            file,
            endpoint: "Shop feed".to_owned(),
            name: Shown::new("x"),
            dataset: Some("sales".to_owned()),
            state,
            rows_good,
            rows_bad,
            drift: Drift::default(),
            error: None,
        })
    };
    let endpoints = vec!["Shop feed".to_owned()];
    happen(&mut state, 0, Event::RunStarted { run: Id::run(3), endpoints });
    assert!(state.taken_in.is_empty(), "a new run counts anew");
    happen(&mut state, 1, file(1, LandedState::Ingested, 98, 2));
    happen(&mut state, 2, file(2, LandedState::Refused, 21, 79));
    happen(&mut state, 3, file(3, LandedState::Repeated, 0, 0));
    assert_eq!(state.taken_in["Shop feed"], (98, 81));
}

#[test]
fn what_is_delivered_nowhere_is_done_when_it_is_here() {
    let mut state = sample::feeds();
    let endpoints = vec!["Shop feed".to_owned()];
    happen(&mut state, 0, Event::RunStarted { run: Id::run(3), endpoints });
    for (id, endpoint) in [(1, "Shop feed"), (2, "Encoura exports")] {
        happen(
            &mut state,
            1,
            Event::Export {
                id: Id::export(id),
                endpoint: endpoint.to_owned(),
                name: Shown::new("x"),
                state: ExportState::Verified,
                failure: None,
            },
        );
    }
    let batch = state.transfers.batch();
    assert_eq!((batch.done, batch.all), (1, 2), "the other one is yet to be delivered");
}

#[test]
fn tab_goes_to_the_landed_files_where_there_are_feeds() {
    let round = |state: &mut State, code: KeyCode, count: usize| {
        let mut seen = Vec::new();
        for _ in 0..count {
            chord(state, code, KeyModifiers::NONE);
            seen.push(state.focus);
        }
        seen
    };
    let mut state = sample::feeds();
    press(&mut state, "1");
    use Pane::{Endpoints, Feeds, Log, Needs, Pending, Transfers};
    let tab = round(&mut state, KeyCode::Tab, 6);
    assert_eq!(tab, [Pending, Transfers, Log, Feeds, Needs, Endpoints]);
    let back = round(&mut state, KeyCode::BackTab, 6);
    assert_eq!(back, [Needs, Feeds, Log, Transfers, Pending, Endpoints]);
    let mut state = sample::state();
    let tab = round(&mut state, KeyCode::Tab, 6);
    assert_eq!(tab, [Pending, Transfers, Log, Needs, Endpoints, Pending]);
    assert_eq!(key(&mut state, '5'), []);
    assert_eq!(state.focus, Pending);
    assert!(state.toast.unwrap().text.contains("no endpoint is a partner's folder"));
}

#[test]
fn a_paused_endpoint_says_so_and_can_be_resumed() {
    let mut state = sample::state();
    let name = state.books.endpoints[1].name.clone();
    state.books.endpoints[1].paused = true;
    press(&mut state, "1j");
    assert_eq!(key(&mut state, 'p'), []);
    assert!(state.toast.as_ref().is_some_and(|toast| toast.text.contains("paused already")));
    let resume = Command::Resume { endpoints: vec![name] };
    assert_eq!(key(&mut state, 'P'), [Effect::Send(resume)]);
    let facts = crate::console::view::endpoints::facts(&state, &state.books.endpoints[1]);
    assert!(facts.contains(&("next run".to_owned(), "paused".to_owned())), "{facts:?}");
}

#[test]
fn what_cannot_be_taken_back_asks_first_and_no_is_the_default() {
    let again = vec![Effect::Send(Command::SendAgain(vec![Id::delivery(1)]))];
    let cancel = vec![Effect::Send(Command::Cancel(vec![Id::delivery(41)]))];
    for (before, answer, effects) in [
        ("3jjA", "<enter>", vec![]),
        ("3jjA", "<esc>", vec![]),
        ("3jjA", "n", vec![]),
        ("3jjA<tab>", "<enter>", again.clone()),
        ("3jjA", "y", again),
        ("2jx", "<enter>", vec![]),
        ("2jx", "y", cancel),
        ("q", "<enter>", vec![]),
        ("q", "y", vec![Effect::Quit]),
    ] {
        let mut state = sample::state();
        press(&mut state, before);
        assert!(matches!(state.popup, Some(Popup::Confirm(_))), "{before}");
        let got = match answer {
            "<enter>" => chord(&mut state, KeyCode::Enter, KeyModifiers::NONE),
            "<esc>" => chord(&mut state, KeyCode::Esc, KeyModifiers::NONE),
            c => key(&mut state, c.chars().next().unwrap()),
        };
        assert_eq!(got, effects, "{before}{answer}");
        assert!(state.popup.is_none());
    }
}

#[test]
fn a_read_only_console_never_asks_for_anything() {
    let options = crate::console::Options { read_only: true, ..sample::options() };
    for pane in ['1', '2', '3', '4', '5'] {
        for c in "sScrHRFxAiI".chars() {
            let mut state = sample::with(&options);
            press(&mut state, &pane.to_string());
            assert_eq!(key(&mut state, c), [], "{pane}{c}");
            assert!(state.popup.is_none());
        }
    }
}

#[test]
fn several_are_acted_on_at_once_where_it_fits() {
    let mut state = sample::state();
    press(&mut state, "2   ");
    assert_eq!(state.list(Pane::Pending).marked.len(), 3);
    // Of the held, the doubtful and the waiting one, two can be retried.
    let effects = key(&mut state, 'r');
    assert_eq!(effects, [Effect::Send(Command::Retry(vec![Id::delivery(41), Id::delivery(42)]))]);
    assert!(state.list(Pane::Pending).marked.is_empty());
}

#[test]
fn quitting_is_free_when_nothing_runs_and_ctrl_c_needs_two() {
    let mut state = State::new(&sample::options(), jiff::tz::TimeZone::UTC);
    assert_eq!(key(&mut state, 'q'), [Effect::Quit]);
    let ctrl_c = |state: &mut State| chord(state, KeyCode::Char('c'), KeyModifiers::CONTROL);
    let mut state = sample::state();
    assert_eq!(ctrl_c(&mut state), []);
    assert_eq!(ctrl_c(&mut state), [Effect::Quit]);
    let mut state = sample::state();
    ctrl_c(&mut state);
    state.now += SignedDuration::from_secs(10);
    assert_eq!(ctrl_c(&mut state), [], "too late to be the second one");
    // Even while typing or asked something.
    for before in ["2/x", "q", "?", ":"] {
        let mut state = sample::state();
        press(&mut state, before);
        ctrl_c(&mut state);
        assert_eq!(ctrl_c(&mut state), [Effect::Quit], "{before}");
    }
}

#[test]
fn escape_takes_back_one_thing_at_a_time_and_never_quits() {
    let mut state = sample::state();
    press(&mut state, "2f/pro<enter> ");
    let mut seen = Vec::new();
    for _ in 0..5 {
        let list = state.list(Pane::Pending);
        seen.push((list.marked.len(), list.filter.len(), state.full));
        assert_eq!(chord(&mut state, KeyCode::Esc, KeyModifiers::NONE), []);
    }
    assert_eq!(seen, [(1, 3, true), (0, 3, true), (0, 0, true), (0, 0, false), (0, 0, false)]);
}

#[test]
fn the_selection_stays_on_its_row_when_rows_move() {
    let mut state = sample::state();
    press(&mut state, "2jj");
    let chosen = state.list(Pane::Pending).selected.clone();
    assert_eq!(chosen, Some(RowKey::Id(Id::export(2))));
    let mut books = sample::snapshot();
    books.pending.insert(0, sample::export(99, "new.csv", "held"));
    update(&mut state, Message::Books(Box::new(Ok(books.clone()))));
    assert_eq!(state.list(Pane::Pending).selected, chosen);
    books.pending.retain(|x| x.id != Id::export(2));
    update(&mut state, Message::Books(Box::new(Ok(books))));
    assert_eq!(state.list(Pane::Pending).index, 3, "the row that moved up into its place");
    update(&mut state, Message::Books(Box::new(Ok(Default::default()))));
    assert_eq!(state.list(Pane::Pending).selected, None);
}

#[test]
fn a_filter_shows_what_matches_and_the_palette_does_what_it_says() {
    let mut state = sample::state();
    press(&mut state, "2/MIDWEST<enter>");
    assert_eq!(state.rows(Pane::Pending), [RowKey::Id(Id::export(2))]);
    press(&mut state, ":retr<tab>");
    assert!(matches!(&state.popup, Some(Popup::Palette { input, .. }) if input == "retry"));
    let effects = chord(&mut state, KeyCode::Enter, KeyModifiers::NONE);
    assert_eq!(effects, [Effect::Send(Command::Retry(vec![Id::delivery(42)]))]);
}

#[test]
fn a_paste_is_text_and_never_a_command() {
    let mut state = sample::state();
    press(&mut state, "2");
    let paste =
        |state: &mut State| update(state, Message::Input(Input::Paste("xy\u{1b}\r".to_owned())));
    assert_eq!(paste(&mut state), []);
    assert!(state.popup.is_none());
    press(&mut state, "/");
    paste(&mut state);
    assert_eq!(state.list(Pane::Pending).filter, "xy");
}

#[test]
fn progress_is_never_full_before_the_commit() {
    let mut state = sample::state();
    let id = Id::delivery(43);
    let percent = |state: &State| state.transfers.get(id).unwrap().percent();
    happen(&mut state, 100, transfer(id, "act_scores.csv", 4_938_268, Some(4_938_268)));
    assert_eq!(percent(&state), Some(99));
    happen(
        &mut state,
        200,
        Event::Delivery {
            id,
            export: Id::export(4),
            endpoint: "Encoura exports".to_owned(),
            name: Shown::new("act_scores.csv"),
            state: DeliveryState::Published,
            attempt: 1,
            failure: None,
        },
    );
    assert_eq!(percent(&state), Some(100));
    happen(&mut state, 300, Event::TransferEnded { id });
    assert!(state.transfers.get(id).is_none());
    assert_eq!(state.transfers.get(Id::export(5)).unwrap().percent(), None, "of unknown size");
}

#[test]
fn a_rate_is_of_the_last_seconds_and_falls_when_nothing_comes() {
    let mut state = State::new(&sample::options(), jiff::tz::TimeZone::UTC);
    let id = Id::delivery(1);
    let step = 1_000_000;
    for second in 0..=20 {
        happen(
            &mut state,
            second * 1000,
            transfer(id, "a", second as u64 * step, Some(100 * step)),
        );
    }
    let live = state.transfers.get(id).unwrap();
    assert_eq!(live.rate(state.now).map(f64::round), Some(1_000_000.0));
    assert_eq!(live.left(state.now), Some(80));
    let later = state.now + SignedDuration::from_secs(8);
    assert!(live.rate(later).unwrap() < 600_000.0);
    // A new attempt begins anew.
    happen(&mut state, 20_500, transfer(id, "a", 0, Some(100 * step)));
    assert_eq!(state.transfers.get(id).unwrap().left(state.now), None);
}

#[test]
fn after_missed_events_nothing_is_shown_that_may_be_over() {
    let mut state = sample::state();
    assert!(state.is_busy());
    assert_eq!(update(&mut state, Message::Missed(7)), [Effect::Reload]);
    assert!(!state.is_busy() && state.transfers.count() == 0);
    happen(&mut state, 100, transfer(Id::delivery(43), "act_scores.csv", 5, None));
    assert!(state.is_busy(), "what goes on shows up again");
}

#[test]
fn a_command_that_failed_says_so_and_nothing_stays_queued() {
    let mut state = State::new(&sample::options(), jiff::tz::TimeZone::UTC);
    update(&mut state, Message::Books(Box::new(Ok(sample::snapshot()))));
    press(&mut state, "1j");
    let effects = key(&mut state, 's');
    assert!(state.is_running("Encoura, second organisation"), "shown at once");
    let [Effect::Send(command)] = effects.as_slice() else { panic!("{effects:?}") };
    let failure = Failure::new(FailureClass::Cancelled, "asking the engine", "it has stopped");
    update(&mut state, Message::Replied(command.clone(), Reply::Failed(failure)));
    assert!(!state.is_running("Encoura, second organisation"));
    assert!(state.toast.unwrap().text.contains("it has stopped"));
}
