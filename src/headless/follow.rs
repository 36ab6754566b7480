//! Follows the engine's events on stderr: lines, and bars on a terminal.

use std::collections::HashMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::lines::{Verbosity, line, walk_words};
use crate::engine::{Event, Transfer, Walk};
use crate::model::Id;

/// Tells what happens until the engine is gone. Drawing never slows the engine:
/// whoever is too slow here misses events and says how many.
pub async fn follow(mut events: broadcast::Receiver<Event>, verbosity: Verbosity) {
    let mut screen = Screen::new(verbosity);
    loop {
        match events.recv().await {
            Ok(event) => screen.show(&event),
            Err(RecvError::Lagged(missed)) => screen.print(&format!("({missed} events not shown)")),
            Err(RecvError::Closed) => return,
        }
    }
}

struct Screen {
    verbosity: Verbosity,
    multi: MultiProgress,
    bars: HashMap<Id, ProgressBar>,
    /// Walks that go on, by endpoint.
    walks: HashMap<String, ProgressBar>,
    terminal: bool,
}

impl Screen {
    fn new(verbosity: Verbosity) -> Self {
        let terminal = std::io::stderr().is_terminal() && verbosity > Verbosity::Quiet;
        let target =
            if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let multi = MultiProgress::with_draw_target(target);
        Self { verbosity, multi, bars: HashMap::new(), walks: HashMap::new(), terminal }
    }

    fn show(&mut self, event: &Event) {
        match event {
            Event::Transfer(transfer) if self.terminal => self.progress(transfer),
            Event::Walk(walk) if self.terminal => self.walk(walk),
            Event::TransferEnded { id } => {
                if let Some(bar) = self.bars.remove(id) {
                    bar.finish_and_clear();
                }
            }
            event => {
                if let Event::EndpointEnded(result) = event
                    && let Some(bar) = self.walks.remove(&result.name)
                {
                    bar.finish_and_clear();
                }
                if let Some(line) = line(event, self.verbosity) {
                    self.print(&line);
                }
            }
        }
    }

    fn progress(&mut self, transfer: &Transfer) {
        let bar = self.bars.entry(transfer.id).or_insert_with(|| {
            let bar = self.multi.add(ProgressBar::no_length().with_style(style()));
            bar.enable_steady_tick(Duration::from_secs(1));
            bar
        });
        if let Some(total) = transfer.total {
            bar.set_length(total);
        }
        bar.set_position(transfer.bytes);
        bar.set_message(format!("{} {}", transfer.step, transfer.name));
    }

    /// How many files there will be is not known: no bar, but its words.
    fn walk(&mut self, walk: &Walk) {
        let bar = self.walks.entry(walk.endpoint.clone()).or_insert_with(|| {
            let words = ProgressStyle::with_template("{wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            self.multi.add(ProgressBar::no_length().with_style(words))
        });
        bar.set_message(walk_words(walk));
    }

    /// A line above the bars. A stderr that went away must not end the work.
    fn print(&self, text: &str) {
        let line = format!("{}  {text}", jiff::Zoned::now().strftime("%H:%M:%S"));
        if self.terminal {
            let _ = self.multi.println(line);
        } else {
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template(
        "{wide_msg} {bytes:>10}/{total_bytes:10} {bytes_per_sec:>12} {eta:>4}",
    )
    .unwrap_or_else(|_| ProgressStyle::default_bar())
}
