//! What keys and events do to the state.

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use jiff::SignedDuration;

use super::sample::{self, happen, transfer};
use super::screens::press;
use crate::console::effect::{Effect, LogMove};
use crate::console::fields::Field;
use crate::console::message::Message;
use crate::console::state::{Pane, Popup, RowKey, State};
use crate::console::update::update;
use crate::engine::{Again, Command, Event, ReconcileMode, Reply, Rescheduled, Stopped};
use crate::ledger::ExportRow;
use crate::model::{DeliveryState, ExportState, Failure, FailureClass, Id, Shown, Trigger};
use crate::silver::rows::Drift;
use crate::silver::{Ingested, LandedState};

pub(super) fn key(state: &mut State, c: char) -> Vec<Effect> {
    chord(state, KeyCode::Char(c), KeyModifiers::NONE)
}

pub(super) fn chord(state: &mut State, code: KeyCode, modifiers: KeyModifiers) -> Vec<Effect> {
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

/// The pending exports on the screen, by their numbers.
pub(super) fn numbers(state: &State) -> Vec<i64> {
    let number = |row| match row {
        RowKey::Id(id) => id.number,
        other => panic!("{other:?}"),
    };
    state.rows(Pane::Pending).into_iter().map(number).collect()
}

/// Where to go first, the key, and what it asks for.
#[test]
fn each_key_asks_for_its_command() {
    let (x, d) = (Id::export, Id::delivery);
    let second = "Encoura, second organisation".to_owned();
    let pause = Command::Pause { endpoints: vec![second.clone()] };
    let reconcile =
        Command::Reconcile { endpoints: vec![second.clone()], mode: ReconcileMode::Hold };
    let search = |text: &str| {
        let moves = [LogMove::Follow, LogMove::Search(text.to_owned()), LogMove::Older];
        moves.map(Effect::Log).to_vec()
    };
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
        // The same keys do the same to what needs a person, whatever it is.
        ("!", 'R', vec![Effect::Send(Command::Release(vec![x(6)]))]),
        ("!j", 'r', vec![Effect::Send(Command::Retry(vec![d(41)]))]),
        ("!jj", 'H', vec![Effect::Send(Command::Hold(vec![d(42)]))]),
        ("8j", 'p', vec![Effect::Send(Command::Pause { endpoints: vec![second.clone()] })]),
        ("1j", 'e', vec![Effect::Runs(Some(second.clone()))]),
        ("2jj", 'e', vec![Effect::Runs(Some("Encoura exports".to_owned()))]),
        ("1", '7', vec![Effect::Runs(None)]),
        ("1j", 'L', search("encoura, second organisation")),
        ("3jj", 'u', vec![Effect::Copy("prospects_2026_04_30_7f3c0001.csv".to_owned())]),
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
        ("2", 'u', vec![]),
        ("3jjj", 'r', vec![]),
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
    for pane in "12345678!".chars() {
        for c in "sSXcarHRFxAiIpP".chars() {
            let mut state = sample::with(&options);
            press(&mut state, &pane.to_string());
            assert_eq!(key(&mut state, c), [], "{pane}{c}");
            assert!(state.popup.is_none());
        }
        for c in ['r', 'p'] {
            let mut state = sample::with(&options);
            press(&mut state, &pane.to_string());
            assert_eq!(chord(&mut state, KeyCode::Char(c), KeyModifiers::CONTROL), []);
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
    sample::change(&mut books, |rows| rows.insert(0, sample::export(99, "new.csv", "held")));
    update(&mut state, Message::Books(Box::new(Ok(books.clone()))));
    assert_eq!(state.list(Pane::Pending).selected, chosen);
    sample::change(&mut books, |rows| rows.retain(|x| x.id != Id::export(2)));
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

#[test]
fn everything_is_stopped_at_one_key_once_asked() {
    let mut state = sample::state();
    for pane in "12345678!".chars() {
        press(&mut state, &pane.to_string());
        assert_eq!(key(&mut state, 'X'), [], "it asks first");
        let Some(Popup::Confirm(confirm)) = &state.popup else { panic!("{pane}") };
        let words = confirm.lines.join("\n");
        assert!(words.contains("1 running, 2 transfers: Encoura exports"), "{words}");
        assert!(words.contains("2 schedules are paused"), "{words}");
        assert_eq!(chord(&mut state, KeyCode::Enter, KeyModifiers::NONE), [], "no is the default");
    }
    press(&mut state, "X");
    assert_eq!(key(&mut state, 'y'), [Effect::Send(Command::StopAll)]);
    assert!(state.toast.as_ref().unwrap().text.contains("stopping"));
    let stopped = Reply::Stopped(Stopped { works: 1, paused: 2 });
    update(&mut state, Message::Replied(Command::StopAll, stopped));
    assert!(state.toast.as_ref().unwrap().text.contains("2 schedules paused"));

    let ctrl_p = |state: &mut State| chord(state, KeyCode::Char('p'), KeyModifiers::CONTROL);
    assert_eq!(ctrl_p(&mut state), []);
    assert!(state.toast.as_ref().unwrap().text.contains("no schedule is paused"));
    state.books.endpoints[1].paused = true;
    let endpoints = vec!["Encoura, second organisation".to_owned()];
    assert_eq!(ctrl_p(&mut state), [Effect::Send(Command::Resume { endpoints })]);

    let mut state = State::new(&sample::options(), jiff::tz::TimeZone::UTC);
    assert_eq!(key(&mut state, 'X'), []);
    assert!(state.toast.unwrap().text.contains("nothing runs"));
}

#[test]
fn all_that_failed_alike_is_retried_together() {
    let ctrl_r = |state: &mut State| chord(state, KeyCode::Char('r'), KeyModifiers::CONTROL);
    let mut books = sample::snapshot();
    let like = |number, class| ExportRow {
        failure_class: Some(class),
        ..sample::export(number, "a.csv", "retry_wait")
    };
    let failed = [
        like(20, FailureClass::Network),
        like(21, FailureClass::Refused),
        // Nothing to retry, whatever it failed of.
        ExportRow { state: "held".to_owned(), ..like(22, FailureClass::Refused) },
    ];
    sample::change(&mut books, |rows| rows.extend(failed));
    let mut state = sample::state();
    update(&mut state, Message::Books(Box::new(Ok(books))));
    press(&mut state, "2jjj");
    assert_eq!(state.list(Pane::Pending).selected, Some(RowKey::Id(Id::export(2))));
    let alike = vec![Id::delivery(42), Id::export(21)];
    assert_eq!(ctrl_r(&mut state), [Effect::Send(Command::Retry(alike))]);
    assert!(state.toast.as_ref().unwrap().text.starts_with("2 that failed alike"));
    press(&mut state, "jjjjj");
    assert_eq!(ctrl_r(&mut state), [], "not on its way after a failure");
}

#[test]
fn a_range_is_marked_from_one_v_to_the_next() {
    let mut state = sample::state();
    press(&mut state, "2jvjj");
    let marked = |state: &State| state.list(Pane::Pending).marked.len();
    assert_eq!(marked(&state), 3);
    press(&mut state, "k");
    assert_eq!(marked(&state), 2, "back again");
    press(&mut state, "vjj");
    assert_eq!(marked(&state), 2, "the range is at its end");
    press(&mut state, "<esc>");
    assert_eq!(marked(&state), 0);
}

#[test]
fn rows_are_sorted_by_the_next_column_and_the_other_way_round() {
    let names = numbers;
    let mut state = sample::state();
    press(&mut state, "2");
    let usual = names(&state);
    // State, name, endpoint, try, size.
    press(&mut state, "ooooo");
    assert_eq!(names(&state), [1, 2, 4, 5, 6, 7]);
    press(&mut state, "O");
    assert_eq!(names(&state), [7, 6, 5, 4, 2, 1]);
    // It stays when the books are read again, and goes when there is no further column.
    update(&mut state, Message::Books(Box::new(Ok(sample::snapshot()))));
    assert_eq!(names(&state), [7, 6, 5, 4, 2, 1]);
    press(&mut state, "oooo");
    while state.list(Pane::Pending).sort.is_some() {
        press(&mut state, "o");
    }
    update(&mut state, Message::Books(Box::new(Ok(sample::snapshot()))));
    assert_eq!(names(&state), usual);
    // Those without a value come last, whichever way.
    press(&mut state, "oooooo");
    assert_eq!(state.list(Pane::Pending).sort, Some((Field::Next, false)));
    assert_eq!(names(&state)[0], 2);
    press(&mut state, "O");
    assert_eq!(names(&state)[0], 2);
}

#[test]
fn the_palette_takes_endpoints_and_ids() {
    let second = "Encoura, second organisation".to_owned();
    let enter = |state: &mut State| chord(state, KeyCode::Enter, KeyModifiers::NONE);
    let pause = Command::Pause { endpoints: vec![second.clone()] };
    for (typed, effects) in [
        ("pause encoura, s<tab>", vec![Effect::Send(pause)]),
        ("sync encoura, sec", vec![sync(&["Encoura, second organisation"])]),
        ("runs encoura, s", vec![Effect::Runs(Some(second))]),
        ("open x6", vec![Effect::Show(Id::export(6))]),
        ("r9", vec![Effect::Show(Id::run(9))]),
    ] {
        // From anywhere, whatever is selected there.
        let mut state = sample::state();
        press(&mut state, &format!("2jj:{typed}"));
        assert_eq!(enter(&mut state), effects, "{typed}");
        assert_eq!(state.named, None);
    }
    // What is not possible says why, also by name and in another pane.
    for (typed, says) in
        [("sync encoura ex", "is running already"), ("retry", "works in: pending exports")]
    {
        let mut state = sample::state();
        press(&mut state, &format!("1:{typed}"));
        assert_eq!(enter(&mut state), []);
        assert!(state.toast.as_ref().unwrap().text.contains(says), "{typed}: {:?}", state.toast);
    }
}

#[test]
fn runs_are_read_shown_and_opened() {
    let mut state = sample::with_history("7");
    assert_eq!(state.rows(Pane::Runs).len(), 3);
    // Of another endpoint meanwhile: not these.
    update(&mut state, Message::Runs(Some("x".to_owned()), Ok(Vec::new())));
    assert_eq!(state.rows(Pane::Runs).len(), 3);
    // One more has ended while one looks at them.
    let ended = Message::Engine(Box::new(Event::RunEnded(sample::history().remove(0))));
    assert_eq!(update(&mut state, ended), [Effect::Reload, Effect::Runs(None)]);
    assert_eq!(chord(&mut state, KeyCode::Enter, KeyModifiers::NONE), [Effect::Show(Id::run(8))]);
    let Some(Popup::Details(details)) = &state.popup else { panic!() };
    assert!(details.facts.iter().any(|(label, _)| label == "Encoura exports"));
    press(&mut state, "<esc>/state:missed<enter>");
    assert_eq!(state.rows(Pane::Runs), [RowKey::Id(Id::run(7))]);
    press(&mut state, "<esc><esc>");
    assert_eq!(state.focus, Pane::Endpoints, "and back");
    // An endpoint's details have its last runs.
    assert_eq!(
        chord(&mut state, KeyCode::Enter, KeyModifiers::NONE),
        [Effect::Runs(Some("Encoura exports".to_owned()))]
    );
    let of = Some("Encoura exports".to_owned());
    update(&mut state, Message::Runs(of, Ok(sample::history())));
    let Some(Popup::Details(details)) = &state.popup else { panic!() };
    assert_eq!(details.runs.as_ref().unwrap().rows.as_ref().map(Vec::len), Some(3));
    assert_eq!(state.history.len(), 3, "the pane's own stay");
}

#[test]
fn what_is_refused_is_counted_opened_and_not_retried() {
    let mut books = sample::feeds().books;
    books.landed.push(sample::landed(12, "sales_data_2026-05-05.csv", "refused"));
    books.landed.push(sample::landed(13, "sales_data_2026-05-06.csv", "refused"));
    let mut state = sample::feeds();
    update(&mut state, Message::Books(Box::new(Ok(books))));
    assert_eq!(state.needs_operator(), 3);
    press(&mut state, "!");
    assert_eq!(state.rows(Pane::Needs).len(), 1, "they lack the same columns");
    assert_eq!(key(&mut state, 'r'), []);
    assert!(state.toast.as_ref().unwrap().text.contains("taken in again"));
    assert_eq!(chord(&mut state, KeyCode::Enter, KeyModifiers::NONE), []);
    assert_eq!(state.focus, Pane::Feeds);
    assert_eq!(state.rows(Pane::Feeds).len(), 3, "only what is refused");
}

#[test]
fn a_dataset_leads_to_its_files() {
    let mut state = sample::feeds();
    press(&mut state, "6");
    assert_eq!(state.list(Pane::Datasets).selected, Some(RowKey::Dataset("products".to_owned())));
    chord(&mut state, KeyCode::Enter, KeyModifiers::NONE);
    assert_eq!(state.focus, Pane::Feeds);
    assert_eq!(state.rows(Pane::Feeds), [RowKey::Landed(7)]);
}

#[test]
fn details_lead_to_their_lines_and_copy_what_they_show() {
    let opened = || {
        let mut state = sample::state();
        press(&mut state, "2<enter>");
        let mut timeline = sample::timeline(Id::export(6));
        timeline.facts.push(("kept as".to_owned(), "archive/9f86".to_owned()));
        update(&mut state, Message::Timeline(Id::export(6), Ok(Some((timeline, 0)))));
        state
    };
    let mut state = opened();
    assert_eq!(key(&mut state, 'u'), [Effect::Copy("archive/9f86".to_owned())]);
    assert_eq!(key(&mut state, 'Y'), [Effect::Copy("x6".to_owned())]);
    let lines = LogMove::LinesOf(vec![Id::export(6)]);
    assert_eq!(key(&mut state, 'L'), [Effect::Log(lines)]);
    assert!(state.popup.is_none() && state.focus == Pane::Log);
}

#[test]
fn what_failed_alike_is_one_line_and_one_key() {
    let like = |number| ExportRow {
        failure_class: Some(FailureClass::Network),
        next_attempt_at: Some(sample::now()),
        ..sample::export(number, "a.csv", "retry_wait")
    };
    let mut state = sample::state();
    let mut books = sample::snapshot();
    sample::change(&mut books, |rows| rows.extend((20..25).map(like)));
    update(&mut state, Message::Books(Box::new(Ok(books))));
    press(&mut state, "!jjj");
    let need = &state.needs()[3];
    assert_eq!((need.name.as_str(), need.ids.len()), ("5 files", 5));
    let ids: Vec<Id> = (20..25).map(Id::export).collect();
    assert_eq!(key(&mut state, 'r'), [Effect::Send(Command::Retry(ids.clone()))]);
    press(&mut state, " ");
    assert_eq!(key(&mut state, 'H'), [Effect::Send(Command::Hold(ids))]);
    // Nothing is tried again by itself once everything was stopped, and that is said.
    let stopped = Reply::Stopped(Stopped { works: 1, paused: 2 });
    update(&mut state, Message::Replied(Command::StopAll, stopped));
    assert_eq!(state.next_try("Encoura exports", sample::now()), "stopped");
    let endpoints = vec!["Encoura exports".to_owned()];
    happen(&mut state, 0, Event::RunStarted { run: Id::run(10), endpoints });
    assert_eq!(state.next_try("Encoura exports", sample::now()), "now");
    let second = "Encoura, second organisation";
    assert_eq!(state.next_try(second, sample::now()), "stopped");
    let resumed = vec![Rescheduled { endpoint: second.to_owned(), paused: false, changed: true }];
    let resume = Command::Resume { endpoints: vec![second.to_owned()] };
    update(&mut state, Message::Replied(resume, Reply::Rescheduled(resumed)));
    assert_eq!(state.next_try(second, sample::now()), "now");
}
