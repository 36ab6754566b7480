//! Text from outside that is safe to put on a screen, in a log or in a message.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// The longest text that [`Shown::new`] keeps, in characters.
const DEFAULT_LIMIT: usize = 400;

/// Text that came from outside (a file name, a server's banner, an error body)
/// with everything made visible that could draw, ring, retitle, paste or
/// reorder: control characters, ESC, C1, bidirectional overrides and
/// zero-width characters appear as escapes such as `\u{202e}`.
///
/// The type is the promise: what is printed is a `Shown`, what is stored or
/// sent is the original.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Shown(String);

impl Shown {
    /// Makes `text` safe to show and cuts it after 400 characters, with an
    /// ellipsis where something was cut.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self::limited(text, DEFAULT_LIMIT)
    }

    /// Like [`Shown::new`] for bytes of unknown encoding.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        // Four bytes a character at the most: decoding more would be thrown away.
        let end = bytes.len().min(DEFAULT_LIMIT * 4);
        Self::new(String::from_utf8_lossy(&bytes[..end]))
    }

    /// Makes `text` safe to show, keeping at most `limit` of its characters.
    pub fn limited(text: impl AsRef<str>, limit: usize) -> Self {
        let text = text.as_ref();
        // Most of what is shown, and the log shows much.
        if text.len() <= limit && text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Self(text.to_owned());
        }
        let mut shown = String::with_capacity(text.len().min(limit));
        for (count, c) in text.chars().enumerate() {
            if count == limit {
                shown.push('…');
                break;
            }
            push_visibly(&mut shown, c);
        }
        Self(shown)
    }

    /// The safe text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The safe text, as text like any other.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// JSON text whose strings hold no character that could steer a terminal: each is
/// escaped as JSON escapes it, so that the data stays the same.
pub fn steerless(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if !steers(c) {
            safe.push(c);
            continue;
        }
        // Outside of strings JSON has none of these: the escape is always valid here.
        for unit in c.encode_utf16(&mut [0; 2]) {
            safe.push_str(&format!("\\u{unit:04x}"));
        }
    }
    safe
}

/// Whether a terminal may do something else with it than show it.
pub(crate) fn steers(c: char) -> bool {
    c.is_control() || reorders_or_hides(c)
}

fn push_visibly(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if steers(c) => out.extend(c.escape_unicode()),
        c => out.push(c),
    }
}

/// Bidirectional controls, zero-width characters, line separators and other
/// format characters that change what a reader sees without being seen.
fn reorders_or_hides(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad` so that widths in format strings work.
        f.pad(&self.0)
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read back through the same door: a ledger from elsewhere is outside too.
        String::deserialize(deserializer).map(|text| Self::limited(text, usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_text_becomes_visible() {
        for (text, shown) in [
            ("plain.csv", "plain.csv"),
            ("naïve 文件.csv", "naïve 文件.csv"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("gpj.\u{202e}csv", "gpj.\\u{202e}csv"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("\u{7}\u{0}", "\\u{7}\\u{0}"),
        ] {
            assert_eq!(Shown::new(text).as_str(), shown);
        }
    }

    #[test]
    fn long_text_is_cut_with_an_ellipsis() {
        assert_eq!(Shown::limited("abcdef", 3).as_str(), "abc…");
        assert_eq!(Shown::limited("abc", 3).as_str(), "abc");
    }

    proptest! {
        #[test]
        fn nothing_shown_can_steer_a_terminal(text in any::<String>()) {
            let shown = Shown::limited(&text, usize::MAX);
            prop_assert!(!shown.as_str().chars().any(|c| c.is_control() || reorders_or_hides(c)));
            // Showing what is shown changes nothing.
            prop_assert_eq!(&Shown::limited(shown.as_str(), usize::MAX), &shown);
        }
    }
}
