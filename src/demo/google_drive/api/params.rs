//! Query parameters, checked as the vendor checks them.

use super::refusal::Refusal;

/// What every method takes (discovery document, `parameters`).
const EVERYWHERE: &[&str] = &[
    "$.xgafv",
    "access_token",
    "alt",
    "callback",
    "fields",
    "key",
    "oauth_token",
    "prettyPrint",
    "quotaUser",
    "uploadType",
    "upload_protocol",
];

/// The parameters of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query or a form.
    pub(super) fn parse(encoded: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// Refuses what a method does not take beside what all take, and what is said twice.
    pub(super) fn check(&self, known: &[&str]) -> Result<(), Refusal> {
        for (at, (name, _)) in self.0.iter().enumerate() {
            if !known.contains(&&**name) && !EVERYWHERE.contains(&&**name) {
                return Err(Refusal::unknown(name));
            }
            if self.0[..at].iter().any(|(earlier, _)| earlier == name) {
                return Err(Refusal::unknown(name));
            }
        }
        match self.get("alt") {
            None | Some("json" | "media") => Ok(()),
            Some(_) => Err(Refusal::invalid("alt")),
        }
    }

    /// A parameter as text.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// A parameter that must be there.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Refusal::required(name, format!("Required parameter: {name}")))
    }

    /// `true` or `false`; false when it is left out.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool, Refusal> {
        self.flag_or(name, false)
    }

    /// `true` or `false`.
    pub(super) fn flag_or(&self, name: &'static str, usual: bool) -> Result<bool, Refusal> {
        match self.get(name) {
            None => Ok(usual),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => {
                let says = format!("Invalid boolean value: '{other}'");
                Err(Refusal::invalid_parameter(name, says))
            }
        }
    }

    /// `pageSize`, from 1 to `most`. The documentation promises that more is cut down
    /// to `most`, the range beside it says that it is not allowed: refused.
    pub(super) fn page_size(&self, most: usize, usual: usize) -> Result<usize, Refusal> {
        let Some(text) = self.get("pageSize") else { return Ok(usual) };
        match text.parse::<i32>() {
            Ok(size) if size >= 1 && size as usize <= most => Ok(size as usize),
            Ok(size) => {
                let range = format!("Values must be within the range: [1, {most}]");
                let says = format!("Invalid value '{size}'. {range}");
                Err(Refusal::invalid_parameter("pageSize", says))
            }
            Err(_) => Err(Refusal::invalid_parameter(
                "pageSize",
                format!("Invalid value '{text}' for an integer"),
            )),
        }
    }

    /// Everything that a page token is bound to: all but what may differ from page
    /// to page.
    pub(super) fn binding(&self) -> String {
        let free = ["pageToken", "pageSize", "fields", "alt", "prettyPrint", "quotaUser", "key"];
        let mut bound: Vec<&(String, String)> =
            self.0.iter().filter(|(name, _)| !free.contains(&&**name)).collect();
        bound.sort();
        format!("{bound:?}")
    }

    /// As a query, for the journal; never an access token.
    pub(super) fn shown(&self) -> String {
        let secret = |name: &str| matches!(name, "access_token" | "oauth_token" | "key");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.0.iter().filter(|(name, _)| !secret(name)));
        query.finish()
    }
}
