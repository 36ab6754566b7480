//! How the console looks, and which keys do what.

use super::ConsoleSettings;
use super::problems::Place;
use super::reader::Reader;
use super::schema::Ask;
use super::section::Section;
use crate::console::{Key, Keymap, Palette};

const THEMES: &[(&str, Palette)] = &[
    ("dark", Palette::Dark),
    ("light", Palette::Light),
    ("high_contrast", Palette::HighContrast),
    ("mono", Palette::Mono),
];

const SYMBOLS: &[(&str, bool)] = &[("unicode", false), ("ascii", true)];

pub(super) fn console(r: &mut Reader, file: &Section) -> ConsoleSettings {
    let known = ["theme", "symbols", "mouse", "keys"];
    let section = file.node("console").and_then(|n| r.section(n, "console", &known));
    let Some(section) = section else { return ConsoleSettings::default() };
    ConsoleSettings {
        palette: section.choice(r, "theme", THEMES).unwrap_or_default(),
        ascii: section.choice(r, "symbols", SYMBOLS).unwrap_or_default(),
        mouse: section.flag(r, "mouse").unwrap_or_default(),
        keys: keys(r, &section),
    }
}

/// `keys: { retry: ctrl-r, hold: [h, f7] }`: the keys of these actions instead of their own.
fn keys(r: &mut Reader, console: &Section) -> Keymap {
    let mut keymap = Keymap::default();
    let names = Keymap::names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let section = console.node("keys").and_then(|n| r.section(n, "console.keys", &names));
    let Some(section) = section else { return keymap };
    for name in &names {
        section.note(r, name, || Ask::Texts);
    }
    let mut places: Vec<(&str, Key, Place)> = Vec::new();
    for (action, _) in section.entries() {
        let path = section.path_of(&action.name);
        let Some(texts) = section.texts(r, &action.name).filter(|texts| !texts.is_empty()) else {
            continue;
        };
        let mut bound = Vec::new();
        for text in texts {
            match text.value.parse::<Key>() {
                Ok(key) => {
                    places.push((&action.name, key, text.place));
                    bound.push(key);
                }
                Err(why) => {
                    r.error(text.place, format!("{path}: {} is no key: {why}", text.shown()))
                }
            }
        }
        keymap.bind(&action.name, bound);
    }
    for conflict in keymap.conflicts() {
        // The table's own keys are without one: some of the file's take part in it.
        let (key, actions) = (conflict.key, conflict.actions);
        let place = places
            .iter()
            .rev()
            .find(|(name, its, _)| *its == key && actions.iter().any(|action| action == name));
        let place = place.map_or(section.place, |(_, _, place)| *place);
        let message = format!("console.keys: {key} ({}) {}", actions.join(" and "), conflict.why);
        r.error(place, message);
    }
    keymap
}
