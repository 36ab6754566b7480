//! The line of a mistake with a caret below it, and with no secret in it.
//!
//! A configuration with a mistake in it is read by people and copied into
//! tickets. Only what stands before and at the mistake is shown, and of that
//! nothing that could be the value of a secret, misspelled keys included.

use crate::model::Shown;

use super::problems::Place;
use super::secrets::may_be_secret;

/// The longest part of a line that is shown, in characters.
const WIDEST: usize = 100;

/// The line at `place` of `text` up to the end of what stands there, and the caret.
pub(super) fn at(text: &str, place: Place) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let line = *lines.get(place.line.checked_sub(1)?)?;
    if inside_a_secret(&lines[..place.line - 1], line) {
        return None;
    }
    let end = place.column - 1 + place.width;
    let shown: String = line.chars().take(end.min(WIDEST)).collect();
    let (shown, cut) = without_secrets(&shown);
    let caret_at = if cut { shown.chars().count() } else { place.column - 1 };
    if caret_at > WIDEST {
        return None;
    }
    let before: String = shown.chars().take(caret_at).collect();
    // Escapes make the text before the caret wider than it is in the file.
    let indent = unicode_width::UnicodeWidthStr::width(Shown::limited(&before, WIDEST).as_str());
    let hidden = if cut { "***" } else { "" };
    let more = if !cut && end < line.chars().count() { " …" } else { "" };
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    let line = Shown::limited(&shown, WIDEST);
    Some(format!(" {number} | {line}{hidden}{more}\n {margin} | {}^", " ".repeat(indent)))
}

/// `line` up to the first value that may be a secret, and whether anything was cut.
fn without_secrets(line: &str) -> (String, bool) {
    match secret_value(line) {
        Some(start) if start < line.len() => (line[..start].to_owned(), true),
        _ => (line.to_owned(), false),
    }
}

/// Where in `line` the value of a key that may be secret begins. A reference
/// such as `${NAME}` is no secret.
fn secret_value(line: &str) -> Option<usize> {
    line.match_indices(':').find_map(|(colon, _)| {
        let before = line[..colon].trim_end_matches([' ', '"', '\'']);
        let key = before.rsplit(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-')).next();
        let value = line[colon + 1..].trim_start();
        let reference = value.trim_start_matches(['"', '\'']).starts_with("${");
        let key = key.unwrap_or("");
        let secret = may_be_secret(key) || is_address(key, value);
        (secret && !reference).then_some(line.len() - value.len())
    })
}

/// Addresses of webhooks and heartbeats carry tokens, those of databases passwords; only
/// the path of a local file is none of these.
fn is_address(key: &str, value: &str) -> bool {
    key.eq_ignore_ascii_case("url") && !value.trim_start_matches(['"', '\'']).starts_with("sqlite")
}

/// Whether `line` continues the value of a secret key above it.
fn inside_a_secret(above: &[&str], line: &str) -> bool {
    let indent = |l: &str| l.len() - l.trim_start().len();
    let parent = above.iter().rev().find(|l| !l.trim().is_empty() && indent(l) < indent(line));
    parent.is_some_and(|parent| secret_value(parent).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, line: usize, column: usize, width: usize) -> String {
        at(text, Place { line, column, width }).unwrap_or_default()
    }

    #[test]
    fn a_line_is_shown_up_to_the_mistake() {
        assert_eq!(excerpt("a: 1\n  prot: 22 # x", 2, 3, 4), " 2 |   prot …\n   |   ^");
        assert_eq!(excerpt("port: x", 1, 7, 1), " 1 | port: x\n   |       ^");
        assert_eq!(excerpt("port: x", 9, 1, 1), "");
    }

    #[test]
    fn no_secret_is_ever_shown() {
        let canary = "kanarienvogel";
        for (text, line, column, width) in [
            ("password: kanarienvogel", 1, 11, 13),
            ("pasword: kanarienvogel\n", 1, 1, 22),
            ("{ password: kanarienvogel, prot: 22 }", 1, 28, 4),
            ("{ Passwort: kanarienvogel, prot: 22 }", 1, 28, 4),
            ("{ api_key: 'kanarienvogel', prot: 22 }", 1, 29, 4),
            ("password: |\n  a: kanarienvogel\n", 2, 3, 30),
            ("password:\n  'a\n  kanarienvogel\n", 3, 3, 30),
            ("- password: >-\n    kanarienvogel", 2, 5, 30),
            ("client_secret: \"kanarienvogel", 1, 30, 0),
            ("\"password\": kanarienvogel }", 1, 30, 0),
            ("token : kanarienvogel }", 1, 30, 0),
        ] {
            let shown = excerpt(text, line, column, width);
            assert!(!shown.contains(canary), "{text:?} gave {shown}");
        }
        // The control: a reference is no secret, and neither is a host key.
        assert!(excerpt("{ password: ${PW}, prot: 22 }", 1, 20, 4).contains("${PW}"));
        assert!(excerpt("host_key: kanarienvogel", 1, 11, 13).contains(canary));
    }
}
