//! The one table of actions and their keys: dispatch, help, footer and palette are drawn
//! from it, so none of them can lie. A configuration may name other keys (`keymap`).

use crossterm::event::{KeyCode as Code, KeyEvent, KeyModifiers as Mods};

use super::action::Action;
use super::state::Pane;

/// A key with its modifiers, as compared with what the terminal sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub(super) Code, pub(super) Mods);

/// One row of the table.
#[derive(Debug)]
pub(super) struct Binding {
    /// What it does.
    pub action: Action,
    /// The keys that do it where the configuration names no others, the one to show first.
    pub keys: &'static [Key],
    /// Its name in the palette and the footer.
    pub name: &'static str,
    /// What it does in words, for help and palette.
    pub says: &'static str,
    /// Where it works.
    pub panes: &'static [Pane],
    /// Its place in the footer, the most important first; 0 for none.
    pub footer: u8,
}

const ALL: &[Pane] = &Pane::ALL;
const LISTS: &[Pane] = &[
    Pane::Endpoints,
    Pane::Pending,
    Pane::Transfers,
    Pane::Feeds,
    Pane::Datasets,
    Pane::Runs,
    Pane::Schedules,
    Pane::Needs,
];
const SORTED: &[Pane] = &[
    Pane::Endpoints,
    Pane::Pending,
    Pane::Transfers,
    Pane::Feeds,
    Pane::Datasets,
    Pane::Runs,
    Pane::Schedules,
];
const ENDPOINTS: &[Pane] = &[Pane::Endpoints, Pane::Schedules, Pane::Needs];
const FILES: &[Pane] = &[Pane::Pending, Pane::Transfers, Pane::Needs];
const PATHS: &[Pane] = &[Pane::Pending, Pane::Transfers, Pane::Feeds, Pane::Needs];
const IDS: &[Pane] = &[Pane::Pending, Pane::Transfers, Pane::Feeds, Pane::Runs, Pane::Needs];
const FEEDS: &[Pane] = &[Pane::Feeds, Pane::Needs];
const LOG: &[Pane] = &[Pane::Log];

const fn key(c: char) -> Key {
    Key(Code::Char(c), Mods::NONE)
}
const fn ctrl(c: char) -> Key {
    Key(Code::Char(c), Mods::CONTROL)
}
const fn named(code: Code) -> Key {
    Key(code, Mods::NONE)
}
const fn bind(
    action: Action,
    keys: &'static [Key],
    name: &'static str,
    says: &'static str,
    panes: &'static [Pane],
    footer: u8,
) -> Binding {
    Binding { action, keys, name, says, panes, footer }
}

/// Every key of the console. Within one pane no key stands twice.
pub(super) static TABLE: &[Binding] = &[
    bind(Action::Sync, &[key('s')], "sync", "sync the endpoint of the selected row", LISTS, 2),
    bind(Action::SyncAll, &[key('S')], "sync all", "sync all active endpoints", ALL, 8),
    bind(
        Action::Reconcile,
        &[key('c')],
        "reconcile",
        "look for delivered exports that the books miss",
        ENDPOINTS,
        12,
    ),
    bind(
        Action::SignIn,
        &[key('a')],
        "sign in",
        "sign in to Autodesk with a browser",
        ENDPOINTS,
        13,
    ),
    bind(
        Action::Pause,
        &[key('p')],
        "pause",
        "let the schedule rest; sync goes on working",
        ENDPOINTS,
        14,
    ),
    bind(Action::Resume, &[key('P')], "resume", "let the schedule go on", ENDPOINTS, 15),
    bind(Action::ResumeAll, &[ctrl('p')], "resume all", "let all schedules go on", ALL, 0),
    bind(
        Action::StopAll,
        &[key('X')],
        "stop all",
        "stop everything that runs, pause all schedules (asks)",
        ALL,
        3,
    ),
    bind(Action::Retry, &[key('r')], "retry", "try again now", FILES, 4),
    bind(
        Action::RetryAlike,
        &[ctrl('r')],
        "retry alike",
        "try again now all that failed in the same way",
        FILES,
        10,
    ),
    bind(Action::Hold, &[key('H')], "hold", "do not go on before somebody says so", FILES, 6),
    bind(Action::Release, &[key('R')], "release", "go on with what is held", FILES, 5),
    bind(
        Action::Fetch,
        &[key('F')],
        "fetch again",
        "fetch the bytes from the source again",
        FILES,
        9,
    ),
    bind(Action::Cancel, &[key('x')], "cancel", "stop it, or give it up (asks)", FILES, 7),
    bind(
        Action::SendAgain,
        &[key('A')],
        "send again",
        "deliver once more; the receiver gets it twice (asks)",
        FILES,
        8,
    ),
    bind(
        Action::TakeIn,
        &[key('i')],
        "take in",
        "take the file in again, by the definition as it is now",
        FEEDS,
        4,
    ),
    bind(
        Action::Accept,
        &[key('I')],
        "accept",
        "take its good rows in, however many are bad (asks)",
        FEEDS,
        5,
    ),
    bind(Action::Open, &[named(Code::Enter)], "open", "details and timeline", LISTS, 1),
    bind(Action::Mark, &[key(' ')], "mark", "mark rows, to act on several at once", FILES, 0),
    bind(
        Action::Range,
        &[key('v')],
        "mark range",
        "mark all rows from here on, up to the next v",
        FILES,
        0,
    ),
    bind(Action::Sort, &[key('o')], "sort", "sort by the next column", SORTED, 0),
    bind(Action::Reverse, &[key('O')], "reverse", "sort the other way round", SORTED, 0),
    bind(
        Action::Wrap,
        &[key('w')],
        "wrap",
        "the row's failure, or the log's lines, whole, and back",
        ALL,
        0,
    ),
    bind(Action::RunsOf, &[key('e')], "runs", "the runs of the row's endpoint", LISTS, 0),
    bind(Action::LogOf, &[key('L')], "log lines", "the log's lines about the row", LISTS, 0),
    bind(Action::CopyName, &[key('y')], "copy name", "copy the name (OSC 52)", LISTS, 0),
    bind(Action::CopyPath, &[key('u')], "copy path", "copy the path or address (OSC 52)", PATHS, 0),
    bind(Action::CopyId, &[key('Y')], "copy id", "copy the id (OSC 52)", IDS, 0),
    bind(
        Action::Older,
        &[key('n')],
        "older match",
        "to an older line with the searched text",
        LOG,
        5,
    ),
    bind(
        Action::Newer,
        &[key('N')],
        "newer match",
        "to a newer line with the searched text",
        LOG,
        6,
    ),
    bind(
        Action::LogLevel,
        &[key('e')],
        "level",
        "everything, warnings and errors, or errors alone",
        LOG,
        4,
    ),
    bind(Action::Up, &[key('k'), named(Code::Up)], "up", "one row up", ALL, 0),
    bind(Action::Down, &[key('j'), named(Code::Down)], "down", "one row down", ALL, 0),
    bind(Action::HalfUp, &[ctrl('u')], "half page up", "half a page up", ALL, 0),
    bind(Action::HalfDown, &[ctrl('d')], "half page down", "half a page down", ALL, 0),
    bind(Action::PageUp, &[named(Code::PageUp)], "page up", "a page up", ALL, 0),
    bind(Action::PageDown, &[named(Code::PageDown)], "page down", "a page down", ALL, 0),
    bind(Action::Top, &[key('g'), named(Code::Home)], "top", "to the first row", ALL, 0),
    bind(
        Action::Bottom,
        &[key('G'), named(Code::End)],
        "bottom",
        "to the last row; in the log: follow new lines",
        ALL,
        0,
    ),
    bind(
        Action::NextPane,
        &[named(Code::Tab), key('l'), named(Code::Right)],
        "next pane",
        "to the next pane",
        ALL,
        0,
    ),
    bind(
        Action::PreviousPane,
        &[named(Code::BackTab), key('h'), named(Code::Left)],
        "previous pane",
        "to the previous pane",
        ALL,
        0,
    ),
    bind(
        Action::Focus(Pane::Needs),
        &[key('!'), key('0')],
        "needs you",
        "to what waits for a person",
        ALL,
        0,
    ),
    bind(Action::Focus(Pane::Endpoints), &[key('1')], "endpoints", "to the endpoints", ALL, 0),
    bind(Action::Focus(Pane::Pending), &[key('2')], "pending", "to the pending exports", ALL, 0),
    bind(Action::Focus(Pane::Transfers), &[key('3')], "transfers", "to the transfers", ALL, 0),
    bind(Action::Focus(Pane::Log), &[key('4')], "log", "to the log", ALL, 0),
    bind(
        Action::Focus(Pane::Feeds),
        &[key('5'), key('d')],
        "landed files",
        "to the landed files",
        ALL,
        0,
    ),
    bind(
        Action::Focus(Pane::Datasets),
        &[key('6')],
        "datasets",
        "to the datasets: rows, files, drift",
        ALL,
        0,
    ),
    bind(Action::Focus(Pane::Runs), &[key('7')], "all runs", "to the runs that ended", ALL, 0),
    bind(
        Action::Focus(Pane::Schedules),
        &[key('8')],
        "schedules",
        "to the schedules: next, missed, paused",
        ALL,
        0,
    ),
    bind(Action::Full, &[key('f')], "full pane", "the focused pane alone, and back", ALL, 0),
    bind(
        Action::Filter,
        &[key('/')],
        "filter",
        "filter: words, state:failed endpoint:slate; in the log: search",
        ALL,
        20,
    ),
    bind(Action::Palette, &[key(':')], "commands", "every action by its name", ALL, 21),
    bind(Action::Help, &[key('?'), named(Code::F(1))], "help", "this list", ALL, 22),
    bind(
        Action::Back,
        &[named(Code::Esc)],
        "back",
        "close, clear the filter, unmark; never quits",
        ALL,
        0,
    ),
    bind(
        Action::Reload,
        &[key('C')],
        "reload",
        "read the configuration file again, as SIGHUP does",
        ALL,
        0,
    ),
    bind(Action::Mouse, &[key('m')], "mouse", "the mouse wheel on or off", ALL, 0),
    bind(Action::Redraw, &[ctrl('l')], "redraw", "draw everything anew", ALL, 0),
    bind(Action::Suspend, &[ctrl('z')], "suspend", "back to the shell; fg returns", ALL, 0),
    bind(Action::Quit, &[key('q')], "quit", "leave; asks while something runs", ALL, 23),
    bind(Action::Interrupt, &[ctrl('c')], "quit now", "twice: leave at once", ALL, 0),
];

impl Key {
    /// The key of an event. Shift is in the character already.
    pub(super) fn of(event: &KeyEvent) -> Self {
        Self(event.code, event.modifiers & (Mods::CONTROL | Mods::ALT))
    }

    /// Whether it is a character where one types.
    pub(super) fn types(self) -> bool {
        matches!(self, Self(Code::Char(_), Mods::NONE))
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self.0 {
            Code::Char(' ') => "space".to_owned(),
            Code::Char(c) => c.to_string(),
            Code::BackTab => "shift-tab".to_owned(),
            Code::F(n) => format!("f{n}"),
            Code::PageUp => "pgup".to_owned(),
            Code::PageDown => "pgdn".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        };
        let ctrl = if self.1.contains(Mods::CONTROL) { "ctrl-" } else { "" };
        let alt = if self.1.contains(Mods::ALT) { "alt-" } else { "" };
        f.pad(&format!("{ctrl}{alt}{text}"))
    }
}

/// The row of `action`.
pub(super) fn binding(action: Action) -> Option<&'static Binding> {
    TABLE.iter().find(|b| b.action == action)
}
