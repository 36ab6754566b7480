//! How fast the console answers, through a real pseudo-terminal.
//!
//! ```sh
//! cargo bench --bench console              # 100,000 exports, 10,000 log lines a second
//! EXPORTS=1000000 LINES=20000 cargo bench --bench console
//! ```
//!
//! - **Key to screen**: the console of the library with a real ledger, in a process of its
//!   own, eight transfers under way, the log running, the books read again all the time.
//!   Keys go in at random moments; the time ends when the screen, drawn by a terminal
//!   emulator, shows what the key was for. In between, the same is done with a program
//!   that only sends each byte back: what terminal and scheduler cost by themselves.
//! - **Idle**: the program itself with nothing to do: bytes written and processor time.
//! - **Start**: the program itself until its first screen, in turns with `rclone version`
//!   and `lazygit --version` where these are installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/support/terminal.rs"]
mod terminal;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use rusqlite::{Connection, params};
use terminal::{Terminal, cursor_line};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use transship::console::{self, Keymap, Options, Palette};
use transship::engine::{Event, Handle, Transfer};
use transship::ledger::Ledger;
use transship::model::{Failure, FailureClass, Id, Shown};
use transship::silver::reader::Reader as Silver;

const SCREEN: (u16, u16) = (120, 40);
/// How long the idle program is watched.
const IDLE: Duration = Duration::from_secs(30);
/// Starts of each program.
const STARTS: usize = 15;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--part") {
        Some(at) if arguments[at + 1] == "echo" => echo(),
        Some(at) if arguments[at + 1] == "console" => {
            busy_console(Path::new(&arguments[at + 2]), arguments[at + 3].parse().unwrap());
        }
        _ => {
            let wanted = |part: &str| std::env::var("PART").map_or(true, |only| only == part);
            if wanted("keys") {
                keys();
            }
            if wanted("idle") {
                idle();
            }
            if wanted("start") {
                start();
            }
        }
    }
}

/// Sends every byte back.
fn echo() {
    crossterm::terminal::enable_raw_mode().unwrap();
    let (mut input, mut output) = (std::io::stdin(), std::io::stdout());
    let mut byte = [0];
    while input.read_exact(&mut byte).is_ok() && byte[0] != b'q' {
        output.write_all(&byte).unwrap();
        output.flush().unwrap();
    }
}

/// A console in the middle of a busy day.
fn busy_console(folder: &Path, lines: u64) {
    tracing_subscriber::registry().with(console::log_layer()).init();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let ledger = Ledger::open(&folder.join("ledger.db"), "bench").unwrap();
        let books = Arc::new(ledger.reader().unwrap());
        let silver = Arc::new(Silver::at(&folder.join("silver.db")));
        let (handle, _requests) = Handle::pair();
        std::thread::spawn(move || log(lines));
        tokio::spawn(work(handle.clone()));
        let options = Options {
            title: "bench".to_owned(),
            color: true,
            palette: Palette::Dark,
            ascii: false,
            keys: Keymap::default(),
            mouse: false,
            read_only: false,
            reload: None,
            stop: CancellationToken::new(),
        };
        console::run(handle, books, silver, options).await.unwrap();
    });
}

/// So many lines a second, evenly.
fn log(lines: u64) {
    let begun = Instant::now();
    let mut said = 0;
    loop {
        let due = begun.elapsed().as_micros() as u64 * lines / 1_000_000;
        while said < due {
            said += 1;
            tracing::info!(target: "transship::bench", "delivery d{said} uploading: a file_{said}.csv");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Eight transfers under way, told of ten times a second, and the books to read again.
async fn work(handle: Handle) {
    handle.publish(Event::RunStarted { run: Id::run(1), endpoints: vec!["Exports".to_owned()] });
    for round in 0_u64.. {
        for n in 0..8 {
            handle.publish(Event::Transfer(Transfer {
                id: Id::delivery(n),
                endpoint: "Exports".to_owned(),
                name: Shown::new(format!("file {n}.csv")),
                step: "uploading".to_owned(),
                bytes: round * 100_000 % 50_000_000,
                total: Some(50_000_000),
                throttled_until: None,
            }));
        }
        if round % 10 == 0 {
            handle.publish(Event::Scheduled { endpoint: "Exports".to_owned(), at: None });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A ledger with so many exports on their way: one in a hundred is held, one in twenty
/// waits after a failure.
fn fill(path: &Path, exports: usize) {
    drop(Ledger::open(path, "bench").unwrap());
    let mut db = Connection::open(path).unwrap();
    let t = db.transaction().unwrap();
    let at = "2026-05-04T06:00:00Z";
    t.execute(
        "INSERT INTO endpoints (id, name, endpoint_type, endpoint_details, project_id, user_id,
           schedule, deliver_to, is_active, position, created_at, updated_at)
         VALUES (1, 'Exports', 'encoura', '{}', 'p', 'u', '\"manual\"', 'slate', 1, 0, ?1, ?1)",
        [at],
    )
    .unwrap();
    let failure = Failure::new(FailureClass::Network, "uploading", "a.csv").said("reset");
    let failure = serde_json::to_string(&failure).unwrap();
    let mut insert = t
        .prepare(
            "INSERT INTO exports (endpoint_id, source, account, uid, version, name, raw, state,
               attempt, tries, size, failure, discovered_at, updated_at)
             VALUES (1, 'encoura', 'a', ?1, '1', ?2, '{}', ?3, 1, 0, ?4, ?5, ?6, ?6)",
        )
        .unwrap();
    for n in 0..exports {
        let (state, failure) = match n % 100 {
            0 => ("held", Some(&failure)),
            1..=5 => ("retry_wait", Some(&failure)),
            _ => ("recorded", None),
        };
        let name = format!("export {n:07} of a long night.csv");
        insert.execute(params![format!("uid{n}"), name, state, n as i64, failure, at]).unwrap();
    }
    drop(insert);
    t.commit().unwrap();
}

fn part(arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.arg("--part");
    command.args(arguments);
    command
}

/// A pause of 5 to 40 ms, so that keys meet the console at any moment.
fn pause() {
    std::thread::sleep(Duration::from_micros(rand::random_range(5_000..40_000)));
}

fn keys() {
    let (exports, lines) = (number("EXPORTS", 100_000), number("LINES", 10_000));
    let rounds = number("ROUNDS", 300);
    let folder = tempfile::TempDir::new().unwrap();
    fill(&folder.path().join("ledger.db"), exports);
    let mut echo = Terminal::run(part(&["echo"]), SCREEN.0, SCREEN.1);
    let path = folder.path().display().to_string();
    let console = part(&["console", &path, &lines.to_string()]);
    let mut console = Terminal::run(console, SCREEN.0, SCREEN.1);
    console.wait_for(&format!("pending exports · {exports}"));
    console.press("2");
    console.wait_until("the cursor on a row", |s| cursor_line(s).contains("of a long night"));
    let memory = resident(console.pid());
    let (mut moved, mut paged, mut typed, mut echoed) = (vec![], vec![], vec![], vec![]);
    for round in 0..rounds {
        // Now and then to the end of the list and back.
        let far: &[&str] = if round % 50 == 49 { &["G", "g"] } else { &["\u{4}"] };
        for key in [&["j"], far].concat() {
            let before = console.cursor_line();
            pause();
            let begun = Instant::now();
            console.press(key);
            console.wait_until("another row", |screen| {
                let now = cursor_line(screen);
                now != before && now.contains("of a long night")
            });
            if key == "j" { &mut moved } else { &mut paged }.push(begun.elapsed());
        }
        pause();
        let written = echo.written();
        let begun = Instant::now();
        echo.press("x");
        echo.wait_written(written + 1);
        echoed.push(begun.elapsed());
    }
    // A filter of four letters, typed and taken back.
    for _ in 0..rounds / 10 {
        for typed_so_far in ["/", "/0", "/00", "/001", "/0019"] {
            pause();
            let begun = Instant::now();
            console.press(&typed_so_far[typed_so_far.len() - 1..]);
            // The real cursor stands behind what was typed.
            let shown = format!("{typed_so_far} ");
            console.wait_until("what was typed", |screen| {
                let (row, column) = screen.cursor_position();
                let line = screen.rows(0, column + 1).nth(usize::from(row)).unwrap_or_default();
                format!("{} ", line.trim_end()).ends_with(&shown)
            });
            typed.push(begun.elapsed());
        }
        console.press("\u{1b}");
        console.wait_until("the whole list", |s| cursor_line(s).contains("of a long night"));
    }
    println!("\n{exports} exports, {lines} log lines a second; milliseconds from key to screen");
    println!("| keys | n | p50 | p99 | most |\n|---|---|---|---|---|");
    row("one row down", moved);
    row("half a page, top, end", paged);
    row("typed into the filter", typed);
    row("a byte sent back (floor)", echoed);
    let after = resident(console.pid());
    println!("\nmemory: {} MB at first, {} MB at the end", memory / 1024, after / 1024);
    console.press("\u{3}\u{3}");
    console.end();
    echo.press("q");
    echo.end();
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
    let (p50, p99, most) = (ms(at(0.5)), ms(at(0.99)), ms(at(1.0)));
    println!("| {what} | {} | {p50} | {p99} | {most} |", times.len());
}

/// Kilobytes of memory; 0 where the system does not tell.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// Clock ticks (a hundredth of a second each) of processor time.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    // The 14th and 15th field; the first two stand before the name's end.
    after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum()
}

/// A configuration with which nothing happens by itself.
fn quiet(folder: &Path) {
    std::fs::write(
        folder.join("connector.yaml"),
        "http: { listen: [] }\n\
         clients:\n  encoura: { api_key: x, username: u, password: p, base_url: \"http://127.0.0.1:9\" }\n\
         endpoints:\n  - { name: Exports, endpoint_type: encoura, schedule: { type: manual } }\n",
    )
    .unwrap();
}

fn idle() {
    let folder = tempfile::TempDir::new().unwrap();
    quiet(folder.path());
    let mut console = Terminal::start_in(folder.path(), &[], &[], SCREEN);
    console.wait_for("Exports");
    std::thread::sleep(Duration::from_secs(5));
    let (bytes, before) = (console.written(), ticks(console.pid()));
    std::thread::sleep(IDLE);
    let (bytes, spent) = (console.written() - bytes, ticks(console.pid()) - before);
    let share = spent as f64 / IDLE.as_secs_f64();
    println!(
        "\nidle for {} s: {bytes} bytes drawn, {} ms of processor time ({share:.2} % of a core)",
        IDLE.as_secs(),
        spent * 10,
    );
    console.press("q");
    console.end();
}

fn start() {
    let folder = tempfile::TempDir::new().unwrap();
    quiet(folder.path());
    let peers = [("rclone", "version"), ("lazygit", "--version")];
    let runs = |(program, argument): (&str, &str)| {
        let mut command = Command::new(program);
        command.arg(argument).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let peers: Vec<_> = peers.into_iter().filter(|peer| runs(*peer)).collect();
    let mut ours = Vec::new();
    let mut theirs = vec![Vec::new(); peers.len()];
    for _ in 0..STARTS {
        let begun = Instant::now();
        let mut console = Terminal::start_in(folder.path(), &[], &[], SCREEN);
        console.wait_for("endpoints");
        ours.push(begun.elapsed());
        console.wait_for("Exports");
        console.press("q");
        console.end();
        for (times, peer) in theirs.iter_mut().zip(&peers) {
            let begun = Instant::now();
            runs(*peer);
            times.push(begun.elapsed());
        }
    }
    println!("\nmilliseconds from the start of the process");
    println!("| program | n | p50 | p99 | most |\n|---|---|---|---|---|");
    row("transship, first screen", ours);
    for (times, (program, argument)) in theirs.into_iter().zip(peers) {
        row(&format!("{program} {argument}"), times);
    }
}
