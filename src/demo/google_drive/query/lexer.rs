//! Words, marks and quoted texts.

/// A piece of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, a keyword or a boolean.
    Word(String),
    /// A text in single quotes, with its escapes undone.
    Text(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`.
    Mark(&'static str),
    /// `(`
    Open,
    /// `)`
    Close,
}

/// The longer marks first.
const MARKS: &[&str] = &["!=", "<=", ">=", "=", "<", ">"];

/// The pieces of `text`; none if there is something that can be no piece.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Some(tokens) };
        let (token, after) = match first {
            '(' => (Token::Open, &rest[1..]),
            ')' => (Token::Close, &rest[1..]),
            '\'' => quoted(&rest[1..])?,
            c if c.is_ascii_alphabetic() => {
                let part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
                let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
                (Token::Word(rest[..end].to_owned()), &rest[end..])
            }
            _ => {
                let mark = MARKS.iter().find(|mark| rest.starts_with(**mark))?;
                (Token::Mark(mark), &rest[mark.len()..])
            }
        };
        tokens.push(token);
        rest = after;
    }
}

/// The text up to the closing quote, and what comes behind it.
fn quoted(rest: &str) -> Option<(Token, &str)> {
    let mut text = String::new();
    let mut chars = rest.char_indices();
    loop {
        match chars.next()? {
            (at, '\'') => return Some((Token::Text(text), &rest[at + 1..])),
            (_, '\\') => match chars.next()? {
                (_, escaped @ ('\'' | '\\')) => text.push(escaped),
                _ => return None,
            },
            (_, c) => text.push(c),
        }
    }
}
