//! The real program in a pseudo-terminal, seen through a terminal emulator.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long anything may take to show: bounds a failing test, no passing one.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal with the program in it.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    seen: Arc<Seen>,
}

struct Seen {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: vt100::Parser,
    /// Every byte that came out.
    raw: Vec<u8>,
    ended: bool,
    /// Whether the terminal is to be taken away.
    gone: bool,
}

impl Terminal {
    /// Starts the program with these arguments on a screen of this size.
    pub fn start(arguments: &[&str], columns: u16, rows: u16) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_transship"));
        command.args(arguments);
        Self::run(command, columns, rows)
    }

    /// Starts the program in `folder`, with these variables.
    pub fn start_in(
        folder: &std::path::Path,
        variables: &[(&str, &str)],
        arguments: &[&str],
        (columns, rows): (u16, u16),
    ) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_transship"));
        command.args(arguments);
        command.cwd(folder);
        for (name, value) in variables {
            command.env(name, value);
        }
        Self::run(command, columns, rows)
    }

    /// Starts `command` on a screen of this size.
    pub fn run(mut command: CommandBuilder, columns: u16, rows: u16) -> Self {
        command.env("TERM", "xterm-256color");
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let keys = pair.master.take_writer().unwrap();
        let mut output = pair.master.try_clone_reader().unwrap();
        let parser = vt100::Parser::new(nonzero(rows), nonzero(columns), 0);
        let seen = Arc::new(Seen {
            state: Mutex::new(State { parser, raw: Vec::new(), ended: false, gone: false }),
            changed: Condvar::new(),
        });
        let reader = seen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            // The end of a pseudo-terminal is an error on Linux.
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                let mut state = reader.state.lock().unwrap();
                state.parser.process(&buffer[..read]);
                state.raw.extend_from_slice(&buffer[..read]);
                reader.changed.notify_all();
                if state.gone {
                    break;
                }
            }
            drop(output);
            reader.state.lock().unwrap().ended = true;
            reader.changed.notify_all();
        });
        Self { child, master: pair.master, keys, seen }
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Makes the screen another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut state = self.seen.state.lock().unwrap();
        state.parser.screen_mut().set_size(nonzero(rows), nonzero(columns));
        drop(state);
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).unwrap();
    }

    /// The process, to send it signals.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// What stands on the screen.
    pub fn screen(&self) -> String {
        self.seen.state.lock().unwrap().parser.screen().contents()
    }

    /// The line on which the cursor stands.
    pub fn cursor_line(&self) -> String {
        cursor_line(self.seen.state.lock().unwrap().parser.screen())
    }

    /// How many bytes came out so far.
    pub fn written(&self) -> usize {
        self.seen.state.lock().unwrap().raw.len()
    }

    /// Looks at the screen with its colours and cursor.
    pub fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.state.lock().unwrap().parser.screen())
    }

    /// Waits until `condition` holds of the screen's text.
    #[track_caller]
    pub fn wait(&self, what: &str, condition: impl Fn(&str) -> bool) {
        self.wait_until(what, |screen| condition(&screen.contents()));
    }

    /// Waits until `condition` holds of the screen.
    #[track_caller]
    pub fn wait_until(&self, what: &str, condition: impl Fn(&vt100::Screen) -> bool) {
        let begun = Instant::now();
        let mut state = self.seen.state.lock().unwrap();
        while !condition(state.parser.screen()) {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            assert!(
                !left.is_zero() && !state.ended,
                "waiting for {what}; the screen shows:\n{}",
                state.parser.screen().contents()
            );
            state = self.seen.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Waits until so many bytes came out.
    #[track_caller]
    pub fn wait_written(&self, count: usize) {
        let mut state = self.seen.state.lock().unwrap();
        while state.raw.len() < count {
            assert!(!state.ended, "it ended after {} bytes", state.raw.len());
            state = self.seen.changed.wait_timeout(state, PATIENCE).unwrap().0;
        }
    }

    /// Waits until `text` is on the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait(text, |screen| screen.contains(text));
    }

    /// Takes the terminal away from the program, as when its window is closed; the exit
    /// code that it ends with.
    #[track_caller]
    pub fn vanish(self) -> u32 {
        self.vanish_after(|terminal| terminal.resize(70, 20))
    }

    /// The same, for a program that does not draw: `wake` has it write something.
    #[track_caller]
    pub fn vanish_after(mut self, wake: impl FnOnce(&Self)) -> u32 {
        self.seen.state.lock().unwrap().gone = true;
        // What it writes wakes the reader, which then lets go of its end.
        wake(&self);
        let begun = Instant::now();
        let mut state = self.seen.state.lock().unwrap();
        while !state.ended {
            assert!(begun.elapsed() < PATIENCE, "the screen is not drawn anew");
            state = self.seen.changed.wait_timeout(state, PATIENCE).unwrap().0;
        }
        drop(state);
        let Self { child, master, keys, .. } = &mut self;
        *keys = Box::new(std::io::sink());
        *master = native_pty_system().openpty(PtySize::default()).unwrap().master;
        while begun.elapsed() < PATIENCE {
            if let Some(status) = child.try_wait().unwrap() {
                return status.exit_code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        panic!("it is still there without its terminal");
    }

    /// Waits for the program's end; what it left behind.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let begun = Instant::now();
        let mut state = self.seen.state.lock().unwrap();
        while !state.ended {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            assert!(!left.is_zero(), "it does not end:\n{}", state.parser.screen().contents());
            state = self.seen.changed.wait_timeout(state, left).unwrap().0;
        }
        let screen = state.parser.screen();
        Ended {
            code: self.child.wait().unwrap().exit_code(),
            restored: !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None,
            raw: state.raw.clone(),
        }
    }
}

/// The line on which the cursor stands.
pub fn cursor_line(screen: &vt100::Screen) -> String {
    let row = screen.cursor_position().0;
    screen.rows(0, screen.size().1.get()).nth(usize::from(row)).unwrap_or_default()
}

fn nonzero(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).unwrap()
}

/// What a program left behind.
pub struct Ended {
    pub code: u32,
    /// Whether the terminal is as it was: main screen, visible cursor, no modes.
    pub restored: bool,
    /// Every byte that came out.
    pub raw: Vec<u8>,
}
