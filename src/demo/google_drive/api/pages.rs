//! Page tokens: opaque, and good only for the query that they were made for.

use aws_lc_rs::{hmac, rand::SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::model::{Failure, FailureClass};

/// What the vendor's begin with: nothing that may stand in a URL as it is.
const PREFIX: &str = "~!!~";

/// Makes and opens page tokens.
#[derive(Debug)]
pub(super) struct Pages(hmac::Key);

impl Pages {
    pub(super) fn new() -> Result<Self, Failure> {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map(Self).map_err(|error| {
            Failure::new(FailureClass::Local, "making a signing key", "").said(error)
        })
    }

    /// A token for a position within what `bound` describes.
    pub(super) fn token(&self, bound: &str, position: &str) -> String {
        let proof = hmac::sign(&self.0, format!("{bound}\0{position}").as_bytes());
        let proof = URL_SAFE_NO_PAD.encode(&proof.as_ref()[..12]);
        format!("{PREFIX}{}.{proof}", URL_SAFE_NO_PAD.encode(position))
    }

    /// The position of a token, if it is one for `bound`.
    pub(super) fn open(&self, bound: &str, token: &str) -> Option<String> {
        let (position, _) = token.strip_prefix(PREFIX)?.split_once('.')?;
        let position = String::from_utf8(URL_SAFE_NO_PAD.decode(position).ok()?).ok()?;
        (self.token(bound, &position) == token).then_some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_own_query_alone() {
        let pages = Pages::new().unwrap();
        let token = pages.token("q", "17");
        assert_eq!(pages.open("q", &token).as_deref(), Some("17"));
        assert_eq!(pages.open("another q", &token), None);
        assert_eq!(Pages::new().unwrap().open("q", &token), None, "nor for another service");
        for broken in ["", "17", "~!!~", "~!!~MTc.", &token[1..], &format!("{token}x")] {
            assert_eq!(pages.open("q", broken), None, "{broken}");
        }
    }
}
