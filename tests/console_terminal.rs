//! The console as a person has it: the real program in a real terminal.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use portable_pty::CommandBuilder;
use rusqlite::{Connection, params};
use support::terminal::{Terminal, cursor_line};
use tempfile::TempDir;
use transship::ledger::Ledger;
use transship::model::{Failure, FailureClass};

fn signal(terminal: &Terminal, name: &str) {
    let pid = terminal.pid().to_string();
    let status = std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap();
    assert!(status.success());
}

#[test]
fn the_demo_shows_files_arriving_and_leaves_the_terminal_as_it_was() {
    let mut terminal = Terminal::start(&["demo"], 120, 40);
    terminal.wait_for("Encoura exports");
    // The first sync starts by itself; the receiver takes what was published.
    terminal.wait_for("E3 seen in processed");
    terminal.press("?");
    terminal.wait_for("sync all active endpoints");
    terminal.press("\u{1b}");
    terminal.wait("the help to close", |s| !s.contains("sync all active endpoints"));
    // The timeline of the first transfer.
    terminal.press("3\r");
    terminal.wait_for("publishing");
    terminal.press("\u{1b}");
    // Its frame: until it is gone, esc and the next key may be taken for one.
    terminal.wait("the details to close", |s| !s.contains('╭'));
    terminal.press("q");
    // It asks if the next exports happen to be on their way just now.
    terminal.press("y");
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    assert!(ended.restored);
}

#[test]
fn the_demo_shows_what_a_partner_sent_and_what_is_wrong_with_it() {
    let mut terminal = Terminal::start(&["demo"], 120, 40);
    terminal.wait_for("Shop feed");
    terminal.press("d");
    terminal.wait_for("5 landed files");
    terminal.wait_for("repeated");
    // The last day that lies there at the start has a column too many.
    terminal.press("/2025-01-14.csv\r");
    terminal.wait_for("+shop");
    terminal.press("\r");
    terminal.wait_for("set aside");
    terminal.wait_for("passed over: shop");
    terminal.press("\u{1b}");
    terminal.wait("the details to close", |s| !s.contains('╭'));
    signal(&terminal, "TERM");
    assert!(terminal.end().restored);
}

#[test]
fn a_signal_gives_the_terminal_back() {
    for (name, code) in [("TERM", 143), ("INT", 130), ("HUP", 143)] {
        let terminal = Terminal::start(&["demo"], 80, 24);
        terminal.wait_for("Encoura exports");
        signal(&terminal, name);
        let ended = terminal.end();
        assert_eq!(ended.code, code, "SIG{name}");
        assert!(ended.restored, "SIG{name}");
    }
}

/// Without a screen, but with a terminal: a hangup means that it vanished, and SIGHUP from
/// anybody else that the configuration is to be read again.
#[test]
fn headless_in_a_terminal_reloads_when_told_and_ends_with_the_terminal() {
    let folder = quiet("");
    let file = folder.path().join("connector.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    // It says when it listens.
    std::fs::write(&file, text.replace("listen: []", "listen: [\"127.0.0.1:0\"]")).unwrap();
    let home = [("HOME", folder.path().to_str().unwrap())];
    let terminal = Terminal::start_in(folder.path(), &home, &["--no-tui"], (100, 30));
    terminal.wait_for("listening on");
    signal(&terminal, "HUP");
    terminal.wait_for("nothing has changed");
    assert_eq!(terminal.vanish_after(|terminal| signal(terminal, "HUP")), 143);
}

#[test]
fn a_small_screen_says_so_and_a_larger_one_shows_everything_again() {
    let terminal = Terminal::start(&["demo"], 80, 24);
    terminal.wait_for("Encoura exports");
    terminal.resize(40, 8);
    terminal.wait("a word about the size", |s| !s.contains("pending exports"));
    terminal.resize(100, 30);
    terminal.wait_for("pending exports");
    signal(&terminal, "TERM");
    assert!(terminal.end().restored);
}

/// A name that would retitle, clear, ring, paste and turn around, if it were let.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2Jgpj.\u{202e}vsc\u{200b}\u{9b}2J\r\n.csv";

/// A folder with a configuration with which nothing happens by itself, and a ledger with
/// one export that was held, one that was delivered, and names and words of all kinds.
fn quiet(console: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("connector.yaml"),
        format!(
            "data_dir: ./data\nhttp: {{ listen: [] }}\n{console}\
             clients:\n  encoura: {{ api_key: x, username: u, password: p, base_url: \"http://127.0.0.1:9\" }}\n\
             endpoints:\n  - {{ name: Exports, endpoint_type: encoura, schedule: {{ type: manual }} }}\n"
        ),
    )
    .unwrap();
    book(&folder.path().join("data"));
    folder
}

fn book(data: &Path) {
    std::fs::create_dir_all(data).unwrap();
    let path = data.join("connector.db");
    drop(Ledger::open(&path, "test").unwrap());
    let db = Connection::open(&path).unwrap();
    let at = "2026-05-04T06:00:00Z";
    db.execute(
        "INSERT INTO endpoints (id, name, endpoint_type, endpoint_details, project_id, user_id,
           schedule, deliver_to, is_active, position, created_at, updated_at)
         VALUES (1, 'Exports', 'encoura', '{}', 'p', 'u', '\"manual\"', NULL, 1, 0, ?1, ?1)",
        [at],
    )
    .unwrap();
    let failure = |said: &str| {
        let failure = Failure::new(FailureClass::Refused, "renaming", "a.csv");
        let mut failure = serde_json::to_value(failure).unwrap();
        // As it came, as if nothing had made it safe on its way in.
        failure["said"] = said.into();
        failure.to_string()
    };
    for (n, (name, state, failure)) in [
        ("last night.csv", "held", Some(failure("permission denied"))),
        (HOSTILE, "held", Some(failure(HOSTILE))),
        ("prospects 1.csv", "recorded", None),
        ("prospects 2.csv", "recorded", None),
        ("delivered.csv", "verified", None),
    ]
    .into_iter()
    .enumerate()
    {
        db.execute(
            "INSERT INTO exports (endpoint_id, source, account, uid, version, name, raw, state,
               attempt, tries, size, failure, discovered_at, updated_at)
             VALUES (1, 'encoura', 'a', ?1, '1', ?2, '{}', ?3, 1, 0, 1234, ?4, ?5, ?5)",
            params![format!("uid{n}"), name, state, failure, at],
        )
        .unwrap();
    }
    db.execute(
        "INSERT INTO deliveries (export_id, endpoint_id, destination, target, generation, token,
           final_name, state, attempt, tries, evidence, published_at, created_at, updated_at)
         VALUES (5, 1, 'slate', 'u@h:22/in', 1, '89abcdef', 'delivered_1.csv', 'confirmed', 1, 0,
           'E2', ?1, ?1, ?1)",
        [at],
    )
    .unwrap();
}

fn quiet_console(folder: &TempDir, variables: &[(&str, &str)], size: (u16, u16)) -> Terminal {
    let terminal = Terminal::start_in(folder.path(), variables, &[], size);
    terminal.wait_for("Exports");
    terminal.wait_for("last night.csv");
    terminal
}

fn leave(terminal: Terminal) -> String {
    signal(&terminal, "TERM");
    let ended = terminal.end();
    assert!(ended.restored);
    assert_eq!(ended.code, 143);
    String::from_utf8(ended.raw).expect("UTF-8 alone")
}

/// Fails at anything in `raw` but text and the sequences that move, colour and switch modes.
fn only_draws(raw: &str) {
    const MODES: [&str; 8] = ["25", "1000", "1002", "1003", "1006", "1015", "1049", "2004"];
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let before = || rest.chars().take(40).collect::<String>();
        if c == '\u{1b}' {
            let sequence = rest.strip_prefix('[').unwrap_or_else(|| panic!("{:?}", before()));
            let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
            let (parameters, kind) = (&sequence[..end], &sequence[end..=end]);
            let known = match (parameters.strip_prefix('?'), kind) {
                (Some(mode), "h" | "l") => mode.split(';').all(|mode| MODES.contains(&mode)),
                (None, "H" | "J" | "K" | "m" | "A" | "B" | "C" | "D" | "G" | "d" | "X") => {
                    parameters.chars().all(|c| c.is_ascii_digit() || c == ';')
                }
                _ => false,
            };
            assert!(known, "ESC [{parameters}{kind}");
            rest = &sequence[end + 1..];
            continue;
        }
        let steers = c.is_control() && !"\r\n".contains(c);
        let hides = "\u{202e}\u{200b}\u{2066}\u{feff}".contains(c);
        assert!(!steers && !hides, "{c:?} before {:?}", before());
    }
}

#[test]
fn hostile_names_and_failures_only_show() {
    let folder = quiet("");
    let mut terminal = quiet_console(&folder, &[], (100, 30));
    terminal.press("2/owned\r");
    terminal.wait_until("its row", |s| cursor_line(s).contains("]0;own"));
    terminal.press("\r");
    terminal.wait("its details", |s| s.contains('╭') && s.contains("uid1"));
    terminal.press("\u{1b}");
    terminal.wait("the details to close", |s| !s.contains('╭'));
    for (keys, shown) in [("w", "owned"), ("4", "4 log"), ("3", "delivered_1.csv")] {
        terminal.press(keys);
        terminal.wait_for(shown);
    }
    only_draws(&leave(terminal));
}

#[test]
fn what_is_copied_is_what_is_shown() {
    use base64::Engine as _;
    let folder = quiet("");
    let mut terminal = quiet_console(&folder, &[], (100, 30));
    terminal.press("2/owned\r");
    terminal.wait_until("its row", |s| cursor_line(s).contains("]0;own"));
    terminal.press("y");
    terminal.wait_for("copied");
    let raw = leave(terminal);
    let (_, after) = raw.split_once("\u{1b}]52;c;").expect("OSC 52");
    let (coded, _) = after.split_once('\u{7}').unwrap();
    let copied = base64::engine::general_purpose::STANDARD.decode(coded).unwrap();
    let copied = String::from_utf8(copied).unwrap();
    assert!(copied.contains("owned") && !copied.contains(|c: char| c.is_control()), "{copied:?}");
}

#[test]
fn which_failed_and_why_and_send_it_again() {
    let folder = quiet("");
    let mut terminal = quiet_console(&folder, &[], (120, 40));
    // Which, and why: on the first screen.
    terminal.wait_for("permission denied");
    terminal.press("3");
    terminal.wait_until("the delivered file", |s| cursor_line(s).contains("delivered_1.csv"));
    terminal.press("A");
    terminal.wait_for("Send again?");
    // The focused button does nothing.
    terminal.press("\r");
    terminal.wait("the question to close", |s| !s.contains("Send again?"));
    leave(terminal);
}

#[test]
fn one_key_stops_everything_once_it_is_confirmed() {
    let mut terminal = Terminal::start(&["demo"], 120, 40);
    terminal.wait_for("uploading");
    terminal.press("X");
    terminal.wait_for("No, go back");
    terminal.press("y");
    terminal.wait("every schedule to rest", |s| {
        !s.contains("No, go back") && s.matches("paused").count() >= 4
    });
    signal(&terminal, "TERM");
    assert!(terminal.end().restored);
}

#[test]
fn keys_symbols_and_footer_are_as_configured() {
    let console = "console: { symbols: ascii, theme: light, keys: { log: f4, help: z } }\n";
    let folder = quiet(console);
    let mut terminal = quiet_console(&folder, &[], (80, 24));
    terminal.wait_for("z help");
    assert!(terminal.screen().is_ascii(), "{}", terminal.screen());
    // F4, as xterm sends it.
    terminal.press("\u{1b}OS");
    terminal.wait_for("= 4 log");
    terminal.press("4");
    terminal.press("z");
    terminal.wait_for("keys in log");
    terminal.press("\u{1b}");
    terminal.wait("the help to close", |s| !s.contains("keys in log"));
    assert!(leave(terminal).contains("\u{1b}[?1049l"));
}

#[test]
fn without_colour_the_selected_row_is_reversed() {
    let folder = quiet("");
    let mut terminal = quiet_console(&folder, &[("NO_COLOR", "1")], (80, 24));
    terminal.press("2");
    terminal.wait_until("the selected row reversed", |screen| {
        let (row, _) = screen.cursor_position();
        screen.cell(row, 5).is_some_and(vt100::Cell::inverse)
            && cursor_line(screen).contains(".csv")
    });
    terminal.look(|screen| {
        for row in 0..24 {
            for column in 0..80 {
                let cell = screen.cell(row, column).unwrap();
                assert_eq!(cell.fgcolor(), vt100::Color::Default, "{row}:{column}");
                assert_eq!(cell.bgcolor(), vt100::Color::Default, "{row}:{column}");
            }
        }
    });
    leave(terminal);
}

#[test]
fn the_mouse_selects_and_scrolls_once_it_is_asked_for() {
    let folder = quiet("");
    let mut terminal = quiet_console(&folder, &[], (100, 40));
    assert!(terminal.look(|s| s.mouse_protocol_mode() == vt100::MouseProtocolMode::None));
    terminal.press("m");
    terminal.wait_until("the mouse", |s| s.mouse_protocol_mode() != vt100::MouseProtocolMode::None);
    let row = |name: &str| {
        let of = |s: &vt100::Screen| s.rows(0, 100).collect::<Vec<_>>();
        // The last one: needs and pending may both show it.
        terminal.look(of).iter().rposition(|line| line.contains(name)).unwrap() + 1
    };
    let at = row("last night.csv");
    terminal.press(&format!("\u{1b}[<0;10;{at}M\u{1b}[<0;10;{at}m"));
    terminal.wait_until("the row", |s| cursor_line(s).contains("last night.csv"));
    // The wheel goes up to the other one that is held.
    terminal.press(&format!("\u{1b}[<64;10;{at}M"));
    terminal.wait_until("the row above", |s| cursor_line(s).contains("]0;"));
    leave(terminal);
}

#[test]
fn suspended_it_gives_the_terminal_to_the_shell_and_takes_it_again() {
    let folder = quiet("");
    let mut shell = CommandBuilder::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]);
    shell.cwd(folder.path());
    shell.env("PS1", "shell> ");
    let mut terminal = Terminal::run(shell, 100, 30);
    terminal.wait_for("shell> ");
    terminal.press(&format!("'{}'\r", env!("CARGO_BIN_EXE_transship")));
    terminal.wait_for("last night.csv");
    terminal.press("\u{1a}");
    terminal.wait("the shell", |s| s.contains("Stopped") && !s.contains("last night.csv"));
    assert!(terminal.look(|s| !s.alternate_screen() && !s.hide_cursor()));
    // What is typed is the shell's alone.
    terminal.press("echo still $((6 * 7)) here\r");
    terminal.wait_for("still 42 here");
    terminal.press("fg\r");
    terminal.wait("the console", |s| s.contains("last night.csv") && s.contains("4 log"));
    terminal.press("?");
    terminal.wait_for("keys in");
    terminal.press("\u{1b}");
    terminal.wait("the help to close", |s| !s.contains("keys in"));
    terminal.press("q");
    terminal.wait("the shell's next word", |s| {
        s.contains("still 42 here") && s.trim_end().ends_with("shell>")
    });
    terminal.press("exit\r");
    assert!(terminal.end().restored);
}

#[test]
fn a_terminal_that_vanishes_ends_the_program() {
    let folder = quiet("");
    let terminal = quiet_console(&folder, &[], (80, 24));
    let code = terminal.vanish();
    // By the signal, or by the terminal that cannot be read any more: never still there.
    assert!(matches!(code, 143 | 1), "ended with {code}");
    // And nothing holds the ledger.
    Ledger::open(&folder.path().join("data/connector.db"), "test").unwrap();
}

#[test]
fn resized_while_files_are_on_their_way() {
    let mut terminal = Terminal::start(&["demo"], 120, 40);
    terminal.wait_for("uploading");
    for (columns, rows) in [(80, 24), (40, 10), (60, 16), (39, 9), (200, 60), (40, 12), (100, 30)] {
        terminal.resize(columns, rows);
        let small = columns < 40;
        terminal.wait_until("a screen of that size", |screen| {
            let lines: Vec<String> = screen.rows(0, columns).collect();
            match small {
                true => lines.iter().any(|line| line.contains("39x9: at least 40x10")),
                // The keys stand on the last line.
                false => lines[usize::from(rows) - 1].contains("q quit"),
            }
        });
    }
    terminal.press("3");
    terminal.wait_for("E3 seen in processed");
    signal(&terminal, "TERM");
    assert!(terminal.end().restored);
}
