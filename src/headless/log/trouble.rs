//! Records that could not be written: a full disk, a folder that is closed or gone.

use std::io;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::engine::{Event, Handle, Level};

/// What is known of it, shared by the writer's thread and whoever tells.
#[derive(Debug, Default)]
pub struct Trouble {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Records lost since the last one that was written.
    lost: u64,
    /// Why the first of them was.
    said: String,
    /// Whether anybody was told.
    told: bool,
    /// Records that were lost until it worked again, while nobody was told that yet.
    over: Option<u64>,
}

impl Trouble {
    /// A record was not written.
    pub(super) fn failed(&self, error: &io::Error) {
        self.change(|state| {
            if state.lost == 0 {
                state.said = error.to_string();
            }
            state.lost += 1;
        });
        self.news.notify_one();
    }

    /// A record was written.
    pub(super) fn worked(&self) {
        let news = self.change(|state| {
            let news = state.lost > 0;
            if news {
                *state = State { over: Some(state.lost), ..State::default() };
            }
            news
        });
        if news {
            self.news.notify_one();
        }
    }

    /// What is to be told now, if anything: once that it fails, once that it works again.
    pub fn news(&self) -> Option<(Level, String)> {
        self.change(|state| {
            if let Some(lost) = state.over.take() {
                let noun = if lost == 1 { "record is" } else { "records are" };
                let words = format!("the log is written again; {lost} {noun} missing in it");
                return Some((Level::Warning, words));
            }
            let news = state.lost > 0 && !state.told;
            state.told |= news;
            news.then(|| {
                let words = format!(
                    "nothing is written to the log: {} — make room, or let the user that runs \
                     transship write there; the work goes on, and the log too once it can",
                    state.said
                );
                (Level::Error, words)
            })
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells it to everybody who listens, for as long as it is asked to.
pub async fn tell(trouble: &Trouble, handle: Handle) {
    loop {
        trouble.news.notified().await;
        while let Some((level, text)) = trouble.news() {
            // Into the log, too, where it works again: there it says what is missing.
            tracing::warn!("{text}");
            handle.publish(Event::Notice { level, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_once_and_once_that_it_is_over() {
        let trouble = Trouble::default();
        trouble.worked();
        assert_eq!(trouble.news(), None);
        for _ in 0..3 {
            trouble.failed(&io::Error::from(io::ErrorKind::StorageFull));
        }
        let (level, words) = trouble.news().unwrap();
        assert!(level == Level::Error && words.contains("no storage space"), "{words}");
        trouble.failed(&io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(trouble.news(), None);
        trouble.worked();
        trouble.worked();
        assert!(trouble.news().unwrap().1.contains("4 records are missing"));
        assert_eq!(trouble.news(), None);
    }
}
