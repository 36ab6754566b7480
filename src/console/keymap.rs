//! Which keys do what here: the table's own, or those of the configuration.

use std::str::FromStr;

use crossterm::event::{KeyCode as Code, KeyModifiers as Mods};

use super::action::Action;
use super::keys::{Binding, Key, TABLE};
use super::state::Pane;

/// The keys of every action, checked: no key does two things in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    /// In the order of the table.
    keys: Vec<Vec<Key>>,
}

/// A key that cannot do what it is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The key.
    pub key: Key,
    /// The names of the actions that want it, the later one in the table last.
    pub actions: Vec<String>,
    /// Why that does not go, as the rest of a sentence about the key.
    pub why: String,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { keys: TABLE.iter().map(|row| row.keys.to_vec()).collect() }
    }
}

/// Its name in a configuration: `send_again` for "send again".
fn name(row: &Binding) -> String {
    row.name.replace(' ', "_")
}

impl Keymap {
    /// The names of all actions, as a configuration writes them.
    pub fn names() -> Vec<String> {
        TABLE.iter().map(name).collect()
    }

    /// Gives the action called `action` these keys instead of its own. Unknown names
    /// change nothing.
    pub fn bind(&mut self, action: &str, keys: Vec<Key>) {
        if let Some(at) = TABLE.iter().position(|row| name(row) == action) {
            self.keys[at] = keys;
        }
    }

    /// The keys that cannot do what they are to do.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut found = Vec::new();
        for (at, (row, keys)) in self.rows().enumerate() {
            for key in keys {
                if row.action.works_while_typing() && key.types() {
                    let why =
                        "is typed in filters; take one with ctrl- or a function key".to_owned();
                    found.push(Conflict { key: *key, actions: vec![name(row)], why });
                }
                let others = self.rows().take(at).filter(|(_, keys)| keys.contains(key));
                found.extend(others.filter_map(|(other, _)| between(*key, other, row)));
            }
        }
        found
    }

    fn rows(&self) -> impl Iterator<Item = (&'static Binding, &[Key])> {
        TABLE.iter().zip(self.keys.iter().map(Vec::as_slice))
    }

    /// What `key` does in `pane`.
    pub(super) fn lookup(&self, key: Key, pane: Pane) -> Option<&'static Binding> {
        self.rows()
            .find(|(row, keys)| row.panes.contains(&pane) && keys.contains(&key))
            .map(|r| r.0)
    }

    /// The keys of `action`, the one to show first.
    pub(super) fn of(&self, action: Action) -> &[Key] {
        self.rows().find(|(row, _)| row.action == action).map_or(&[], |(_, keys)| keys)
    }

    /// The key of `action` to show; nothing if it has none.
    pub(super) fn shown(&self, action: Action) -> String {
        self.of(action).first().map(ToString::to_string).unwrap_or_default()
    }
}

/// Whether two actions can share `key`: in panes apart, and only if neither changes
/// something. Who knows a key from one pane presses it in another one.
fn between(key: Key, one: &Binding, other: &Binding) -> Option<Conflict> {
    let pane = one.panes.iter().find(|pane| other.panes.contains(pane));
    let why = match pane {
        Some(pane) => format!("does two things in the pane \"{}\"", &pane.title()[2..]),
        None if one.action.changes_something() || other.action.changes_something() => {
            "would change something in one pane and not in another".to_owned()
        }
        None => return None,
    };
    Some(Conflict { key, actions: vec![name(one), name(other)], why })
}

impl FromStr for Key {
    type Err = String;

    /// `r`, `R`, `ctrl-r`, `alt-x`, `shift-tab`, `enter`, `space`, `pgup`, `f5`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut mods = Mods::NONE;
        let mut rest = text;
        while let Some((word, after)) = rest.split_once('-').filter(|(_, after)| !after.is_empty())
        {
            mods |= match word.to_lowercase().as_str() {
                "ctrl" => Mods::CONTROL,
                "alt" => Mods::ALT,
                "shift" => Mods::SHIFT,
                _ => return Err("there are ctrl-, alt- and shift-".to_owned()),
            };
            rest = after;
        }
        let mut code = code(rest).ok_or(
            "a key is one character, or enter, esc, tab, space, backspace, delete, insert, up, \
             down, left, right, home, end, pgup, pgdn, f1 to f12",
        )?;
        if mods.contains(Mods::SHIFT) {
            code = match code {
                Code::Tab => Code::BackTab,
                Code::Char(c) if c.is_alphabetic() => Code::Char(upper(c)),
                _ => return Err("shift- goes with letters and tab".to_owned()),
            };
            mods -= Mods::SHIFT;
        }
        if mods.contains(Mods::CONTROL) {
            match code {
                Code::Char('i' | 'm' | '[' | 'j' | 'h') => {
                    let said = "a terminal sends tab, enter, esc or backspace for it";
                    return Err(said.to_owned());
                }
                Code::Char(c) => code = Code::Char(c.to_ascii_lowercase()),
                _ => {}
            }
        }
        Ok(Self(code, mods))
    }
}

fn upper(c: char) -> char {
    c.to_uppercase().next().unwrap_or(c)
}

fn code(name: &str) -> Option<Code> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return (!c.is_control() && c != ' ').then_some(Code::Char(c));
    }
    Some(match name.to_lowercase().as_str() {
        "enter" => Code::Enter,
        "esc" => Code::Esc,
        "tab" => Code::Tab,
        "space" => Code::Char(' '),
        "backspace" => Code::Backspace,
        "delete" => Code::Delete,
        "insert" => Code::Insert,
        "up" => Code::Up,
        "down" => Code::Down,
        "left" => Code::Left,
        "right" => Code::Right,
        "home" => Code::Home,
        "end" => Code::End,
        "pgup" => Code::PageUp,
        "pgdn" => Code::PageDown,
        other => {
            let number = other.strip_prefix('f')?.parse().ok()?;
            (1..=12).contains(&number).then_some(Code::F(number))?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_read_as_it_is_shown() {
        for row in TABLE {
            for key in row.keys {
                assert_eq!(key.to_string().parse(), Ok(*key), "{key}");
            }
        }
    }

    #[test]
    fn keys_are_read_as_people_write_them() {
        for (text, code, mods) in [
            ("r", Code::Char('r'), Mods::NONE),
            ("R", Code::Char('R'), Mods::NONE),
            ("shift-r", Code::Char('R'), Mods::NONE),
            ("Ctrl-R", Code::Char('r'), Mods::CONTROL),
            ("ctrl-alt-x", Code::Char('x'), Mods::CONTROL.union(Mods::ALT)),
            ("-", Code::Char('-'), Mods::NONE),
            ("alt--", Code::Char('-'), Mods::ALT),
            ("F12", Code::F(12), Mods::NONE),
            ("ü", Code::Char('ü'), Mods::NONE),
        ] {
            assert_eq!(text.parse(), Ok(Key(code, mods)), "{text}");
        }
        for text in ["", "rr", "f13", "ctrl-", "ctrl-m", "shift-1", "hyper-x", " ", "\u{1b}"] {
            assert!(text.parse::<Key>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_key_does_one_thing() {
        assert_eq!(Keymap::default().conflicts(), [], "the table's own");
        let clash = |action: &str, key: &str| {
            let mut map = Keymap::default();
            map.bind(action, vec![key.parse().unwrap()]);
            map.conflicts().into_iter().map(|c| (c.actions, c.why)).collect::<Vec<_>>()
        };
        let both = clash("hold", "r");
        assert_eq!(both[0].0, ["retry", "hold"]);
        assert!(both[0].1.contains("pending exports"), "{both:?}");
        // In panes apart, but somebody would miss it one day.
        assert_eq!(clash("level", "r")[0].0, ["retry", "level"]);
        assert!(clash("redraw", "z")[0].1.contains("typed in filters"));
        assert_eq!(clash("redraw", "f5"), []);
    }

    #[test]
    fn a_bound_key_takes_the_place_of_the_table_s_own() {
        let mut map = Keymap::default();
        map.bind("retry", vec!["ctrl-r".parse().unwrap(), "t".parse().unwrap()]);
        let does = |key: &str| map.lookup(key.parse().unwrap(), Pane::Pending).map(|b| b.action);
        assert_eq!(does("t"), Some(Action::Retry));
        assert_eq!(does("ctrl-r"), Some(Action::Retry));
        assert_eq!(does("r"), None);
        assert_eq!(map.shown(Action::Retry), "ctrl-r");
    }
}
