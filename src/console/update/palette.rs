//! Every action by its name, with what it acts on where that has a name.

use super::act;
use crate::console::action::Action;
use crate::console::effect::Effect;
use crate::console::keys::{self, Binding, TABLE};
use crate::console::possible::{of_endpoints, possible, possible_on};
use crate::console::state::{Details, Popup, State};
use crate::engine::Level;
use crate::model::{Id, Kind, Shown};

/// One line of the palette.
#[derive(Clone, Debug)]
pub(in crate::console) struct Entry {
    pub binding: &'static Binding,
    pub on: On,
}

/// What it acts on.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::console) enum On {
    /// Whatever is selected.
    Selected,
    /// This endpoint.
    Endpoint(String),
    /// This export, delivery or run.
    Id(Id),
}

impl Entry {
    /// What is typed for it.
    pub(in crate::console) fn label(&self) -> String {
        match &self.on {
            On::Selected => self.binding.name.to_owned(),
            On::Endpoint(name) => format!("{} {}", self.binding.name, Shown::new(name)),
            On::Id(id) => format!("{} {id}", self.binding.name),
        }
    }
}

/// Actions whose name or words hold `input`, those whose name begins with it first; then
/// those on endpoints, once something of their name is typed, and on an id.
pub(in crate::console) fn matching(state: &State, input: &str) -> Vec<Entry> {
    let input = input.trim_start().to_lowercase();
    let words = input.trim_end();
    let shown = |b: &&Binding| !(state.read_only && b.action.changes_something());
    let mut found: Vec<Entry> = TABLE
        .iter()
        .filter(shown)
        .filter(|b| b.name.contains(words) || b.says.to_lowercase().contains(words))
        .map(|binding| Entry { binding, on: On::Selected })
        .collect();
    // What works here first.
    found.sort_by_key(|e| {
        let b = e.binding;
        (!b.panes.contains(&state.focus), !b.name.starts_with(words), !b.name.contains(words))
    });
    if words.len() > 1 {
        let on = TABLE.iter().filter(|b| of_endpoints(b.action)).filter(shown);
        let on = on.flat_map(|binding| {
            let names = state.books.endpoints.iter().map(|e| e.name.clone());
            names.map(move |name| Entry { binding, on: On::Endpoint(name) })
        });
        let (mut begun, named): (Vec<_>, Vec<_>) = on
            .filter(|entry| entry.label().to_lowercase().contains(words))
            .partition(|entry| input.starts_with(&format!("{} ", entry.binding.name)));
        begun.retain(|entry| entry.label().to_lowercase().starts_with(words));
        // "sync e" is about endpoints; "sync" alone is about the selected one.
        begun.extend(found);
        found = begun;
        found.extend(named.into_iter().filter(|entry| match &entry.on {
            On::Endpoint(name) => name.to_lowercase().contains(words),
            _ => false,
        }));
    }
    let id = words.rsplit(' ').next().and_then(|word| word.parse::<Id>().ok());
    if let (Some(id), Some(binding)) = (id, keys::binding(Action::Open)) {
        found.insert(0, Entry { binding, on: On::Id(id) });
    }
    found
}

/// Whether what the entry says is possible now; else the reason.
pub(in crate::console) fn entry_possible(state: &State, entry: &Entry) -> Result<(), String> {
    match &entry.on {
        On::Selected if !entry.binding.panes.contains(&state.focus) => {
            let panes: Vec<&str> = entry.binding.panes.iter().map(|p| &p.title()[2..]).collect();
            Err(format!("works in: {}", panes.join(", ")))
        }
        On::Selected => possible(entry.binding.action, state),
        On::Endpoint(name) => possible_on(entry.binding.action, state, name),
        On::Id(_) => Ok(()),
    }
}

/// Does what the entry says.
pub(super) fn choose(state: &mut State, entry: Entry) -> Vec<Effect> {
    if let Err(reason) = entry_possible(state, &entry) {
        state.say(Level::Warning, reason);
        return Vec::new();
    }
    match entry.on {
        On::Selected => act::act(state, entry.binding.action),
        On::Endpoint(name) => {
            state.named = Some(name);
            let effects = act::act(state, entry.binding.action);
            state.named = None;
            effects
        }
        On::Id(id) => {
            // Of what landed the console knows the newest; the ledger knows the rest.
            let facts = match (id.kind, state.landed_file(id.number)) {
                (Kind::Landed, None) => {
                    state.say(Level::Warning, format!("{id} is not among the newest files"));
                    return Vec::new();
                }
                (Kind::Landed, Some(_)) => return act::open_landed(state, id.number),
                _ => Vec::new(),
            };
            let details = Details { id: Some(id), ..Details::of(Shown::default(), facts) };
            let effects = details.first().into_iter().collect();
            state.popup = Some(Popup::Details(details));
            effects
        }
    }
}
