//! The real terminal: taken at the start, given back on every way out.

use std::cell::Cell;
use std::io::{self, Stdout, Write, stdout};
use std::pin::Pin;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event,
    EventStream,
};
use crossterm::execute;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use futures::Stream;
use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::layout::{Position, Rect};

use crate::model::{Failure, Shown};
use crate::platform;

/// What the operator does, as it comes in.
pub(super) type Inputs = Pin<Box<dyn Stream<Item = io::Result<Event>> + Send>>;

/// Both ends of a terminal, so that tests can own both.
pub(super) trait Tty {
    /// What is drawn on.
    type Backend: Backend<Error: std::error::Error>;
    /// The screen.
    fn terminal(&mut self) -> &mut Terminal<Self::Backend>;
    /// A new stream of what the operator does. The one before must be gone.
    fn inputs(&mut self) -> Inputs;
    /// Gives the terminal back, stops the process, takes it again after `fg`.
    fn suspend(&mut self) -> io::Result<()>;
    /// Puts `text` into the terminal's clipboard.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Whether the mouse is reported.
    fn mouse(&mut self, on: bool) -> io::Result<()>;
}

/// Clears the screen, so that the next drawing draws everything. Ratatui's own
/// `clear` asks the terminal where its cursor is, and waits for the answer.
pub(super) fn clear<B: Backend>(terminal: &mut Terminal<B>) -> Result<(), B::Error> {
    let size = terminal.size()?;
    terminal.resize(Rect::from((Position::ORIGIN, size)))
}

/// Whether the terminal is ours now, and how: read by the panic hook.
static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

thread_local! {
    /// Whether this thread is updating or drawing the screen.
    static ON_SCREEN: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` as the screen's own: a panic in it gives the terminal back
/// before its message is printed. One elsewhere in the program becomes a line
/// of the log, and the screen stays.
pub(super) fn on_screen<T>(work: impl FnOnce() -> T) -> T {
    ON_SCREEN.set(true);
    let done = work();
    ON_SCREEN.set(false);
    done
}

/// The terminal of this process.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal: raw, on its alternate screen.
    pub(super) fn enter(mouse: bool) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::io("setting up", "the terminal", &error)
                .advice("use a terminal, or --no-tui without one")
        };
        hook_panics();
        take(mouse).map_err(failed)?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout())).map_err(|error| {
            give_back();
            failed(error)
        })?;
        Ok(Self { terminal, mouse })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

impl Tty for Screen {
    type Backend = CrosstermBackend<Stdout>;

    fn terminal(&mut self) -> &mut Terminal<Self::Backend> {
        &mut self.terminal
    }

    fn inputs(&mut self) -> Inputs {
        Box::pin(EventStream::new())
    }

    fn suspend(&mut self) -> io::Result<()> {
        give_back();
        platform::stop_process()?;
        take(self.mouse)?;
        clear(&mut self.terminal)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        let coded = base64::engine::general_purpose::STANDARD.encode(text);
        let mut out = stdout();
        // OSC 52: "c" is the clipboard.
        write!(out, "\x1b]52;c;{coded}\x07")?;
        out.flush()
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on {
            execute!(stdout(), EnableMouseCapture)
        } else {
            execute!(stdout(), DisableMouseCapture)
        }
    }
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    // From here on there is something to give back, whatever fails.
    TAKEN.store(true, Ordering::SeqCst);
    let entered = execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)
        .and_then(|()| if mouse { execute!(stdout(), EnableMouseCapture) } else { Ok(()) });
    if entered.is_err() {
        give_back();
    }
    entered
}

/// Gives the terminal back, once. A terminal that is gone needs nothing back,
/// so errors have no reader.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(
            stdout(),
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            Show
        );
        let _ = disable_raw_mode();
    }
}

fn hook_panics() {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !TAKEN.load(Ordering::SeqCst) {
                before(panic);
            } else if ON_SCREEN.get() {
                give_back();
                before(panic);
            } else {
                tracing::error!("a defect, please report it: {}", Shown::new(panic.to_string()));
            }
        }));
    });
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read as _;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    /// Set in the process that is to panic.
    const VICTIM: &str = "TRANSSHIP_TEST_VICTIM";

    /// The test is its own victim: in a pseudo-terminal it takes the screen, draws and
    /// panics while it does.
    #[test]
    fn a_panic_while_drawing_gives_the_terminal_back_and_is_read_there() {
        if std::env::var_os(VICTIM).is_some() {
            let mut screen = Screen::enter(true).unwrap();
            on_screen(|| {
                screen.terminal().draw(|frame| frame.render_widget("drawn", frame.area())).unwrap();
                panic!("a defect for the test");
            });
        }
        let name = "console::terminal::tests::a_panic_while_drawing_gives_the_terminal_back_and_is_read_there";
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args([name, "--exact", "--nocapture"]);
        command.env(VICTIM, "1");
        command.env("TERM", "xterm-256color");
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut raw = Vec::new();
        let mut output = pair.master.try_clone_reader().unwrap();
        // The end of a pseudo-terminal is an error on Linux.
        let _ = output.read_to_end(&mut raw);
        assert!(!child.wait().unwrap().success());
        let raw = String::from_utf8(raw).unwrap();
        let left = raw.find("\u{1b}[?1049l").expect("it leaves the alternate screen");
        assert!(raw.find("\u{1b}[?1049h").unwrap() < left, "{raw:?}");
        assert!(raw[..left].contains("drawn"), "{raw:?}");
        let after = &raw[left..];
        assert!(
            after.contains("a defect for the test"),
            "it is said where it can be read: {raw:?}"
        );
        assert!(after.contains("\u{1b}[?25h"), "the cursor is back: {raw:?}");
        for mode in ["1000", "1003", "1006", "2004"] {
            let (on, off) = (format!("\u{1b}[?{mode}h"), format!("\u{1b}[?{mode}l"));
            assert!(raw.rfind(&off) > raw.rfind(&on), "mode {mode} is off again: {raw:?}");
        }
        assert_eq!(raw.matches("\u{1b}[?1049h").count(), 1);
    }
}
