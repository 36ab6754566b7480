//! The configuration, read again because somebody at the console asks for it.

use tokio::sync::oneshot;

use super::effect::Effect;
use super::state::{Details, Popup, State};
use crate::engine::Level;
use crate::model::Shown;

/// A wish that the configuration be read again; where it is told what came of it.
pub type Wish = oneshot::Sender<Reread>;

/// What reading the configuration again came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reread {
    /// What changed, or what is wrong; the last line says how it went on.
    pub lines: Vec<(Level, String)>,
}

/// Asks for it; the answer may take as long as what runs takes to come to rest.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    state.rereading = true;
    state.say(Level::Info, "the configuration is read again");
    vec![Effect::Reread]
}

/// Shows what came of it; none: whoever reads it is gone.
pub(super) fn show(state: &mut State, reread: Option<Reread>) {
    state.rereading = false;
    let Some(Reread { mut lines }) = reread else { return };
    let Some((level, outcome)) = lines.pop() else { return };
    state.say(level, outcome.clone());
    // What somebody looks at or answers meanwhile stays.
    if lines.is_empty() || state.popup.is_some() {
        return;
    }
    lines.insert(0, (level, outcome));
    let facts = lines.into_iter().map(|(level, words)| (label(level).to_owned(), words));
    state.popup = Some(Popup::Details(Details::of(Shown::new("configuration"), facts.collect())));
}

fn label(level: Level) -> &'static str {
    match level {
        Level::Info => "",
        Level::Warning => "warning",
        Level::Error => "wrong",
    }
}
