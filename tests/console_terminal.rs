//! The console as a person has it: the real program in a real terminal.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::terminal::Terminal;

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
