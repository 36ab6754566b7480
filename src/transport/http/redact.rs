//! What another side says, without the secrets that it repeats.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::model::Secret;

/// What stands for something cut out.
const GONE: &str = "[redacted]";

/// A known secret shorter than this is not searched for: it would only turn
/// ordinary words into marks that tell where it occurs.
const MIN_KNOWN: usize = 4;

/// Parts of names whose values are not shown.
const SENSITIVE: &[&str] =
    &["signature", "token", "credential", "password", "passwd", "secret", "key", "authorization"];

/// How many secrets are remembered; the oldest that were learnt go first.
const MAX_KNOWN: usize = 32;

/// The secrets that a source sends: whatever comes back is shown without them,
/// because services repeat in their errors what they were given.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    /// Those of the configuration, which stay in use.
    kept: Vec<Secret>,
    /// Those that come and go: tokens, codes.
    learnt: Mutex<VecDeque<Secret>>,
}

impl Secrets {
    /// Knows these for good, whatever is learnt later.
    pub(crate) fn keeping(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self { kept: secrets.into_iter().collect(), learnt: Mutex::default() }
    }

    /// Remembers one more, in the place of the oldest if there are many.
    pub(crate) fn learn(&self, secret: &Secret) {
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        if !learnt.contains(secret) {
            learnt.push_back(secret.clone());
        }
        if learnt.len() > MAX_KNOWN {
            learnt.pop_front();
        }
    }

    /// `text` without the secrets themselves; everything else stays as it is. For our own
    /// words, in which nothing else can be one.
    pub(crate) fn without_known(&self, text: &str) -> String {
        let learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        without(text, self.kept.iter().chain(learnt.iter()))
    }

    /// `text` as it may be shown.
    pub(crate) fn redact(&self, text: &str) -> String {
        let learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        redact(text, self.kept.iter().chain(learnt.iter()))
    }
}

fn without<'a>(text: &str, known: impl Iterator<Item = &'a Secret>) -> String {
    let mut text = text.to_owned();
    for secret in known.map(Secret::expose).filter(|s| s.len() >= MIN_KNOWN) {
        text = text.replace(secret, GONE);
    }
    text
}

/// `text` without the `known` secrets, URL queries, JSON web tokens and the
/// values of fields with a telling name.
fn redact<'a>(text: &str, known: impl Iterator<Item = &'a Secret>) -> String {
    let text = without(text, known);
    let mut out = String::with_capacity(text.len());
    let mut value_follows = false;
    for (delimiters, word) in words(&text) {
        let assigned = delimiters.contains([':', '=', '>']);
        out.push_str(delimiters);
        // `Authorization: JWT <token>`: the scheme is shown, what follows is not.
        let scheme = ["JWT", "Bearer", "Basic"].iter().any(|s| s.eq_ignore_ascii_case(word));
        if scheme {
            out.push_str(word);
            value_follows = true;
        } else if !word.is_empty() && (value_follows && (assigned || follows_scheme(&out))) {
            out.push_str(GONE);
            value_follows = false;
        } else {
            out.push_str(&harmless(word));
            value_follows = is_sensitive(word);
        }
    }
    out
}

/// Whether `out` ends with an authorisation scheme and a space.
fn follows_scheme(out: &str) -> bool {
    let end = out.trim_end().to_ascii_lowercase();
    ["jwt", "bearer", "basic"].iter().any(|s| end.ends_with(s))
}

/// A word without its query and not at all if it is a token.
fn harmless(word: &str) -> String {
    if let Some((before, _)) = word.split_once('?') {
        return format!("{}?…", harmless(before));
    }
    if is_jwt(word) { GONE.to_owned() } else { word.to_owned() }
}

/// Three dotted parts of base64, the first of them the encoded `{"`.
fn is_jwt(word: &str) -> bool {
    word.starts_with("eyJ") && word.contains('.')
}

fn is_sensitive(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    // The end tag of an element is not followed by its value.
    let names = !word.starts_with('/');
    names && (word == "sig" || SENSITIVE.iter().any(|s| word.contains(s)))
}

/// The text in pairs of delimiters and the word after them.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = rest.find(|c| !is_delimiter(c)).unwrap_or(rest.len());
        let (delimiters, after) = rest.split_at(start);
        // A URL is one word, for all its colons and equal signs, so that its query goes whole.
        let url = after.starts_with("http://") || after.starts_with("https://");
        let ends = |c: char| if url { ends_url(c) } else { is_delimiter(c) };
        let (word, after) = after.split_at(after.find(ends).unwrap_or(after.len()));
        rest = after;
        Some((delimiters, word))
    })
}

fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "\"'`<>()[]{},;:=&\\".contains(c)
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "\"'`<>{}\\".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_learnt_last_is_remembered_and_what_is_kept_always() {
        let secrets = Secrets::keeping([Secret::new("password-1")]);
        for n in 0..100 {
            secrets.learn(&Secret::new(format!("secret-{n:03}")));
        }
        let shown = secrets.redact("secret-000 secret-099 password-1");
        assert_eq!(shown, "secret-000 [redacted] [redacted]");
    }

    #[test]
    fn what_looks_like_a_secret_goes_and_the_rest_stays() {
        for (text, shown) in [
            ("Request has expired", "Request has expired"),
            ("invalid token provided", "invalid token provided"),
            ("the API key is wrong", "the API key is wrong"),
            (
                "see https://s3.example/a.csv?X-Amz-Date=1&X-Amz-Signature=abc, please",
                "see https://s3.example/a.csv?… please",
            ),
            (r#"{"sessionToken":"abc"}"#, r#"{"sessionToken":"[redacted]"}"#),
            (r#"{"token": "abc", "n": 1}"#, r#"{"token": "[redacted]", "n": 1}"#),
            ("token=abc&x=1", "token=[redacted]&x=1"),
            ("X-Amz-Signature=abc", "X-Amz-Signature=[redacted]"),
            ("x-api-key: abc", "x-api-key: [redacted]"),
            ("Authorization: JWT abc def", "Authorization: JWT [redacted] def"),
            ("Authorization=Bearer abc", "Authorization=Bearer [redacted]"),
            ("bad eyJhbGciOi.eyJzdWIi.c2ln here", "bad [redacted] here"),
            ("<Key>AKIA</Key><Code>x</Code>", "<Key>[redacted]</Key><Code>x</Code>"),
            ("hunter22 is not right", "[redacted] is not right"),
        ] {
            assert_eq!(redact(text, [&Secret::new("hunter22")].into_iter()), shown);
        }
    }

    proptest! {
        #[test]
        fn a_known_secret_never_comes_through(
            before in ".{0,40}", secret in "[A-Za-z0-9!$%/+=.-]{8,30}", after in ".{0,40}",
        ) {
            let text = format!("{before}{secret}{after}");
            prop_assert!(!redact(&text, [&Secret::new(secret.clone())].into_iter()).contains(&secret));
        }

        #[test]
        fn a_query_never_comes_through(host in "[a-z]{1,9}", query in "[A-Za-z0-9=&%+,;:()-]{6,60}") {
            let shown = redact(&format!("<Url>https://{host}/f?{query}</Url>"), [].into_iter());
            prop_assert!(!shown.contains(&query), "{}", shown);
        }
    }
}
